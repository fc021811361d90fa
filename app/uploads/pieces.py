"""The bytes of uploads under way: cut into pieces as they arrive, kept, and given back as one stream."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import structlog

from app.core.errors import AppError, TooLarge
from app.storage.body import Whole
from app.storage.delivery import Delivery
from app.storage.errors import ObjectCorrupt, ObjectMissing
from app.storage.segments import Owner, OwnerKind
from app.storage.vault import Vault
from app.uploads.errors import UploadDamaged

_log = structlog.get_logger()
PREFIX = "uploads/"
# A piece is in memory while it grows; it is kept when it is full or old, so that a server that dies costs a client
# on a slow line no more than these seconds.
PIECE_BYTES, PIECE_SECONDS = 8 * 1024 * 1024, 10.0
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes in the store: `size` from `start` on of the upload, `sha256` in hex, `key` of the object."""

    start: int
    size: int
    sha256: str
    key: str


class PieceReader:
    """Cuts a body into pieces.

    `broke` is the error by which the body ended before its time: what had arrived until then is given all the same.
    """

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._source = aiter(chunks)
        self._pull: asyncio.Task[bytes] | None = None
        self._rest, self._ended = b"", False
        self.broke: AppError | None = None

    async def take(self) -> bytearray:
        """Give the next piece, an empty one at the end."""
        clock, until = asyncio.get_running_loop().time, None
        taken = bytearray()
        while len(taken) < PIECE_BYTES and await self._fill(None if until is None else max(until - clock(), 0)):
            part = self._rest[: PIECE_BYTES - len(taken)]
            self._rest = self._rest[len(part) :]
            taken += part
            until = until or clock() + PIECE_SECONDS
        return taken

    async def confirm_end(self, reached: int, length: int) -> None:
        """Raise TooLarge unless the body ends here and has `reached` no more than the `length` of the upload."""
        if reached > length or await self._fill(None):
            raise TooLarge(
                f"The body goes on after the {length} bytes of the upload", f"请求体超出该上传的 {length} 字节"
            )

    async def _fill(self, seconds: float | None) -> bool:
        """Have bytes at hand; False at the end, or when none came within `seconds`."""
        if not self._rest and not self._ended:
            self._rest = await self._next(seconds)
        return bool(self._rest)

    async def _next(self, seconds: float | None) -> bytes:
        if self._pull is None:
            self._pull = asyncio.ensure_future(self._pulled())
        # Not cancelled when the time is over: the bytes may just be coming.
        done, _ = await asyncio.wait({self._pull}, timeout=seconds)
        if not done:
            return b""
        pull, self._pull = self._pull, None
        try:
            chunk = pull.result()
        except AppError as error:
            self.broke, chunk = error, b""
        self._ended = not chunk
        return chunk

    async def _pulled(self) -> bytes:
        async for chunk in self._source:
            if chunk:
                return chunk
        return b""

    async def aclose(self) -> None:
        """Stop reading."""
        if self._pull is not None:
            self._pull.cancel()
            # What it still raises is of no interest any more.
            await asyncio.gather(self._pull, return_exceptions=True)


class PieceStore:
    """Keeps pieces as objects of their own, and puts them together again."""

    def __init__(self, store: Vault) -> None:
        self._store = store

    async def put(self, upload_id: UUID, dossier_id: UUID, start: int, data: bytes | bytearray) -> Piece:
        """Keep bytes of an upload to a dossier, from `start` on; nothing refers to them yet."""
        # All in one folder, as files are: the embedded server can fail two who make the same folder at once.
        key = f"{PREFIX}{upload_id}.{uuid4()}"
        kept = await self._store.put(key, Whole(data), len(data), Owner(OwnerKind.DOSSIER, dossier_id))
        return Piece(start, kept.size, kept.sha256, key)

    async def together(self, pieces: Sequence[Piece]) -> AsyncGenerator[bytes, None]:
        """Give the bytes of all pieces; UploadDamaged when one is not what it was."""
        for piece in pieces:
            try:
                async with Delivery(self._store, piece.key, piece.size, piece.sha256).whole() as chunks:
                    async for chunk in chunks:
                        yield chunk
            except (ObjectMissing, ObjectCorrupt) as error:
                raise UploadDamaged(
                    "Bytes that had been kept are damaged; begin anew", "已保存的内容损坏,请重新上传"
                ) from error

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove objects that nothing refers to any more; where that fails, the sweep of orphans does it later."""
        for begin in range(0, len(keys), _AT_ONCE):
            some = keys[begin : begin + _AT_ONCE]
            results = await asyncio.gather(*(self._store.delete(key) for key in some), return_exceptions=True)
            for failure in results:
                if isinstance(failure, AppError):
                    _log.warning("pieces left for the sweep", error=failure.code)
                    return
                if failure is not None:
                    raise failure
