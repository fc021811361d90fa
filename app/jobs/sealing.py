"""Seals events while the worker runs, on connections of its own so that no other work can hold it up; its keys."""

import asyncio
from datetime import timedelta

from app.config import Settings
from app.core.actor import service_actor
from app.core.ids import new_id
from app.events.recorder import Recorder
from app.events.vocabulary import Subject
from app.factory import make_database
from app.factory.resources import Resources
from app.jobs.events import LEDGER_KEY_ROTATED
from app.ledger.keys import FILE, LedgerKeyFile
from app.ledger.note import VerifierKey
from app.ledger.sealer import Sealer
from app.ledger.witnessing import Witnessing

_CONNECTIONS = 2  # the leader's, and one to tell by


async def seal_events(resources: Resources, stop: asyncio.Event) -> None:
    """Seal, or stand by to seal, until told to stop."""
    settings = resources.settings
    database = make_database(settings.database, size=_CONNECTIONS)
    await database.open()
    try:
        sealer = Sealer(
            database, resources.ledger, resources.ledger_keys, name=settings.ledger.ledger_name,
            seconds=settings.ledger.ledger_seal_seconds, witnessing=_witnessing(resources),
        )  # fmt: skip
        await sealer.run(stop)
    finally:
        await database.close()


def _witnessing(resources: Resources) -> Witnessing | None:
    if not resources.witnesses:
        return None
    seconds = resources.settings.ledger.ledger_witness_seconds
    return Witnessing(resources.database, resources.ledger, resources.witnesses, seconds)


async def rotate_ledger_key(settings: Settings, overlap: timedelta) -> VerifierKey:
    """Make a new signing key; those before sign along for so long. The database first: it must be recorded."""
    database = make_database(settings.database, size=2)
    await database.open()
    recorder = Recorder(database)
    try:
        await database.fetchval("SELECT 1")
        made = await asyncio.to_thread(LedgerKeyFile(settings.key_dir / FILE).rotate, overlap)
        actor = service_actor("CLI", "ledger", str(new_id()))
        await recorder.read(actor, LEDGER_KEY_ROTATED, Subject("ledger"), key=made.text, overlap_days=overlap.days)
        return made
    finally:
        await recorder.close()
        await database.close()
