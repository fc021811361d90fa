"""What is done with entries between registering and filing, wired as one: reviews, likely duplicates, preparation."""

from dataclasses import dataclass

from app.access.gate import Gate
from app.core.database import Database
from app.core.pagination import Cursors
from app.dossiers.service import DossierService
from app.entries.duplicates import DuplicateService
from app.entries.preparation import PreparationService
from app.entries.reviews import ReviewService
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Reviewing:
    """The services of review and preparation."""

    reviews: ReviewService
    duplicates: DuplicateService
    preparations: PreparationService

    @classmethod
    def make(
        cls,
        database: Database,
        uow: UnitOfWork,
        recorder: Recorder,
        gate: Gate,
        dossiers: DossierService,
        cursors: Cursors,
    ) -> "Reviewing":
        """Wire them."""
        return cls(
            ReviewService(database, uow, recorder, gate, cursors),
            DuplicateService(database, uow, recorder, dossiers, cursors),
            PreparationService(database, uow, recorder, gate, cursors),
        )
