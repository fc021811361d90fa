"""A real Keycloak as the firm's issuer: its tokens, its clients, and its keys rotating while requests run."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.config import OidcSettings, Settings
from tests.support.firm import Firm, Person, Refusal, done
from tests.support.go import PartMissing
from tests.support.keycloak import RealKeycloak, keycloak_home
from tests.support.requirements import require

REALM, AUDIENCE = "firm", "anjuan-api"
PASSWORD = "correct horse battery staple"
KEYS = "org.keycloak.keys.KeyProvider"
AGE = 3.0

pytestmark = pytest.mark.timeout(900)


def client(name: str, audience: str) -> dict[str, Any]:
    """Describe a client whose access tokens are made out for an audience."""
    mapper = {
        "name": "audience", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
        "config": {"included.custom.audience": audience, "access.token.claim": "true", "id.token.claim": "false"},
    }  # fmt: skip
    return {
        "clientId": name, "publicClient": True, "directAccessGrantsEnabled": True, "standardFlowEnabled": False,
        "protocolMappers": [mapper],
    }  # fmt: skip


def user(name: str, first: str, last: str, *roles: str) -> dict[str, Any]:
    """Describe a person with a password and roles."""
    return {
        "username": name, "enabled": True, "firstName": first, "lastName": last, "email": f"{name}@firm.example",
        "emailVerified": True, "credentials": [{"type": "password", "value": PASSWORD}], "realmRoles": list(roles),
    }  # fmt: skip


FIRM = {
    "realm": REALM, "enabled": True, "accessTokenLifespan": 600,
    "roles": {"realm": [{"name": "律师"}, {"name": "前台"}]},
    "clients": [client("case-manager", AUDIENCE), client("games", "games-api"), client("stranger", AUDIENCE)],
    "users": [user("wang.li", "王", "丽", "律师"), user("zhao.min", "赵", "敏", "前台")],
}  # fmt: skip


@pytest.fixture(scope="module")
async def keycloak(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RealKeycloak]:
    """Keycloak with the firm's realm."""
    try:
        keycloak_home()
    except PartMissing as missing:
        require("Java", str(missing))
    server = RealKeycloak(tmp_path_factory.mktemp("keycloak"))
    server.start()
    try:
        await server.administer("POST", "", FIRM)
        yield server
    finally:
        server.stop()


@pytest.fixture
def settings(settings: Settings, keycloak: RealKeycloak) -> Settings:
    """Settings of a firm that takes its Keycloak's tokens."""
    settings.oidc = OidcSettings(
        oidc_issuer=f"{keycloak.url}/realms/{REALM}", oidc_audience=AUDIENCE, oidc_clients=("case-manager", "games"),
        oidc_roles=("律师=lawyer",), oidc_timeout_seconds=30, oidc_keys_seconds=AGE, oidc_refetch_seconds=1,
    )  # fmt: skip
    return settings


async def access(keycloak: RealKeycloak, name: str = "wang.li", by: str = "case-manager") -> str:
    """Log in at Keycloak; gives the access token."""
    token: str = (await keycloak.grant(REALM, by, name, PASSWORD))["access_token"]
    return token


async def me(firm: Firm, token: str) -> httpx.Response:
    """Ask who the sender of a token is here."""
    return await firm.http.get("/v1/auth/me", headers={"Authorization": f"Bearer {token}"})


async def test_lawyer_of_keycloak_opens_a_dossier(firm: Firm, keycloak: RealKeycloak) -> None:
    token = await access(keycloak)
    first = await me(firm, token)
    assert first.status_code == 200, first.text
    assert await firm.events(first) == done("user.provisioned", "auth.identity_viewed")
    seen = first.json()
    assert (seen["display_name"], seen["roles"], seen["clearance"]) == ("王 丽", ["lawyer"], "sealed")
    keeper = await firm.person("system_admin")
    given = await keeper.change(f"/v1/users/{seen['user_id']}", {"lawyer_code": "L03", "department": "诉讼一部"})
    assert given.json()["issuer"] == f"{keycloak.url}/realms/{REALM}"
    lawyer = Person(seen["user_id"], seen["display_name"], token, firm.http)
    dossier = await firm.dossier(lawyer, confidentiality="sealed")
    assert dossier["lead_lawyer"] == {"id": seen["user_id"], "display_name": "王 丽"}
    read = await lawyer.get(f"/v1/dossiers/{dossier['id']}")
    assert (read.status_code, await firm.events(read)) == (200, done("dossier.viewed"))


async def test_roles_that_are_not_mapped_open_nothing(firm: Firm, keycloak: RealKeycloak) -> None:
    token = await access(keycloak, "zhao.min")
    seen = (await me(firm, token)).json()
    assert (seen["display_name"], seen["roles"], seen["clearance"]) == ("赵 敏", [], "public")
    before = await firm.tables()
    answer = await firm.http.get("/v1/clients", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, await firm.events(answer)) == (403, [Refusal])
    assert await firm.tables() == before


@pytest.mark.parametrize(("by", "why"), [("games", "another audience"), ("stranger", "client not allowed")])
async def test_tokens_of_other_clients_are_refused(firm: Firm, keycloak: RealKeycloak, by: str, why: str) -> None:
    before = await firm.tables()
    answer = await me(firm, await access(keycloak, by=by))
    assert answer.status_code == 401
    event = await firm.event(answer)
    assert (event["type"], event["outcome"], event["details"]["reason"]) == ("auth.rejected", "denied", why)
    assert await firm.tables() == before


async def test_other_tokens_of_keycloak_are_refused(firm: Firm, keycloak: RealKeycloak) -> None:
    granted = await keycloak.grant(REALM, "case-manager", "wang.li", PASSWORD)
    before = await firm.tables()
    for kind in ("id_token", "refresh_token"):
        answer = await me(firm, granted[kind])
        assert (answer.status_code, await firm.events(answer)) == (401, [("auth.rejected", "denied")])
    assert await firm.tables() == before


async def test_role_given_and_taken_at_keycloak_follows(firm: Firm, keycloak: RealKeycloak) -> None:
    assert (await me(firm, await access(keycloak, "zhao.min"))).json()["roles"] == []
    (person,) = await keycloak.administer("GET", f"/{REALM}/users", username="zhao.min", exact="true")
    role = await keycloak.administer("GET", f"/{REALM}/roles/律师")
    mapping = f"/{REALM}/users/{person['id']}/role-mappings/realm"
    await asyncio.sleep(1.1)  # its times are whole seconds
    await keycloak.administer("POST", mapping, [role])
    given = await me(firm, await access(keycloak, "zhao.min"))
    assert given.json()["roles"] == ["lawyer"]
    assert await firm.events(given) == done("user.roles_followed", "auth.identity_viewed")
    await asyncio.sleep(1.1)
    await keycloak.administer("DELETE", mapping, [role])
    assert (await me(firm, await access(keycloak, "zhao.min"))).json()["roles"] == []


async def test_keys_rotate_while_requests_run(firm: Firm, keycloak: RealKeycloak) -> None:
    """A new key signs, later the old one is withdrawn: nobody with a good token is refused, and old tokens end."""
    old = await access(keycloak)
    signed_by = Counter[str]()
    answers = Counter[int]()
    begun, rotated = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        rounds = 0
        while rounds < 3:
            token = await access(keycloak)
            signed_by[token.partition(".")[0]] += 1
            for sent in (token, old, token):
                answers[(await me(firm, sent)).status_code] += 1
            begun.set()
            rounds += rotated.is_set()

    async def rotate() -> None:
        await begun.wait()
        config = {
            "priority": ["200"],
            "enabled": ["true"],
            "active": ["true"],
            "algorithm": ["RS256"],
            "keySize": ["2048"],
        }
        key = {"name": "rsa-new", "providerId": "rsa-generated", "providerType": KEYS, "config": config}
        await keycloak.administer("POST", f"/{REALM}/components", key)
        rotated.set()

    await asyncio.gather(rotate(), work(), work(), work())
    assert set(answers) == {200}, answers
    assert len(signed_by) == 2

    listed = await keycloak.administer("GET", f"/{REALM}/components", type=KEYS)
    (first,) = [item for item in listed if item["name"] == "rsa-generated"]
    first["config"] |= {"enabled": ["false"], "active": ["false"]}
    await keycloak.administer("PUT", f"/{REALM}/components/{first['id']}", first)
    await asyncio.sleep(AGE + 1)
    new = await access(keycloak)
    before = await firm.tables()
    ended = await me(firm, old)
    assert (ended.status_code, await firm.events(ended)) == (401, [("auth.rejected", "denied")])
    assert await firm.tables() == before
    assert (await me(firm, new)).status_code == 200
