"""Removes objects that no record refers to: uploads whose transaction never happened, and those in parts left open.

Never one that is younger than the grace period, for its transaction may still come; never one that a row names; nor one
that the store keeps locked, until its lock has ended.
"""

from datetime import datetime, timedelta

import structlog

from app.core.actor import service_actor
from app.core.clock import now
from app.core.ids import new_id
from app.events.vocabulary import Subject
from app.factory import Services
from app.jobs.events import UPLOADS_SWEPT
from app.storage.locks import Upload
from app.storage.protocol import StoredObject

_log = structlog.get_logger()
_BATCH = 500
_PREFIXES = ("files/", "uploads/")


async def sweep_orphans(services: Services) -> int:
    """Remove all orphans that are old enough; give their number. Each batch that removed something is an event."""
    resources, oldest_kept = services.resources, _oldest_kept(services)
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
    actor = service_actor("JOB", "sweep_orphans", str(new_id()))
    return await services.care.orphans.remove(actor, [found.key for found in batch])


async def sweep_uploads(services: Services) -> int:
    """Remove uploads in parts whose end never came, as far as the store lists them; give their number.

    One that still goes on is younger than the grace period: no file takes that long.
    """
    store, oldest_kept = services.resources.store.beneath, _oldest_kept(services)
    old: list[Upload] = [found async for found in store.uploads("files/") if found.begun < oldest_kept]
    if not old:
        return 0
    actor = service_actor("JOB", "sweep_uploads", str(new_id()))
    keys = sorted({upload.key for upload in old})
    await services.resources.recorder.read(actor, UPLOADS_SWEPT, Subject("storage"), keys=keys)
    for upload in old:
        await store.give_up(upload)
    _log.info("open uploads swept", count=len(old))
    return len(old)


def _oldest_kept(services: Services) -> datetime:
    return now() - timedelta(hours=services.resources.settings.storage.orphan_grace_hours)
