"""Many and large transfers through the served API: its memory, slow readers beside quick ones, ranges of huge files."""

import asyncio
import hashlib
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Self
from uuid import uuid4

import httpx
import psutil  # type: ignore[import-untyped]
import pytest
from pydantic import SecretStr

from app.config import Settings, StorageSettings
from app.storage.key_store import KeyStore
from app.storage.segments import Owner, OwnerKind
from app.storage.vault import Vault
from tests.support.firm import Firm, Person
from tests.support.minio import RealMinio
from tests.support.server import Served
from tests.support.stores import MIB, new_key, opened, ready, server_of

pytestmark = pytest.mark.timeout(1200)
CLIENTS, SIZE, CHUNK = 8, 1024 * MIB, 256 * 1024
# Promised are 64 MiB; an allocator that keeps what was freed may add some to that.
GROWS = 80 * MIB
SLOW = 100
BLOCK = os.urandom(CHUNK)


@pytest.fixture
def settings(settings: Settings, minio: RealMinio) -> Settings:
    """Settings on real MinIO that take large files."""
    fields = settings.storage.model_dump() | {
        "s3_endpoint": minio.endpoint, "s3_access_key": SecretStr(minio.access_key),
        "s3_secret_key": SecretStr(minio.secret_key), "s3_bucket_prefix": "transfers", "upload_max_bytes": 2 * SIZE,
    }  # fmt: skip
    return Settings(
        run=settings.run,
        database=settings.database,
        storage=StorageSettings(**fields),
        auth=settings.auth,
        http=settings.http,
    )


@pytest.fixture
def served(settings: Settings, tmp_path: Path) -> Iterator[Served]:
    # Eight gigabytes at once are much for a disk that others use too.
    server = Served(settings, tmp_path / "api.log", ANJUAN_S3_IDLE_SECONDS="300")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def lawyer(firm: Firm, served: Served) -> AsyncIterator[Person]:
    """A lawyer who talks to the served API."""
    limits = httpx.Limits(max_connections=2 * SLOW)
    async with httpx.AsyncClient(base_url=served.url, timeout=600, limits=limits) as line:
        person = await firm.person("lawyer")
        person.http = line
        yield person


class Memory:
    """The most memory of a process while something is done, over what it had before."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._before = self._most = self._now()

    def _now(self) -> int:
        return int(self._process.memory_info().rss)

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._watching.cancel()

    async def _watch(self) -> None:
        with suppress(psutil.NoSuchProcess):
            while True:
                self._most = max(self._most, self._now())
                await asyncio.sleep(0.05)

    @property
    def grown(self) -> int:
        return self._most - self._before


async def body(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // CHUNK):
        yield BLOCK


async def upload(by: Person, path: str, size: int) -> str:
    made = await by.post(path, content=body(size), headers={"Content-Length": str(size)})
    assert made.status_code == 201, made.text
    return f"/v1/files/{made.json()['id']}/content"


async def download(by: Person, path: str) -> str:
    digest = hashlib.sha256()
    async with by.http.stream("GET", path, headers={"Authorization": f"Bearer {by.token}"}) as answer:
        assert answer.status_code == 200
        async for chunk in answer.aiter_raw(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


async def test_memory_of_eight_large_transfers(firm: Firm, served: Served, lawyer: Person) -> None:
    dossier = await firm.dossier(lawyer)
    paths = [f"/v1/entries/{(await firm.entry(lawyer, dossier['id']))['id']}/files" for _ in range(CLIENTS)]
    await download(lawyer, await upload(lawyer, paths[0], 8 * MIB))  # what is loaded at first use
    async with Memory(served.pid) as sending:
        contents = await asyncio.gather(*(upload(lawyer, path, SIZE) for path in paths))
    async with Memory(served.pid) as fetching:
        digests = await asyncio.gather(*(download(lawyer, path) for path in contents))
    sys.stdout.write(f"\n{CLIENTS} x 1 GiB: up +{sending.grown / MIB:.0f} MiB, down +{fetching.grown / MIB:.0f} MiB\n")
    assert set(digests) == {hashlib.sha256(BLOCK * (SIZE // CHUNK)).hexdigest()}
    assert max(sending.grown, fetching.grown) < GROWS


async def test_slow_readers_block_nobody(firm: Firm, served: Served, lawyer: Person) -> None:
    entry = await firm.entry(lawyer, (await firm.dossier(lawyer))["id"])
    path = await upload(lawyer, f"/v1/entries/{entry['id']}/files", 16 * MIB)
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {lawyer.token}\r\n\r\n".encode()
    alone = [await quick(lawyer, path, entry["id"]) for _ in range(5)]

    async def slow() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=64 * 1024)
        writer.write(head)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        return reader, writer

    lines = await asyncio.gather(*(slow() for _ in range(SLOW)))
    beside = [await quick(lawyer, path, entry["id"]) for _ in range(5)]
    sys.stdout.write(f"\nbeside {SLOW} slow readers {median(beside) / median(alone):.2f} of the time alone\n")
    # They hold no connection of the database, no thread and no lock; what they cost is memory.
    assert median(beside) < 3 * median(alone) + 0.1
    for reader, _ in lines[:3]:  # and each of them gets all, when it goes on
        rest = await asyncio.wait_for(reader.readexactly(16 * MIB), 60)
        assert BLOCK[-64:] in rest
    for _, writer in lines:
        writer.transport.abort()


async def quick(by: Person, path: str, entry: str) -> float:
    """Read the file and its entry as others do beside the slow ones."""
    began = time.perf_counter()
    await download(by, path)
    assert (await by.get(f"/v1/entries/{entry}")).status_code == 200
    return time.perf_counter() - began


async def test_range_in_a_huge_file_comes_as_soon_as_in_a_small_one(minio: RealMinio, tmp_path: Path) -> None:
    keys = KeyStore(tmp_path / "keys")
    keys.make()
    owner = Owner(OwnerKind.DOSSIER, uuid4())
    sizes = {new_key(): size for size in (5 * MIB, 5 * 1024 * MIB - 64 * MIB)}  # the larger as one signed request
    async with opened(server_of("minio", minio, minio._data).options) as store:
        await ready(store)
        vault = Vault(store, keys)
        for key, size in sizes.items():
            await vault.put(key, body(size), size, owner)
        times: dict[str, list[float]] = {key: [] for key in sizes}
        for _ in range(40):
            for key, size in sizes.items():
                began = time.perf_counter()
                async with vault.get(key, size // 2 + 77, size // 2 + 1077) as chunks:
                    assert len(b"".join([chunk async for chunk in chunks])) == 1000
                times[key].append(time.perf_counter() - began)
        for key in sizes:
            await vault.delete(key)
    small, huge = (median(times[key]) for key in sizes)
    sys.stdout.write(f"\na range of a 5 GiB file comes in {huge / small:.2f} of the time of a 5 MiB one\n")
    assert huge / small <= 1.5
