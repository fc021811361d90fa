"""The services of filing, wired apart."""

from dataclasses import dataclass

from app.access.gate import Gate
from app.dossiers.service import DossierService
from app.engagements.completeness import EngagementGapService
from app.entries.contents_service import ContentsService
from app.entries.service import EntryService
from app.events.unit_of_work import UnitOfWork
from app.factory.resources import Resources
from app.filing.acceptance import AcceptanceService
from app.filing.check_service import FilingChecks
from app.filing.check_store import StoreLook
from app.filing.closing import ClosingService
from app.filing.notes import NoteService
from app.filing.reminders import ReminderService
from app.filing.seals import SealService
from app.filing.submission import SubmissionService
from app.filing.supplements import SupplementService
from app.reports.four_properties import FourPropertyReport


@dataclass(frozen=True, slots=True)
class FilingServices:
    """What is done from closing on."""

    checks: FilingChecks
    four_properties: FourPropertyReport
    closing: ClosingService
    submissions: SubmissionService
    acceptance: AcceptanceService
    seals: SealService
    notes: NoteService
    reminders: ReminderService
    supplements: SupplementService


def make_filing(
    resources: Resources,
    uow: UnitOfWork,
    gate: Gate,
    dossiers: DossierService,
    entries: EntryService,
    contents: ContentsService,
    gaps: EngagementGapService,
) -> FilingServices:
    """Wire the services of filing."""
    database, recorder = resources.database, resources.recorder
    checks = FilingChecks(
        database, recorder, gate, StoreLook(resources.store, resources.counter),
        scanning=resources.scanner is not None, engagements=gaps,
    )  # fmt: skip
    return FilingServices(
        checks=checks,
        four_properties=FourPropertyReport(database, checks, dossiers),
        closing=ClosingService(uow, dossiers),
        submissions=SubmissionService(database, uow, recorder, gate, dossiers, entries, checks),
        acceptance=AcceptanceService(uow, gate, dossiers, entries, contents, checks),
        seals=SealService(database, recorder, gate, dossiers, entries),
        notes=NoteService(database, uow, recorder, dossiers),
        reminders=ReminderService(database, uow),
        supplements=SupplementService(database, uow, recorder, gate, dossiers, entries, contents, checks),
    )
