"""Gives a file's bytes out: whole or in ranges, and never as if whole when they are not.

A full read is checked against the SHA-256 of the row; its last bytes are held back until the digest agrees, so a
damaged file ends the transfer before the reader could take it for complete.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256 as new_sha256

from app.storage.errors import ObjectCorrupt
from app.storage.protocol import ObjectStore

Alarm = Callable[[str], Awaitable[None]]


async def _silent(_: str) -> None:
    return None


class Delivery:
    """The way of one file's bytes out of the store.

    Parameters: `size` and `sha256` (hex) of the row; `alarm` is told why a file can't be given whole.
    """

    def __init__(self, store: ObjectStore, key: str, size: int, sha256: str, alarm: Alarm = _silent) -> None:
        self._store, self._key, self._size, self._sha256, self._alarm = store, key, size, sha256, alarm

    @asynccontextmanager
    async def whole(self) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open the whole file; the iterator raises ObjectCorrupt before its last bytes if it is damaged."""
        async with self._store.get(self._key) as chunks:
            yield self._checked(chunks)

    @asynccontextmanager
    async def part(self, start: int, end: int) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open bytes `start` up to, not including, `end`."""
        async with self._store.get(self._key, start, end) as chunks:
            yield chunks

    async def _checked(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        digest, size, held = new_sha256(), 0, b""
        async for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            if held:
                yield held
            held = chunk
        if size != self._size or digest.hexdigest() != self._sha256:
            reason = f"{size} bytes instead of {self._size}" if size != self._size else "digest differs"
            await self._alarm(reason)
            raise ObjectCorrupt(f"The stored file is damaged ({reason})", "存储的文件已损坏")
        if held:
            yield held
