"""A checksum that follows the bytes of an upload, by which the store itself compares what it took with what was sent.

This is S3's own way (`aws-chunked` with a trailer). CRC-32 costs a quarter of the MD5 that else is compared with the
store's ETag. Not every store knows it, and one that doesn't would take any sum: so a store is asked once, by a small
object with a wrong one, which must be refused for that.
"""

import zlib
from base64 import b64encode
from collections import deque
from collections.abc import AsyncIterator

from app.storage.body import Part, in_memory
from app.storage.wire import Answer

# The signature covers the headers; the bytes are covered by the sum.
UNSIGNED_TRAILER, TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-checksum-crc32"
# Below it a sum that the store compares saves nothing.
WORTH_A_TRAILER = 1024 * 1024
PROBE_KEY = "probe/checksum"
_FRAME = 8 * 1024 * 1024  # MinIO takes frames up to 16 MiB
_MISMATCH = frozenset({"XAmzContentChecksumMismatch", "BadDigest"})
_END = b"\r\n"


class Crc32:
    """A running CRC-32, given as S3 writes it: base64 of four bytes, most significant first."""

    def __init__(self) -> None:
        self._sum = 0

    def update(self, piece: memoryview) -> None:
        """Go on with a piece."""
        self._sum = zlib.crc32(piece, self._sum)

    def hexdigest(self) -> str:
        """Give the sum of all pieces."""
        return b64encode(self._sum.to_bytes(4)).decode()


class Framed:
    """A part, digested by `Crc32`, as it travels: in frames with their sizes, its sum behind; `length` bytes in all.

    `instead` is a sum to send for the right one.
    """

    def __init__(self, part: Part, instead: str | None = None) -> None:
        self._part, self._instead = part, instead
        self._unframed, self._frame, self._ended = part.length, 0, False
        self._ready: deque[memoryview] = deque()
        full, rest = divmod(part.length, _FRAME)
        frames = full * (len(_head(_FRAME)) + _FRAME + len(_END))
        last = len(_head(rest)) + rest + len(_END) if rest else 0
        self.length = frames + last + len(_tail(Crc32().hexdigest()))

    @property
    def headers(self) -> dict[str, str]:
        """What must be said, and signed, of such a body."""
        return {
            "Content-Encoding": "aws-chunked", "x-amz-content-sha256": UNSIGNED_TRAILER, "x-amz-trailer": TRAILER,
            "x-amz-decoded-content-length": str(self._part.length),
        }  # fmt: skip

    def __aiter__(self) -> AsyncIterator[memoryview]:
        return self

    async def __anext__(self) -> memoryview:
        if not self._ready:
            try:
                self._put_into_frames(await anext(self._part))
            except StopAsyncIteration:
                if self._ended:
                    raise
                self._ended = True
                self._ready.append(memoryview(_tail(self._instead or await self._part.digest())))
        return self._ready.popleft()

    def _put_into_frames(self, piece: memoryview) -> None:
        while piece:
            if not self._frame:
                self._frame = min(_FRAME, self._unframed)
                self._unframed -= self._frame
                self._ready.append(memoryview(_head(self._frame)))
            now, piece = piece[: self._frame], piece[self._frame :]
            self._frame -= len(now)
            self._ready.append(now)
            if not self._frame:
                self._ready.append(memoryview(_END))


def wrong() -> Framed:
    """Make the body by which a store is asked: one that it must refuse if it compares sums."""
    right = Crc32()
    right.update(memoryview(b"other"))
    return Framed(in_memory(b"bytes", Crc32()), instead=right.hexdigest())


def compares(answer: Answer) -> bool:
    """Tell by the answer to `wrong` whether the store compares; raise what it says when it says nothing of that."""
    if answer.status >= 500:  # noqa: PLR2004 - what is wrong with the store says nothing of what it can do
        raise answer.error()
    return not answer.ok and answer.code in _MISMATCH


def _head(size: int) -> bytes:
    return f"{size:x}".encode() + _END


def _tail(checksum: str) -> bytes:
    return f"0\r\n{TRAILER}:{checksum}\r\n\r\n".encode()
