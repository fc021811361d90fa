"""Files of entries: taken in so that 201 means safe, and given out so that every read is recorded first."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from hashlib import sha256
from uuid import UUID

from app.access.gate import Gate
from app.core.actor import Actor, IdempotencyClaim
from app.core.clock import now
from app.core.database import Connection, Database, Row
from app.core.errors import AppError, Conflict
from app.core.idempotency import Replay
from app.core.ids import new_id
from app.core.plain import Plain
from app.core.sql import insert
from app.dossiers.service import DossierService
from app.dossiers.state import require_taking
from app.entries import repository
from app.entries.events import FILE_ADDED, FILE_DAMAGED, FILE_LISTED, FILE_READ, FILE_REJECTED, FILE_VIEWED
from app.entries.models import FileVersion
from app.entries.pagecount import PageCounter
from app.entries.schemas import DocumentOut, EntryCreate, FileOut
from app.entries.service import EntryService, subject_of, unseen
from app.entries.shapes import entry_out, file_out, file_shown
from app.events.recorder import Recorder
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject
from app.storage.delivery import Delivery
from app.storage.errors import ObjectMissing
from app.storage.intake import Incoming, Received, forget, receive
from app.storage.keeping import KeptRows
from app.storage.media import IMAGES
from app.storage.scans import ScanPolicy
from app.storage.segments import Owner, OwnerKind
from app.storage.vault import Vault

# Picks what to send of a file of this size and SHA-256: (start, end), None for all of it; may raise an AppError.
Choose = Callable[[int, str], tuple[int, int] | None]


class ElectronicContentRefused(Conflict):
    """A dossier that bears a state-secret mark is kept on paper only."""

    code, title_en, title_zh = "electronic_content_refused", "No electronic content here", "该案卷不得存入电子文件"


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that is safe in the store and has no row yet; `pages` as far as they can be told."""

    received: Received
    pages: int | None


@dataclass(frozen=True, slots=True)
class FileDelivery:
    """A file on its way out; `part` is (start, end) or None for the whole, `warning` as in `ScanPolicy.judge`."""

    file: FileOut
    part: tuple[int, int] | None
    warning: str | None
    chunks: AbstractAsyncContextManager[AsyncIterator[bytes]]


class FileService:
    """Takes files in and gives them out."""

    def __init__(
        self,
        database: Database,
        uow: UnitOfWork,
        recorder: Recorder,
        gate: Gate,
        dossiers: DossierService,
        entries: EntryService,
        store: Vault,
        counter: PageCounter,
        upload_limit: int,
        scans: ScanPolicy,
    ) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._dossiers, self._entries = dossiers, entries
        self._store, self._counter, self._upload_limit = store, counter, upload_limit
        self.keeper = KeptRows(database, repository.KEPT)
        self._scans = scans

    async def add(self, actor: Actor, entry_id: UUID, incoming: Incoming) -> FileOut:
        """Store a file as the newest version of an entry; returned means safe.

        Raises DossierFrozen, ElectronicContentRefused, and what `receive` raises; then nothing is kept.
        """
        entry = await self.admit(actor, entry_id)
        stored = await self.take_in(actor, entry, incoming)
        actor = with_body(actor, stored, b"")
        try:
            async with self._uow.begin(actor) as tx:
                return tx.result(await self.add_within(tx, entry_id, entry["dossier_id"], stored))
        except (AppError, Replay) as error:
            await self.forget([stored], error)
            raise

    async def judge(self, actor: Actor, entry_id: UUID, hidden: Subject) -> Row:
        """Give an entry that the actor may add files to, whatever state its dossier is in.

        A refusal names `hidden` where the actor does not see the entry, so that it says no more than he had asked by.
        """
        row = await repository.find(self._database, actor, entry_id)
        return await self._gate.judge(actor, "file.add", subject_of(row) if row else hidden, row)

    async def admit(self, actor: Actor, entry_id: UUID) -> Row:
        """Give an entry that takes a file of the actor now; raises what `add` raises before a byte is taken."""
        entry = await self._entry(actor, "file.add", entry_id)
        dossier = await self._dossiers.stand(actor, "file.add", entry["dossier_id"])
        _require_taking(dossier, entry["supplement_id"])
        return entry

    async def take_in(self, actor: Actor, entry: Row, incoming: Incoming) -> Stored:
        """Take a file of an entry into the store; who calls this forgets it on a failure."""
        subject = Subject("entry", entry["id"], dossier_id=entry["dossier_id"], entry_id=entry["id"])
        return await self._receive(actor, subject, entry["dossier_id"], incoming, self._upload_limit)

    async def add_within(self, tx: Transaction, entry_id: UUID, dossier_id: UUID, stored: Stored) -> FileOut:
        """Make a stored file the newest version of its entry in a transaction under way; judged once more."""
        dossier = await self._dossiers.stand(tx.actor, "file.add", dossier_id, inside=tx.connection, lock=True)
        entry = await self._entry(tx.actor, "file.add", entry_id, inside=tx.connection)
        _require_taking(dossier, entry["supplement_id"])
        return await self._keep(tx, entry, stored)

    async def add_document(self, actor: Actor, dossier_id: UUID, data: EntryCreate, incoming: Incoming) -> DocumentOut:
        """Register an entry and store its file in one act: both or neither."""
        stored = await self.store(actor, dossier_id, incoming)
        actor = with_body(actor, stored, data.model_dump_json().encode())
        try:
            async with self._uow.begin(actor) as tx:
                return tx.result(await self.document_within(tx, dossier_id, data, stored))
        except (AppError, Replay) as error:
            await self.forget([stored], error)
            raise

    async def store(self, actor: Actor, dossier_id: UUID, incoming: Incoming, limit: int | None = None) -> Stored:
        """Take a file into the store for an entry that is still to be made; who calls this forgets it on a failure.

        `limit` in bytes goes below that of uploads. Raises what `add` raises.
        """
        dossier = await self._dossiers.stand(actor, "entry.create", dossier_id)
        _require_taking(dossier, dossier["open_supplement_id"])
        subject = Subject("dossier", dossier_id, dossier_id=dossier_id)
        return await self._receive(
            actor, subject, dossier_id, incoming, min(limit or self._upload_limit, self._upload_limit)
        )

    async def document_within(
        self, tx: Transaction, dossier_id: UUID, data: EntryCreate, stored: Stored
    ) -> DocumentOut:
        """Register an entry with its stored file in a transaction under way."""
        entry = await self._entries.create_within(tx, dossier_id, data)
        file = await self._keep(tx, await repository.reread(tx.connection, tx.actor, entry.id), stored)
        row = await repository.reread(tx.connection, tx.actor, entry.id)
        return DocumentOut(entry=entry_out(row), file=file)

    async def forget(self, several: Sequence[Stored], error: Exception) -> None:
        """Remove files that get no row because of `error`."""
        for stored in several:
            await forget(self._store, stored.received, error)

    def read_back(self, stored: Stored) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Give the bytes of a file that has just been stored, for whoever has to look into it before it has a row."""
        return self._store.get(stored.received.key)

    async def _entry(self, actor: Actor, act: str, entry_id: UUID, *, inside: Connection | None = None) -> Row:
        row = await repository.find(inside or self._database, actor, entry_id)
        return await self._gate.judge(actor, act, subject_of(row) if row else unseen(entry_id), row)

    async def _receive(
        self, actor: Actor, subject: Subject, dossier_id: UUID, incoming: Incoming, limit: int
    ) -> Stored:
        try:
            received = await receive(self._store, incoming, limit, Owner(OwnerKind.DOSSIER, dossier_id))
        except AppError as error:
            await self._recorder.failed(actor, FILE_REJECTED, subject, reason=error.code)
            raise
        try:
            return Stored(received, await self._count_pages(received))
        except AppError as error:
            await forget(self._store, received, error)
            raise

    async def _count_pages(self, received: Received) -> int | None:
        if received.media_type in IMAGES:
            return 1
        if received.media_type != "application/pdf":
            return None
        async with self._store.get(received.key) as chunks:
            return await self._counter.count(chunks, received.size)

    async def _keep(self, tx: Transaction, entry: Row, stored: Stored) -> FileOut:
        """Write the row of a file that is safe in the store; the dossier's row is held already."""
        moment, entry_id = now(), entry["id"]
        received, pages = stored.received, stored.pages
        file = FileVersion(
            id=new_id(), entry_id=entry_id, dossier_id=entry["dossier_id"],
            version=await repository.next_version(tx.connection, entry_id), original_name=received.original_name,
            media_type=received.media_type, size=received.size, sha256=received.sha256, pages=pages,
            object_key=received.key, created_by=tx.actor.id, created_at=moment,
        )  # fmt: skip
        await insert(tx.connection, file)
        await self._scans.expect(tx.connection, received)
        if pages is not None and not entry["pages_stated"] and pages != entry["pages"]:
            await repository.set_pages(tx.connection, entry_id, pages, moment)
            if entry["review"] != "excluded":
                grown = pages - (entry["pages"] or 0)
                await repository.count(tx.connection, entry["dossier_id"], pages=grown)
        row = await repository.reread_file(tx.connection, tx.actor, file.id)
        out = file_out(row)
        tx.record(FILE_ADDED, file_subject(row), new=out.model_dump(mode="json", exclude={"created_by"}))
        return out

    async def get(self, actor: Actor, file_id: UUID) -> Plain[FileOut]:
        """Give what is recorded of a file to somebody who sees its entry."""
        row = await self._judged(actor, "file.read", file_id)
        await self._recorder.read(actor, FILE_VIEWED, file_subject(row))
        return file_shown(row)

    async def versions(self, actor: Actor, entry_id: UUID) -> list[Plain[FileOut]]:
        """Give all versions of an entry's file, oldest first."""
        entry = await self._entry(actor, "entry.read", entry_id)
        rows = await repository.files_of(self._database, actor, entry_id)
        await self._recorder.read(actor, FILE_LISTED, subject_of(entry), returned=[str(row["id"]) for row in rows])
        return [file_shown(row) for row in rows]

    async def content(self, actor: Actor, file_id: UUID, choose: Choose) -> FileDelivery:
        """Record the reading of a file's content and open the way to its bytes.

        Raises Forbidden for somebody who sees the entry but may not read it, and what `ScanPolicy.judge` and `choose`
        raise.
        """
        row = await self._judged(actor, "file.read_content", file_id)
        file, subject = file_out(row), file_subject(row)
        try:
            warning = self._scans.judge(row, team=row["on_team"])
            part = choose(file.size, file.sha256)
        except AppError as error:
            await self._recorder.failed(actor, FILE_READ, subject, reason=error.code)
            raise
        start, end = part or (0, file.size)
        told = {} if warning is None else {"scan": warning}
        await self._recorder.read(
            actor, FILE_READ, subject, version=file.version, start=start, end=end, size=file.size, **told
        )

        async def alarm(reason: str) -> None:
            await self._recorder.failed(actor, FILE_DAMAGED, subject, reason=reason)

        delivery = Delivery(self._store, row["object_key"], file.size, file.sha256, alarm)
        if await self._store.stat(row["object_key"]) is None:
            await alarm("missing")
            raise ObjectMissing("The file's bytes are missing in the store", "存储中缺少该文件")
        chunks = delivery.whole() if part is None else delivery.part(start, end)
        return FileDelivery(file, part, warning, chunks)

    async def _judged(self, actor: Actor, act: str, file_id: UUID) -> Row:
        row = await repository.find_file(self._database, actor, file_id)
        subject = file_subject(row) if row else Subject("file", file_id)
        return await self._gate.judge(actor, act, subject, row)


def _require_taking(dossier: Row, supplement_id: UUID | None) -> None:
    require_taking(dossier["state"], dossier["open_supplement_id"], supplement_id)
    if dossier["state_secret_level"] is not None:
        raise ElectronicContentRefused(
            "This dossier bears a state-secret mark: keep its material on paper",
            "该案卷标有国家秘密标志,材料只能以纸质保管",
        )


def with_body(actor: Actor, stored: Stored, more: bytes) -> Actor:
    """Complete the caller's idempotency claim, now that the digest of the body is known."""
    claim = actor.origin.idempotency
    if claim is None:
        return actor
    received = stored.received
    fingerprint = sha256(claim.fingerprint + received.sha256.encode() + received.original_name.encode() + more).digest()
    return replace(
        actor, origin=replace(actor.origin, idempotency=IdempotencyClaim(key=claim.key, fingerprint=fingerprint))
    )


def file_subject(row: Row) -> Subject:
    """Give the subject of events about a file, from a row as `repository.find_file` gives it."""
    return Subject("file", row["id"], row["entry_title"], row["dossier_id"], row["entry_id"])
