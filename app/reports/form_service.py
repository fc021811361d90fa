"""The forms of the trade and the frame (封面、目录、备考表、卷底) of a volume, for those who may see the dossier.

Every paper that leaves is recorded first, once, under its own event. Nothing here decides who sees what: lines that
the actor does not see come masked from the contents list, and stay so.
"""

from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

from app.access.gate import Gate
from app.core.actor import Actor
from app.core.database import Database
from app.core.errors import Invalid
from app.dossiers.rules import in_force
from app.dossiers.schemas import DossierOut
from app.dossiers.service import DossierService
from app.entries.contents_service import ContentsService
from app.entries.events import CONTENTS_VIEWED
from app.entries.schemas import ContentsOut, ContentsVolume
from app.events.recorder import Recorder
from app.events.vocabulary import Subject
from app.reports.assembling import back_form, closing_form, contents_form, cover_form, intake_form, note_form
from app.reports.events import COVER_VIEWED, FORM_PRINTED, FRAME_PRINTED
from app.reports.facts import Facts, FactSource, matter_label
from app.reports.forms import CoverForm
from app.reports.pdf import Part, back_part, contents_part, cover_part, note_part, parts_pdf, sheet_part
from app.reports.press import Press, Printed, file_name
from app.reports.trade_forms import Sheet
from app.reports.xlsx import contents_xlsx, cover_xlsx, sheet_xlsx

FormName = Literal["cover", "contents", "note", "back", "intake-approval", "closing-report"]
SpreadsheetName = Literal["cover", "contents", "intake-approval", "closing-report"]
SPREADSHEETS: frozenset[str] = frozenset(get_args(SpreadsheetName))
_OF_THE_DOSSIER = frozenset({"intake-approval", "closing-report"})
_TITLES: dict[FormName, str] = {
    "cover": "案卷封面", "contents": "卷内目录", "note": "备考表", "back": "卷底", "intake-approval": "收案审批表",
    "closing-report": "结案报告表",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Material:
    """All that the forms of a dossier are made of, as the actor may see it."""

    firm_name: str
    matter_type: str
    heading: DossierOut
    contents: ContentsOut
    facts: Facts

    def cover(self, volume: ContentsVolume | None) -> CoverForm:
        """Give the cover of the dossier or of a volume."""
        return cover_form(self.firm_name, self.matter_type, self.heading, self.contents, self.facts, volume)

    def sheet(self, name: FormName) -> Sheet:
        """Give a form of the whole dossier."""
        make = intake_form if name == "intake-approval" else closing_form
        return make(self.firm_name, self.matter_type, self.heading, self.facts)

    def parts(self, name: FormName, volume: ContentsVolume | None) -> list[Part]:
        """Give a form as parts of a file; note and back one for each volume unless one is chosen."""
        if name in _OF_THE_DOSSIER:
            return [sheet_part(self.sheet(name))]
        if name == "cover":
            return [cover_part(self.cover(volume))]
        if name == "contents":
            return [contents_part(contents_form(self.firm_name, self.heading, self.contents, volume))]
        head = (self.firm_name, self.heading, self.contents)
        chosen = self.contents.volumes or [ContentsVolume(volume=1, pages=0, items=[])] if volume is None else [volume]
        if name == "back":
            return [back_part(back_form(*head, one)) for one in chosen]
        return [note_part(note_form(*head, self.facts, one)) for one in chosen]

    def front(self, volume: ContentsVolume) -> list[Part]:
        """Give what comes before the material of a volume."""
        return [*self.parts("cover", volume), *self.parts("contents", volume)]

    def end(self, volume: ContentsVolume) -> list[Part]:
        """Give what comes after the material of a volume."""
        return [*self.parts("note", volume), *self.parts("back", volume)]

    def pdf(self, title: str, parts: list[Part], *, tagged: bool = True) -> bytes:
        """Render parts as one file; blocks."""
        return parts_pdf(title, self.cover(None), parts, tagged=tagged)

    def spreadsheet(self, name: SpreadsheetName, volume: ContentsVolume | None) -> bytes:
        """Render a form as a spreadsheet; blocks."""
        if name == "contents":
            return contents_xlsx(contents_form(self.firm_name, self.heading, self.contents, volume))
        return cover_xlsx(self.cover(volume)) if name == "cover" else sheet_xlsx(self.sheet(name))


class FormService:
    """Prints forms and frames, and records it."""

    def __init__(
        self,
        database: Database,
        recorder: Recorder,
        gate: Gate,
        contents: ContentsService,
        dossiers: DossierService,
        facts: FactSource,
        press: Press,
    ) -> None:
        self._database, self._recorder, self._gate = database, recorder, gate
        self._contents, self._dossiers, self._facts, self._press = contents, dossiers, facts, press

    async def print(
        self, actor: Actor, dossier_id: UUID, name: FormName, volume: int | None, form: Literal["pdf", "xlsx"]
    ) -> Printed:
        """Print a form, of one volume (册) or of all.

        Raises NotFound (recorded) for a volume that the dossier does not have, Invalid for a volume of a form that is
        of the whole dossier.
        """
        material = await self.material(actor, dossier_id)
        if volume is not None and name in _OF_THE_DOSSIER:
            raise Invalid.field(
                "/query/volume", "not_of_a_volume", "This form is of the whole dossier", "该表单属于整个案卷,不分册"
            )
        chosen = None if volume is None else await self.volume(actor, "dossier.read", material, volume)
        await self._record(actor, material, name, volume, form)
        title = _TITLES[name]
        if form == "xlsx" and name in SPREADSHEETS:
            content = await self._press.run(lambda one: material.spreadsheet(one, chosen), name)  # type: ignore[arg-type]
        else:
            content = await self._press.run(lambda one: material.pdf(title, material.parts(one, chosen)), name)
        number = material.heading.number
        return Printed(file_name(f"{number} {title}{_volume_suffix(volume)}.{form}"), content)

    async def frame(self, actor: Actor, dossier_id: UUID, volume: int) -> Printed:
        """Print the frame of a volume: cover, contents list, note to file and back, to be bound with its material."""
        material = await self.material(actor, dossier_id)
        chosen = await self.volume(actor, "dossier.read", material, volume)
        await self._recorder.read(
            actor, FRAME_PRINTED, _subject(material), volume=volume, digest=material.contents.digest
        )  # fmt: skip
        parts = [*material.front(chosen), *material.end(chosen)]
        content = await self._press.run(lambda all_: material.pdf("案卷框架", all_), parts)
        return Printed(file_name(f"{material.heading.number} 案卷框架{_volume_suffix(volume)}.pdf"), content)

    async def material(self, actor: Actor, dossier_id: UUID) -> Material:
        """Gather what forms are made of; the caller records what is shown of it."""
        heading = await self._dossiers.heading(actor, dossier_id)
        contents = await self._contents.compute(actor, dossier_id)
        firm_name = (await in_force(self._database))["firm_name"]
        label = await matter_label(self._database, heading)
        return Material(firm_name, label, heading, contents, await self._facts.of(actor, heading))

    async def volume(self, actor: Actor, act: str, material: Material, volume: int) -> ContentsVolume:
        """Give a volume; NotFound (recorded) for one that the dossier does not have."""
        found = next((one for one in material.contents.volumes if one.volume == volume), None)
        if found is None:
            await self._gate.hide(actor, act, _subject(material), "no_such_volume")
        return found

    async def _record(
        self, actor: Actor, material: Material, name: FormName, volume: int | None, form: Literal["pdf", "xlsx"]
    ) -> None:
        subject = _subject(material)
        if name == "cover":
            await self._recorder.read(actor, COVER_VIEWED, subject, form=form, volume=volume)
        elif name == "contents":
            digest = material.contents.digest
            await self._recorder.read(actor, CONTENTS_VIEWED, subject, form=form, volume=volume, digest=digest)
        else:
            await self._recorder.read(actor, FORM_PRINTED, subject, name=name, form=form, volume=volume)


def _subject(material: Material) -> Subject:
    heading = material.heading
    return Subject("dossier", heading.id, heading.number, heading.id)


def _volume_suffix(volume: int | None) -> str:
    return "" if volume is None else f" 第{volume}册"
