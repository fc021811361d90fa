"""No hot statement reads a big table row by row: plans of what the service really sends, in a firm of 200,000 entries.

Statements are taken from the connections while requests run, and planned as the service has them planned: without
regard to parameters (`plan_cache_mode`). Which tables are big is counted. Plans depend on what tables hold, not on the
machine, so this is no timer.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from asgi_lifespan import LifespanManager
from pydantic import SecretStr

from app.config import AuthSettings, DatabaseSettings, HttpSettings, RunSettings, Settings, StorageSettings
from app.core import database as core_database
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.s3 import EmbeddedS3
from app.factory import make_resources
from app.main import create_app
from app.sample.firm import ARCHIVIST, DIRECTOR, Size, client_id, dossier_id, found, large_dossiers, user_id
from tests.support.databases import copied

SIZE = Size.of_entries(200_000)
EVENTS = 20_000
BIG = 5_000
# Among those that have events.
LARGE = large_dossiers(SIZE)[1]
# A partner without other roles; the lawyer is the lead of the dossier.
PARTNER = 10
pytestmark = pytest.mark.timeout(300)

# In a function, for PostgreSQL takes the `$n` of a generic plan for parameters of the question otherwise.
_EXPLAIN = """
CREATE FUNCTION pg_temp.plan_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE plan text;
BEGIN
  EXECUTE 'EXPLAIN (GENERIC_PLAN, FORMAT JSON) ' || statement INTO plan;
  RETURN plan;
END $$
"""
_TABLES = """
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
"""
# As many as make a table big, of the dossiers and people of the firm.
_MAKE_EVENTS = """
INSERT INTO events (id, recorded_at, type, outcome, actor_id, actor_name, actor_roles, subject_type, subject_id,
 dossier_id, entry_id, request_id, method, route, details)
SELECT (left(s.id::text, 24) || lpad(to_hex(n), 12, '0'))::uuid, s.recorded_at, 'entry.viewed', 'success', e.created_by,
 u.display_name, u.roles, 'entry', e.id, e.dossier_id, e.id, gen_random_uuid(), 'GET', '/v1/entries/{entry_id}', '{}'
FROM (SELECT id, recorded_at FROM events LIMIT 1) s, (SELECT row_number() OVER () AS n, * FROM entries LIMIT $1) e
JOIN users u ON u.id = e.created_by
"""
_KIND = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Asked:
    """The statements that a request took, and its next page."""

    statements: set[str]
    next: str | None


@dataclass
class Watched:
    """The service on the firm; `sent` are the texts of all statements that it sent, by the request that asked."""

    http: httpx.AsyncClient
    eyes: "asyncpg.Connection[asyncpg.Record]"
    services: Any
    big: set[str]
    sent: list[str] = field(default_factory=list)

    async def ask(self, number: int, method: str, path: str, **options: Any) -> Asked:
        """Send a request as somebody of the firm and give the statements that it took."""
        headers = {"Authorization": f"Bearer {await self._token(user_id(number))}"}
        self.sent.clear()
        answer = await self.http.request(method, path, headers=headers, **options)
        assert answer.status_code in {200, 201}, (path, answer.text)
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("link", ""))
        return Asked({text for text in self.sent if _KIND.match(text)}, link[1] if link else None)

    async def _token(self, user: UUID) -> str:
        session = uuid4()
        await self.eyes.execute(
            "INSERT INTO sessions (id, user_id, began_at, expires_at) VALUES ($1, $2, now(), now() + interval '1 day')",
            session,
            user,
        )
        roles = await self.eyes.fetchval("SELECT roles FROM users WHERE id = $1", user)
        return str(self.services.tokens.issue(user, frozenset(roles), session)[0])

    async def read_in_full(self, statement: str) -> list[str]:
        """Give the big tables that the plan of a statement reads row by row."""
        plan = json.loads(await self.eyes.fetchval("SELECT pg_temp.plan_of($1)", statement))
        nodes = [node for node in _nodes(plan[0]["Plan"]) if node["Node Type"] == "Seq Scan"]
        return sorted(node["Relation Name"] for node in nodes if node["Relation Name"] in self.big)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from _nodes(below)


def _settings(url: str, s3: EmbeddedS3, place: Path) -> Settings:
    return Settings(
        run=RunSettings(data_dir=place), database=DatabaseSettings(database_url=SecretStr(url)),
        storage=StorageSettings(
            s3_endpoint=s3.endpoint, s3_access_key=SecretStr(s3.access_key), s3_secret_key=SecretStr(s3.secret_key)
        ),
        # Who asks is looked up each time, so that this is seen too.
        auth=AuthSettings(actor_cache_seconds=0), http=HttpSettings(log_level="error"),
    )  # fmt: skip


@pytest.fixture(scope="module")
async def watched(
    postgres: EmbeddedPostgres, embedded_s3: EmbeddedS3, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Watched]:
    """The service on a big firm, with its connections overheard."""
    sent: list[str] = []
    prepare = core_database._set_codecs

    async def overheard(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        await prepare(connection)
        connection.add_query_logger(lambda record: sent.append(record.query))

    async with copied(postgres) as database:
        await found(database.owner_url, SIZE)
        eyes = await asyncpg.connect(database.owner_url)
        await eyes.execute(_MAKE_EVENTS, EVENTS)
        await eyes.execute("ANALYZE events")
        await eyes.execute(_EXPLAIN)
        tables = [row["relname"] for row in await eyes.fetch(_TABLES)]
        counts = {table: await eyes.fetchval(f"SELECT count(*) FROM {table}") for table in tables}
        settings = _settings(database.app_url, embedded_s3, tmp_path_factory.mktemp("plans"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(core_database, "_set_codecs", overheard)
            app = create_app(settings, make_resources(settings))
            async with (
                LifespanManager(app, startup_timeout=60, shutdown_timeout=60),
                httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://anjuan.test") as http,
            ):
                big = {table for table, count in counts.items() if count > BIG}
                yield Watched(http, eyes, app.state.services, big, sent)
        await eyes.close()


@dataclass(frozen=True)
class Thing:
    """What is asked for: the lead of a dossier, it, an entry and a file of it."""

    lead: int
    dossier: UUID
    entry: UUID
    file: UUID


@pytest.fixture(scope="module")
async def thing(watched: Watched) -> Thing:
    """A large dossier that all of the askers see."""
    row = await watched.eyes.fetchrow(
        "SELECT d.lead_lawyer_id, d.id, e.id AS entry, f.id AS file FROM dossiers d JOIN entries e ON e.dossier_id = d.id"
        " JOIN files f ON f.entry_id = e.id WHERE d.id = $1 AND e.confidentiality IS NULL AND e.review = 'kept' LIMIT 1",
        dossier_id(LARGE),
    )
    assert row is not None
    return Thing(row["lead_lawyer_id"].int & 0xFFFF, row["id"], row["entry"], row["file"])


def test_what_is_big_is_counted(watched: Watched) -> None:
    assert watched.big >= {
        "dossiers", "dossier_team", "dossier_clients", "dossier_numbers", "clients", "entries", "entry_reviews", "files",
        "scans", "grants",
    }  # fmt: skip
    assert any(table.startswith("events_") for table in watched.big)
    assert "users" not in watched.big


async def test_a_statement_without_its_index_is_found(watched: Watched) -> None:
    statement = "SELECT id FROM files WHERE object_key = $1"
    assert await watched.read_in_full(statement) == []
    transaction = watched.eyes.transaction()
    await transaction.start()
    try:
        await watched.eyes.execute("DROP INDEX files_object_key")
        assert await watched.read_in_full(statement) == ["files"]
    finally:
        await transaction.rollback()


@pytest.mark.parametrize("who", ["lawyer", "partner", "archivist", "director"])
async def test_no_read_looks_through_a_big_table(watched: Watched, thing: Thing, who: str) -> None:
    number = {"lawyer": thing.lead, "partner": PARTNER, "archivist": ARCHIVIST, "director": DIRECTOR}[who]
    about = f"/v1/dossiers/{thing.dossier}"
    paths = {
        about: "dossiers", f"/v1/entries/{thing.entry}": "entries", f"/v1/files/{thing.file}": "files",
        f"{about}/contents": "entries", f"{about}/entries": "entries", f"/v1/entries/{thing.entry}/files": "files",
        "/v1/dossiers?sort=-opened_on": "dossiers", "/v1/dossiers?sort=opened_on": "dossiers",
        "/v1/dossiers?sort=number": "dossiers", "/v1/numbers": "dossier_numbers",
        f"/v1/events?dossier_id={thing.dossier}": "events", f"/v1/events?entry_id={thing.entry}": "events",
        f"/v1/events?actor_id={user_id(thing.lead)}": "events", "/v1/events?type=entry.viewed": "events",
        "/v1/events": "events",
    }  # fmt: skip
    wrong = {}
    for path, table in paths.items():
        first = await watched.ask(number, "GET", path)
        pages = [first]
        if first.next is not None:
            pages.append(await watched.ask(number, "GET", first.next))
        # Of events, not all are shown as many.
        assert len(pages) == 2 or not path.startswith("/v1/dossiers?"), "a list has a page after its first"
        for page in pages:
            assert any(f" {table} " in statement for statement in page.statements), "what was sent was overheard"
            wrong.update({(path, one): read for one in page.statements if (read := await watched.read_in_full(one))})
    assert wrong == {}


async def test_no_write_looks_through_a_big_table(watched: Watched, thing: Thing) -> None:
    entry = {"title": "送货单", "category": "evidence", "original": "scan"}
    dossier = {
        "matter_type": "civil", "cause": "买卖合同纠纷", "client_ids": [str(client_id(LARGE // 2))],
        "lead_lawyer_id": str(user_id(thing.lead)), "opposing_parties": [{"name": "北京示例有限公司", "kind": "organization"}],
    }  # fmt: skip
    wrong = {}
    for path, body, table in (
        (f"/v1/dossiers/{thing.dossier}/entries", entry, "entries"), ("/v1/dossiers", dossier, "dossiers"),
    ):  # fmt: skip
        sent = (await watched.ask(thing.lead, "POST", path, json=body)).statements
        assert any(f"INSERT INTO {table} " in one for one in sent)
        wrong.update({(path, one): read for one in sent if (read := await watched.read_in_full(one))})
    assert wrong == {}
