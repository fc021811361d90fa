"""Resumable uploads by tus 1.0: begun for an entry, gone on with after every break, in the end a file of the entry."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import TypeAdapter, ValidationError

from app.access.events import ACCESS_DENIED
from app.api import describe, examples, tus
from app.api.answers import act, answer, shown
from app.api.context import App, Beginner, Caller, body_of
from app.api.digests import parse_repr_digest
from app.api.straight import StraightRoute
from app.api.transfer import announced
from app.core.errors import Invalid, Malformed
from app.core.text import UNNAMED, check_file_name
from app.entries.events import FILE_ADDED, FILE_REJECTED
from app.uploads.errors import UploadGone
from app.uploads.events import (
    UPLOAD_BEGUN,
    UPLOAD_CONTINUED,
    UPLOAD_ENDED,
    UPLOAD_FINISHED,
    UPLOAD_REJECTED,
    UPLOAD_VIEWED,
)
from app.uploads.schemas import Append, UploadCreate, UploadOut

router = APIRouter(prefix="/v1", tags=["uploads"], route_class=StraightRoute)
Spoken = Annotated[None, Depends(tus.require_version)]
ReprDigest = Annotated[
    str | None, Header(alias="Repr-Digest", description="SHA-256 of the whole file (RFC 9530), held against its bytes")
]
_POINTER, _LONGEST_TYPE = "/header/upload-metadata", 255
_uuid = TypeAdapter(UUID)


@router.options("/uploads", response_class=Response, **describe.public())
async def read_tus(app: App) -> Response:
    """Tell which version and extensions of tus are spoken here, and the largest file."""
    return Response(status_code=200, headers=tus.offered(app.uploads.limit))


@router.post(
    "/uploads",
    response_model=UploadOut,
    **describe.tus(
        "file.add", UPLOAD_BEGUN, UPLOAD_REJECTED, FILE_ADDED, FILE_REJECTED, UPLOAD_FINISHED, ACCESS_DENIED,
        success=201, example=examples.UPLOAD,
    ),
)  # fmt: skip
async def begin_upload(
    request: Request,
    app: App,
    actor: Beginner,
    _: Spoken,
    length: tus.Size,
    metadata: tus.Metadata,
    digest: ReprDigest = None,
) -> Response:
    """Begin an upload to the entry that Upload-Metadata names; the bytes go to its Location by PATCH.

    An Idempotency-Key makes the beginning safe to repeat; what follows is safe by its offsets.
    """
    _require_no_body(request)
    upload, headers = await act(UploadOut, app.uploads.begin(actor, _asked(length, metadata, digest)))
    return answer(upload, status=201, location=f"/v1/uploads/{upload.id}", headers={**headers, **_stand(upload)})


@router.get(
    "/uploads/{upload_id}",
    response_model=UploadOut,
    **describe.read("file.add", UPLOAD_VIEWED, ACCESS_DENIED, example=examples.UPLOAD),
)
async def read_upload(request: Request, app: App, actor: Caller, upload_id: UUID) -> Response:
    """Read an upload of one's own, also one that has ended."""
    return shown(request, await app.uploads.get(actor, upload_id))


@router.head(
    "/uploads/{upload_id}",
    response_class=Response,
    **describe.tus("file.add", UPLOAD_VIEWED, ACCESS_DENIED, success=200, refusals=(401, 403, 404, 410, 412, 422, 503)),
)
async def head_upload(app: App, actor: Caller, _: Spoken, upload_id: UUID) -> Response:
    """Tell where an upload of one's own stands: its next byte is the one at Upload-Offset."""
    upload = await app.uploads.get(actor, upload_id)
    if upload.end_reason is not None:
        raise UploadGone(upload.end_reason)
    return Response(status_code=200, headers=_stand(upload))


@router.patch(
    "/uploads/{upload_id}",
    response_class=Response,
    **describe.tus(
        "file.add", UPLOAD_CONTINUED, UPLOAD_REJECTED, UPLOAD_VIEWED, FILE_ADDED, FILE_REJECTED, UPLOAD_FINISHED,
        UPLOAD_ENDED, ACCESS_DENIED, success=204, body=tus.CONTENT_TYPE,
        refusals=(400, 401, 403, 404, 409, 410, 412, 413, 415, 422, 423, 460, 503),
    ),
)  # fmt: skip
async def append_upload(
    request: Request, app: App, actor: Caller, _: Spoken, upload_id: UUID, offset: tus.Offset, checksum: tus.Sum = None
) -> Response:
    """Go on with an upload from Upload-Offset; what arrives before a break is kept, unless a checksum was announced.

    The request with the last byte is answered when the file is safe, and names it. No If-Match and no
    Idempotency-Key: the offset says which bytes these are.
    """
    tus.require_offset_type(request.headers.get("content-type"))
    size = announced(request.headers.get("content-length"))
    data = Append(offset, body_of(request), size, tus.parse_checksum(checksum))
    return Response(status_code=204, headers=_stand(await app.uploads.append(actor, upload_id, data)))


@router.delete(
    "/uploads/{upload_id}",
    response_class=Response,
    **describe.tus(
        "file.add", UPLOAD_ENDED, ACCESS_DENIED, success=204, refusals=(401, 403, 404, 409, 410, 412, 422, 503)
    ),
)
async def end_upload(app: App, actor: Caller, _: Spoken, upload_id: UUID) -> Response:
    """End an upload of one's own and forget its bytes; one that has become a file stays."""
    await app.uploads.end(actor, upload_id)
    return Response(status_code=204)


def _require_no_body(request: Request) -> None:
    if request.headers.get("content-length", "0").strip("0") or "transfer-encoding" in request.headers:
        raise Malformed("Begin the upload without a body, and send the bytes by PATCH", "请以 PATCH 发送内容")


def _asked(length: int, metadata: str, repr_digest: str | None) -> UploadCreate:
    """Read what a client says of the file."""
    pairs = tus.parse_metadata(metadata)
    try:
        entry_id = _uuid.validate_python(tus.required(pairs, "entry_id"))
    except ValidationError:
        raise Invalid.field(_POINTER, "uuid_parsing", "entry_id must be a UUID", "entry_id 须为 UUID") from None
    declared = pairs.get("filetype", "")
    if not declared.isascii() or not declared.isprintable() or len(declared) > _LONGEST_TYPE:
        raise Invalid.field(_POINTER, "media_type", "filetype must be a media type", "filetype 须为媒体类型")
    return UploadCreate(
        entry_id=entry_id, length=length,
        original_name=check_file_name(pairs.get("filename") or UNNAMED, _POINTER), declared_type=declared,
        digest=parse_repr_digest(repr_digest or pairs.get("digest")), header=metadata,
    )  # fmt: skip


def _stand(upload: UploadOut) -> dict[str, str]:
    """Give the headers that tell where an upload stands."""
    headers = {
        "Upload-Offset": str(upload.offset), "Upload-Length": str(upload.length), "Cache-Control": "no-store",
        "Upload-Metadata": upload.metadata,
    }  # fmt: skip
    if upload.file_id is not None:
        return {**headers, tus.FILE_HEADER: str(upload.file_id)}
    return {**headers, "Upload-Expires": tus.http_date(upload.expires_at)}
