"""A body on its way into the store: counted, cut into parts, digested. It never holds more than the piece in hand."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Protocol

from app.core.errors import TooLarge
from app.storage.errors import BodyLengthMismatch

# Larger pieces would count as one step of progress, and a slow store would look silent in the midst of one.
PIECE = 1024 * 1024
WORTH_A_THREAD = 128 * 1024
MAX_PARTS = 10_000
# Parts of unknown number grow, so that 10,000 of them reach 360 GiB, at 64 MiB of memory at most.
GROW_EVERY, LARGEST_BUFFER = 2_000, 64 * 1024 * 1024


class CheckedBody:
    """Chunks of an upload, held to their announced size.

    The chunk that completes the size is passed on only after the source has ended: a body that is too long, or whose
    source raises at its end (a wrong digest), then never becomes a whole object anywhere.
    """

    def __init__(self, chunks: AsyncIterator[bytes], size: int | None) -> None:
        self._source, self._size = aiter(chunks), size
        self._rest = memoryview(b"")
        self.count = 0

    async def _pull(self) -> bytes:
        """Give the next chunk of the source that isn't empty, b"" at its end."""
        async for chunk in self._source:
            if chunk:
                self.count += len(chunk)
                if self._size is not None and self.count > self._size:
                    raise BodyLengthMismatch(
                        f"The body goes on after its announced {self._size} bytes.",
                        f"请求体超出声明的 {self._size} 字节。",
                    )
                return chunk
        if self._size is not None and self.count < self._size:
            raise BodyLengthMismatch(
                f"The body ended after {self.count} of its announced {self._size} bytes.",
                f"请求体在声明的 {self._size} 字节中仅收到 {self.count} 字节。",
            )
        return b""

    async def confirm_end(self) -> None:
        """Raise `BodyLengthMismatch` unless the source ends here."""
        await self._pull()

    async def read(self, limit: int) -> memoryview:
        """Give up to `limit` bytes, none only at the end."""
        if not self._rest:
            chunk = await self._pull()
            if chunk and self.count == self._size:
                await self.confirm_end()
            self._rest = memoryview(chunk)
        piece, self._rest = self._rest[:limit], self._rest[limit:]
        return piece

    async def take(self, limit: int) -> bytearray:
        """Give exactly `limit` bytes, fewer only at the end, in memory."""
        taken = bytearray()
        while len(taken) < limit and (piece := await self.read(limit - len(taken))):
            taken += piece
        return taken


class Digest(Protocol):
    """A running digest, as hashlib has them."""

    def update(self, piece: memoryview, /) -> None:
        """Go on with a piece."""

    def hexdigest(self) -> str:
        """Give the digest of all pieces as text."""


class Part:
    """The next `length` bytes of a body as an iterator of pieces, digested on the way: by MD5 unless told otherwise.

    A class and not a generator: a transfer that breaks off leaves no suspended generator for the loop to close.
    """

    def __init__(self, body: CheckedBody, length: int, digest: Digest | None = None) -> None:
        self._body, self._left, self.length = body, length, length
        self._digest: Digest = digest or hashlib.md5(usedforsecurity=False)
        self._digesting: asyncio.Future[None] | None = None

    async def digest(self) -> str:
        """Give the digest of what has been passed on so far, as its kind writes it."""
        await self._digested()
        return self._digest.hexdigest()

    async def _digested(self) -> None:
        if self._digesting is not None:
            # Not awaited itself: the sender is cancelled when the store answers early, and the digest must go on.
            await asyncio.wait({self._digesting})
            self._digesting = None

    @property
    def passed_on(self) -> bool:
        """Whether the last byte has been given away: from then on the store may hold the whole."""
        return self._left == 0

    def __aiter__(self) -> AsyncIterator[memoryview]:
        return self

    async def __anext__(self) -> memoryview:
        await self._digested()
        if not self._left:
            raise StopAsyncIteration
        piece = await self._body.read(min(self._left, PIECE))
        if not piece:
            raise BodyLengthMismatch("The body ended early.", "请求体提前结束。")
        self._left -= len(piece)
        if len(piece) < WORTH_A_THREAD:
            self._digest.update(piece)
        else:  # while this piece travels; it is the slowest of all that is done to the bytes
            self._digesting = asyncio.get_running_loop().run_in_executor(None, self._digest.update, piece)
        return piece


class Whole:
    """Bytes in memory as a source of chunks."""

    def __init__(self, data: bytes | bytearray) -> None:
        self._data: bytes | bytearray | None = data

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        data, self._data = self._data, None
        if not data:
            raise StopAsyncIteration
        return data  # type: ignore[return-value]  # a bytearray serves wherever these bytes go


def in_memory(data: bytes | bytearray, digest: Digest | None = None) -> Part:
    """Make a part of bytes at hand."""
    return Part(CheckedBody(Whole(data), len(data)), len(data), digest)


async def streamed_parts(body: CheckedBody, size: int, least: int) -> AsyncGenerator[Part, None]:
    """Cut a body of known size; such parts pass through without a buffer, so larger ones cost nothing."""
    length = max(8 * least, -(-size // MAX_PARTS))
    for begin in range(0, size, length):
        yield Part(body, min(length, size - begin))


async def buffered_parts(body: CheckedBody, first: bytearray) -> AsyncGenerator[Part, None]:
    """Cut a body of unknown size: a part's length must be known before it is sent."""
    least, number, buffer = len(first), 0, first
    while buffer:
        if number == MAX_PARTS:
            raise TooLarge("A file this large must be sent with its length.", "如此大的文件必须声明长度。")
        yield in_memory(buffer)
        number += 1
        buffer = await body.take(min(least << (number // GROW_EVERY), max(least, LARGEST_BUFFER)))
