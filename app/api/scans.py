"""What the virus scanner said of files, and the quarantine of the infected ones."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.access.events import ACCESS_DENIED
from app.api import describe, examples
from app.api.answers import act, answer, listed, shown
from app.api.context import App, Caller, ListQuery, Writer, page_request
from app.api.examples.scans import QUARANTINED, RELEASE, SCAN
from app.api.straight import StraightRoute
from app.api.transfer import BINARY, send
from app.core.pagination import Page
from app.core.text import Reason
from app.entries.events import FILE_DAMAGED, FILE_RELEASED, FILE_VIEWED, QUARANTINE_LISTED, QUARANTINE_READ
from app.entries.quarantine import QuarantinedOut, ReleaseIn, ScanOut
from app.storage.media import UNKNOWN

router = APIRouter(prefix="/v1", tags=["files"], route_class=StraightRoute)

_REASON = Query(description="Why it is taken out: must be given, and is kept with the event")


@router.get(
    "/files/{file_id}/scan",
    response_model=ScanOut,
    **describe.read("file.read", FILE_VIEWED, ACCESS_DENIED, example=SCAN),
)
async def read_scan(request: Request, app: App, actor: Caller, file_id: UUID) -> Response:
    """Read the virus scanner's newest verdict on a file."""
    return shown(request, await app.quarantine.verdict(actor, file_id))


@router.post(
    "/files/{file_id}/scan/release",
    response_model=ScanOut,
    **describe.create("file.release", FILE_RELEASED, ACCESS_DENIED, example=SCAN, request=RELEASE, success=200),
)
async def release_file(app: App, actor: Writer, file_id: UUID, data: ReleaseIn) -> Response:
    """Let a file be read, with a warning, that the virus scanner can't look into."""
    released, headers = await act(ScanOut, app.quarantine.release(actor, file_id, data))
    return answer(released, headers=headers)


@router.get(
    "/quarantine",
    response_model=Page[QuarantinedOut],
    **describe.read(
        "quarantine.read", QUARANTINE_LISTED, ACCESS_DENIED, example=examples.page_of(QUARANTINED), also=(400,)
    ),
)
async def list_quarantine(request: Request, app: App, actor: Caller, query: Annotated[ListQuery, Query()]) -> Response:
    """List what the virus scanner found infected, without a word of whose it is."""
    return listed(request, await app.quarantine.page(actor, page_request(request, actor, query)))


@router.get(
    "/quarantine/{quarantine_id}/content",
    response_class=Response,
    **describe.download("quarantine.read_content", QUARANTINE_READ, FILE_DAMAGED, ACCESS_DENIED, content=BINARY),
)
async def take_from_quarantine(
    app: App, actor: Caller, quarantine_id: UUID, reason: Annotated[Reason | None, _REASON] = None
) -> Response:
    """Take an infected file out for a look: bytes without name or type, recorded with the reason. Mind what you do."""
    taken = await app.quarantine.content(actor, quarantine_id, reason)
    return await send(
        taken.chunks, name=f"quarantine-{taken.id}.bin", media_type=UNKNOWN, size=taken.size, sha256=taken.sha256
    )
