"""Object stores under test: how they are opened, filled and read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from minio import Minio

from app.embedded.s3 import EmbeddedS3
from app.storage.errors import StoreUnavailable
from app.storage.protocol import ObjectStore
from app.storage.s3 import S3Store
from app.storage.s3_options import S3Options
from tests.support.four_nodes import FourNodes
from tests.support.minio import RealMinio

MIB = 1024 * 1024
BLOCK = bytes(range(256)) * 256  # 64 KiB
BUCKET = "contract-files"


@dataclass
class Server:
    """A running S3 server."""

    name: str
    options: S3Options
    data: Path


def server_of(name: str, running: EmbeddedS3 | RealMinio | FourNodes, data: Path) -> Server:
    keys = (running.access_key, running.secret_key)
    return Server(name, S3Options(running.endpoint, *keys, BUCKET, connect_seconds=1, idle_seconds=10), data)


def raw(options: S3Options) -> Minio:
    """Give the vendor's own client, to look and do behind the service's back."""
    address = options.endpoint.removeprefix("http://")
    return Minio(
        address, access_key=options.access_key, secret_key=options.secret_key, secure=False, region=options.region
    )


def versions(options: S3Options, prefix: str) -> list[str]:
    """Give the ids of all versions that lie under `prefix`, marks of deletion too."""
    found = raw(options).list_objects(options.bucket, prefix=prefix, recursive=True, include_version=True)
    return [str(one.version_id) for one in found]


@asynccontextmanager
async def opened(options: S3Options) -> AsyncIterator[S3Store]:
    store = S3Store(options)
    try:
        yield store
    finally:
        await store.aclose()


async def ready(store: S3Store) -> None:
    """Wait until a server that listens has also read its disk."""
    for attempt in range(100):
        try:
            await store.ensure_bucket()
            await store.probe()
        except StoreUnavailable:
            if attempt == 99:
                raise
            await asyncio.sleep(0.1)
        else:
            return


async def chunked(data: bytes, step: int = 64 * 1024) -> AsyncIterator[bytes]:
    for begin in range(0, len(data), step):
        yield data[begin : begin + step]


async def repeated(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield BLOCK


async def broken_off(count: int, error: type[Exception]) -> AsyncIterator[bytes]:
    """Give some blocks and then, where the end would be, the error by which a body breaks off."""
    async for block in repeated(count):
        yield block
    raise error


async def read(store: ObjectStore, key: str, start: int = 0, end: int | None = None) -> bytes:
    async with store.get(key, start, end) as chunks:
        return b"".join([chunk async for chunk in chunks])


def new_key() -> str:
    return f"files/{uuid4()}"


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield BLOCK
        await asyncio.sleep(0.001)
