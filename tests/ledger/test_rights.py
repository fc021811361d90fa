"""What the service's own role can't do to events and leaves, and that no event comes past the queue."""

import asyncpg
import pytest

from app.core.ids import new_id
from app.ledger.sealer import Sealer
from tests.ledger.common import add, app_url, insert
from tests.support.firm import Firm


async def test_the_application_may_only_add(firm: Firm, sealer: Sealer) -> None:
    """Whoever has the service's own role can neither change nor remove an event, nor add one past the queue."""
    await add(firm, 2)
    await sealer.seal_all()
    before = await firm.eyes.fetch("SELECT * FROM events ORDER BY id"), await firm.eyes.fetch("SELECT * FROM event_leaves ORDER BY 1")  # fmt: skip
    partition = await firm.eyes.fetchval("SELECT tableoid::regclass::text FROM events LIMIT 1")
    app = await asyncpg.connect(app_url(firm))
    statements = [
        *(f"UPDATE {table} SET {column} = {column}" for table, column in (("events", "type"), ("events", "details"), (partition, "type"), ("event_leaves", "leaf_index"))),
        *(f"{verb} {table}" for verb in ("DELETE FROM", "TRUNCATE", "DROP TABLE") for table in ("events", partition, "event_leaves")),
        f"INSERT INTO {partition} SELECT * FROM events LIMIT 1",
        "INSERT INTO event_queue VALUES (gen_random_uuid())",
        "TRUNCATE event_queue",
        "DROP TABLE event_queue",
        "DELETE FROM ledger_head",
        "INSERT INTO ledger_head SELECT * FROM ledger_head",
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "ALTER TABLE events DETACH PARTITION " + partition,
        "DROP TRIGGER events_queue ON events",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION anjuan_queue_events() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "SET ROLE anjuan_owner",
        "CREATE TABLE mine (id int)",
    ]  # fmt: skip
    try:
        for statement in statements:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await app.execute(statement)
    finally:
        await app.close()
    after = await firm.eyes.fetch("SELECT * FROM events ORDER BY id"), await firm.eyes.fetch("SELECT * FROM event_leaves ORDER BY 1")  # fmt: skip
    assert after == before


async def test_no_event_without_its_place_in_the_queue(firm: Firm) -> None:
    before = await firm.eyes.fetchval("SELECT count(*) FROM event_queue")
    app = await asyncpg.connect(app_url(firm))
    try:
        transaction = app.transaction()
        await transaction.start()
        await insert(app, [new_id()])
        assert await app.fetchval("SELECT count(*) FROM event_queue") == before + 1
        await transaction.rollback()
    finally:
        await app.close()
    assert await firm.eyes.fetchval("SELECT count(*) FROM event_queue") == before
