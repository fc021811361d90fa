"""What can be done in this room, for the one place that wires services."""

from dataclasses import dataclass

from app.access.gate import Gate
from app.core.database import Database
from app.core.pagination import Cursors
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.redaction.service import RedactionService
from app.redaction.work import Erasing

# What the application's role may do with the tables of this room. What was decided stays, and only the database's own
# function says that an event is erased.
REDACTION_RIGHTS = {
    "event_redaction_items": "SELECT, INSERT",
    "event_redactions": "SELECT, INSERT, UPDATE (state, decided_by, decided_at, decision_reason, finished_at)",
}


@dataclass(frozen=True, slots=True)
class RedactionServices:
    """The services of the room."""

    requests: RedactionService
    erasing: Erasing


def make_redaction(
    database: Database, uow: UnitOfWork, recorder: Recorder, gate: Gate, cursors: Cursors
) -> RedactionServices:
    """Wire the services of the room."""
    return RedactionServices(RedactionService(database, uow, recorder, gate, cursors), Erasing(database, uow))
