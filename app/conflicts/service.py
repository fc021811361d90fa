"""Conflict checks (利益冲突审查): made before a dossier opens, read, listed.

A check is kept with everything that was found, and shown to each reader as far as he may know it. Source:
domain/rules.md 5.2 and 8 (1); `docs/access.md`, Decision, rule 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.access.gate import Gate
from app.clients.parties import Known, known
from app.conflicts import repository
from app.conflicts.events import CONFLICT_CHECKED, CONFLICT_LISTED, CONFLICT_VIEWED
from app.conflicts.finding import Asked, Found, Matter
from app.conflicts.models import ConflictCheck, ConflictHit
from app.conflicts.rules import CONFLICT
from app.conflicts.schemas import CheckMade, ClientAsked, ConflictCheckCreate, ConflictCheckOut, Side
from app.conflicts.search import search
from app.conflicts.showing import shown
from app.core.actor import Actor
from app.core.clock import now, today
from app.core.database import Connection, Database
from app.core.errors import Invalid
from app.core.ids import new_id
from app.core.pagination import Cursors, Page, PageRequest, SortKey, parse_uuid
from app.core.sql import Where, insert
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import Subject
from app.rulebook.kinds import in_force

_ORDER = (SortKey("k.id", "id", parse_uuid, descending=True),)


@dataclass(frozen=True, slots=True)
class CheckFilter:
    """What a list of checks is narrowed to."""

    concluded: bool | None = None
    client_id: UUID | None = None


class ConflictService:
    """Makes and shows conflict checks."""

    def __init__(self, database: Database, uow: UnitOfWork, recorder: Recorder, gate: Gate, cursors: Cursors) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._cursors = cursors

    async def check(self, actor: Actor, data: ConflictCheckCreate) -> CheckMade:
        """Look the parties of a new matter up and keep what was found; `shown` gives it as the actor may know it.

        Raises Invalid for a client, lawyer or matter type that there is not, or that the actor may not know of.
        """
        await self._gate.require(actor, "conflict.check", Subject("conflict_check", label=data.cause))
        async with self._uow.begin(actor) as tx:
            await _require_known(tx.connection, data)
            rules = await in_force(tx.connection, CONFLICT)
            asked = await _asked(tx.connection, actor, data)
            matter = Matter(asked, data.matter_type, data.court_case_number, rules.body, today())
            found, about, incomplete = await search(tx.connection, actor, matter, data.lawyer_ids)
            check = ConflictCheck(
                id=new_id(), made_by=actor.id, made_at=now(), asked=[_kept(one) for one in asked],
                client_ids=[one.client_id for one in asked if one.client_id is not None], about_client_ids=about,
                lawyer_ids=[*data.lawyer_ids], matter_type=data.matter_type, cause=data.cause,
                court_case_number=data.court_case_number, rules_version=rules.version, incomplete=incomplete,
                refer_id=new_id(),
            )  # fmt: skip
            await insert(tx.connection, check)
            await insert(tx.connection, *(_row(check.id, hit) for hit in found))
            # What was found is not told: the event's readers may be kept from other things than its maker.
            tx.record(
                CONFLICT_CHECKED, Subject("conflict_check", check.id), matter_type=data.matter_type, cause=data.cause,
                asked=check.asked, lawyer_ids=data.lawyer_ids, rules_version=rules.version,
            )  # fmt: skip
            return tx.result(CheckMade(id=check.id))

    async def shown(self, actor: Actor, check_id: UUID) -> ConflictCheckOut:
        """Give a check to somebody who has just acted on it; his act is recorded already."""
        subject = Subject("conflict_check", check_id)
        row = await self._gate.judge(
            actor, "conflict.read", subject, await repository.find(self._database, actor, check_id)
        )
        return (await shown(self._database, actor, [row]))[0]

    async def get(self, actor: Actor, check_id: UUID) -> ConflictCheckOut:
        """Give a check that the actor sees."""
        out = await self.shown(actor, check_id)
        await self._recorder.read(actor, CONFLICT_VIEWED, Subject("conflict_check", check_id))
        return out

    async def page(self, actor: Actor, filter_: CheckFilter, page: PageRequest) -> Page[ConflictCheckOut]:
        """List the checks that the actor sees, newest first."""
        await self._gate.require(actor, "conflict.read", Subject("conflict_check"))
        where = Where()
        if filter_.concluded is not None:
            where.conditions.append("o.check_id IS NOT NULL" if filter_.concluded else "o.check_id IS NULL")
        where.optional("{} = ANY(k.client_ids)", filter_.client_id)
        order = page.apply(self._cursors, where, _ORDER)
        found = await repository.page(self._database, actor, where, order)
        rows, cursor = page.page_of(self._cursors, found, _ORDER)
        items = await shown(self._database, actor, rows)
        await self._recorder.read(
            actor, CONFLICT_LISTED, Subject("conflict_check"),
            filter={"concluded": filter_.concluded, "client_id": filter_.client_id},
            returned=[str(row["id"]) for row in rows],
        )  # fmt: skip
        return Page(items=items, next=cursor)


async def _require_known(connection: Connection, data: ConflictCheckCreate) -> None:
    if not await repository.matter_type_exists(connection, data.matter_type):
        raise Invalid.field(
            "/body/matter_type", "unknown_matter_type", "There is no such matter type", "业务类别不存在"
        )
    people = {row["id"] for row in await repository.people(connection, data.lawyer_ids)}
    for index, lawyer_id in enumerate(data.lawyer_ids):
        if lawyer_id not in people:
            raise Invalid.field(f"/body/lawyer_ids/{index}", "unknown_user", "There is no such user", "没有该用户")


async def _asked(connection: Connection, actor: Actor, data: ConflictCheckCreate) -> list[Asked]:
    """Give everybody who is asked about, clients of the firm by what it knows of them."""
    ids = [client.client_id for client in data.clients if client.client_id is not None]
    clients = await repository.known_clients(connection, actor, ids)
    asked = []
    for index, client in enumerate(data.clients):
        if client.client_id is None:
            asked.append(Asked(Side.CLIENT, _described(client)))
        elif client.client_id in clients:
            asked.append(Asked(Side.CLIENT, known(dict(clients[client.client_id])), client.client_id))
        else:
            raise Invalid.field(
                f"/body/clients/{index}/client_id", "unknown_client", "There is no such client", "客户不存在"
            )
    for side, parties in ((Side.OPPOSING, data.opposing_parties), (Side.RELATED, data.related_parties)):
        asked += [Asked(side, known(party.model_dump(mode="json"))) for party in parties]
    return asked


def _described(client: ClientAsked) -> Known:
    return known(client.model_dump(mode="json", exclude={"client_id"}))


def _kept(one: Asked) -> dict[str, Any]:
    """Give what is kept of somebody who was asked about: not his numbers, by which he was looked up only."""
    return {
        "side": one.side.value, "name": one.party.name, "kind": one.party.kind, "client_id": one.client_id,
        "legal_representative": one.party.legal_representative, "former_names": [*one.party.former_names],
    }  # fmt: skip


def _row(check_id: UUID, hit: Found) -> ConflictHit:
    return ConflictHit(
        id=new_id(), check_id=check_id, asked=hit.asked, matched_name=hit.name, how=hit.how.value,
        side=None if hit.side is None else hit.side.value, constellation=hit.constellation.value,
        client_id=hit.client_id, dossier_ids=_distinct(hit.dossier_ids), hidden=hit.hidden,
        rule_code=None if hit.rule is None else hit.rule.code, rule_kind=None if hit.rule is None else hit.rule.kind,
    )  # fmt: skip


def _distinct(ids: Sequence[UUID]) -> list[UUID]:
    return list(dict.fromkeys(ids))
