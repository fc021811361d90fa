"""S3 servers that are silent, refuse, lie or hang up."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psutil  # type: ignore[import-untyped]
import pytest

from app.storage.errors import LocksMissing, ObjectCorrupt, ObjectMissing, StoreFull, StoreUnavailable
from app.storage.s3_options import S3Options
from tests.support.stores import BLOCK, BUCKET, Server, chunked, endless, new_key, opened, read, ready, repeated


@asynccontextmanager
async def scripted(answer: bytes | None, *, read_first: int = 1) -> AsyncIterator[S3Options]:
    """Serve by reading a little, then answering the given bytes and hanging up, or by never answering."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(OSError):
            if read_first:
                await reader.read(read_first)
            if answer is None:
                return
            writer.write(answer)
            await writer.drain()
            await asyncio.sleep(0.2)
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    try:
        yield S3Options(f"http://127.0.0.1:{port}", "a", "b", BUCKET, connect_seconds=1, idle_seconds=0.4)
    finally:
        listener.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)


class TestHostileServers:
    async def test_silent_server(self) -> None:
        async with scripted(None) as options, opened(options) as store:
            for act in (
                store.probe,
                lambda: store.stat("k"),
                lambda: read(store, "k"),
                lambda: store.put("k", chunked(b"x"), 1),
                lambda: store.put("k", repeated(400), 400 * len(BLOCK)),
                lambda: store.put("k", repeated(400), None),
                store.ensure_bucket,
                store.capabilities,
                lambda: store.delete("k"),
                lambda: store.hold("k", on=True),
                lambda: store.lock_state("k"),
            ):
                begun = time.monotonic()
                with pytest.raises(StoreUnavailable):
                    await act()
                assert time.monotonic() - begun < 2.5

    async def test_connections_to_a_silent_server_are_given_up(self) -> None:
        async with scripted(None) as options, opened(options) as store:
            with pytest.raises(StoreUnavailable):
                await store.put("k", repeated(400), 400 * len(BLOCK))
            port = int(options.endpoint.rpartition(":")[2])
            deadline = time.monotonic() + 10
            while any(found.raddr and found.raddr.port == port for found in psutil.Process().net_connections()):
                assert time.monotonic() < deadline
                await asyncio.sleep(0.1)

    async def test_slow_client_is_not_a_silent_server(self, server: Server) -> None:
        async def slow() -> AsyncIterator[bytes]:
            for _ in range(3):
                await asyncio.sleep(0.5)
                yield b"x"

        async with opened(replace(server.options, idle_seconds=0.3)) as store:
            await ready(store)
            key = new_key()
            await store.put(key, slow(), 3)
            await store.put(key, repeated(400), 400 * len(BLOCK))
            async with store.get(key) as chunks:
                await anext(aiter(chunks))
                await asyncio.sleep(0.8)
                assert sum([len(chunk) async for chunk in chunks]) > 0

    @pytest.mark.parametrize(
        ("status", "code", "error"),
        [
            (507, "XMinioStorageFull", StoreFull),
            (403, "QuotaExceeded", StoreFull),
            (500, "InternalError", StoreUnavailable),
            (503, "SlowDown", StoreUnavailable),
            (403, "AccessDenied", StoreUnavailable),
            (404, "NoSuchBucket", StoreUnavailable),
            (307, "TemporaryRedirect", StoreUnavailable),
            (200, "InternalError", StoreUnavailable),
            (400, "BadDigest", ObjectCorrupt),
        ],
    )
    async def test_refusals(self, status: int, code: str, error: type[Exception]) -> None:
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode()
        head = f"HTTP/1.1 {status} x\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        async with scripted(head + body) as options, opened(options) as store:
            with pytest.raises(error) as caught:
                await store.put("k", chunked(b"x"), 1)
            assert "X-Amz" not in str(caught.value)

    async def test_answer_before_the_end_of_the_body(self) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        async with scripted(head) as options, opened(options) as store:
            with pytest.raises(StoreUnavailable):
                await store.put("k", endless(), 10**9)

    async def test_other_bytes_taken(self) -> None:
        head = b'HTTP/1.1 200 OK\r\nETag: "%s"\r\nContent-Length: 0\r\n\r\n' % (b"0" * 32)
        async with scripted(head, read_first=100_000) as options, opened(options) as store:
            with pytest.raises(ObjectCorrupt):
                await store.put("k", chunked(b"x"), 1)

    @pytest.mark.parametrize(
        ("head", "start", "error"),
        [
            (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", 0, StoreUnavailable),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 1, StoreUnavailable),
            (b"HTTP/1.1 206 OK\r\nContent-Length: 3\r\nContent-Range: bytes 0-2/9\r\n\r\nabc", 1, StoreUnavailable),
            (b"HTTP/1.1 206 OK\r\nContent-Length: 3\r\nContent-Range: bytes 1-8/9\r\n\r\nabc", 1, StoreUnavailable),
            (b"HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n", 0, ObjectMissing),
            (b"nonsense\r\n\r\n", 0, StoreUnavailable),
            (b"", 0, StoreUnavailable),
        ],
    )
    async def test_downloads_gone_wrong(self, head: bytes, start: int, error: type[Exception]) -> None:
        async with scripted(head, read_first=4096) as options, opened(options) as store:
            with pytest.raises(error):
                await read(store, "k", start)

    @pytest.mark.parametrize(
        "body",
        [
            b"abc",
            b"",
            b"<VersioningConfiguration><Status>Enabled</Status>",
            b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
        ],
    )
    @pytest.mark.parametrize("status", [b"200 OK", b"403 x", b"500 x"])
    async def test_answers_to_locks_gone_wrong(self, status: bytes, body: bytes) -> None:
        head = b"HTTP/1.1 %s\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        async with scripted(head + body, read_first=4096) as options, opened(options) as store:
            for act in (
                lambda: store.hold("k", on=True),
                lambda: store.retain("k", datetime.now(UTC) + timedelta(hours=1)),
                lambda: store.lock_state("k"),
                lambda: store.delete("k"),
            ):
                with pytest.raises((StoreUnavailable, LocksMissing)):
                    await act()

    async def test_errors_hold_no_signed_address(self) -> None:
        async with scripted(b"", read_first=4096) as options, opened(options) as store:
            with pytest.raises(StoreUnavailable) as caught:
                await store.put("k", repeated(4000), 4000 * len(BLOCK))
            text = repr(caught.value) + str(caught.value) + repr(caught.value.__cause__)
            assert "Signature" not in text
            assert caught.value.__suppress_context__
