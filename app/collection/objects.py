"""Off-volume objects (卷外实物): what cannot be bound is recorded with its six fields, and every place it was kept at.

The six fields are those of domain/rules.md 1.3: 名称、数量、规格、特征、保管处所、质量检查证明. Where an object is kept
changes by a movement only; movements are never changed. What is missing of the fields and the photo is listed.
"""

from datetime import date
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator

from app.access.gate import Gate
from app.auth.schemas import PersonRef
from app.collection import repository
from app.collection.checks import require_days
from app.collection.events import (
    MOVEMENTS_LISTED,
    OBJECT_CHANGED,
    OBJECT_CREATED,
    OBJECT_LISTED,
    OBJECT_MOVED,
    OBJECT_VIEWED,
)
from app.collection.models import ObjectMovement, OffVolumeObject
from app.core.actor import Actor
from app.core.clock import now, today
from app.core.database import Connection, Database, Row
from app.core.errors import Invalid
from app.core.etag import changed, require_match
from app.core.ids import new_id
from app.core.pagination import Cursors, Page, PageRequest, SortKey, parse_uuid
from app.core.schema import Input, Output, Timestamp
from app.core.sql import Where, insert, update
from app.core.text import Name, Reason, Remarks, ShortText, Title
from app.dossiers.schemas import DossierState
from app.dossiers.service import DossierService
from app.dossiers.state import CHANGEABLE, require_changeable
from app.events.recorder import Recorder
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject

_ORDER = (SortKey("o.id", "id", parse_uuid),)
_MOVEMENT_ORDER = (SortKey("m.id", "id", parse_uuid),)
_MAY_LACK = ("specification", "features", "quality_certificate")


class ObjectCreate(Input):
    """An object to register, and since when it is where it is kept."""

    name: Title = Field(description="名称")
    quantity: ShortText = Field(description="数量", examples=["2 台"])
    specification: Reason | None = Field(None, description="规格")
    features: Reason | None = Field(None, description="特征")
    kept_at: Title = Field(description="保管处所")
    quality_certificate: Reason | None = Field(None, description="质量检查证明")
    entry_id: UUID | None = Field(None, description="The entry whose file is the photo")
    kept_since: date | None = Field(None, description="Today unless told")


class ObjectChange(Input):
    """Fields to change; those left out stay. Where it is kept changes by a movement."""

    name: Title | None = None
    quantity: ShortText | None = None
    specification: Reason | None = None
    features: Reason | None = None
    quality_certificate: Reason | None = None
    entry_id: UUID | None = None

    @model_validator(mode="after")
    def _no_nulls(self) -> Self:
        for name in ("name", "quantity"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} can't be null: leave it out to keep it")
        return self


class MovementCreate(Input):
    """Where an object went, when, and in whose hands."""

    kept_at: Title = Field(description="保管处所: where it is kept from now on")
    moved_on: date
    moved_by: Name = Field(description="Who moved it")
    remarks: Remarks | None = None


class ObjectOut(Output):
    """An off-volume object; `missing` names which of its six fields, or the photo, are not there yet."""

    id: UUID
    dossier_id: UUID
    name: str
    quantity: str
    specification: str | None
    features: str | None
    kept_at: str
    quality_certificate: str | None
    entry_id: UUID | None
    missing: list[str]
    created_by: PersonRef
    created_at: Timestamp
    updated_at: Timestamp


class MovementOut(Output):
    """A movement of an object."""

    id: UUID
    object_id: UUID
    kept_at: str
    moved_on: date
    moved_by: str
    remarks: str | None
    recorded_by: PersonRef
    recorded_at: Timestamp


class ObjectService:
    """Registers, changes and moves off-volume objects."""

    def __init__(
        self, database: Database, uow: UnitOfWork, recorder: Recorder, gate: Gate, dossiers: DossierService,
        cursors: Cursors,
    ) -> None:  # fmt: skip
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._dossiers, self._cursors = dossiers, cursors

    async def create(self, actor: Actor, dossier_id: UUID, data: ObjectCreate) -> ObjectOut:
        """Register an object, with its first place as the first movement."""
        async with self._uow.begin(actor) as tx:
            dossier = await self._dossiers.stand(actor, "object.create", dossier_id, inside=tx.connection, lock=True)
            require_changeable(dossier["state"])
            await _require_entry(tx.connection, actor, dossier_id, data.entry_id)
            since, moment = data.kept_since or today(), now()
            require_days(kept_since=since)
            row = OffVolumeObject(
                id=new_id(), dossier_id=dossier_id, created_by=actor.id, created_at=moment, updated_at=moment,
                **data.model_dump(exclude={"kept_since"}),
            )  # fmt: skip
            await insert(tx.connection, row)
            await _insert_movement(
                tx, row.id, MovementCreate(kept_at=data.kept_at, moved_on=since, moved_by=actor.display_name)
            )
            found = await repository.reread_object(tx.connection, actor, row.id)
            tx.record(OBJECT_CREATED, _subject(found), new=data.model_dump(mode="json"))
            return tx.result(_out(found))

    async def get(self, actor: Actor, object_id: UUID) -> ObjectOut:
        """Give an object."""
        row = await self._judge(actor, "object.read", object_id, await self._find(actor, object_id))
        await self._recorder.read(actor, OBJECT_VIEWED, _subject(row))
        return _out(row)

    async def page(self, actor: Actor, dossier_id: UUID, *, photo_missing: bool, page: PageRequest) -> Page[ObjectOut]:
        """List the objects of a dossier, or only those without a photo."""
        dossier = await self._dossiers.stand(actor, "object.read", dossier_id)
        where = Where()
        where.add("o.dossier_id = {}", dossier_id)
        if photo_missing:
            where.conditions.append("NOT EXISTS (SELECT 1 FROM files pf WHERE pf.entry_id = o.entry_id)")
        order = page.apply(self._cursors, where, _ORDER)
        rows, cursor = page.page_of(
            self._cursors, await repository.objects(self._database, actor, where, order), _ORDER
        )
        await self._recorder.read(
            actor, OBJECT_LISTED, Subject("dossier", dossier_id, dossier["number"], dossier_id),
            filter={"photo_missing": photo_missing}, returned=[str(row["id"]) for row in rows],
        )  # fmt: skip
        return Page(items=[_out(row) for row in rows], next=cursor)

    async def change(self, actor: Actor, object_id: UUID, data: ObjectChange, if_match: str | None) -> ObjectOut:
        """Change what is recorded of an object, but for where it is kept."""
        async with self._uow.begin(actor) as tx:
            row = await repository.lock_object(tx.connection, actor, object_id)
            row = await self._judge(actor, "object.change", object_id, row)
            before = _out(row)
            require_match(if_match, before)
            require_changeable(row["dossier_state"])
            changes = data.model_dump(exclude_unset=True)
            level = await _require_entry(tx.connection, actor, row["dossier_id"], data.entry_id)
            if "entry_id" in changes and (row["entry_level"] or 0) > max(level or 0, row["dossier_level"]):
                # Its photo's entry hides the object: another one would show it to more people.
                await self._gate.judge(actor, "entry.lower_level", _subject(row), row)
            await update(tx.connection, OffVolumeObject, object_id, {**changes, "updated_at": now()})
            after = _out(await repository.reread_object(tx.connection, actor, object_id))
            tx.record(OBJECT_CHANGED, _subject(row), changed=changed(before, after))
            return tx.result(after)

    async def move(self, actor: Actor, object_id: UUID, data: MovementCreate) -> MovementOut:
        """Record where an object went; after the dossier was handed in that is for those who keep the archive."""
        async with self._uow.begin(actor) as tx:
            row = await repository.lock_object(tx.connection, actor, object_id)
            kept = row is not None and DossierState(row["dossier_state"]) not in CHANGEABLE
            row = await self._judge(actor, "object.keep" if kept else "object.move", object_id, row)
            require_days(moved_on=data.moved_on)
            last = await repository.last_movement(tx.connection, object_id)
            if data.moved_on < last["moved_on"]:
                raise Invalid.field(
                    "/body/moved_on",
                    "before_last_move",
                    "It was moved on a later day already",
                    "该日期之后已有移动记录",
                )
            made = await _insert_movement(tx, object_id, data)
            await update(tx.connection, OffVolumeObject, object_id, {"kept_at": data.kept_at, "updated_at": now()})
            tx.record(OBJECT_MOVED, _subject(row), old=last["kept_at"], new=data.model_dump(mode="json"))
            person = PersonRef(id=actor.id, display_name=actor.display_name)
            return tx.result(MovementOut(**made.model_dump(exclude={"recorded_by"}), recorded_by=person))

    async def movements(self, actor: Actor, object_id: UUID, page: PageRequest) -> Page[MovementOut]:
        """List where an object was kept, oldest first."""
        row = await self._judge(actor, "object.read", object_id, await self._find(actor, object_id))
        where = Where()
        where.add("m.object_id = {}", object_id)
        order = page.apply(self._cursors, where, _MOVEMENT_ORDER)
        found = await repository.movements(self._database, where, order)
        rows, cursor = page.page_of(self._cursors, found, _MOVEMENT_ORDER)
        await self._recorder.read(actor, MOVEMENTS_LISTED, _subject(row), returned=[str(one["id"]) for one in rows])
        return Page(items=[_movement(one) for one in rows], next=cursor)

    async def _find(self, actor: Actor, object_id: UUID) -> Row | None:
        return await repository.find_object(self._database, actor, object_id)

    async def _judge(self, actor: Actor, act: str, object_id: UUID, row: Row | None) -> Row:
        return await self._gate.judge(actor, act, _subject(row) if row else Subject("object", object_id), row)


async def _insert_movement(tx: Transaction, object_id: UUID, data: MovementCreate) -> ObjectMovement:
    row = ObjectMovement(
        id=new_id(), object_id=object_id, recorded_by=tx.actor.id, recorded_at=now(), **data.model_dump()
    )
    await insert(tx.connection, row)
    return row


async def _require_entry(connection: Connection, actor: Actor, dossier_id: UUID, entry_id: UUID | None) -> int | None:
    """Give the level of an entry that an object may name, None for none of its own; Invalid for an unknown one."""
    if entry_id is None:
        return None
    rows = await repository.known_entries(connection, actor, dossier_id, [entry_id])
    if not rows:
        raise Invalid.field(
            "/body/entry_id", "unknown_entry", "There is no such entry in the dossier", "案卷中没有该材料"
        )
    level: int | None = rows[0]["confidentiality"]
    return level


def _subject(row: Row) -> Subject:
    # With the entry, so that who may not see it reads no event about its object either.
    return Subject("object", row["id"], row["name"], row["dossier_id"], row["entry_id"])


def _out(row: Row) -> ObjectOut:
    plain = ObjectOut.model_fields.keys() - {"missing", "created_by"}
    missing = [name for name in _MAY_LACK if row[name] is None]
    return ObjectOut.model_validate(
        {
            **{name: row[name] for name in plain},
            "missing": missing if row["has_photo"] else [*missing, "photo"],
            "created_by": {"id": row["created_by"], "display_name": row["author_name"]},
        }
    )


def _movement(row: Row) -> MovementOut:
    plain = MovementOut.model_fields.keys() - {"recorded_by"}
    person = {"id": row["recorded_by"], "display_name": row["recorder_name"]}
    return MovementOut.model_validate({**{name: row[name] for name in plain}, "recorded_by": person})
