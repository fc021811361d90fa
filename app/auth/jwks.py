"""The keys of an outside OpenID Connect issuer: found by discovery, kept, fetched anew when they may have changed.

What was fetched once is used for as long as the issuer is down. A forged key id can't make this hammer the issuer:
there is one fetch at a time, and the next not before `refetch_seconds` have passed. Follows no redirect, and takes
nothing from a token but the id of the key: never a key or an address that the token itself carries.

Source: OpenID Connect Discovery 1.0 §4, RFC 7517.
"""

import asyncio
import base64
import binascii
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import structlog

from app.auth.tokens import TokenInvalid
from app.core.errors import Unavailable

_log = structlog.get_logger()
_HTTP_OK = 200
_LONGEST_ANSWER = 256 * 1024
_MOST_KEYS = 100
_LEAST_RSA_BITS = 2048
_PATIENCE = 1.0
_CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
_RSA = frozenset({"RS256", "RS384", "RS512"})
ALGORITHMS = _RSA | frozenset(_CURVES.values())


@dataclass(frozen=True, slots=True)
class IssuerOptions:
    """How an issuer is asked for its keys. `safe` tells which addresses may be asked; times are seconds."""

    issuer: str
    safe: Callable[[str], bool]
    timeout_seconds: float
    keys_seconds: float
    refetch_seconds: float
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A public key of the issuer, and the algorithms that it may have signed by."""

    kid: str
    jwk: Mapping[str, Any]
    algorithms: frozenset[str]


class _Unfit(Exception):
    """The issuer's answer can't be used; the text says why, for the log."""


class IssuerKeys:
    """Holds the keys of one issuer. `version` grows whenever they change."""

    def __init__(self, options: IssuerOptions) -> None:
        self._options = options
        self._keys: dict[str, tuple[IssuerKey, ...]] = {}
        self.version = 0
        # When the latest fetch began; when the latest that is over ended, and began; when the latest that worked ended.
        self._began = self._ended = self._answers_from = self._fetched = float("-inf")
        self._failure: str | None = None
        self._fetching: asyncio.Task[None] | None = None

    async def aclose(self) -> None:
        """End a fetch that is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            with suppress(asyncio.CancelledError):
                await self._fetching

    async def find(self, kid: str) -> tuple[IssuerKey, ...]:
        """Give the keys of this id (more than one when the issuer gave it twice).

        Raises TokenInvalid when a fetch that began after this call did not bring it, Unavailable when the issuer
        can't be asked: then nobody knows whether the key is the issuer's.
        """
        asked = time.monotonic()
        if self._keys and asked - self._fetched > self._options.keys_seconds and self._fetching is None:
            await asyncio.wait({self._fetch_once()}, timeout=_PATIENCE)
        while kid not in self._keys and self._answers_from <= asked:
            if self._fetching is None and self._just_failed(asked):
                break
            await asyncio.shield(self._fetch_once())
        found = self._keys.get(kid)
        if found is not None:
            return found
        if self._failure is not None:
            raise Unavailable(
                "The issuer of this token can't be asked for its keys now; try again",
                "暂时无法向令牌签发方取得公钥,请稍后重试",
            )
        raise TokenInvalid("unknown key of the outside issuer")

    def _just_failed(self, moment: float) -> bool:
        return self._failure is not None and moment - self._ended < self._options.refetch_seconds

    def _fetch_once(self) -> "asyncio.Task[None]":
        """Join the fetch that is under way, or begin one."""
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch(), name="issuer-keys")
        return self._fetching

    async def _fetch(self) -> None:
        try:
            await asyncio.sleep(self._began + self._options.refetch_seconds - time.monotonic())
            self._began = time.monotonic()
            keys = await self._ask()
        except (_Unfit, aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            self._failure = f"{type(error).__name__}: {error}"[:300]
            _log.warning("keys of the outside issuer could not be fetched", reason=self._failure)
        else:
            if keys != self._keys:
                self._keys, self.version = keys, self.version + 1
            self._failure, self._fetched = None, time.monotonic()
        finally:
            self._answers_from, self._ended, self._fetching = self._began, time.monotonic(), None

    async def _ask(self) -> dict[str, tuple[IssuerKey, ...]]:
        trust = ssl.create_default_context(cafile=self._options.ca_file)
        timeout = aiohttp.ClientTimeout(total=self._options.timeout_seconds)
        connector = aiohttp.TCPConnector(ssl=trust)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
            address = f"{self._options.issuer.rstrip('/')}/.well-known/openid-configuration"
            about = await _read(session, address)
            if about.get("issuer") != self._options.issuer:
                raise _Unfit("the discovery document names another issuer")
            where = about.get("jwks_uri")
            if not isinstance(where, str) or not self._options.safe(where):
                raise _Unfit("jwks_uri is no address that keys may be fetched from")
            if self._options.issuer.startswith("https:") and not where.startswith("https:"):
                raise _Unfit("jwks_uri of an issuer with https must have https too")
            return read_keys(await _read(session, where))


async def _read(session: aiohttp.ClientSession, address: str) -> dict[str, Any]:
    async with session.get(address, allow_redirects=False, headers={"Accept": "application/json"}) as answer:
        if answer.status != _HTTP_OK:
            raise _Unfit(f"the issuer answered {answer.status}")
        body = bytearray()
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) > _LONGEST_ANSWER:
                raise _Unfit("the issuer's answer is too long")
    document = orjson.loads(body)
    if not isinstance(document, dict):
        raise _Unfit("the issuer's answer is no JSON object")
    return document


def read_keys(document: Mapping[str, Any]) -> dict[str, tuple[IssuerKey, ...]]:
    """Give the keys of a JSON Web Key Set that tokens may be signed with; leaves out all others.

    Raises an error when it is no key set, or none of its keys can be used.
    """
    listed = document.get("keys")
    if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
        raise _Unfit(f"`keys` is no list of at most {_MOST_KEYS} keys")
    found: dict[str, tuple[IssuerKey, ...]] = {}
    for item in listed:
        key = _usable(item) if isinstance(item, dict) else None
        if key is not None and key not in found.get(key.kid, ()):
            found[key.kid] = (*found.get(key.kid, ()), key)
    if not found:
        raise _Unfit("the key set has no key that tokens may be signed with")
    return found


def _usable(jwk: dict[str, Any]) -> IssuerKey | None:
    kid, operations = jwk.get("kid"), jwk.get("key_ops", ["verify"])
    if not isinstance(kid, str) or jwk.get("use", "sig") != "sig" or "d" in jwk:
        return None
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    algorithms, parts = _fitting(jwk)
    if "alg" in jwk:
        algorithms &= {jwk["alg"]} if isinstance(jwk["alg"], str) else frozenset()
    return IssuerKey(kid, parts, algorithms) if algorithms else None


def _fitting(jwk: dict[str, Any]) -> tuple[frozenset[str], dict[str, str]]:
    """Give the algorithms that this kind of key may sign by, and the parts of the key that count."""
    names = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y")}.get(str(jwk.get("kty")), ())
    parts = {name: jwk.get(name) for name in names}
    texts = {name: value for name, value in parts.items() if isinstance(value, str)}
    if not texts or texts.keys() != parts.keys():
        return frozenset(), {}
    if texts["kty"] == "EC":
        return frozenset(filter(None, [_CURVES.get(texts["crv"])])), texts
    try:
        modulus = base64.b64decode(texts["n"] + "==", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return frozenset(), {}
    return (_RSA if int.from_bytes(modulus).bit_length() >= _LEAST_RSA_BITS else frozenset()), texts
