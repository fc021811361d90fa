"""The sealed store: an object store in which every file is unreadable without the key of its owner.

Stands over an `ObjectStore` and offers its verbs in plain bytes and plain sizes; only `put` asks for more: whose file
it is. Bytes pass in segments of 1 MiB, never whole; ranges open only the segments they touch.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from app.storage.errors import ObjectCorrupt
from app.storage.key_store import KeyStore
from app.storage.protocol import ObjectStore, StoredObject, check_range
from app.storage.segments import (
    HEADER,
    SEALED_SEGMENT,
    SEGMENT,
    NotSealed,
    Owner,
    Seal,
    new_header,
    open_header,
    owner_of,
    plain_size,
    sealed_size,
)

NO_FILE = -1


class Vault:
    """Seals what is put and opens what is read.

    `beneath` holds the sealed bytes, `keys` the keys of owners. Besides what `ObjectStore` says every verb that needs a
    key raises `KeyStoreUnavailable`, `KeyDestroyed` or `KeyMissing`.
    """

    def __init__(self, beneath: ObjectStore, keys: KeyStore) -> None:
        self.beneath, self.keys = beneath, keys

    async def put(self, key: str, chunks: AsyncIterator[bytes], size: int | None, owner: Owner) -> StoredObject:
        """Store the chunks sealed under `key` for `owner`; see `ObjectStore.put`. `size` is of the plain bytes."""
        owner_key = await asyncio.to_thread(self.keys.key_for, owner)
        header, seal = new_header(owner, owner_key, key)
        counted = _Counted(chunks)
        stored = await self.beneath.put(
            key, _closed(header, seal, counted), None if size is None else sealed_size(size)
        )
        return replace(stored, size=counted.size, md5=None)

    @asynccontextmanager
    async def get(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[AsyncIterator[bytes]]:
        """Read plain bytes `start` up to, not including, `end`; see `ObjectStore.get`.

        Raises `ObjectCorrupt`, here or at the segment in question, when the bytes are not what was put under this key.
        """
        check_range(start, end)
        if start == 0 and end is None:
            async with self.beneath.get(key) as sealed:
                source = _Source(sealed)
                seal = await self._unwrap(key, await source.take(HEADER))
                yield _opened(source, seal, 0, 0, None)
            return
        if end == start:
            async with self.beneath.get(key, 0, 0) as nothing:
                yield nothing
            return
        async with self.beneath.get(key, 0, HEADER) as chunks:
            seal = await self._unwrap(key, await _Source(chunks).take(HEADER))
        first = start // SEGMENT
        # One byte more than the segments asked for tells whether the last of them is the last of the file.
        until = None if end is None else HEADER + -(-end // SEGMENT) * SEALED_SEGMENT + 1
        async with self.beneath.get(key, HEADER + first * SEALED_SEGMENT, until) as sealed:
            yield _opened(_Source(sealed), seal, first, start, end)

    async def _unwrap(self, key: str, header: bytes) -> Seal:
        try:
            owner_key = await asyncio.to_thread(self.keys.key_of, owner_of(header))
            return open_header(header, owner_key, key)
        except NotSealed as error:
            raise damaged(str(error)) from None

    async def owner(self, key: str) -> Owner:
        """Tell whose key seals an object; raise `ObjectMissing` or `ObjectCorrupt` when nobody's does."""
        async with self.beneath.get(key, 0, HEADER) as chunks:
            try:
                return owner_of(await _Source(chunks).take(HEADER))
            except NotSealed as error:
                raise damaged(str(error)) from None

    async def stat(self, key: str) -> StoredObject | None:
        """Tell the plain size and the time of an object; the size is NO_FILE for bytes that are no whole file."""
        found = await self.beneath.stat(key)
        return _plain(found) if found else None

    async def delete(self, key: str) -> None:
        """Remove the object, if there is one."""
        await self.beneath.delete(key)

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        """Go through the objects under `prefix` with their plain sizes; see `stat`."""
        async for found in self.beneath.list(prefix):
            yield _plain(found)

    async def probe(self) -> None:
        """Return when the store beneath answers and the key store is there."""
        await asyncio.to_thread(self.keys.probe)
        await self.beneath.probe()

    async def ensure_bucket(self) -> None:
        """Make the bucket if it isn't there yet."""
        await self.beneath.ensure_bucket()

    async def aclose(self) -> None:
        """Close the connections beneath."""
        await self.beneath.aclose()


def damaged(reason: str) -> ObjectCorrupt:
    """Make the error of stored bytes that do not open."""
    return ObjectCorrupt(f"The stored file is damaged ({reason})", "存储的文件已损坏")


def _plain(found: StoredObject) -> StoredObject:
    try:
        return replace(found, size=plain_size(found.size), md5=None)
    except NotSealed:
        return replace(found, size=NO_FILE, md5=None)


class _Counted:
    """Chunks and how many bytes they were."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks, self.size = aiter(chunks), 0

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        chunk = await anext(self._chunks)
        self.size += len(chunk)
        return chunk


async def _closed(header: bytes, seal: Seal, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Give header and sealed segments; the last of them only when the chunks have ended."""
    buffer, number = bytearray(), 0
    yield header
    async for chunk in chunks:
        buffer += chunk
        while len(buffer) > SEGMENT:
            yield seal.close(number, bytes(memoryview(buffer)[:SEGMENT]), last=False)
            del buffer[:SEGMENT]
            number += 1
    yield seal.close(number, bytes(buffer), last=True)


class _Source:
    """Takes exact numbers of bytes from chunks."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks, self._rest = aiter(chunks), memoryview(b"")

    async def more(self) -> bool:
        """Tell whether there is another byte."""
        while not self._rest:
            try:
                self._rest = memoryview(await anext(self._chunks))
            except StopAsyncIteration:
                return False
        return True

    async def take(self, count: int) -> bytes:
        """Give `count` bytes, fewer only at the end."""
        pieces, missing = [], count
        while missing and await self.more():
            pieces.append(self._rest[:missing])
            missing -= len(pieces[-1])
            self._rest = self._rest[len(pieces[-1]) :]
        return b"".join(pieces)


async def _opened(source: _Source, seal: Seal, first: int, start: int, end: int | None) -> AsyncIterator[bytes]:
    """Open segments from `first` on and give the plain bytes between `start` and `end`."""
    number = first
    while end is None or number * SEGMENT < end:
        if number > first and not await source.more():
            return
        sealed = await source.take(SEALED_SEGMENT)
        if not sealed and first > 0:
            return  # asked for what lies behind the end
        try:
            plain = seal.open(number, sealed, last=not await source.more())
        except NotSealed as error:
            raise damaged(str(error)) from None
        begin = number * SEGMENT
        wanted = plain[max(0, start - begin) : None if end is None else end - begin]
        if wanted:
            yield wanted
        number += 1
