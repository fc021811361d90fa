"""Connections at hand: never more than the size, first come first served, none lost and none lent that is unfit."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from app.core.database import _leave_as_it_is
from app.core.lending import Lending, Loan, Pool
from tests.support.databases import TestDatabase
from tests.support.waiting import in_time

SIZE = 3


@pytest.fixture
async def pool(database: TestDatabase) -> AsyncIterator[Pool]:
    """A pool that would give more than is lent, so that the limit is the lending's own."""
    pool = await asyncpg.create_pool(database.app_url, min_size=0, max_size=SIZE + 5, reset=_leave_as_it_is)
    try:
        yield pool
    finally:
        pool.terminate()


@pytest.fixture
async def lending(pool: Pool) -> Lending:
    """What is tested."""
    return Lending(pool, SIZE, 20)


@pytest.fixture
async def other(database: TestDatabase) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Another session, which ends others."""
    connection = await asyncpg.connect(database.app_url)
    try:
        yield connection
    finally:
        await connection.close()


def used(pool: Pool) -> int:
    """Count the connections that the pool has given out."""
    return pool.get_size() - pool.get_idle_size()


async def all_taken(lending: Lending, size: int = SIZE) -> list[Loan]:
    """Take all there are."""
    return [await lending.take() for _ in range(size)]


async def in_line(lending: Lending) -> "asyncio.Task[Loan]":
    """Give somebody who waits for his turn."""
    before = len(lending._waiting)
    task = asyncio.create_task(lending.take())
    while len(lending._waiting) == before:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)
    return task


async def one(loan: Loan) -> None:
    """Use a connection."""
    assert await loan.fetchval("SELECT 1") == 1


async def all_free(lending: Lending, pool: Pool, size: int = SIZE) -> None:
    """Tell that nothing is lent, that all places are free and no more, and that what they give is usable."""
    assert lending.lent == 0
    loans = await all_taken(lending, size)
    assert len({id(loan) for loan in loans}) == size
    assert (lending.lent, used(pool)) == (size, size)
    await asyncio.gather(*(one(loan) for loan in loans))
    late = await in_line(lending)
    for _ in range(5):
        await asyncio.sleep(0)
    assert not late.done()
    await lending.give(loans.pop())
    await lending.give(await late)
    for loan in loans:
        await lending.give(loan)
    assert lending.lent == 0


async def ended(other: Any, loan: Loan) -> None:
    """End the session of a connection from outside; return when this process has heard of it."""
    assert await other.fetchval("SELECT pg_terminate_backend($1, 20000)", loan.get_server_pid())

    async def heard() -> bool:
        try:
            return loan.is_closed()
        except asyncpg.InterfaceError:
            return True

    await in_time(heard)


async def test_never_more_than_the_size(lending: Lending, pool: Pool) -> None:
    most = 0

    async def works() -> None:
        nonlocal most
        loan = await lending.take()
        most = max(most, used(pool), lending.lent)
        await one(loan)
        await lending.give(loan)

    await asyncio.gather(*(works() for _ in range(40)))
    assert most == SIZE
    await all_free(lending, pool)


async def test_what_comes_back_stays_at_hand(lending: Lending, pool: Pool) -> None:
    loan = await lending.take()
    await lending.give(loan)
    assert (lending.lent, used(pool)) == (0, 1)
    assert await lending.take() is loan


async def test_first_come_first_served(lending: Lending) -> None:
    loans = await all_taken(lending)
    served = list[int]()

    async def waits(number: int) -> None:
        loan = await lending.take()
        served.append(number)
        assert number == SIZE or loan is loans[number]
        await lending.give(loan)

    tasks = [asyncio.create_task(waits(number)) for number in range(SIZE)]
    await asyncio.sleep(0)
    for loan in loans:
        await lending.give(loan)
    # Whoever comes while a turn is on its way has to stand behind.
    late = asyncio.create_task(waits(SIZE))
    await asyncio.gather(*tasks, late)
    assert served == [*range(SIZE), SIZE]


async def test_places_go_in_turn_too(lending: Lending) -> None:
    loans = await all_taken(lending)
    first, second = await in_line(lending), await in_line(lending)
    await lending.end(loans[0])
    await one(await first)
    assert not second.done()
    await lending.give(loans[1])
    assert await second is loans[1]


async def test_waiter_who_is_cancelled_before_his_turn(lending: Lending, pool: Pool) -> None:
    loans = await all_taken(lending)
    gone, next_one = await in_line(lending), await in_line(lending)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    await lending.give(loans.pop())
    await lending.give(await next_one)
    for loan in loans:
        await lending.give(loan)
    await all_free(lending, pool)


@pytest.mark.parametrize("sound", [True, False], ids=["a connection", "a place"])
@pytest.mark.parametrize("followed", [True, False], ids=["another waits", "nobody waits"])
async def test_waiter_who_is_cancelled_in_the_moment_of_his_turn(
    lending: Lending, pool: Pool, sound: bool, followed: bool
) -> None:
    loans = await all_taken(lending)
    gone = await in_line(lending)
    next_one = await in_line(lending) if followed else None
    if sound:
        await lending.give(loans.pop())
    else:
        lending._go_home(loans.pop())
        while len(lending._waiting) != int(followed):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
    assert len(lending._waiting) == int(followed), "his turn has come, and he has not run since"
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    if next_one is not None:
        await lending.give(await next_one)
    for loan in loans:
        await lending.give(loan)
    await all_free(lending, pool)


async def test_who_goes_away_while_he_connects(lending: Lending, pool: Pool) -> None:
    for steps in range(12):
        task = asyncio.create_task(lending.take())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        try:
            await lending.give(await task)
        except asyncio.CancelledError:
            assert task.cancelled()
    await all_free(lending, pool)


async def test_time_out_loses_no_place(pool: Pool) -> None:
    lending = Lending(pool, SIZE, 0.2)
    loans = [await pool.acquire() for _ in range(SIZE)]  # here the time is for waiting alone
    lending._out = SIZE
    for _ in range(2):
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await lending.take()
        assert time.monotonic() - began >= 0.19
    lending._seconds = 20
    waits = await in_line(lending)
    await lending.give(loans.pop())
    await lending.give(await waits)
    for loan in loans:
        await lending.give(loan)
    await all_free(lending, pool)


async def test_database_that_can_not_be_reached_loses_no_place() -> None:
    async with asyncpg.create_pool("postgresql://anjuan_app@127.0.0.1:1/none", min_size=0, max_size=1) as pool:
        lending = Lending(pool, 1, 20)
        for _ in range(3):
            with pytest.raises(OSError, match="Connect call failed"):
                await lending.take()
        assert lending.lent == 0


async def test_connection_that_ends_at_hand_is_not_lent_again(lending: Lending, pool: Pool, other: Any) -> None:
    loan = await lending.take()
    await lending.give(loan)
    await ended(other, loan)
    again = await lending.take()
    assert again is not loan
    await one(again)
    await lending.give(again)
    await all_free(lending, pool)


@pytest.mark.parametrize("well", [True, False])
async def test_connection_that_ends_while_lent_is_not_lent_again(
    lending: Lending, pool: Pool, other: Any, well: bool
) -> None:
    loans = await all_taken(lending)
    waits = await in_line(lending)
    await ended(other, loans[0])
    await (lending.give if well else lending.end)(loans[0])
    again = await waits
    assert again not in loans
    for loan in (again, *loans[1:]):
        await one(loan)
        await lending.give(loan)
    await all_free(lending, pool)


async def test_all_connections_end_at_once(lending: Lending, pool: Pool, other: Any) -> None:
    loans = await all_taken(lending)
    for loan in loans:
        await lending.give(loan)
    for loan in loans:
        await ended(other, loan)
    await all_free(lending, pool)


async def test_connection_left_in_a_transaction_is_cleared(lending: Lending, pool: Pool) -> None:
    loans = await all_taken(lending)
    waits = await in_line(lending)
    pid = loans[0].get_server_pid()
    await loans[0].execute("BEGIN")
    await loans[0].execute("CREATE TEMP TABLE left_behind (id int)")
    await lending.give(loans[0])
    again = await waits
    assert again is not loans[0], "it went through the pool"
    assert again.get_server_pid() == pid
    assert not again.is_in_transaction()
    assert await again.fetchval("SELECT to_regclass('left_behind')") is None
    for loan in (again, *loans[1:]):
        await lending.give(loan)
    await all_free(lending, pool)


async def test_connection_whose_statement_was_cancelled_is_cleared(lending: Lending, pool: Pool) -> None:
    loan = await lending.take()
    sleeps = asyncio.create_task(loan.fetchval("SELECT pg_sleep(60)"))
    await asyncio.sleep(0.05)
    sleeps.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeps
    await lending.end(loan)
    assert (lending.lent, used(pool)) == (0, 0)
    assert await lending.take() is not loan


async def test_close_returns_all_and_keeps_none_that_comes_later(lending: Lending, pool: Pool) -> None:
    loans = await all_taken(lending)
    await lending.give(loans[0])
    await lending.close()
    assert (lending.lent, used(pool)) == (2, 2)
    await lending.end(loans[1])
    closing = asyncio.create_task(pool.close())
    await asyncio.sleep(0)
    await lending.give(loans[2])
    await asyncio.wait_for(closing, 20)
    assert (lending.lent, pool.get_size()) == (0, 0)


async def test_idle_ones_go_home_now_and_then(lending: Lending, pool: Pool) -> None:
    loans = await all_taken(lending)
    for loan in loans[1:]:
        await lending.give(loan)
    lending._send_home()
    assert lending.lent == 1, "who is on the way home is in nobody's hands"
    await asyncio.gather(*lending._going_home)
    assert (lending.lent, used(pool)) == (1, 1)
    await lending.give(loans[0])
    assert lending._rest is not None, "the next time is set"
    await all_free(lending, pool)
