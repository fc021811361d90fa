"""Dossiers: opened with a number of their own, read, listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from app.access.fitness import people_for_clients, require_own_reach
from app.access.gate import Gate
from app.access.standing import hold
from app.auth.roles import Level, Role
from app.clients.parties import keep_dossier, known
from app.clients.schemas import ClientRef
from app.clients.service import ClientService
from app.conflicts import covering
from app.conflicts.covering import Named
from app.core.actor import Actor
from app.core.clock import now, today
from app.core.database import Connection, Database, Row
from app.core.errors import Invalid
from app.core.ids import new_id
from app.core.pagination import Cursors, Page, PageRequest, PlainPage, SortKey, parse_date, parse_uuid
from app.core.plain import Plain
from app.core.sql import Where, insert, like_pattern
from app.dossiers import people, repository
from app.dossiers.events import DOSSIER_LISTED, DOSSIER_OPENED, DOSSIER_VIEWED, NUMBERS_LISTED
from app.dossiers.models import Dossier, DossierNumber
from app.dossiers.rules import Draw, draw_number
from app.dossiers.schemas import (
    DossierCreate,
    DossierOut,
    DossierState,
    Duty,
    MatterTypeName,
    NumberOut,
    OpposingParty,
)
from app.dossiers.shapes import dossier_out, dossier_shown
from app.events.recorder import Recorder
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject

ORDERS: dict[str, tuple[SortKey, ...]] = {
    "-opened_on": (
        SortKey("d.opened_on", "opened_on", parse_date, descending=True),
        SortKey("d.id", "id", parse_uuid, descending=True),
    ),
    "opened_on": (SortKey("d.opened_on", "opened_on", parse_date), SortKey("d.id", "id", parse_uuid)),
    "number": (SortKey("d.number", "number", str),),
}
# A dossier's number and its line in the register are the same; by the former there is an index for each level.
_NUMBER_ORDER = (SortKey("d.number", "number", str),)
# Who opens a dossier for somebody else and belongs to the people who work on dossiers joins its team.
_JOINING = frozenset({Role.LAWYER, Role.ASSISTANT})


@dataclass(frozen=True, slots=True)
class DossierFilter:
    """What a list of dossiers is narrowed to."""

    state: DossierState | None = None
    matter_type: MatterTypeName | None = None
    client_id: UUID | None = None
    lead_lawyer_id: UUID | None = None
    number: str | None = None
    external_ref: tuple[str, str] | None = None
    opened_from: date | None = None
    opened_to: date | None = None
    q: str | None = None


class DossierService:
    """Opens and reads dossiers."""

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

    async def open(self, actor: Actor, data: DossierCreate) -> DossierOut:
        """Open a dossier (立卷): its number is drawn in the same transaction.

        Raises Invalid for a client or person that can't be named, PersonUnfit for one without role or clearance.
        """
        sealed = data.confidentiality is Level.SEALED
        await self._gate.require(
            actor, "dossier.open_sealed" if sealed else "dossier.open", Subject("dossier", label=data.cause)
        )
        require_past(data.opened_on)
        opened_on = data.opened_on or today()
        async with self._uow.begin(actor) as tx:
            clients = await self._clients.refs(tx.connection, actor, data.client_ids)
            due = await covering.admit(tx.connection, actor, data.conflict_check_id, _named(clients, data))
            team, lawyer_code = await self._staff(tx.connection, actor, data)
            # Drawn last, so that others wait for the series only as long as it takes to insert.
            draw = await draw_number(
                tx.connection, matter_type=data.matter_type, lawyer_code=lawyer_code, opened_on=opened_on, sealed=sealed
            )
            dossier_id = await self._insert(tx, data, opened_on, draw, check_due=due)
            await repository.put_members(tx.connection, dossier_id, team)
            await self._put_parties(tx, dossier_id, data)
            if data.external_refs:
                await repository.replace_refs(
                    tx.connection, dossier_id, [ref.model_dump() for ref in data.external_refs]
                )
            return await self._finish(tx, dossier_id, clients)

    @staticmethod
    async def _put_parties(tx: Transaction, dossier_id: UUID, data: DossierCreate) -> None:
        await repository.replace_clients(tx.connection, dossier_id, data.client_ids)
        opposing, related = map(parties_kept, (data.opposing_parties, data.related_parties))
        await keep_dossier(tx.connection, dossier_id, data.client_ids, map(known, opposing), map(known, related))
        if data.conflict_check_id is not None:
            await covering.use(tx.connection, tx.actor, data.conflict_check_id, dossier_id)

    async def _finish(self, tx: Transaction, dossier_id: UUID, clients: list[ClientRef]) -> DossierOut:
        out = dossier_out(await repository.reread(tx.connection, tx.actor, dossier_id))
        tx.record(
            DOSSIER_OPENED,
            Subject("dossier", dossier_id, out.number, dossier_id),
            new=out.model_dump(mode="json", exclude={"clients"}),
            clients=[client.name for client in clients],
        )
        return tx.result(out)

    @staticmethod
    async def _staff(
        connection: Connection, actor: Actor, data: DossierCreate
    ) -> tuple[list[tuple[UUID, str]], str | None]:
        """Give the team, lead lawyer first, and the lead lawyer's code."""
        members = [member.user_id for member in data.team]
        known = await people_for_clients(connection, [data.lead_lawyer_id, *members], data.client_ids)
        lead = people.require_lead(known, data.lead_lawyer_id, data.confidentiality)
        people.require_members(known, members, data.lead_lawyer_id, data.confidentiality, "/body/team")
        team = [(data.lead_lawyer_id, "lead"), *((member.user_id, member.duty.value) for member in data.team)]
        require_own_reach(actor, data.confidentiality)
        if actor.roles & _JOINING and actor.id not in {user_id for user_id, _ in team}:
            team.append((actor.id, Duty.OPENER.value))
        return team, lead["lawyer_code"]

    @staticmethod
    async def _insert(tx: Transaction, data: DossierCreate, opened_on: date, draw: Draw, *, check_due: bool) -> UUID:
        moment = now()
        template_id = await repository.template_in_use(tx.connection, data.matter_type)
        dossier = Dossier(
            id=new_id(), number=draw.number, template_id=template_id,
            confidentiality=int(data.confidentiality.rank), state=DossierState.OPEN.value, opened_on=opened_on,
            matter_type=data.matter_type.value, arrangement_mode="time", created_by=tx.actor.id, created_at=moment,
            updated_at=moment, opposing_parties=parties_kept(data.opposing_parties),
            related_parties=parties_kept(data.related_parties), conflict_check_due=check_due,
            **data.model_dump(
                include={
                    "cause", "title", "court", "instance", "court_case_number", "contract_number", "remarks",
                    "lead_lawyer_id", "state_secret_level",
                }
            ),
        )  # fmt: skip
        number = DossierNumber(
            number=draw.number, series_key=draw.series_key, serial=draw.serial, year=opened_on.year,
            matter_type=data.matter_type.value, dossier_id=dossier.id, state="issued", issued_at=moment,
        )  # fmt: skip
        await insert(tx.connection, dossier)
        await insert(tx.connection, number)
        return dossier.id

    async def get(self, actor: Actor, dossier_id: UUID) -> Plain[DossierOut]:
        """Give a dossier that the actor sees."""
        row = await repository.find(self._database, actor, dossier_id)
        subject = Subject("dossier", dossier_id, dossier_id=dossier_id)
        row = await self._gate.judge(actor, "dossier.read", subject, row)
        await self._recorder.read(actor, DOSSIER_VIEWED, subject_of(row))
        return dossier_shown(row)

    async def heading(self, actor: Actor, dossier_id: UUID) -> DossierOut:
        """Give a dossier for the head of a paper whose reading the caller records."""
        row = await repository.find(self._database, actor, dossier_id)
        row = await self._gate.judge(actor, "dossier.read", Subject("dossier", dossier_id, dossier_id=dossier_id), row)
        return dossier_out(row)

    async def shown(self, connection: Connection, actor: Actor, dossier_id: UUID) -> DossierOut:
        """Give a dossier that a transaction under way has changed."""
        return dossier_out(await repository.reread(connection, actor, dossier_id))

    async def stand(
        self, actor: Actor, act: str, dossier_id: UUID, *, inside: Connection | None = None, lock: bool = False
    ) -> Row:
        """Let an act on a part of a dossier pass the gate; give the dossier's state, level and arrangement.

        `inside` is the connection of a transaction under way; with `lock` the dossier's row is held until its end.
        """
        if lock and inside is not None:
            await hold(inside, actor, dossier_id)
        row = await repository.stand(inside or self._database, actor, dossier_id)
        return await self._gate.judge(actor, act, Subject("dossier", dossier_id, dossier_id=dossier_id), row)

    async def page(self, actor: Actor, filter_: DossierFilter, sort: str, page: PageRequest) -> PlainPage[DossierOut]:
        """List the dossiers that the actor sees; `sort` is one of ORDERS."""
        where, keys = _conditions(filter_), ORDERS[sort]
        order = page.apply(self._cursors, where, keys)
        found = await repository.page(self._database, actor, where, keys, order)
        rows, cursor = page.page_of(self._cursors, found, keys)
        await self._recorder.read(
            actor, DOSSIER_LISTED, Subject("dossier"), filter=_trace(filter_), returned=[str(row["id"]) for row in rows]
        )
        return PlainPage([dossier_shown(row) for row in rows], cursor)

    async def numbers(
        self, actor: Actor, year: int | None, matter_type: MatterTypeName | None, page: PageRequest
    ) -> Page[NumberOut]:
        """Read the register of numbers (案号登记簿), void ones with their reason."""
        await self._gate.require(actor, "number.read", Subject("number"))
        where = Where()
        where.optional("n.year = {}", year)
        where.optional("n.matter_type = {}", matter_type)
        order = page.apply(self._cursors, where, _NUMBER_ORDER)
        found = await repository.numbers(self._database, actor, where, _NUMBER_ORDER, order)
        rows, cursor = page.page_of(self._cursors, found, _NUMBER_ORDER)
        await self._recorder.read(
            actor, NUMBERS_LISTED, Subject("number"), filter={"year": year, "matter_type": matter_type},
            returned=[row["number"] for row in rows],
        )  # fmt: skip
        items = [NumberOut.model_validate({name: row[name] for name in NumberOut.model_fields}) for row in rows]
        return Page(items=items, next=cursor)


def require_past(opened_on: date | None) -> None:
    """Raise Invalid for an opening date (收案日期) that lies in the future."""
    if opened_on is not None and opened_on > today():
        raise Invalid.field(
            "/body/opened_on", "in_future", "The opening date can't lie in the future", "收案日期不能晚于今天"
        )


def subject_of(row: Row) -> Subject:
    """Give the subject of an event about this dossier."""
    return Subject("dossier", row["id"], row["number"], row["id"])


def parties_kept(parties: Sequence[OpposingParty], before: Sequence[dict[str, Any]] = ()) -> list[dict[str, Any]]:
    """Give parties as they are kept; numbers that a change leaves out are those of the party of that name before."""
    numbers = {party["name"]: party["identifiers"] for party in before if party.get("identifiers")}
    kept = []
    for party in parties:
        one = party.model_dump(mode="json", exclude_defaults=True)
        if party.identifiers is None and party.name in numbers:
            one["identifiers"] = numbers[party.name]
        kept.append(one)
    return kept


def _named(clients: Sequence[ClientRef], data: DossierCreate) -> Named:
    return Named(
        [(client.id, client.name) for client in clients],
        [party.name for party in data.opposing_parties],
        [party.name for party in data.related_parties],
    )


def _conditions(filter_: DossierFilter) -> Where:
    where = Where()
    where.optional("d.state = {}", filter_.state)
    where.optional("d.matter_type = {}", filter_.matter_type)
    where.optional("d.lead_lawyer_id = {}", filter_.lead_lawyer_id)
    where.optional("d.number = {}", filter_.number)
    where.optional("d.opened_on >= {}", filter_.opened_from)
    where.optional("d.opened_on <= {}", filter_.opened_to)
    where.optional(
        "EXISTS (SELECT 1 FROM dossier_clients fc WHERE fc.dossier_id = d.id AND fc.client_id = {})", filter_.client_id
    )
    if filter_.external_ref is not None:
        where.add(
            "EXISTS (SELECT 1 FROM external_refs fr WHERE fr.dossier_id = d.id AND fr.system = {} AND fr.ref = {})",
            *filter_.external_ref,
        )
    if filter_.q is not None:
        words = where.bind(like_pattern(filter_.q))
        where.conditions.append(
            f"d.number ILIKE {words} OR d.cause ILIKE {words} OR d.title ILIKE {words}"
            f" OR d.court_case_number ILIKE {words} OR EXISTS (SELECT 1 FROM dossier_clients qc"
            f" JOIN clients q ON q.id = qc.client_id WHERE qc.dossier_id = d.id AND q.name ILIKE {words})"
        )
    return where


def _trace(filter_: DossierFilter) -> dict[str, object]:
    values = {name: getattr(filter_, name) for name in DossierFilter.__slots__}
    values["external_ref"] = None if filter_.external_ref is None else ":".join(filter_.external_ref)
    return {name: str(value) for name, value in values.items() if value is not None}
