"""The ledger's bucket on the embedded server, on real MinIO, and on one that keeps versions without locks."""

from dataclasses import replace

import pytest
from minio.error import S3Error

from app.ledger.bucket import Bucket, read_tile
from app.ledger.tiles import CHECKPOINT, ENTRIES, WITNESSED, Tile, pack
from tests.support.stores import Server, opened, raw, ready, versions

FULL, PARTIAL = Tile(ENTRIES, 3), Tile(ENTRIES, 3, 7)
BUNDLE = pack([str(n).encode() for n in range(256)])


@pytest.fixture
def own(server: Server) -> Server:
    """A bucket of the ledger's own on every server."""
    return replace(server, options=replace(server.options, bucket="contract-ledger"))


async def test_what_is_replaced_leaves_no_versions(own: Server) -> None:
    for _ in range(2):  # a second process knows nothing of what the first has written
        async with opened(own.options) as store:
            await ready(store)
            bucket = Bucket(store)
            for path in (CHECKPOINT, WITNESSED):
                for content in (b"one", b"two", b"three"):
                    await bucket.write(path, content)
                    assert await bucket.read(path) == content
                if own.name != "embedded":
                    assert len(versions(own.options, path)) == 1


async def test_full_tiles_stay_and_partial_ones_go(own: Server) -> None:
    async with opened(own.options) as store:
        await ready(store)
        bucket = Bucket(store)
        await bucket.write(PARTIAL.path, b"partial")
        await bucket.write(FULL.path, BUNDLE)
        await bucket.write(FULL.path, BUNDLE)  # as after a crash
        await bucket.drop_partials(PARTIAL)
        assert await bucket.read(PARTIAL.path) is None
        assert await read_tile(bucket, PARTIAL) == pack([str(n).encode() for n in range(7)])
        assert await bucket.read(FULL.path) == BUNDLE
    if own.name != "embedded":
        client = raw(own.options)
        held = versions(own.options, FULL.path)
        assert held
        for version in held:
            with pytest.raises(S3Error, match=r"WORM|lock|denied"):
                client.remove_object(own.options.bucket, FULL.path, version_id=version)
        assert versions(own.options, PARTIAL.path) == []


async def test_a_bucket_that_was_made_without_locks_serves_too(plain: Server) -> None:
    async with opened(plain.options) as store:
        await ready(store)
        bucket = Bucket(store)
        for content in (b"old", BUNDLE):
            await bucket.write(FULL.path, content)
        await bucket.write(CHECKPOINT, b"one")
        assert (await bucket.read(FULL.path), await bucket.read(CHECKPOINT)) == (BUNDLE, b"one")
