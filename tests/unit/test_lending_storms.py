"""Connections at hand when much happens at once, and as `Database` lends them."""

import asyncio
import random
from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.core.database import Database, _leave_as_it_is
from app.core.errors import Unavailable
from app.core.lending import Lending, Loan, Pool
from tests.support.databases import TestDatabase, pooled
from tests.unit.test_lending import SIZE, all_free, one


class Storm:
    """Many who take, work, break, give and go away."""

    def __init__(self, lending: Lending, pool: Pool, seed: int) -> None:
        self.lending, self.pool, self.chance = lending, pool, random.Random(seed)
        self.held = set[Loan]()

    async def one(self, work: str, seconds: float) -> None:
        """Take a connection, work on it, and give it back as `Database` would."""
        await asyncio.sleep(seconds)
        loan = await self.lending.take()
        try:
            assert loan not in self.held, "lent to two"
            self.held.add(loan)
            assert max(self.lending.lent, len(self.held)) <= SIZE
            try:
                await one(loan)  # whatever the one before has done to it
                await loan.execute(work)
            finally:
                self.held.discard(loan)
        except BaseException:
            await self.lending.end(loan)
            raise
        await self.lending.give(loan)

    async def blows(self) -> None:
        """Send all of them, and some away again."""
        works = ["SELECT 1"] * 6 + [
            "BEGIN", "SELECT 1 / 0", "SELECT pg_sleep(0.01)", "SELECT pg_terminate_backend(pg_backend_pid())",
        ]  # fmt: skip
        tasks = [asyncio.create_task(self.one(self.chance.choice(works), self.chance.random() / 5)) for _ in range(200)]
        while not all(task.done() for task in tasks):
            await asyncio.sleep(self.chance.random() / 200)
            running = [task for task in tasks if not task.done()]
            for task in self.chance.sample(running, min(len(running), self.chance.randrange(3))):
                task.cancel()
            if self.chance.random() < 0.05:
                self.lending._send_home()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        fit = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncio.CancelledError, ConnectionError, type(None))
        assert [outcome for outcome in outcomes if not isinstance(outcome, fit)] == []
        assert any(outcome is None for outcome in outcomes)
        assert any(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)


@pytest.mark.parametrize("seed", range(4))
async def test_after_a_storm_all_is_free(database: TestDatabase, seed: int) -> None:
    pool = await asyncpg.create_pool(database.app_url, min_size=0, max_size=SIZE + 5, reset=_leave_as_it_is)
    try:
        lending = Lending(pool, SIZE, 20)
        await Storm(lending, pool, seed).blows()
        await asyncio.gather(*lending._going_home)
        await all_free(lending, pool)
    finally:
        pool.terminate()


@pytest.fixture
async def small(database: TestDatabase) -> AsyncIterator[Database]:
    """A database of three connections."""
    async with pooled(Database(database.app_url, expected_schema=None, size=SIZE, acquire_seconds=20)) as small:
        yield small


async def test_waiting_too_long_is_unavailable(database: TestDatabase) -> None:
    small = Database(database.app_url, expected_schema=None, size=1, acquire_seconds=0.3)
    await small.open()
    try:
        lending = small._opened()
        lending._seconds = 20  # to connect may take its time
        async with small.connection():
            lending._seconds = 0.2
            with pytest.raises(Unavailable):
                await small.fetchval("SELECT 1")
            lending._seconds = 20
            waits = asyncio.create_task(small.fetchval("SELECT 2"))
            await asyncio.sleep(0)
        assert await waits == 2
        assert lending.lent == 0
    finally:
        await small.close()


async def test_statements_that_are_cancelled_leave_all_connections_usable(small: Database) -> None:
    chance = random.Random(7)

    async def asks(number: int) -> None:
        kind = number % 4
        if kind == 3:
            async with small.connection() as connection, connection.transaction():
                await connection.fetchval("SELECT pg_sleep(0.005)")
        elif kind == 2:
            with pytest.raises(asyncpg.DivisionByZeroError):
                await small.execute("SELECT 1 / 0")
        else:
            assert await small.fetchval("SELECT $1::int FROM pg_sleep(0.002)", number) == number

    tasks = [asyncio.create_task(asks(number)) for number in range(200)]
    while not all(task.done() for task in tasks):
        await asyncio.sleep(chance.random() / 100)
        running = [task for task in tasks if not task.done()]
        if running:
            chance.choice(running).cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {type(None), asyncio.CancelledError}
    lending = small._opened()
    assert lending._pool is small._pool
    await all_free(lending, lending._pool)


async def test_database_closes_without_waiting_in_vain(small: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is still at work when it closes gives his connection to the pool, which waits for just that."""
    terminated = list[Pool]()
    monkeypatch.setattr(Pool, "terminate", lambda pool: terminated.append(pool))  # noqa: PLW0108 - it must bind
    async with small.connection() as connection:
        closing = asyncio.create_task(small.close())
        await asyncio.sleep(0.05)
        await connection.execute("SELECT 1")
    await closing
    assert terminated == []
    with pytest.raises(Unavailable):
        await small.fetchval("SELECT 1")
