"""Asking for personal data in events to be erased, and deciding on it.

The director answers for the data and asks; an auditor guards the record and decides. The auditor asks too, and another
one decides. Nobody decides on his own request, and nobody takes part where the events tell of himself
(docs/decisions/0028-redaction.md).
"""

from datetime import timedelta
from typing import NoReturn
from uuid import UUID

from app.access.errors import AlreadyDecided
from app.access.gate import Gate
from app.access.schemas import Decision
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Connection, Database, Row
from app.core.ids import new_id
from app.core.pagination import Cursors, Page, PageRequest, SortKey, parse_uuid
from app.core.sql import Where, insert, update
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import Subject
from app.redaction import repository
from app.redaction.choosing import choose
from app.redaction.errors import OwnTraces, RedactionExpired, repeats_erased
from app.redaction.events import (
    REDACTION_DECIDED,
    REDACTION_REQUESTED,
    REDACTION_VIEWED,
)
from app.redaction.models import EventRedaction
from app.redaction.schemas import RedactionCreate, RedactionEventOut, RedactionOut, RedactionState
from app.reports.events import REDACTION_EVENTS_LISTED, REDACTIONS_LISTED

_ORDER = (SortKey("r.id", "id", parse_uuid, descending=True),)
_ITEM_ORDER = (SortKey("i.event_id", "event_id", parse_uuid),)
_OPEN = timedelta(days=30)


class RedactionService:
    """Takes, decides and shows requests to erase."""

    def __init__(self, database: Database, uow: UnitOfWork, recorder: Recorder, gate: Gate, cursors: Cursors) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._cursors = cursors

    async def ask(self, actor: Actor, data: RedactionCreate) -> RedactionOut:
        """Ask for fields of events to be erased; nothing is, until somebody else approves.

        Raises what `choose` raises, OwnTraces where an event is about the actor, Invalid for a reason that repeats what
        is to be erased.
        """
        subject = Subject("event_redaction", dossier_id=data.filter.dossier_id if data.filter else None)
        await self._gate.require(actor, "event.redact", subject)
        async with self._uow.begin(actor) as tx:
            chosen = await choose(tx.connection, actor, data)
            if chosen.own:
                await self._refuse_own(actor, "event.redact", subject)
            if chosen.repeated:
                raise repeats_erased()
            moment = now()
            asked = EventRedaction(
                id=new_id(), requested_by=actor.id, requested_at=moment, expires_at=moment + _OPEN, state="pending",
                reason=data.reason, fields=data.fields, dossier_id=chosen.dossier_id,
                filter=data.filter.told() if data.filter else None,
                event_count=chosen.count,
            )  # fmt: skip
            await insert(tx.connection, asked)
            await repository.cover(tx.connection, chosen.items(asked.id))
            tx.record(
                REDACTION_REQUESTED, Subject("event_redaction", asked.id, dossier_id=asked.dossier_id),
                fields=asked.fields, filter=asked.filter, event_count=asked.event_count, reason=asked.reason,
            )  # fmt: skip
            return tx.result(_out(await repository.reread(tx.connection, asked.id)))

    async def decide(self, actor: Actor, redaction_id: UUID, data: Decision) -> RedactionOut:
        """Approve a request, which the worker then carries out, or refuse it.

        Raises AlreadyDecided, RedactionExpired; OwnTraces and Invalid as `ask` does.
        """
        act = "event.decide_redaction"
        await self._gate.require(actor, act, Subject("event_redaction", redaction_id))
        async with self._uow.begin(actor) as tx:
            row = await self._found(actor, act, redaction_id, await repository.lock(tx.connection, actor, redaction_id))
            await self._require_other(tx.connection, actor, act, row, data.reason)
            if row["state"] == RedactionState.EXPIRED:
                raise RedactionExpired("Nobody decided in time: ask anew", "申请已过期,请重新申请")
            if row["state"] != RedactionState.PENDING:
                raise AlreadyDecided("This request has been decided", "该申请已有决定")
            state = RedactionState.APPROVED if data.decision == "approve" else RedactionState.REFUSED
            decided = {"decided_by": actor.id, "decided_at": now(), "decision_reason": data.reason}
            await update(tx.connection, EventRedaction, redaction_id, {"state": state.value, **decided})
            tx.record(
                REDACTION_DECIDED, _subject(row), **data.model_dump(), requested_by=str(row["requested_by_id"])
            )  # fmt: skip
            return tx.result(_out(await repository.reread(tx.connection, redaction_id)))

    async def _require_other(self, connection: Connection, actor: Actor, act: str, row: Row, reason: str) -> None:
        if row["requested_by_id"] == actor.user_id:
            await self._gate.forbid(actor, act, _subject(row), "not_ones_own")
        covered = await repository.covered(connection, actor, row["id"], row["fields"], reason)
        if covered["own"]:
            await self._refuse_own(actor, act, _subject(row))
        if covered["repeated"]:
            raise repeats_erased()

    async def _refuse_own(self, actor: Actor, act: str, subject: Subject) -> NoReturn:
        error = OwnTraces("Nobody takes part in erasing what is told of himself", "不得参与清除涉及本人的事件")
        await self._gate.forbid(actor, act, subject, "own_traces", error)

    async def get(self, actor: Actor, redaction_id: UUID) -> RedactionOut:
        """Give a request."""
        row = await self._read(actor, redaction_id)
        await self._recorder.read(actor, REDACTION_VIEWED, _subject(row))
        return _out(row)

    async def page(self, actor: Actor, state: str | None, page: PageRequest) -> Page[RedactionOut]:
        """List requests, newest first: those of whose events the actor reads every one."""
        await self._gate.require(actor, "event.read_redaction", Subject("event_redaction"))
        where = Where()
        repository.in_state(where, state)
        where.conditions.append(repository.knows(actor, where))
        order = page.apply(self._cursors, where, _ORDER)
        rows, cursor = page.page_of(self._cursors, await repository.redactions(self._database, where, order), _ORDER)
        await self._recorder.read(
            actor, REDACTIONS_LISTED, Subject("event_redaction"), filter={"state": state},
            returned=[str(row["id"]) for row in rows],
        )  # fmt: skip
        return Page(items=[_out(row) for row in rows], next=cursor)

    async def events(self, actor: Actor, redaction_id: UUID, page: PageRequest) -> Page[RedactionEventOut]:
        """List the events of a request by their ids."""
        row = await self._read(actor, redaction_id)
        where = Where()
        where.add("i.redaction_id = {}", redaction_id)
        order = page.apply(self._cursors, where, _ITEM_ORDER)
        found = await repository.items(self._database, where, order)
        rows, cursor = page.page_of(self._cursors, found, _ITEM_ORDER)
        await self._recorder.read(
            actor, REDACTION_EVENTS_LISTED, _subject(row), returned=[str(item["event_id"]) for item in rows]
        )
        return Page(items=[RedactionEventOut.model_validate(dict(item)) for item in rows], next=cursor)

    async def _read(self, actor: Actor, redaction_id: UUID) -> Row:
        act = "event.read_redaction"
        await self._gate.require(actor, act, Subject("event_redaction", redaction_id))
        return await self._found(
            actor, act, redaction_id, await repository.redaction(self._database, actor, redaction_id)
        )

    async def _found(self, actor: Actor, act: str, redaction_id: UUID, row: Row | None) -> Row:
        if row is None:
            await self._gate.hide(actor, act, Subject("event_redaction", redaction_id))
        return row


def _subject(row: Row) -> Subject:
    return Subject("event_redaction", row["id"], dossier_id=row["dossier_id"])


def _out(row: Row) -> RedactionOut:
    return RedactionOut.model_validate({name: row[name] for name in RedactionOut.model_fields})
