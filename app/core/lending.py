"""Connections of a pool, kept at hand between two statements.

asyncpg's pool lends with care: a timer, a task and a proxy for each loan, and as many for each return. Next to a read
by primary key that is a good part of the work. So what comes back sound goes to the next who waits, or stays at hand
for the next who asks. All else the pool does as ever: connecting, the limit, the inactive ones, and the clearing up
after a statement that broke off.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, TypeAlias

import asyncpg
import structlog

# asyncpg's classes are generic for type checkers only.
if TYPE_CHECKING:
    Loan: TypeAlias = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Loan, Pool = asyncpg.pool.PoolConnectionProxy, asyncpg.Pool

# What a connection may end with whose server died, restarted or does not answer.
_ENDS: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresIOError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
_REST_SECONDS = 5.0

_log = structlog.get_logger()


class Lending:
    """Lends the connections of one pool.

    Parameters: `size` is the most that the pool gives, `seconds` how long somebody may wait for one.
    """

    def __init__(self, pool: Pool, size: int, seconds: float) -> None:
        self._pool, self._size, self._seconds = pool, size, seconds
        self._out = 0  # of the pool, whether lent or at hand
        self._at_hand: list[Loan] = []
        # Who waits is given a loan, or None for a place that has become free in the pool.
        self._waiting: deque[asyncio.Future[Loan | None]] = deque()
        self._rest: asyncio.TimerHandle | None = None
        self._going_home: set[asyncio.Task[None]] = set()
        self._closing = False

    @property
    def lent(self) -> int:
        """How many connections are in somebody's hands."""
        return self._out - len(self._at_hand) - sum(not task.done() for task in self._going_home)

    async def take(self) -> Loan:
        """Lend a connection; TimeoutError and asyncpg's errors when there is none."""
        while self._at_hand:
            loan = self._at_hand.pop()
            if not _broken(loan):
                return loan
            await self.end(loan)
        if self._out >= self._size:
            waited = await self._wait()
            if waited is not None:
                return waited
        else:
            self._out += 1
        try:
            return await self._pool.acquire(timeout=self._seconds)
        except BaseException:
            self._free_place()
            raise

    async def _wait(self) -> Loan | None:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[Loan | None] = loop.create_future()
        timer = loop.call_later(self._seconds, _give_up, turn)
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            # Perhaps his turn came in the very moment in which he went away.
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                loan = turn.result()
                if loan is None:
                    self._free_place()
                else:
                    await self.give(loan)
            raise
        finally:
            timer.cancel()

    async def give(self, loan: Loan) -> None:
        """Take a connection back whose work has ended well."""
        if self._closing or _broken(loan) or loan.is_in_transaction():
            await self.end(loan)
        elif not self._hand_over(loan):
            self._at_hand.append(loan)
            if self._rest is None:
                self._rest = asyncio.get_running_loop().call_later(_REST_SECONDS, self._send_home)

    async def end(self, loan: Loan) -> None:
        """Return a connection to the pool, which clears up after it; one that broke is dropped in silence.

        Raised here, a fault would turn an act that was committed into one that seems not to have happened.
        """
        await asyncio.shield(self._go_home(loan))  # whoever goes away meanwhile leaves no place half free

    def _go_home(self, loan: Loan) -> "asyncio.Task[None]":
        task = asyncio.create_task(self._release(loan))
        self._going_home.add(task)
        task.add_done_callback(self._going_home.discard)
        return task

    async def _release(self, loan: Loan) -> None:
        try:
            await self._pool.release(loan)
        except _ENDS as error:
            _log.warning("connection broke after its work", error=type(error).__name__)
        finally:
            self._free_place()

    def _free_place(self) -> None:
        if not self._hand_over(None):
            self._out -= 1

    def _hand_over(self, what: Loan | None) -> bool:
        """Give the first who still waits his turn; tell whether there was one."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(what)
                return True
        return False

    def _send_home(self) -> None:
        # Now and then, also in a rush: the pool counts what a connection has done, and ends old ones.
        self._rest = None
        idle, self._at_hand = self._at_hand, []
        for loan in idle:
            self._go_home(loan)

    async def close(self) -> None:
        """Return what is at hand; the pool waits for the rest, which goes straight to it."""
        self._closing = True
        if self._rest is not None:
            self._rest.cancel()
        self._send_home()
        await asyncio.gather(*self._going_home)


def _broken(loan: Loan) -> bool:
    try:
        return loan.is_closed()
    except asyncpg.InterfaceError:  # the pool has seen it end, and taken it off whoever has it
        return True


def _give_up(turn: "asyncio.Future[Loan | None]") -> None:
    if not turn.done():
        turn.set_exception(TimeoutError())
