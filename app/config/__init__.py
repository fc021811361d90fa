"""Every setting of the service, one nested class per concern.

Values come from the environment (prefix `ANJUAN_`; nested names flattened as listed in the README), never from code
that was edited on a server. A value that can't work is refused at start with a sentence that says what to set.
"""

import ssl
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import NoDecode

from app.config.stores import (
    KIB,
    MIB,
    CareSettings,
    DatabaseSettings,
    LedgerSettings,
    ScanSettings,
    Section,
    StorageSettings,
    parts,
)

__all__ = [
    "LONGEST_PASSWORD", "LOOPBACK", "OUTSIDE_ROLES", "SECTIONS", "AccessSettings", "AuthSettings", "CareSettings",
    "DatabaseSettings", "HttpSettings", "LedgerSettings", "OidcSettings", "RunSettings", "ScanSettings", "Settings",
    "StorageSettings", "explain", "safe_url",
]  # fmt: skip

LONGEST_PASSWORD = 256


class RunSettings(Section):
    """Where the one-machine mode keeps its data and serves."""

    data_dir: Path = Field(Path("var/anjuan"), description="Directory of keys, passwords and the embedded stores")
    host: str = Field("127.0.0.1", description="Address the API listens on")
    port: int = Field(8000, ge=0, le=65535, description="Port the API listens on; 0 takes a free one")
    workers: int = Field(1, ge=1, le=64, description="API processes")
    sample: bool = Field(True, description="Do the main job once with the sample papers on an empty data directory")


class AuthSettings(Section):
    """Tokens and passwords."""

    token_issuer: str = Field("anjuan", min_length=1, max_length=200, description="Claim `iss` of tokens issued here")
    token_audience: str = Field(
        "anjuan", min_length=1, max_length=200, description="Claim `aud` that a token must carry"
    )
    token_minutes: int = Field(15, ge=1, le=24 * 60, description="Life of an access token")
    session_hours: float = Field(
        12.0, gt=0, le=24 * 31, description="Longest life of a login, however often its token is refreshed"
    )
    actor_cache_seconds: float = Field(
        0.5,
        ge=0,
        le=1,
        description="How long a process may trust what it knows of a user; a revocation bites within it",
    )
    login_max_failures: int = Field(10, ge=1, le=1000, description="Failed logins of a name before it is locked")
    login_address_failures: int = Field(
        50, ge=1, le=100_000, description="The same for an address, which forgives one failure a minute"
    )
    login_pause_seconds: int = Field(
        300, ge=1, le=86400, description="Length of the first lock; each further one is twice as long, up to an hour"
    )
    password_min_length: int = Field(15, ge=8, le=64, description="Fewest characters of a password")
    admin_password: SecretStr | None = Field(None, description="Password of the first administrator (user `admin`)")

    @field_validator("admin_password")
    @classmethod
    def _long_enough(cls, value: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        shortest = others.data.get("password_min_length", 0)  # not there when it is itself wrong
        if value is not None and not shortest <= len(value.get_secret_value()) <= LONGEST_PASSWORD:
            raise ValueError(f"must have {shortest} to {LONGEST_PASSWORD} characters")
        return value


LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
# Roles that a person of an outside issuer may get; `integration` and `backup` belong to programs of this installation.
OUTSIDE_ROLES = frozenset(
    {
        "archivist", "assistant", "auditor", "director", "finance", "lawyer", "partner", "security_admin",
        "system_admin",
    }
)  # fmt: skip
_OIDC_NEEDS = ("oidc_audience", "oidc_clients", "oidc_roles")


def safe_url(value: str) -> bool:
    """Tell whether keys may be fetched from this address: by https, or by http from this machine."""
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.query or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)


class OidcSettings(Section):
    """An outside OpenID Connect issuer whose access tokens are taken too; none without an issuer."""

    oidc_issuer: str | None = Field(None, description="Outside OpenID Connect issuer, exactly as in its claim `iss`")
    oidc_audience: str | None = Field(
        None, max_length=200, description="Claim `aud` that a token of the outside issuer must carry"
    )
    oidc_clients: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Clients of the issuer whose tokens are taken (claim `azp`), separated by commas; `*` takes any"
    )
    oidc_roles: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="What the issuer's roles are here: `outside-name=role,…`; roles that are not named give nothing"
    )
    oidc_roles_claim: str = Field(
        "realm_access.roles", min_length=1, max_length=200, description="Where the issuer's tokens hold roles"
    )
    oidc_name_claim: str = Field(
        "name", min_length=1, max_length=200, description="Where they hold the name that people are shown by"
    )
    oidc_department_claim: str | None = Field(
        None, max_length=200, description="Where they hold the department, taken at first sight; not taken by default"
    )
    oidc_ca_file: Path | None = Field(
        None, description="CA certificates (PEM) that the issuer is trusted by, instead of the system's"
    )
    oidc_timeout_seconds: float = Field(5.0, gt=0, le=60, description="Longest time of one request to the issuer")
    oidc_keys_seconds: float = Field(
        600.0, gt=0, le=86400, description="Age at which the issuer's keys are fetched anew, in the background"
    )
    oidc_refetch_seconds: float = Field(
        5.0, gt=0, le=600, description="Least time between two fetches, whatever keys tokens name"
    )

    @field_validator("oidc_clients", "oidc_roles", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return parts(value)

    @field_validator("oidc_issuer", "oidc_audience", "oidc_department_claim", "oidc_ca_file", mode="before")
    @classmethod
    def _absent(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("oidc_issuer")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None and not safe_url(value):
            raise ValueError("must be https://host/… (http:// only on this machine: 127.0.0.1 or localhost)")
        return value

    @field_validator("oidc_roles")
    @classmethod
    def _mapped(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pair in value:
            outside, _, role = pair.rpartition("=")
            if not outside.strip() or role.strip() not in OUTSIDE_ROLES:
                raise ValueError(f"`{pair}` is not outside-name=role with a role of {', '.join(sorted(OUTSIDE_ROLES))}")
        return value

    @field_validator("oidc_ca_file")
    @classmethod
    def _certificates(cls, value: Path | None) -> Path | None:
        if value is not None:
            try:
                ssl.create_default_context(cafile=value)
            except (OSError, ssl.SSLError) as error:
                raise ValueError(f"can't be read as CA certificates: {error}") from None
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.oidc_issuer:
            missing = [name for name in _OIDC_NEEDS if not getattr(self, name)]
            if missing:
                names = " and ".join(f"ANJUAN_{name.upper()}" for name in missing)
                raise ValueError(f"with ANJUAN_OIDC_ISSUER set {names} too")
        elif self.model_fields_set:
            names = ", ".join(f"ANJUAN_{name.upper()}" for name in sorted(self.model_fields_set) if getattr(self, name))
            if names:
                raise ValueError(f"{names} without ANJUAN_OIDC_ISSUER does nothing: set ANJUAN_OIDC_ISSUER too")
        if "*" in self.oidc_clients and len(self.oidc_clients) > 1:
            raise ValueError("ANJUAN_OIDC_CLIENTS is either * or a list of clients: set one of them")
        return self

    @property
    def role_map(self) -> dict[str, frozenset[str]]:
        """What each of the issuer's roles is here."""
        found: dict[str, frozenset[str]] = {}
        for pair in self.oidc_roles:
            outside, _, role = (part.strip() for part in pair.rpartition("="))
            found[outside] = found.get(outside, frozenset()) | {role}
        return found


class AccessSettings(Section):
    """Access that is given for a time."""

    grant_max_days: int = Field(180, ge=1, le=3650, description="Longest life of a grant")


class HttpSettings(Section):
    """The HTTP surface."""

    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Browser origins that may call the API, separated by commas; none by default"
    )
    body_max_bytes: int = Field(MIB, ge=KIB, le=64 * MIB, description="Largest body that is not a file")
    trusted_proxies: str = Field(
        "127.0.0.1", description="Proxies whose X-Forwarded-For is believed (uvicorn's syntax)"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged")

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return parts(value)


_SAME_ISSUER = PydanticCustomError(
    "same_issuer", "ANJUAN_OIDC_ISSUER and ANJUAN_TOKEN_ISSUER must differ: set another ANJUAN_TOKEN_ISSUER"
)


class Settings:
    """All sections, read from the environment once at start."""

    def __init__(
        self,
        *,
        run: RunSettings | None = None,
        database: DatabaseSettings | None = None,
        storage: StorageSettings | None = None,
        care: CareSettings | None = None,
        ledger: LedgerSettings | None = None,
        scan: ScanSettings | None = None,
        auth: AuthSettings | None = None,
        oidc: OidcSettings | None = None,
        access: AccessSettings | None = None,
        http: HttpSettings | None = None,
    ) -> None:
        self.run = run or RunSettings()
        self.database = database or DatabaseSettings()
        self.storage = storage or StorageSettings()
        self.care = care or CareSettings()
        self.ledger = ledger or LedgerSettings()
        self.scan = scan or ScanSettings()
        self.auth = auth or AuthSettings()
        self.oidc = oidc or OidcSettings()
        self.access = access or AccessSettings()
        self.http = http or HttpSettings()
        if self.oidc.oidc_issuer == self.auth.token_issuer:
            raise ValidationError.from_exception_data("Settings", [{"type": _SAME_ISSUER, "loc": (), "input": None}])

    @cached_property
    def spool_dir(self) -> Path:
        """Directory where files on their way are put together."""
        return self.run.data_dir / "spool"

    @cached_property
    def key_store_dir(self) -> Path:
        """Directory of the keys that files are sealed with, apart from database and objects."""
        return self.storage.key_store_dir or self.run.data_dir / "key-store"

    @cached_property
    def key_backup_dir(self) -> Path:
        """Directory of the backups of the key store."""
        return self.storage.key_backup_dir or self.run.data_dir / "key-backups"

    @cached_property
    def key_dir(self) -> Path:
        """Directory of the signing keys (mode 0700), apart from database and objects."""
        return self.run.data_dir / "keys"


SECTIONS: tuple[type[Section], ...] = (
    RunSettings,
    DatabaseSettings,
    StorageSettings,
    CareSettings,
    LedgerSettings,
    ScanSettings,
    AuthSettings,
    OidcSettings,
    AccessSettings,
    HttpSettings,
)


def explain(error: ValidationError) -> list[str]:
    """One sentence per wrong setting, naming the variable of the environment to set."""
    sentences = []
    for item in error.errors(include_url=False):
        name = f"ANJUAN_{str(item['loc'][0]).upper()}" if item["loc"] else ""
        reason = item["msg"].removeprefix("Value error, ")
        sentences.append(f"{name}: {reason}" if name else reason)
    return sentences
