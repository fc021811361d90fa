"""Writes events: with the change in its transaction, or for reads and refusals in groups before the answer leaves.

Never answers "recorded" before the event is durable, and never drops one: if it can't be stored, the act fails.
"""

import asyncio
from contextlib import suppress
from typing import TypeAlias

from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Connection, Database
from app.core.errors import AppError, Unavailable
from app.core.ids import new_id
from app.events.vocabulary import Event, EventType, Outcome, Subject

COLUMNS = (
    "id", "recorded_at", "type", "outcome", "actor_id", "actor_name", "actor_roles", "via_id", "via_name",
    "subject_type", "subject_id", "subject_label", "dossier_id", "entry_id", "request_id", "ip", "user_agent",
    "method", "route", "details",
)  # fmt: skip
_INSERT = f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES ({', '.join(f'${n}' for n in range(1, len(COLUMNS) + 1))})"
_LARGEST_GROUP = 500

Record: TypeAlias = tuple[object, ...]
_Waiting: TypeAlias = tuple[Record, asyncio.Future[None]]


def as_record(actor: Actor, event: Event) -> Record:
    """Lay an event out in the order of COLUMNS."""
    origin, subject, via = actor.origin, event.subject, actor.via
    return (
        new_id(), now(), event.type.name, event.outcome.value, actor.user_id, actor.display_name, sorted(actor.roles),
        via and via.id, via and via.name, subject.type, subject.id, subject.label, subject.dossier_id,
        subject.entry_id, origin.request_id, origin.ip, origin.user_agent, origin.method, origin.route, event.details,
    )  # fmt: skip


async def write(connection: Connection, actor: Actor, events: list[Event]) -> None:
    """Insert the events of a change on the connection of its transaction."""
    for event in events:
        await connection.execute(_INSERT, *as_record(actor, event))


class Recorder:
    """Records reads and refusals: many requests share one commit, and each waits until its own event is durable.

    A single task writes; what arrives while it writes forms the next group, so under load groups grow and a lone
    request waits for nobody. It has a database pool of its own: a caller who holds a connection can't starve it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def read(self, actor: Actor, type_: EventType, subject: Subject, **details: object) -> None:
        """Record that the actor was shown something; returns once durable."""
        await self.record(actor, Event(type_, subject, details=details))

    async def refused(self, actor: Actor, type_: EventType, subject: Subject, **details: object) -> None:
        """Record that the actor was refused something; returns once durable."""
        await self.record(actor, Event(type_, subject, Outcome.DENIED, details))

    async def failed(self, actor: Actor, type_: EventType, subject: Subject, **details: object) -> None:
        """Record that an act of the actor failed and nothing of it was kept; returns once durable."""
        await self.record(actor, Event(type_, subject, Outcome.FAILED, details))

    async def record(self, actor: Actor, event: Event) -> None:
        """Record one event in a transaction apart from any change; Unavailable if it can't be stored."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((as_record(actor, event), done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_groups(), name="event-recorder")
        # A caller who goes away takes nothing with him: the group is written all the same.
        await asyncio.shield(done)

    async def close(self) -> None:
        """Wait until everything handed over is written."""
        while self._writer is not None:
            with suppress(asyncio.CancelledError):
                await asyncio.shield(self._writer)

    async def _write_groups(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[:_LARGEST_GROUP], self._waiting[_LARGEST_GROUP:]
                await self._write(group)
        finally:
            self._writer = None

    async def _write(self, group: list[_Waiting]) -> None:
        try:
            await self._database.executemany(_INSERT, [record for record, _ in group])
        except AppError as error:
            _tell(group, error)
        except Exception as error:  # noqa: BLE001 - the waiting callers must hear of it, whatever it is
            if len(group) > 1:
                # One of them is unfit for the table; the others must not suffer for it.
                for waiting in group:
                    await self._write([waiting])
                return
            unavailable = Unavailable("The event could not be stored", "事件无法记录")
            unavailable.__cause__ = error
            _tell(group, unavailable)
        else:
            _tell(group, None)


def _tell(group: list[_Waiting], error: AppError | None) -> None:
    for _, done in group:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
