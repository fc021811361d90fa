"""Access tokens as JWT (ES256) and the keys they are signed with; the only file that knows jose.

A key is made at first start and kept in a file with mode 0600, never in the database. All `token-*.pem` of the key
directory verify, the newest signs, so a key is rotated by putting a new file beside the old one.
"""

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwk, jws, jwt
from jose.exceptions import JOSEError

from app.auth.roles import Level
from app.auth.verified import VerifiedTokens

_ALGORITHM = "ES256"
_LONGEST_TOKEN = 8192
_UNREADABLE = (JOSEError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
_REQUIRED = {f"require_{claim}": True for claim in ("iss", "sub", "aud", "exp", "iat", "jti")}
_SESSION = "sid"  # as in OpenID Connect Front-Channel Logout 1.0


class TokenInvalid(Exception):
    """The token can't be trusted; the text says why, for the event, not for the caller.

    `subject` is the user that a token named which is right in itself.
    """

    def __init__(self, reason: str, subject: UUID | None = None) -> None:
        super().__init__(reason)
        self.subject = subject


@dataclass(frozen=True, slots=True)
class Claims:
    """What a trusted token says. Times are seconds since 1970.

    Only tokens issued here belong to a session; `clearance` may lower what the roles open.
    """

    subject: UUID
    roles: frozenset[str]
    token_id: str
    issued_at: float
    expires_at: float
    session_id: UUID | None = None
    clearance: Level | None = None


@dataclass(frozen=True, slots=True)
class _Key:
    kid: str
    pem: str
    public: dict[str, Any]


class TokenKeys:
    """The signing keys of an installation.

    Parameters: `directory` is made with mode 0700 and gets a first key when it has none.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        paths = sorted(directory.glob("token-*.pem"), key=lambda path: (path.stat().st_mtime_ns, path.name))
        if not paths:
            paths = [_make_key(directory)]
        self._keys = {key.kid: key for key in map(_load_key, paths)}
        self.signing = self._keys[list(self._keys)[-1]]

    def find(self, kid: object) -> _Key:
        """Give the key of this id; TokenInvalid when there is none."""
        key = self._keys.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise TokenInvalid("unknown key")
        return key

    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """Give the public keys as a JSON Web Key Set (RFC 7517)."""
        return {"keys": [key.public for key in self._keys.values()]}

    def derive(self, purpose: str) -> bytes:
        """Derive a secret that all processes of the installation share, e.g. for signing cursors."""
        oldest = next(iter(self._keys.values()))
        return sha256(f"anjuan:{purpose}:{oldest.pem}".encode()).digest()


def _make_key(directory: Path) -> Path:
    """Write a new key so that of several processes at first start one wins and all use the winner's."""
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path, draft = directory / "token-1.pem", directory / f".token-{uuid4().hex}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path


def _load_key(path: Path) -> _Key:
    if path.stat().st_mode & 0o077:
        raise PermissionError(f"{path} is readable by others: run `chmod 600` on it")
    pem = path.read_text()
    public = jwk.construct(pem, _ALGORITHM).public_key().to_dict()
    public = {name: value.decode() if isinstance(value, bytes) else value for name, value in public.items()}
    kid = sha256(f"{public['x']}.{public['y']}".encode()).hexdigest()[:16]
    return _Key(kid, pem, {**public, "kid": kid, "use": "sig", "alg": _ALGORITHM})


class Tokens:
    """Issues and checks access tokens."""

    def __init__(self, keys: TokenKeys, *, issuer: str, audience: str, lifetime_seconds: int) -> None:
        self.keys, self.lifetime_seconds = keys, lifetime_seconds
        self._issuer, self._audience = issuer, audience
        self._verified: VerifiedTokens[Claims] = VerifiedTokens()

    def issue(
        self, subject: UUID, roles: frozenset[str], session_id: UUID, *, until: float | None = None
    ) -> tuple[str, Claims]:
        """Make a token of a session; it lives no longer than until then. Gives it and what it says."""
        # With its fraction (RFC 7519 §2): a token of the same second as a reset of the password must end with it.
        issued = time.time()
        expires = min(int(issued) + self.lifetime_seconds, int(until) if until is not None else sys.maxsize)
        said = Claims(subject, roles, uuid4().hex, issued, expires, session_id)
        claims = {
            "iss": self._issuer,
            "sub": str(subject),
            "aud": self._audience,
            "iat": issued,
            "exp": expires,
            "jti": said.token_id,
            "roles": sorted(roles),
            _SESSION: str(session_id),
        }
        key = self.keys.signing
        return jwt.encode(claims, key.pem, algorithm=_ALGORITHM, headers={"kid": key.kid}), said

    def check(self, token: str) -> Claims:
        """Give what the token says; TokenInvalid unless signature, issuer, audience, times and form all hold.

        A token that was verified is remembered: verifying costs more than the read that it lets through. Revocation
        does not rest on this (see `AuthService.identify`).
        """
        claims = self._verified.get(token)
        if claims is None:
            claims = self._verify(token)
            self._verified.keep(token, claims)
        if claims.expires_at <= time.time():
            self._verified.forget(token)
            raise TokenInvalid("expired")
        return claims

    def forget(self, token: str) -> None:
        """Remember a token no longer, for it was refused."""
        self._verified.forget(token)

    def _verify(self, token: str) -> Claims:
        if len(token) > _LONGEST_TOKEN:
            raise TokenInvalid("too long")
        try:
            key = self.keys.find(jwt.get_unverified_header(token).get("kid"))
            claims = jwt.decode(
                token,
                key.public,
                algorithms=[_ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                options={**_REQUIRED, "leeway": 0},
            )
            return _read(claims)
        except TokenInvalid:
            raise
        except (JOSEError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise TokenInvalid(str(error)[:200] or type(error).__name__) from error


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogateescape")).digest()


def _read(claims: dict[str, Any]) -> Claims:
    roles = claims.get("roles", [])
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise TokenInvalid("roles is not a list of names")
    return Claims(
        subject=UUID(claims["sub"]),
        roles=frozenset(roles),
        token_id=str(claims["jti"]),
        issued_at=float(claims["iat"]),
        expires_at=float(claims["exp"]),
        session_id=UUID(claims[_SESSION]),
        clearance=clearance_in(claims),
    )


def clearance_in(claims: Mapping[str, Any]) -> Level | None:
    """Give the level that a token lowers the clearance to; TokenInvalid for one that does not exist."""
    if "clearance" not in claims:
        return None
    try:
        return Level(claims["clearance"])
    except ValueError:
        raise TokenInvalid("clearance is not a level") from None


def claimed_issuer(token: str, longest: int) -> str | None:
    """Give the issuer that a token names, which proves nothing; None when it can't be read."""
    if len(token) > longest:
        return None
    try:
        issuer = jwt.get_unverified_claims(token).get("iss")
    except _UNREADABLE:
        return None
    return issuer if isinstance(issuer, str) else None


def claimed_header(token: str) -> dict[str, Any]:
    """Give the header of a token, which proves nothing; TokenInvalid when it can't be read."""
    try:
        return dict(jwt.get_unverified_header(token))
    except _UNREADABLE:
        raise TokenInvalid("not a signed token") from None


def signed_payload(token: str, key: Mapping[str, Any], algorithm: str) -> bytes | None:
    """Give the payload of a token that this key (a JWK) signed by exactly this algorithm; None when it did not."""
    try:
        payload = jws.verify(token, dict(key), [algorithm])
    except _UNREADABLE:
        return None
    return payload if isinstance(payload, bytes) else None
