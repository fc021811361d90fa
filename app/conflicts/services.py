"""What can be done with conflict checks, for the one place that wires services."""

from dataclasses import dataclass

from app.access.gate import Gate
from app.conflicts.conclusions import ConclusionService
from app.conflicts.consents import ConsentService
from app.conflicts.service import ConflictService
from app.core.database import Database
from app.core.pagination import Cursors
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.storage.scans import ScanPolicy
from app.storage.vault import Vault

# What the application's role may do with the tables of this room: add. Lines of the index are marked when outdated.
CONFLICT_RIGHTS = {
    "conflict_checks": "SELECT, INSERT",
    "conflict_conclusions": "SELECT, INSERT",
    "conflict_consents": "SELECT, INSERT",
    "conflict_hits": "SELECT, INSERT",
    "conflict_judgements": "SELECT, INSERT",
    "conflict_referrals": "SELECT, INSERT",
    "conflict_uses": "SELECT, INSERT",
    "party_names": "SELECT, INSERT, UPDATE",
}


@dataclass(frozen=True, slots=True)
class ConflictServices:
    """The services of the room."""

    checks: ConflictService
    conclusions: ConclusionService
    consents: ConsentService


def make_conflicts(
    database: Database,
    uow: UnitOfWork,
    recorder: Recorder,
    gate: Gate,
    cursors: Cursors,
    store: Vault,
    upload_limit: int,
    scans: ScanPolicy,
) -> ConflictServices:
    """Wire the services of the room."""
    return ConflictServices(
        ConflictService(database, uow, recorder, gate, cursors),
        ConclusionService(uow, gate),
        ConsentService(database, uow, recorder, gate, store, upload_limit, scans),
    )
