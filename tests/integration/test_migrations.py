"""Migrations on a real server: from nothing, no drift, one step back and forth; and no service on another schema."""

import asyncio
import itertools
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from pydantic import SecretStr

from alembic import command
from app.config import Settings
from app.core import migrations
from app.core.database import SchemaMismatch
from app.embedded.postgres import EmbeddedPostgres
from app.factory import ROOT, make_database, migrate, schema_head
from tests.support.databases import TestDatabase, at_database
from tests.support.firm import Firm, done
from tests.support.server import Served

_numbers = itertools.count(1)


@pytest.fixture
async def empty(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The owner's URL of a database without a table."""
    name = f"migrated_{next(_numbers)}"
    admin = await asyncpg.connect(at_database(postgres.superuser_url, "postgres"))
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 OWNER anjuan_owner")
        yield at_database(postgres.owner_url, name)
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


async def tables(url: str) -> dict[str, list[str]]:
    """Give the columns of every table, with type, null and default, but for those of partitions."""
    eyes = await asyncpg.connect(url)
    try:
        rows = await eyes.fetch(
            "SELECT c.table_name, c.column_name, c.data_type, c.is_nullable, c.column_default FROM information_schema.columns c"
            " WHERE c.table_schema = 'public' AND c.table_name NOT LIKE 'events\\_%' ORDER BY 1, 2"
        )
        indexes = await eyes.fetch(
            "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'events\\_%' ORDER BY 2"
        )
    finally:
        await eyes.close()
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["table_name"], []).append(" ".join(map(str, row[1:])))
    for row in indexes:
        found[row["tablename"]].append(row["indexdef"])
    return found


def config(url: str) -> Config:
    """Give Alembic's configuration."""
    return migrations.configuration(ROOT, url)


async def test_from_nothing_to_head_without_drift(empty: str) -> None:
    assert await tables(empty) == {}
    await asyncio.to_thread(migrate, empty, "anjuan_app")
    await asyncio.to_thread(command.check, config(empty))
    eyes = await asyncpg.connect(empty)
    assert await eyes.fetchval("SELECT version_num FROM alembic_version") == schema_head()
    await eyes.close()
    before = await tables(empty)
    await asyncio.to_thread(migrate, empty, "anjuan_app")
    assert await tables(empty) == before


async def test_several_at_once_do_it_once(empty: str, database: TestDatabase) -> None:
    env = {
        **os.environ,
        "ANJUAN_DATABASE_OWNER_URL": empty,
        "ANJUAN_DATABASE_URL": at_database(database.app_url, empty.rpartition("/")[2]),
    }
    program = [sys.executable, "-c", "from app.cli import main; main()", "migrate"]
    several = [
        await asyncio.create_subprocess_exec(*program, env=env, cwd=ROOT, stderr=subprocess.PIPE) for _ in range(3)
    ]
    said = [(await process.communicate())[1].decode() for process in several]
    assert [process.returncode for process in several] == [0, 0, 0], "\n".join(said)
    await asyncio.to_thread(command.check, config(empty))


async def kinds(url: str) -> list[str]:
    """Name the kinds of rules that the migrations have brought, for some bring nothing else."""
    eyes = await asyncpg.connect(url)
    try:
        return [row["kind"] for row in await eyes.fetch("SELECT DISTINCT kind FROM rule_versions ORDER BY 1")]
    finally:
        await eyes.close()


async def test_newest_goes_back_and_forth(empty: str) -> None:
    scripts = ScriptDirectory.from_config(config(empty))
    revisions = [script.revision for script in scripts.walk_revisions()][::-1]
    assert revisions[-1] == schema_head()
    await asyncio.to_thread(migrations.upgrade, ROOT, empty, revisions[-2])
    before = await tables(empty), await kinds(empty)
    await asyncio.to_thread(migrations.upgrade, ROOT, empty)
    after = await tables(empty), await kinds(empty)
    assert after != before
    await asyncio.to_thread(command.downgrade, config(empty), "-1")
    assert (await tables(empty), await kinds(empty)) == before
    await asyncio.to_thread(migrations.upgrade, ROOT, empty)
    assert (await tables(empty), await kinds(empty)) == after
    await asyncio.to_thread(command.check, config(empty))


async def test_all_the_way_back_leaves_nothing(empty: str) -> None:
    await asyncio.to_thread(migrate, empty, "anjuan_app")
    await asyncio.to_thread(command.downgrade, config(empty), "base")
    assert set(await tables(empty)) <= {"alembic_version"}
    eyes = await asyncpg.connect(empty)
    assert (
        await eyes.fetchval(
            "SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public'"
        )
        == 0
    )
    await eyes.close()
    await asyncio.to_thread(migrate, empty, "anjuan_app")
    await asyncio.to_thread(command.check, config(empty))


def test_names_are_dated_and_in_one_line() -> None:
    scripts = [*ScriptDirectory.from_config(config("")).walk_revisions()]
    assert all(script.revision[:10].replace("_", "").isdigit() for script in scripts)
    assert all(not isinstance(script.down_revision, tuple) for script in scripts)
    assert len(ScriptDirectory.from_config(config("")).get_heads()) == 1


async def test_data_are_kept_by_one_step_back_and_forth(firm: Firm, database: TestDatabase) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    entry = await firm.entry(lawyer, dossier["id"], pages=3)
    kept = {
        name: await firm.eyes.fetch(f"SELECT * FROM {name} ORDER BY 1")
        for name in ("clients", "dossier_numbers", "entries")
    }
    await asyncio.to_thread(command.downgrade, config(database.owner_url), "-1")
    await asyncio.to_thread(migrate, database.owner_url, "anjuan_app")
    for name, rows in kept.items():
        assert [*map(dict, await firm.eyes.fetch(f"SELECT * FROM {name} ORDER BY 1"))] == [*map(dict, rows)], name
    assert entry["pages"] == 3


async def test_names_of_templates_go_back_and_forth(firm: Firm, database: TestDatabase) -> None:
    director = await firm.person("director")
    slots = [{"code": "a", "label": "甲", "required": True}]
    for name, in_use in (("statutory", False), ("z", True), ("z", True), ("b", False)):
        made = await director.post("/v1/templates", {
            "matter_type": "civil", "name": name, "slots": slots, "stages": [], "source": "x", "verified": False, "in_use": in_use,
        })  # fmt: skip
        assert made.status_code == 201, made.text
    # The local variants come and go with their migration.
    own = "matter_type = 'civil' AND name IN ('statutory', 'z', 'b')"
    order = f"SELECT id FROM templates WHERE {own} ORDER BY name = 'z', name, version"
    expected = [row["id"] for row in await firm.eyes.fetch(order)]
    assert len(expected) == 5
    await asyncio.to_thread(command.downgrade, config(database.owner_url), "2026_11_24_outside_users")
    # The earlier version opens dossiers with the highest: that is the newest of the name that was in use.
    by_version = "SELECT id FROM templates WHERE matter_type = 'civil' ORDER BY version"
    assert [row["id"] for row in await firm.eyes.fetch(by_version)] == expected
    await asyncio.to_thread(migrate, database.owner_url, "anjuan_app")
    rows = await firm.eyes.fetch(f"SELECT id, name, version FROM templates WHERE {own} ORDER BY version")
    numbered = enumerate(expected, start=1)
    assert [tuple(row) for row in rows] == [(template_id, "statutory", number) for number, template_id in numbered]


async def test_migration_gives_up_on_a_table_that_is_held(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    revisions = [script.revision for script in ScriptDirectory.from_config(config(empty)).walk_revisions()][::-1]
    await asyncio.to_thread(migrations.upgrade, ROOT, empty, revisions[-2])
    holder = await asyncpg.connect(empty)
    try:
        hold = holder.transaction()
        await hold.start()
        for name in await tables(empty):
            await holder.execute(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")
        began = asyncio.get_running_loop().time()
        with pytest.raises(Exception, match=r"(?i)lock timeout|lock"):
            await asyncio.to_thread(migrations.upgrade, ROOT, empty)
        assert asyncio.get_running_loop().time() - began < 15
        await hold.rollback()
    finally:
        await holder.close()
    await asyncio.to_thread(migrations.upgrade, ROOT, empty)


async def test_service_does_not_start_on_another_schema(firm: Firm, settings: Settings, tmp_path: Path) -> None:
    await firm.eyes.execute("UPDATE alembic_version SET version_num = '2030_01_01_from_the_future'")
    log = tmp_path / "api.log"
    served = Served(settings, log)
    with pytest.raises(RuntimeError):
        served.start()
    text = log.read_text()
    assert (
        f"The database has schema 2030_01_01_from_the_future, this version needs {schema_head()}: run `anjuan migrate`"
        in text
    )


async def test_service_does_not_start_on_an_empty_database(empty: str, settings: Settings) -> None:
    assert settings.database.database_url is not None
    url = at_database(settings.database.database_url.get_secret_value(), empty.rpartition("/")[2])
    database = make_database(settings.database.model_copy(update={"database_url": SecretStr(url)}))
    await database.open()
    with pytest.raises(SchemaMismatch, match=f"has schema none, this version needs {schema_head()}"):
        await database.fetchval("SELECT 1")
    await database.close()


async def test_running_service_refuses_a_schema_that_changed_under_it(
    firm: Firm, postgres: EmbeddedPostgres, database: TestDatabase
) -> None:
    lawyer = await firm.person("lawyer")
    assert (await lawyer.get("/v1/auth/me")).status_code == 200
    await firm.eyes.execute("UPDATE alembic_version SET version_num = 'another'")
    admin = await asyncpg.connect(at_database(postgres.superuser_url, "postgres"))
    name = database.app_url.rpartition("/")[2]
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = 'anjuan_app'", name
    )
    await admin.close()
    for _ in range(20):
        refusal = await lawyer.get("/v1/auth/me")
        assert refusal.status_code == 503
        if refusal.json()["code"] == "schema_mismatch":
            break
    assert refusal.json()["code"] == "schema_mismatch"
    ready = await firm.http.get("/health/ready")
    assert "run `anjuan migrate`" in ready.json()["dependencies"]["database"]["detail"]
    await firm.eyes.execute("UPDATE alembic_version SET version_num = $1", schema_head())
    healed = await lawyer.get("/v1/auth/me")
    assert (healed.status_code, await firm.events(healed)) == (200, done("auth.identity_viewed"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET type = 'x'", "DELETE FROM events", "TRUNCATE events", "DROP TABLE events", "ALTER TABLE events DISABLE TRIGGER ALL",
        "UPDATE events_default SET type = 'x'", "DELETE FROM dossiers", "DELETE FROM entries", "DELETE FROM clients", "DELETE FROM files",
        "UPDATE files SET sha256 = ''", "DELETE FROM dossier_numbers", "UPDATE entry_reviews SET decision = 'keep'", "DELETE FROM users",
        "UPDATE client_consents SET covers = 'x'", "DELETE FROM client_consents", "UPDATE client_notices SET form = 'oral'",
        "DELETE FROM client_notices", "DELETE FROM intakes", "UPDATE firm_rules SET firm_name = 'x'", "CREATE TABLE mine (id int)", "UPDATE alembic_version SET version_num = 'x'",
    ],
)  # fmt: skip
async def test_application_can_not_do_what_it_never_needs(database: TestDatabase, statement: str) -> None:
    connection = await asyncpg.connect(database.app_url)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()
