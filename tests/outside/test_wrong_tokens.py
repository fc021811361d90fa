"""Tokens that say they are of the outside issuer and can not be trusted, and the bounds of those that can."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from jose import jws

from tests.api.test_tokens import REJECTED, encoded
from tests.outside.common import later, me, reason, refused
from tests.support.firm import Firm
from tests.support.issuer import AUDIENCE, CLIENT, Issuer, SigningKey


def by_hand(issuer: Issuer, header: dict[str, Any], signature: bytes = b"x" * 256) -> str:
    """Put a token together from parts."""
    return f"{encoded({'kid': issuer.keys[0].kid, **header})}.{encoded(issuer.claims())}.{encoded(signature)}"


def symmetric(issuer: Issuer) -> str:
    """Sign by HMAC with the public key as the secret."""
    text = by_hand(issuer, {"alg": "HS256", "typ": "JWT"}).rpartition(".")[0]
    return f"{text}.{encoded(hmac.digest(issuer.keys[0].public_pem, text.encode(), hashlib.sha256))}"


def tampered(issuer: Issuer) -> str:
    """Put other claims under a right signature."""
    header, _, signature = issuer.token().split(".")
    return f"{header}.{encoded(issuer.claims(realm_access={'roles': ['合伙人']}))}.{signature}"


def foreign(issuer: Issuer) -> str:
    """Sign by a key that is not the issuer's, under the id of one that is."""
    return issuer.token(key=SigningKey(kid=issuer.keys[0].kid))


def no_json(issuer: Issuer) -> str:
    """Sign claims that only a lax reader takes for JSON."""
    claims, key = json.dumps({**issuer.claims(), "x": float("nan")}).encode(), issuer.keys[0]
    signed: str = jws.sign(claims, key.pem, headers={"kid": key.kid}, algorithm="RS256")
    return signed


WRONG: dict[str, tuple[Callable[[Issuer], str], str]] = {
    "other issuer": (lambda issuer: issuer.token(iss="https://elsewhere.example"), "unknown key"),
    "issuer with a stroke more": (lambda issuer: issuer.token(iss=f"{issuer.url}/"), "unknown key"),
    "other audience": (lambda issuer: issuer.token(aud="account"), "another audience"),
    "other audiences": (lambda issuer: issuer.token(aud=["account", "anjuan"]), "another audience"),
    "no audience": (lambda issuer: issuer.token("aud"), "aud is no list of names"),
    "audience a mapping": (lambda issuer: issuer.token(aud=[{AUDIENCE: 1}]), "aud is no list of names"),
    "other client": (lambda issuer: issuer.token(azp="games"), "client not allowed"),
    "no client": (lambda issuer: issuer.token("azp"), "client not allowed"),
    "client a list": (lambda issuer: issuer.token(azp=[CLIENT]), "azp is no client"),
    "expired": (lambda issuer: issuer.token(exp=later(-11)), "expired"),
    "no expiry": (lambda issuer: issuer.token("exp"), "exp is no time"),
    "expiry true": (lambda issuer: issuer.token(exp=True), "exp is no time"),
    "expiry beyond all dates": (lambda issuer: issuer.token(exp=10**30), "exp is no time"),
    "not before": (lambda issuer: issuer.token(nbf=later(20)), "not valid yet"),
    "not before a text": (lambda issuer: issuer.token(nbf="now"), "nbf is no time"),
    "issued in the future": (lambda issuer: issuer.token(iat=later(20)), "not valid yet"),
    "not issued": (lambda issuer: issuer.token("iat"), "iat is no time"),
    "issued before all times": (lambda issuer: issuer.token(iat=-1), "iat is no time"),
    "ID token of Keycloak": (lambda issuer: issuer.token(typ="ID"), "not an access token"),
    "refresh token of Keycloak": (lambda issuer: issuer.token(typ="Refresh"), "not an access token"),
    "offline token of Keycloak": (lambda issuer: issuer.token(typ="Offline"), "not an access token"),
    "token bound by DPoP": (lambda issuer: issuer.token(typ="DPoP"), "not an access token"),
    "type no text": (lambda issuer: issuer.token(typ=["Bearer"]), "not an access token"),
    "token bound to a certificate": (
        lambda issuer: issuer.token(cnf={"x5t#S256": "x"}),
        "not an access token that its bearer may use",
    ),
    "ID token with a hash": (lambda issuer: issuer.token("typ", at_hash="x"), "not an access token that its bearer may use"),
    "ID token of any issuer": (lambda issuer: issuer.token("typ", aud=[AUDIENCE, CLIENT]), "may be an ID token"),
    "logout token": (lambda issuer: issuer.token(headers={"typ": "logout+jwt"}), "not an access token"),
    "critical extension": (lambda issuer: issuer.token(headers={"crit": ["exp"]}), "not an access token"),
    "no subject": (lambda issuer: issuer.token("sub"), "sub is not 1 to 255 ASCII characters"),
    "subject empty": (lambda issuer: issuer.token(sub=""), "sub is not 1 to 255 ASCII characters"),
    "subject of 1000 characters": (lambda issuer: issuer.token(sub="x" * 1000), "sub is not 1 to 255 ASCII characters"),
    "subject with NUL": (lambda issuer: issuer.token(sub="a\0b"), "sub is not 1 to 255 ASCII characters"),
    "subject not ASCII": (lambda issuer: issuer.token(sub="王丽"), "sub is not 1 to 255 ASCII characters"),
    "roles a text": (lambda issuer: issuer.token(realm_access={"roles": "律师"}), "the roles claim is no list of names"),
    "roles null": (lambda issuer: issuer.token(realm_access={"roles": None}), "the roles claim is no list of names"),
    "roles of numbers": (lambda issuer: issuer.token(realm_access={"roles": [1]}), "the roles claim is no list of names"),
    "roles behind a list": (
        lambda issuer: issuer.token(realm_access=["律师"]),
        "the path realm_access.roles runs through a claim without parts",
    ),
    "clearance unknown": (lambda issuer: issuer.token(clearance="top"), "clearance is not a level"),
    "clearance no text": (lambda issuer: issuer.token(clearance=["sealed"]), "clearance is not a level"),
    "clearance null": (lambda issuer: issuer.token(clearance=None), "clearance is not a level"),
    "alg none": (lambda issuer: by_hand(issuer, {"alg": "none"}, b""), "algorithm not allowed"),
    "no alg": (lambda issuer: by_hand(issuer, {"typ": "JWT"}), "algorithm not allowed"),
    "alg a list": (lambda issuer: by_hand(issuer, {"alg": ["RS256"]}), "algorithm not allowed"),
    "public key as HMAC secret": (symmetric, "algorithm not allowed"),
    "alg of another kind of key": (lambda issuer: by_hand(issuer, {"alg": "ES256"}, b"x" * 64), "algorithm does not fit the key"),
    "another alg than the key's": (
        lambda issuer: issuer.token(key=SigningKey("RS512", kid=issuer.keys[0].kid)),
        "algorithm does not fit the key",
    ),
    "no kid": (lambda issuer: by_hand(issuer, {"alg": "RS256", "kid": None}), "names no key"),
    "kid of 1000 characters": (lambda issuer: by_hand(issuer, {"alg": "RS256", "kid": "k" * 1000}), "names no key"),
    "another key under the same kid": (foreign, "signature is not the issuer's"),
    "other claims under the signature": (tampered, "signature is not the issuer's"),
    "claims no JSON": (no_json, "claims are no JSON object"),
    "not signed": (lambda issuer: issuer.token().rpartition(".")[0] + ".", "signature is not the issuer's"),
    "key in the header": (
        lambda issuer: issuer.token(key=SigningKey(kid="mine"), headers={"jwk": {"kty": "RSA"}, "jku": "http://127.0.0.1/"}),
        "unknown key of the outside issuer",
    ),
    "seventeen kilobytes": (lambda issuer: issuer.token(padding="x" * 17_000), "too long"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
async def test_wrong_token_is_refused_and_recorded(firm: Firm, issuer: Issuer, kind: str) -> None:
    make, why = WRONG[kind]
    answer = await refused(firm, make(issuer))
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert await firm.events(answer) == REJECTED
    assert await reason(firm, answer) == why
    assert await firm.eyes.fetchval("SELECT count(*) FROM users") == 0


async def test_refusals_look_alike(firm: Firm, issuer: Issuer) -> None:
    seen = set()
    for make, _ in WRONG.values():
        problem = (await me(firm, make(issuer))).json()
        problem.pop("request_id")
        seen.add(json.dumps(problem, sort_keys=True))
    assert len(seen) == 1


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"])
async def test_asymmetric_algorithms_are_taken(firm: Firm, issuer: Issuer, algorithm: str) -> None:
    issuer.keys = [SigningKey(algorithm)]
    assert (await me(firm, issuer.token())).status_code == 200
    issuer.keys = [SigningKey(algorithm, told={"alg": None, "use": None})]
    assert (await me(firm, issuer.token())).status_code == 200


@pytest.mark.parametrize(
    "key",
    [
        SigningKey(told={"use": "enc"}),
        SigningKey(told={"alg": "RSA-OAEP"}),
        SigningKey(told={"alg": ["RS256"]}),
        SigningKey(told={"key_ops": ["encrypt"]}),
        SigningKey(told={"kty": "oct", "k": "AAAA"}),
        SigningKey(told={"n": None}),
        SigningKey(told={"n": "?"}),
        SigningKey(told={"d": "AAAA"}),
        SigningKey(bits=1024),
        SigningKey("ES256", told={"crv": "P-384"}),
        SigningKey("ES256", told={"crv": "secp256k1"}),
    ],
    ids=lambda key: str(key.told or key.bits),
)
async def test_keys_that_are_not_for_signatures_are_left_out(firm: Firm, issuer: Issuer, key: SigningKey) -> None:
    issuer.keys = [SigningKey(), key]
    answer = await refused(firm, issuer.token(key=key))
    assert await firm.events(answer) == REJECTED
    assert (await me(firm, issuer.token())).status_code == 200


async def test_point_that_is_on_no_curve_is_refused(firm: Firm, issuer: Issuer) -> None:
    key = SigningKey("ES256", told={"x": "AAAA"})
    issuer.keys = [key]
    assert await reason(firm, await refused(firm, issuer.token())) == "signature is not the issuer's"


async def test_two_keys_under_one_id_both_verify(firm: Firm, issuer: Issuer) -> None:
    first, second, third = SigningKey(kid="same"), SigningKey(kid="same"), SigningKey("ES256", kid="same")
    issuer.keys = [first, second, third, first]
    for key in (first, second, third):
        assert (await me(firm, issuer.token(key=key))).status_code == 200
    assert (
        await reason(firm, await refused(firm, issuer.token(key=SigningKey(kid="same"))))
        == "signature is not the issuer's"
    )


async def test_clocks_may_differ_a_little(firm: Firm, issuer: Issuer) -> None:
    near: list[dict[str, Any]] = [{"exp": later(-5)}, {"iat": later(5)}, {"nbf": later(5)}, {"nbf": 0}]
    for claims in near:
        assert (await me(firm, issuer.token(**claims))).status_code == 200


async def test_access_token_by_profile_may_name_its_client_as_audience(firm: Firm, issuer: Issuer) -> None:
    both = [AUDIENCE, CLIENT]
    assert (await me(firm, issuer.token("typ", aud=both, headers={"typ": "at+jwt"}))).status_code == 200
    assert (await me(firm, issuer.token(aud=both))).status_code == 200
    assert (await me(firm, issuer.token("typ", "azp", client_id=CLIENT))).status_code == 200


async def test_verified_token_still_expires(firm: Firm, issuer: Issuer) -> None:
    expires = later(-6)
    token = issuer.token(exp=expires)
    assert (await me(firm, token)).status_code == 200
    await asyncio.sleep(expires + 10.1 - time.time())
    assert await reason(firm, await refused(firm, token)) == "expired"
