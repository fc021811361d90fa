"""Seals events while the worker runs, on connections of its own so that no other work can hold it up."""

import asyncio

from app.factory import make_database
from app.factory.resources import Resources
from app.ledger.sealer import Sealer

_CONNECTIONS = 2  # the leader's, and one to tell by


async def seal_events(resources: Resources, stop: asyncio.Event) -> None:
    """Seal, or stand by to seal, until told to stop."""
    settings = resources.settings
    database = make_database(settings.database, size=_CONNECTIONS)
    await database.open()
    try:
        sealer = Sealer(
            database, resources.ledger, resources.ledger_keys, name=settings.ledger.ledger_name,
            seconds=settings.ledger.ledger_seal_seconds,
        )  # fmt: skip
        await sealer.run(stop)
    finally:
        await database.close()
