"""Removes objects that no row names; for the hourly sweep, and for a check that is told to."""

from collections.abc import Sequence

import structlog

from app.care import repository
from app.care.events import ORPHANS_SWEPT
from app.care.keepers import Keepers
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Database
from app.events.recorder import Recorder
from app.events.vocabulary import Subject
from app.storage.errors import ObjectLocked, ObjectMissing
from app.storage.vault import Vault

_log = structlog.get_logger()


class Orphans:
    """Removes orphans.

    Who calls this has made sure that the objects are past the grace period: their transaction may still come before.
    What the store keeps locked stays until its lock has ended.
    """

    def __init__(self, database: Database, recorder: Recorder, store: Vault, keepers: Keepers) -> None:
        self._database, self._recorder, self._store, self._keepers = database, recorder, store, keepers

    async def remove(self, actor: Actor, keys: Sequence[str]) -> int:
        """Remove those of these objects that no row names; give their number."""
        known = await self._keepers.known_keys(keys)
        orphans = await self._unlocked([key for key in keys if key not in known])
        if not orphans:
            return 0
        # The event first: an object that is gone without a word would be worse than one that stays a day longer.
        await self._recorder.read(actor, ORPHANS_SWEPT, Subject("storage"), keys=orphans)
        refused = set()
        for key in orphans:
            try:
                await self._store.delete(key)
            except ObjectLocked:
                refused.add(key)
        if refused:  # locked since the look
            await self._recorder.failed(actor, ORPHANS_SWEPT, Subject("storage"), keys=sorted(refused))
        removed = [key for key in orphans if key not in refused]
        await repository.resolve(self._database, removed, now())
        _log.info("orphans swept", count=len(removed))
        return len(removed)

    async def _unlocked(self, orphans: list[str]) -> list[str]:
        """Give those that the store would let go."""
        store = self._store.beneath
        if not orphans or not (await store.capabilities()).locks:
            return orphans
        locked = {key for key in orphans if await self._is_locked(key)}
        if locked:
            _log.warning("orphans kept by locks", count=len(locked))
        return [key for key in orphans if key not in locked]

    async def _is_locked(self, key: str) -> bool:
        try:
            return (await self._store.beneath.lock_state(key)).locked_at(now())
        except ObjectMissing:
            return False
