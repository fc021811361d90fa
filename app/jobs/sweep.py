"""Removes objects that no record refers to: uploads whose transaction never happened.

Never one that is younger than the grace period, for its transaction may still come; never one that a row names.
"""

from datetime import timedelta

from app.core.actor import service_actor
from app.core.clock import now
from app.core.ids import new_id
from app.factory import Services
from app.storage.protocol import StoredObject

_BATCH = 500


async def sweep_orphans(services: Services) -> int:
    """Remove all orphans that are old enough; give their number. Each batch that removed something is an event."""
    resources = services.resources
    oldest_kept = now() - timedelta(hours=resources.settings.storage.orphan_grace_hours)
    swept, batch = 0, list[StoredObject]()
    async for found in resources.store.list("files/"):
        if found.modified is not None and found.modified < oldest_kept:
            batch.append(found)
        if len(batch) == _BATCH:
            swept += await _sweep(services, batch)
            batch = []
    return swept + await _sweep(services, batch)


async def _sweep(services: Services, batch: list[StoredObject]) -> int:
    actor = service_actor("JOB", "sweep_orphans", str(new_id()))
    return await services.care.orphans.remove(actor, [found.key for found in batch])
