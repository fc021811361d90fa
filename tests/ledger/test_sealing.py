"""Sealing on real PostgreSQL and real S3: order, crashes between any two steps, several sealers, damage, stalls."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from app.core.database import Database
from app.core.errors import Unavailable
from app.embedded.postgres import EmbeddedPostgres
from app.ledger.bucket import Bucket, read_tile
from app.ledger.edge import LedgerDamagedError
from app.ledger.keys import LedgerKeyUnavailable
from app.ledger.leaf import details_digest
from app.ledger.merkle import Frontier, leaf_hash
from app.ledger.note import Checkpoint, open_checkpoint
from app.ledger.sealer import LOCK, Sealer
from app.ledger.tiles import CHECKPOINT, ENTRIES, Tile, hashes_of, tiles_of, unpack
from app.storage.errors import StoreUnavailable
from tests.ledger.common import add
from tests.support.firm import Firm
from tests.support.waiting import in_time


async def published(firm: Firm, bucket: Bucket) -> Checkpoint:
    """Read the checkpoint and hold all that lies beneath to it; give it."""
    data = await bucket.read(CHECKPOINT)
    assert data is not None
    checkpoint, _ = open_checkpoint(data, firm.services.resources.ledger_keys.verifiers())
    frontier = Frontier()
    for tile in tiles_of(checkpoint.size):
        content = await read_tile(bucket, tile)
        assert content is not None, tile.path
        if tile.level == ENTRIES:
            hashes = list(map(leaf_hash, unpack(content)))
            assert hashes_of(await read_tile(bucket, Tile(0, tile.index, tile.width)) or b"") == hashes
            for hash_ in hashes:
                frontier.append(hash_)
        else:
            assert len(hashes_of(content)) == tile.width
    assert (frontier.size, frontier.root()) == (checkpoint.size, checkpoint.root)
    return checkpoint


async def raw(bucket: Bucket, size: int) -> list[bytes]:
    """Give the bytes of all leaves."""
    return [
        leaf
        for tile in tiles_of(size)
        if tile.level == ENTRIES
        for leaf in unpack(await read_tile(bucket, tile) or b"")
    ]


async def entries(bucket: Bucket, size: int) -> list[dict[str, Any]]:
    """Give all leaves."""
    return list(map(json.loads, await raw(bucket, size)))


async def every_event_once(firm: Firm, bucket: Bucket) -> Checkpoint:
    """Hold the ledger to the database: each event is one leaf, at its place, with its commitment."""
    checkpoint = await published(firm, bucket)
    leaves = await entries(bucket, checkpoint.size)
    rows = await firm.eyes.fetch(
        "SELECT e.*, l.leaf_index, l.salt FROM events e JOIN event_leaves l ON l.event_id = e.id ORDER BY leaf_index"
    )
    assert await firm.eyes.fetchval("SELECT count(*) FROM events") == len(rows) == len(leaves) == checkpoint.size
    for index, (row, leaf) in enumerate(zip(rows, leaves, strict=True)):
        assert (leaf["id"], row["leaf_index"], leaf["type"]) == (str(row["id"]), index, row["type"])
        assert leaf["details_digest"] == details_digest(dict(row), row["salt"])
    assert await firm.eyes.fetchval("SELECT count(*) FROM event_queue") == 0
    return checkpoint


async def test_events_become_leaves(firm: Firm, sealer: Sealer, bucket: Bucket) -> None:
    before = await firm.eyes.fetchval("SELECT count(*) FROM events")
    made = await add(firm, 700)
    assert await sealer.seal_all() == before + 700
    first = await every_event_once(firm, bucket)
    assert (await entries(bucket, first.size))[-1]["id"] == str(made[-1])
    text = json.dumps(await entries(bucket, first.size), ensure_ascii=False)
    assert "王丽" not in text  # a leaf reveals no name
    assert "number" not in text
    await add(firm, 1)
    assert await sealer.seal_all() == 1
    assert (await every_event_once(firm, bucket)).size == first.size + 1
    assert await sealer.seal_all() == 0


async def test_partial_tiles_go_when_the_full_one_is_there(firm: Firm, sealer: Sealer, bucket: Bucket) -> None:
    await add(firm, 3)
    await sealer.seal_all()
    size = await firm.eyes.fetchval("SELECT size FROM ledger_head")
    partial = Tile(ENTRIES, 0, size)
    assert (early := await bucket.read(partial.path)) is not None
    await add(firm, 300)
    await sealer.seal_all()
    assert await bucket.read(partial.path) is None
    assert await read_tile(bucket, partial) == early
    await every_event_once(firm, bucket)


class Breaking(Bucket):
    """A bucket whose n-th write fails, before or after it was carried out."""

    def __init__(self, bucket: Bucket, at: int, done: bool) -> None:
        super().__init__(bucket._shelf)
        self.at, self.done, self.count = at, done, 0

    async def write(self, path: str, content: bytes) -> None:
        self.count += 1
        breaks = self.count == self.at
        if breaks and not self.done:
            raise StoreUnavailable("broken before")
        await super().write(path, content)
        if breaks:
            raise StoreUnavailable("broken after")


@pytest.mark.parametrize("done", [False, True])
async def test_broken_off_at_each_write_it_goes_on_without_fork(firm: Firm, sealing: Database, sealer: Sealer, bucket: Bucket, done: bool) -> None:  # fmt: skip
    keys = firm.services.resources.ledger_keys
    await add(firm, 300)
    await sealer.seal_all()
    old = await published(firm, bucket)
    # The checkpoint as it was, a bundle, a tile of hashes, the new checkpoint.
    for at in range(1, 5):
        broken = Sealer(sealing, Breaking(bucket, at, done), keys)
        await add(firm, 2)
        with pytest.raises(Unavailable):
            await broken.seal_all()
        found = await published(firm, bucket)
        assert found.size >= old.size
        await add(firm, 1)
        await sealer.seal_all()
        new = await every_event_once(firm, bucket)
        leaves = [leaf_hash(json_) for json_ in await raw(bucket, new.size)]
        frontier = Frontier()
        for hash_ in leaves[: old.size]:
            frontier.append(hash_)
        assert frontier.root() == old.root  # the beginning is what it was
        old = new


@asynccontextmanager
async def running(*sealers: Sealer) -> AsyncIterator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(sealer.run(stop)) for sealer in sealers]
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 30)


async def leaders(firm: Firm) -> list[int]:
    """Give the backends that lead."""
    rows = await firm.eyes.fetch(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND classid::bigint << 32 | objid::bigint = hashtextextended($1, 17)"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        LOCK,
    )
    return [row["pid"] for row in rows]


async def test_several_sealers_and_a_leader_that_dies(
    firm: Firm, sealing: Database, sealer: Sealer, bucket: Bucket, postgres: EmbeddedPostgres
) -> None:
    other = Sealer(sealing, bucket, firm.services.resources.ledger_keys, seconds=0.05)

    async def all_sealed() -> bool:
        sql = "SELECT NOT EXISTS (SELECT FROM event_queue) AND size = published FROM ledger_head"
        return bool(await firm.eyes.fetchval(sql))

    admin = await asyncpg.connect(postgres.superuser_url)
    try:
        async with running(sealer, other):
            for _ in range(4):
                await add(firm, 40)
                await in_time(all_sealed)
                (leader,) = await leaders(firm)
                assert await admin.fetchval("SELECT pg_terminate_backend($1)", leader)
                await add(firm, 40)
                await in_time(all_sealed)
                assert await leaders(firm) not in ([], [leader])
    finally:
        await admin.close()
    await every_event_once(firm, bucket)


async def test_what_was_changed_in_the_bucket_stops_sealing(firm: Firm, sealer: Sealer, bucket: Bucket) -> None:
    await add(firm, 5)
    await sealer.seal_all()
    size = await firm.eyes.fetchval("SELECT size FROM ledger_head")
    path = Tile(ENTRIES, 0, size).path
    whole = await bucket.read(path)
    assert whole is not None
    await bucket.write(path, whole.replace(b"test.made", b"test.fake"))
    await add(firm, 1)
    with pytest.raises(LedgerDamagedError, match="last tiles"):
        await sealer.seal_all()

    async def told() -> bool:
        ready = (await firm.http.get("/health/ready")).json()
        return bool(ready["dependencies"]["ledger"]["status"] == "degraded" and "Sealing has stopped" in ready["dependencies"]["ledger"]["detail"])  # fmt: skip

    async with running(sealer):
        await in_time(told)
        assert await firm.eyes.fetchval("SELECT count(*) FROM event_queue") >= 1  # nothing is lost meanwhile
        await bucket.write(path, whole)

        async def well() -> bool:
            return bool((await firm.http.get("/health/ready")).json()["dependencies"]["ledger"]["status"] == "ok")

        await in_time(well)
    await sealer.seal_all()
    await every_event_once(firm, bucket)


async def test_a_lost_key_is_no_reason_to_make_another(firm: Firm, sealer: Sealer, bucket: Bucket) -> None:
    await add(firm, 1)
    await sealer.seal_all()
    file = firm.services.resources.settings.key_dir / "ledger-keys.json"
    assert file.stat().st_mode & 0o777 == 0o600
    kept = file.read_bytes()
    file.unlink()
    await add(firm, 1)
    with pytest.raises(LedgerKeyUnavailable):
        await sealer.seal_all()
    assert not file.exists()
    file.write_bytes(kept)
    await sealer.seal_all()
    await every_event_once(firm, bucket)


async def test_an_old_checkpoint_that_was_put_back_is_replaced(firm: Firm, sealer: Sealer, bucket: Bucket) -> None:
    await add(firm, 2)
    await sealer.seal_all()
    old = await bucket.read(CHECKPOINT)
    assert old is not None
    await add(firm, 3)
    await sealer.seal_all()
    await bucket.write(CHECKPOINT, old)
    await sealer.seal_all()
    await every_event_once(firm, bucket)


async def test_a_checkpoint_is_whole_while_it_is_replaced(bucket: Bucket) -> None:
    await bucket.make()
    written = [str(n).encode() * 40 for n in range(80)]
    await bucket.write(CHECKPOINT, written[0])

    async def replace() -> None:
        for content in written:
            await bucket.write(CHECKPOINT, content)
            await asyncio.sleep(0.03)  # far more often than anybody seals

    replacing = asyncio.create_task(replace())
    reads = 0
    while not replacing.done():
        assert await bucket.read(CHECKPOINT) in written
        reads += 1
    await replacing
    assert reads >= 3


async def test_a_database_that_is_older_than_the_ledger_stops_sealing(
    firm: Firm, sealer: Sealer, bucket: Bucket
) -> None:
    await add(firm, 5)
    await sealer.seal_all()
    earlier = await firm.eyes.fetchrow("SELECT size, root FROM ledger_head")
    assert earlier is not None
    await add(firm, 4)
    await sealer.seal_all()
    before = await published(firm, bucket)
    # As after restoring a backup that was made before the last four.
    await firm.eyes.execute("DELETE FROM event_leaves WHERE leaf_index >= $1", earlier["size"])
    await firm.eyes.execute("UPDATE ledger_head SET size = $1, published = $1, root = $2", *earlier)
    await add(firm, 1)
    with pytest.raises(LedgerDamagedError, match="older than the ledger"):
        await sealer.seal_all()
    assert await published(firm, bucket) == before
