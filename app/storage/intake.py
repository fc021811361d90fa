"""Takes a file's bytes in: counted, looked at and limited while they stream into the store, never held.

The object comes before its row: what breaks in between leaves an object without a row, which the sweep removes.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import structlog

from app.core.database import OutcomeUnknown
from app.core.errors import AppError, TooLarge
from app.core.ids import new_id
from app.storage.media import Ends, sniff
from app.storage.segments import Owner
from app.storage.vault import Vault

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file on its way in.

    `size` is the announced number of bytes or None; `digest` the announced SHA-256 or None; `original_name` byte for
    byte as the sender gave it; `declared_type` the sender's media type, believed only as far as the bytes allow.
    """

    chunks: AsyncIterator[bytes]
    original_name: str
    declared_type: str
    size: int | None = None
    digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A file that is safe in the store; `sha256` in hex, `size` in bytes."""

    id: UUID
    key: str
    original_name: str
    media_type: str
    size: int
    sha256: str


class _Meter:
    """Watches the bytes that pass."""

    def __init__(self, incoming: Incoming, limit: int) -> None:
        self._chunks, self._limit = incoming.chunks, limit
        self.size, self.ends = 0, Ends()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._chunks:
            self.size += len(chunk)
            if self.size > self._limit:
                raise too_large(self._limit)
            self.ends.see(chunk)
            yield chunk


def too_large(limit: int) -> TooLarge:
    """Make the error of a file over `limit` bytes."""
    return TooLarge(f"A file may have at most {limit} bytes", f"文件最大 {limit} 字节")


async def receive(store: Vault, incoming: Incoming, limit: int, owner: Owner) -> Received:
    """Stream a file into the store, sealed for `owner`, under a new key that says nothing about it.

    Raises TooLarge past `limit` bytes, DigestMismatch, BodyLengthMismatch, StoreUnavailable, KeyStoreUnavailable; then
    nothing is kept.
    """
    if incoming.size is not None and incoming.size > limit:
        raise too_large(limit)
    file_id = new_id()
    meter = _Meter(incoming, limit)
    stored = await store.put(f"files/{file_id}", aiter(meter), incoming.size, owner, incoming.digest)
    return Received(
        id=file_id,
        key=stored.key,
        original_name=incoming.original_name,
        media_type=sniff(meter.ends.head, incoming.declared_type, meter.ends.tail),
        size=stored.size,
        sha256=stored.sha256,
    )


async def forget(store: Vault, received: Received, error: Exception) -> None:
    """Remove an object that gets no row because of `error`; where that fails, the sweep of orphans does it later.

    After a COMMIT whose outcome is not known the row may be there: then only the sweep, which looks, may remove it.
    """
    if isinstance(error, OutcomeUnknown):
        return
    try:
        await store.delete(received.key)
    except AppError as failure:
        _log.warning("object left for the sweep", key=received.key, error=failure.code)
