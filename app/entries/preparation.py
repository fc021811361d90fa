"""Physical preparation (装订前整理) of an entry's paper: what was done to it, noted for good and never changed.

Source: domain/rules.md 1.6, domain/workflow.md section 3. Says nothing of the entry's content and changes none of it.
"""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field, field_validator

from app.access.gate import Gate
from app.auth.schemas import PersonRef
from app.core.actor import Actor
from app.core.clock import now, today
from app.core.database import Database, Row
from app.core.errors import Invalid
from app.core.ids import new_id
from app.core.pagination import Cursors, Page, PageRequest, SortKey, parse_uuid
from app.core.schema import Input, Output, Timestamp
from app.core.sql import Where, insert
from app.core.text import Remarks
from app.dossiers.state import require_changeable
from app.entries import repository, review_repository
from app.entries.events import ENTRY_PREPARED, PREPARATION_VIEWED, PREPARATIONS_LISTED
from app.entries.models import EntryPreparation
from app.entries.rules import PREPARATION, RuleCode
from app.entries.service import subject_of, unseen
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.rulebook.kinds import in_force

_ORDER = (SortKey("p.id", "id", parse_uuid),)


class PreparationIn(Input):
    """What was done to the paper of an entry."""

    acts: Annotated[
        list[RuleCode],
        Field(min_length=1, max_length=60, description="Codes of the rules `preparation` in force"),
    ]
    note: Remarks | None = None
    on: date | None = Field(None, description="When; today when left out")

    @field_validator("acts")
    @classmethod
    def _each_once(cls, acts: list[str]) -> list[str]:
        if len(set(acts)) != len(acts):
            raise ValueError("acts names the same one twice")
        return acts


class PreparationOut(Output):
    """A note of what was done to the paper of an entry, by the version of the rules `preparation` then in force."""

    id: UUID
    entry_id: UUID
    acts: list[str]
    note: str | None
    on: date
    rules_version: int
    noted_by: PersonRef
    noted_at: Timestamp


class PreparationService:
    """Notes physical preparation."""

    def __init__(self, database: Database, uow: UnitOfWork, recorder: Recorder, gate: Gate, cursors: Cursors) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._cursors = cursors

    async def note(self, actor: Actor, entry_id: UUID, data: PreparationIn) -> PreparationOut:
        """Note what was done to the paper of an entry.

        Raises DossierFrozen once submitted, Invalid for what the rules in force do not have and for a day to come.
        """
        async with self._uow.begin(actor) as tx:
            entry = await self._judge(
                actor, "entry.prepare", entry_id, await repository.lock(tx.connection, actor, entry_id)
            )
            require_changeable(entry["dossier_state"])
            if data.on is not None and data.on > today():
                raise Invalid.field("/body/on", "in_future", "The day can't lie in the future", "日期不能晚于今天")
            rules = await in_force(tx.connection, PREPARATION)
            _require_known(data.acts, [act.code for act in rules.body.acts])
            row = EntryPreparation(
                id=new_id(), entry_id=entry_id, acts=data.acts, note=data.note, done_on=data.on or today(),
                rules_version=rules.version, noted_by=actor.id, noted_at=now(),
            )  # fmt: skip
            await insert(tx.connection, row)
            where = Where()
            where.add("p.id = {}", row.id)
            (made,) = await review_repository.preparations(tx.connection, where)
            out = _out(made)
            tx.record(ENTRY_PREPARED, subject_of(entry), new=out.model_dump(mode="json", exclude={"noted_by"}))
            return tx.result(out)

    async def page(self, actor: Actor, entry_id: UUID, page: PageRequest) -> Page[PreparationOut]:
        """Give the notes of an entry that the actor sees, oldest first."""
        entry = await self._entry(actor, entry_id)
        where = Where()
        where.add("p.entry_id = {}", entry_id)
        order = page.apply(self._cursors, where, _ORDER)
        found = await review_repository.preparations(self._database, where, order)
        rows, cursor = page.page_of(self._cursors, found, _ORDER)
        returned = [str(row["id"]) for row in rows]
        await self._recorder.read(actor, PREPARATIONS_LISTED, subject_of(entry), returned=returned)
        return Page(items=[_out(row) for row in rows], next=cursor)

    async def get(self, actor: Actor, entry_id: UUID, preparation_id: UUID) -> PreparationOut:
        """Give one note of an entry that the actor sees."""
        entry = await self._entry(actor, entry_id)
        where = Where()
        where.add("p.entry_id = {} AND p.id = {}", entry_id, preparation_id)
        rows = await review_repository.preparations(self._database, where)
        if not rows:
            await self._gate.hide(actor, "entry.read", subject_of(entry))
        await self._recorder.read(actor, PREPARATION_VIEWED, subject_of(entry), preparation_id=str(preparation_id))
        return _out(rows[0])

    async def _entry(self, actor: Actor, entry_id: UUID) -> Row:
        return await self._judge(actor, "entry.read", entry_id, await repository.find(self._database, actor, entry_id))

    async def _judge(self, actor: Actor, act: str, entry_id: UUID, row: Row | None) -> Row:
        return await self._gate.judge(actor, act, subject_of(row) if row else unseen(entry_id), row)


def _require_known(acts: list[str], known: list[str]) -> None:
    for index, act in enumerate(acts):
        if act not in known:
            raise Invalid.field(
                f"/body/acts/{index}", "unknown_act", f"The rules in force have: {', '.join(known)}",
                f"现行规则中可用的整理方式:{'、'.join(known)}",
            )  # fmt: skip


def _out(row: Row) -> PreparationOut:
    return PreparationOut.model_validate({**dict(row), "on": row["done_on"]})
