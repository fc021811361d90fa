"""What a process holds open: pools, the store, keys."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.auth.jwks import IssuerKeys, IssuerOptions
from app.auth.tokens import TokenKeys
from app.config import DatabaseSettings, LedgerSettings, OidcSettings, ScanSettings, Settings, StorageSettings, safe_url
from app.core import migrations
from app.core.database import Database
from app.entries.pagecount import PageCounter
from app.events.recorder import Recorder
from app.ledger.bucket import Bucket
from app.ledger.keys import FILE as LEDGER_KEYS
from app.ledger.keys import LedgerKeyFile, LedgerKeys
from app.ledger.note import NoteError
from app.ledger.witnesses import Witness
from app.storage.key_store import KeyStore
from app.storage.master_keys import MasterKeyFile
from app.storage.protocol import ObjectStore
from app.storage.s3 import S3Store
from app.storage.s3_options import S3Options
from app.storage.scanner import ClamScanner
from app.storage.vault import Vault

ROOT = Path(__file__).resolve().parent.parent.parent
_RECORDER_CONNECTIONS = 2


@dataclass(slots=True)
class Resources:
    """What a process holds open."""

    settings: Settings
    database: Database
    recording: Database
    recorder: Recorder
    store: Vault
    counter: PageCounter
    keys: TokenKeys
    ledger: Bucket
    ledger_keys: LedgerKeys
    witnesses: list[Witness]
    issuer_keys: IssuerKeys | None = None
    scanner: ClamScanner | None = None

    async def open(self) -> None:
        """Make the pools; no store need be up for it."""
        await self.database.open()
        await self.recording.open()

    async def close(self) -> None:
        """Write what waits, then close everything."""
        await self.recorder.close()
        await self.counter.aclose()
        if self.issuer_keys is not None:
            await self.issuer_keys.aclose()
        await self.store.aclose()
        await self.ledger.aclose()
        await self.recording.close()
        await self.database.close()


@cache
def schema_head() -> str:
    """Give the revision that this version's migrations lead to."""
    return migrations.head(ROOT)


def make_database(settings: DatabaseSettings, *, size: int | None = None, check_schema: bool = True) -> Database:
    """Make a pool on the application's role."""
    if settings.database_url is None:
        raise RuntimeError("ANJUAN_DATABASE_URL is not set: start the service by `anjuan run`, or set it")
    return Database(
        settings.database_url.get_secret_value(),
        expected_schema=schema_head() if check_schema else None,
        size=size or settings.database_pool_size,
        acquire_seconds=settings.database_acquire_seconds,
        statement_seconds=settings.database_statement_seconds,
        lock_seconds=settings.database_lock_seconds,
    )


def make_store(settings: StorageSettings, what: str = "files") -> S3Store:
    """Make the store of the files' bytes, or of the ledger."""
    if settings.s3_endpoint is None or settings.s3_access_key is None or settings.s3_secret_key is None:
        raise RuntimeError("ANJUAN_S3_ENDPOINT is not set: start the service by `anjuan run`, or set it")
    return S3Store(
        S3Options(
            endpoint=settings.s3_endpoint,
            access_key=settings.s3_access_key.get_secret_value(),
            secret_key=settings.s3_secret_key.get_secret_value(),
            region=settings.s3_region,
            bucket=f"{settings.s3_bucket_prefix}-{what}",
            connect_seconds=settings.s3_connect_seconds,
            idle_seconds=settings.s3_idle_seconds,
            lock_mode=settings.s3_lock_mode,
        )
    )


def make_keys(settings: Settings) -> KeyStore:
    """Make what gives the keys that files are sealed with; blocking, and it need not exist yet."""
    apart = settings.storage.master_key_file
    return KeyStore(settings.key_store_dir, MasterKeyFile(apart) if apart else None)


def make_resources(settings: Settings, store: ObjectStore | None = None) -> Resources:
    """Make what a process holds open; tests hand in a store of their own."""
    recording = make_database(settings.database, size=_RECORDER_CONNECTIONS)
    return Resources(
        settings=settings,
        database=make_database(settings.database),
        recording=recording,
        recorder=Recorder(recording),
        store=Vault(store or make_store(settings.storage), make_keys(settings)),
        counter=PageCounter(),
        keys=TokenKeys(settings.key_dir),
        ledger=Bucket(make_store(settings.storage, "ledger")),
        ledger_keys=LedgerKeyFile(settings.key_dir / LEDGER_KEYS),
        witnesses=make_witnesses(settings.ledger),
        issuer_keys=make_issuer_keys(settings.oidc),
        scanner=make_scanner(settings.scan),
    )


def make_witnesses(settings: LedgerSettings) -> list[Witness]:
    """Make those who cosign checkpoints."""
    try:
        return [Witness.parse(one) for one in settings.ledger_witnesses]
    except NoteError as error:
        raise RuntimeError(f"ANJUAN_LEDGER_WITNESSES: {error}") from None


def make_scanner(settings: ScanSettings) -> ClamScanner | None:
    """Make what asks the virus scanner; None when there is none."""
    if settings.clamav_address is None:
        return None
    return ClamScanner(settings.clamav_address, idle_seconds=settings.clamav_idle_seconds)


def make_issuer_keys(settings: OidcSettings) -> IssuerKeys | None:
    """Make what knows the keys of the outside issuer; None when no issuer is set."""
    if settings.oidc_issuer is None:
        return None
    return IssuerKeys(
        IssuerOptions(
            issuer=settings.oidc_issuer,
            safe=safe_url,
            timeout_seconds=settings.oidc_timeout_seconds,
            keys_seconds=settings.oidc_keys_seconds,
            refetch_seconds=settings.oidc_refetch_seconds,
            ca_file=settings.oidc_ca_file,
        )
    )
