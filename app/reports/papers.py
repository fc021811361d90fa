"""All services that print, made together: they share one press and one source of facts. Holds nothing of its own."""

from dataclasses import dataclass
from pathlib import Path

from app.access.gate import Gate
from app.core.database import Database
from app.dossiers.service import DossierService
from app.entries.contents_service import ContentsService
from app.entries.newest_files import NewestFiles
from app.events.recorder import Recorder
from app.reports.binder import Binder
from app.reports.filed_facts import FiledFacts
from app.reports.form_service import FormService
from app.reports.press import Press
from app.reports.printing import PrintService
from app.reports.reading_copy import ReadingCopyService
from app.reports.spool import Spool
from app.storage.scans import ScanPolicy
from app.storage.vault import Vault


@dataclass(frozen=True, slots=True)
class Papers:
    """What can be printed."""

    printing: PrintService
    forms: FormService
    copies: ReadingCopyService


@dataclass(frozen=True, slots=True)
class CopyPlace:
    """Where reading copies are made: the store of the files and what may leave it, a directory for work, the limit.

    `limit` is the most bytes of one copy.
    """

    store: Vault
    scans: ScanPolicy
    spool: Path
    limit: int


def make_papers(
    database: Database,
    recorder: Recorder,
    gate: Gate,
    contents: ContentsService,
    dossiers: DossierService,
    place: CopyPlace,
) -> Papers:
    """Wire the services that print, and clear away what a killed process left of its copies."""
    facts, press, spool = FiledFacts(database), Press(), Spool(place.spool)
    spool.sweep()
    forms = FormService(database, recorder, gate, contents, dossiers, facts, press)
    files = NewestFiles(database, recorder, place.store, place.scans)
    return Papers(
        printing=PrintService(database, recorder, contents, dossiers, facts, press),
        forms=forms,
        copies=ReadingCopyService(recorder, dossiers, forms, files, Binder(spool), press, place.limit),
    )
