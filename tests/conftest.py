"""Fixtures on real stores: PostgreSQL and S3 start once, each test has a database of its own."""

import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from hypothesis import settings as hypothesis_settings
from pydantic import SecretStr

from app.config import AuthSettings, DatabaseSettings, HttpSettings, RunSettings, Settings, StorageSettings
from app.core.etag import to_json
from app.core.pagination import Page, PlainPage
from app.core.plain import Plain
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.s3 import EmbeddedS3
from app.factory import make_resources, migrate
from app.main import create_app
from app.storage.key_store import KeyStore
from tests.support.databases import TestDatabase, copied
from tests.support.firm import Firm
from tests.support.go import at_hand
from tests.support.minio import RealMinio, minio_binary

# Machines are shared: how long an example took says nothing. Every run tries the same ones; `make prove` tries more.
hypothesis_settings.register_profile("anjuan", deadline=None, derandomize=True)
hypothesis_settings.load_profile("anjuan")


def pytest_configure(config: pytest.Config) -> None:
    """Give this run a directory of its own: a run that begins shuts the one that all runs of a user share.

    That would take the directory of its data from the PostgreSQL of another run, which works under another account.
    """
    if config.getoption("basetemp") is None and "PYTEST_DEBUG_TEMPROOT" not in os.environ:
        root = tempfile.mkdtemp(prefix="anjuan-tests-")
        os.environ["PYTEST_DEBUG_TEMPROOT"] = root
        config.add_cleanup(lambda: shutil.rmtree(root, ignore_errors=True))


_MEMORY, _ROOM = Path("/dev/shm"), 4 * 1024**3
# Files that take minutes begin first, or one worker would be at them alone when all others are done.
_LONG = ("test_schemathesis.py", "test_model.py", "test_keycloak.py", "test_killed.py", "test_four_nodes.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring the files that take longest to the front; within a file the order stays."""
    items.sort(key=lambda item: item.path.name not in _LONG)


@pytest.fixture(scope="session", autouse=True)
def plain_answers_are_their_models() -> Iterator[None]:
    """Hold every answer that goes the short way, in the whole run, against what its model makes of it."""
    one, page = Plain.to_json, PlainPage.to_json

    def compared(self: Plain[Any]) -> bytes:
        body = one(self)
        assert body == to_json(self.checked()), "a plain answer differs from its model"
        return body

    def page_compared(self: PlainPage[Any]) -> bytes:
        body = page(self)
        assert body == to_json(Page[Any](items=[item.checked() for item in self.items], next=self.next))
        return body

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Plain, "to_json", compared)
        patch.setattr(PlainPage, "to_json", page_compared)
        yield


@pytest.fixture(scope="session")
def quick_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory in memory where there is room; each test copies a database, some thousand small files."""
    if not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < _ROOM:
        yield tmp_path_factory.mktemp("postgres")
        return
    place = Path(tempfile.mkdtemp(prefix="anjuan-tests-", dir=_MEMORY))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(quick_place: Path) -> Iterator[EmbeddedPostgres]:
    """A real server with the migrated database `anjuan`; durability is off, for nothing here survives the run."""
    server = EmbeddedPostgres(
        quick_place, settings={"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    )
    server.start()
    try:
        migrate(server.owner_url, "anjuan_app")
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def embedded_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedS3]:
    """The embedded S3 server."""
    server = EmbeddedS3(tmp_path_factory.mktemp("s3"), "test")
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def s3(embedded_s3: EmbeddedS3) -> EmbeddedS3:
    """The store that the service under test uses."""
    return embedded_s3


@pytest.fixture(scope="session")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealMinio]:
    """Real MinIO, built from source once and kept in the cache directory."""
    at_hand(minio_binary)
    server = RealMinio(tmp_path_factory.mktemp("minio"))
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
async def database(postgres: EmbeddedPostgres) -> AsyncIterator[TestDatabase]:
    """A fresh database of this test."""
    async with copied(postgres) as fresh:
        yield fresh


@pytest.fixture
def settings(database: TestDatabase, s3: EmbeddedS3, tmp_path: Path) -> Settings:
    """Settings as `anjuan run` would make them."""
    return Settings(
        run=RunSettings(data_dir=tmp_path / "data"),
        database=DatabaseSettings(database_url=SecretStr(database.app_url), database_acquire_seconds=3),
        storage=StorageSettings(
            s3_endpoint=s3.endpoint, s3_access_key=SecretStr(s3.access_key), s3_secret_key=SecretStr(s3.secret_key),
            s3_bucket_prefix="test", upload_max_bytes=32 * 1024 * 1024,
        ),
        auth=AuthSettings(actor_cache_seconds=0, login_max_failures=3, login_pause_seconds=2),
        http=HttpSettings(log_level="error"),
    )  # fmt: skip


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    """The running application, with the key store that `anjuan run` makes."""
    KeyStore(settings.key_store_dir).make()
    application = create_app(settings, make_resources(settings))
    async with LifespanManager(application, startup_timeout=30, shutdown_timeout=30):
        yield application


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=("127.0.0.1", 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://anjuan.test") as client:
        yield client


@pytest.fixture
async def firm(app: FastAPI, http: httpx.AsyncClient, database: TestDatabase) -> AsyncIterator[Firm]:
    """A firm to put people into."""
    eyes = await asyncpg.connect(database.owner_url)
    await eyes.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
    try:
        yield Firm(app.state.services, http, eyes)
    finally:
        await eyes.close()
