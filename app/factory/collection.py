"""The services of collection, wired apart: receipts and their papers, off-volume objects, mail."""

from dataclasses import dataclass

from app.access.gate import Gate
from app.collection.mail import MailService
from app.collection.mail_reader import MailReader
from app.collection.objects import ObjectService
from app.collection.receipts import ReceiptService
from app.core.pagination import Cursors
from app.dossiers.service import DossierService
from app.entries.files import FileService
from app.entries.service import EntryService
from app.events.unit_of_work import UnitOfWork
from app.factory.resources import Resources
from app.reports.receipts import ReceiptPapers


@dataclass(frozen=True, slots=True)
class CollectionServices:
    """What is done with material as it comes and goes."""

    receipts: ReceiptService
    papers: ReceiptPapers
    objects: ObjectService
    mail: MailService


def make_collection(
    resources: Resources,
    uow: UnitOfWork,
    gate: Gate,
    dossiers: DossierService,
    entries: EntryService,
    files: FileService,
    cursors: Cursors,
) -> CollectionServices:
    """Wire the services of collection."""
    database, recorder = resources.database, resources.recorder
    receipts = ReceiptService(database, uow, recorder, gate, dossiers, entries, cursors)
    return CollectionServices(
        receipts=receipts,
        papers=ReceiptPapers(database, receipts, dossiers),
        objects=ObjectService(database, uow, recorder, gate, dossiers, cursors),
        mail=MailService(uow, files, MailReader(), resources.settings.storage.mail_max_bytes),
    )
