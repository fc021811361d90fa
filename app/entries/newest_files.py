"""The newest files of several entries at once, for those who make something of them.

Whoever makes a copy of a volume asks here what the actor may read, fetches it, and has each file recorded as if it had
been downloaded before the copy leaves. Never gives bytes of a file without the verdict `reads`, nor of one
that is closed until, or since, the virus scanner has judged it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from uuid import UUID

from app.core.actor import Actor
from app.core.database import Database, Row
from app.core.errors import AppError
from app.entries import repository
from app.entries.events import FILE_DAMAGED, FILE_READ
from app.entries.files import file_subject
from app.events.recorder import Recorder
from app.events.vocabulary import Subject
from app.storage.delivery import Delivery
from app.storage.errors import ObjectMissing
from app.storage.scans import ScanPolicy
from app.storage.vault import Vault


@dataclass(frozen=True, slots=True)
class NewestFile:
    """The newest file of an entry that the actor sees.

    `reads` tells whether he may read its content, `closed` is the code of why nobody like him may now, `warning` the
    state of its scan where a reader must be warned of it.
    """

    row: Row
    reads: bool
    closed: str | None = None
    warning: str | None = None

    @property
    def id(self) -> UUID:
        """The file's id."""
        found: UUID = self.row["id"]
        return found

    @property
    def subject(self) -> Subject:
        """The subject of events about it."""
        return file_subject(self.row)


class NewestFiles:
    """Gives newest files out, many at a time."""

    def __init__(self, database: Database, recorder: Recorder, store: Vault, scans: ScanPolicy) -> None:
        self._database, self._recorder, self._store, self._scans = database, recorder, store, scans

    async def of(self, actor: Actor, dossier_id: UUID, entry_ids: list[UUID]) -> dict[UUID, NewestFile]:
        """Give the newest file of each entry that has one and that the actor sees; the caller records what he shows."""
        rows = await repository.newest_files(self._database, actor, dossier_id, entry_ids)
        return {row["entry_id"]: self._judged(row) for row in rows}

    def _judged(self, row: Row) -> NewestFile:
        try:
            return NewestFile(row, row["reads"], None, self._scans.judge(row, team=row["on_team"]))
        except AppError as error:
            return NewestFile(row, row["reads"], error.code)

    async def fetch(self, actor: Actor, file: NewestFile) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open the way to a file's bytes; they raise ObjectCorrupt before the last of them when they are damaged.

        Raises ObjectMissing when there are none. Either is recorded.
        """
        if not file.reads or file.closed is not None:
            raise RuntimeError("a file was asked for that its asker may not read")

        async def alarm(reason: str) -> None:
            await self._recorder.failed(actor, FILE_DAMAGED, file.subject, reason=reason)

        row = file.row
        if await self._store.stat(row["object_key"]) is None:
            await alarm("missing")
            raise ObjectMissing("The file's bytes are missing in the store", "存储中缺少该文件")
        return Delivery(self._store, row["object_key"], row["size"], row["sha256"], alarm).whole()

    async def record(self, actor: Actor, files: Sequence[NewestFile]) -> None:
        """Record that these files were read, each as if it had been downloaded."""
        await asyncio.gather(*(self._read(actor, file) for file in files))

    async def _read(self, actor: Actor, file: NewestFile) -> None:
        size, version = file.row["size"], file.row["version"]
        told = {} if file.warning is None else {"scan": file.warning}
        await self._recorder.read(actor, FILE_READ, file.subject, version=version, start=0, end=size, size=size, **told)
