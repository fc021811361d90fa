"""The contents list (卷内目录) and how a dossier is arranged.

The list is a function of the entries, computed when it is asked for: it can't lag behind them, and the same entries
give the same list and the same digest.
"""

from typing import Any
from uuid import UUID

from app.core.actor import Actor
from app.core.database import Connection, Database, Row, present
from app.core.errors import Invalid
from app.dossiers.rules import in_force
from app.dossiers.service import DossierService
from app.dossiers.state import require_changeable
from app.entries import repository, sealing
from app.entries.arrangement import ContentsList, Line, Mode, Piece, arrange
from app.entries.contents import contents_digest
from app.entries.events import CONTENTS_VIEWED, ENTRIES_ARRANGED
from app.entries.schemas import ArrangementIn, ContentsLine, ContentsOut, ContentsVolume
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import Subject

# From filing on the list is what was sealed, whatever becomes of the dossier.
_SEALED = frozenset({"filed", "transferred", "destroyed"})


class ContentsService:
    """Arranges dossiers and gives their contents lists."""

    def __init__(self, database: Database, uow: UnitOfWork, recorder: Recorder, dossiers: DossierService) -> None:
        self._database, self._uow, self._recorder, self._dossiers = database, uow, recorder, dossiers

    async def arrange(self, actor: Actor, dossier_id: UUID, data: ArrangementIn) -> ContentsOut:
        """Set the order of a dossier and give its contents list.

        Raises Invalid when `order` names an entry that the actor does not see there.
        """
        async with self._uow.begin(actor) as tx:
            dossier = await self._dossiers.stand(actor, "entry.arrange", dossier_id, inside=tx.connection, lock=True)
            require_changeable(dossier["state"])
            rows = await repository.pieces(tx.connection, actor, dossier_id)
            if data.order is not None:
                _require_known(data.order, rows)
            await repository.set_arrangement(tx.connection, dossier_id, data.mode.value, data.order or [])
            contents = await self._compute(tx.connection, actor, {**dossier, "arrangement_mode": data.mode.value})
            tx.record(
                ENTRIES_ARRANGED,
                Subject("dossier", dossier_id, dossier["number"], dossier_id),
                old=dossier["arrangement_mode"],
                new=data.model_dump(mode="json"),
                digest=contents.digest,
            )
            return tx.result(contents)

    async def get(self, actor: Actor, dossier_id: UUID, form: str = "json") -> ContentsOut:
        """Give the contents list to somebody who sees the dossier; `form` says in which form it goes out."""
        contents = await self.compute(actor, dossier_id)
        await self._recorder.read(
            actor,
            CONTENTS_VIEWED,
            Subject("dossier", dossier_id, contents.number, dossier_id),
            form=form,
            digest=contents.digest,
        )
        return contents

    async def compute(self, actor: Actor, dossier_id: UUID) -> ContentsOut:
        """Give the contents list for another paper about the dossier; the caller records that it was read."""
        dossier = await self._dossiers.stand(actor, "dossier.read", dossier_id)
        return await self._compute(self._database, actor, dict(dossier))

    async def whole(self, connection: Connection, dossier_id: UUID, supplement_id: UUID | None = None) -> ContentsOut:
        """Give the contents list with no line masked, for sealing; whoever asks holds the dossier's row.

        With `supplement_id` the list as it is sealed, and after it the supplement's material in volumes of its own.
        """
        dossier = dict(await repository.plain_dossier(connection, dossier_id))
        if supplement_id is None:
            rows = await repository.all_pieces(connection, dossier_id)
            return await self._arranged(connection, dossier, rows, {row["id"] for row in rows})
        sealed = sealing.volumes_of(present(await sealing.newest(connection, dossier_id)))
        rows = await repository.all_pieces(connection, dossier_id, supplement_id)
        added = await self._arranged(connection, dossier, rows, {row["id"] for row in rows})
        volumes = [
            volume.model_copy(update={"volume": len(sealed) + number})
            for number, volume in enumerate(added.volumes, start=1)
        ]
        return added.model_copy(update={"volumes": [*sealed, *volumes]})

    async def _compute(self, source: Connection | Database, actor: Actor, dossier: dict[str, Any]) -> ContentsOut:
        row = await sealing.newest(source, dossier["id"]) if dossier["state"] in _SEALED else None
        if row is None:
            rows = await repository.pieces(source, actor, dossier["id"])
            return await self._arranged(source, dossier, rows, {row["id"] for row in rows if row["sees"]})
        return _sealed_out(dossier, row, await repository.seen_entries(source, actor, dossier["id"]))

    @staticmethod
    async def _arranged(
        source: Connection | Database, dossier: dict[str, Any], rows: list[Row], seen: set[UUID]
    ) -> ContentsOut:
        template = await repository.template(source, dossier["template_id"])
        limit = (await in_force(source))["volume_page_limit"]
        arranged = arrange(
            [_piece(row) for row in rows],
            Mode(dossier["arrangement_mode"]),
            stages=template["stages"],
            slots=[slot["code"] for slot in template["slots"]],
            page_limit=limit,
            categories=[category["code"] for category in template["categories"]],
        )
        return _out(dossier, arranged, seen)


def _require_known(order: list[UUID], rows: list[Row]) -> None:
    seen = {row["id"] for row in rows if row["sees"]}
    for index, entry_id in enumerate(order):
        if entry_id not in seen:
            raise Invalid.field(
                f"/body/order/{index}", "unknown_entry", "There is no such entry in this list", "目录中没有该材料"
            )


def _piece(row: Row) -> Piece:
    return Piece(
        entry_id=row["id"], title=row["title"], document_number=row["document_number"],
        responsible_party=row["responsible_party"], formed_on=row["formed_on"], pages=row["pages"],
        stage=row["stage"], category=row["category"], slot=row["slot"], position=row["position"],
        registered_at=row["created_at"], remarks=row["remarks"],
    )  # fmt: skip


def _out(dossier: dict[str, Any], arranged: ContentsList, seen: set[UUID]) -> ContentsOut:
    volumes = [
        ContentsVolume(
            volume=volume.volume,
            pages=volume.pages,
            items=[_line(line, masked=line.piece.entry_id not in seen) for line in volume.items],
        )
        for volume in arranged.volumes
    ]
    masked = any(line.masked for volume in volumes for line in volume.items)
    plain = [volume.model_dump(mode="json", exclude_unset=True) for volume in volumes]
    return ContentsOut(
        dossier_id=dossier["id"],
        number=dossier["number"],
        arrangement_mode=Mode(dossier["arrangement_mode"]),
        volumes=volumes,
        incomplete=[entry_id for entry_id in arranged.incomplete if entry_id in seen],
        sealed=False,
        digest=None if masked else contents_digest(dossier["number"], plain),
    )


def masked_volumes(volumes: list[ContentsVolume], seen: set[UUID]) -> list[ContentsVolume]:
    """Mask those lines whose entries the reader does not see."""
    return [
        volume.model_copy(update={"items": [line if line.entry_id in seen else _masked(line) for line in volume.items]})
        for volume in volumes
    ]


def _sealed_out(dossier: dict[str, Any], row: Row, seen: set[UUID]) -> ContentsOut:
    """Show a sealed list: its own lines, masked where the reader does not see the entry."""
    volumes = masked_volumes(sealing.volumes_of(row), seen)
    masked = any(line.masked for volume in volumes for line in volume.items)
    return ContentsOut(
        dossier_id=dossier["id"], number=dossier["number"], arrangement_mode=Mode(dossier["arrangement_mode"]),
        volumes=volumes, incomplete=[], sealed=True, digest=None if masked else row["digest"],
    )  # fmt: skip


def _masked(line: ContentsLine) -> ContentsLine:
    nothing = dict.fromkeys(("document_number", "responsible_party", "title", "formed_on", "remarks"))
    pages = {name: getattr(line, name) for name in ("serial", "page_from", "page_to", "pages")}
    return ContentsLine.model_validate({**pages, **nothing, "masked": True})


def _line(line: Line, *, masked: bool) -> ContentsLine:
    pages = {"page_from": line.page_from, "page_to": line.page_to, "pages": line.piece.pages}
    piece = line.piece
    whole = ContentsLine(
        serial=line.serial, entry_id=piece.entry_id, document_number=piece.document_number,
        responsible_party=piece.responsible_party, title=piece.title, formed_on=piece.formed_on,
        remarks=piece.remarks, **pages,
    )  # fmt: skip
    return _masked(whole) if masked else whole
