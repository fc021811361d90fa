"""Real MinIO of four nodes: the same contract, and nodes that are killed in the midst of it.

One node lost: nothing that was acknowledged is lost, and the service goes on. Two lost: it reads, and writes nothing.
"""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

import pytest

from app.config import Settings, StorageSettings
from app.storage.errors import StoreUnavailable
from app.storage.protocol import ObjectStore
from app.storage.s3 import S3Store
from app.storage.s3_options import S3Options
from tests.contract import test_locks, test_object_store
from tests.support.checks import refused
from tests.support.firm import Firm, done
from tests.support.four_nodes import NODES, FourNodes
from tests.support.go import PartMissing
from tests.support.papers import objects
from tests.support.requirements import require
from tests.support.stores import MIB, Server, chunked, new_key, opened, read, ready, server_of

T = TypeVar("T")
PATIENCE = 90  # seconds until a loaded machine has noticed that a node is gone or back


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FourNodes]:
    cluster = FourNodes(tmp_path_factory.mktemp("four-nodes"))
    try:
        cluster.start()
    except PartMissing as missing:
        require("Network namespaces", str(missing))
    try:
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="module")
def server(nodes: FourNodes) -> Server:
    return server_of("four nodes", nodes, nodes.data)


@pytest.fixture(scope="module")
def s3(nodes: FourNodes) -> FourNodes:
    """Let the service under test run on it too."""
    return nodes


@pytest.fixture
async def store(server: Server) -> AsyncIterator[S3Store]:
    async with opened(server.options) as s3:
        await ready(s3)
        yield s3


@pytest.fixture
def locking(store: S3Store) -> S3Store:
    return store


class TestContractOfFourNodes(test_object_store.TestContract):
    """What holds for every store, but for 2,300 writes of four disks, and what a client does whoever serves it."""

    test_listing_goes_past_a_page = None  # type: ignore[assignment]
    test_leaving_a_download_early = None  # type: ignore[assignment]


class TestLocksOfFourNodes(test_locks.TestLocks):
    """What holds for every store that locks."""

    test_store_without_locks_is_never_asked_for_one = None  # type: ignore[assignment]


@dataclass
class Traffic:
    """Uploads and downloads that go on meanwhile; what was acknowledged, and what was begun and refused."""

    store: ObjectStore
    kept: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    reads: int = 0
    over: bool = False

    async def upload(self, seed: int) -> None:
        """Store files of all kinds, each under a new key when it is refused, until it is told to end."""
        chance = random.Random(seed)
        while not self.over:
            size = chance.choice((1, 70_000, 2 * MIB, 6 * MIB))
            data = chance.randbytes(size)
            digest = hashlib.sha256(data).hexdigest()
            key = new_key()
            try:
                await self.store.put(key, chunked(data), size if chance.random() < 0.7 else None)
            except StoreUnavailable:
                self.failed[key] = digest
                await asyncio.sleep(0.1)
            else:
                self.kept[key] = digest

    async def download(self) -> None:
        """Read what was acknowledged; what is read whole is right."""
        while not self.over:
            for key in random.sample(list(self.kept), min(3, len(self.kept))):
                try:
                    assert hashlib.sha256(await read(self.store, key)).hexdigest() == self.kept[key]
                    self.reads += 1
                except StoreUnavailable:  # the node that gave it was killed
                    pass
            await asyncio.sleep(0.02)

    async def verify(self) -> None:
        """Read everything: what was acknowledged is there byte for byte, what was refused is not there by halves.

        With a node down an answer may take several questions; a file that is missing never becomes another answer.
        """
        for key, digest in self.kept.items():
            assert hashlib.sha256(await sometime(partial(read, self.store, key))).hexdigest() == digest
        for key, digest in self.failed.items():
            if await sometime(partial(self.store.stat, key)) is not None:
                assert hashlib.sha256(await sometime(partial(read, self.store, key))).hexdigest() == digest


async def within(seconds: float, true: Callable[[], bool]) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110  # it waits for numbers of several tasks
            await asyncio.sleep(0.05)


async def sometime(act: Callable[[], Awaitable[T]]) -> T:
    """Do it again and again until the store takes it; give what it then gives."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await act()
            except StoreUnavailable:
                await asyncio.sleep(0.2)


async def whole(nodes: FourNodes, options: S3Options) -> None:
    """Wait until each node writes to all disks.

    A node that has come back serves before all others have found it again. What is written then lies on three disks, as
    if one were lost, and where a second one is lost the store may call it missing until that is back.
    """
    for number in range(NODES):
        async with opened(replace(options, endpoint=nodes.endpoint_of(number))) as store:
            await sometime(partial(ready, store))
            async with asyncio.timeout(PATIENCE):
                while True:
                    key = f"whole/{uuid4()}"
                    await sometime(lambda store=store, key=key: store.put(key, chunked(b"x"), 1))  # type: ignore[misc]
                    if nodes.holding(options.bucket, key) == NODES:
                        break
                    await asyncio.sleep(0.2)


class TestKilledNodes:
    async def test_one_killed_among_transfers_loses_nothing(self, nodes: FourNodes, server: Server) -> None:
        options = replace(server.options, idle_seconds=5, single_bytes=4 * MIB, part_bytes=5 * MIB)
        async with opened(options) as store:
            await sometime(lambda: ready(store))
            await whole(nodes, options)
            traffic = Traffic(store)
            tasks = [asyncio.create_task(traffic.upload(seed)) for seed in range(4)]
            tasks += [asyncio.create_task(traffic.download()) for _ in range(2)]
            try:
                await within(PATIENCE, lambda: len(traffic.kept) >= 15 and traffic.reads >= 15)
                await asyncio.to_thread(nodes.kill, 0)
                before, reads = len(traffic.kept), traffic.reads
                # It goes on: as many again, with one node down.
                await within(PATIENCE, lambda: len(traffic.kept) >= before + 15 and traffic.reads >= reads + 15)
                traffic.over = True
                await asyncio.gather(*tasks)
                await traffic.verify()
                await asyncio.to_thread(nodes.heal)
                await traffic.verify()
                listed = {found.key: found.size async for found in store.list("files/")}
                assert set(traffic.kept) <= set(listed)
            finally:
                traffic.over = True
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await asyncio.to_thread(nodes.heal)

    async def test_two_killed_reading_goes_on_and_writing_is_refused(self, nodes: FourNodes, server: Server) -> None:
        options = replace(server.options, idle_seconds=3, part_bytes=5 * MIB)
        async with opened(options) as store:
            await sometime(lambda: ready(store))
            await whole(nodes, options)
            place, data = f"two-{uuid4()}", random.Random(1).randbytes(3 * MIB)
            await sometime(lambda: store.put(f"{place}/before", chunked(data), len(data)))
            await sometime(lambda: store.hold(f"{place}/before", on=True))
            try:
                for victim in (0, 2):
                    await asyncio.to_thread(nodes.kill, victim)
                for number, size in enumerate((10, 10, None)):
                    with pytest.raises(StoreUnavailable) as caught:
                        await store.put(f"{place}/{number}", chunked(b"x" * 10), size)
                    assert caught.value.status == 503
                with pytest.raises(StoreUnavailable):
                    await store.put(f"{place}/parts", chunked(data * 3), None)

                async def look() -> None:
                    assert await read(store, f"{place}/before") == data
                    assert await read(store, f"{place}/before", 5, MIB) == data[5:MIB]

                for _ in range(5):
                    await sometime(look)
            finally:
                await asyncio.to_thread(nodes.heal)
            # The same client, never started anew, writes again.
            await sometime(lambda: store.put(f"{place}/after", chunked(data), len(data)))
            assert await read(store, f"{place}/after") == data
            assert await read(store, f"{place}/before") == data
            assert (await store.lock_state(f"{place}/before")).held
            for number in range(3):
                found = await store.stat(f"{place}/{number}")
                assert found is None or found.size == 10


class TestServiceOnFourNodes:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        storage = StorageSettings(**settings.storage.model_dump() | {"s3_idle_seconds": 3})
        return Settings(
            run=settings.run, database=settings.database, storage=storage, auth=settings.auth, http=settings.http
        )

    async def test_filing_while_nodes_go_and_come_back(self, firm: Firm, nodes: FourNodes, server: Server) -> None:
        lawyer = await firm.person("lawyer")
        dossier = await firm.dossier(lawyer)
        path = f"/v1/entries/{(await firm.entry(lawyer, dossier['id']))['id']}/files"
        sent = {"headers": {"Content-Type": "text/plain"}}

        async def filed(content: bytes) -> dict[str, Any]:
            answer = await lawyer.post(path, content=content, **sent)
            for _ in range(PATIENCE):
                if answer.status_code == 503:  # until the store is whole enough again
                    await asyncio.sleep(0.2)
                    answer = await lawyer.post(path, content=content, **sent)
            assert (answer.status_code, await firm.events(answer)) == (201, done("file.added"))
            made: dict[str, Any] = answer.json()
            return made

        async def given(file: dict[str, Any]) -> bytes:
            answer = await lawyer.get(f"/v1/files/{file['id']}/content")
            for _ in range(PATIENCE):
                if answer.status_code == 503:  # the living nodes have not noticed yet who is gone
                    await asyncio.sleep(0.2)
                    answer = await lawyer.get(f"/v1/files/{file['id']}/content")
            assert (answer.status_code, await firm.events(answer)) == (200, done("file.read"))
            return answer.content

        try:
            await whole(nodes, server.options)
            first = await filed(b"first")
            await asyncio.to_thread(nodes.kill, 1)
            second = await filed(b"second")
            await asyncio.to_thread(nodes.kill, 3)
            before = await firm.tables()
            for _ in range(2):
                answer = await lawyer.post(path, content=b"third", **sent)
                await refused(firm, before, answer, 503, events=[("file.rejected", "failed")])
                assert "retry-after" in answer.headers
            assert (await given(first), await given(second)) == (b"first", b"second")
        finally:
            await asyncio.to_thread(nodes.heal)
        third = await filed(b"third")
        assert [await given(file) for file in (first, second, third)] == [b"first", b"second", b"third"]
        assert len(await objects(firm)) >= 3
