"""Seals events into the ledger: one leader among all workers, batch after batch, in the order in which it takes them.

The order is fixed in the database first, together with the leaves' bytes; only then tiles and checkpoint are written.
Whoever takes over after a crash publishes what was fixed, byte for byte, so the ledger can't fork and no event is left
out (docs/decisions/0027-ledger.md).
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog

from app.core.clock import now
from app.core.database import Connection, Database, session_lock
from app.core.errors import AppError
from app.ledger.bucket import Bucket
from app.ledger.edge import Edge, LedgerDamagedError, load_edge
from app.ledger.keys import LedgerKeys, LedgerKeyUnavailable
from app.ledger.leaf import SALT_BYTES, details_digest, leaf_bytes
from app.ledger.note import Checkpoint, Note, NoteError
from app.ledger.prover import Tree
from app.ledger.tiles import CHECKPOINT, WITNESSED, Tile, pack, unpack
from app.ledger.witnessing import Witnessing

_log = structlog.get_logger()
LOCK = "seal_events"  # of the leader, at any time one connection's
_BATCH = 4096
_WRITES = 16  # tiles on their way at a time
_RETRY_SECONDS = 1.0
_TAKEN = "SELECT event_id FROM event_queue ORDER BY event_id LIMIT $1"
# Bounds on the ids spare the partitions of all other months.
_EVENTS = "SELECT * FROM events WHERE id = ANY($1) AND id BETWEEN $2 AND $3"
_HEAD = "SELECT size, published, root, pending FROM ledger_head"


class Sealer:
    """Makes leaves of queued events and publishes them.

    `name` is the ledger's, None for a random one; `seconds` is how long events are gathered before they are sealed.
    """

    def __init__(
        self, database: Database, bucket: Bucket, keys: LedgerKeys, *, name: str | None = None, seconds: float = 0.5,
        witnessing: Witnessing | None = None,
    ) -> None:  # fmt: skip
        self._database, self._bucket, self._keys, self._name, self._seconds = database, bucket, keys, name, seconds
        self._witnessing = witnessing
        self._newest: Tree | None = None
        self._dropping: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()  # of the leader's connection, and of the checkpoint

    async def run(self, stop: asyncio.Event) -> None:
        """Lead, or stand by to lead, until told to stop. What fails is tried again; nothing is lost meanwhile."""
        try:
            await self._run(stop)
        finally:
            await _ended(*self._dropping)

    async def _run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                async with self._database.connection() as connection, session_lock(connection, LOCK) as free:
                    if free:
                        await self._lead(connection, stop)
            except (LedgerDamagedError, LedgerKeyUnavailable) as error:
                _log.error("sealing has stopped", reason=str(error))
                await self._tell(str(error))
            except AppError as error:
                _log.warning("sealing put off", code=error.code, detail=str(error))
            except Exception:  # noqa: BLE001 - sealing must go on when the cause is gone
                _log.exception("sealing failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _RETRY_SECONDS)

    async def _lead(self, connection: Connection, stop: asyncio.Event) -> None:
        edge = await self._resume(connection)
        async with self._witnessed(connection):
            while not stop.is_set():
                async with self._turn:
                    sealed = await self.seal(connection, edge)
                if not sealed:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), self._seconds)

    @asynccontextmanager
    async def _witnessed(self, connection: Connection) -> AsyncIterator[None]:
        """Have the witnesses asked as long as this process leads."""
        if self._witnessing is None:
            yield
            return

        async def publish(tree: Tree, note: Note) -> None:
            async with self._turn:
                await connection.execute("SELECT 1")  # fails when another leads by now
                await self._bucket.write(WITNESSED, note.encode())
                if tree is self._newest:
                    await self._bucket.write(CHECKPOINT, note.encode())

        task = asyncio.create_task(_without_end(self._witnessing, lambda: self._newest, publish))
        try:
            yield
        finally:
            await _ended(task)

    async def seal_all(self) -> int:
        """Seal what is queued now, as the leader; give the number of events. For commands and tests."""
        count = 0
        async with self._database.connection() as connection, session_lock(connection, LOCK, wait=True):
            edge = await self._resume(connection)
            while done := await self.seal(connection, edge):
                count += done
            await asyncio.gather(*self._dropping)
        return count

    async def _resume(self, connection: Connection) -> Edge:
        """Make ready to go on from what is published, and publish what a leader before has only fixed."""
        await self._bucket.make()
        head = await connection.fetchrow(_HEAD)
        if head is None:
            raise LedgerDamagedError("the row of ledger_head is missing")
        await self._refuse_another(head["size"])
        if head["size"] == 0:
            # Later a missing key is a fault: a new one would sign what nobody can tell from a forged ledger.
            await asyncio.to_thread(self._keys.make, self._name)
        edge = await load_edge(self._bucket, head["published"], head["root"])
        if head["pending"] is not None:
            await self._publish(connection, edge, unpack(head["pending"]), time.monotonic())
        elif head["size"]:
            # A leader that was cut off may have put an older one back.
            await self._write_checkpoint(edge.size, head["root"])
        await connection.execute("UPDATE ledger_head SET fault = NULL WHERE fault IS NOT NULL")
        return edge

    async def _refuse_another(self, size: int) -> None:
        """Stop where the bucket is ahead of the database, which then is a new or restored one: going on would fork."""
        if (found := await self._bucket.read(CHECKPOINT)) is None:
            return
        try:
            ahead = Checkpoint.parse(Note.parse(found).text).size
        except NoteError:
            return  # not ours, or damaged: it is written anew
        if ahead > size:
            raise LedgerDamagedError(
                f"the checkpoint in the bucket is of {ahead} events and the database knows of {size}: is the database"
                " older than the ledger, or the bucket another's?"
            )

    async def seal(self, connection: Connection, edge: Edge) -> int:
        """Seal one batch; give the number of events, 0 when none waits."""
        began = time.monotonic()
        leaves = await self._fix(connection, edge)
        if leaves:
            await self._publish(connection, edge, leaves, began)
        return len(leaves)

    async def _fix(self, connection: Connection, edge: Edge) -> list[bytes]:
        """Give the next events their places, for good; their leaves, none when none waits."""
        taken = [row["event_id"] for row in await connection.fetch(_TAKEN, _BATCH)]
        if not taken:
            return []
        found = {row["id"]: row for row in await connection.fetch(_EVENTS, taken, taken[0], taken[-1])}
        # One that was removed before it was sealed stays in the queue, for `anjuan verify` to tell.
        events = [dict(found[id_]) for id_ in taken if id_ in found]
        if not events:
            return []
        salts = _salts(len(events))
        leaves = await asyncio.to_thread(_leaves, events, salts)
        places = [(row["id"], edge.size + n, salts[n]) for n, row in enumerate(events)]
        async with connection.transaction():
            await connection.copy_records_to_table(
                "event_leaves", columns=["event_id", "leaf_index", "salt"], records=places
            )
            await _expect(
                connection, len(events), "DELETE FROM event_queue WHERE event_id = ANY($1)", [one[0] for one in places]
            )
            await _expect(
                connection, 1, "UPDATE ledger_head SET size = $2, pending = $3 WHERE size = $1 AND published = $1",
                edge.size, edge.size + len(events), pack(leaves),
            )  # fmt: skip
        return leaves

    async def _publish(self, connection: Connection, edge: Edge, leaves: list[bytes], began: float) -> None:
        """Write the tiles of a batch, then the checkpoint, then note that it is done."""
        replaced = edge.partials()
        tiles = await asyncio.to_thread(edge.extend, leaves)
        await self._write_tiles(tiles)
        root = edge.root()
        await self._write_checkpoint(edge.size, root)
        await _expect(
            connection, 1,
            "UPDATE ledger_head SET published = size, root = $2, pending = NULL, sealed_at = $3, seal_seconds = $4"
            " WHERE size = $1",
            edge.size, root, now(), time.monotonic() - began,
        )  # fmt: skip
        if done := [tile for tile, _ in tiles if tile.full and (tile.level, tile.index) in replaced]:
            # There can be 255 of each: nobody waits for them.
            task = asyncio.create_task(self._drop(done))
            self._dropping.add(task)
            task.add_done_callback(self._dropping.discard)

    async def _write_tiles(self, tiles: Sequence[tuple[Tile, bytes]]) -> None:
        turns = asyncio.Semaphore(_WRITES)

        async def write(tile: Tile, content: bytes) -> None:
            async with turns:
                await self._bucket.write(tile.path, content)

        await asyncio.gather(*(write(tile, content) for tile, content in tiles))

    async def _write_checkpoint(self, size: int, root: bytes) -> None:
        note = await asyncio.to_thread(self._keys.sign, size, root)
        await self._bucket.write(CHECKPOINT, note.encode())
        self._newest = Tree(Checkpoint.parse(note.text), note.encode())

    async def _drop(self, tiles: Iterable[Tile]) -> None:
        for tile in tiles:
            try:
                await self._bucket.drop_partials(tile)
            except AppError as error:  # they only take room
                _log.info("partial tiles were left", tile=tile.path, reason=str(error))

    async def _tell(self, fault: str) -> None:
        with suppress(AppError):
            await self._database.execute("UPDATE ledger_head SET fault = $1", fault)


async def _without_end(
    witnessing: Witnessing, newest: Callable[[], Tree | None], publish: Callable[[Tree, Note], Awaitable[None]]
) -> None:
    """Ask the witnesses; what fails in between (a store that is down) is tried again."""
    while True:
        try:
            await witnessing.run(newest, publish)
        except AppError as error:
            _log.warning("asking witnesses put off", code=error.code, detail=str(error))
        except Exception:  # noqa: BLE001 - it must go on when the cause is gone
            _log.exception("asking witnesses failed")
        await asyncio.sleep(_RETRY_SECONDS)


async def _ended(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _salts(count: int) -> list[bytes]:
    drawn = os.urandom(SALT_BYTES * count)
    return [drawn[n : n + SALT_BYTES] for n in range(0, len(drawn), SALT_BYTES)]


def _leaves(events: Sequence[Mapping[str, Any]], salts: Sequence[bytes]) -> list[bytes]:
    return [leaf_bytes(event, details_digest(event, salt)) for event, salt in zip(events, salts, strict=True)]


async def _expect(connection: Connection, count: int, sql: str, *args: object) -> None:
    """Run a statement that must touch so many rows; anything else means that somebody else seals too."""
    done = await connection.execute(sql, *args)
    if int(done.rpartition(" ")[2]) != count:
        raise RuntimeError(f"sealing expected {count} rows, not {done}: is there a second leader?")
