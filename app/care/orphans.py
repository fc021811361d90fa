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
from app.storage.vault import Vault

_log = structlog.get_logger()


class Orphans:
    """Removes orphans.

    Who calls this has made sure that the objects are past the grace period: their transaction may still come before.
    """

    def __init__(self, database: Database, recorder: Recorder, store: Vault, keepers: Keepers) -> None:
        self._database, self._recorder, self._store, self._keepers = database, recorder, store, keepers

    async def remove(self, actor: Actor, keys: Sequence[str]) -> int:
        """Remove those of these objects that no row names; give their number."""
        known = await self._keepers.known_keys(keys)
        orphans = [key for key in keys if key not in known]
        if not orphans:
            return 0
        # The event first: an object that is gone without a word would be worse than one that stays a day longer.
        await self._recorder.read(actor, ORPHANS_SWEPT, Subject("storage"), keys=orphans)
        for key in orphans:
            await self._store.delete(key)
        await repository.resolve(self._database, orphans, now())
        _log.info("orphans swept", count=len(orphans))
        return len(orphans)
