"""Carries approved requests out, batch after batch; each batch is one transaction with its events.

A worker that dies between two batches, or in one, has erased whole batches only, and the next goes on behind them.
"""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from app.core.actor import Actor
from app.core.database import Database, Row
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject
from app.ledger.leaf import details_digest
from app.redaction import repository
from app.redaction.events import REDACTED, REDACTION_FINISHED

BATCH = 500


class Erasing:
    """Erases what was approved."""

    def __init__(self, database: Database, uow: UnitOfWork) -> None:
        self._database, self._uow = database, uow

    async def work(self, actor: Actor) -> int:
        """Erase all that is approved; give the number of events. One at a time: the job's lock sees to that.

        What the database refuses to erase keeps nothing else from being erased; it is raised at the end.
        """
        count, refused = 0, dict[UUID, asyncpg.PostgresError]()
        while (asked := await repository.next_approved(self._database, list(refused))) is not None:
            try:
                count += await self._batch(actor, list(refused))
            except asyncpg.PostgresError as error:
                refused[asked["id"]] = error
        if refused:
            raise ExceptionGroup(f"not erased: {', '.join(map(str, refused))}", list(refused.values()))
        return count

    async def _batch(self, actor: Actor, without: Sequence[UUID] = ()) -> int:
        async with self._uow.begin(actor) as tx:
            asked = await repository.next_approved(tx.connection, without, hold=True)
            if asked is None:
                raise RuntimeError("an approved redaction is gone: is there a second worker at it?")
            changed: dict[UUID, list[str]] = {}
            more = True
            # Where another request has erased the same meanwhile, nothing changes and there is nothing to record.
            while more and not changed:
                erased = await repository.erase_some(tx.connection, asked["id"], BATCH)
                changed = {event_id: fields for event_id, fields in erased.items() if fields}
                more = len(erased) == BATCH
            for event in await repository.as_they_are(tx.connection, list(changed)):
                _record(tx, asked, event, changed[event["id"]])
            if not more:
                await repository.finish(tx.connection, asked["id"])
                tx.record(REDACTION_FINISHED, Subject("event_redaction", asked["id"], dossier_id=asked["dossier_id"]))
        return len(changed)


def _record(tx: Transaction, asked: Row, event: Row, fields: list[str]) -> None:
    """Record an erasure with the digest of what is left: by it the event is checked from now on."""
    subject = Subject("event", event["id"], event["type"], event["dossier_id"], event["entry_id"])
    tx.record(
        REDACTED, subject, digest=details_digest(dict(event), event["salt"]), fields=fields, reason=asked["reason"],
        requested_by=str(asked["requested_by"]), approved_by=str(asked["decided_by"]), redaction_id=str(asked["id"]),
    )  # fmt: skip
