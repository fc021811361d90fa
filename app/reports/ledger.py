"""Reading the ledger as the world reads transparency logs, and how sealing is. Tiles hold ids, so reading is an event.

Source: `docs/ledger.md`.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.access.gate import Gate
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Database
from app.core.errors import Malformed
from app.events.recorder import Recorder
from app.events.vocabulary import Subject
from app.ledger.bucket import Bucket, read_tile
from app.ledger.keys import LedgerKeys, NoLedgerKey
from app.ledger.tiles import CHECKPOINT, parse_path
from app.reports.events import LEDGER_READ

_KEY = "key"
_STATUS = """
SELECT h.size, h.published, h.sealed_at, h.seal_seconds, h.fault, q.count AS unsealed,
  (SELECT e.recorded_at FROM events e WHERE e.id = q.oldest) AS oldest
FROM ledger_head h, (SELECT count(*), min(event_id::text)::uuid AS oldest FROM event_queue) q
"""


@dataclass(frozen=True, slots=True)
class Sealing:
    """How sealing is: events that wait, the age of the oldest (seconds), the size of the ledger, its last batch."""

    unsealed: int
    oldest_seconds: float
    size: int
    published: int
    sealed_at: datetime | None
    seal_seconds: float | None
    fault: str | None


class LedgerReading:
    """Gives checkpoint, tiles and keys to those who may; act `ledger.read`."""

    def __init__(self, database: Database, recorder: Recorder, gate: Gate, bucket: Bucket, keys: LedgerKeys) -> None:
        self._database, self._recorder, self._gate = database, recorder, gate
        self._bucket, self._keys = bucket, keys

    async def checkpoint(self, actor: Actor) -> bytes:
        """Give the newest checkpoint; NotFound before the first."""
        return await self._given(actor, CHECKPOINT)

    async def tile(self, actor: Actor, path: str) -> bytes:
        """Give a tile of hashes or a bundle of entries; NotFound when there is none, Malformed for what names none."""
        return await self._given(actor, path)

    async def key(self, actor: Actor) -> str:
        """Give the verifier keys that sign now, one a line, the newest first; NotFound before there is one."""
        subject = Subject("ledger", label=_KEY)
        await self._gate.require(actor, "ledger.read", subject)
        try:
            keys = await asyncio.to_thread(self._keys.verifiers)
        except NoLedgerKey:
            await self._gate.hide(actor, "ledger.read", subject)
        await self._recorder.read(actor, LEDGER_READ, subject)
        return "".join(f"{key.text}\n" for key in keys)

    async def _given(self, actor: Actor, path: str) -> bytes:
        subject = Subject("ledger", label=path)
        await self._gate.require(actor, "ledger.read", subject)
        tile = parse_path(path)
        if tile is None and path != CHECKPOINT:
            raise Malformed("A tile is <level>/<index>, such as 0/000 or entries/x001/234.p/5", "瓦片路径格式错误")
        found = await (read_tile(self._bucket, tile) if tile else self._bucket.read(CHECKPOINT))
        if found is None:
            await self._gate.hide(actor, "ledger.read", subject)
        await self._recorder.read(actor, LEDGER_READ, subject)
        return found

    async def sealing(self) -> Sealing:
        """Tell how sealing is; for health and metrics, so it asks no gate and tells of no event."""
        row = await self._database.fetchrow(_STATUS)
        if row is None:
            return Sealing(0, 0.0, 0, 0, None, None, "the row of ledger_head is missing")
        age = now() - row["oldest"] if row["oldest"] else timedelta()
        return Sealing(
            row["unsealed"], max(0.0, age.total_seconds()), row["size"], row["published"], row["sealed_at"],
            row["seal_seconds"], row["fault"],
        )  # fmt: skip
