"""The reading copy of a volume: one PDF that is made for its reader and streamed."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.access.events import ACCESS_DENIED
from app.api import describe
from app.api.context import App, Caller
from app.api.disposition import content_disposition
from app.api.examples.prints import PDF
from app.api.prints import Volume
from app.api.straight import StraightRoute
from app.api.transfer import Stream, scan_header
from app.entries.events import FILE_DAMAGED, FILE_READ
from app.reports.events import VOLUME_COPIED

router = APIRouter(prefix="/v1/dossiers/{dossier_id}/volumes/{volume}", tags=["forms"], route_class=StraightRoute)


@router.get(
    "/reading-copy",
    response_class=Response,
    **describe.paper(
        "volume.copy", VOLUME_COPIED, FILE_READ, FILE_DAMAGED, ACCESS_DENIED, content=PDF, also=(409,)
    ),
)  # fmt: skip
async def make_reading_copy(app: App, actor: Caller, dossier_id: UUID, volume: Volume) -> Response:
    """Make a reading copy (阅卷副本) of a volume: frame and newest files in one PDF, pages numbered, with an outline.

    A sheet stands for each entry whose file can't be bound or may not be read by the caller.
    """
    copy = await app.papers.copies.make(actor, dossier_id, volume)
    headers = {
        "Content-Type": "application/pdf", "Content-Length": str(copy.size), "Cache-Control": "private, no-store",
        "Content-Disposition": content_disposition(copy.name), "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }  # fmt: skip
    return Stream(copy.chunks(), 200, headers | scan_header(copy.warning))
