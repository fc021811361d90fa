"""Every object store: in memory, the embedded S3 server, real MinIO."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app.embedded.s3 import EmbeddedS3
from app.storage.memory import MemoryStore
from app.storage.protocol import ObjectStore
from tests.support.minio import RealMinio
from tests.support.stores import Server, opened, raw, ready, server_of


@pytest.fixture(scope="session")
def embedded(s3: EmbeddedS3) -> Server:
    return server_of("embedded", s3, s3._objects)


@pytest.fixture(scope="session")
def real(minio: RealMinio) -> Server:
    return server_of("minio", minio, minio._data)


@pytest.fixture(scope="session")
def plain(real: Server) -> Server:
    """Real MinIO with a bucket that was made without locks, as older installations have."""
    options = replace(real.options, bucket="contract-plain")
    raw(options).make_bucket(options.bucket)
    return replace(real, name="plain", options=options)


@pytest.fixture(params=["embedded", "real"])
def server(request: pytest.FixtureRequest) -> Server:
    """Every real server."""
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["memory", "embedded", "real"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[ObjectStore]:
    """Every implementation."""
    if request.param == "memory":
        yield MemoryStore()
        return
    server: Server = request.getfixturevalue(request.param)
    async with opened(server.options) as s3:
        await ready(s3)
        yield s3


@pytest.fixture(params=["memory", "real"])
async def locking(request: pytest.FixtureRequest) -> AsyncIterator[ObjectStore]:
    """Every implementation that can lock."""
    if request.param == "memory":
        yield MemoryStore()
        return
    server: Server = request.getfixturevalue(request.param)
    async with opened(server.options) as s3:
        await ready(s3)
        yield s3


@pytest.fixture(params=["memory", "embedded", "plain"])
async def lockless(request: pytest.FixtureRequest) -> AsyncIterator[ObjectStore]:
    """Every implementation that can't lock."""
    if request.param == "memory":
        store = MemoryStore()
        store.can_lock = False
        yield store
        return
    server: Server = request.getfixturevalue(request.param)
    async with opened(server.options) as s3:
        await ready(s3)
        yield s3
