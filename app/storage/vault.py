"""The sealed store: an object store in which every file is unreadable without the key of its owner.

Stands over an `ObjectStore` and offers its verbs in plain bytes and plain sizes; only `put` asks for more: whose file
it is. Bytes pass in segments of 1 MiB, never whole; ranges open only the segments they touch.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TypeVar

from app.storage.errors import DigestMismatch, ObjectCorrupt
from app.storage.key_store import KeyStore
from app.storage.opening import RunningDigest, Source, opened
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
        self, key: str, start: int = 0, end: int | None = None, digest: RunningDigest | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Read plain bytes `start` up to, not including, `end`; see `ObjectStore.get`.

        `digest` is given the same bytes, each before it is given here.
        Raises `ObjectCorrupt`, here or at the segment in question, when the bytes are not what was put under this key.
        """
        check_range(start, end)
        if start == 0 and end is None:
            async with self.beneath.get(key) as sealed:
                source = Source(sealed)
                seal = await self._unwrap(key, await source.take(HEADER))
                async with aclosing(opened(source, seal, 0, 0, None, digest)) as chunks:
                    yield chunks
            return
        if end == start:
            async with self.beneath.get(key, 0, 0) as nothing:
                yield nothing
            return
        async with self.beneath.get(key, 0, HEADER) as chunks:
            seal = await self._unwrap(key, await Source(chunks).take(HEADER))
        first = start // SEGMENT
        # One byte more than the segments asked for tells whether the last of them is the last of the file.
        until = None if end is None else HEADER + -(-end // SEGMENT) * SEALED_SEGMENT + 1
        async with (
            self.beneath.get(key, HEADER + first * SEALED_SEGMENT, until) as sealed,
            aclosing(opened(Source(sealed), seal, first, start, end, digest)) as pieces,
        ):
            yield pieces

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
                return owner_of(await Source(chunks).take(HEADER))
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


def in_thread(work: Callable[..., T], *arguments: object) -> asyncio.Future[T]:
    """Begin what keeps a processor busy; the loop goes on meanwhile, also before the result is waited for."""
    return asyncio.get_running_loop().run_in_executor(None, work, *arguments)
