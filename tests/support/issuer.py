"""An OpenID Connect issuer for tests: discovery, keys that rotate, counters, and ways to fail; HTTP in the test's process."""

import asyncio
import base64
import ssl
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from jose import jwt

AUDIENCE, CLIENT = "anjuan-api", "case-manager"
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_CURVES: dict[str, ec.EllipticCurve] = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
_NAMES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


def _number(value: int, size: int | None = None) -> str:
    raw = value.to_bytes(size or (value.bit_length() + 7) // 8)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _certificate(directory: Path) -> Path:
    """Write a certificate of 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer of the tests")])
    moment = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (directory / "issuer.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    path = directory / "issuer.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return path


@dataclass
class SigningKey:
    """A key of the issuer; `told` changes what its JWK says."""

    algorithm: str = "RS256"
    kid: str = field(default_factory=lambda: uuid4().hex)
    bits: int = 2048
    told: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.private: PrivateKey
        if self.algorithm in _CURVES:
            self.private = ec.generate_private_key(_CURVES[self.algorithm])
        else:
            self.private = rsa.generate_private_key(65537, self.bits)

    @property
    def pem(self) -> str:
        """The private key."""
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    @property
    def public_pem(self) -> bytes:
        """The public key as anybody can make it from the JWK."""
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def jwk(self) -> dict[str, Any]:
        """The public key as the issuer shows it; what `told` sets to None is left out."""
        numbers = self.private.public_key().public_numbers()
        if isinstance(numbers, rsa.RSAPublicNumbers):
            parts = {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
        else:
            size = (numbers.curve.key_size + 7) // 8
            parts = {
                "kty": "EC",
                "crv": _NAMES[self.algorithm],
                "x": _number(numbers.x, size),
                "y": _number(numbers.y, size),
            }
        whole = {**parts, "kid": self.kid, "use": "sig", "alg": self.algorithm, **self.told}
        return {name: value for name, value in whole.items() if value is not None}


class Issuer:
    """An issuer on a free port.

    `hits` counts requests by path. `down` answers 503, `slow` waits so many seconds first, `discovery` and `keys_body`
    replace what is told. With `tls` (the directory for its certificate) it serves by https.
    """

    def __init__(self, tls: Path | None = None) -> None:
        self.ca_file = _certificate(tls) if tls else None
        self.keys = [SigningKey()]
        self.hits: Counter[str] = Counter()
        self.down, self.slow = False, 0.0
        self.discovery: dict[str, Any] = {}
        self.keys_body: bytes | None = None
        self.on_keys: Callable[[], None] | None = None
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The issuer's name, which is its address."""
        return f"{'https' if self.ca_file else 'http'}://127.0.0.1:{self.port}/realms/firm"

    async def start(self) -> Self:
        """Serve (again, on the same port)."""
        application = web.Application()
        application.router.add_get("/realms/firm/.well-known/openid-configuration", self._discover)
        application.router.add_get("/realms/firm/certs", self._certs)
        application.router.add_get("/moved", self._moved)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        trust = None
        if self.ca_file is not None:
            trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            trust.load_cert_chain(self.ca_file, self.ca_file.with_name("issuer.key"))
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=trust)
        await site.start()
        self.port = self.port or int(self._runner.addresses[0][1])
        return self

    async def stop(self) -> None:
        """Be gone: connections are refused."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def rotate(self, key: SigningKey | None = None, *, keep: int = 1) -> SigningKey:
        """Sign by a new key from now on, and keep so many of the old ones."""
        self.keys = [key or SigningKey(), *self.keys[:keep]]
        return self.keys[0]

    def claims(self, *without: str, **changes: Any) -> dict[str, Any]:
        """Give the claims of a right token (as Keycloak makes them) with changes."""
        moment = int(time.time())
        right = {
            "iss": self.url, "sub": "b2a5d2c8-subject", "aud": [AUDIENCE, "account"], "azp": CLIENT, "typ": "Bearer",
            "iat": moment, "exp": moment + 300, "jti": uuid4().hex, "name": "王丽", "preferred_username": "wang.li",
            "realm_access": {"roles": ["律师", "offline_access"]},
        }  # fmt: skip
        return {name: value for name, value in (right | changes).items() if name not in without}

    def token(
        self, *without: str, key: SigningKey | None = None, headers: dict[str, Any] | None = None,
        roles: list[str] | None = None, **changes: Any,
    ) -> str:  # fmt: skip
        """Give a token signed by the newest key, or another."""
        key = key or self.keys[0]
        if roles is not None:
            changes["realm_access"] = {"roles": roles}
        return jwt.encode(
            self.claims(*without, **changes),
            key.pem,
            algorithm=key.algorithm,
            headers={"kid": key.kid, **(headers or {})},
        )

    async def _discover(self, request: web.Request) -> web.Response:
        self.hits["discovery"] += 1
        await asyncio.sleep(self.slow)
        if self.down:
            return web.Response(status=503)
        return web.json_response({"issuer": self.url, "jwks_uri": f"{self.url}/certs", **self.discovery})

    async def _certs(self, request: web.Request) -> web.Response:
        self.hits["keys"] += 1
        if self.down:
            return web.Response(status=503)
        if self.on_keys is not None:
            self.on_keys()
        if self.keys_body is not None:
            return web.Response(body=self.keys_body, content_type="application/json")
        return web.json_response({"keys": [key.jwk for key in self.keys]})

    async def _moved(self, request: web.Request) -> web.Response:
        raise web.HTTPFound(f"{self.url}/certs")
