"""Stores of each test's own, as durable as in earnest, and the API as a process that can be killed."""

import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.config import AuthSettings, DatabaseSettings, HttpSettings, RunSettings, Settings, StorageSettings
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.s3 import EmbeddedS3
from app.factory import migrate
from app.storage.key_store import KeyStore
from tests.support.databases import TestDatabase
from tests.support.firm import Firm
from tests.support.server import Served


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server of this test's own, as durable as in earnest."""
    server = EmbeddedPostgres(tmp_path / "stores")
    server.start()
    migrate(server.owner_url, "anjuan_app")
    yield server
    server.stop()


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[EmbeddedS3]:
    server = EmbeddedS3(tmp_path / "stores", "faults")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def database(postgres: EmbeddedPostgres) -> TestDatabase:
    return TestDatabase(postgres.app_url, postgres.owner_url)


@pytest.fixture
def settings(database: TestDatabase, s3: EmbeddedS3, tmp_path: Path) -> Settings:
    made = Settings(
        run=RunSettings(data_dir=tmp_path / "data"),
        database=DatabaseSettings(database_url=SecretStr(database.app_url), database_acquire_seconds=2),
        storage=StorageSettings(
            s3_endpoint=s3.endpoint, s3_access_key=SecretStr(s3.access_key), s3_secret_key=SecretStr(s3.secret_key),
            s3_bucket_prefix="faults", orphan_grace_hours=1 / 3600 / 100,
        ),
        auth=AuthSettings(actor_cache_seconds=0, token_minutes=24 * 60), http=HttpSettings(log_level="error"),
    )  # fmt: skip
    KeyStore(made.key_store_dir).make()
    return made


@pytest.fixture
async def served(settings: Settings, firm: Firm, tmp_path: Path) -> AsyncIterator[Served]:
    """The API as a process of its own, after the firm's has made the bucket."""
    server = Served(settings, tmp_path / "api.log")
    server.start()
    yield server
    server.stop(signal.SIGKILL)
