"""What is missing in a dossier, by the slots of its template.

Computed when it is asked for, from the entries that the caller sees: whether a slot is filled by one that he does not
see must not show, so it is left untold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import Field

from app.core.actor import Actor
from app.core.database import Database
from app.core.schema import Output
from app.dossiers.service import DossierService
from app.dossiers.templates import Slot
from app.entries import repository
from app.entries.events import COMPLETENESS_VIEWED
from app.events.recorder import Recorder
from app.events.vocabulary import Subject


@dataclass(frozen=True, slots=True)
class Place:
    """A kept entry as far as completeness is concerned: its slot, and whether the caller sees it."""

    entry_id: UUID
    slot: str | None
    sees: bool


class SlotState(Slot):
    """A slot and whether anything fills it."""

    filled: bool | None = Field(description="null: the caller does not see all entries, so it can't be told")


class CompletenessOut(Output):
    """The template's slots in their order, and what does not fit."""

    dossier_id: UUID
    template_id: UUID
    slots: list[SlotState]
    missing: list[str] = Field(description="Codes of required slots that nothing fills")
    unplaced: list[UUID] = Field(description="Kept entries without a slot of the template, as far as the caller sees")


class CompletenessService:
    """Tells what is missing."""

    def __init__(self, database: Database, recorder: Recorder, dossiers: DossierService) -> None:
        self._database, self._recorder, self._dossiers = database, recorder, dossiers

    async def get(self, actor: Actor, dossier_id: UUID) -> CompletenessOut:
        """Tell somebody who sees the dossier what is missing in it, as far as he may know."""
        dossier = await self._dossiers.stand(actor, "dossier.read", dossier_id)
        template = await repository.template(self._database, dossier["template_id"])
        rows = await repository.places(self._database, actor, dossier_id)
        places = [Place(row["id"], row["slot"], row["sees"]) for row in rows]
        slots = slot_states([Slot.model_validate(slot) for slot in template["slots"]], places)
        out = CompletenessOut(
            dossier_id=dossier_id,
            template_id=dossier["template_id"],
            slots=slots,
            missing=[slot.code for slot in slots if slot.required and slot.filled is False],
            unplaced=unplaced({slot.code for slot in slots}, places),
        )
        await self._recorder.read(
            actor, COMPLETENESS_VIEWED, Subject("dossier", dossier_id, dossier["number"], dossier_id),
            template_id=str(out.template_id), missing=out.missing,
        )  # fmt: skip
        return out


def slot_states(slots: Sequence[Slot], places: Sequence[Place]) -> list[SlotState]:
    """Tell of each slot whether an entry that the caller sees fills it; None where a hidden one might."""
    filled = {place.slot for place in places if place.sees}
    # The same for every empty slot, whichever of them the hidden entries stand in.
    empty = None if any(not place.sees for place in places) else False
    return [SlotState(**slot.model_dump(), filled=True if slot.code in filled else empty) for slot in slots]


def unplaced(codes: set[str], places: Sequence[Place]) -> list[UUID]:
    """Name the entries that the caller sees and that stand in no slot of the template."""
    return [place.entry_id for place in places if place.sees and place.slot not in codes]
