"""Tokens that must not be trusted: each is refused with 401, recorded as a refusal, and changes nothing."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwt

from tests.support.firm import Firm, Person, Refusal, done

REJECTED = [("auth.rejected", "denied")]


def encoded(part: object) -> str:
    """Give a part of a token, base64url of its JSON."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Forge:
    """Makes tokens for a person: right ones, and ones that are wrong in one point."""

    firm: Firm
    person: Person
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def pem(self) -> str:
        """The private key of this installation."""
        return self.firm.services.tokens.keys.signing.pem

    @property
    def kid(self) -> str:
        """The id of that key."""
        return self.firm.services.tokens.keys.signing.kid

    @property
    def sid(self) -> str:
        """The session of the person's token."""
        body = self.person.token.split(".")[1]
        session: str = json.loads(base64.urlsafe_b64decode(body + "=="))["sid"]
        return session

    def claims(self, *without: str, **changes: Any) -> dict[str, Any]:
        """Give the claims of a right token with changes."""
        right = {
            "iss": "anjuan", "sub": str(self.person.id), "aud": "anjuan", "iat": time.time(),
            "exp": int(time.time()) + 600, "jti": uuid4().hex, "roles": list(self.person.roles), "sid": self.sid,
        }  # fmt: skip
        return {name: value for name, value in (right | changes).items() if name not in without}

    def signed(self, *without: str, key: str | None = None, kid: str | None = None, **changes: Any) -> str:
        """Sign claims with the installation's key or another."""
        return jwt.encode(
            self.claims(*without, **changes), key or self.pem, algorithm="ES256", headers={"kid": kid or self.kid}
        )

    def by_hand(self, header: object, payload: object, signature: bytes = b"") -> str:
        """Put a token together from parts."""
        return f"{encoded(header)}.{encoded(payload)}.{encoded(signature)}"

    def symmetric(self) -> str:
        """Sign by HMAC with the public key as the secret (the old trick of confused algorithms)."""
        private = serialization.load_pem_private_key(self.pem.encode(), None)
        secret = private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        text = f"{encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': self.kid})}.{encoded(self.claims())}"
        return f"{text}.{encoded(hmac.digest(secret, text.encode(), hashlib.sha256))}"


def other_key() -> str:
    """Make a key that this installation does not know."""
    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )


def tampered(forge: Forge) -> str:
    """Put other claims under a right signature."""
    header, _, signature = forge.signed().split(".")
    return f"{header}.{encoded(forge.claims(roles=['director']))}.{signature}"


def without(name: str) -> Callable[[Forge], str]:
    """Leave a claim out."""
    return lambda forge: forge.signed(name)


def nested(forge: Forge) -> str:
    """Put brackets 4,000 deep where the header or the claims should be."""
    return f"{encoded(b'[' * 4000)}.{encoded(b'{}')}.{encoded(b'x')}"


WRONG: dict[str, Callable[[Forge], str]] = {
    "expired": lambda forge: forge.signed(exp=int(time.time()) - 1),
    "expires now": lambda forge: forge.signed(exp=int(time.time())),
    "not yet valid": lambda forge: forge.signed(nbf=int(time.time()) + 60),
    "not signed": lambda forge: forge.signed().rpartition(".")[0] + ".",
    "signature missing": lambda forge: forge.signed().rpartition(".")[0],
    "alg none": lambda forge: forge.by_hand({"alg": "none", "typ": "JWT", "kid": forge.kid}, forge.claims()),
    "alg None": lambda forge: forge.by_hand({"alg": "None", "typ": "JWT", "kid": forge.kid}, forge.claims()),
    "no alg": lambda forge: forge.by_hand({"typ": "JWT", "kid": forge.kid}, forge.claims(), b"x" * 64),
    "public key as HMAC secret": Forge.symmetric,
    "other audience": lambda forge: forge.signed(aud="elsewhere"),
    "other audiences": lambda forge: forge.signed(aud=["elsewhere", "there"]),
    "other issuer": lambda forge: forge.signed(iss="elsewhere"),
    "another key under the same kid": lambda forge: forge.signed(key=other_key()),
    "unknown kid": lambda forge: forge.signed(kid="0123456789abcdef"),
    "kid a path": lambda forge: forge.signed(kid="../../dev/null"),
    "kid not text": lambda forge: forge.by_hand({"alg": "ES256", "kid": [forge.kid]}, forge.claims(), b"x" * 64),
    "key in the header": lambda forge: jwt.encode(
        forge.claims(), other_key(), "ES256", headers={"jwk": {"kty": "EC"}, "jku": "https://example.com/jwks"}
    ),
    **{f"without {name}": without(name) for name in ("exp", "sub", "jti", "iat", "aud", "iss", "sid")},
    "subject no UUID": lambda forge: forge.signed(sub="admin"),
    "subject a number": lambda forge: forge.signed(sub=7),
    "subject nobody": lambda forge: forge.signed(sub=str(uuid4())),
    "expiry no number": lambda forge: forge.signed(exp="tomorrow"),
    "issued at no number": lambda forge: forge.signed(iat="yesterday"),
    "issued before the user was made": lambda forge: forge.signed(iat=time.time() - 3600),
    "session nobody's": lambda forge: forge.signed(sid=str(uuid4())),
    "session no UUID": lambda forge: forge.signed(sid="1"),
    "session null": lambda forge: forge.signed(sid=None),
    "roles no list": lambda forge: forge.signed(roles="director"),
    "roles not names": lambda forge: forge.signed(roles=[{"name": "director"}]),
    "clearance unknown": lambda forge: forge.signed(clearance="top"),
    "clearance no text": lambda forge: forge.signed(clearance=4),
    "clearance null": lambda forge: forge.signed(clearance=None),
    "claims a list": lambda forge: jwt.encode(forge.claims(), forge.pem, "ES256").split(".")[0] + "." + encoded([1]) + ".eA",
    "other claims under the signature": tampered,
    "nested deep": nested,
    "garbage": lambda _: "garbage",
    "three empty parts": lambda _: "..",
    "ten kilobytes": lambda forge: forge.signed(padding="x" * 10_000),
    "ten kilobytes of garbage": lambda _: "x" * 10_240,
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
async def test_token_that_can_not_be_trusted_is_refused(firm: Firm, kind: str) -> None:
    person = await firm.person("lawyer")
    before = await firm.tables()
    token = WRONG[kind](Forge(firm, person))
    answer = await firm.http.post(
        "/v1/clients", json={"kind": "person", "name": "王五"}, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["status"]) == ("unauthenticated", 401)
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert await firm.events(answer) == REJECTED
    assert await firm.tables() == before


async def test_refusals_differ_in_nothing_that_the_sender_sees(firm: Firm) -> None:
    person = await firm.person("lawyer")
    seen = set()
    for make in WRONG.values():
        headers = {"Authorization": f"Bearer {make(Forge(firm, person))}"}
        problem = (await firm.http.get("/v1/auth/me", headers=headers)).json()
        problem.pop("request_id")
        seen.add(json.dumps(problem, sort_keys=True))
    assert len(seen) == 1


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic YWRtaW46YWRtaW4=",
        "{token}",
        "Token {token}",
        "Bearer\u00e9 x",
        "Bearer \u00fc",
    ],
)
async def test_other_ways_to_send_a_token_are_refused(firm: Firm, header: str | None) -> None:
    person = await firm.person("lawyer")
    sent = [] if header is None else [(b"authorization", header.format(token=person.token).encode("latin-1"))]
    answer = await firm.http.get("/v1/auth/me", headers=sent)
    assert answer.status_code == 401
    assert "www-authenticate" in answer.headers
    event = await firm.event(answer)
    assert (event["type"], event["outcome"], event["actor_id"]) == ("auth.rejected", "denied", None)
    assert person.token not in str(event)


async def test_token_in_the_address_is_not_looked_at(firm: Firm) -> None:
    person = await firm.person("lawyer")
    answer = await firm.http.get(f"/v1/auth/me?access_token={person.token}")
    assert answer.status_code == 401
    assert await firm.events(answer) == REJECTED


async def test_session_of_somebody_else_opens_nothing(firm: Firm) -> None:
    one, other = await firm.person("lawyer"), await firm.person("lawyer")
    token = Forge(firm, one).signed(sid=Forge(firm, other).sid)
    answer = await firm.http.get("/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert await firm.events(answer) == REJECTED


async def test_right_token_passes(firm: Firm) -> None:
    person = await firm.person("lawyer")
    forge = Forge(firm, person)
    for token in (forge.signed(), forge.signed(aud=["elsewhere", "anjuan"]), forge.signed("roles")):
        answer = await firm.http.get("/v1/auth/me", headers={"Authorization": f"bearer {token}"})
        assert answer.status_code == 200, answer.text
        assert await firm.events(answer) == done("auth.identity_viewed")


async def test_roles_of_the_token_beyond_the_users_count_for_nothing(firm: Firm) -> None:
    person = await firm.person("assistant")
    token = Forge(firm, person).signed(roles=["assistant", "system_admin", "director", "king"])
    climber = Person(person.id, person.name, token, firm.http)
    me = await climber.get("/v1/auth/me")
    assert me.json()["roles"] == ["assistant"]
    assert me.json()["clearance"] == "restricted"
    before = await firm.tables()
    answer = await climber.get("/v1/users")
    assert answer.status_code == 403
    assert await firm.events(answer) == [Refusal]
    assert await firm.tables() == before


async def test_token_with_fewer_roles_has_fewer_rights(firm: Firm) -> None:
    person = await firm.person("lawyer", "archivist")
    token = Forge(firm, person).signed(roles=["archivist"])
    me = await Person(person.id, person.name, token, firm.http).get("/v1/auth/me")
    assert (me.json()["roles"], me.json()["clearance"]) == (["archivist"], "restricted")


async def test_token_that_leaves_a_separated_role_out_opens_nothing(firm: Firm) -> None:
    person = await firm.person("lawyer", "system_admin")
    token = Forge(firm, person).signed(roles=["lawyer"])
    me = await Person(person.id, person.name, token, firm.http).get("/v1/auth/me")
    assert (me.json()["roles"], me.json()["clearance"]) == ([], "public")


@pytest.mark.parametrize(
    ("role", "claim", "clearance"),
    [("lawyer", "internal", "internal"), ("assistant", "sealed", "restricted"), ("finance", "public", "public")],
)
async def test_clearance_of_the_token_lowers_and_never_raises(
    firm: Firm, role: str, claim: str, clearance: str
) -> None:
    person = await firm.person(role)
    token = Forge(firm, person).signed(clearance=claim)
    me = await Person(person.id, person.name, token, firm.http).get("/v1/auth/me")
    assert (me.status_code, me.json()["clearance"]) == (200, clearance)


async def test_role_taken_away_counts_at_once(firm: Firm) -> None:
    person, keeper = await firm.person("system_admin"), await firm.person("security_admin", "system_admin")
    assert (await person.get("/v1/users")).status_code == 200
    taken = await keeper.change(f"/v1/users/{person.id}", {"roles": ["lawyer"]})
    assert taken.status_code == 200, taken.text
    answer = await person.get("/v1/users")
    assert answer.status_code == 403
    assert await firm.events(answer) == [Refusal]
    assert (await person.get("/v1/auth/me")).json()["roles"] == []


async def test_verified_token_still_expires(firm: Firm) -> None:
    person = await firm.person("lawyer")
    token = Forge(firm, person).signed(exp=time.time() + 1.5)
    headers = {"Authorization": f"Bearer {token}"}
    assert (await firm.http.get("/v1/auth/me", headers=headers)).status_code == 200
    await asyncio.sleep(1.6)
    answer = await firm.http.get("/v1/auth/me", headers=headers)
    assert answer.status_code == 401
    assert await firm.events(answer) == REJECTED
