"""Reads and refusals are durable before anybody hears "recorded", share commits under load, and are never lost."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app.auth.events import USER_VIEWED
from app.core.actor import service_actor
from app.core.database import Database
from app.core.errors import Unavailable
from app.events.recorder import Recorder
from app.events.vocabulary import Subject
from tests.support.databases import TestDatabase, pooled

READER = service_actor("GET", "/v1/test", "reading")


class Counting(Database):
    """Counts the groups that it is given, and holds them back while `gate` is closed."""

    def __init__(self, url: str) -> None:
        super().__init__(url, expected_schema=None, size=2, acquire_seconds=1)
        self.groups: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def executemany(self, sql: str, records: Sequence[tuple[object, ...]]) -> None:
        """Store a group."""
        self.groups.append(len(records))
        await self.gate.wait()
        await super().executemany(sql, records)


@pytest.fixture
async def store(database: TestDatabase) -> AsyncIterator[Counting]:
    """The recorder's own pool."""
    async with pooled(Counting(database.app_url)) as store:
        yield store


@pytest.fixture
async def owner(database: TestDatabase) -> AsyncIterator[Any]:
    """Another session, which sees what is committed only."""
    connection = await asyncpg.connect(database.owner_url)
    try:
        yield connection
    finally:
        await connection.close()


async def read(recorder: Recorder, number: int = 0, **details: object) -> None:
    """Record one reading."""
    await recorder.read(READER, USER_VIEWED, Subject("user", UUID(int=number)), number=number, **details)


async def stored(owner: Any) -> list[int]:
    """Give the readings that are committed."""
    return sorted(row[0].int for row in await owner.fetch("SELECT subject_id FROM events"))


async def test_recorded_means_committed(store: Counting, owner: Any) -> None:
    recorder = Recorder(store)
    for number in range(3):
        await read(recorder, number)
        assert await stored(owner) == [*range(number + 1)]
    assert store.groups == [1, 1, 1]


async def test_under_load_readings_share_commits(store: Counting, owner: Any) -> None:
    recorder = Recorder(store)
    commits = "SELECT count(DISTINCT xmin::text) FROM events"
    await asyncio.gather(*(read(recorder, number) for number in range(1200)))
    assert await stored(owner) == [*range(1200)]
    assert store.groups == [500, 500, 200]
    assert await owner.fetchval(commits) == 3


async def test_what_comes_during_a_commit_forms_the_next_group(store: Counting, owner: Any) -> None:
    recorder = Recorder(store)
    store.gate.clear()
    first = asyncio.create_task(read(recorder, 0))
    await asyncio.sleep(0.02)
    rest = [asyncio.create_task(read(recorder, number)) for number in range(1, 40)]
    await asyncio.sleep(0.05)
    assert not first.done()
    assert not any(task.done() for task in rest)
    assert await stored(owner) == []
    store.gate.set()
    await asyncio.gather(first, *rest)
    assert store.groups == [1, 39]
    assert await stored(owner) == [*range(40)]


async def test_failure_to_store_reaches_each_who_waits_and_heals(store: Counting, owner: Any) -> None:
    recorder = Recorder(store)
    await owner.execute("ALTER TABLE events RENAME TO events_away")
    failed = await asyncio.gather(*(read(recorder, number) for number in range(20)), return_exceptions=True)
    assert [type(error) for error in failed] == [Unavailable] * 20
    assert all(isinstance(error, Unavailable) and error.retry_after for error in failed)
    await owner.execute("ALTER TABLE events_away RENAME TO events")
    assert await stored(owner) == []
    await read(recorder, 7)
    assert await stored(owner) == [7]


_END = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'anjuan' AND wait_event_type = 'Lock'
"""


async def test_lost_connection_reaches_each_who_waits_and_heals(
    store: Counting, owner: Any, database: TestDatabase
) -> None:
    recorder = Recorder(store)
    await read(recorder, 1)
    async with owner.transaction():
        await owner.execute("LOCK TABLE events")
        waiting = [asyncio.create_task(read(recorder, number)) for number in range(2, 22)]
        other = await asyncpg.connect(database.app_url)
        while await other.fetchval(_END) is None:  # noqa: ASYNC110 - the event is in another process
            await asyncio.sleep(0.02)
        await other.close()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {Unavailable}
    assert await stored(owner) == [1]
    await read(recorder, 2)
    assert await stored(owner) == [1, 2]


@pytest.mark.parametrize("unfit", ["\x00", "\ud800", {1: 2}, 2**70])
async def test_reading_that_does_not_fit_fails_alone(store: Counting, owner: Any, unfit: object) -> None:
    recorder = Recorder(store)
    outcomes = await asyncio.gather(
        *(read(recorder, number, word=unfit if number == 5 else "") for number in range(10)), return_exceptions=True
    )
    assert [number for number, outcome in enumerate(outcomes) if isinstance(outcome, Unavailable)] == [5]
    assert await stored(owner) == [0, 1, 2, 3, 4, 6, 7, 8, 9]


async def test_reading_of_a_caller_who_went_away_is_written(store: Counting, owner: Any) -> None:
    recorder = Recorder(store)
    store.gate.clear()
    tasks = [asyncio.create_task(read(recorder, number)) for number in range(5)]
    await asyncio.sleep(0.05)
    for task in tasks[1:]:
        task.cancel()
    store.gate.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), *[asyncio.CancelledError] * 4]
    await recorder.close()
    assert await stored(owner) == [*range(5)]


async def test_failure_that_nobody_waits_for_troubles_nobody(store: Counting, owner: Any) -> None:
    recorder = Recorder(store)
    heard: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context))
    try:
        await owner.execute("ALTER TABLE events RENAME TO events_away")
        store.gate.clear()
        task = asyncio.create_task(read(recorder))
        await asyncio.sleep(0.05)
        task.cancel()
        store.gate.set()
        await recorder.close()
        del task
        await asyncio.sleep(0)
    finally:
        asyncio.get_running_loop().set_exception_handler(None)
    assert heard == []


async def test_close_writes_everything_that_was_handed_over(store: Counting, owner: Any) -> None:
    recorder = Recorder(store)
    store.gate.clear()
    tasks = [asyncio.create_task(read(recorder, number)) for number in range(700)]
    await asyncio.sleep(0.05)
    closing = asyncio.create_task(recorder.close())
    await asyncio.sleep(0.05)
    assert not closing.done()
    store.gate.set()
    await closing
    assert await stored(owner) == [*range(700)]
    await asyncio.gather(*tasks)
    await recorder.close()


async def test_reader_who_holds_a_connection_does_not_starve_the_recorder(database: TestDatabase, owner: Any) -> None:
    work = Database(database.app_url, expected_schema=None, size=1)
    own = Counting(database.app_url)
    await work.open()
    await own.open()
    try:
        async with work.connection():
            await read(Recorder(own), 3)
        assert await stored(owner) == [3]
    finally:
        await work.close()
        await own.close()
