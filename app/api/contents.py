"""The contents list (卷内目录), the arrangement it follows, and the cover; as JSON and as papers."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.access.events import ACCESS_DENIED
from app.api import describe, examples
from app.api.answers import act, answer, chosen_form, shown
from app.api.context import App, Caller, Writer
from app.api.disposition import content_disposition
from app.api.straight import StraightRoute
from app.entries.events import CONTENTS_VIEWED, ENTRIES_ARRANGED
from app.entries.schemas import ArrangementIn, ContentsOut
from app.reports.events import COVER_VIEWED
from app.reports.press import Printed
from app.reports.printing import CoverOut

router = APIRouter(prefix="/v1/dossiers/{dossier_id}", tags=["contents list"], route_class=StraightRoute)

Form = Literal["json", "csv", "xlsx", "pdf"]
MEDIA_TYPES: dict[Form, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
_PAPERS: dict[str, Any] = {
    MEDIA_TYPES[form]: {"schema": {"type": "string", "format": "binary"}} for form in ("csv", "xlsx", "pdf")
}
FormQuery = Annotated[Form | None, Query(alias="format", description="Goes before the Accept header")]


def _paper(printed: Printed, form: Form) -> Response:
    headers = {
        "Content-Disposition": content_disposition(printed.name), "Cache-Control": "private, no-store",
        "Vary": "Accept",
    }  # fmt: skip
    media_type = MEDIA_TYPES[form] + ("; charset=utf-8" if form == "csv" else "")
    return Response(printed.content, 200, {**headers, "Content-Type": media_type})


def _described(example: dict[str, Any], *events: Any) -> dict[str, Any]:
    described = describe.read("dossier.read", *events, example=example, also=(406,))
    described["responses"][200]["content"].update(_PAPERS)
    return described


@router.post(
    "/arrangement",
    response_model=ContentsOut,
    **describe.create(
        "entry.arrange", ENTRIES_ARRANGED, ACCESS_DENIED,
        example=examples.CONTENTS, request=examples.ARRANGEMENT, success=200,
    ),
)  # fmt: skip
async def arrange_entries(app: App, actor: Writer, dossier_id: UUID, data: ArrangementIn) -> Response:
    """Order the entries by time, stage, category, template or by hand; renumbers and repaginates."""
    contents, headers = await act(ContentsOut, app.contents.arrange(actor, dossier_id, data))
    return answer(contents, headers=headers)


@router.get("/contents", response_model=ContentsOut, **_described(examples.CONTENTS, CONTENTS_VIEWED, ACCESS_DENIED))
async def read_contents(
    request: Request, app: App, actor: Caller, dossier_id: UUID, format_: FormQuery = None
) -> Response:
    """Give the contents list, as JSON, CSV, XLSX or PDF."""
    form = chosen_form(format_, request.headers.get("accept"), MEDIA_TYPES)
    if form == "json":
        return shown(request, await app.contents.get(actor, dossier_id))
    return _paper(await app.papers.printing.contents(actor, dossier_id, form), form)


@router.get("/cover", response_model=CoverOut, **_described(examples.COVER, COVER_VIEWED, ACCESS_DENIED))
async def read_cover(
    request: Request, app: App, actor: Caller, dossier_id: UUID, format_: FormQuery = None
) -> Response:
    """Give the cover (案卷封面), as JSON, CSV, XLSX or PDF."""
    form = chosen_form(format_, request.headers.get("accept"), MEDIA_TYPES)
    if form == "json":
        return shown(request, await app.papers.printing.cover(actor, dossier_id))
    return _paper(await app.papers.printing.printed_cover(actor, dossier_id, form), form)
