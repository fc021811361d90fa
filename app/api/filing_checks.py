"""The checks before filing (归档前检查) with the four-property test (四性检测), as JSON and as a paper."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.access.events import ACCESS_DENIED
from app.api import describe
from app.api.answers import chosen_form, shown
from app.api.context import App, Caller
from app.api.disposition import content_disposition
from app.api.examples.filing_checks import CHECK_REPORT
from app.api.straight import StraightRoute
from app.filing.check_events import FILING_CHECKED
from app.filing.check_schemas import CheckReport
from app.reports.press import Printed

router = APIRouter(prefix="/v1/dossiers/{dossier_id}", tags=["filing"], route_class=StraightRoute)

Form = Literal["json", "pdf"]
MEDIA_TYPES: dict[Form, str] = {"json": "application/json", "pdf": "application/pdf"}
FormQuery = Annotated[Form | None, Query(alias="format", description="Goes before the Accept header")]
Deep = Annotated[bool, Query(description="Read all stored bytes again, and open what can be opened: takes its time")]


def _described() -> dict[str, Any]:
    described = describe.read("filing.check", FILING_CHECKED, ACCESS_DENIED, example=CHECK_REPORT, also=(406,))
    described["responses"][200]["content"]["application/pdf"] = {"schema": {"type": "string", "format": "binary"}}
    return described


def _paper(printed: Printed) -> Response:
    headers = {
        "Content-Disposition": content_disposition(printed.name), "Cache-Control": "private, no-store",
        "Vary": "Accept",
    }  # fmt: skip
    return Response(printed.content, 200, headers, media_type=MEDIA_TYPES["pdf"])


@router.get("/filing-check", response_model=CheckReport, **_described())
async def check_filing(
    request: Request, app: App, actor: Caller, dossier_id: UUID, deep: Deep = False, format_: FormQuery = None
) -> Response:
    """Check a dossier before it is filed: what blocks, what is odd, and the four-property test item by item.

    For those who read all of its entries. As PDF the report of the four-property test.
    """
    if chosen_form(format_, request.headers.get("accept"), MEDIA_TYPES) == "json":
        return shown(request, await app.filing.checks.get(actor, dossier_id, deep=deep))
    return _paper(await app.filing.four_properties.pdf(actor, dossier_id, deep=deep))
