"""Seals as they are shown and checked: what was sealed, and whether everything is still as it was."""

from uuid import UUID

from app.access.gate import Gate
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Database, Row
from app.core.errors import Conflict
from app.core.pagination import Page
from app.dossiers.service import DossierService, subject_of
from app.entries import sealing
from app.entries.contents_service import masked_volumes
from app.entries.service import EntryService
from app.events.recorder import Recorder
from app.filing.events import SEAL_CHECKED, SEAL_VIEWED, SEALS_LISTED
from app.filing.schemas import DifferenceOut, SealCheckOut, SealedContentsOut, SealOut


class SealService:
    """Shows and checks seals."""

    def __init__(
        self, database: Database, recorder: Recorder, gate: Gate, dossiers: DossierService, entries: EntryService
    ) -> None:
        self._database, self._recorder, self._gate = database, recorder, gate
        self._dossiers, self._entries = dossiers, entries

    async def all_of(self, actor: Actor, dossier_id: UUID) -> Page[SealOut]:
        """Give all seals of a dossier that the actor sees, oldest first."""
        dossier = await self._dossiers.stand(actor, "dossier.read", dossier_id)
        rows = await sealing.versions(self._database, dossier_id)
        whole = await self._whole(actor, dossier_id)
        await self._recorder.read(actor, SEALS_LISTED, subject_of(dossier), versions=len(rows))
        return Page(items=[SealOut.model_validate(_plain(row, whole=whole)) for row in rows])

    async def get(self, actor: Actor, dossier_id: UUID, version: int) -> SealedContentsOut:
        """Give a sealed contents list, lines of entries that the actor does not see masked."""
        dossier = await self._dossiers.stand(actor, "dossier.read", dossier_id)
        row = await sealing.one(self._database, dossier_id, version)
        if row is None:
            await self._gate.hide(actor, "dossier.read", subject_of(dossier), "no_such_seal")
        seen = await self._entries.seen(self._database, actor, dossier_id)
        whole = await self._whole(actor, dossier_id)
        shown = await self._dossiers.heading(actor, dossier_id)
        await self._recorder.read(actor, SEAL_VIEWED, subject_of(dossier), version=version)
        return SealedContentsOut.model_validate(
            {
                **_plain(row, whole=whole), "number": shown.number, "archive_number": shown.archive_number,
                "volumes": masked_volumes(sealing.volumes_of(row), seen),
            }
        )  # fmt: skip

    async def check(self, actor: Actor, dossier_id: UUID) -> SealCheckOut:
        """Compare everything behind the seal in force with what is held now; Conflict before a dossier was filed."""
        dossier = await self._dossiers.stand(actor, "seal.check", dossier_id)
        if await sealing.newest(self._database, dossier_id) is None:
            raise Conflict("The dossier is not filed: nothing is sealed yet", "案卷尚未归档,没有封存记录")
        row, found = await sealing.differences(self._database, dossier_id)
        seen = await self._entries.seen(self._database, actor, dossier_id)
        shown = [one for one in found if one.entry_id is None or one.entry_id in seen]
        whole = await self._whole(actor, dossier_id)
        await self._recorder.read(
            actor, SEAL_CHECKED, subject_of(dossier), version=row["version"], intact=not found, differences=len(found)
        )
        return SealCheckOut(
            dossier_id=dossier_id, version=row["version"], intact=not found, hidden=len(found) - len(shown),
            differences=[
                DifferenceOut(what=one.what, entry_id=one.entry_id, **_values(one, whole=whole)) for one in shown
            ],
            checked_at=now(),
        )  # fmt: skip

    async def _whole(self, actor: Actor, dossier_id: UUID) -> bool:
        """Tell whether the actor sees every entry: a digest would confirm what he guesses of one that he does not."""
        return await self._entries.sees_all(self._database, actor, dossier_id)


def _values(one: sealing.Difference, *, whole: bool) -> dict[str, object]:
    """Give what was sealed and what was found; not where it could say something of an entry that is hidden."""
    told = whole or not (one.what.endswith("digest") or one.what == "entry/reviews")
    return {"sealed": one.sealed if told else None, "found": one.found if told else None}


def _plain(row: Row, *, whole: bool) -> dict[str, object]:
    digests = {name: row[name] if whole else None for name in ("digest", "records_digest")}
    return {
        **{name: row[name] for name in ("version", "reason", "supplement_id", "sealed_at")},
        **digests,
        "sealed_by": {"id": row["sealed_by"], "display_name": row["sealer_name"]},
    }
