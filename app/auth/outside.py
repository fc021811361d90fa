"""Access tokens of an outside OpenID Connect issuer: what they say once everything about them is right.

Never trusts a word of a token before its signature is checked, and never gives a role that the firm has not mapped. Who
the person is here is decided in `provisioning.py`.

Source: RFC 7519 §7.2, RFC 8725 (best practices), RFC 9068 §4, OpenID Connect Core §2 (what an ID token is).
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from app.auth.jwks import ALGORITHMS, IssuerKeys
from app.auth.roles import Level
from app.auth.tokens import TokenInvalid, claimed_header, claimed_issuer, clearance_in, signed_payload
from app.auth.verified import VerifiedTokens
from app.core.text import readable

# Keycloak lists every role of a person in his token, so these are longer than ours.
_LONGEST_TOKEN = 16 * 1024
_LONGEST_NAME, _LONGEST_DEPARTMENT = 200, 100
# Two machines' clocks are never quite the same.
_LEEWAY = 10.0
_LATEST = 253402300799.0  # the end of the year 9999, beyond which there are no dates
_MISSING = object()
# OpenID Connect Core §2: at most 255 ASCII characters.
_VISIBLE = re.compile(r"[\x20-\x7e]{1,255}")
_ACCESS_TYPES = frozenset({"at+jwt", "application/at+jwt"})
# Only ID tokens, logout tokens and tokens bound to a key that the sender must prove carry these.
_FOREIGN_CLAIMS = ("at_hash", "c_hash", "s_hash", "events", "cnf")


@dataclass(frozen=True, slots=True)
class OutsideRules:
    """Whose tokens are taken, and where they say what. `clients` None takes any client of the issuer."""

    issuer: str
    audience: str
    clients: frozenset[str] | None
    roles_claim: str
    roles: Mapping[str, frozenset[str]]
    name_claim: str
    department_claim: str | None = None


@dataclass(frozen=True, slots=True)
class OutsideClaims:
    """What a trusted token of the outside issuer says. Times are seconds since 1970; roles are those of this firm."""

    issuer: str
    subject: str
    client: str | None
    roles: frozenset[str]
    clearance: Level | None
    token_id: str
    issued_at: float
    expires_at: float
    display_name: str | None
    department: str | None


class OutsideTokens:
    """Checks tokens of the outside issuer."""

    def __init__(self, keys: IssuerKeys, rules: OutsideRules) -> None:
        self._keys, self._rules = keys, rules
        self._verified: VerifiedTokens[OutsideClaims] = VerifiedTokens()
        self._version = keys.version

    def claims_to_be(self, token: str) -> bool:
        """Tell whether a token says that it is the outside issuer's; it proves nothing."""
        return claimed_issuer(token, _LONGEST_TOKEN) == self._rules.issuer

    async def check(self, token: str) -> OutsideClaims:
        """Give what the token says; TokenInvalid unless signature, form and every claim hold.

        Raises Unavailable when its key is not known and the issuer can't be asked.
        """
        keys = await self._signers(claimed_header(token))
        if self._keys.version != self._version:
            # A key that was withdrawn takes the tokens with it that were verified by it.
            self._verified.clear()
            self._version = self._keys.version
        said = self._verified.get(token)
        if said is None:
            said = self._verify(token, keys)
            self._verified.keep(token, said)
        if said.expires_at + _LEEWAY <= time.time():
            self._verified.forget(token)
            raise TokenInvalid("expired")
        return said

    async def _signers(self, header: dict[str, Any]) -> list[tuple[Mapping[str, Any], str]]:
        """Give the issuer's keys that may have signed under this header, each with the algorithm."""
        algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise TokenInvalid("algorithm not allowed")
        if not isinstance(kid, str) or not _VISIBLE.fullmatch(kid):
            raise TokenInvalid("names no key")
        if "crit" in header or not isinstance(kind, str) or kind.lower() not in _ACCESS_TYPES | {"jwt"}:
            raise TokenInvalid("not an access token")
        keys = [(key.jwk, algorithm) for key in await self._keys.find(kid) if algorithm in key.algorithms]
        if not keys:
            raise TokenInvalid("algorithm does not fit the key")
        return keys

    def _verify(self, token: str, keys: list[tuple[Mapping[str, Any], str]]) -> OutsideClaims:
        for key, algorithm in keys:
            payload = signed_payload(token, key, algorithm)
            if payload is not None:
                break
        else:
            raise TokenInvalid("signature is not the issuer's")
        try:
            claims = orjson.loads(payload)
        except orjson.JSONDecodeError:
            claims = None
        if not isinstance(claims, dict):
            raise TokenInvalid("claims are no JSON object")
        profiled = str(claimed_header(token).get("typ")).lower() in _ACCESS_TYPES
        fallback = f"sha256:{sha256(token.encode()).hexdigest()}"
        return read_claims(claims, self._rules, time.time(), profiled=profiled, fallback_id=fallback)


def read_claims(
    claims: Mapping[str, Any], rules: OutsideRules, moment: float, *, profiled: bool = False, fallback_id: str = ""
) -> OutsideClaims:
    """Give what the claims of a signed token say; TokenInvalid for the first that is wrong.

    Parameters: `moment` is the time, `profiled` whether the header calls this an access token (RFC 9068),
    `fallback_id` the id of a token that has none.
    """
    if claims.get("iss") != rules.issuer:
        raise TokenInvalid("another issuer")
    client = _client(claims)
    if rules.clients is not None and client not in rules.clients:
        raise TokenInvalid("client not allowed")
    _require_access_token(claims, _audiences(claims, rules.audience), client, profiled=profiled)
    issued_at, expires_at = _times(claims, moment)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not _VISIBLE.fullmatch(subject):
        raise TokenInvalid("sub is not 1 to 255 ASCII characters")
    token_id = claims.get("jti")
    return OutsideClaims(
        issuer=rules.issuer,
        subject=subject,
        client=client,
        roles=_roles(claims, rules),
        clearance=clearance_in(claims),
        token_id=token_id if isinstance(token_id, str) and _VISIBLE.fullmatch(token_id) else fallback_id,
        issued_at=issued_at,
        expires_at=expires_at,
        display_name=_text(claims, rules.name_claim, _LONGEST_NAME),
        department=_text(claims, rules.department_claim, _LONGEST_DEPARTMENT),
    )


def claim_at(claims: Mapping[str, Any], path: str) -> object:
    """Give the claim at a path like `realm_access.roles`; names may have dots themselves, the longest one wins.

    Gives `_MISSING` when there is none, raises TokenInvalid when the path runs through something that has no parts.
    """
    if path in claims:
        return claims[path]
    parts = path.split(".")
    for length in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[:length])
        if name in claims:
            inner = claims[name]
            if not isinstance(inner, dict):
                raise TokenInvalid(f"the path {path} runs through a claim without parts")
            return claim_at(inner, ".".join(parts[length:]))
    return _MISSING


def _client(claims: Mapping[str, Any]) -> str | None:
    client = claims.get("azp", claims.get("client_id"))
    if client is not None and (not isinstance(client, str) or not _VISIBLE.fullmatch(client)):
        raise TokenInvalid("azp is no client")
    return client


def _audiences(claims: Mapping[str, Any], wanted: str) -> list[str]:
    audiences = claims.get("aud")
    if isinstance(audiences, str):
        audiences = [audiences]
    if not isinstance(audiences, list) or not all(isinstance(item, str) for item in audiences):
        raise TokenInvalid("aud is no list of names")
    if wanted not in audiences:
        raise TokenInvalid("another audience")
    return audiences


def _require_access_token(
    claims: Mapping[str, Any], audiences: list[str], client: str | None, *, profiled: bool
) -> None:
    """Refuse ID, refresh and logout tokens, and those that only their holder's key makes good."""
    kind = claims.get("typ")
    bearer = isinstance(kind, str) and kind.lower() == "bearer"
    if kind is not None and not bearer:
        raise TokenInvalid("not an access token")
    if any(name in claims for name in _FOREIGN_CLAIMS):
        raise TokenInvalid("not an access token that its bearer may use")
    # The audience of an ID token is the client that it was made for (OpenID Connect Core §2).
    if client in audiences and not (bearer or profiled):
        raise TokenInvalid("may be an ID token")


def _times(claims: Mapping[str, Any], moment: float) -> tuple[float, float]:
    issued_at, expires_at = _time(claims, "iat"), _time(claims, "exp")
    if expires_at + _LEEWAY <= moment:
        raise TokenInvalid("expired")
    if issued_at > moment + _LEEWAY or ("nbf" in claims and _time(claims, "nbf") > moment + _LEEWAY):
        raise TokenInvalid("not valid yet")
    return issued_at, expires_at


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
        raise TokenInvalid(f"{name} is no time")
    return float(value)


def _roles(claims: Mapping[str, Any], rules: OutsideRules) -> frozenset[str]:
    names = claim_at(claims, rules.roles_claim)
    if names is _MISSING:
        return frozenset()
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise TokenInvalid("the roles claim is no list of names")
    return frozenset[str]().union(*(rules.roles.get(name, frozenset()) for name in names))


def _text(claims: Mapping[str, Any], path: str | None, longest: int) -> str | None:
    """Give a text for people's eyes, freed of what deceives them; None when nothing is left."""
    found = claim_at(claims, path) if path else None
    return (readable(found)[:longest].strip() or None) if isinstance(found, str) else None
