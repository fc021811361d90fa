"""An object store in memory, for unit tests only: same contract, no server. Never use it where bytes must last."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from app.core.clock import now
from app.storage.body import PIECE, CheckedBody, in_memory
from app.storage.errors import LocksMissing, ObjectLocked, ObjectMissing, StoreUnavailable
from app.storage.locks import Capabilities, LockState, Upload, check_moment
from app.storage.protocol import StoredObject, check_key, check_range


class MemoryStore:
    """An `ObjectStore` that holds everything in a dict.

    Set `down` to make every verb raise `StoreUnavailable`, `can_lock` to False to be a store without locks; read and
    change `objects` to look at and damage the bytes, `left_open` to have uploads in parts that nobody ended.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.down = False
        self.can_lock = True
        self.left_open: list[Upload] = []
        self._locks: dict[str, LockState] = {}
        self._meta: dict[str, StoredObject] = {}

    async def put(self, key: str, chunks: AsyncIterator[bytes], size: int | None) -> StoredObject:
        """Store the chunks under `key`."""
        check_key(key)
        self._check()
        body = CheckedBody(chunks, size)
        if size == 0:
            await body.confirm_end()
        taken = bytearray()
        while piece := await body.read(PIECE):
            taken += piece
            self._check()
        part = in_memory(taken)
        async for _ in part:
            pass
        self.objects[key], md5 = bytes(taken), await part.digest()
        self._meta[key] = StoredObject(key, len(taken), md5, modified=now())
        return StoredObject(key, len(taken), md5, md5)

    async def write(self, key: str, content: bytes) -> None:
        """Write a small object, also over one that is there."""
        check_key(key)
        self._check()
        self.objects[key], self._meta[key] = content, StoredObject(key, len(content), modified=now())

    @asynccontextmanager
    async def get(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[AsyncIterator[bytes]]:
        """Read bytes `start` up to, not including, `end`."""
        check_key(key)
        check_range(start, end)
        self._check()
        if key not in self.objects:
            raise ObjectMissing
        yield self._chunks(self.objects[key][start:end])

    async def _chunks(self, data: bytes) -> AsyncIterator[bytes]:
        for begin in range(0, len(data), PIECE):
            self._check()
            yield data[begin : begin + PIECE]

    async def stat(self, key: str) -> StoredObject | None:
        """Tell size and time of the object, or None when there is none."""
        check_key(key)
        self._check()
        return self._known(key) if key in self.objects else None

    async def delete(self, key: str) -> None:
        """Remove the object, if there is one."""
        check_key(key)
        self._check()
        if self.can_lock and self._locks.get(key, LockState()).locked_at(now()):
            raise ObjectLocked
        self.objects.pop(key, None)
        self._locks.pop(key, None)

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        """Go through the objects under `prefix` in order of their keys."""
        for key in sorted(key for key in self.objects if key.startswith(prefix)):
            self._check()
            if key in self.objects:
                yield self._known(key)

    async def capabilities(self) -> Capabilities:
        """Tell what the test set."""
        self._check()
        return Capabilities(versions=self.can_lock, locks=self.can_lock)

    async def hold(self, key: str, *, on: bool) -> None:
        """Put the object under a hold, or release it."""
        self._locks[key] = replace(self._lockable(key), held=on)

    async def retain(self, key: str, until: datetime) -> None:
        """Lock the object until a moment."""
        check_moment(until)
        state = self._lockable(key)
        if state.retained_until is not None and until < state.retained_until:
            raise ObjectLocked
        self._locks[key] = replace(state, retained_until=until)

    async def lock_state(self, key: str) -> LockState:
        """Tell how the object is locked."""
        check_key(key)
        self._check()
        if key not in self.objects:
            raise ObjectMissing
        return self._locks.get(key, LockState()) if self.can_lock else LockState()

    async def uploads(self, prefix: str) -> AsyncIterator[Upload]:
        """Go through the uploads that the test left open."""
        self._check()
        for upload in [one for one in self.left_open if one.key.startswith(prefix)]:
            yield upload

    async def give_up(self, upload: Upload) -> None:
        """Forget an open upload."""
        check_key(upload.key)
        self._check()
        if upload in self.left_open:
            self.left_open.remove(upload)

    def _lockable(self, key: str) -> LockState:
        check_key(key)
        self._check()
        if not self.can_lock:
            raise LocksMissing
        if key not in self.objects:
            raise ObjectMissing
        return self._locks.get(key, LockState())

    async def probe(self) -> None:
        """Return unless the store was taken down."""
        self._check()

    async def ensure_bucket(self) -> None:
        """Do what `probe` does: there is no bucket to make."""
        self._check()

    async def aclose(self) -> None:
        """Do nothing: the objects stay for the test to look at."""

    def _check(self) -> None:
        if self.down:
            raise StoreUnavailable("taken down")

    def _known(self, key: str) -> StoredObject:
        # Tests put objects in and damage them behind our back; the size follows what is there.
        meta = self._meta.get(key)
        return StoredObject(
            key, len(self.objects[key]), meta.etag if meta else None, None, meta.modified if meta else now()
        )
