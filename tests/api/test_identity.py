"""Who somebody is: logging in, tokens and their keys, users and their rights, service accounts, the directory."""

import asyncio
import base64
import json
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.support.firm import Firm, Person, Refusal, done

SECRET = "correct horse battery staple"
FAILED = [("auth.failed", "denied")]
ROLES = (
    "lawyer", "assistant", "archivist", "partner", "director", "finance", "auditor", "system_admin", "security_admin",
    "integration", "backup",
)  # fmt: skip


def new_user(name: str = "wang.li", **fields: Any) -> dict[str, Any]:
    """Give the body of a new user."""
    return {"username": name, "display_name": "王丽", "password": SECRET, **fields}


async def administrator(firm: Firm) -> Person:
    """Bring somebody who runs the system and gives roles, as at first start."""
    return await firm.person("system_admin", "security_admin")


async def somebody(firm: Firm, role: str) -> Person:
    """Bring a person with the role, or the program when it is one of programs."""
    if role not in {"integration", "backup"}:
        return await firm.person(role, name="查")
    made = await (await administrator(firm)).post("/v1/service-accounts", {"name": "案件管理系统", "roles": [role]})
    user_id = UUID(made.json()["id"])
    return Person(user_id, "", await firm.token(user_id, role), firm.http)


async def made(by: Person, name: str = "wang.li", **fields: Any) -> dict[str, Any]:
    """Create a user with a password."""
    answer = await by.post("/v1/users", new_user(name, **fields))
    assert answer.status_code == 201, answer.text
    user: dict[str, Any] = answer.json()
    return user


async def log_in(firm: Firm, name: str = "wang.li", secret: str = SECRET, **fields: str) -> httpx.Response:
    """Ask for a token with a password."""
    return await firm.http.post(
        "/v1/auth/token", data={"grant_type": "password", "username": name, "password": secret, **fields}
    )


async def log_in_program(firm: Firm, account: dict[str, Any], **fields: str) -> httpx.Response:
    """Ask for a token with a client secret."""
    pair = {"client_id": account["client_id"], "client_secret": account["client_secret"]}
    return await firm.http.post("/v1/auth/token", data={"grant_type": "client_credentials", **pair, **fields})


def told(answer: httpx.Response) -> str:
    """Give all that an answer tells but the ids of the request."""
    problem = {name: value for name, value in answer.json().items() if name not in {"request_id", "instance"}}
    headers = {name: value for name, value in answer.headers.items() if name not in {"x-request-id", "content-length"}}
    return json.dumps([answer.status_code, problem, headers], sort_keys=True)


async def test_password_gives_a_token(firm: Firm) -> None:
    user = await made(await administrator(firm), roles=["lawyer"], department="诉讼一部", lawyer_code="L99")
    answer = await log_in(firm, "WANG.Li")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json()
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 900)
    event = await firm.event(answer)
    assert (event["type"], event["actor_id"], event["subject_id"]) == (
        "auth.succeeded",
        UUID(user["id"]),
        UUID(user["id"]),
    )
    assert token["access_token"] not in str(event)

    me = await firm.http.get("/v1/auth/me", headers={"Authorization": f"Bearer {token['access_token']}"})
    seen = me.json()
    assert seen.pop("token_expires_at").endswith("Z")
    assert UUID(seen.pop("session_id"))
    assert seen == {
        "user_id": user["id"], "username": "wang.li", "display_name": "王丽", "roles": ["lawyer"],
        "clearance": "sealed", "department": "诉讼一部", "lawyer_code": "L99", "must_change_password": False,
        "reminders": [],
    }  # fmt: skip
    assert await firm.events(me) == done("auth.identity_viewed")


async def test_wrong_logins_look_alike(firm: Firm) -> None:
    admin = await administrator(firm)
    await made(admin)
    await made(admin, "no.password", password=None)
    await made(admin, "disabled", active=False)
    account = (await admin.post("/v1/service-accounts", {"name": "立案系统", "roles": ["integration"]})).json()
    before = await firm.tables()
    answers = [
        await log_in(firm, secret="wrong"),
        await log_in(firm, "disabled", "\x00"),
        await log_in(firm, "nobody"),
        await log_in(firm, "no.password"),
        await log_in(firm, "disabled"),
        await log_in(firm, account["client_id"], account["client_secret"]),
        await log_in_program(firm, {"client_id": "wang.li", "client_secret": SECRET}),
        await log_in_program(firm, {**account, "client_secret": "wrong"}),
        await log_in(firm, "a\x00b"),
        await log_in(firm, "Z" * 256, "\x00"),
    ]
    assert {answer.status_code for answer in answers} == {401}, [answer.text for answer in answers]
    assert len({told(answer) for answer in answers}) == 1
    for answer in answers:
        assert await firm.events(answer) == FAILED
    assert await firm.tables() == before


async def test_name_typed_at_a_failed_login_is_kept_only_for_users(firm: Firm) -> None:
    await made(await administrator(firm))
    typed = "my-secret-password-in-the-wrong-field"
    unknown, known = await log_in(firm, typed), await log_in(firm, secret="wrong")
    assert typed not in str(await firm.event(unknown))
    assert (await firm.event(known))["subject_label"] == "wang.li"


@pytest.mark.parametrize(
    ("form", "pointer"),
    [
        ({}, "/body/grant_type"),
        ({"grant_type": "implicit", "username": "wang.li", "password": SECRET}, "/body/grant_type"),
        ({"grant_type": "password", "username": "wang.li"}, "/body"),
        ({"grant_type": "client_credentials", "username": "wang.li", "password": SECRET}, "/body"),
        ({"grant_type": "password", "username": "w" * 257, "password": SECRET}, "/body/username"),
    ],
)
async def test_broken_token_request_is_refused(firm: Firm, form: dict[str, str], pointer: str) -> None:
    before = await firm.tables()
    answer = await firm.http.post(
        "/v1/auth/token", data=form, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert SECRET not in answer.text
    assert await firm.events(answer) == []
    assert await firm.tables() == before


async def test_jwks_verifies_a_token_without_us(firm: Firm) -> None:
    await made(await administrator(firm), roles=["lawyer"])
    token = (await log_in(firm)).json()["access_token"]
    published = await firm.http.get("/.well-known/jwks.json")
    assert await firm.events(published) == []
    (key,) = published.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    kept = firm.services.resources.settings.key_dir
    assert [path.stat().st_mode & 0o777 for path in (kept, *kept.iterdir())] == [0o700, 0o600]
    head, body, signature = (base64.urlsafe_b64decode(part + "==") for part in token.split("."))
    assert json.loads(head) == {"alg": "ES256", "typ": "JWT", "kid": key["kid"]}
    claims = json.loads(body)
    assert set(claims) == {"iss", "sub", "aud", "exp", "iat", "jti", "roles", "sid"}
    assert claims["exp"] - claims["iat"] == pytest.approx(900, abs=1)
    x, y = (int.from_bytes(base64.urlsafe_b64decode(key[name] + "=="), "big") for name in ("x", "y"))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    signed = token.rpartition(".")[0].encode()
    public.verify(der, signed, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        public.verify(der, signed + b"x", ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("role", ROLES)
async def test_who_may_do_what_with_users(firm: Firm, role: str) -> None:
    """Create and change: system_admin; roles: security_admin; read: both; everybody else nothing."""
    admin, person = await administrator(firm), await somebody(firm, role)
    user = await made(admin)
    path = f"/v1/users/{user['id']}"
    etag = {"If-Match": (await admin.get(path)).headers["etag"]}
    system, security = role == "system_admin", role == "security_admin"
    calls: list[tuple[bool, int, str, tuple[str, str], dict[str, Any]]] = [
        (system or security, 200, "user.listed", ("GET", "/v1/users"), {}),
        (system or security, 200, "user.viewed", ("GET", path), {}),
        (system, 201, "user.created", ("POST", "/v1/users"), {"json": new_user("li.ming")}),
        (False, 201, "user.created", ("POST", "/v1/users"), {"json": new_user("zhang.san", roles=["lawyer"])}),
        (False, 201, "", ("POST", "/v1/service-accounts"), {"json": {"name": "系统", "roles": ["integration"]}}),
        (False, 200, "user.changed", ("PATCH", path), {"json": {"active": True, "roles": ["lawyer"]}, "headers": etag}),
        (security, 200, "user.changed", ("PATCH", path), {"json": {"roles": ["lawyer"]}, "headers": etag}),
        (system, 200, "user.changed", ("PATCH", path), {"json": {"active": False}, "headers": etag}),
    ]
    for allowed, status, event, call, options in calls:
        before = await firm.tables()
        answer = await person.request(*call, **options)
        if allowed:
            assert answer.status_code == status, (call, answer.text)
            assert await firm.events(answer) == done(event)
        else:
            assert answer.status_code == 403, (call, answer.text)
            assert await firm.events(answer) == [Refusal]
            assert await firm.tables() == before


@pytest.mark.parametrize("change", [{"roles": ["director"]}, {"roles": []}, {"active": False}, {"active": True}])
async def test_nobody_changes_his_own_rights(firm: Firm, change: dict[str, Any]) -> None:
    admin = await administrator(firm)
    before = await firm.tables()
    answer = await admin.request("PATCH", f"/v1/users/{admin.id}", json=change, headers={"If-Match": "*"})
    assert answer.status_code == 403
    assert await firm.events(answer) == [Refusal]
    assert await firm.tables() == before


async def test_users_are_made_read_changed_and_found(firm: Firm) -> None:
    admin = await administrator(firm)
    answer = await admin.post(
        "/v1/users", new_user("Wang.Li", roles=["partner", "lawyer", "lawyer"], department="诉讼一部")
    )
    user = answer.json()
    assert answer.headers["location"] == f"/v1/users/{user['id']}"
    assert (user["username"], user["roles"], user["active"], user["kind"]) == (
        "wang.li",
        ["lawyer", "partner"],
        True,
        "person",
    )
    assert not {"password", "password_hash"} & set(user)
    event = await firm.event(answer)
    assert event["details"]["new"]["username"] == "wang.li"
    assert SECRET not in str(event)
    read = await admin.get(f"/v1/users/{user['id']}")
    assert (read.json(), read.headers["etag"]) == (user, answer.headers["etag"])

    changed = await admin.change(
        f"/v1/users/{user['id']}", {"department": None, "display_name": "王莉", "lawyer_code": "L77"}
    )
    assert changed.status_code == 200
    assert (await firm.event(changed))["details"]["changed"] == {
        "department": ["诉讼一部", None], "display_name": ["王丽", "王莉"], "lawyer_code": [None, "L77"],
    }  # fmt: skip
    found = await admin.get("/v1/users", params={"q": "王莉", "role": "partner", "active": "true"})
    assert [item["id"] for item in found.json()["items"]] == [user["id"]]
    assert (await firm.event(found))["details"]["returned"] == [user["id"]]
    for nothing in ({"q": "%"}, {"q": "wang_li"}, {"role": "finance"}, {"active": "false"}):
        assert (await admin.get("/v1/users", params=nothing)).json()["items"] == []


@pytest.mark.parametrize(
    ("method", "path", "event"), [("GET", "/v1/users/{id}", "user.viewed"), ("PATCH", "/v1/users/{id}", "user.changed")]
)
async def test_user_who_does_not_exist(firm: Firm, method: str, path: str, event: str) -> None:
    admin = await administrator(firm)
    before = await firm.tables()
    options: dict[str, Any] = {"json": {"active": False}, "headers": {"If-Match": "*"}} if method == "PATCH" else {}
    answer = await admin.request(method, path.format(id=uuid4()), **options)
    assert answer.status_code == 404
    assert await firm.events(answer) == [(event, "denied")]
    assert await firm.tables() == before


async def test_names_and_codes_belong_to_one_user(firm: Firm) -> None:
    admin = await administrator(firm)
    await made(admin, lawyer_code="L50")
    other = await made(admin, "li.ming")
    before = await firm.tables()
    answers = {
        "username": [await admin.post("/v1/users", new_user("WANG.LI"))],
        "lawyer_code": [
            await admin.post("/v1/users", new_user("zhao", lawyer_code="L50")),
            await admin.change(f"/v1/users/{other['id']}", {"lawyer_code": "L50"}),
        ],
    }
    for field, refused in answers.items():
        for answer in refused:
            assert (answer.status_code, answer.json()["field"]) == (409, field)
            assert await firm.events(answer) == []
    assert await firm.tables() == before
    at_once = await asyncio.gather(*(admin.post("/v1/users", new_user("same")) for _ in range(5)))
    assert sorted(answer.status_code for answer in at_once) == [201, 409, 409, 409, 409]


@pytest.mark.parametrize("change", [{"password": "a new and longer password"}, {"active": False}])
async def test_reset_or_disabling_ends_tokens_at_once(firm: Firm, change: dict[str, Any]) -> None:
    admin = await administrator(firm)
    user = await made(admin)
    token = (await log_in(firm)).json()["access_token"]
    person = Person(UUID(user["id"]), "王丽", token, firm.http)
    assert (await person.get("/v1/auth/me")).status_code == 200
    changed = await admin.change(f"/v1/users/{user['id']}", change)
    assert changed.status_code == 200
    assert "longer" not in str(await firm.event(changed))
    refused = await person.get("/v1/auth/me")
    assert refused.status_code == 401
    assert await firm.events(refused) == [("auth.rejected", "denied")]
    assert (await log_in(firm)).status_code == 401
    if "password" in change:
        assert (await log_in(firm, secret=change["password"])).status_code == 200
    else:
        await admin.change(f"/v1/users/{user['id']}", {"active": True})
        assert (await person.get("/v1/auth/me")).status_code == 401
        assert (await log_in(firm)).status_code == 200


async def test_service_account_logs_in_by_its_secret(firm: Firm) -> None:
    admin = await administrator(firm)
    key = {"Idempotency-Key": "account-1"}
    answer = await admin.post("/v1/service-accounts", {"name": "案件管理系统", "roles": ["integration"]}, headers=key)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    account = answer.json()
    assert answer.headers["location"] == f"/v1/users/{account['id']}"
    assert await firm.events(answer) == done("user.service_account_created")
    assert account["client_secret"] not in str(await firm.event(answer))
    token = await log_in_program(firm, account)
    assert token.status_code == 200
    program = Person(UUID(account["id"]), account["name"], token.json()["access_token"], firm.http)
    assert (await program.get("/v1/auth/me")).json()["roles"] == ["integration"]

    before = await firm.tables()
    again = await admin.post("/v1/service-accounts", {"name": "案件管理系统", "roles": ["integration"]}, headers=key)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.json() == {**account, "client_secret": again.json()["client_secret"]}
    assert account["client_secret"] not in again.text
    kept = await firm.eyes.fetch("SELECT result FROM idempotency_keys")
    assert account["client_secret"] not in str(kept)
    assert await firm.events(again) == []
    assert await firm.tables() == before


@pytest.mark.parametrize("role", ROLES)
async def test_directory_is_for_everybody(firm: Firm, role: str) -> None:
    admin, person = await administrator(firm), await somebody(firm, role)
    await made(admin, "gone", display_name="王离", active=False)
    await admin.post("/v1/service-accounts", {"name": "王系统", "roles": ["integration"]})
    user = await made(admin, department="诉讼一部")
    answer = await person.get("/v1/directory", params={"q": "王"})
    assert answer.json() == {
        "items": [{"id": user["id"], "display_name": "王丽", "department": "诉讼一部"}],
        "next": None,
    }
    assert await firm.events(answer) == done("user.directory_listed")
