"""Settings of what holds the firm's data: PostgreSQL, the store of the bytes, the care for them, the virus scanner."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

KIB, MIB, GIB = 1024, 1024**2, 1024**3
_CLAMAV = re.compile(r"unix:/.+|(?:\[[0-9A-Fa-f:.]+\]|[^\s:/]+):(?P<port>[0-9]{1,5})")
_LAST_PORT = 65535
_WITNESS = re.compile(r"https?://[^\s,]+ [^\s+,]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*")


def parts(value: object) -> object:
    """Take a list apart that the environment has in one line."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


class Section(BaseSettings):
    """A group of settings that share a prefix; unknown variables of the environment are ignored."""

    model_config = SettingsConfigDict(env_prefix="ANJUAN_", extra="ignore", frozen=True, str_strip_whitespace=True)


class DatabaseSettings(Section):
    """PostgreSQL; without a URL the embedded server is used."""

    database_url: SecretStr | None = Field(
        None,
        description="postgresql://app_role:password@host:port/name of the firm's own PostgreSQL, as application role",
    )
    database_owner_url: SecretStr | None = Field(
        None, description="The same for the owner role, which migrates (default: ANJUAN_DATABASE_URL)"
    )
    database_pool_size: int = Field(10, ge=2, le=200, description="Connections of one API process")
    database_acquire_seconds: float = Field(5.0, gt=0, le=60, description="Longest wait for a free connection")
    database_statement_seconds: float = Field(10.0, gt=0, le=300, description="Longest time of one statement")
    database_lock_seconds: float = Field(5.0, gt=0, le=60, description="Longest wait for a row that another act holds")

    @field_validator("database_url", "database_owner_url")
    @classmethod
    def _postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must begin with postgresql://")
        return value


class StorageSettings(Section):
    """S3-compatible store; without an endpoint the embedded server is used."""

    s3_endpoint: str | None = Field(None, description="http(s)://host:port of the firm's own S3 store (MinIO)")
    s3_access_key: SecretStr | None = Field(None, description="Access key of the store")
    s3_secret_key: SecretStr | None = Field(None, description="Secret key of the store")
    s3_region: str = Field("us-east-1", description="Region that requests are signed for")
    s3_bucket_prefix: str = Field(
        "anjuan", pattern=r"^[a-z0-9][a-z0-9-]{1,40}$", description="Buckets are named PREFIX-files, …"
    )
    s3_connect_seconds: float = Field(3.0, gt=0, le=60, description="Longest time to reach the store")
    s3_idle_seconds: float = Field(30.0, gt=0, le=600, description="Longest silence of the store during a transfer")
    s3_lock_mode: Literal["governance", "compliance"] = Field(
        "governance",
        description="How firmly files are retained: `governance` can be lifted by a key of the store with that right,"
        " `compliance` by nobody",
    )
    upload_max_bytes: int = Field(20 * GIB, ge=1, le=5 * 1024 * GIB, description="Largest file taken")
    upload_hours: float = Field(
        24.0 * 7, gt=0, le=24 * 90, description="Time from the beginning of a resumable upload to its end"
    )
    mail_max_bytes: int = Field(100 * MIB, ge=1, le=512 * MIB, description="Largest e-mail that is opened into entries")
    copy_max_bytes: int = Field(
        2 * GIB, ge=MIB, le=1024 * GIB, description="Most bytes of files that are put together in one reading copy"
    )
    orphan_grace_hours: float = Field(
        24.0, gt=0, le=24 * 90, description="Age at which an object without a row is swept"
    )
    key_store_dir: Path | None = Field(
        None, description="Directory of the keys that files are sealed with; shared by all machines of an installation"
    )
    master_key_file: Path | None = Field(
        None, description="File of the master keys, if they shall lie apart from the keys that they wrap"
    )
    key_backup_dir: Path | None = Field(None, description="Directory of the key store's daily backups")
    key_backup_days: int = Field(
        30,
        ge=1,
        le=365,
        description="Days that a backup of keys is kept: so long destroyed files could be brought back",
    )

    @field_validator("s3_endpoint")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/") if value else None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.s3_endpoint and not (self.s3_access_key and self.s3_secret_key):
            raise ValueError("with ANJUAN_S3_ENDPOINT set ANJUAN_S3_ACCESS_KEY and ANJUAN_S3_SECRET_KEY too")
        return self


class LedgerSettings(Section):
    """The ledger into which events are sealed."""

    ledger_name: str | None = Field(
        None,
        max_length=200,
        description="Name of the ledger in its checkpoints, such as `records.firm.example/ledger`; kept from the first"
        " start on (default: a random one)",
    )
    ledger_seal_seconds: float = Field(0.5, ge=0.05, le=10, description="Time that events are gathered before sealing")
    ledger_stall_seconds: float = Field(
        60.0, ge=5, le=86400, description="Age of the oldest unsealed event at which the service is degraded"
    )

    ledger_witnesses: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Witnesses (C2SP tlog-witness) that cosign checkpoints: `URL verifier-key`, separated by commas",
    )
    ledger_witness_seconds: float = Field(
        10.0, ge=0.1, le=86400, description="Least time between two checkpoints that a witness is asked for"
    )

    @field_validator("ledger_witnesses", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return parts(value)

    @field_validator("ledger_witnesses")
    @classmethod
    def _witnesses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not _WITNESS.fullmatch(one):
                raise ValueError(f"`{one}` is not a URL and a verifier key (name+hash+base64) after a space")
        return value

    @field_validator("ledger_name")
    @classmethod
    def _name(cls, value: str | None) -> str | None:
        if value is not None and ("+" in value or not value.isprintable() or any(map(str.isspace, value))):
            raise ValueError("must have no spaces and no plus sign")
        return value or None


class CareSettings(Section):
    """The scheduled check of what is kept in the store."""

    integrity_mib_per_second: float = Field(
        8.0, gt=0, le=100_000, description="Fastest reading of the scheduled check of stored files, in MiB a second"
    )
    integrity_days: int = Field(
        30, ge=1, le=3650, description="Days within which the scheduled check reads every stored file again"
    )


class ScanSettings(Section):
    """A virus scanner (ClamAV); none without an address."""

    clamav_address: str | None = Field(
        None, description="`host:port` or `unix:/path` of ClamAV's clamd; none by default"
    )
    clamav_idle_seconds: float = Field(
        150.0, gt=0, le=3600, description="Longest silence of the scanner; keep it above its MaxScanTime"
    )
    clamav_max_bytes: int = Field(
        100 * MIB, ge=1, le=4 * GIB, description="Largest file that the scanner looks into whole: its MaxFileSize"
    )
    unscanned: Literal["closed", "team"] = Field(
        "closed", description="Who reads what the scanner has not judged: nobody, or the `team` with a warning"
    )
    rescan_per_minute: int = Field(
        10, ge=0, le=100_000, description="Files a minute that are scanned again after the scanner's signatures changed"
    )

    @field_validator("clamav_address")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        found = _CLAMAV.fullmatch(value or "")
        if value and (found is None or int(found["port"] or 1) not in range(1, _LAST_PORT + 1)):
            raise ValueError("must be host:port or unix:/path")
        return value or None
