"""Where the ledger is kept: a bucket of its own, read by paths of C2SP tlog-tiles."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from app.ledger.tiles import CHECKPOINT, WITNESSED, Tile, cut, parse_path
from app.storage.errors import ObjectMissing, StoreUnavailable
from app.storage.protocol import Shelf

_REPLACED = frozenset((CHECKPOINT, WITNESSED))
_PAUSES, _PATIENCE = (0.02, 0.05, 0.1, 0.2), 1.0  # seconds


class Source(Protocol):
    """Where a ledger is read from: its bucket, or a copy of it."""

    async def read(self, path: str) -> bytes | None:
        """Read an object whole; None when there is none."""
        ...


class Directory:
    """A copy of the ledger's bucket as files, each under the path that it has in the bucket."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self, path: str) -> bytes | None:
        """See `Source`."""
        return await asyncio.to_thread(self._read, path)

    def _read(self, path: str) -> bytes | None:
        try:
            return (self._path / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None


class Bucket:
    """The ledger's bucket; every verb raises StoreUnavailable."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def read(self, path: str) -> bytes | None:
        """Read an object whole; None when there is none."""
        if path not in _REPLACED:
            return await self._read(path)
        # rclone shows neither the old nor the new one for a moment in which an object is replaced.
        began = time.monotonic()
        for pause in _PAUSES:
            with suppress(StoreUnavailable):
                if (found := await self._read(path)) is not None:
                    return found
            if time.monotonic() - began > _PATIENCE:
                break
            await asyncio.sleep(pause)
        return await self._read(path)

    async def _read(self, path: str) -> bytes | None:
        try:
            async with self._shelf.get(path) as chunks:
                return b"".join([chunk async for chunk in chunks])
        except ObjectMissing:
            return None

    async def write(self, path: str, content: bytes) -> None:
        """Write an object, also over what is there; when it fails, the old or the new one stands.

        Full tiles are for ever: where the store has locks they are held.
        """
        if path in _REPLACED:
            await self._shelf.replace(path, content)
        elif (tile := parse_path(path)) is not None and tile.full:
            await self._shelf.keep(path, content)
        else:
            await self._shelf.write(path, content)

    async def drop_partials(self, tile: Tile) -> None:
        """Remove the partial tiles of a place whose full one is there."""
        async for found in self._shelf.list(tile.whole().path + ".p/"):
            await self._shelf.delete(found.key)

    async def make(self) -> None:
        """Make the bucket unless it is there."""
        await self._shelf.ensure_bucket()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._shelf.aclose()


async def read_tile(source: Source, tile: Tile) -> bytes | None:
    """Read a tile; a partial one that was cleared away is cut from the full one that replaced it."""
    found = await source.read(tile.path)
    if found is None and not tile.full and (whole := await source.read(tile.whole().path)) is not None:
        return cut(tile, whole)
    return found
