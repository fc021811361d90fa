"""The note to file (备考表): what happened to a volume from its filing on; lines are only ever added."""

from uuid import UUID

from app.core.actor import Actor
from app.core.clock import now, today
from app.core.database import Database, Row
from app.core.ids import new_id
from app.core.pagination import Page
from app.core.sql import insert
from app.dossiers.service import DossierService, subject_of
from app.dossiers.state import require_state
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.filing import repository
from app.filing.events import NOTE_ADDED, NOTES_LISTED
from app.filing.models import FileNote
from app.filing.schemas import NoteCreate, NoteOut


class NoteService:
    """Reads and continues notes to file."""

    def __init__(self, database: Database, uow: UnitOfWork, recorder: Recorder, dossiers: DossierService) -> None:
        self._database, self._uow, self._recorder, self._dossiers = database, uow, recorder, dossiers

    async def add(self, actor: Actor, dossier_id: UUID, data: NoteCreate) -> NoteOut:
        """Add a line on a filed dossier: what is missing, damaged, repaired, moved (缺损、修复、移出 …)."""
        async with self._uow.begin(actor) as tx:
            row = await self._dossiers.stand(actor, "note.add", dossier_id, inside=tx.connection, lock=True)
            require_state("note.add", row["state"])
            note = FileNote(
                id=new_id(), dossier_id=dossier_id, kind=data.kind, text=data.text,
                noted_on=data.noted_on or today(), noted_by=actor.id, noted_at=now(),
            )  # fmt: skip
            await insert(tx.connection, note)
            tx.record(NOTE_ADDED, subject_of(row), new=data.model_dump(mode="json"))
            return tx.result(_out(await repository.note(tx.connection, note.id)))

    async def all_of(self, actor: Actor, dossier_id: UUID) -> Page[NoteOut]:
        """Give the note to file of a dossier that the actor sees, oldest line first."""
        dossier = await self._dossiers.stand(actor, "dossier.read", dossier_id)
        rows = await repository.notes(self._database, dossier_id)
        await self._recorder.read(actor, NOTES_LISTED, subject_of(dossier), lines=len(rows))
        return Page(items=[_out(row) for row in rows])


def _out(row: Row) -> NoteOut:
    return NoteOut.model_validate(dict(row))
