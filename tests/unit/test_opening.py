"""Opening a stream of segments: buffers are used again, yet nobody's bytes change, and nothing runs ahead without end."""

import asyncio
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Event

import pytest

from app.storage.errors import ObjectCorrupt
from app.storage.opening import RunningDigest, Source, opened
from app.storage.segments import SEGMENT, Seal

KEY, OBJECT = bytes(range(32)), "files/x"
PLAIN = os.urandom(6 * SEGMENT + 12_345)


def sealed(plain: bytes = PLAIN) -> list[bytes]:
    seal = Seal(KEY, OBJECT)
    cuts = range(0, max(1, len(plain)), SEGMENT)
    return [seal.close(at // SEGMENT, plain[at : at + SEGMENT], last=at == cuts[-1]) for at in cuts]


class Coming:
    """Bytes as a socket gives them, in pieces that have nothing to do with segments."""

    def __init__(self, data: bytes, step: int = 100_001) -> None:
        self._data, self._step, self.given = data, step, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self._data), self._step):
            piece = self._data[at : at + self._step]
            self.given += len(piece)
            yield piece


@pytest.mark.parametrize("size", [0, 1, SEGMENT, SEGMENT + 1, len(PLAIN)])
async def test_what_was_given_stays_as_it_was(size: int) -> None:
    digest, plain = RunningDigest(), PLAIN[:size]
    pieces = [piece async for piece in whole(Coming(b"".join(sealed(plain))), digest)]
    assert b"".join(pieces) == plain
    assert await digest.hexdigest() == sha256(plain).hexdigest()


async def test_two_readers_of_one_file_do_not_mix() -> None:
    files = [os.urandom(3 * SEGMENT + 1) for _ in range(4)]

    async def read(plain: bytes) -> tuple[bytes, str]:
        digest = RunningDigest()
        got = []
        async for piece in whole(Coming(b"".join(sealed(plain))), digest):
            got.append(piece)
            await asyncio.sleep(0)
        return b"".join(got), await digest.hexdigest()

    read_back = await asyncio.gather(*(read(plain) for plain in files))
    assert read_back == [(plain, sha256(plain).hexdigest()) for plain in files]


@pytest.mark.parametrize(("start", "end"), [(0, 1), (SEGMENT - 1, SEGMENT + 1), (5, 3 * SEGMENT), (SEGMENT, None)])
async def test_ranges(start: int, end: int | None) -> None:
    first = start // SEGMENT
    source = Source(aiter(Coming(b"".join(sealed()[first:]))))
    pieces = [piece async for piece in opened(source, Seal(KEY, OBJECT), first, start, end, None)]
    assert b"".join(pieces) == PLAIN[start:end]


@pytest.mark.parametrize("order", [(0, 2, 1, 3, 4, 5, 6), (0, 1, 2, 3, 4, 5), (0, 1, 1, 2, 3, 4, 5, 6)])
async def test_what_is_not_the_file_ends_before_its_bytes(order: tuple[int, ...]) -> None:
    parts, given = sealed(), bytearray()

    async def take() -> None:
        async for piece in whole(Coming(b"".join(parts[number] for number in order))):
            given.extend(piece)

    with pytest.raises(ObjectCorrupt):
        await take()
    assert len(given) < len(PLAIN)
    assert PLAIN.startswith(given)


class Held:
    """A digest that waits for leave."""

    def __init__(self) -> None:
        self.leave, self.taken = Event(), 0

    def update(self, piece: memoryview) -> None:
        self.leave.wait(10)
        self.taken += len(piece)


async def test_a_digest_that_falls_behind_holds_the_reading_up(monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held()
    monkeypatch.setattr("app.storage.opening.sha256", lambda: held)
    coming, got = Coming(b"".join(sealed())), 0

    async def take() -> None:
        nonlocal got
        async for piece in whole(coming, RunningDigest()):
            got += len(piece)

    taking = asyncio.create_task(take())
    await asyncio.sleep(0.3)
    assert (got, held.taken) == (2 * SEGMENT, 0)  # as many as there are buffers
    assert coming.given < 4 * SEGMENT
    held.leave.set()
    await taking
    assert got == len(PLAIN)


def test_a_reader_who_goes_away_while_it_is_digested_leaves_no_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    held = Held()
    monkeypatch.setattr("app.storage.opening.sha256", lambda: held)

    async def take() -> None:
        async for _ in whole(Coming(b"".join(sealed())), RunningDigest()):
            pass

    async def act() -> None:
        taking = asyncio.create_task(take())
        await asyncio.sleep(0.1)
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking
        held.leave.set()
        await asyncio.get_running_loop().shutdown_default_executor()
        await asyncio.sleep(0)
        assert held.taken == 2 * SEGMENT

    asyncio.run(act())  # in a loop of its own, for it ends the threads of its loop
    assert caplog.records == []


def test_a_long_digest_leaves_its_thread_to_others() -> None:
    async def act() -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        digest, piece = RunningDigest(), memoryview(bytes(SEGMENT))
        pieces = [digest.add(piece) for _ in range(50)]
        await asyncio.to_thread(int)
        assert sum(one.done() for one in pieces) < 10
        assert await digest.hexdigest() == sha256(bytes(50 * SEGMENT)).hexdigest()

    asyncio.run(act())


def whole(coming: Coming, digest: RunningDigest | None = None) -> AsyncIterator[bytes]:
    return opened(Source(aiter(coming)), Seal(KEY, OBJECT), 0, 0, None, digest)
