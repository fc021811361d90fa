"""Reading copies (阅卷副本): one PDF of a volume as it would be bound, with page numbers; originals never change.

Rights hold file by file. What goes in is asked of the rooms whose it is, before the copy is made and again before its
first byte leaves; each file in it is recorded as if it had been downloaded, and the copy with what was left out. No
connection to the database is held while a copy is made or sent, and nothing of it stays behind.
Source: domain/rules.md section 1.6 (page numbers), 1.4 (order of a volume).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from app.core.actor import Actor
from app.core.errors import Conflict, Unavailable
from app.dossiers.service import DossierService
from app.entries.newest_files import NewestFile, NewestFiles
from app.entries.schemas import ContentsVolume
from app.events.recorder import Recorder
from app.events.vocabulary import Subject
from app.reports.binder import Bench, Binder
from app.reports.copying import Piece, Reason, judged, segments
from app.reports.events import VOLUME_COPIED
from app.reports.form_service import FormService, Material
from app.reports.pdf import stand_in_part
from app.reports.press import Press, file_name
from app.storage.errors import ObjectCorrupt, ObjectMissing

ACT = "volume.copy"
_CHUNK = 1024 * 1024


class CopyOutdated(Conflict):
    """While the copy was made, its maker lost the right to something that is in it, or a virus was found."""

    code, title_en, title_zh = "copy_outdated", "Rights changed meanwhile", "制作期间权限已变更"


@dataclass(frozen=True, slots=True)
class ReadingCopy:
    """A copy that is ready to be sent; its file has no name any more and is gone when it is closed.

    `warning` is the state of the scan of a file in it that its reader must be warned of.
    """

    name: str
    size: int
    file: IO[bytes]
    warning: str | None

    @asynccontextmanager
    async def chunks(self) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open the way to its bytes."""
        with self.file:
            yield self._pieces()

    async def _pieces(self) -> AsyncIterator[bytes]:
        while chunk := await asyncio.to_thread(self.file.read, _CHUNK):
            yield chunk


class ReadingCopyService:
    """Makes reading copies. `limit` is the most bytes of files that go into one."""

    def __init__(
        self,
        recorder: Recorder,
        dossiers: DossierService,
        forms: FormService,
        files: NewestFiles,
        binder: Binder,
        press: Press,
        limit: int,
    ) -> None:
        self._recorder, self._dossiers, self._forms, self._files = recorder, dossiers, forms, files
        self._binder, self._press, self._limit = binder, press, limit

    async def make(self, actor: Actor, dossier_id: UUID, number: int) -> ReadingCopy:
        """Make the copy of a volume (册) for somebody who sees the dossier, without what he may not read.

        Raises NotFound (recorded) for a volume that the dossier does not have, BinderBusy when too many copies are
        being made, CopyOutdated when rights were lost meanwhile.
        """
        await self._dossiers.stand(actor, ACT, dossier_id)
        material = await self._forms.material(actor, dossier_id)
        volume = await self._forms.volume(actor, ACT, material, number)
        files = await self._files.of(actor, dossier_id, _entries(volume))
        async with self._binder.bench() as bench:
            pieces = await self._pieces(actor, bench, volume, files)
            target = await self._bound(bench, material, volume, pieces)
            await self._let_go(actor, material, volume, pieces, target.stat().st_size)
            file = await asyncio.to_thread(target.open, "rb")
        name = f"{material.heading.number} 阅卷副本 第{number}册.pdf"
        return ReadingCopy(file_name(name), await asyncio.to_thread(_length, file), file, _warning(pieces))

    async def _pieces(
        self, actor: Actor, bench: Bench, volume: ContentsVolume, files: dict[UUID, NewestFile]
    ) -> list[Piece]:
        room, pieces = self._limit, list[Piece]()
        for line in volume.items:
            piece = judged(line, files.get(line.entry_id) if line.entry_id else None, room)
            if piece.reason is None and piece.file is not None:
                room -= piece.file.row["size"]
                await self._clean(actor, bench, piece, piece.file)
            pieces.append(piece)
        return pieces

    async def _clean(self, actor: Actor, bench: Bench, piece: Piece, file: NewestFile) -> None:
        """Fetch a file and have clean pages made of it; the piece then has them, or the reason why not."""
        source, path = (bench.directory / f"{piece.line.serial}.{kind}" for kind in ("source", "pdf"))
        try:
            async with await self._files.fetch(actor, file) as chunks:
                await _spooled(chunks, source)
        except (ObjectMissing, ObjectCorrupt):
            piece.reason = Reason.DAMAGED
            return
        answer = await bench.ask(
            {
                "do": "clean", "source": str(source), "target": str(path), "media_type": file.row["media_type"],
                "pages": piece.line.pages,
            }
        )  # fmt: skip
        await asyncio.to_thread(source.unlink)
        if answer is None or "reason" in answer:
            piece.reason = Reason(answer["reason"]) if answer else Reason.UNREADABLE
        else:
            piece.path, piece.blank = path, answer["blank"]

    async def _bound(self, bench: Bench, material: Material, volume: ContentsVolume, pieces: list[Piece]) -> Path:
        """Print what goes around the material and bind everything; give the file."""
        stand_ins = [stand_in_part(piece.stand_in()) for piece in pieces if piece.reason is not None]
        printed = {"front": material.front(volume), "end": material.end(volume), "stand-ins": stand_ins}
        paths = {name: bench.directory / f"{name}.pdf" for name in (*printed, "copy")}
        for name, parts in printed.items():
            if parts:
                content = await self._press.run(lambda some: material.pdf("阅卷副本", some, tagged=False), parts)
                await asyncio.to_thread(paths[name].write_bytes, content)
        title = f"{material.heading.number} 阅卷副本 第{volume.volume}册"
        question: dict[str, Any] = {
            "do": "bind", "target": str(paths["copy"]), "title": title, "segments": segments(pieces),
            "front": {"file": str(paths["front"]), "marks": [["案卷封面", 0], ["卷内目录", 1]]},
            "end": {"file": str(paths["end"]), "marks": [["备考表", 0], ["卷底", -1]]},
            "stand_ins": str(paths["stand-ins"]) if stand_ins else None,
        }  # fmt: skip
        if await bench.ask(question) is None:
            raise Unavailable("The copy could not be put together", "副本未能制作完成", retry_after=60)
        return paths["copy"]

    async def _let_go(
        self, actor: Actor, material: Material, volume: ContentsVolume, pieces: list[Piece], size: int
    ) -> None:
        """Look at the rights once more, then record the copy and each file in it."""
        heading = material.heading
        subject = Subject("dossier", heading.id, heading.number, heading.id)
        bound = [piece.file for piece in pieces if piece.reason is None and piece.file is not None]
        await self._dossiers.stand(actor, ACT, heading.id)
        still = await self._files.of(actor, heading.id, _entries(volume))
        readable = {file.row["entry_id"] for file in still.values() if file.reads and file.closed is None}
        if any(file.row["entry_id"] not in readable for file in bound):
            await self._recorder.failed(actor, VOLUME_COPIED, subject, volume=volume.volume, reason="outdated")
            raise CopyOutdated("Your rights have changed while the copy was made", "制作副本期间您的权限已变更")
        await self._files.record(actor, bound)
        # By their serials, which everybody who sees the dossier knows, and without a reason, which would tell of them.
        await self._recorder.read(
            actor, VOLUME_COPIED, subject, volume=volume.volume, digest=material.contents.digest, size=size,
            files=len(bound), left_out=[piece.line.serial for piece in pieces if piece.reason is not None],
        )  # fmt: skip


def _warning(pieces: list[Piece]) -> str | None:
    bound = (piece.file for piece in pieces if piece.reason is None)
    return next((file.warning for file in bound if file is not None and file.warning), None)


def _entries(volume: ContentsVolume) -> list[UUID]:
    return [line.entry_id for line in volume.items if line.entry_id is not None]


async def _spooled(chunks: AsyncIterator[bytes], path: Path) -> None:
    """Write chunks to a file as they come."""
    file = await asyncio.to_thread(path.open, "wb")
    try:
        async for chunk in chunks:
            await asyncio.to_thread(file.write, chunk)
    except OSError as error:
        raise Unavailable("There is no room to make the copy", "没有空间制作副本", retry_after=60) from error
    finally:
        await asyncio.to_thread(file.close)


def _length(file: IO[bytes]) -> int:
    length = file.seek(0, 2)
    file.seek(0)
    return length
