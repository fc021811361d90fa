"""Intakes (接待、咨询登记): who came to the firm, what about, who received him, and what came of it.

Source: domain/workflow.md section 1. Whom the firm turned away stays in the register. Never opens a dossier: an intake
names the one that it led to.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from app.access.fitness import people_for_clients, require_fit
from app.access.gate import Gate
from app.auth.roles import Level
from app.clients import intakes_repository as repository
from app.clients.errors import IntakeDecided
from app.clients.events import INTAKE_CHANGED, INTAKE_CREATED, INTAKE_DECIDED, INTAKE_LISTED, INTAKE_VIEWED
from app.clients.identifiers import mask
from app.clients.intake_schemas import (
    IntakeChange,
    IntakeCreate,
    IntakeFilter,
    IntakeOut,
    IntakeOutcome,
    IntakeState,
    Visitor,
)
from app.clients.models import Intake
from app.clients.service import ClientService
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Connection, Database, Row
from app.core.errors import Invalid
from app.core.etag import changed, require_match
from app.core.idempotency import Replay
from app.core.ids import new_id
from app.core.pagination import Cursors, Page, PageRequest, SortKey, parse_uuid
from app.core.sql import Where, insert, update
from app.events.recorder import Recorder
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject

_ORDER = (SortKey("i.id", "id", parse_uuid, descending=True),)


class IntakeService:
    """Registers intakes, changes them while they are open, and says what came of them."""

    def __init__(
        self,
        database: Database,
        uow: UnitOfWork,
        recorder: Recorder,
        gate: Gate,
        clients: ClientService,
        cursors: Cursors,
    ) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._clients, self._cursors = clients, cursors

    async def create(self, actor: Actor, data: IntakeCreate) -> IntakeOut:
        """Register an intake; Invalid for a client that the actor may not know of, PersonUnfit for the receiver."""
        await self._gate.require(actor, "intake.create", Subject("intake", label=data.visitor.name))
        async with self._begin(actor) as tx:
            await self._clients.refs(tx.connection, actor, data.client_ids)
            if data.received_by is not None:
                await _require_receiver(tx.connection, data.received_by, data.client_ids)
            moment = now()
            intake = Intake(
                id=new_id(), came_on=data.came_on, channel=data.channel.value, about=data.about, remarks=data.remarks,
                received_by=data.received_by or actor.id, state=IntakeState.OPEN.value, created_by=actor.id,
                created_at=moment, updated_at=moment, **_columns(data.visitor),
            )  # fmt: skip
            await insert(tx.connection, intake)
            await repository.replace_clients(tx.connection, intake.id, data.client_ids)
            out = intake_out(await repository.reread(tx.connection, actor, intake.id))
            new = out.model_dump(mode="json", exclude={"clients"})
            tx.record(INTAKE_CREATED, Subject("intake", intake.id, data.visitor.name), new=new)
            return tx.result(out)

    async def change(self, actor: Actor, intake_id: UUID, data: IntakeChange, if_match: str | None) -> IntakeOut:
        """Change an open intake that the actor received or registered. Raises IntakeDecided once decided."""
        async with self._begin(actor) as tx:
            # Before the intake, as everybody takes them: merging goes from clients to their intakes.
            await self._clients.hold(tx.connection, actor, data.client_ids or [])
            row = await self._handled(tx, "intake.change", intake_id)
            before = intake_out(row)
            require_match(if_match, before)
            _require_open(row)
            await self._apply(tx, before, data)
            after = intake_out(await repository.reread(tx.connection, actor, intake_id))
            tx.record(INTAKE_CHANGED, _subject(row), changed=changed(before, after, but={"clients"}))
            return tx.result(after)

    async def _apply(self, tx: Transaction, before: IntakeOut, data: IntakeChange) -> None:
        changes: dict[str, Any] = data.model_dump(exclude_unset=True, exclude={"visitor", "client_ids"})
        if data.channel is not None:
            changes["channel"] = data.channel.value
        if data.visitor is not None:
            changes |= _columns(data.visitor)
        kept = await repository.client_ids(tx.connection, before.id)
        if data.client_ids is not None:
            new = [client_id for client_id in data.client_ids if client_id not in before.client_ids]
            await self._clients.refs(tx.connection, tx.actor, new)
            # Those whom the actor does not see are not his to take away.
            kept = [*data.client_ids, *(one for one in kept if one not in {*before.client_ids, *data.client_ids})]
            await repository.replace_clients(tx.connection, before.id, kept)
        if data.received_by is not None and data.received_by != before.received_by.id:
            await _require_receiver(tx.connection, data.received_by, kept)
        await update(tx.connection, Intake, before.id, {**changes, "updated_at": now()})

    async def decide(self, actor: Actor, intake_id: UUID, data: IntakeOutcome) -> IntakeOut:
        """Say what came of an intake, once. Raises IntakeDecided, Invalid for a dossier that the actor does not see."""
        async with self._begin(actor) as tx:
            row = await self._handled(tx, "intake.decide", intake_id)
            _require_open(row)
            if data.dossier_id is not None:
                await _require_dossier(tx.connection, actor, data.dossier_id)
            moment = now()
            changes = {
                "state": data.outcome.value, "reason": data.reason, "dossier_id": data.dossier_id,
                "decided_by": actor.id, "decided_at": moment, "updated_at": moment,
            }  # fmt: skip
            await update(tx.connection, Intake, intake_id, changes)
            tx.record(
                INTAKE_DECIDED, Subject("intake", intake_id, row["visitor_name"], data.dossier_id),
                state=data.outcome.value, reason=data.reason,
            )  # fmt: skip
            return tx.result(intake_out(await repository.reread(tx.connection, actor, intake_id)))

    async def get(self, actor: Actor, intake_id: UUID) -> IntakeOut:
        """Give an intake that the actor sees."""
        row = await repository.find(self._database, actor, intake_id)
        row = await self._gate.judge(actor, "intake.read", Subject("intake", intake_id), row)
        await self._recorder.read(actor, INTAKE_VIEWED, _subject(row), whole=row["whole"])
        return intake_out(row)

    async def page(self, actor: Actor, filter_: IntakeFilter, page: PageRequest) -> Page[IntakeOut]:
        """List the intakes that the actor sees, newest first."""
        await self._gate.require(actor, "intake.read", Subject("intake"))
        where = Where()
        where.optional("i.state = {}", filter_.state)
        where.optional("i.received_by = {}", filter_.received_by)
        where.optional("i.came_on >= {}", filter_.came_from)
        where.optional("i.came_on <= {}", filter_.came_to)
        if filter_.client_id is not None:
            where.conditions.append(repository.about_client(actor, where, filter_.client_id))
        order = page.apply(self._cursors, where, _ORDER)
        rows, cursor = page.page_of(self._cursors, await repository.page(self._database, actor, where, order), _ORDER)
        await self._recorder.read(
            actor, INTAKE_LISTED, Subject("intake"), filter=_trace(filter_), returned=[str(row["id"]) for row in rows]
        )
        return Page(items=[intake_out(row) for row in rows], next=cursor)

    async def follow_merge(self, tx: Transaction, merged_id: UUID, into_id: UUID) -> None:
        """Let the intakes about a client be about the one that he was merged into; told by the service, one by one."""
        for row in await repository.lock_of_client(tx.connection, merged_id):
            old = [str(client_id) for client_id in row["client_ids"]]
            new = [*dict.fromkeys(str(into_id) if one == str(merged_id) else one for one in old)]
            await repository.replace_clients(tx.connection, row["id"], [UUID(one) for one in new])
            tx.notice(
                INTAKE_CHANGED, Subject("intake", row["id"], row["visitor_name"], row["dossier_id"]),
                changed={"client_ids": [old, new]},
            )  # fmt: skip

    async def _handled(self, tx: Transaction, act: str, intake_id: UUID) -> Row:
        row = await repository.lock(tx.connection, tx.actor, intake_id)
        row = await self._gate.judge(tx.actor, act, Subject("intake", intake_id), row)
        if not row["handles"]:
            await self._gate.forbid(tx.actor, act, _subject(row), "not_received")
        return row

    @asynccontextmanager
    async def _begin(self, actor: Actor) -> AsyncIterator[Transaction]:
        """Begin a transaction; what was done before is told again only while the actor sees the intake."""
        try:
            async with self._uow.begin(actor) as tx:
                yield tx
        except Replay as replay:
            intake_id = IntakeOut.model_validate_json(replay.result).id
            if await repository.find(self._database, actor, intake_id) is None:
                await self._gate.hide(actor, "repeat", Subject("intake", intake_id))
            raise


def _columns(visitor: Visitor) -> dict[str, Any]:
    contact = visitor.contact.model_dump() if visitor.contact else None
    return {"visitor_name": visitor.name, "visitor_contact": contact, "visitor_relation": visitor.relation}


def _require_open(row: Row) -> None:
    if row["state"] != IntakeState.OPEN:
        raise IntakeDecided("What came of this intake is said already", "该接待记录已有结果")


async def _require_receiver(connection: Connection, user_id: UUID, client_ids: list[UUID]) -> None:
    people = await people_for_clients(connection, [user_id], client_ids)
    require_fit(people, user_id, Level.PUBLIC, "/body/received_by")


async def _require_dossier(connection: Connection, actor: Actor, dossier_id: UUID) -> None:
    state, pointer = await repository.dossier_state(connection, actor, dossier_id), "/body/dossier_id"
    if state is None:
        raise Invalid.field(pointer, "unknown_dossier", "There is no such dossier", "案卷不存在")
    if state == "void":
        raise Invalid.field(pointer, "dossier_void", "This dossier is void", "该案卷已作废")


def _subject(row: Row) -> Subject:
    return Subject("intake", row["id"], row["visitor_name"], row["dossier_id"])


def _trace(filter_: IntakeFilter) -> dict[str, str]:
    values = {name: getattr(filter_, name) for name in IntakeFilter.__slots__}
    return {name: str(value) for name, value in values.items() if value is not None}


def intake_out(row: Row) -> IntakeOut:
    """Shape an intake for the answer."""
    contact, whole = row["visitor_contact"], row["whole"]
    if contact is not None:
        contact = {**contact, "value": contact["value"] if whole else mask(contact["value"]), "masked": not whole}
    plain = IntakeOut.model_fields.keys() - {"visitor", "client_ids"}
    return IntakeOut.model_validate(
        {
            **{name: row[name] for name in plain},
            "visitor": {"name": row["visitor_name"], "contact": contact, "relation": row["visitor_relation"]},
            "client_ids": [client["id"] for client in row["clients"]],
        }
    )
