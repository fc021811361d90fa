"""Printing of contents lists (卷内目录) and covers (案卷封面) for those who may see them.

Every paper that leaves is recorded first, once, with its form. Nothing here decides who sees what: that is asked of
the rooms whose data it is.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Literal, TypeVar
from uuid import UUID

from app.auth.roles import Level
from app.core.actor import Actor
from app.core.database import Database
from app.core.schema import Output
from app.dossiers.rules import in_force
from app.dossiers.schemas import DossierOut
from app.dossiers.service import DossierService
from app.entries.contents_service import ContentsService
from app.entries.schemas import ContentsOut
from app.events.recorder import Recorder
from app.events.vocabulary import Subject
from app.reports.assembling import contents_form, cover_form
from app.reports.csv import contents_csv, cover_csv
from app.reports.events import COVER_VIEWED
from app.reports.facts import FactSource, matter_label
from app.reports.forms import ContentsForm, CoverForm
from app.reports.pdf import contents_pdf, cover_pdf
from app.reports.press import Press, Printed, file_name
from app.reports.xlsx import contents_xlsx, cover_xlsx

PaperForm = Literal["csv", "xlsx", "pdf"]
_Form = TypeVar("_Form")

_CONTENTS: Mapping[PaperForm, Callable[[ContentsForm], bytes]] = {
    "csv": contents_csv, "xlsx": contents_xlsx, "pdf": contents_pdf,
}  # fmt: skip
_COVER: Mapping[PaperForm, Callable[[CoverForm], bytes]] = {"csv": cover_csv, "xlsx": cover_xlsx, "pdf": cover_pdf}


class CoverOut(Output):
    """The cover (案卷封面) of a dossier; `matter_type` by the firm's own word for it."""

    dossier_id: UUID
    firm_name: str
    number: str
    matter_type: str
    contract_number: str | None
    lead_lawyer: str
    clients: list[str]
    opposing_parties: list[str]
    cause: str
    title: str | None
    opened_on: date
    court: str | None
    instance: str | None
    court_case_number: str | None
    confidentiality: Level
    volumes: int
    pages: int
    remarks: str | None


class PrintService:
    """Prints what the actor may see, and records it."""

    def __init__(
        self,
        database: Database,
        recorder: Recorder,
        contents: ContentsService,
        dossiers: DossierService,
        facts: FactSource,
        press: Press,
    ) -> None:
        self._database, self._recorder, self._contents, self._dossiers = database, recorder, contents, dossiers
        self._facts, self._press = facts, press

    async def contents(self, actor: Actor, dossier_id: UUID, form: PaperForm) -> Printed:
        """Print the contents list (卷内目录)."""
        contents = await self._contents.get(actor, dossier_id, form)
        heading = await self._dossiers.heading(actor, dossier_id)
        paper = contents_form(await self._firm_name(), heading, contents)
        return await self._print(_CONTENTS[form], paper, f"{heading.number} 卷内目录.{form}")

    async def cover(self, actor: Actor, dossier_id: UUID) -> CoverOut:
        """Give the cover (案卷封面)."""
        return (await self._cover(actor, dossier_id, "json"))[0]

    async def printed_cover(self, actor: Actor, dossier_id: UUID, form: PaperForm) -> Printed:
        """Print the cover (案卷封面)."""
        _, paper = await self._cover(actor, dossier_id, form)
        return await self._print(_COVER[form], paper, f"{paper.number} 案卷封面.{form}")

    async def _cover(self, actor: Actor, dossier_id: UUID, form: str) -> tuple[CoverOut, CoverForm]:
        """Give the cover as data and as a form; records that it was shown in this form."""
        heading = await self._dossiers.heading(actor, dossier_id)
        contents = await self._contents.compute(actor, dossier_id)
        label = await matter_label(self._database, heading)
        firm_name = await self._firm_name()
        await self._recorder.read(
            actor, COVER_VIEWED, Subject("dossier", dossier_id, heading.number, dossier_id), form=form
        )
        facts = await self._facts.of(actor, heading)
        return _cover_out(firm_name, label, heading, contents), cover_form(firm_name, label, heading, contents, facts)

    async def _firm_name(self) -> str:
        name: str = (await in_force(self._database))["firm_name"]
        return name

    async def _print(self, render: Callable[[_Form], bytes], form: _Form, name: str) -> Printed:
        return Printed(file_name(name), await self._press.run(render, form))


def _cover_out(firm_name: str, matter_type: str, heading: DossierOut, contents: ContentsOut) -> CoverOut:
    return CoverOut(
        dossier_id=heading.id,
        firm_name=firm_name,
        matter_type=matter_type,
        lead_lawyer=heading.lead_lawyer.display_name,
        clients=[client.name for client in heading.clients],
        opposing_parties=[party.name for party in heading.opposing_parties],
        volumes=len(contents.volumes),
        pages=sum(volume.pages for volume in contents.volumes),
        **heading.model_dump(
            include={
                "number", "contract_number", "cause", "title", "opened_on", "court", "instance", "court_case_number",
                "confidentiality", "remarks",
            }
        ),
    )  # fmt: skip
