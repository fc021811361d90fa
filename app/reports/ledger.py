"""Reading the ledger as the world reads transparency logs, and how sealing is. Tiles hold ids, so reading is an event.

Source: `docs/ledger.md`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from app.access.gate import Gate
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Database
from app.core.errors import FieldError, Malformed
from app.events.recorder import Recorder
from app.events.vocabulary import Subject
from app.ledger.bucket import Bucket, read_tile
from app.ledger.keys import LedgerKeys, NoLedgerKey
from app.ledger.note import encoded
from app.ledger.prover import Prover
from app.ledger.tiles import CHECKPOINT, WITNESSED, parse_path
from app.reports.events import LEDGER_READ

T = TypeVar("T")
_STATUS = """
SELECT h.published, h.sealed_at, h.seal_seconds, h.fault, (SELECT count(*) FROM event_queue) AS unsealed,
  (SELECT recorded_at FROM events WHERE id = (SELECT event_id FROM event_queue ORDER BY 1 LIMIT 1)) AS oldest
FROM ledger_head h
"""


_WITNESSES = "SELECT name, size, cosigned_at, fault, other_history FROM ledger_witnesses ORDER BY name"


@dataclass(frozen=True, slots=True)
class WitnessStanding:
    """How a witness stands: what it has cosigned, and why the last asking gave nothing, None when it did."""

    name: str
    size: int
    cosigned_at: datetime | None
    fault: str | None
    other_history: bool


@dataclass(frozen=True, slots=True)
class Sealing:
    """How sealing is: events that wait, the age of the oldest (seconds), the size of the ledger, its last batch."""

    unsealed: int
    oldest_seconds: float
    size: int
    sealed_at: datetime | None
    seal_seconds: float | None
    fault: str | None
    witnesses: tuple[WitnessStanding, ...] = ()


class LedgerReading:
    """Gives checkpoint, tiles and keys to those who may; act `ledger.read`."""

    def __init__(
        self, database: Database, recorder: Recorder, gate: Gate, bucket: Bucket, keys: LedgerKeys, prover: Prover
    ) -> None:
        self._database, self._recorder, self._gate = database, recorder, gate
        self._bucket, self._keys, self._prover = bucket, keys, prover

    async def checkpoint(self, actor: Actor) -> bytes:
        """Give the newest checkpoint; NotFound before the first."""
        return await self._given(actor, CHECKPOINT, lambda: self._bucket.read(CHECKPOINT))

    async def witnessed(self, actor: Actor) -> bytes:
        """Give the newest checkpoint that a witness has cosigned; NotFound before the first."""
        return await self._given(actor, WITNESSED, lambda: self._bucket.read(WITNESSED))

    async def tile(self, actor: Actor, path: str) -> bytes:
        """Give a tile of hashes or a bundle of entries; NotFound when there is none, Malformed for what names none."""

        async def read() -> bytes | None:
            if (tile := parse_path(path)) is None:
                raise Malformed("A tile is <level>/<index>, such as 0/000 or entries/x001/234.p/5", "瓦片路径格式错误")
            return await read_tile(self._bucket, tile)

        return await self._given(actor, path, read)

    async def key(self, actor: Actor) -> str:
        """Give the verifier keys that sign now, one a line, the newest first; NotFound before there is one."""

        async def read() -> str | None:
            with suppress(NoLedgerKey):
                return "".join(f"{key.text}\n" for key in await asyncio.to_thread(self._keys.verifiers))
            return None

        return await self._given(actor, "key", read)

    async def consistency(self, actor: Actor, old: int, new: int | None) -> str:
        """Prove that the tree of `old` leaves is the beginning of that of `new` (None: the published one).

        Hashes in base64, one a line; none where one tree is empty or both are the same. Malformed for other sizes,
        NotFound before the first checkpoint.
        """

        async def read() -> str | None:
            if (tree := await self._prover.tree()) is None:
                return None
            size = tree.size if new is None else new
            _check_sizes(old, size, tree.size)
            return "".join(f"{encoded(hash_)}\n" for hash_ in await self._prover.consistency(tree, old, size))

        return await self._given(actor, f"consistency/{old}/{'' if new is None else new}", read)

    async def _given(self, actor: Actor, what: str, read: Callable[[], Awaitable[T | None]]) -> T:
        subject = Subject("ledger", label=what)
        await self._gate.require(actor, "ledger.read", subject)
        found = await read()
        if found is None:
            await self._gate.hide(actor, "ledger.read", subject)
        await self._recorder.read(actor, LEDGER_READ, subject)
        return found

    async def sealing(self) -> Sealing:
        """Tell how sealing is; for health and metrics, so it asks no gate and tells of no event."""
        row = await self._database.fetchrow(_STATUS)
        if row is None:
            return Sealing(0, 0.0, 0, None, None, "the row of ledger_head is missing")
        age = now() - row["oldest"] if row["oldest"] else timedelta()
        return Sealing(
            row["unsealed"], max(0.0, age.total_seconds()), row["published"], row["sealed_at"],
            row["seal_seconds"], row["fault"],
            tuple(WitnessStanding(*row) for row in await self._database.fetch(_WITNESSES)),
        )  # fmt: skip


def _check_sizes(old: int, new: int, published: int) -> None:
    sizes = (("to", new, published), ("from", old, new if 0 <= new <= published else published))
    if wrong := [_no_tree(name, largest) for name, size, largest in sizes if not 0 <= size <= largest]:
        raise Malformed("There are no trees of these sizes", "没有这样大小的树", errors=wrong)


def _no_tree(name: str, largest: int) -> FieldError:
    words = (f"`{name}` is a size from 0 to {largest}", f"{name} 应为 0 至 {largest} 的大小")
    return FieldError(f"/query/{name}", "no_such_tree", *words)
