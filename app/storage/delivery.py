"""Gives a file's bytes out: whole or in ranges, and never as if whole when they are not.

A full read is checked against the SHA-256 of the row; its last bytes are held back until the digest agrees, so a
damaged file ends the transfer before the reader could take it for complete.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from app.storage.errors import ObjectCorrupt
from app.storage.opening import RunningDigest
from app.storage.vault import Vault

Alarm = Callable[[str], Awaitable[None]]


async def _silent(_: str) -> None:
    return None


class Delivery:
    """The way of one file's bytes out of the store.

    Parameters: `size` and `sha256` (hex) of the row; `alarm` is told why a file can't be given whole.
    """

    def __init__(self, store: Vault, key: str, size: int, sha256: str, alarm: Alarm = _silent) -> None:
        self._store, self._key, self._size, self._sha256, self._alarm = store, key, size, sha256, alarm

    @asynccontextmanager
    async def whole(self) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open the whole file; the iterator raises ObjectCorrupt before its last bytes if it is damaged."""
        digest = RunningDigest()
        async with self._alarmed(), self._store.get(self._key, digest=digest) as chunks:
            yield self._checked(chunks, digest)

    @asynccontextmanager
    async def part(self, start: int, end: int) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open bytes `start` up to, not including, `end`; what does not open or is cut short raises ObjectCorrupt."""
        async with self._alarmed(), self._store.get(self._key, start, end) as chunks:
            yield self._counted(chunks, end - start)

    @asynccontextmanager
    async def _alarmed(self) -> AsyncIterator[None]:
        """Tell of what can't be opened, wherever on the way it shows."""
        try:
            yield
        except ObjectCorrupt as error:
            await self._alarm(error.reason)
            raise

    @staticmethod
    async def _counted(chunks: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
        count = 0
        async for chunk in chunks:
            count += len(chunk)
            yield chunk
        if count != size:
            raise ObjectCorrupt(f"{count} bytes instead of {size}")

    async def _checked(self, chunks: AsyncIterator[bytes], digest: RunningDigest) -> AsyncIterator[bytes]:
        size, held = 0, b""
        async for chunk in chunks:
            size += len(chunk)
            if held:
                yield held
            held = chunk
        if size != self._size or await digest.hexdigest() != self._sha256:
            raise ObjectCorrupt(f"{size} bytes instead of {self._size}" if size != self._size else "digest differs")
        if held:
            yield held
