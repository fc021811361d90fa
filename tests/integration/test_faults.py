"""PostgreSQL or the object store gone, slow or full: 503 with Retry-After, nothing half done, healed without a restart."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import pytest
from asgi_lifespan import LifespanManager
from pydantic import SecretStr

from app.config import AuthSettings, DatabaseSettings, HttpSettings, RunSettings, Settings, StorageSettings
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.s3 import EmbeddedS3
from app.factory import make_resources, migrate
from app.main import create_app
from tests.support.checks import refused
from tests.support.databases import TestDatabase
from tests.support.firm import Firm, Person, done
from tests.support.papers import objects
from tests.support.ways import FULL, Way, way_to

CLIENT = {"kind": "organization", "name": "北京示例科技有限公司"}
BIG = b"x" * 1024 * 1024


@pytest.fixture
async def to_database(database: TestDatabase) -> AsyncIterator[Way]:
    """The way to PostgreSQL."""
    async with way_to(urlsplit(database.app_url).port or 0) as way:
        yield way


@pytest.fixture
async def to_store(s3: EmbeddedS3) -> AsyncIterator[Way]:
    """The way to the object store."""
    async with way_to(s3.port) as way:
        yield way


def impatient(url: str, store: EmbeddedS3, endpoint: str, data: Path) -> Settings:
    """Give settings whose waits are short."""
    return Settings(
        run=RunSettings(data_dir=data),
        database=DatabaseSettings(
            database_url=SecretStr(url), database_acquire_seconds=2, database_statement_seconds=2, database_lock_seconds=1
        ),
        storage=StorageSettings(
            s3_endpoint=endpoint, s3_access_key=SecretStr(store.access_key), s3_secret_key=SecretStr(store.secret_key),
            s3_bucket_prefix="faults", s3_connect_seconds=1, s3_idle_seconds=1.5,
        ),
        auth=AuthSettings(actor_cache_seconds=0), http=HttpSettings(log_level="error"),
    )  # fmt: skip


@pytest.fixture
def settings(database: TestDatabase, s3: EmbeddedS3, to_database: Way, to_store: Way, tmp_path: Path) -> Settings:
    """Settings that lead over the ways."""
    parts = urlsplit(database.app_url)
    url = urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{to_database.port}"))
    return impatient(url, s3, f"http://127.0.0.1:{to_store.port}", tmp_path / "data")


async def a_file(firm: Firm) -> tuple[Person, dict[str, str]]:
    """Give a lawyer, and the paths of a dossier, its entry and a file."""
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    entry = await firm.entry(lawyer, dossier["id"])
    file = await firm.file(lawyer, entry["id"], BIG * 2)
    paths = {
        "dossier": f"/v1/dossiers/{dossier['id']}",
        "files": f"/v1/entries/{entry['id']}/files",
        "content": f"/v1/files/{file['id']}/content",
    }
    return lawyer, paths


async def unavailable(
    firm: Firm, before: dict[str, str], answer: httpx.Response, *, events: list[tuple[str, str]] | None = None
) -> None:
    """Tell that a call was put off and did nothing."""
    await refused(firm, before, answer, 503, "unavailable", events=events or [])
    assert int(answer.headers["retry-after"]) >= 1


def calls(lawyer: Person, paths: dict[str, str]) -> list[Callable[[], Awaitable[httpx.Response]]]:
    """Give one call of each kind."""
    form = {"grant_type": "password", "username": "somebody", "password": "some password"}
    return [
        lambda: lawyer.get(paths["dossier"]), lambda: lawyer.get("/v1/dossiers"), lambda: lawyer.post("/v1/clients", CLIENT),
        lambda: lawyer.patch(paths["dossier"], {"title": "x"}, headers={"If-Match": "*"}), lambda: lawyer.get(paths["content"]),
        lambda: lawyer.post(paths["files"], content=b"x"), lambda: lawyer.get(f"{paths['dossier']}/contents?format=pdf"),
        lambda: lawyer.get("/v1/events?format=csv"), lambda: lawyer.get("/v1/auth/me"),
        lambda: lawyer.http.post("/v1/auth/token", data=form), lambda: lawyer.get(f"{paths['dossier']}/filing-check"),
    ]  # fmt: skip


async def well(firm: Firm, lawyer: Person, paths: dict[str, str]) -> None:
    """Tell that everything works."""
    assert (await firm.http.get("/health/ready")).status_code == 200
    made = await lawyer.post("/v1/clients", CLIENT)
    assert (made.status_code, await firm.events(made)) == (201, done("client.created"))
    stored = await lawyer.post(paths["files"], content=b"healed")
    assert (stored.status_code, await firm.events(stored)) == (201, done("file.added"))
    read = await lawyer.get(paths["content"])
    assert (read.content, await firm.events(read)) == (BIG * 2, done("file.read"))


async def test_database_gone_and_back(firm: Firm, to_database: Way) -> None:
    lawyer, paths = await a_file(firm)
    stored, before = await objects(firm), await firm.tables()
    await to_database.shut()
    for call in calls(lawyer, paths):
        await unavailable(firm, before, await call())
    ready = await firm.http.get("/health/ready")
    assert (ready.status_code, ready.json()["dependencies"]["database"]["status"]) == (503, "unavailable")
    assert ready.json()["dependencies"]["store"]["status"] == "ok"
    assert ready.json()["dependencies"]["store_locks"] == {
        "status": "degraded", "detail": "Not known: the database does not answer",
    }  # fmt: skip
    assert ready.json()["dependencies"]["ledger"]["status"] == "degraded"
    assert (await firm.http.get("/health/live")).status_code == 200
    assert await objects(firm) == stored
    await to_database.open()
    await well(firm, lawyer, paths)


async def test_database_that_is_silent(firm: Firm, to_database: Way) -> None:
    lawyer, paths = await a_file(firm)
    before = await firm.tables()
    to_database.block()
    began = time.monotonic()
    answers = await asyncio.gather(*(call() for call in calls(lawyer, paths)[:6]))
    assert time.monotonic() - began < 15
    await to_database.cut()
    await to_database.open()
    for answer in answers:
        await unavailable(firm, before, answer)
    await well(firm, lawyer, paths)


async def test_connections_that_broke_are_replaced(firm: Firm, to_database: Way) -> None:
    lawyer, paths = await a_file(firm)
    for _ in range(3):
        await to_database.cut()
        # A connection that is found broken may cost its caller one 503, and nothing more.
        answers = [await lawyer.get(paths["dossier"]) for _ in range(8)]
        assert {answer.status_code for answer in answers} <= {200, 503}
        assert {answer.status_code for answer in answers[-2:]} == {200}
    await well(firm, lawyer, paths)


async def full(firm: Firm, table: str) -> None:
    """Let every row of a table meet a full disk."""
    await firm.eyes.execute(
        "CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;"
        f" CREATE TRIGGER full_disk BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION full_disk()"
    )


@pytest.mark.parametrize("table", ["clients", "events", "files", "dossier_clients"])
async def test_database_full(firm: Firm, table: str) -> None:
    lawyer, paths = await a_file(firm)
    client = await firm.client(lawyer)
    stored, before = await objects(firm), await firm.tables()
    await full(firm, table)
    body = {"client_ids": [client["id"]], "matter_type": "civil", "cause": "x", "lead_lawyer_id": str(lawyer.id)}
    hit: dict[str, list[Callable[[], Awaitable[httpx.Response]]]] = {
        "clients": [lambda: lawyer.post("/v1/clients", CLIENT)], "events": calls(lawyer, paths)[:9],
        "files": [lambda: lawyer.post(paths["files"], content=BIG)], "dossier_clients": [lambda: lawyer.post("/v1/dossiers", body)],
    }  # fmt: skip
    for call in hit[table]:
        await unavailable(firm, before, await call())
    assert await objects(firm) == stored
    await firm.eyes.execute(f"DROP TRIGGER full_disk ON {table}")
    await well(firm, lawyer, paths)


@pytest.mark.parametrize(
    ("lock", "hit"),
    [
        ("SELECT 1 FROM dossiers FOR UPDATE", [3, 5]), ("LOCK TABLE events IN EXCLUSIVE MODE", [0, 1, 2, 4, 8]),
        ("LOCK TABLE dossiers IN ACCESS EXCLUSIVE MODE", [0, 1, 3]),
    ],
)  # fmt: skip
async def test_rows_that_another_holds(firm: Firm, database: TestDatabase, lock: str, hit: list[int]) -> None:
    lawyer, paths = await a_file(firm)
    stored, before = await objects(firm), await firm.tables()
    holder = await asyncpg.connect(database.owner_url)
    try:
        hold = holder.transaction()
        await hold.start()
        await holder.execute(lock)
        began = time.monotonic()
        answers = await asyncio.gather(*(calls(lawyer, paths)[index]() for index in hit))
        assert time.monotonic() - began < 8
        await hold.rollback()
    finally:
        await holder.close()
    for answer in answers:
        await unavailable(firm, before, answer)
    assert await objects(firm) == stored
    await well(firm, lawyer, paths)


async def body(parts: int, meanwhile: Callable[[], Any] | None = None, at: int = -1) -> AsyncIterator[bytes]:
    """Give a body in pieces of a MiB, something happening before one of them."""
    for number in range(parts):
        if number == at and meanwhile is not None:
            await meanwhile()
        yield BIG


@pytest.mark.parametrize("parts", [2, 12])
async def test_database_goes_during_an_upload(firm: Firm, to_database: Way, parts: int) -> None:
    lawyer, paths = await a_file(firm)
    stored, before = await objects(firm), await firm.tables()
    answer = await lawyer.post(paths["files"], content=body(parts, to_database.shut, parts - 1))
    await unavailable(firm, before, answer)
    assert await objects(firm) == stored
    await to_database.open()
    await well(firm, lawyer, paths)


REJECTED = [("file.rejected", "failed")]


async def test_store_gone_and_back(firm: Firm, to_store: Way) -> None:
    lawyer, paths = await a_file(firm)
    stored, before = await objects(firm), await firm.tables()
    await to_store.shut()
    await unavailable(firm, before, await lawyer.post(paths["files"], content=b"x"), events=REJECTED)
    await unavailable(firm, before, await lawyer.post(paths["files"], content=body(12)), events=REJECTED)
    await unavailable(firm, before, await lawyer.get(paths["content"]), events=done("file.read"))
    # A store that can't answer has not lost anything.
    for query in ("", "?deep=true"):
        await unavailable(firm, before, await lawyer.get(f"{paths['dossier']}/filing-check{query}"))
    ready = await firm.http.get("/health/ready")
    assert (ready.status_code, ready.json()["dependencies"]["store"]["status"]) == (503, "unavailable")
    # What needs no bytes goes on.
    assert (await lawyer.get(paths["dossier"])).status_code == 200
    await to_store.open()
    assert await objects(firm) == stored
    await well(firm, lawyer, paths)


@pytest.mark.parametrize("parts", [4, 20])
async def test_store_goes_during_an_upload(firm: Firm, to_store: Way, parts: int) -> None:
    lawyer, paths = await a_file(firm)
    stored, before = await objects(firm), await firm.tables()
    answer = await lawyer.post(
        paths["files"],
        content=body(parts, to_store.shut, parts // 2),
        headers={"Content-Length": str(parts * len(BIG))},
    )
    await unavailable(firm, before, answer, events=REJECTED)
    await to_store.open()
    assert await objects(firm) == stored
    await well(firm, lawyer, paths)


async def test_store_that_is_silent(firm: Firm, to_store: Way) -> None:
    lawyer, paths = await a_file(firm)
    before = await firm.tables()
    to_store.block()
    began = time.monotonic()
    up, down = await asyncio.gather(lawyer.post(paths["files"], content=b"x"), lawyer.get(paths["content"]))
    assert time.monotonic() - began < 15
    await unavailable(firm, before, up, events=REJECTED)
    await unavailable(firm, before, down, events=done("file.read"))
    await to_store.cut()
    await to_store.open()
    await well(firm, lawyer, paths)


async def test_store_full(firm: Firm, to_store: Way) -> None:
    lawyer, paths = await a_file(firm)
    stored, before = await objects(firm), await firm.tables()
    await to_store.answer(FULL)
    for content in (b"x", body(12)):
        answer = await lawyer.post(paths["files"], content=content)
        await unavailable(firm, before, answer, events=REJECTED)
        assert answer.json()["title"] == "File store is full, nothing was kept"
        assert int(answer.headers["retry-after"]) >= 30  # making room takes a person
    await to_store.open()
    assert await objects(firm) == stored
    await well(firm, lawyer, paths)


async def test_store_goes_during_a_download(firm: Firm, to_store: Way) -> None:
    lawyer = await firm.person("lawyer")
    entry = await firm.entry(lawyer, (await firm.dossier(lawyer))["id"])
    file = await firm.file(lawyer, entry["id"], BIG * 16)
    path, before = f"/v1/files/{file['id']}/content", await firm.tables()
    to_store.shut_after(len(BIG) * 4)
    answer = await lawyer.get(path)
    # In process an answer that breaks off comes as far as it came.
    assert answer.headers["content-length"] == str(len(BIG) * 16)
    assert len(answer.content) < len(BIG) * 5
    assert await firm.events(answer) == done("file.read")
    assert await firm.tables() == before
    await to_store.open()
    assert (await lawyer.get(path)).content == BIG * 16


async def test_postgres_killed_and_started_again(
    s3: EmbeddedS3, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    server = EmbeddedPostgres(tmp_path_factory.mktemp("killed"))
    server.start()
    try:
        await asyncio.to_thread(migrate, server.owner_url, "anjuan_app")
        settings = impatient(server.app_url, s3, s3.endpoint, tmp_path / "data")
        app = create_app(settings, make_resources(settings))
        async with (
            LifespanManager(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://anjuan.test") as http,
        ):
            firm = Firm(app.state.services, http, await asyncpg.connect(server.owner_url))
            lawyer = await firm.person("lawyer")
            made = await lawyer.post("/v1/clients", CLIENT)
            assert made.status_code == 201
            os.kill(int((server._data / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL)
            gone = await lawyer.get(f"/v1/clients/{made.json()['id']}")
            # Its backends outlive the postmaster for a moment, and serve.
            while gone.status_code == 200:
                gone = await lawyer.get(f"/v1/clients/{made.json()['id']}")
            assert (gone.status_code, gone.json()["code"], int(gone.headers["retry-after"]) >= 1) == (
                503,
                "unavailable",
                True,
            )
            await asyncio.to_thread(server.start)
            firm.eyes = await asyncpg.connect(server.owner_url)
            again = await lawyer.get(f"/v1/clients/{made.json()['id']}")
            assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
            assert await firm.events(made) == done("client.created")
            assert await firm.events(gone) == []
            assert await firm.events(again) == done("client.viewed")
            await firm.eyes.close()
    finally:
        server.stop()
