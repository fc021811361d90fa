"""PostgreSQL by asyncpg: one pool, one way to every statement, and faults told apart from mistakes.

A database that is gone, full, or slow is `Unavailable` (503) and heals without a restart: the pool opens connections
when they are asked for and forgets broken ones. SQLModel says what the tables are (`models.py` of each room, Alembic);
statements are plain SQL in each room's `repository.py` (docs/decisions/0002).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
import orjson
import structlog

from app.core.errors import AppError, Unavailable
from app.core.lending import Lending, Pool

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.pool.PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]
else:  # asyncpg's classes are generic for type checkers only
    Connection = asyncpg.pool.PoolConnectionProxy | asyncpg.Connection
Row: TypeAlias = asyncpg.Record
Verb: TypeAlias = Callable[..., Awaitable[Any]]
# The verbs of what the pool lends, looked up once.
_Proxy = asyncpg.pool.PoolConnectionProxy

_log = structlog.get_logger()

# Faults of the server or the way to it; all else that PostgreSQL says is a mistake of ours and stays a 500.
_FAULTS: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.PostgresIOError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)


def present(row: Row | None) -> Row:
    """Give a row that this transaction itself has written or holds; its absence would be a bug."""
    if row is None:
        raise RuntimeError("a row that must be there is not")
    return row


@asynccontextmanager
async def session_lock(connection: Connection, name: str, *, wait: bool = False) -> AsyncIterator[bool]:
    """Try a lock that belongs to the connection, or wait for it, and tell whether it was had.

    A process that dies frees it. A connection that could not give it back is ended, for the lock ends with it.
    """
    if wait:
        await connection.execute("SELECT pg_advisory_lock(hashtextextended($1, 17))", name)
    had = wait or await connection.fetchval("SELECT pg_try_advisory_lock(hashtextextended($1, 17))", name)
    try:
        yield bool(had)
    finally:
        if had and not connection.is_closed():
            try:
                await connection.execute("SELECT pg_advisory_unlock(hashtextextended($1, 17))", name)
            except BaseException:
                connection.terminate()
                raise


class OutcomeUnknown(Unavailable):
    """The connection broke during COMMIT: the act may or may not have happened."""

    code, title_en, title_zh = "outcome_unknown", "Outcome not known", "执行结果未知"


class SchemaMismatch(Unavailable):
    """The database has another schema than this version of the service needs."""

    code, title_en, title_zh = "schema_mismatch", "Database of another version", "数据库版本不匹配"


def fault_of(error: BaseException) -> Unavailable | None:
    """Give what a fault of the database is to a caller; None for what is none, a mistake of ours among them."""
    if isinstance(error, (asyncpg.InterfaceError, asyncpg.InternalClientError)):
        # asyncpg says "connection is closed" and "pool is closing" by the same class as it reports misuse; and between
        # a server's last word and the end of its connection it "cannot switch to state" of a next statement.
        if "clos" not in str(error) and "cannot switch to state" not in str(error):
            return None
    elif isinstance(error, AppError) or not isinstance(error, _FAULTS):
        return None
    return Unavailable("The database can't take this now; try again", "数据库暂时不可用,请稍后重试")


@contextmanager
def faults() -> Iterator[None]:
    """Turn faults of the database into `Unavailable`; let everything else pass."""
    try:
        yield
    except Exception as error:
        if (fault := fault_of(error)) is not None:
            raise fault from error
        raise


async def _set_codecs(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    # Binary, because COPY takes no text codec; the leading byte is jsonb's version number.
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + orjson.dumps(value, default=str),  # asyncpg has a UUID class of its own
        decoder=lambda data: orjson.loads(data[1:]),
    )


async def _leave_as_it_is(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Spare each return of a connection the statement that undoes what nobody here does.

    Settings, cursors and LISTEN are never left behind (no statement of this service makes them outlive its
    transaction), locks of a session are given back by `session_lock`, and asyncpg ends an open transaction itself.
    """


class Database:
    """A pool of connections of one process.

    Parameters: `url` of the application role; `expected_schema` is the revision that the tables must be at, None to
    take any; times are seconds.
    """

    def __init__(
        self,
        url: str,
        *,
        expected_schema: str | None,
        size: int = 10,
        acquire_seconds: float = 5.0,
        statement_seconds: float = 10.0,
        lock_seconds: float = 5.0,
    ) -> None:
        self._url, self._expected, self._size = url, expected_schema, size
        self._acquire_seconds, self._statement_seconds, self._lock_seconds = (
            acquire_seconds,
            statement_seconds,
            lock_seconds,
        )
        self._pool: Pool | None = None
        self._lending: Lending | None = None

    async def open(self) -> None:
        """Make the pool; no connection is opened yet, so a database that is down does not keep the service down."""
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=self._size,
            timeout=self._acquire_seconds,
            command_timeout=self._statement_seconds + 1,
            max_inactive_connection_lifetime=300,
            init=self._init,
            reset=_leave_as_it_is,
            server_settings={
                "application_name": "anjuan",
                "timezone": "UTC",
                "statement_timeout": str(int(self._statement_seconds * 1000)),
                "lock_timeout": str(int(self._lock_seconds * 1000)),
                "idle_in_transaction_session_timeout": "60000",
                # Statements are few and long, and planning one anew costs more than running it (docs/decisions/0011).
                "plan_cache_mode": "force_generic_plan",
            },
        )
        self._lending = Lending(self._pool, self._size, self._acquire_seconds)

    async def close(self) -> None:
        """Close all connections, waiting shortly for those in use."""
        if self._pool is not None:
            try:
                await self._opened().close()
                await asyncio.wait_for(self._pool.close(), timeout=5)
            except TimeoutError:
                self._pool.terminate()

    async def _init(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        await _set_codecs(connection)
        if self._expected is not None:
            await self._check_schema(connection)

    async def _check_schema(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        try:
            found = await connection.fetchval("SELECT version_num FROM alembic_version")
        except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
            found = None
        if found != self._expected:
            raise SchemaMismatch(
                f"The database has schema {found or 'none'}, this version needs {self._expected}: run `anjuan migrate`",
                f"数据库结构版本为 {found or '无'},本版本需要 {self._expected}:请运行 `anjuan migrate`",
            )

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection; faults within become `Unavailable`."""
        lending = self._opened()
        with faults():
            loan = await lending.take()
            try:
                yield loan
            except BaseException:
                await lending.end(loan)
                raise
            await lending.give(loan)

    def _opened(self) -> Lending:
        if self._lending is None:
            raise RuntimeError("the database is not open")
        return self._lending

    async def _one(self, verb: Verb, sql: str, args: Sequence[object]) -> Any:
        """Run one statement on a connection of its own: as `connection`, without the cost of its two managers."""
        lending = self._opened()
        try:
            loan = await lending.take()
            try:
                given = await verb(loan, sql, *args)
            except BaseException:
                await lending.end(loan)
                raise
            await lending.give(loan)
        except Exception as error:
            if (fault := fault_of(error)) is not None:
                raise fault from error
            raise
        return given

    async def fetch(self, sql: str, *args: object) -> list[Row]:
        """Run one statement and give its rows."""
        found: list[Row] = await self._one(_Proxy.fetch, sql, args)
        return found

    async def fetchrow(self, sql: str, *args: object) -> Row | None:
        """Run one statement and give its first row."""
        found: Row | None = await self._one(_Proxy.fetchrow, sql, args)
        return found

    async def fetchval(self, sql: str, *args: object) -> Any:
        """Run one statement and give the first column of its first row."""
        return await self._one(_Proxy.fetchval, sql, args)

    async def execute(self, sql: str, *args: object) -> str:
        """Run one statement and give its command tag."""
        tag: str = await self._one(_Proxy.execute, sql, args)
        return tag

    async def executemany(self, sql: str, records: Sequence[tuple[object, ...]]) -> None:
        """Run one statement with each of the records, in one go: all or none."""
        await self._one(_Proxy.executemany, sql, (records,))
