"""Takes a file's bytes in: counted, digested and limited while they stream into the store, never held.

The object comes before its row: what breaks in between leaves an object without a row, which the sweep removes.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

import structlog

from app.core.database import OutcomeUnknown
from app.core.errors import AppError, Invalid, TooLarge
from app.core.ids import new_id
from app.storage.media import Ends, sniff
from app.storage.protocol import ObjectStore

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
        self._chunks, self._limit, self._expected = incoming.chunks, limit, incoming.digest
        self.digest, self.size, self.ends = sha256(), 0, Ends()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._chunks:
            self.size += len(chunk)
            if self.size > self._limit:
                raise too_large(self._limit)
            self.ends.see(chunk)
            self.digest.update(chunk)
            yield chunk
        # Raised inside the transfer, so that the store forgets the object before anybody hears of it.
        if self._expected is not None and self.digest.digest() != self._expected:
            raise DigestMismatch(
                "The bytes received do not have the SHA-256 of Repr-Digest; nothing was kept",
                "收到的内容与 Repr-Digest 不一致,未保存任何内容",
            )


class DigestMismatch(Invalid):
    """What arrived is not what the sender meant to send."""

    code, title_en, title_zh = "digest_mismatch", "Digest differs", "摘要不一致"


def too_large(limit: int) -> TooLarge:
    """Make the error of a file over `limit` bytes."""
    return TooLarge(f"A file may have at most {limit} bytes", f"文件最大 {limit} 字节")


async def receive(store: ObjectStore, incoming: Incoming, limit: int) -> Received:
    """Stream a file into the store under a new key that says nothing about it.

    Raises TooLarge past `limit` bytes, DigestMismatch, BodyLengthMismatch, StoreUnavailable; then nothing is kept.
    """
    if incoming.size is not None and incoming.size > limit:
        raise too_large(limit)
    file_id = new_id()
    meter = _Meter(incoming, limit)
    stored = await store.put(f"files/{file_id}", aiter(meter), incoming.size)
    return Received(
        id=file_id,
        key=stored.key,
        original_name=incoming.original_name,
        media_type=sniff(meter.ends.head, incoming.declared_type, meter.ends.tail),
        size=meter.size,
        sha256=meter.digest.hexdigest(),
    )


async def forget(store: ObjectStore, received: Received, error: Exception) -> None:
    """Remove an object that gets no row because of `error`; where that fails, the sweep of orphans does it later.

    After a COMMIT whose outcome is not known the row may be there: then only the sweep, which looks, may remove it.
    """
    if isinstance(error, OutcomeUnknown):
        return
    try:
        await store.delete(received.key)
    except AppError as failure:
        _log.warning("object left for the sweep", key=received.key, error=failure.code)
