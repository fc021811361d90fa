"""The sum that follows the bytes: asked for where the store compares it, and what differs is refused."""

import hashlib

import pytest

from app.storage import checksums
from app.storage.checksums import PROBE_KEY, TRAILER, WORTH_A_TRAILER, Framed
from app.storage.errors import BodyLengthMismatch, ObjectCorrupt, StoreUnavailable
from app.storage.s3_answers import accepted
from app.storage.wire import Answer
from tests.contract.test_hostile_servers import scripted
from tests.support.stores import (
    BLOCK,
    MIB,
    Server,
    broken_off,
    chunked,
    new_key,
    opened,
    raw,
    read,
    ready,
    repeated,
    versions,
)

FRAME = checksums._FRAME


async def test_who_compares_is_found_out_once_and_leaves_no_trace(server: Server) -> None:
    async with opened(server.options) as store:
        await ready(store)
        assert store._sums is None
        await store.put(new_key(), chunked(b"small"), 5)
        assert store._sums is None
        for _ in range(2):
            await store.put(new_key(), repeated(16), WORTH_A_TRAILER)
            assert store._sums == (server.name == "minio")
        assert await store.stat(PROBE_KEY) is None


@pytest.mark.parametrize("size", [WORTH_A_TRAILER, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME + 65_537])
async def test_frames_of_all_sizes_arrive_as_they_were(server: Server, size: int) -> None:
    data = (BLOCK * (size // len(BLOCK) + 1))[:size]
    async with opened(server.options) as store:
        await ready(store)
        key = new_key()
        put = await store.put(key, chunked(data, 100_003), size)
        assert put.size == size
        assert hashlib.sha256(await read(store, key)).digest() == hashlib.sha256(data).digest()
        kept = raw(server.options).stat_object(server.options.bucket, key).metadata or {}
        assert "aws-chunked" not in kept.get("Content-Encoding", "")


async def test_bytes_that_changed_on_the_way_are_refused_by_the_store(
    real: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    into_frames = Framed._put_into_frames

    def flipped(self: Framed, piece: memoryview) -> None:
        into_frames(self, memoryview(bytes([piece[0] ^ 1]) + bytes(piece[1:])))

    async with opened(real.options) as store:
        await ready(store)
        await store.put(new_key(), repeated(16), MIB)
        monkeypatch.setattr(Framed, "_put_into_frames", flipped)
        key = new_key()
        with pytest.raises(ObjectCorrupt, match=r"ChecksumMismatch|BadDigest"):
            await store.put(key, repeated(32), 2 * MIB)
        assert await store.stat(key) is None
        assert versions(real.options, key) == []


async def test_upload_that_breaks_off_is_nowhere(server: Server) -> None:
    async with opened(server.options) as store:
        await ready(store)
        for size in (48 * len(BLOCK), 49 * len(BLOCK)):
            key = new_key()
            with pytest.raises(BodyLengthMismatch):
                await store.put(key, broken_off(48, BodyLengthMismatch), size)
            assert await store.stat(key) is None


async def test_store_in_trouble_is_asked_again() -> None:
    body = b"<Error><Code>InternalError</Code></Error>"
    head = b"HTTP/1.1 500 x\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with scripted(head + body) as options, opened(options) as store:
        with pytest.raises(StoreUnavailable):
            await store.put("k", repeated(16), MIB)
        assert store._sums is None


@pytest.mark.parametrize(("told", "right"), [("AAAAAA==", False), ("wMZKRA==", True), (None, True)])
def test_sum_that_the_store_tells_is_compared(told: str | None, right: bool) -> None:
    answer = Answer(200, {"etag": '"x"'} | ({TRAILER: told} if told else {}), b"")
    if right:
        assert accepted(answer, crc32="wMZKRA==") == "x"
    else:
        with pytest.raises(ObjectCorrupt):
            accepted(answer, crc32="wMZKRA==")
