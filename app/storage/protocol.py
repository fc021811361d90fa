"""The object store as the vault sees it: few verbs, no vendor, no HTTP.

What is stored are sealed bytes (`vault.py`), so no implementation may look into them or take them for what was sent.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.storage.locks import Locking

MAX_KEY_BYTES = 1024


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object: its key, its size in bytes, and what the store or the transfer knows besides.

    `md5` (hex) is of the bytes that `put` passed on in one piece, and None from uploads in parts, `stat` and `list`;
    `etag` is the store's own mark. `modified` is in UTC, and None from `put`.
    """

    key: str
    size: int
    etag: str | None = None
    md5: str | None = None
    modified: datetime | None = None


class Readable(Protocol):
    """What those need of a store who only look; a vault and an object store both have it."""

    def get(
        self, key: str, start: int = 0, end: int | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Read bytes; see `ObjectStore.get`."""
        ...

    async def stat(self, key: str) -> StoredObject | None:
        """Tell size and time of the object, or None when there is none."""
        ...


class Shelf(Readable, Protocol):
    """What the ledger needs of a store: small objects, of which some are written over and some are to stay."""

    async def write(self, key: str, content: bytes) -> None:
        """Write an object, also over one that is there; when it fails, one of the two stands."""
        ...

    async def replace(self, key: str, content: bytes) -> None:
        """Write an object that is written over again and again; a store with versions keeps none of the old ones."""
        ...

    async def keep(self, key: str, content: bytes) -> None:
        """Write an object that is to stay, under a legal hold where the store has locks."""
        ...

    async def delete(self, key: str) -> None:
        """Remove the object, if there is one."""
        ...

    def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        """Go through the objects under `prefix`."""
        ...

    async def ensure_bucket(self) -> None:
        """Make the bucket if it isn't there yet."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class ObjectStore(Locking, Protocol):
    """A store of immutable objects. A key is written once; who writes it twice may lose both versions on a failure.

    Every verb raises `StoreUnavailable` when the store can't be reached, stays silent past its idle time, fails, or is
    full. Cancelling any verb closes its connection.
    """

    async def put(self, key: str, chunks: AsyncIterator[bytes], size: int | None) -> StoredObject:
        """Store the chunks under `key`, with back-pressure and in constant memory.

        `size` is the exact number of bytes, or None when unknown. When this returns, the store holds the bytes and has
        been checked for their number and, where it tells one, their digest. Whatever goes wrong (an error or
        cancellation, also one raised by `chunks`) leaves neither an object nor a part of one.
        Raises `BodyLengthMismatch` for a body that ends before or goes on after `size`, `ObjectCorrupt` when the
        store took other bytes than were sent.
        """
        ...

    def get(
        self, key: str, start: int = 0, end: int | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Read bytes `start` up to, not including, `end` (None: to the last).

        `async with store.get(key) as chunks:` closes the connection whenever the block is left. An `end` past the last
        byte is cut; a `start` past it gives nothing. Raises `ObjectMissing` on entering. A transfer that breaks off
        raises `StoreUnavailable`: who reached the end without an error has every byte.
        """
        ...

    async def stat(self, key: str) -> StoredObject | None:
        """Tell size, etag and time of the object, or None when there is none."""
        ...

    async def delete(self, key: str) -> None:
        """Remove the object and every version of it; one that isn't there is as good as removed.

        Raises `ObjectLocked` when the store keeps it locked.
        """
        ...

    def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        """Go through all objects whose key begins with `prefix`, in order of their keys, page by page."""
        ...

    async def probe(self) -> None:
        """Return when the store answers, knows our key and has our bucket; else raise `StoreUnavailable`."""
        ...

    async def ensure_bucket(self) -> None:
        """Make the bucket if it isn't there yet, such that it can lock where the store has that."""
        ...

    async def aclose(self) -> None:
        """Close connections, after the clean-up of broken uploads that still runs."""
        ...


def check_key(key: str) -> str:
    """Return `key` if every store can hold it, else raise ValueError: keys are the service's own, never user input."""
    segments = key.split("/")
    if not key or len(key.encode()) > MAX_KEY_BYTES or not key.isprintable():
        raise ValueError("an object's key has 1 to 1024 bytes of printable characters")
    if any(segment in {"", ".", ".."} for segment in segments):
        raise ValueError("an object's key has no empty, '.' or '..' segments")
    return key


def check_range(start: int, end: int | None) -> None:
    """Raise ValueError for a range that is no range."""
    if start < 0 or (end is not None and end < start):
        raise ValueError("a range begins at 0 or later and doesn't end before it begins")
