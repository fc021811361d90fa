"""Changes of a dossier: cover, level, lead lawyer, team, template; and making void what was opened by mistake."""

from typing import Any
from uuid import UUID

from app.access.fitness import people_for_dossier, require_own_reach
from app.access.gate import Gate
from app.auth.roles import Level, Rank
from app.auth.schemas import PersonRef
from app.clients.service import ClientService
from app.conflicts.schemas import CheckChoice
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Connection, Database, Row, present
from app.core.errors import Conflict, Invalid
from app.core.etag import changed, require_match
from app.core.sql import update
from app.dossiers import people, repository
from app.dossiers.errors import DossierNotEmpty
from app.dossiers.events import (
    DOSSIER_CHANGED,
    DOSSIER_TEMPLATE_CHANGED,
    DOSSIER_VOIDED,
    TEAM_CHANGED,
    TEAM_VIEWED,
)
from app.dossiers.models import Dossier
from app.dossiers.parties import attach_check, follow_parties
from app.dossiers.schemas import DossierChange, DossierOut, DossierVoid, Duty, TeamChange, TeamOut
from app.dossiers.service import require_past, subject_of
from app.dossiers.shapes import dossier_out
from app.dossiers.state import require_changeable
from app.dossiers.templates import TemplateChoice, TemplateOut, template_out
from app.events.recorder import Recorder
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject

_COLUMNS = frozenset(
    {
        "cause", "title", "court", "instance", "court_case_number", "contract_number", "remarks", "lead_lawyer_id",
        "state_secret_level", "opened_on",
    }
)  # fmt: skip


class DossierChangeService:
    """Changes dossiers under their row's lock."""

    def __init__(
        self, database: Database, uow: UnitOfWork, recorder: Recorder, gate: Gate, clients: ClientService
    ) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._clients = clients

    async def change(self, actor: Actor, dossier_id: UUID, data: DossierChange, if_match: str | None) -> DossierOut:
        """Change the cover, the level or the lead lawyer.

        Raises DossierFrozen once submitted, PersonUnfit when the team's clearance does not reach a raised level,
        Forbidden when the level would fall and the actor is not the director.
        """
        async with self._uow.begin(actor) as tx:
            # Before the dossier, as everybody takes them: merging goes from clients to their dossiers.
            await self._clients.hold(tx.connection, actor, data.client_ids or [])
            row = await self._locked(tx, "dossier.change", dossier_id)
            before = dossier_out(row)
            require_match(if_match, before)
            require_changeable(row["state"])
            level = data.confidentiality or before.confidentiality
            if level.rank < before.confidentiality.rank:
                await self._gate.judge(actor, "dossier.lower_level", subject_of(row), row)
            await self._check_people(tx.connection, actor, before, data, level)
            await self._apply(tx, before, data, level)
            after = dossier_out(await repository.reread(tx.connection, actor, dossier_id))
            tx.record(DOSSIER_CHANGED, subject_of(row), changed=changed(before, after))
            return tx.result(after)

    @staticmethod
    async def _check_people(
        connection: Connection, actor: Actor, before: DossierOut, data: DossierChange, level: Level
    ) -> None:
        require_past(data.opened_on)
        require_own_reach(actor, level, before.confidentiality.rank)
        lead_id = data.lead_lawyer_id or before.lead_lawyer_id
        if level.rank <= before.confidentiality.rank and lead_id == before.lead_lawyer_id:
            return
        members = [member.user_id for member in before.team if member.user_id != lead_id]
        known = await people_for_dossier(connection, [lead_id, *members], before.id)
        people.require_lead(known, lead_id, level)
        if level.rank > before.confidentiality.rank:
            # Somebody who has left or is walled off since is no hindrance: he sees nothing here.
            seeing = [user_id for user_id in members if user_id in known and not known[user_id]["walled"]]
            people.require_members(known, seeing, lead_id, level, "/team")

    async def _apply(self, tx: Transaction, before: DossierOut, data: DossierChange, level: Level) -> None:
        changes: dict[str, Any] = data.model_dump(exclude_unset=True, include=set(_COLUMNS))
        changes |= {"confidentiality": int(level.rank), "updated_at": now()}
        await update(tx.connection, Dossier, before.id, changes)
        if data.lead_lawyer_id is not None and data.lead_lawyer_id != before.lead_lawyer_id:
            # The former lead stays on the team: he answers for what he did.
            former = (before.lead_lawyer_id, Duty.LAWYER.value)
            await repository.put_members(tx.connection, before.id, [former, (data.lead_lawyer_id, "lead")])
        if data.client_ids is not None:
            # Clients that stand on the dossier already stay even where the actor knows them from here only.
            new = [client_id for client_id in data.client_ids if client_id not in before.client_ids]
            await self._clients.refs(tx.connection, tx.actor, new)
            await repository.replace_clients(tx.connection, before.id, data.client_ids)
        if any(one is not None for one in (data.client_ids, data.opposing_parties, data.related_parties)):
            await follow_parties(tx.connection, before.id, data)
        if data.external_refs is not None:
            await repository.replace_refs(tx.connection, before.id, [ref.model_dump() for ref in data.external_refs])

    async def void(self, actor: Actor, dossier_id: UUID, data: DossierVoid) -> DossierOut:
        """Make a dossier that was opened by mistake void; its number stays in the register with the reason.

        Raises DossierNotEmpty once anything was put into it.
        """
        async with self._uow.begin(actor) as tx:
            row = await self._locked(tx, "dossier.void", dossier_id)
            require_changeable(row["state"])
            if await repository.has_entries(tx.connection, dossier_id):
                raise DossierNotEmpty("Material was put into this dossier: it can't be void", "案卷内已有材料,不能作废")
            await update(tx.connection, Dossier, dossier_id, {"state": "void", "updated_at": now()})
            await repository.void_number(tx.connection, dossier_id, data.reason)
            tx.record(DOSSIER_VOIDED, subject_of(row), reason=data.reason)
            return tx.result(dossier_out(await repository.reread(tx.connection, actor, dossier_id)))

    async def change_template(self, actor: Actor, dossier_id: UUID, data: TemplateChoice) -> DossierOut:
        """Let a dossier follow another template of its matter type; its entries keep their slots and stages.

        Raises DossierFrozen once submitted, Invalid for a template that is not there or of another matter type.
        """
        async with self._uow.begin(actor) as tx:
            row = await self._locked(tx, "dossier.change", dossier_id)
            require_changeable(row["state"])
            new = await _template_for(tx.connection, row, data.template_id)
            old = template_out(present(await repository.template(tx.connection, row["template_id"])))
            if new.id == old.id:
                raise Conflict("The dossier follows this template already", "案卷已采用该模板")
            await update(tx.connection, Dossier, dossier_id, {"template_id": new.id, "updated_at": now()})
            tx.record(DOSSIER_TEMPLATE_CHANGED, subject_of(row), old=_named(old), new=_named(new), reason=data.reason)
            return tx.result(dossier_out(await repository.reread(tx.connection, actor, dossier_id)))

    async def attach_check(self, actor: Actor, dossier_id: UUID, data: CheckChoice) -> DossierOut:
        """Let a conflict check that was made after the opening carry the dossier, so that none is due.

        Raises CheckUnfit for one that does not cover it, CheckUsed for one of another dossier, DossierFrozen for a
        dossier that is no more.
        """
        async with self._uow.begin(actor) as tx:
            row = await self._locked(tx, "conflict.attach", dossier_id)
            return tx.result(await attach_check(tx, dossier_id, row["state"], data.conflict_check_id))

    async def team(self, actor: Actor, dossier_id: UUID) -> TeamOut:
        """Tell who works on a dossier that the actor sees."""
        row = await repository.find(self._database, actor, dossier_id)
        row = await self._gate.judge(actor, "dossier.read", Subject("dossier", dossier_id, dossier_id=dossier_id), row)
        await self._recorder.read(actor, TEAM_VIEWED, subject_of(row))
        return _team_out(row)

    async def change_team(self, actor: Actor, dossier_id: UUID, data: TeamChange, if_match: str | None) -> TeamOut:
        """Set the team but for the lead lawyer; who is left out loses access with this act."""
        async with self._uow.begin(actor) as tx:
            row = await self._locked(tx, "dossier.change", dossier_id)
            before = _team_out(row)
            require_match(if_match, before)
            require_changeable(row["state"])
            members = [member.user_id for member in data.members]
            known = await people_for_dossier(tx.connection, members, dossier_id)
            level = Rank(row["confidentiality"]).level
            people.require_members(known, members, row["lead_lawyer_id"], level, "/body/members")
            await repository.drop_members(tx.connection, dossier_id, but=members)
            await repository.put_members(
                tx.connection, dossier_id, [(member.user_id, member.duty.value) for member in data.members]
            )
            await update(tx.connection, Dossier, dossier_id, {"updated_at": now()})
            after = _team_out(await repository.reread(tx.connection, actor, dossier_id))
            tx.record(
                TEAM_CHANGED, subject_of(row), old=before.model_dump(mode="json"), new=after.model_dump(mode="json")
            )
            return tx.result(after)

    async def _locked(self, tx: Transaction, act: str, dossier_id: UUID) -> Row:
        row = await repository.lock(tx.connection, tx.actor, dossier_id)
        return await self._gate.judge(tx.actor, act, Subject("dossier", dossier_id, dossier_id=dossier_id), row)


def _team_out(row: Row) -> TeamOut:
    dossier = dossier_out(row)
    return TeamOut(
        lead_lawyer=PersonRef(id=dossier.lead_lawyer.id, display_name=dossier.lead_lawyer.display_name),
        members=dossier.team,
    )


async def _template_for(connection: Connection, dossier: Row, template_id: UUID) -> TemplateOut:
    """Give a template that the dossier may follow."""
    row = await repository.template(connection, template_id)
    if row is None:
        raise Invalid.field("/body/template_id", "unknown_template", "There is no such template", "没有该模板")
    if row["matter_type"] != dossier["matter_type"]:
        raise Invalid.field(
            "/body/template_id", "other_matter_type",
            f"This template is for {row['matter_type']}, the dossier is {dossier['matter_type']}",
            f"该模板适用于 {row['matter_type']},而本案卷为 {dossier['matter_type']}",
        )  # fmt: skip
    return template_out(row)


def _named(template: TemplateOut) -> dict[str, Any]:
    return template.model_dump(mode="json", include={"id", "name", "version"})
