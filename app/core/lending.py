"""Connections of a pool, kept at hand between two statements.

asyncpg's pool lends with care: a timer, a task and a proxy for each loan, and as many for each return. Next to a read
by primary key that is a good part of the work. So what comes back sound stays out of the pool for the next who asks, as
long as nobody waits for the pool, and goes home now and then. All else the pool does as ever: connecting, the limit, the
queue, and the clearing up after a statement that broke off.
"""

import asyncio
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
    """Lends the connections of one pool. Parameters: `seconds` is how long somebody may wait for one."""

    def __init__(self, pool: Pool, seconds: float) -> None:
        self._pool, self._seconds = pool, seconds
        self._at_hand: list[Loan] = []
        self._waiting = 0
        self._rest: asyncio.TimerHandle | None = None
        self._going_home: set[asyncio.Task[None]] = set()

    async def take(self) -> Loan:
        """Lend a connection; TimeoutError and asyncpg's errors when there is none."""
        while self._at_hand:
            loan = self._at_hand.pop()
            if not _broken(loan):
                return loan
            await self.end(loan)
        self._waiting += 1
        try:
            return await self._pool.acquire(timeout=self._seconds)
        finally:
            self._waiting -= 1

    async def give(self, loan: Loan) -> None:
        """Take a connection back whose work has ended well."""
        if self._waiting or _broken(loan) or loan.is_in_transaction():
            await self.end(loan)
            return
        self._at_hand.append(loan)
        if self._rest is None:
            self._rest = asyncio.get_running_loop().call_later(_REST_SECONDS, self._send_home)

    async def end(self, loan: Loan) -> None:
        """Return a connection to the pool, which clears up after it; one that broke is dropped in silence.

        Raised here, a fault would turn an act that was committed into one that seems not to have happened.
        """
        try:
            await self._pool.release(loan)
        except _ENDS as error:
            _log.warning("connection broke after its work", error=type(error).__name__)

    def _send_home(self) -> None:
        # All of them now and then, also in a rush: the pool counts what a connection has done, and ends old ones.
        self._rest = None
        for loan in self._at_hand:
            task = asyncio.ensure_future(self.end(loan))
            self._going_home.add(task)
            task.add_done_callback(self._going_home.discard)
        self._at_hand = []

    async def close(self) -> None:
        """Return what is at hand; the pool waits for the rest."""
        if self._rest is not None:
            self._rest.cancel()
        self._send_home()
        await asyncio.gather(*self._going_home)


def _broken(loan: Loan) -> bool:
    try:
        return loan.is_closed()
    except asyncpg.InterfaceError:  # the pool has seen it end, and taken it off whoever has it
        return True
