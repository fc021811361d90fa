"""Entries: registered, changed, reviewed, listed. Nothing is ever removed; what is kept out stays with its reason."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.access.fitness import require_own_reach
from app.access.gate import Gate
from app.auth.roles import Level
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Connection, Database, Row
from app.core.etag import changed, require_match
from app.core.ids import new_id
from app.core.pagination import Cursors, PageRequest, PlainPage, SortKey, parse_uuid
from app.core.plain import Plain
from app.core.sql import Where, update
from app.dossiers.service import DossierService
from app.dossiers.state import require_taking
from app.entries import repository
from app.entries.events import ENTRY_CHANGED, ENTRY_CREATED, ENTRY_LISTED, ENTRY_REVIEWED, ENTRY_VIEWED
from app.entries.judgement import judge_entry
from app.entries.models import Entry
from app.entries.places import Templates
from app.entries.schemas import Category, EntryChange, EntryCreate, EntryOut, ReviewCreate
from app.entries.shapes import entry_out, entry_shown, new_row
from app.events.recorder import Recorder
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject

_ORDER = (SortKey("e.id", "id", parse_uuid),)


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """What a list of entries is narrowed to; excluded ones are left out unless asked for."""

    excluded: bool = False
    category: Category | None = None


class EntryService:
    """What people do with entries."""

    def __init__(
        self,
        database: Database,
        uow: UnitOfWork,
        recorder: Recorder,
        gate: Gate,
        dossiers: DossierService,
        cursors: Cursors,
    ) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._dossiers, self._cursors, self._templates = dossiers, cursors, Templates()

    async def create(self, actor: Actor, dossier_id: UUID, data: EntryCreate) -> EntryOut:
        """Register a piece of material (一事一收). Raises DossierFrozen after submission."""
        async with self._uow.begin(actor) as tx:
            return tx.result(await self.create_within(tx, dossier_id, data))

    async def create_within(self, tx: Transaction, dossier_id: UUID, data: EntryCreate) -> EntryOut:
        """Register a piece of material in a transaction under way."""
        actor = tx.actor
        dossier = await self._dossiers.stand(actor, "entry.create", dossier_id, inside=tx.connection, lock=True)
        supplement = dossier["open_supplement_id"] if dossier["state"] == "filed" else None
        require_taking(dossier["state"], dossier["open_supplement_id"], supplement)
        await self._templates.require_place(tx.connection, dossier["template_id"], data.stage, data.slot, data.category)
        require_own_reach(actor, data.confidentiality)
        moment = now()
        # As columns, for the table's class costs more to fill than the row to write.
        entry = {
            **dict.fromkeys(Entry.model_fields), **data.model_dump(), "confidentiality": _rank(data.confidentiality),
            "id": new_id(), "dossier_id": dossier_id, "pages_stated": data.pages is not None, "review": "unreviewed",
            "supplement_id": supplement, "created_by": actor.id, "created_at": moment, "updated_at": moment,
        }  # fmt: skip
        fees = int(data.category is Category.FEE_DOCUMENT)
        await repository.add(tx.connection, entry, fees=fees)
        out = entry_out(new_row(entry, dossier["confidentiality"], actor.display_name))
        subject = Subject("entry", entry["id"], data.title, dossier_id, entry["id"])
        tx.record(ENTRY_CREATED, subject, new=data.model_dump(mode="json"), dossier_number=dossier["number"])
        return out

    async def get(self, actor: Actor, entry_id: UUID) -> Plain[EntryOut]:
        """Give an entry that the actor sees."""
        row = await self._judge(actor, "entry.read", entry_id, await repository.find(self._database, actor, entry_id))
        await self._recorder.read(actor, ENTRY_VIEWED, subject_of(row))
        return entry_shown(row)

    async def seen(self, source: Connection | Database, actor: Actor, dossier_id: UUID) -> set[UUID]:
        """Give the ids of the entries of a dossier that the actor sees; whoever asks records what is shown of them."""
        return await repository.seen_entries(source, actor, dossier_id)

    async def sees_all(self, source: Connection | Database, actor: Actor, dossier_id: UUID) -> bool:
        """Tell whether no entry of a dossier, kept or excluded, is hidden from the actor."""
        return not await repository.hides_entry(source, actor, dossier_id)

    async def page(
        self, actor: Actor, dossier_id: UUID, filter_: EntryFilter, page: PageRequest
    ) -> PlainPage[EntryOut]:
        """List the entries of a dossier that the actor sees, in the order of registering."""
        dossier = await self._dossiers.stand(actor, "dossier.read", dossier_id)
        where = Where()
        where.add("e.dossier_id = {}", dossier_id)
        if not filter_.excluded:
            where.conditions.append("e.review <> 'excluded'")
        where.optional("e.category = {}", filter_.category)
        order = page.apply(self._cursors, where, _ORDER)
        rows, cursor = page.page_of(self._cursors, await repository.page(self._database, actor, where, order), _ORDER)
        await self._recorder.read(
            actor, ENTRY_LISTED, Subject("dossier", dossier_id, dossier["number"], dossier_id),
            filter={"excluded": filter_.excluded, "category": filter_.category},
            returned=[str(row["id"]) for row in rows],
        )  # fmt: skip
        return PlainPage([entry_shown(row) for row in rows], cursor)

    async def change(self, actor: Actor, entry_id: UUID, data: EntryChange, if_match: str | None) -> EntryOut:
        """Change what is recorded of an entry; only the director lowers its level."""
        async with self._uow.begin(actor) as tx:
            row = await self._locked(tx, entry_id, "entry.read")
            await self._allow_change(actor, row, data)
            before = entry_out(row)
            require_match(if_match, before)
            require_taking(row["dossier_state"], row["open_supplement_id"], row["supplement_id"])
            category = None if data.category == row["category"] else data.category
            await self._templates.require_place(tx.connection, row["template_id"], data.stage, data.slot, category)
            require_own_reach(actor, data.confidentiality)
            changes: dict[str, Any] = data.model_dump(exclude_unset=True)
            if "confidentiality" in changes:
                changes["confidentiality"] = _rank(data.confidentiality)
            if "pages" in changes:
                changes["pages_stated"] = data.pages is not None
                changes["pages"] = data.pages or row["pages_in_file"]
                if row["review"] != "excluded":
                    grown = (changes["pages"] or 0) - (row["pages"] or 0)
                    await repository.count(tx.connection, row["dossier_id"], pages=grown)
            if data.category is not None:
                fees = (data.category is Category.FEE_DOCUMENT) - (row["category"] == Category.FEE_DOCUMENT)
                await repository.count(tx.connection, row["dossier_id"], fees=fees)
            await update(tx.connection, Entry, entry_id, {**changes, "updated_at": now()})
            after = entry_out(await repository.reread(tx.connection, actor, entry_id))
            tx.record(ENTRY_CHANGED, subject_of(row), changed=changed(before, after))
            return tx.result(after)

    async def _allow_change(self, actor: Actor, row: Row, data: EntryChange) -> None:
        fields = set(data.model_fields_set)
        if "confidentiality" in fields and (_rank(data.confidentiality) or 0) < (row["confidentiality"] or 0):
            await self._gate.judge(actor, "entry.lower_level", subject_of(row), row)
            fields.remove("confidentiality")
            if not fields:
                return
        await self._gate.judge(actor, "entry.change", subject_of(row), row)

    async def review(self, actor: Actor, entry_id: UUID, data: ReviewCreate) -> EntryOut:
        """Judge an entry (真实性、关联性、合法性); an excluded one leaves the contents list but not the dossier."""
        async with self._uow.begin(actor) as tx:
            row = await self._locked(tx, entry_id, "entry.review")
            require_taking(row["dossier_state"], row["open_supplement_id"], row["supplement_id"])
            version = await judge_entry(tx, row, data)
            tx.record(
                ENTRY_REVIEWED, subject_of(row), review=data.model_dump(mode="json"), was=row["review"],
                rules_version=version,
            )  # fmt: skip
            return tx.result(entry_out(await repository.reread(tx.connection, actor, entry_id)))

    async def _judge(self, actor: Actor, act: str, entry_id: UUID, row: Row | None) -> Row:
        return await self._gate.judge(actor, act, subject_of(row) if row else unseen(entry_id), row)

    async def _locked(self, tx: Transaction, entry_id: UUID, act: str) -> Row:
        row = await repository.lock(tx.connection, tx.actor, entry_id)
        return await self._judge(tx.actor, act, entry_id, row)


def subject_of(row: Row) -> Subject:
    """Give the subject of an event about this entry."""
    return Subject("entry", row["id"], row["title"], row["dossier_id"], row["id"])


def unseen(entry_id: UUID) -> Subject:
    """Give the subject of an event about an entry that the actor does not see: no more than the id that he sent."""
    return Subject("entry", entry_id, entry_id=entry_id)


def _rank(level: Level | None) -> int | None:
    return None if level is None else int(level.rank)
