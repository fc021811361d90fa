"""Reading the events: who did and saw what. Reading events is an event too.

Source: `docs/access.md` (acts, events) — the auditor and the director read all, of sealed dossiers that they are not
named on with labels and details masked; a lead lawyer reads those of his dossiers; everybody reads his own.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.access.gate import Gate
from app.core.actor import Actor
from app.core.database import Database, Row
from app.core.ids import first_id_at, new_id
from app.core.pagination import Cursors, Page, PageRequest, SortKey, parse_uuid
from app.core.schema import Output, Timestamp
from app.core.sql import Where
from app.events.recorder import Recorder
from app.events.vocabulary import Outcome, Subject
from app.reports.event_sight import masked, of_dossier, readable
from app.reports.event_traces import Details, told
from app.reports.events import EVENT_EXPORTED, EVENT_LISTED, EVENT_VIEWED

_ORDER = (SortKey("v.id", "id", parse_uuid, descending=True),)
# An id is made a moment before its event's time is taken; the bounds on ids only spare partitions.
_SLACK = timedelta(seconds=5)
# No event lies outside; times beyond these can't be reckoned with.
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
# Events that an export holds at a time.
_GROUP = 500


class EventActor(Output):
    """Who acted, as he was named and what he was at the time."""

    id: UUID | None
    display_name: str
    roles: list[str]


class EventVia(Output):
    """The program that acted for the actor."""

    id: UUID
    name: str


class EventSubject(Output):
    """What it was about, as it was labelled at the time."""

    type: str
    id: UUID | None
    label: str | None


class EventOut(Output):
    """One event; `masked` when label and details are hidden from the reader."""

    id: UUID
    recorded_at: Timestamp
    type: str
    outcome: Outcome
    actor: EventActor
    via: EventVia | None
    subject: EventSubject
    dossier_id: UUID | None
    entry_id: UUID | None
    request_id: str
    ip: str | None
    user_agent: str | None
    method: str
    route: str
    details: dict[str, Any] | None
    masked: bool


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What a list of events is narrowed to; `since` is inclusive, `until` is not."""

    dossier_id: UUID | None = None
    entry_id: UUID | None = None
    actor_id: UUID | None = None
    type: str | None = None
    outcome: Outcome | None = None
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class EventLog:
    """Reads events for those who may."""

    def __init__(self, database: Database, recorder: Recorder, gate: Gate, cursors: Cursors) -> None:
        self._database, self._recorder, self._gate, self._cursors = database, recorder, gate, cursors

    async def page(self, actor: Actor, filter_: EventFilter, page: PageRequest) -> Page[EventOut]:
        """List events, newest first."""
        where = conditions(filter_)
        order = page.apply(self._cursors, where, _ORDER)
        rows = await self._rows(actor, filter_, where, order)
        kept, cursor = page.page_of(self._cursors, rows, _ORDER)
        await self._recorder.read(
            actor, EVENT_LISTED, Subject("event", dossier_id=filter_.dossier_id, entry_id=filter_.entry_id),
            filter=_trace(filter_), returned=[str(row["id"]) for row in kept],
        )  # fmt: skip
        return Page(items=await self._told(actor, kept), next=cursor)

    async def export(self, actor: Actor, filter_: EventFilter, form: str) -> AsyncGenerator[list[EventOut], None]:
        """Record the reading, then give all events that stand by now, newest first, in groups of constant size.

        The event names the filter and the id before which they lie, for ids of a whole year are no detail: what was
        shown can be told from these, as events only ever come behind. `form` says in which form they go out.
        """
        begun = new_id()
        first = await self._before(actor, filter_, begun)
        await self._recorder.read(
            actor, EVENT_EXPORTED, Subject("event", dossier_id=filter_.dossier_id, entry_id=filter_.entry_id),
            form=form, filter=_trace(filter_), before=str(begun),
        )  # fmt: skip
        return self._groups(actor, filter_, first)

    async def _groups(
        self, actor: Actor, filter_: EventFilter, rows: list[Row]
    ) -> AsyncGenerator[list[EventOut], None]:
        # A statement for each group, so that a slow reader holds no connection and a wall bites in the middle.
        while rows:
            yield await self._told(actor, rows)
            rows = await self._before(actor, filter_, rows[-1]["id"])

    async def _before(self, actor: Actor, filter_: EventFilter, event_id: UUID) -> list[Row]:
        where = conditions(filter_)
        where.add("v.id < {}", event_id)
        return await self._rows(actor, filter_, where, f"ORDER BY v.id DESC LIMIT {_GROUP}")

    async def _rows(self, actor: Actor, filter_: EventFilter, where: Where, order: str) -> list[Row]:
        if filter_.dossier_id is not None:
            where.conditions.append(of_dossier(actor, where, filter_.dossier_id))
        hides = masked(actor, where)
        where.conditions.append(readable(actor, where))
        return await self._database.fetch(
            f"SELECT v.*, {hides} AS masked FROM events v WHERE {where.text} {order}",
            *where.args,
        )

    async def _told(self, actor: Actor, rows: Sequence[Row]) -> list[EventOut]:
        return [_out(row, details) for row, details in zip(rows, await told(self._database, actor, rows), strict=True)]

    async def get(self, actor: Actor, event_id: UUID) -> EventOut:
        """Give one event."""
        where = Where(event_id)
        hides = masked(actor, where)
        row = await self._database.fetchrow(
            f"SELECT v.*, {hides} AS masked FROM events v WHERE v.id = $1 AND {readable(actor, where)}",
            *where.args,
        )
        row = await self._gate.judge(actor, "event.read", Subject("event", event_id), row)
        await self._recorder.read(
            actor, EVENT_VIEWED, Subject("event", event_id, row["type"], row["dossier_id"], row["entry_id"])
        )
        return (await self._told(actor, [row]))[0]


def conditions(filter_: EventFilter) -> Where:
    """Give the conditions of a filter on event `v`, all but its dossier."""
    where = Where()
    for name in ("entry_id", "actor_id", "type", "outcome", "request_id"):
        where.optional(f"v.{name} = {{}}", getattr(filter_, name))
    if filter_.since is not None:
        since = min(max(filter_.since, _FIRST), _LAST)
        where.add("v.recorded_at >= {} AND v.id >= {}", since, first_id_at(since - _SLACK))
    if filter_.until is not None:
        until = min(max(filter_.until, _FIRST), _LAST)
        where.add("v.recorded_at < {} AND v.id < {}", until, first_id_at(until + _SLACK))
    return where


def _trace(filter_: EventFilter) -> dict[str, str]:
    values = {field.name: getattr(filter_, field.name) for field in fields(filter_)}
    return {name: str(value) for name, value in values.items() if value is not None}


def _out(row: Row, details: Details) -> EventOut:
    plain = EventOut.model_fields.keys() - {"actor", "via", "subject"}
    label = None if row["masked"] else row["subject_label"]
    return EventOut.model_validate(
        {
            **{name: row[name] for name in plain},
            "details": details,
            "actor": {"id": row["actor_id"], "display_name": row["actor_name"], "roles": row["actor_roles"]},
            "via": {"id": row["via_id"], "name": row["via_name"]} if row["via_id"] else None,
            "subject": {"type": row["subject_type"], "id": row["subject_id"], "label": label},
        }
    )
