"""Reminders of filing (催归档): on the days before the deadline that the rules of its closing name, each once.

A reminder is an event of the dossier that its lead lawyer, the archivist's list of duties and connected programs read.
"""

from app.core.actor import Actor
from app.core.clock import today
from app.core.database import Database
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import Subject
from app.filing import repository
from app.filing.events import FILING_REMINDED

_BATCH = 200


class ReminderService:
    """Reminds of what is to be filed."""

    def __init__(self, database: Database, uow: UnitOfWork) -> None:
        self._database, self._uow = database, uow

    async def remind(self, actor: Actor) -> int:
        """Record the reminders that are due and not recorded yet; give their number."""
        reminded = 0
        while due := await repository.reminders_due(self._database, today(), _BATCH):
            for dossier in due:
                async with self._uow.begin(actor) as tx:
                    # The nearest of those that are due: after a pause of the worker nobody needs all of them.
                    days: int = min(dossier["reached"])
                    await repository.keep_reminders(
                        tx.connection, dossier["id"], dossier["filing_due_on"], dossier["reached"]
                    )
                    tx.record(
                        FILING_REMINDED, Subject("dossier", dossier["id"], dossier["number"], dossier["id"]),
                        filing_due_on=dossier["filing_due_on"].isoformat(), days_before=days,
                        days_left=(dossier["filing_due_on"] - today()).days,
                        lead_lawyer_id=str(dossier["lead_lawyer_id"]),
                    )  # fmt: skip
                reminded += 1
        return reminded
