"""Uploads that may be interrupted: begun, gone on with from where they stand, and in the end a file like any other.

An offset that was told is durable: pieces lie in the store before the short transaction that moves it. The last byte is
acknowledged by the transaction that makes the file, so a client whose upload could not be finished sends it again.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from app.access.gate import Gate
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Connection, Database, OutcomeUnknown, Row, present
from app.core.errors import AppError, Forbidden, NotFound, TooLarge
from app.core.idempotency import Replay
from app.core.ids import new_id
from app.core.sql import insert
from app.dossiers.errors import DossierFrozen
from app.entries.files import ElectronicContentRefused, FileService, Stored
from app.events.recorder import Recorder
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject
from app.storage.body import Whole
from app.storage.errors import DigestMismatch
from app.storage.intake import Incoming, too_large
from app.uploads import repository
from app.uploads.errors import ChecksumMismatch, OffsetConflict, UploadBusy, UploadDamaged, UploadGone, UploadOver
from app.uploads.events import (
    UPLOAD_BEGUN,
    UPLOAD_CONTINUED,
    UPLOAD_ENDED,
    UPLOAD_FINISHED,
    UPLOAD_REJECTED,
    UPLOAD_VIEWED,
)
from app.uploads.models import Upload, UploadPiece
from app.uploads.pieces import Piece, PieceReader, PieceStore
from app.uploads.schemas import Append, UploadCreate, UploadOut, UploadState

EXPIRED, TERMINATED = "expired", "terminated"
_KEPT_DAYS = 30
_MOST_AT_ONCE = 100
# The bytes are all here, and nothing that their sender could do would make them a file.
_FOR_GOOD = (
    DigestMismatch, UploadDamaged, TooLarge, DossierFrozen, ElectronicContentRefused, Forbidden, NotFound,
)  # fmt: skip


@dataclass(slots=True)
class _Work:
    """One request at an upload: `stands` is how far it is acknowledged, `waiting` the pieces that are not yet."""

    row: Row
    subject: Subject
    stands: int
    waiting: list[Piece] = field(default_factory=list)
    # Whether what becomes of the request is recorded already.
    told: bool = False

    @property
    def end(self) -> int:
        """How far the bytes reach that are in the store."""
        return self.waiting[-1].start + self.waiting[-1].size if self.waiting else self.stands


class UploadService:
    """Keeps the bytes of uploads until they are a file.

    Parameters: `limit` is the most bytes of a file, `hours` the time that an upload has.
    """

    def __init__(
        self,
        database: Database,
        uow: UnitOfWork,
        recorder: Recorder,
        gate: Gate,
        files: FileService,
        pieces: PieceStore,
        *,
        limit: int,
        hours: float,
    ) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._files, self._pieces, self._limit, self._hours = files, pieces, limit, hours
        self._finishing = set[UUID]()

    @property
    def limit(self) -> int:
        """The most bytes of an upload."""
        return self._limit

    async def begin(self, actor: Actor, data: UploadCreate) -> UploadOut:
        """Begin an upload to an entry; an empty one is a file at once.

        Raises what adding a file raises before a byte is taken, TooLarge; then nothing is kept.
        """
        entry = await self._files.admit(actor, data.entry_id)
        moment = now()
        upload = Upload(
            id=new_id(), entry_id=data.entry_id, dossier_id=entry["dossier_id"], created_by=actor.id,
            length=data.length, original_name=data.original_name, declared_type=data.declared_type,
            digest=data.digest, metadata_header=data.header, state=UploadState.OPEN.value, created_at=moment,
            expires_at=moment + timedelta(hours=self._hours),
        )  # fmt: skip
        subject = Subject("upload", upload.id, entry["title"], upload.dossier_id, upload.entry_id)
        if data.length > self._limit:
            error = too_large(self._limit)
            await self._recorder.failed(actor, UPLOAD_REJECTED, subject, reason=error.code)
            raise error
        stored = None if data.length else await self._files.take_in(actor, entry, _incoming(upload, Whole(b"")))
        try:
            async with self._uow.begin(actor) as tx:
                return tx.result(await self._begin_within(tx, upload, subject, stored))
        except (AppError, Replay) as error:
            if stored is not None:
                await self._files.forget([stored], error)
            raise

    async def _begin_within(
        self, tx: Transaction, upload: Upload, subject: Subject, stored: Stored | None
    ) -> UploadOut:
        tx.record(UPLOAD_BEGUN, subject, length=upload.length, original_name=upload.original_name)
        if stored is not None:
            file = await self._files.add_within(tx, upload.entry_id, upload.dossier_id, stored)
            upload.state, upload.file_id, upload.ended_at = UploadState.FINISHED.value, file.id, now()
            tx.record(UPLOAD_FINISHED, subject, file_id=str(file.id))
        await insert(tx.connection, upload)
        return _out(present(await repository.find(tx.connection, upload.id, upload.created_by)), upload.created_at)

    async def get(self, actor: Actor, upload_id: UUID) -> UploadOut:
        """Give an upload to its maker."""
        row, subject = await self._mine(actor, upload_id)
        await self._recorder.read(actor, UPLOAD_VIEWED, subject)
        return _out(row, now())

    async def append(self, actor: Actor, upload_id: UUID, data: Append) -> UploadOut:
        """Keep bytes that go on from where the upload stands; those that complete it make it a file.

        What had arrived when a body broke off is kept, unless a checksum was announced for the whole of it. Raises
        OffsetConflict, UploadGone, UploadBusy, ChecksumMismatch, and what adding a file raises.
        """
        row, subject = await self._mine(actor, upload_id)
        _require_going(row)
        if row["state"] != UploadState.FINISHED:
            await self._files.admit(actor, row["entry_id"])
        if row["received"] != data.offset:
            raise OffsetConflict
        if data.offset + (data.size or 0) > row["length"]:
            raise TooLarge(f"The upload has {row['length']} bytes in all", f"该上传共 {row['length']} 字节")
        work = _Work(row, subject, data.offset)
        if row["state"] == UploadState.OPEN:
            try:
                await self._take(actor, work, data)
            except AppError as error:
                await self._undo(actor, work, error)
                raise
        if not work.told:
            await self._recorder.read(actor, UPLOAD_VIEWED, subject)
        return _out(present(await repository.find(self._database, upload_id, actor.id)), now())

    async def end(self, actor: Actor, upload_id: UUID) -> None:
        """End an upload at its maker's wish and forget its bytes; UploadOver for one that has become a file."""
        row, subject = await self._mine(actor, upload_id)
        _require_going(row)
        await self._end(actor, row["id"], subject, TERMINATED)

    async def end_expired(self, actor: Actor) -> int:
        """End the uploads whose time is over, and give their number; forget what ended long ago."""
        ended = 0
        while rows := await repository.expired(self._database, now(), _MOST_AT_ONCE):
            for row in rows:
                subject = Subject("upload", row["id"], row["entry_title"], row["dossier_id"], row["entry_id"])
                try:
                    await self._end(actor, row["id"], subject, EXPIRED)
                except UploadOver:
                    continue  # somebody was faster
                ended += 1
        await repository.forget(self._database, now() - timedelta(days=_KEPT_DAYS))
        return ended

    async def known_keys(self, keys: Sequence[str]) -> set[str]:
        """Tell which objects of the store belong to an upload; for the sweep."""
        return await repository.known_keys(self._database, keys)

    async def _mine(self, actor: Actor, upload_id: UUID) -> tuple[Row, Subject]:
        """Give an upload of the actor's own, to an entry that he may still add files to."""
        row, hidden = await repository.find(self._database, upload_id, actor.id), Subject("upload", upload_id)
        if row is None:
            await self._gate.hide(actor, "file.add", hidden)
        entry = await self._files.judge(actor, row["entry_id"], hidden)
        return row, Subject("upload", upload_id, entry["title"], row["dossier_id"], row["entry_id"])

    async def _take(self, actor: Actor, work: _Work, data: Append) -> None:
        """Bring the bytes of a request into the store, and acknowledge them as early as may be."""
        length: int = work.row["length"]
        checksum = hashlib.new(data.checksum.algorithm, usedforsecurity=False) if data.checksum else None
        async with aclosing(PieceReader(data.chunks)) as reader:
            while piece := await reader.take():
                if work.end + len(piece) >= length:
                    await reader.confirm_end(work.end + len(piece), length)
                if checksum is not None:
                    checksum.update(piece)
                work.waiting.append(await self._pieces.put(work.row["id"], work.row["dossier_id"], work.end, piece))
                if checksum is None and work.end < length:
                    await self._acknowledge(actor, work)
            if checksum is not None and data.checksum is not None:
                _require_sum(reader, checksum.digest(), data.checksum.digest)
            if work.end == length:
                await self._finish(actor, work)
            elif work.waiting:
                await self._acknowledge(actor, work)
            if reader.broke is not None:
                raise reader.broke

    async def _undo(self, actor: Actor, work: _Work, error: AppError) -> None:
        """Forget the pieces of a request that failed, as far as they are not acknowledged."""
        # After a COMMIT whose outcome is not known rows may refer to them: then only the sweep, which looks.
        if not isinstance(error, OutcomeUnknown):
            await self._pieces.delete([piece.key for piece in work.waiting])
        if not work.told:
            await self._recorder.failed(actor, UPLOAD_REJECTED, work.subject, reason=error.code)

    async def _acknowledge(self, actor: Actor, work: _Work) -> None:
        """Move the offset over the pieces that wait."""
        async with self._uow.begin(actor) as tx:
            if not await repository.advance(tx.connection, work.row["id"], work.stands, work.end):
                raise await _why(tx.connection, work.row)
            await insert(tx.connection, *(_piece_row(work.row["id"], piece) for piece in work.waiting))
            tx.record(UPLOAD_CONTINUED, work.subject, start=work.stands, end=work.end)
        work.stands, work.waiting, work.told = work.end, [], True

    async def _finish(self, actor: Actor, work: _Work) -> None:
        """Make the bytes a file; a failure that is for good ends the upload, any other leaves it as it stands."""
        upload_id: UUID = work.row["id"]
        if upload_id in self._finishing:
            raise UploadBusy
        self._finishing.add(upload_id)
        work.told = True
        try:
            keys = await self._made_file(actor, work)
        except _FOR_GOOD as error:
            try:
                await self._end(actor, upload_id, work.subject, error.code)
            except UploadOver:
                # Another process made the file meanwhile, so its pieces are gone.
                raise OffsetConflict from error
            raise
        finally:
            self._finishing.discard(upload_id)
        waiting, work.waiting = work.waiting, []
        await self._pieces.delete([*keys, *(piece.key for piece in waiting)])

    async def _made_file(self, actor: Actor, work: _Work) -> list[str]:
        """Make the bytes a file by the ordinary way in; give the keys of the pieces that are of no use any more."""
        upload_id, entry_id = work.row["id"], work.row["entry_id"]
        entry = await self._files.judge(actor, entry_id, Subject("upload", upload_id))
        rows = await repository.pieces(self._database, upload_id, work.stands)
        kept = [Piece(row["start"], row["size"], row["sha256"], row["object_key"]) for row in rows]
        if sum(piece.size for piece in kept) != work.stands:
            raise OffsetConflict  # somebody has just finished or ended it
        async with aclosing(self._pieces.together([*kept, *work.waiting])) as chunks:
            stored = await self._files.take_in(actor, entry, _incoming(work.row, chunks))
        try:
            async with self._uow.begin(actor) as tx:
                file = await self._files.add_within(tx, entry_id, work.row["dossier_id"], stored)
                if not await repository.finish(tx.connection, upload_id, work.stands, file.id, now()):
                    raise await _why(tx.connection, work.row)
                keys = await repository.drop_pieces(tx.connection, upload_id)
                tx.record(UPLOAD_FINISHED, work.subject, file_id=str(file.id))
        except AppError as error:
            await self._files.forget([stored], error)
            raise
        return keys

    async def _end(self, actor: Actor, upload_id: UUID, subject: Subject, reason: str) -> None:
        async with self._uow.begin(actor) as tx:
            if not await repository.end(tx.connection, upload_id, reason, now()):
                raise UploadOver
            keys = await repository.drop_pieces(tx.connection, upload_id)
            tx.record(UPLOAD_ENDED, subject, reason=reason)
        await self._pieces.delete(keys)


def _incoming(upload: Upload | Row, chunks: AsyncIterator[bytes]) -> Incoming:
    known = upload.model_dump() if isinstance(upload, Upload) else upload
    return Incoming(
        chunks=chunks, original_name=known["original_name"], declared_type=known["declared_type"],
        size=known["length"], digest=known["digest"],
    )  # fmt: skip


def _piece_row(upload_id: UUID, piece: Piece) -> UploadPiece:
    return UploadPiece(
        upload_id=upload_id, start=piece.start, size=piece.size, sha256=piece.sha256, object_key=piece.key
    )


def _reason(row: Row, moment: datetime) -> str | None:
    """Tell why an upload has ended without a file; None for one that hasn't."""
    # Its time is over whether or not the worker has come by.
    over = row["state"] == UploadState.OPEN and row["expires_at"] <= moment
    return EXPIRED if over else row["end_reason"]


def _require_going(row: Row) -> None:
    if (reason := _reason(row, now())) is not None:
        raise UploadGone(reason)


async def _why(connection: Connection, row: Row) -> AppError:
    """Tell why an upload did not move on, or did not end: it has ended, it is a file, or it stands elsewhere."""
    found = present(await repository.find(connection, row["id"], row["created_by"]))
    if found["state"] == UploadState.ENDED:
        return UploadGone(found["end_reason"])
    return OffsetConflict()


def _require_sum(reader: PieceReader, found: bytes, announced: bytes) -> None:
    if reader.broke is not None:
        raise reader.broke
    if found != announced:
        raise ChecksumMismatch(
            "The bytes do not have the checksum of Upload-Checksum; nothing of them was kept",
            "收到的内容与 Upload-Checksum 不一致,本次内容未保存",
        )


def _out(row: Row, moment: datetime) -> UploadOut:
    """Shape an upload for the answer."""
    reason = _reason(row, moment)
    return UploadOut(
        id=row["id"], entry_id=row["entry_id"], state=UploadState.ENDED if reason else UploadState(row["state"]),
        original_name=row["original_name"], length=row["length"], offset=row["received"], file_id=row["file_id"],
        end_reason=reason, metadata=row["metadata_header"], created_at=row["created_at"],
        expires_at=row["expires_at"],
    )  # fmt: skip
