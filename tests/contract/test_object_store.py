"""One contract for every object store: in memory, the embedded S3 server, real MinIO."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from app.storage.errors import BodyLengthMismatch, ObjectMissing
from app.storage.protocol import ObjectStore
from tests.support.stores import BLOCK, MIB, broken_off, chunked, new_key, read, repeated


class TestContract:
    async def test_what_was_put_comes_back(self, store: ObjectStore) -> None:
        key, data = new_key(), os.urandom(300_000)
        before = datetime.now(UTC) - timedelta(seconds=5)
        put = await store.put(key, chunked(data), len(data))
        assert (put.key, put.size, put.md5) == (key, len(data), hashlib.md5(data).hexdigest())
        assert await read(store, key) == data
        found = await store.stat(key)
        assert found is not None
        assert (found.key, found.size) == (key, len(data))
        assert found.modified is not None
        assert before <= found.modified <= datetime.now(UTC) + timedelta(seconds=5)

    @pytest.mark.parametrize("size", [0, None])
    async def test_empty_object(self, store: ObjectStore, size: int | None) -> None:
        key = new_key()
        assert (await store.put(key, chunked(b""), size)).size == 0
        assert await read(store, key) == b""
        assert await read(store, key, 0, 10) == b""
        found = await store.stat(key)
        assert found is not None
        assert found.size == 0

    async def test_ranges(self, store: ObjectStore) -> None:
        key, data = new_key(), os.urandom(3 * MIB)
        await store.put(key, chunked(data), len(data))
        for start, end in (
            (0, 1),
            (1, 2),
            (5, None),
            (MIB - 1, 2 * MIB + 1),
            (len(data) - 1, None),
            (7, 7),
            (0, 10**9),
        ):
            assert await read(store, key, start, end) == data[start:end]
        assert await read(store, key, len(data), None) == b""
        assert await read(store, key, len(data) + 5, len(data) + 9) == b""
        for start, end in ((-1, None), (2, 1)):
            with pytest.raises(ValueError):
                await read(store, key, start, end)

    @pytest.mark.parametrize("blocks", [1, 127, 128, 129, 300])
    async def test_unknown_size(self, store: ObjectStore, blocks: int) -> None:
        key, data = new_key(), BLOCK * blocks
        assert (await store.put(key, repeated(blocks), None)).size == len(data)
        assert await read(store, key) == data
        found = await store.stat(key)
        assert found is not None
        assert found.size == len(data)

    async def test_one_large_chunk(self, store: ObjectStore) -> None:
        key, data = new_key(), os.urandom(20 * MIB + 1)
        for size in (len(data), None):
            await store.put(key, chunked(data, len(data)), size)
            assert hashlib.sha256(await read(store, key)).digest() == hashlib.sha256(data).digest()

    async def test_empty_chunks_mean_nothing(self, store: ObjectStore) -> None:
        async def holes() -> AsyncIterator[bytes]:
            for chunk in (b"", b"a", b"", b"", b"b", b""):
                yield chunk

        key = new_key()
        for size in (2, None):
            await store.put(key, holes(), size)
            assert await read(store, key) == b"ab"

    async def test_delete(self, store: ObjectStore) -> None:
        key = new_key()
        await store.put(key, chunked(b"x"), 1)
        await store.delete(key)
        assert await store.stat(key) is None
        await store.delete(key)

    async def test_missing(self, store: ObjectStore) -> None:
        key = new_key()
        assert await store.stat(key) is None
        for start, end in ((0, None), (3, 5), (3, 3)):
            with pytest.raises(ObjectMissing):
                await read(store, key, start, end)

    @pytest.mark.parametrize(
        "name",
        [
            "a b",
            "a+b",
            "a%20b",
            "a&b=c",
            "a?b#c",
            "案卷-卷内目录",
            "a:b;c@d",
            "a'b(c)!*~",
            'a"b',
            "a\\b",
            "<a>",
            "é",
            "🗂",
        ],
    )
    async def test_odd_keys(self, store: ObjectStore, name: str) -> None:
        key = f"odd-{uuid4()}/{name}"
        await store.put(key, chunked(name.encode()), None)
        assert await read(store, key) == name.encode()
        assert [found.key async for found in store.list(key[:40])] == [key]
        await store.delete(key)
        assert await store.stat(key) is None

    @pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "a/../b", ".", "a\nb", "a\0b", "k" * 1025, "\ud800"])
    async def test_keys_that_no_store_takes(self, store: ObjectStore, key: str) -> None:
        with pytest.raises(ValueError):
            await store.put(key, chunked(b"x"), 1)
        with pytest.raises(ValueError):
            await read(store, key)
        with pytest.raises(ValueError):
            await store.stat(key)
        with pytest.raises(ValueError):
            await store.delete(key)

    @pytest.mark.parametrize(
        ("announced", "sent"), [(100_001, 100_000), (99_999, 100_000), (0, 1), (1, 0), (65_536, 65_537)]
    )
    async def test_body_of_another_length(self, store: ObjectStore, announced: int, sent: int) -> None:
        key = new_key()
        with pytest.raises(BodyLengthMismatch):
            await store.put(key, chunked(b"x" * sent, 16 * 1024), announced)
        assert await store.stat(key) is None

    @pytest.mark.parametrize("size", [200 * len(BLOCK), None])
    @pytest.mark.parametrize("blocks", [3, 200])
    async def test_source_that_fails_leaves_nothing(self, store: ObjectStore, size: int | None, blocks: int) -> None:
        class ClientGoneError(Exception):
            pass

        key = new_key()
        with pytest.raises(ClientGoneError):
            await store.put(key, broken_off(blocks, ClientGoneError), size)
        assert await store.stat(key) is None

    @pytest.mark.parametrize("size", [400 * len(BLOCK), None])
    @pytest.mark.parametrize("blocks", [0, 3, 200])
    async def test_cancelled_put_leaves_nothing(self, store: ObjectStore, size: int | None, blocks: int) -> None:
        reached = asyncio.Event()

        async def stalling() -> AsyncIterator[bytes]:
            for _ in range(blocks):
                yield BLOCK
            reached.set()
            await asyncio.sleep(3600)

        key = new_key()
        task = asyncio.create_task(store.put(key, stalling(), size))
        await asyncio.wait_for(reached.wait(), 10)
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.1)
        assert await store.stat(key) is None
        assert [found async for found in store.list(key)] == []

    async def test_listing_goes_past_a_page(self, store: ObjectStore) -> None:
        prefix, many, gate = f"many-{uuid4()}/", 2300, asyncio.Semaphore(32)

        async def add(number: int) -> None:
            async with gate:
                await store.put(f"{prefix}{number % 7}/{number:05}", chunked(b"x"), 1)

        # The first of each folder alone: of two that make one at once the embedded server can fail one (500).
        for number in range(7):
            await add(number)
        await asyncio.gather(*(add(number) for number in range(7, many)))
        keys = [found.key async for found in store.list(prefix)]
        assert len(keys) == len(set(keys)) == many
        assert keys == sorted(keys)
        some = [found async for found in store.list(f"{prefix}3/0001")]
        assert [int(found.key[-5:]) for found in some] == [10, 17]
        assert all(found.size == 1 and found.modified is not None for found in some)
        assert [found async for found in store.list(f"{prefix}9")] == []

    async def test_many_at_a_time(self, store: ObjectStore) -> None:
        async def turn(number: int) -> None:
            key, data = new_key(), number.to_bytes(2, "big") * 50_000
            await store.put(key, chunked(data), len(data) if number % 2 else None)
            assert await read(store, key) == data

        await asyncio.gather(*(turn(number) for number in range(200)))

    async def test_leaving_a_download_early(self, store: ObjectStore) -> None:
        key = new_key()
        await store.put(key, repeated(400), None)
        for _ in range(300):  # more than there are connections
            async with store.get(key) as chunks:
                assert await anext(aiter(chunks))

    async def test_probe(self, store: ObjectStore) -> None:
        await store.probe()
        await store.ensure_bucket()
