"""A change and its events are one: they commit together or not at all, whatever happens to the database."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from pydantic import BaseModel

from app.auth.events import USER_CHANGED, USER_VIEWED
from app.core import idempotency
from app.core.actor import Actor, IdempotencyClaim, Origin
from app.core.database import Connection, Database, OutcomeUnknown
from app.core.errors import Conflict, IdempotencyInProgress, IdempotencyKeyReused, NotFound, Unavailable
from app.core.ids import new_id
from app.embedded.postgres import EmbeddedPostgres
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject
from app.factory import schema_head
from tests.support.databases import TestDatabase, pooled

Step = Callable[[Transaction], Awaitable[None]]

ABOUT = Subject("user", label="王丽")


class Result(BaseModel):
    """The result of an act."""

    value: int


def actor(key: str | None = None, fingerprint: bytes = b"f" * 32, user_id: UUID | None = None) -> Actor:
    """Make somebody who acts, with an Idempotency-Key or without."""
    claim = None if key is None else IdempotencyClaim(key, fingerprint)
    origin = Origin(request_id=str(new_id()), method="POST", route="/v1/test", idempotency=claim)
    return Actor(
        user_id=user_id or new_id(), display_name="王丽", roles=frozenset({"lawyer"}), clearance=4, origin=origin
    )


@asynccontextmanager
async def opened(database: TestDatabase, **options: Any) -> AsyncIterator[Database]:
    """Open the application's pool."""
    async with pooled(
        Database(database.app_url, expected_schema=schema_head(), size=3, acquire_seconds=3, **options)
    ) as pool:
        yield pool


@pytest.fixture
async def pool(database: TestDatabase) -> AsyncIterator[Database]:
    """The application's pool."""
    async with opened(database) as pool:
        yield pool


@pytest.fixture
async def owner(database: TestDatabase) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Another session, of the owner of the tables."""
    connection = await asyncpg.connect(database.owner_url)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def end(database: TestDatabase) -> AsyncIterator[Step]:
    """Ends the session of a transaction from outside, as a failover would; returns when it is gone."""
    other = await asyncpg.connect(database.app_url)

    async def killed(tx: Transaction) -> None:
        await other.execute("SELECT pg_terminate_backend($1, 5000)", tx.connection.get_server_pid())

    try:
        yield killed
    finally:
        await other.close()


async def last_word(tx: Transaction) -> None:
    """The server says that it ends the session; the end of the connection itself has not come yet."""
    fields = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
    protocol: Any = tx.connection._con._protocol  # type: ignore[union-attr]  # as the socket would
    protocol.data_received(b"E" + (len(fields) + 4).to_bytes(4) + fields)


async def attempt(pool: Database, who: Actor, *steps: Step) -> None:
    """Take steps in one transaction."""
    async with UnitOfWork(pool).begin(who) as tx:
        for step in steps:
            await step(tx)


def changes(name: str = "wang.li") -> Step:
    """Give the step that changes something."""
    return lambda tx: change(tx.connection, name)


async def records(tx: Transaction) -> None:
    """Record the act and name its result."""
    tx.record(USER_CHANGED, ABOUT)
    tx.result(Result(value=1))


async def change(connection: Connection, name: str = "wang.li") -> None:
    """Change something, here the count of failed logins."""
    await connection.execute(
        "INSERT INTO login_throttle (kind, key, failures, updated_at) VALUES ('name', $1, 1, now())", name
    )


async def kept(owner: Any) -> tuple[int, int]:
    """Count changes and events."""
    row = await owner.fetchrow("SELECT (SELECT count(*) FROM login_throttle), (SELECT count(*) FROM events)")
    return row[0], row[1]


async def test_change_and_event_commit_together(pool: Database, owner: Any) -> None:
    who = actor()
    async with UnitOfWork(pool).begin(who) as tx:
        await change(tx.connection)
        tx.record(USER_CHANGED, ABOUT, changed={"department": [None, "诉讼一部"]})
        tx.notice(USER_VIEWED, ABOUT)
        assert await kept(owner) == (0, 0)
    assert await kept(owner) == (1, 2)
    rows = await owner.fetch("SELECT actor_id, actor_name, request_id, outcome FROM events ORDER BY id")
    assert [tuple(row) for row in rows] == [
        (who.user_id, "王丽", who.origin.request_id, "success"), (None, "anjuan", who.origin.request_id, "success"),
    ]  # fmt: skip


async def noticed(tx: Transaction) -> None:
    tx.notice(USER_VIEWED, ABOUT)


@pytest.mark.parametrize("step", [changes(), noticed])
async def test_commit_without_an_event_of_the_act_is_refused(pool: Database, owner: Any, step: Step) -> None:
    with pytest.raises(RuntimeError, match="without an event"):
        await attempt(pool, actor(), step)
    assert await kept(owner) == (0, 0)


@pytest.mark.parametrize("error", [NotFound("gone"), ZeroDivisionError(), asyncio.CancelledError()])
async def test_rollback_leaves_neither_change_nor_event(pool: Database, owner: Any, error: BaseException) -> None:
    async def fails(tx: Transaction) -> None:
        raise error

    with pytest.raises(type(error)):
        await attempt(pool, actor("key"), changes(), records, fails)
    assert await kept(owner) == (0, 0)
    assert await owner.fetchval("SELECT count(*) FROM idempotency_keys") == 0


async def test_event_that_can_not_be_stored_takes_the_change_with_it(pool: Database, owner: Any) -> None:
    await owner.execute("ALTER TABLE events ADD CONSTRAINT no_room CHECK (type <> 'user.changed') NOT VALID")
    with pytest.raises(asyncpg.CheckViolationError):
        await attempt(pool, actor(), changes(), records)
    assert await kept(owner) == (0, 0)


async def test_same_thing_done_elsewhere_is_a_conflict(pool: Database, owner: Any) -> None:
    await change(owner)
    with pytest.raises(Conflict):
        await attempt(pool, actor(), records, changes())
    assert await kept(owner) == (1, 0)


async def act(pool: Database, who: Actor, value: int = 1) -> Result:
    """Act once."""
    async with UnitOfWork(pool).begin(who) as tx:
        await change(tx.connection, str(value))
        tx.record(USER_CHANGED, ABOUT)
        return tx.result(Result(value=value))


async def test_repeated_act_is_replayed_for_its_actor_and_its_request(pool: Database, owner: Any) -> None:
    who = actor("key")
    assert await act(pool, who) == Result(value=1)
    with pytest.raises(idempotency.Replay) as replay:
        await act(pool, replace(who, origin=replace(who.origin, request_id="again")), 2)
    assert Result.model_validate_json(replay.value.result) == Result(value=1)
    with pytest.raises(IdempotencyKeyReused):
        await act(pool, actor("key", b"g" * 32, who.user_id), 3)
    assert await kept(owner) == (1, 1)
    await act(pool, actor("key"), 4)
    await act(pool, actor("other", user_id=who.user_id), 5)
    assert await kept(owner) == (3, 3)


async def test_idempotent_act_without_a_result_is_refused(pool: Database, owner: Any) -> None:
    async def only_records(tx: Transaction) -> None:
        tx.record(USER_CHANGED, ABOUT)

    with pytest.raises(RuntimeError, match="must name its result"):
        await attempt(pool, actor("key"), changes(), only_records)
    assert await kept(owner) == (0, 0)


async def test_running_act_holds_its_key_and_a_dead_one_frees_it(pool: Database, owner: Any, end: Step) -> None:
    who = actor("key")

    async def same_again(_: Transaction) -> None:
        with pytest.raises(IdempotencyInProgress) as running:
            await act(pool, who)
        assert running.value.retry_after == 1

    with pytest.raises(Unavailable):
        await attempt(pool, who, changes(), same_again, end, changes())
    assert await act(pool, who) == Result(value=1)
    assert await kept(owner) == (1, 1)


@pytest.mark.parametrize("then", [[changes("again")], []], ids=["at a statement", "at the event"])
async def test_connection_lost_during_the_act(pool: Database, owner: Any, end: Step, then: list[Step]) -> None:
    with pytest.raises(Unavailable) as lost:
        await attempt(pool, actor("key"), changes(), records, end, *then)
    assert not isinstance(lost.value, OutcomeUnknown)
    assert lost.value.retry_after
    assert await kept(owner) == (0, 0)
    assert await act(pool, actor()) == Result(value=1)  # healed without anybody's help
    assert await kept(owner) == (1, 1)


@pytest.mark.parametrize("then", [[changes("again")], []], ids=["at a statement", "at the event"])
async def test_connection_about_to_be_lost(pool: Database, owner: Any, then: list[Step]) -> None:
    with pytest.raises(Unavailable) as lost:
        await attempt(pool, actor("key"), changes(), records, last_word, *then)
    assert not isinstance(lost.value, OutcomeUnknown)
    assert await kept(owner) == (0, 0)
    assert await act(pool, actor("key")) == Result(value=1)
    assert await kept(owner) == (1, 1)


# Runs within COMMIT, where an administrator's or a failover's signal may meet it.
_AT_COMMIT = """
CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM {};
  PERFORM pg_sleep(10);
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON login_throttle DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.key = 'slow') EXECUTE FUNCTION at_commit()
"""


@pytest.mark.parametrize(
    ("meanwhile", "unknown"),
    [("pg_terminate_backend(pg_backend_pid())", True), ("1", True), ("1 / 0", False)],
    ids=["session ended", "no answer in time", "refused"],
)
async def test_commit_that_does_not_succeed(database: TestDatabase, owner: Any, meanwhile: str, unknown: bool) -> None:
    """Who can't know whether the act happened says so; who knows that it did not says that."""
    await owner.execute(_AT_COMMIT.format(meanwhile))
    async with opened(database, statement_seconds=0.5) as pool:
        with pytest.raises(Unavailable) as failed:
            await attempt(pool, actor(), changes("slow"), records)
        assert isinstance(failed.value, OutcomeUnknown) == unknown
        assert (failed.value.status, failed.value.code) == (503, "outcome_unknown" if unknown else "unavailable")
        assert failed.value.retry_after
        assert await kept(owner) == (0, 0)
        assert await act(pool, actor()) == Result(value=1)


@pytest.mark.parametrize("url", ["postgresql://anjuan_app@127.0.0.1:1/none", "postgresql://anjuan_app@[::1]:1/none"])
async def test_database_that_is_not_there(url: str) -> None:
    pool = Database(url, expected_schema=None, acquire_seconds=1)
    await pool.open()
    try:
        with pytest.raises(Unavailable) as gone:
            await attempt(pool, actor())
        assert gone.value.retry_after
    finally:
        await pool.close()


async def test_row_that_another_act_holds_too_long(database: TestDatabase, owner: Any) -> None:
    async def same_row(tx: Transaction) -> None:
        await tx.connection.execute("UPDATE login_throttle SET failures = 2")

    await change(owner)
    async with opened(database, lock_seconds=0.2) as pool, owner.transaction():
        await owner.execute("UPDATE login_throttle SET failures = 9")
        with pytest.raises(Unavailable):
            await attempt(pool, actor(), same_row)
    assert await owner.fetchval("SELECT failures FROM login_throttle") == 9


async def test_all_connections_in_use(database: TestDatabase) -> None:
    pool = Database(database.app_url, expected_schema=None, size=1, acquire_seconds=0.3)
    await pool.open()
    try:
        async with pool.connection():
            with pytest.raises(Unavailable):
                await act(pool, actor())
        assert await act(pool, actor()) == Result(value=1)
    finally:
        await pool.close()


async def test_connection_that_breaks_after_the_commit_does_not_undo_the_answer(
    database: TestDatabase, postgres: EmbeddedPostgres
) -> None:
    """The act is done and is told so; else its caller would clear away what a committed row refers to."""
    async with opened(database) as pool:
        async with pool.connection() as connection:
            pid = connection.get_server_pid()
            await connection.execute("CREATE TEMP TABLE done (id int)")
            # Blocking on purpose: the loop must not hear of the end before the connection is given back.
            command = [str(postgres.programs / "psql"), "-qAtc", f"SELECT pg_terminate_backend({pid}, 5000)"]
            ended = subprocess.run([*command, postgres.superuser_url], capture_output=True, text=True, check=True)
            assert ended.stdout.strip() == "t"
        await asyncio.sleep(0.1)  # now it hears of it, and the next statement goes by another connection
        assert await pool.fetchval("SELECT 1") == 1
