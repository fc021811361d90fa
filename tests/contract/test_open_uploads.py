"""Uploads in parts that somebody has begun and not ended: found, and given up."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from app.storage.locks import Upload
from app.storage.protocol import ObjectStore
from tests.support.stores import BLOCK, MIB, Server, new_key, opened, ready, versions


class TestOpenUploads:
    async def test_open_upload_is_found_and_given_up(self, real: Server) -> None:
        async with opened(replace(real.options, part_bytes=5 * MIB)) as store:
            await ready(store)
            key, reached = new_key(), asyncio.Event()

            async def stalling() -> AsyncIterator[bytes]:
                for _ in range(200):
                    yield BLOCK
                reached.set()
                await asyncio.sleep(3600)

            task = asyncio.create_task(store.put(key, stalling(), None))
            await asyncio.wait_for(reached.wait(), 30)
            before = datetime.now(UTC) + timedelta(seconds=5)
            (found,) = [one async for one in store.uploads("files/") if one.key == key]
            assert found.begun < before
            assert [one async for one in store.uploads("other/") if one.key == key] == []
            await store.give_up(found)
            assert [one async for one in store.uploads("files/") if one.key == key] == []
            await store.give_up(found)  # again does nothing
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert versions(real.options, key) == []

    async def test_upload_that_nobody_knows(self, store: ObjectStore) -> None:
        # Nowhere is one of this key, and every store bears being asked.
        key = new_key()
        assert [one async for one in store.uploads("files/") if one.key == key] == []
        await store.give_up(Upload(key, str(uuid4()), datetime.now(UTC)))
