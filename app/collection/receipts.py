"""Receipts (材料收据、送达清单、退还清单): made out in one act with what they register, and never changed.

Whether an original may leave is computed from the receipts before, while the dossier's row is held. A receipt that is
wrong is cancelled, with a reason, and stays.
"""

from collections.abc import Sequence
from uuid import UUID

from app.access.gate import Gate
from app.collection import repository
from app.collection.checks import (
    Line,
    known_line,
    require_counterparty,
    require_days,
    require_same_signature,
    require_signature,
)
from app.collection.errors import ReceiptCancelled, ReceiptNeeded, ReceiptSigned
from app.collection.events import (
    ORIGINAL_MOVED,
    ORIGINAL_TRACED,
    RECEIPT_CANCELLED,
    RECEIPT_CREATED,
    RECEIPT_LISTED,
    RECEIPT_SIGNED,
    RECEIPT_VIEWED,
)
from app.collection.models import Receipt, ReceiptCancellation, ReceiptItem, ReceiptSignature
from app.collection.places import Capacity, Direction, Move, NotPossible, Whereabouts, follow
from app.collection.schemas import Cancellation, EntryReceiptsOut, ReceiptCreate, ReceiptItemIn, ReceiptOut, Signature
from app.collection.shapes import entry_receipts_out, receipt_out
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Connection, Database, Row
from app.core.errors import FieldError, Invalid
from app.core.ids import new_id
from app.core.pagination import Cursors, Page, PageRequest, SortKey
from app.core.sql import Where, insert
from app.dossiers.schemas import DossierState
from app.dossiers.service import DossierService
from app.dossiers.state import require_changeable
from app.entries.schemas import EntryCreate, Original
from app.entries.service import EntryService
from app.events.recorder import Recorder
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject

_ORDER = (SortKey("r.serial", "serial", int),)
_HANDED_IN = frozenset({DossierState.SUBMITTED, DossierState.FILED})


class ReceiptService:
    """Makes out, cancels and shows receipts."""

    def __init__(
        self,
        database: Database,
        uow: UnitOfWork,
        recorder: Recorder,
        gate: Gate,
        dossiers: DossierService,
        entries: EntryService,
        cursors: Cursors,
    ) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._dossiers, self._entries, self._cursors = dossiers, entries, cursors

    async def create(self, actor: Actor, dossier_id: UUID, data: ReceiptCreate) -> ReceiptOut:
        """Make out a receipt; new material is registered with it.

        Raises Invalid with the pointer of the line that can't be, DossierFrozen once the dossier is handed in.
        """
        async with self._uow.begin(actor) as tx:
            dossier = await self._dossiers.stand(actor, "receipt.create", dossier_id, inside=tx.connection, lock=True)
            _require_taking(dossier["state"], data)
            require_days(on=data.on, signed_on=data.signed_on)
            require_counterparty(data)
            await _require_known(tx, dossier_id, data)
            lines = await self._lines(tx, dossier_id, data)
            require_signature(data, lines)
            receipt = await self._keep(tx, dossier_id, data, lines)
            out = await self._out(tx.connection, actor, await repository.reread(tx.connection, actor, receipt.id))
            # Titles and ids of lines stand in the events of their entries: who reads this one may not see them.
            tx.record(
                RECEIPT_CREATED, _subject(receipt.id, out.serial, out.dossier_number, dossier_id),
                direction=data.direction, counterparty=data.counterparty.model_dump(mode="json"), on=data.on,
                lines=len(lines), signed_by=data.signed_by, signed_on=data.signed_on,
            )  # fmt: skip
            return tx.result(out)

    async def _lines(self, tx: Transaction, dossier_id: UUID, data: ReceiptCreate) -> list[Line]:
        named = {id_ for item in data.items for id_ in (item.entry_id, item.copy_entry_id) if id_ is not None}
        rows = await repository.known_entries(tx.connection, tx.actor, dossier_id, list(named))
        known = {row["id"]: row for row in rows}
        moves = await repository.moves(tx.connection, list(known))
        lines, seen = list[Line](), set[UUID]()
        for index, item in enumerate(data.items):
            if item.entry_id is None:
                lines.append(await self._register(tx, dossier_id, data, index, item))
                continue
            if item.entry_id in seen:
                raise Invalid.field(
                    f"/body/items/{index}/entry_id", "named_twice", "This entry is named twice", "该材料重复列出"
                )
            seen.add(item.entry_id)
            lines.append(known_line(data, index, known, [_move(row) for row in moves.get(item.entry_id, [])]))
        return lines

    async def _register(
        self, tx: Transaction, dossier_id: UUID, data: ReceiptCreate, index: int, item: ReceiptItemIn
    ) -> Line:
        if data.direction is not Direction.RECEIVED:
            raise Invalid.field(
                f"/body/items/{index}/entry_id", "needs_entry", "What leaves is named by its entry",
                "送出或退还的材料须以卷内材料标识列出",
            )  # fmt: skip
        fields = item.model_dump(include={"title", "category", "original", "pages", "formed_on", "stage", "slot"})
        entry = EntryCreate(**fields, confidentiality=item.confidentiality, remarks=item.remarks)
        try:
            made = await self._entries.create_within(tx, dossier_id, entry)
        except Invalid as error:
            here = f"/body/items/{index}/"
            moved = [
                FieldError(here + one.pointer.removeprefix("/body/"), one.code, one.en, one.zh) for one in error.errors
            ]
            raise Invalid(error.en, error.zh, errors=moved) from error
        return Line(made.id, made.title, made.original, made.pages, item.copies, item.remarks)

    @staticmethod
    async def _keep(tx: Transaction, dossier_id: UUID, data: ReceiptCreate, lines: Sequence[Line]) -> Receipt:
        receipt = Receipt(
            id=new_id(), dossier_id=dossier_id, serial=await repository.next_serial(tx.connection, dossier_id),
            direction=data.direction.value, counterparty=data.counterparty.name,
            capacity=data.counterparty.capacity.value, client_id=data.counterparty.client_id, passed_on=data.on,
            created_by=tx.actor.id, created_at=now(),
            **data.model_dump(include={"place", "signed_by", "signed_on", "signature_entry_id", "remarks"}),
        )  # fmt: skip
        await insert(tx.connection, receipt)
        items = [
            ReceiptItem(
                receipt_id=receipt.id, position=position, entry_id=line.entry_id, title=line.title,
                original=line.original.value, pages=line.pages, copies=line.copies, remarks=line.remarks,
                copy_entry_id=line.copy_entry_id, moves=line.place is not None,
            )
            for position, line in enumerate(lines, start=1)
        ]  # fmt: skip
        await insert(tx.connection, *items)
        for line in lines:
            if line.place is not None:
                subject = Subject("entry", line.entry_id, line.title, dossier_id, line.entry_id)
                tx.record(ORIGINAL_MOVED, subject, receipt_id=receipt.id, old=line.was, new=line.place, on=data.on)
        return receipt

    async def cancel(self, actor: Actor, receipt_id: UUID, data: Cancellation) -> ReceiptOut:
        """Cancel a wrong receipt; what it registered stays, and originals are again where they were.

        Raises ReceiptCancelled the second time, ReceiptNeeded when later receipts go by it.
        """
        async with self._uow.begin(actor) as tx:
            row = await self._locked(tx, receipt_id, "receipt.cancel")
            lines = await repository.lines(tx.connection, actor, [receipt_id])
            moved = {line["entry_id"]: line["title"] for line in lines if line["moves"]}
            places = await _places(tx.connection, list(moved), without=receipt_id)
            mark = ReceiptCancellation(
                receipt_id=receipt_id, reason=data.reason, cancelled_by=actor.id, cancelled_at=now()
            )
            await insert(tx.connection, mark)
            dossier_id = row["dossier_id"]
            subject = _subject(receipt_id, row["serial"], row["dossier_number"], dossier_id)
            tx.record(RECEIPT_CANCELLED, subject, reason=data.reason)
            for entry_id, title in moved.items():
                about = Subject("entry", entry_id, title, dossier_id, entry_id)
                tx.record(ORIGINAL_MOVED, about, receipt_id=receipt_id, new=places[entry_id].place, cancelled=True)
            row = await repository.reread(tx.connection, actor, receipt_id)
            return tx.result(await self._out(tx.connection, actor, row))

    async def sign(self, actor: Actor, receipt_id: UUID, data: Signature) -> ReceiptOut:
        """Record the signature on a printed receipt, or the signed paper where the receipt names who signed.

        Raises ReceiptSigned the second time, ReceiptCancelled for one that is cancelled.
        """
        async with self._uow.begin(actor) as tx:
            row = await self._locked(tx, receipt_id, "receipt.sign")
            if row["signed_later"] or row["signature_entry_id"] is not None:
                raise ReceiptSigned("The signature of this receipt is recorded already", "该收据的签收已登记")
            require_days(signed_on=data.signed_on)
            require_same_signature(data, row["signed_by"], row["signed_on"])
            await _require_paper(tx, row["dossier_id"], data.signature_entry_id)
            signature = ReceiptSignature(
                receipt_id=receipt_id, signed_by=data.signed_by, signed_on=data.signed_on,
                entry_id=data.signature_entry_id, recorded_by=actor.id, recorded_at=now(),
            )  # fmt: skip
            await insert(tx.connection, signature)
            subject = _subject(receipt_id, row["serial"], row["dossier_number"], row["dossier_id"])
            tx.record(RECEIPT_SIGNED, subject, signed_by=data.signed_by, signed_on=data.signed_on)
            row = await repository.reread(tx.connection, actor, receipt_id)
            return tx.result(await self._out(tx.connection, actor, row))

    async def _locked(self, tx: Transaction, receipt_id: UUID, act: str) -> Row:
        """Give a receipt that something may still be said of, its dossier held."""
        row = await self._judge(tx.actor, act, receipt_id, await repository.lock(tx.connection, tx.actor, receipt_id))
        if row["cancelled_at"] is not None:
            raise ReceiptCancelled("This receipt is cancelled already", "该收据已作废")
        if DossierState(row["dossier_state"]) not in _HANDED_IN:
            require_changeable(row["dossier_state"])
        return row

    async def get(self, actor: Actor, receipt_id: UUID, form: str = "json") -> ReceiptOut:
        """Give a receipt; `form` says in which form it goes out."""
        row = await self._judge(
            actor, "receipt.read", receipt_id, await repository.find(self._database, actor, receipt_id)
        )
        subject = _subject(receipt_id, row["serial"], row["dossier_number"], row["dossier_id"])
        out = await self._out(self._database, actor, row)
        await self._recorder.read(actor, RECEIPT_VIEWED, subject, form=form)
        return out

    async def page(
        self, actor: Actor, dossier_id: UUID, direction: Direction | None, page: PageRequest
    ) -> Page[ReceiptOut]:
        """List the receipts of a dossier in the order they were made out."""
        dossier = await self._dossiers.stand(actor, "receipt.read", dossier_id)
        where = Where()
        where.add("r.dossier_id = {}", dossier_id)
        where.optional("r.direction = {}", direction)
        order = page.apply(self._cursors, where, _ORDER)
        rows, cursor = page.page_of(self._cursors, await repository.page(self._database, actor, where, order), _ORDER)
        found = await repository.lines(self._database, actor, [row["id"] for row in rows])
        await self._recorder.read(
            actor, RECEIPT_LISTED, Subject("dossier", dossier_id, dossier["number"], dossier_id),
            filter={"direction": direction}, returned=[str(row["id"]) for row in rows],
        )  # fmt: skip
        items = [receipt_out(row, [line for line in found if line["receipt_id"] == row["id"]]) for row in rows]
        return Page(items=items, next=cursor)

    async def of_entry(self, actor: Actor, entry_id: UUID) -> EntryReceiptsOut:
        """Give the receipts that name an entry, and where its original is."""
        row = await repository.entry(self._database, actor, entry_id)
        subject = Subject("entry", entry_id, entry_id=entry_id)
        if row is not None:
            subject = Subject("entry", entry_id, row["title"], row["dossier_id"], entry_id)
        row = await self._gate.judge(actor, "receipt.read", subject, row)
        found = None
        if row["original"] == Original.ORIGINAL:
            found = (await _places(self._database, [entry_id]))[entry_id]
        receipts = await repository.of_entry(self._database, entry_id)
        await self._recorder.read(
            actor, ORIGINAL_TRACED, subject, returned=[str(receipt["id"]) for receipt in receipts]
        )
        return entry_receipts_out(entry_id, found, receipts)

    async def _judge(self, actor: Actor, act: str, receipt_id: UUID, row: Row | None) -> Row:
        subject = Subject("receipt", receipt_id)
        if row is not None:
            subject = _subject(receipt_id, row["serial"], row["dossier_number"], row["dossier_id"])
        return await self._gate.judge(actor, act, subject, row)

    @staticmethod
    async def _out(source: Connection | Database, actor: Actor, row: Row) -> ReceiptOut:
        return receipt_out(row, await repository.lines(source, actor, [row["id"]]))


async def _require_known(tx: Transaction, dossier_id: UUID, data: ReceiptCreate) -> None:
    client_id = data.counterparty.client_id
    if client_id is not None and not await repository.is_client(tx.connection, dossier_id, client_id):
        raise Invalid.field(
            "/body/counterparty/client_id", "not_its_client", "The dossier has no such client",
            "该客户不是本案卷的委托人",
        )  # fmt: skip
    await _require_paper(tx, dossier_id, data.signature_entry_id)


async def _require_paper(tx: Transaction, dossier_id: UUID, entry_id: UUID | None) -> None:
    if entry_id is not None and not await repository.known_entries(tx.connection, tx.actor, dossier_id, [entry_id]):
        raise Invalid.field(
            "/body/signature_entry_id", "unknown_entry", "There is no such entry in the dossier", "案卷中没有该材料"
        )


async def _places(
    source: Connection | Database, entry_ids: list[UUID], *, without: UUID | None = None
) -> dict[UUID, Whereabouts]:
    """Give where originals are; ReceiptNeeded when that can't be told `without` a receipt."""
    found = await repository.moves(source, entry_ids, without=without)
    try:
        return {entry_id: follow(_move(row) for row in rows) for entry_id, rows in found.items()}
    except NotPossible as error:
        raise ReceiptNeeded(
            "Later receipts say where its originals went: cancel those first", "后续收据以此为据,请先作废后续收据"
        ) from error


def _require_taking(state: str, data: ReceiptCreate) -> None:
    """Raise DossierFrozen, except for what only comes back to a dossier that is handed in."""
    comes_back = data.direction is Direction.RECEIVED and all(item.entry_id is not None for item in data.items)
    if not (comes_back and DossierState(state) in _HANDED_IN):
        require_changeable(state)


def _move(row: Row) -> Move:
    return Move(Direction(row["direction"]), Capacity(row["capacity"]), row["passed_on"], row["counterparty"])


def _subject(receipt_id: UUID, serial: int, number: str, dossier_id: UUID) -> Subject:
    return Subject("receipt", receipt_id, f"{number}/{serial}", dossier_id)
