"""What only a real S3 server shows: memory, uploads broken off, and a server that goes and comes back."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from app.embedded.processes import free_port
from app.embedded.s3 import EmbeddedS3
from app.storage.errors import BodyLengthMismatch, StoreUnavailable
from tests.support.stores import (
    BLOCK,
    BUCKET,
    MIB,
    Server,
    broken_off,
    chunked,
    endless,
    new_key,
    opened,
    raw,
    read,
    ready,
    repeated,
    server_of,
)
from tests.support.waiting import eventually


def own_memory() -> int:
    return int(psutil.Process().memory_info().rss)


class TestRealServers:
    @pytest.mark.parametrize("size", [64 * MIB, None])
    async def test_memory_stays_bounded(self, server: Server, size: int | None) -> None:
        async with opened(server.options) as store:
            await ready(store)
            await store.put("files/warm", repeated(300), size and 300 * len(BLOCK))
            before, most = own_memory(), 0

            async def watched() -> AsyncIterator[bytes]:
                nonlocal most
                async for chunk in repeated(1024):
                    most = max(most, own_memory())
                    yield chunk

            key = new_key()
            await store.put(key, watched(), size)
            digest = hashlib.sha256()
            async with store.get(key) as chunks:
                async for chunk in chunks:
                    digest.update(chunk)
                    most = max(most, own_memory())
            assert digest.digest() == hashlib.sha256(BLOCK * 1024).digest()
            assert most - before < 40 * MIB

    async def test_first_uploads_of_a_new_server_all_at_once(self, tmp_path: Path) -> None:
        for turn in range(8):
            running = EmbeddedS3(tmp_path / str(turn), BUCKET.removesuffix("-files"))
            running.start()
            try:
                server = server_of("new", running, running._objects)
                async with opened(server.options) as store:
                    await store.ensure_bucket()
                    assert [found async for found in store.list("")] == []
                    keys = [new_key() for _ in range(16)]
                    await asyncio.gather(*(store.put(key, chunked(b"x"), 1) for key in keys))
                    assert {found.key async for found in store.list("")} == set(keys)
                    # Nor does the last to go take the directory with it that the next is about to use.
                    for key in keys:
                        await store.delete(key)
                    assert (server.data / BUCKET / "files").is_dir()
                    assert [found async for found in store.list("")] == []
            finally:
                running.stop()

    async def test_broken_upload_in_parts_leaves_no_upload(self, server: Server) -> None:
        async with opened(server.options) as store:
            await ready(store)
            with pytest.raises(RuntimeError):
                await store.put("broken/upload", broken_off(300, RuntimeError), None)
            task = asyncio.create_task(store.put("broken/cancelled", endless(), None))
            await asyncio.sleep(0.5)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert [found async for found in store.list("broken/")] == []
        # The server clears away by itself, soon after it has answered.
        eventually(lambda: not [*incomplete_uploads(server), *leftovers(server.data)], seconds=90)

    async def test_known_size_in_parts(self, server: Server) -> None:
        options = replace(server.options, single_bytes=MIB, part_bytes=MIB)
        async with opened(options) as store:
            await ready(store)
            key, data = new_key(), os.urandom(20 * MIB + 3)  # parts of 8 MiB
            await store.put(key, chunked(data, 100_000), len(data))
            assert await read(store, key) == data
            for announced in (len(data) - 1, len(data) + 1):
                key = new_key()
                with pytest.raises(BodyLengthMismatch):
                    await store.put(key, chunked(data, 100_000), announced)
                assert await store.stat(key) is None
        eventually(lambda: incomplete_uploads(server) == [])

    async def test_wrong_secret_and_missing_bucket(self, server: Server) -> None:
        for options in (replace(server.options, secret_key="wrong-secret"), replace(server.options, bucket="no-such")):
            async with opened(options) as store:
                with pytest.raises(StoreUnavailable):
                    await store.probe()
                with pytest.raises(StoreUnavailable):
                    await store.put(new_key(), repeated(100), 100 * len(BLOCK))
                with pytest.raises(StoreUnavailable):
                    await store.put(new_key(), repeated(200), None)
                with pytest.raises(StoreUnavailable):
                    await read(store, new_key())
                with pytest.raises(StoreUnavailable):
                    await store.stat(new_key())
                with pytest.raises(StoreUnavailable):
                    _ = [found async for found in store.list("")]

    async def test_server_gone_and_back(self, server: Server) -> None:
        async with Gate(server).opened() as gate, opened(gate.options) as store:
            await ready(store)
            key = new_key()
            await store.put(key, chunked(b"before"), 6)
            await gate.close()
            for act in (store.probe, store.ensure_bucket, lambda: store.stat(key), lambda: read(store, key)):
                with pytest.raises(StoreUnavailable):
                    await act()
            for size in (1, None):
                with pytest.raises(StoreUnavailable):
                    await store.put(new_key(), chunked(b"x"), size)
            with pytest.raises(StoreUnavailable):
                _ = [found async for found in store.list("")]
            await gate.listen()
            await store.probe()
            assert await read(store, key) == b"before"

    async def test_server_goes_during_a_transfer(self, server: Server) -> None:
        async with Gate(server).opened() as gate, opened(gate.options) as store:
            await ready(store)
            key = new_key()
            await store.put(key, repeated(800), 800 * len(BLOCK))

            async def interrupted() -> AsyncIterator[bytes]:
                async for chunk in repeated(150):
                    yield chunk
                await gate.close()
                async for chunk in repeated(50):
                    yield chunk

            for size in (200 * len(BLOCK), None):
                broken = new_key()
                with pytest.raises(StoreUnavailable):
                    await store.put(broken, interrupted(), size)
                await gate.listen()
                assert await store.stat(broken) is None
            async with store.get(key) as chunks:
                await anext(aiter(chunks))
                await gate.close()
                with pytest.raises(StoreUnavailable):
                    _ = [chunk async for chunk in chunks]


def incomplete_uploads(server: Server) -> list[Any]:
    options = server.options
    if server.name == "embedded":
        return []
    client = raw(options)
    # This server lists uploads only for the exact key.
    found: list[Any] = []
    for key in ("broken/upload", "broken/cancelled"):
        found += client._list_multipart_uploads(BUCKET, prefix=key).uploads
    return found


def leftovers(data: Path) -> list[Path]:
    """Files of this test's broken uploads that the server would keep; others use the server too."""
    return [path for path in (data / BUCKET / "broken").rglob("*") if path.is_file()]


class Gate:
    """A door before a server that can be shut and opened again at the same port."""

    def __init__(self, server: Server) -> None:
        self._target = int(server.options.endpoint.rpartition(":")[2])
        self._port = free_port()
        self.options = replace(server.options, endpoint=f"http://127.0.0.1:{self._port}")
        self._listener: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["Gate"]:
        await self.listen()
        try:
            yield self
        finally:
            await self.close()

    async def listen(self) -> None:
        if self._listener is None:
            self._listener = await asyncio.start_server(self._pass_on, "127.0.0.1", self._port)

    async def close(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0.05)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._open |= {writer, inner_writer}
        await asyncio.gather(self._pump(reader, inner_writer), self._pump(inner_reader, writer))
        self._open -= {writer, inner_writer}

    @staticmethod
    async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(64 * 1024):
                writer.write(data)
                await writer.drain()
        writer.close()
