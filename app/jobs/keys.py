"""Looks after the key store: a backup each day that is kept for few days, and master keys that nobody needs go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import structlog

from app.config import Settings
from app.core.actor import Actor, service_actor
from app.core.clock import now
from app.core.ids import new_id
from app.events.recorder import Recorder
from app.events.vocabulary import Subject
from app.factory import Services, make_database, make_keys
from app.jobs.events import KEYS_BACKED_UP, KEYS_RESTORED, MASTER_KEYS_DROPPED, MASTER_KEYS_ROTATED
from app.storage.key_store import KeyStore, Restored

_log = structlog.get_logger()


async def back_up_keys(services: Services) -> None:
    """Write a backup of the key store, remove those past their days, and forget master keys retired as long ago.

    Until then a retired master key is needed for the backups that it wrapped.
    """
    resources = services.resources
    settings, keys = resources.settings, resources.store.keys
    kept = timedelta(days=settings.storage.key_backup_days)
    actor = service_actor("JOB", "back_up_keys", str(new_id()))
    made = await asyncio.to_thread(keys.backup, settings.key_backup_dir, kept)
    await resources.recorder.read(actor, KEYS_BACKED_UP, Subject("storage"), backup=made.name)
    dropped = await asyncio.to_thread(keys.drop_masters, now() - kept)
    if dropped:
        await resources.recorder.read(actor, MASTER_KEYS_DROPPED, Subject("storage"), master_keys=dropped)
    _log.info("keys backed up", backup=made.name, dropped=len(dropped))


async def back_up_now(settings: Settings, kept: timedelta) -> Path:
    """Write a backup of the key store outside the worker's turns."""
    async with _recording(settings) as (recorder, keys, actor):
        made = await asyncio.to_thread(keys.backup, settings.key_backup_dir, kept)
        await recorder.read(actor, KEYS_BACKED_UP, Subject("storage"), backup=made.name)
        return made


async def rotate_keys(settings: Settings) -> tuple[str, int]:
    """Wrap all keys with a new master key; give its id and their number."""
    async with _recording(settings) as (recorder, keys, actor):
        master, count = await asyncio.to_thread(keys.rotate)
        await recorder.read(actor, MASTER_KEYS_ROTATED, Subject("storage"), master_key=master, keys=count)
        return master, count


async def restore_keys(settings: Settings, source: Path) -> Restored:
    """Put back the keys of a backup that are missing."""
    async with _recording(settings) as (recorder, keys, actor):
        done = await asyncio.to_thread(keys.restore, source)
        await recorder.read(
            actor, KEYS_RESTORED, Subject("storage"), backup=source.name, restored=done.restored,
            present=done.present, destroyed=done.destroyed,
        )  # fmt: skip
        return done


@asynccontextmanager
async def _recording(settings: Settings) -> AsyncIterator[tuple[Recorder, KeyStore, Actor]]:
    """Open what an act on the keys needs; the database first, for an act that can't be recorded must not happen."""
    database = make_database(settings.database, size=2)
    await database.open()
    recorder = Recorder(database)
    try:
        await database.fetchval("SELECT 1")
        yield recorder, make_keys(settings), service_actor("CLI", "keys", str(new_id()))
    finally:
        await recorder.close()
        await database.close()
