"""Opens the segments of a sealed file as they come from the store.

A transfer keeps three buffers of a segment, whatever the file's size: one that the sealed bytes come into and two for
plain ones, of which one is given out while both are digested; a range needs but one of these. They are used again for
every segment: fresh memory for each would cost more than opening it. No caller ever sees a buffer, only copies of its
pieces, since a line may hold what it was given for long.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from hashlib import sha256
from threading import Lock

from app.storage.errors import ObjectCorrupt
from app.storage.segments import SEALED_SEGMENT, SEGMENT, TAG, NotSealed, Seal

# What is given at a time: whole segments would lie once more in the buffer of each reader's line.
SLICE = 256 * 1024
# Pieces that a digest takes in a row before others get its thread: keys are read there and passwords checked.
TURN = 4
_NOTHING = memoryview(b"")


class Source:
    """Takes exact numbers of bytes from chunks."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks, self._rest = aiter(chunks), _NOTHING

    async def more(self) -> bool:
        """Tell whether there is another byte."""
        while not self._rest:
            try:
                self._rest = memoryview(await anext(self._chunks))
            except StopAsyncIteration:
                return False
        return True

    async def take(self, count: int) -> bytes:
        """Give `count` bytes, fewer only at the end."""
        pieces, missing = [], count
        while missing and await self.more():
            pieces.append(self._next(missing))
            missing -= len(pieces[-1])
        return b"".join(pieces)

    async def fill(self, buffer: memoryview) -> memoryview:
        """Put the next bytes into `buffer` and give the part of it that holds them: all of it but at the end."""
        filled = 0
        while filled < len(buffer) and await self.more():
            piece = self._next(len(buffer) - filled)
            buffer[filled : filled + len(piece)] = piece
            filled += len(piece)
        return buffer[:filled]

    def _next(self, limit: int) -> memoryview:
        piece, self._rest = self._rest[:limit], self._rest[limit:]
        return piece


class RunningDigest:
    """The SHA-256 of pieces in the order in which they are added, reckoned in a thread beside the loop.

    The thread goes on to the next piece by itself. Woken anew for each it would wait for a processor each time, and on
    a machine whose processors are all busy that takes as long as the digest.
    """

    def __init__(self) -> None:
        self._sha256 = sha256()
        self._waiting: deque[tuple[memoryview, asyncio.Future[None]]] = deque()
        self._running, self._lock = False, Lock()
        self._last: asyncio.Future[None] | None = None

    def add(self, piece: memoryview) -> asyncio.Future[None]:
        """Digest a piece soon; what is given is done when its memory may be used for something else."""
        loop = asyncio.get_running_loop()
        done = self._last = loop.create_future()
        with self._lock:
            self._waiting.append((piece, done))
            start, self._running = not self._running, True
        if start:
            self._start(loop)
        return done

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.run_in_executor(None, self._run, loop)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        for _ in range(TURN):
            with self._lock:
                if not self._waiting:
                    self._running = False
                    return
                piece, done = self._waiting.popleft()
            self._sha256.update(piece)
            loop.call_soon_threadsafe(_finish, done)
        loop.call_soon_threadsafe(self._start, loop)

    async def hexdigest(self) -> str:
        """Give the digest of all that was added, in hex."""
        if self._last is not None:
            await self._last
        return self._sha256.hexdigest()


def _finish(done: asyncio.Future[None]) -> None:
    if not done.done():  # who waited for it may have been cancelled
        done.set_result(None)


class _Plain:
    """The buffers that segments are opened into in turn, made when they are needed and as large as they must be.

    Two where they are digested, so that one can be while the other is filled; else one.
    """

    def __init__(self, digest: RunningDigest | None) -> None:
        self._digest = digest
        self._buffers: list[tuple[memoryview, asyncio.Future[None] | None]]
        self._buffers = [(memoryview(bytearray()), None)] * (1 if digest is None else 2)

    async def room(self, size: int) -> memoryview:
        """Give the buffer that was used longest ago, `size` bytes of it, once it isn't digested any more."""
        buffer, digested = self._buffers.pop(0)
        if digested is not None:
            await digested
        if len(buffer) < size:
            buffer = memoryview(bytearray(size))
        self._buffers.append((buffer, None))
        return buffer[:size]

    def digest(self, plain: memoryview) -> None:
        """Digest what was opened into the newest buffer."""
        if self._digest is not None:
            self._buffers[-1] = (self._buffers[-1][0], self._digest.add(plain))


async def opened(
    source: Source, seal: Seal, first: int, start: int, end: int | None, digest: RunningDigest | None
) -> AsyncGenerator[bytes, None]:
    """Give plain bytes `start` up to `end` of a file whose segments `source` has from number `first` on.

    `digest` is given all of them. Raises `ObjectCorrupt` at a segment that does not open. A segment is opened in the
    loop, as it takes a tenth of a millisecond, which is less than to hand it over to a thread.
    """
    number, incoming, plain = first, _NOTHING, _Plain(digest)
    # Most files are one segment: that comes as it is, and only as much memory is taken as it has.
    sealed: bytes | memoryview = await source.take(SEALED_SEGMENT)
    if not sealed and first > 0:
        return  # asked for what lies behind the end
    while True:
        more = await source.more()
        content = await plain.room(max(0, len(sealed) - TAG))
        try:
            seal.open(number, sealed, content, last=not more)
        except NotSealed as error:
            raise ObjectCorrupt(str(error)) from None
        begin = number * SEGMENT
        content = content[max(0, start - begin) : None if end is None else max(0, end - begin)]
        plain.digest(content)
        for at in range(0, len(content), SLICE):
            yield bytes(content[at : at + SLICE])
        number += 1
        if not more or (end is not None and number * SEGMENT >= end):
            return
        incoming = incoming or memoryview(bytearray(SEALED_SEGMENT))
        sealed = await source.fill(incoming)
