"""Files of entries: up as a stream, down in ranges."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response

from app.access.events import ACCESS_DENIED
from app.api import describe, examples
from app.api.answers import act, answer, listed, shown
from app.api.context import App, Caller, Uploader
from app.api.ranges import parse_range
from app.api.straight import StraightRoute
from app.api.transfer import (
    BINARY,
    entry_part,
    file_headers,
    form_of,
    incoming_of,
    incoming_part,
    is_form,
    part_named,
    send,
)
from app.core.etag import none_match
from app.core.pagination import Page, PlainPage
from app.entries.events import (
    ENTRY_CREATED,
    FILE_ADDED,
    FILE_DAMAGED,
    FILE_LISTED,
    FILE_READ,
    FILE_REJECTED,
    FILE_VIEWED,
)
from app.entries.schemas import DocumentOut, EntryCreate, FileOut

router = APIRouter(prefix="/v1", tags=["files"], route_class=StraightRoute)


@router.post(
    "/entries/{entry_id}/files",
    response_model=FileOut,
    **describe.upload("file.add", FILE_ADDED, FILE_REJECTED, ACCESS_DENIED, example=examples.FILE, form={}),
)
async def add_file(request: Request, app: App, actor: Uploader, entry_id: UUID) -> Response:
    """Store the newest version of an entry's file: the raw bytes as body, or one part `file` of a form.

    201 means safe: bytes stored and checked, row and event committed.
    """
    if is_form(request):
        form = await form_of(request)
        incoming = incoming_part(await part_named(form, "file"))
    else:
        incoming = incoming_of(request)
    file, headers = await act(FileOut, app.files.add(actor, entry_id, incoming))
    return answer(file, status=201, location=f"/v1/files/{file.id}", headers=headers)


@router.post(
    "/dossiers/{dossier_id}/documents",
    response_model=DocumentOut,
    **describe.upload(
        "entry.create", ENTRY_CREATED, FILE_ADDED, FILE_REJECTED, ACCESS_DENIED, example=examples.DOCUMENT,
        form={"entry": EntryCreate.model_json_schema(ref_template="#/components/schemas/{model}")},
    ),
)  # fmt: skip
async def add_document(request: Request, app: App, actor: Uploader, dossier_id: UUID) -> Response:
    """Register an entry and store its file in one act: part `entry` as JSON, then part `file`."""
    form = await form_of(request)
    entry = await entry_part(await part_named(form, "entry"))
    incoming = incoming_part(await part_named(form, "file"))
    document, headers = await act(DocumentOut, app.files.add_document(actor, dossier_id, entry, incoming))
    return answer(document, status=201, location=f"/v1/entries/{document.entry.id}", headers=headers)


@router.get(
    "/entries/{entry_id}/files",
    response_model=Page[FileOut],
    **describe.read("entry.read", FILE_LISTED, ACCESS_DENIED, example=examples.page_of(examples.FILE)),
)
async def list_files(request: Request, app: App, actor: Caller, entry_id: UUID) -> Response:
    """List all versions of an entry's file, oldest first."""
    return listed(request, PlainPage(await app.files.versions(actor, entry_id)))


@router.get(
    "/files/{file_id}",
    response_model=FileOut,
    **describe.read("file.read", FILE_VIEWED, ACCESS_DENIED, example=examples.FILE),
)
async def read_file(request: Request, app: App, actor: Caller, file_id: UUID) -> Response:
    """Read what is recorded of a file."""
    return shown(request, await app.files.get(actor, file_id))


@router.get(
    "/files/{file_id}/content",
    response_class=Response,
    **describe.download("file.read_content", FILE_READ, FILE_DAMAGED, ACCESS_DENIED, content=BINARY, also=(409, 416)),
)
async def read_content(
    request: Request,
    app: App,
    actor: Caller,
    file_id: UUID,
    range_: Annotated[str | None, Header(alias="Range")] = None,
    if_range: Annotated[str | None, Header(alias="If-Range")] = None,
) -> Response:
    """Read a file, or one range of it; the reading is recorded before the first byte leaves.

    409 while the virus scanner has not found it clean. Where the firm lets the team read it all the same, or the
    director has released it, the header `Anjuan-Scan` tells the state.
    """

    def choose(size: int, sha256: str) -> tuple[int, int] | None:
        current = if_range is None or if_range == f'"{sha256}"'
        return parse_range(range_ if current else None, size)

    delivery = await app.files.content(actor, file_id, choose)
    file = delivery.file
    if none_match(request.headers.get("if-none-match"), f'"{file.sha256}"'):
        return Response(status_code=304, headers={"ETag": f'"{file.sha256}"'})
    return await send(
        delivery.chunks, name=file.original_name, media_type=file.media_type, size=file.size, sha256=file.sha256,
        part=delivery.part, warning=delivery.warning,
    )  # fmt: skip


@router.head(
    "/files/{file_id}/content",
    response_class=Response,
    **describe.read("file.read", FILE_VIEWED, ACCESS_DENIED),
)
async def head_content(app: App, actor: Caller, file_id: UUID) -> Response:
    """Tell size, type and digest of a file's content."""
    file = (await app.files.get(actor, file_id)).checked()
    headers = file_headers(name=file.original_name, media_type=file.media_type, size=file.size, sha256=file.sha256)
    return Response(status_code=200, headers=headers)
