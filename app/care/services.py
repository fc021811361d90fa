"""What can be done in this room, for the one place that wires services."""

from dataclasses import dataclass
from datetime import timedelta

from app.access.gate import Gate
from app.care.check import IntegrityCheck
from app.care.findings import Findings
from app.care.keepers import Keepers
from app.care.orphans import Orphans
from app.care.report import IntegrityReport
from app.care.rounds import IntegrityRounds
from app.config import Settings
from app.core.database import Database
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.storage.vault import Vault

# What the application's role may do with the tables of this room.
CARE_RIGHTS = {
    "integrity_findings": "SELECT, INSERT, UPDATE",
    "integrity_runs": "SELECT, INSERT, UPDATE",
    "object_checks": "SELECT, INSERT, UPDATE, DELETE",
}


@dataclass(frozen=True, slots=True)
class CareServices:
    """The services of the room."""

    orphans: Orphans
    findings: Findings
    check: IntegrityCheck
    rounds: IntegrityRounds
    report: IntegrityReport


def make_care(
    settings: Settings,
    database: Database,
    uow: UnitOfWork,
    recorder: Recorder,
    gate: Gate,
    store: Vault,
    keepers: Keepers,
) -> CareServices:
    """Wire the services of the room."""
    findings = Findings(database, uow)
    orphans = Orphans(database, recorder, store, keepers)
    grace, care = timedelta(hours=settings.storage.orphan_grace_hours), settings.care
    check = IntegrityCheck(database, uow, store, keepers, findings, orphans, grace)
    rounds = IntegrityRounds(
        database, uow, store, keepers, findings, check, care.integrity_days, care.integrity_mib_per_second
    )
    return CareServices(orphans, findings, check, rounds, IntegrityReport(database, recorder, gate, rounds))
