"""A firm for measuring is the same for the same seed, is sound, is read like any other, and never joins a real one."""

import asyncio
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from app.cli import app as commands
from app.core.errors import Conflict
from app.embedded.postgres import EmbeddedPostgres
from app.sample.firm import (
    LARGE,
    Size,
    dossier_id,
    entry_id,
    file_id,
    found,
    large_dossiers,
    user_id,
)
from tests.support.databases import TestDatabase, copied
from tests.support.firm import Firm, Person

SIZE = Size.of_entries(2_000)
# The days of grants are counted from now; what is recorded of an act is never the same.
NOT_THE_SAME = ("events", "event_queue", "grants", "alembic_version")
_TABLES = """
SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
 AND table_name NOT LIKE 'events%' ORDER BY 1
"""
_WRONG_COUNTS = """
SELECT d.number FROM dossiers d LEFT JOIN entries e ON e.dossier_id = d.id GROUP BY d.id
HAVING d.entry_count <> count(e.id) FILTER (WHERE e.review <> 'excluded')
 OR d.page_count <> coalesce(sum(e.pages) FILTER (WHERE e.review <> 'excluded'), 0)
 OR d.fee_count <> count(e.id) FILTER (WHERE e.category = 'fee_document')
"""
_WRONG_REVIEWS = """
SELECT e.id FROM entries e LEFT JOIN entry_reviews r ON r.entry_id = e.id
WHERE CASE e.review WHEN 'kept' THEN 'keep' WHEN 'excluded' THEN 'exclude' END IS DISTINCT FROM r.decision
"""
_KEPT_FROM_THEIR_OWN = """
SELECT t.dossier_id FROM dossier_team t JOIN wall_people p USING (user_id)
WHERE EXISTS (SELECT FROM wall_dossiers w WHERE w.wall_id = p.wall_id AND w.dossier_id = t.dossier_id)
 OR EXISTS (SELECT FROM wall_clients w JOIN dossier_clients c USING (client_id)
            WHERE w.wall_id = p.wall_id AND c.dossier_id = t.dossier_id)
"""


async def rows(url: str, sql: str) -> list[Any]:
    """Run a query as the owner."""
    eyes = await asyncpg.connect(url)
    try:
        return list(await eyes.fetch(sql))
    finally:
        await eyes.close()


async def digests(url: str) -> dict[str, str]:
    """Give a digest of each table of a firm."""
    tables = [row["table_name"] for row in await rows(url, _TABLES) if row["table_name"] not in NOT_THE_SAME]
    one = "SELECT '{0}' AS name, md5(string_agg(t::text, '' ORDER BY t::text)) AS digest FROM {0} t"
    return {row["name"]: row["digest"] for row in await rows(url, " UNION ALL ".join(one.format(t) for t in tables))}


async def test_the_same_seed_makes_the_same_firm(postgres: EmbeddedPostgres) -> None:
    async with copied(postgres) as one, copied(postgres) as two, copied(postgres) as other:
        empty = await digests(one.owner_url)
        made = [await found(database.owner_url, SIZE, seed) for database, seed in ((one, 1), (two, 1), (other, 2))]
        first, second, third = [await digests(database.owner_url) for database in (one, two, other)]
    assert first == second
    assert made[0] == made[1]
    filled = {table for table, digest in first.items() if digest != empty[table]}
    assert filled >= {
        "users", "clients", "dossiers", "dossier_team", "dossier_numbers", "entries", "entry_reviews", "files", "scans",
        "walls", "wall_people", "wall_clients", "wall_dossiers",
    }  # fmt: skip
    assert all(first[table] != third[table] for table in ("users", "clients", "dossiers", "entries", "files"))


async def test_a_firm_is_sound(database: TestDatabase) -> None:
    counts = await found(database.owner_url, SIZE)
    assert (counts["entries"], counts["dossiers"], counts["walls"], counts["grants"]) == (2_000, 200, 20, 500)
    assert 1_800 < counts["files"] < 2_200
    for sql in (_WRONG_COUNTS, _WRONG_REVIEWS, _KEPT_FROM_THEIR_OWN):
        assert await rows(database.owner_url, sql) == []
    large = {dossier_id(number) for number in large_dossiers(SIZE)}
    sizes = await rows(database.owner_url, "SELECT dossier_id, count(*) AS n FROM entries GROUP BY 1")
    assert {row["dossier_id"] for row in sizes if row["n"] >= LARGE} == large
    assert {row["n"] for row in sizes if row["dossier_id"] in large} == {LARGE}
    teams = await rows(database.owner_url, "SELECT count(*) AS n FROM dossier_team GROUP BY dossier_id")
    assert {row["n"] for row in teams} == {2, 3, 4}
    triggers = await rows(
        database.owner_url, "SELECT tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'O'"
    )
    assert triggers == []


async def test_a_lawyer_reads_it_like_any_other(firm: Firm, database: TestDatabase) -> None:
    counts = await found(database.owner_url, SIZE)
    events = await firm.eyes.fetch("SELECT * FROM events")
    assert [(event["type"], event["outcome"], event["actor_id"], event["route"]) for event in events] == [
        ("sample.firm_made", "success", None, "sample-firm")
    ]
    assert events[0]["details"]["made"] == counts
    number = 1
    lead = await firm.eyes.fetchval("SELECT lead_lawyer_id FROM dossiers WHERE id = $1", dossier_id(number))
    lawyer = Person(lead, "", await firm.token(lead, "lawyer"), firm.http)
    paths = [f"/v1/dossiers/{dossier_id(number)}", f"/v1/dossiers/{dossier_id(number)}/entries"]
    paths += [f"/v1/dossiers/{dossier_id(number)}/contents", "/v1/dossiers?sort=-opened_on"]
    entry = await firm.eyes.fetchrow(
        "SELECT e.id, f.id AS file FROM entries e JOIN files f ON f.entry_id = e.id WHERE e.dossier_id = $1 LIMIT 1",
        dossier_id(number),
    )
    assert entry is not None
    paths += [f"/v1/entries/{entry['id']}", f"/v1/files/{entry['file']}"]
    for path in paths:
        answer = await lawyer.get(path)
        assert answer.status_code == 200, answer.text
    # Its bytes are nowhere, and the service says so.
    assert (await lawyer.get(f"/v1/files/{entry['file']}/content")).json()["code"] == "object_missing"


async def test_ids_follow_from_numbers(database: TestDatabase) -> None:
    await found(database.owner_url, Size.of_entries(300))
    told = {
        "users": {user_id(n) for n in (*range(40), 9_999)}, "dossiers": {dossier_id(n) for n in range(30)},
        "entries": {entry_id(n) for n in range(300)},
    }  # fmt: skip
    for table, ids in told.items():
        assert {row["id"] for row in await rows(database.owner_url, f"SELECT id FROM {table}")} == ids
    files = {row["id"] for row in await rows(database.owner_url, "SELECT id FROM files")}
    assert files <= {file_id(n, version) for n in range(300) for version in (1, 2)}
    assert {row["id"] for row in await rows(database.owner_url, "SELECT id FROM files WHERE version = 2")} <= {
        file_id(n, 2) for n in range(300)
    }


async def test_a_database_in_use_is_left_alone(firm: Firm, database: TestDatabase) -> None:
    await firm.person("lawyer")
    before = await firm.tables()
    with pytest.raises(Conflict, match="throwaway"):
        await found(database.owner_url, SIZE)
    assert await firm.tables() == before


async def test_the_command(database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJUAN_DATABASE_URL", database.app_url)
    monkeypatch.setenv("ANJUAN_DATABASE_OWNER_URL", database.owner_url)
    # The command has an event loop of its own.
    runner = CliRunner()
    made = await asyncio.to_thread(runner.invoke, commands, ["sample-firm", "--entries", "100", "--seed", "7"])
    assert made.exit_code == 0, made.output
    assert "100 entries" in made.output
    again = await asyncio.to_thread(runner.invoke, commands, ["sample-firm", "--entries", "100"])
    assert again.exit_code == 1
    assert "throwaway instance" in again.output
    helped = await asyncio.to_thread(runner.invoke, commands, ["sample-firm", "--help"])
    assert "never on a real one" in " ".join(helped.output.split())
