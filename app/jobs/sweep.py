"""Removes objects that no record refers to: uploads whose transaction never happened.

Never one that is younger than the grace period, for its transaction may still come; never one that a row names.
"""

from datetime import timedelta

import structlog

from app.core.actor import service_actor
from app.core.clock import now
from app.core.ids import new_id
from app.events.vocabulary import Subject
from app.factory import Services
from app.jobs.events import ORPHANS_SWEPT
from app.storage.protocol import StoredObject

_log = structlog.get_logger()
_BATCH = 500
_PREFIXES = ("files/", "uploads/")


async def sweep_orphans(services: Services) -> int:
    """Remove all orphans that are old enough; give their number. Each batch that removed something is an event."""
    resources = services.resources
    oldest_kept = now() - timedelta(hours=resources.settings.storage.orphan_grace_hours)
    swept, batch = 0, list[StoredObject]()
    for prefix in _PREFIXES:
        async for found in resources.store.list(prefix):
            if found.modified is not None and found.modified < oldest_kept:
                batch.append(found)
            if len(batch) == _BATCH:
                swept += await _sweep(services, batch)
                batch = []
    return swept + await _sweep(services, batch)


async def _sweep(services: Services, batch: list[StoredObject]) -> int:
    keys = [found.key for found in batch]
    keepers = (services.files, services.verifications, services.conflicts.consents, services.uploads)
    known = {key for keeper in keepers for key in await keeper.known_keys(keys)}
    orphans = [key for key in keys if key not in known]
    if not orphans:
        return 0
    # The event first: an object that is gone without a word would be worse than one that stays a day longer.
    actor = service_actor("JOB", "sweep_orphans", str(new_id()))
    await services.resources.recorder.read(actor, ORPHANS_SWEPT, Subject("storage"), keys=orphans)
    for key in orphans:
        await services.resources.store.delete(key)
    _log.info("orphans swept", count=len(orphans))
    return len(orphans)
