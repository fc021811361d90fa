"""The sealed store: an object store in which every file is unreadable without the key of its owner.

Stands over an `ObjectStore` and offers its verbs in plain bytes and plain sizes; only `put` asks for more: whose file
it is. Bytes pass in segments of 1 MiB, never whole; ranges open only the segments they touch.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TypeVar

from app.storage.errors import DigestMismatch, ObjectCorrupt
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
SLICE = 256 * 1024  # what is given at a time: whole segments would lie once more in the buffer of each reader's line
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A file that is safe in the store: its key, its plain size in bytes, its SHA-256 in hex."""

    key: str
    size: int
    sha256: str


class Vault:
    """Seals what is put and opens what is read.

    `beneath` holds the sealed bytes, `keys` the keys of owners. Besides what `ObjectStore` says every verb that needs a
    key raises `KeyStoreUnavailable`, `KeyDestroyed` or `KeyMissing`.
    """

    def __init__(self, beneath: ObjectStore, keys: KeyStore) -> None:
        self.beneath, self.keys = beneath, keys

    async def put(
        self, key: str, chunks: AsyncIterator[bytes], size: int | None, owner: Owner, digest: bytes | None = None
    ) -> SealedFile:
        """Store the chunks sealed under `key` for `owner`; see `ObjectStore.put`. `size` is of the plain bytes.

        Raises DigestMismatch when `digest` is given and not the SHA-256 of the plain bytes; then nothing is kept.
        """
        owner_key = await asyncio.to_thread(self.keys.key_for, owner)
        header, seal = new_header(owner, owner_key, key)
        sealing = _Sealing(seal, digest)
        await self.beneath.put(key, sealing.of(header, chunks), None if size is None else sealed_size(size))
        return SealedFile(key, sealing.size, sealing.sha256.hexdigest())

    @asynccontextmanager
    async def get(
        self, key: str, start: int = 0, end: int | None = None, watch: Callable[[bytes], None] | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Read plain bytes `start` up to, not including, `end`; see `ObjectStore.get`.

        `watch` is called with each piece before it is given, in the thread that opened it (a digest, say).
        Raises `ObjectCorrupt`, here or at the segment in question, when the bytes are not what was put under this key.
        """
        check_range(start, end)
        if start == 0 and end is None:
            async with self.beneath.get(key) as sealed:
                source = _Source(sealed)
                seal = await self._unwrap(key, await source.take(HEADER))
                async with aclosing(_opened(source, _Opening(seal, 0, None, watch), 0)) as chunks:
                    yield chunks
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
        async with (
            self.beneath.get(key, HEADER + first * SEALED_SEGMENT, until) as sealed,
            aclosing(_opened(_Source(sealed), _Opening(seal, start, end, watch), first)) as opened,
        ):
            yield opened

    async def _unwrap(self, key: str, header: bytes) -> Seal:
        try:
            owner_key = await asyncio.to_thread(self.keys.key_of, owner_of(header))
            return open_header(header, owner_key, key)
        except NotSealed as error:
            raise ObjectCorrupt(str(error)) from None

    async def owner(self, key: str) -> Owner:
        """Tell whose key seals an object; raise `ObjectMissing` or `ObjectCorrupt` when nobody's does."""
        async with self.beneath.get(key, 0, HEADER) as chunks:
            try:
                return owner_of(await _Source(chunks).take(HEADER))
            except NotSealed as error:
                raise ObjectCorrupt(str(error)) from None

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


def _plain(found: StoredObject) -> StoredObject:
    try:
        return replace(found, size=plain_size(found.size), md5=None)
    except NotSealed:
        return replace(found, size=NO_FILE, md5=None)


class _Sealing:
    """Seals segments in a thread while the next chunks come in, and digests the plain bytes on the way."""

    def __init__(self, seal: Seal, expected: bytes | None) -> None:
        self._seal, self._expected = seal, expected
        self.sha256, self.size = sha256(), 0

    async def of(self, header: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Give header and sealed segments; the last only when the chunks have ended and their digest is right."""
        buffer, number, working = bytearray(), 0, None
        yield header
        async for chunk in chunks:
            buffer += chunk
            while len(buffer) > SEGMENT:
                plain = bytes(memoryview(buffer)[:SEGMENT])
                del buffer[:SEGMENT]
                if working is not None:
                    yield await working
                working = in_thread(self._close, number, plain, False)
                number += 1
        if working is not None:
            yield await working
        last = await in_thread(self._close, number, bytes(buffer), True)
        # Raised inside the transfer, so that the store forgets the object before anybody hears of it.
        if self._expected is not None and self.sha256.digest() != self._expected:
            raise DigestMismatch(
                "The bytes received do not have the announced SHA-256; nothing was kept",
                "收到的内容与声明的 SHA-256 摘要不一致,未保存任何内容",
            )
        yield last

    def _close(self, number: int, plain: bytes, last: bool) -> bytes:
        self.sha256.update(plain)
        self.size += len(plain)
        return self._seal.close(number, plain, last=last)


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


class _Opening:
    """Opens segments and cuts them to a range."""

    def __init__(self, seal: Seal, start: int, end: int | None, watch: Callable[[bytes], None] | None) -> None:
        self._seal, self._start, self._end, self._watch = seal, start, end, watch

    def wants(self, number: int) -> bool:
        """Tell whether the range reaches into a segment."""
        return self._end is None or number * SEGMENT < self._end

    def open(self, number: int, sealed: bytes, last: bool) -> bytes:
        """Give what the range has of a segment."""
        try:
            plain = self._seal.open(number, sealed, last=last)
        except NotSealed as error:
            raise ObjectCorrupt(str(error)) from None
        begin = number * SEGMENT
        if self._start > begin or (self._end is not None and self._end < begin + len(plain)):
            plain = plain[max(0, self._start - begin) : None if self._end is None else self._end - begin]
        if self._watch is not None:
            self._watch(plain)
        return plain


async def _opened(source: _Source, opening: _Opening, first: int) -> AsyncGenerator[bytes, None]:
    """Give the plain bytes of segments from `first` on; a segment is opened while the next one comes in."""
    number, coming = first, None
    sealed = await source.take(SEALED_SEGMENT)
    if not sealed and first > 0:
        return  # asked for what lies behind the end
    try:
        while True:
            more = await source.more()
            working = in_thread(opening.open, number, sealed, not more)
            number += 1
            go_on = more and opening.wants(number)
            coming = asyncio.ensure_future(source.take(SEALED_SEGMENT)) if go_on else None
            plain = await working
            del working, sealed  # a slow reader may keep us here for long, so hold no more than one segment for him
            for begin in range(0, len(plain), SLICE):
                yield plain[begin : begin + SLICE]
            if coming is None:
                return
            sealed = await coming
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.wait({coming})


def in_thread(work: Callable[..., T], *arguments: object) -> asyncio.Future[T]:
    """Begin what keeps a processor busy; the loop goes on meanwhile, also before the result is waited for."""
    return asyncio.get_running_loop().run_in_executor(None, work, *arguments)
