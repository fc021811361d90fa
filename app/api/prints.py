"""Forms of the trade and the frame of a volume, as papers to print and bind."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from app.access.events import ACCESS_DENIED
from app.api import describe
from app.api.answers import chosen_form
from app.api.context import App, Caller
from app.api.disposition import content_disposition
from app.api.examples.prints import PDF, XLSX
from app.api.straight import StraightRoute
from app.entries.events import CONTENTS_VIEWED
from app.reports.events import COVER_VIEWED, FORM_PRINTED, FRAME_PRINTED
from app.reports.form_service import SPREADSHEETS, FormName
from app.reports.press import Printed

router = APIRouter(prefix="/v1/dossiers/{dossier_id}", tags=["forms"], route_class=StraightRoute)

Form = Literal["pdf", "xlsx"]
_MEDIA_TYPES: dict[Form, str] = {"pdf": next(iter(PDF)), "xlsx": next(iter(XLSX))}
_MOST_VOLUMES = 100_000
FormQuery = Annotated[Form | None, Query(alias="format", description="Goes before the Accept header")]
VolumeQuery = Annotated[int | None, Query(ge=1, le=_MOST_VOLUMES, description="Volume (册); all when left out")]
Volume = Annotated[int, Path(ge=1, le=_MOST_VOLUMES, description="Volume (册) of the contents list")]


def paper(printed: Printed, form: Form) -> Response:
    """Answer with a paper, as a file to keep."""
    headers = {
        "Content-Disposition": content_disposition(printed.name), "Cache-Control": "private, no-store",
        "Vary": "Accept", "Content-Type": _MEDIA_TYPES[form],
    }  # fmt: skip
    return Response(printed.content, 200, headers)


@router.get(
    "/forms/{form}",
    response_class=Response,
    **describe.paper(
        "dossier.read", COVER_VIEWED, CONTENTS_VIEWED, FORM_PRINTED, ACCESS_DENIED, content=PDF | XLSX, also=(406,)
    ),
)
async def print_form(
    request: Request, app: App, actor: Caller, dossier_id: UUID, form: FormName, volume: VolumeQuery = None,
    format_: FormQuery = None,
) -> Response:  # fmt: skip
    """Print a form (案卷封面、卷内目录、备考表、卷底、收案审批表、结案报告表); note and back as PDF only."""
    offered = {kind: name for kind, name in _MEDIA_TYPES.items() if kind == "pdf" or form in SPREADSHEETS}
    kind = chosen_form(format_, request.headers.get("accept"), offered)
    return paper(await app.papers.forms.print(actor, dossier_id, form, volume, kind), kind)


@router.get(
    "/volumes/{volume}/frame",
    response_class=Response,
    **describe.paper("dossier.read", FRAME_PRINTED, ACCESS_DENIED, content=PDF),
)
async def print_frame(app: App, actor: Caller, dossier_id: UUID, volume: Volume) -> Response:
    """Print the frame of a volume, to bind its material in: cover, contents list, note to file and back, as one PDF."""
    return paper(await app.papers.forms.frame(actor, dossier_id, volume), "pdf")
