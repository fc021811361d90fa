"""Looks at the stored bytes of a dossier's files: whether they are there, and when asked whether they are the same.

Streams and forgets: of a file no more than a chunk is held, of all files a few at a time. Never writes, and never takes
a store that can't answer for one that has lost something: that is Unavailable.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import sha256

from app.entries.pagecount import PageCounter
from app.filing.check_model import FileFacts, Stored
from app.filing.file_heads import opens_by_head
from app.storage.errors import ObjectMissing
from app.storage.media import Ends, sniff
from app.storage.protocol import Readable

Looked = Mapping[str, Stored]

_STATS_AT_ONCE, _READS_AT_ONCE = 24, 4
# Readings of whole dossiers that a process does at a time; others wait, so that uploads and downloads go on.
_DEEP_AT_ONCE = 2


class StoreLook:
    """Looks at stored files."""

    def __init__(self, store: Readable, counter: PageCounter) -> None:
        self._store, self._counter = store, counter
        self._turns, self._one_pdf = asyncio.Semaphore(_DEEP_AT_ONCE), asyncio.Semaphore(1)

    async def look(self, files: Sequence[FileFacts], *, deep: bool, known: Looked | None = None) -> Looked:
        """Tell what the store holds of the files, by object key; `deep` reads all of them to their last byte.

        What is `known` already is not looked at again: objects are never written twice.
        """
        found = {key: held for key, held in (known or {}).items() if not deep or held.read}
        rest = [file for file in files if file.object_key not in found]

        async def stat(file: FileFacts) -> None:
            held = await self._store.stat(file.object_key)
            found[file.object_key] = Stored(None if held is None else held.size)

        async def read(file: FileFacts) -> None:
            found[file.object_key] = await self._read(file)

        if deep:
            async with self._turns:
                await _each(rest, _READS_AT_ONCE, read)
        else:
            await _each(rest, _STATS_AT_ONCE, stat)
        return found

    async def _read(self, file: FileFacts) -> Stored:
        digest, size, ends = sha256(), 0, Ends()
        try:
            async with self._store.get(file.object_key) as chunks:
                async for chunk in chunks:
                    digest.update(chunk)
                    size += len(chunk)
                    ends.see(chunk)
        except ObjectMissing:
            return Stored(None)
        # By the recorded type, as the sender's word was weighed when the file came in.
        media_type = sniff(ends.head, file.media_type, ends.tail)
        opens = opens_by_head(file.media_type, ends.head, size)
        if file.media_type == "application/pdf":
            opens = await self._opens_as_pdf(file.object_key, size)
        return Stored(size, media_type, digest.hexdigest(), opens)

    async def _opens_as_pdf(self, key: str, size: int) -> bool | None:
        if not self._counter.takes(size):
            return None
        # One at a time, or a connection to the store would lie idle while the counter is busy with another file.
        async with self._one_pdf, self._store.get(key) as chunks:
            return await self._counter.count(chunks, size) is not None


async def _each(files: Sequence[FileFacts], at_once: int, deed: Callable[[FileFacts], Awaitable[None]]) -> None:
    """Do something for each file, a few at a time; the first failure ends all."""
    left = iter(files)

    async def work() -> None:
        for file in left:
            await deed(file)

    tasks = [asyncio.create_task(work()) for _ in range(min(at_once, len(files)))]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
