"""The one way to change anything: a transaction that carries its events and refuses to commit without one.

Nobody else begins or commits transactions on domain tables.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar
from uuid import UUID

import asyncpg
from pydantic import BaseModel

from app.core import idempotency
from app.core.actor import Actor, service_actor
from app.core.database import Connection, Database, OutcomeUnknown
from app.core.errors import Conflict, Unavailable
from app.core.etag import to_json
from app.events import recorder
from app.events.vocabulary import Event, EventType, Outcome, Subject

T = TypeVar("T", bound=BaseModel)


class Transaction:
    """A change under way: its connection, its actor, and the events that will commit with it."""

    __slots__ = ("_events", "_notices", "_result", "actor", "connection")

    def __init__(self, connection: Connection, actor: Actor) -> None:
        self.connection, self.actor = connection, actor
        self._events: list[Event] = []
        self._notices: list[Event] = []
        self._result: str | None = None

    def record(self, type_: EventType, subject: Subject, outcome: Outcome = Outcome.SUCCESS, **details: object) -> None:
        """Add the event of this change; it commits with the change or neither does."""
        self._events.append(Event(type_, subject, outcome, details))

    def notice(self, type_: EventType, subject: Subject, **details: object) -> None:
        """Add an event by which the service tells its keepers something that the actor must not learn."""
        self._notices.append(Event(type_, subject, details=details))

    def result(self, result: T) -> T:
        """Name the result of the act: it is kept for a repeated request, and given back for `return`."""
        if self.actor.origin.idempotency is not None:
            self._result = to_json(result).decode()
        return result

    async def finish(self) -> None:
        if not self._events:
            raise RuntimeError("a unit of work may not commit without an event")
        await recorder.write(self.connection, self.actor, self._events)
        if self._notices:
            origin = self.actor.origin
            service = service_actor(origin.method, origin.route, origin.request_id)
            await recorder.write(self.connection, service, self._notices)
        if self.actor.origin.idempotency is not None:
            if self._result is None:
                raise RuntimeError("an act with an Idempotency-Key must name its result")
            about = self._events[0].subject
            client_id = about.id if about.type == "client" else None
            await idempotency.keep(self.connection, self.actor, self._result, about.dossier_id, client_id)


class Repeats(Protocol):
    """What this room asks of the one above it: whether an act that was done before may be told of again."""

    async def require_repeatable(
        self, connection: Connection, actor: Actor, dossier_id: UUID | None, client_id: UUID | None
    ) -> None:
        """Let the first answer be given again, or record the refusal and raise NotFound."""


class UnitOfWork:
    """Begins transactions on the application's database.

    Parameters: `repeats` judges whether the first answer of an act may be given again.
    """

    def __init__(self, database: Database, repeats: Repeats | None = None) -> None:
        self._database, self._repeats = database, repeats

    @asynccontextmanager
    async def begin(self, actor: Actor) -> AsyncIterator[Transaction]:
        """Begin a transaction for `actor`; commit at the end of the block, roll back on any exception.

        Raises idempotency.Replay when the actor's Idempotency-Key has done this act before, Unavailable when the
        database can't take the change (nothing happened), OutcomeUnknown when the connection broke during COMMIT.
        """
        async with self._database.connection() as connection:
            transaction = connection.transaction()
            await transaction.start()
            work = Transaction(connection, actor)
            try:
                await self._take(connection, actor)
                yield work
                await work.finish()
            except asyncpg.UniqueViolationError as error:
                # The services look first; this is somebody else doing the same in the same instant.
                await transaction.rollback()
                raise Conflict("The same was just done by somebody else", "其他人刚刚完成了相同的操作") from error
            except BaseException:
                if not connection.is_closed():
                    await transaction.rollback()
                raise
            await _commit(transaction)

    async def _take(self, connection: Connection, actor: Actor) -> None:
        try:
            await idempotency.take(connection, actor)
        except idempotency.Replay as replay:
            if self._repeats is not None:
                await self._repeats.require_repeatable(connection, actor, replay.dossier_id, replay.client_id)
            raise


# The ways a connection ends. The server also says so by an error (57P0x) after it has written the commit, when it is
# told to end the session before its answer is out, so these leave the outcome open too.
_BROKEN = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)


async def _commit(transaction: asyncpg.transaction.Transaction) -> None:
    try:
        await transaction.commit()
    except _BROKEN as error:
        raise OutcomeUnknown(
            "The database went away while committing; repeat the request with the same Idempotency-Key",
            "提交时数据库中断,请以相同的 Idempotency-Key 重试",
        ) from error
    except asyncpg.PostgresError as error:
        raise Unavailable("The database could not commit; nothing was done", "数据库无法提交,未执行任何操作") from error
