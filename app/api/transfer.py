"""Files over HTTP: bodies in as they arrive, bytes out as they come from the store."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import Request, Response
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send

from app.api.context import body_of
from app.api.digests import parse_repr_digest, repr_digest
from app.api.disposition import content_disposition, parse_disposition
from app.api.multipart import MultipartReader, Part
from app.api.problems import InputInvalid, field_errors
from app.api.ranges import content_range
from app.core.errors import Malformed, UnsupportedMediaType
from app.core.text import UNNAMED, check_file_name
from app.entries.schemas import EntryCreate
from app.storage.intake import Incoming

BINARY: dict[str, Any] = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
_ENTRY_BYTES = 64 * 1024
_DIGITS, _MOST_DIGITS = re.compile(r"[0-9]+"), 19


def is_form(request: Request) -> bool:
    """Tell whether the body is a browser's form."""
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


def incoming_of(request: Request) -> Incoming:
    """Describe a file whose raw bytes are the body."""
    header = request.headers.get("content-disposition")
    name = parse_disposition(header).filename if header else None
    return Incoming(
        chunks=body_of(request),
        original_name=check_file_name(name or UNNAMED),
        declared_type=request.headers.get("content-type", ""),
        size=announced(request.headers.get("content-length")),
        digest=parse_repr_digest(request.headers.get("repr-digest")),
    )


def announced(length: str | None) -> int | None:
    """Give the number of bytes that a body says to have, None when it doesn't."""
    # More digits than any size has: Python would refuse thousands of them with an error of its own.
    return int(length.lstrip("0")[:_MOST_DIGITS] or "0") if length and _DIGITS.fullmatch(length) else None


async def form_of(request: Request) -> MultipartReader:
    """Open the body as a form; UnsupportedMediaType for one that does not say it is."""
    if not is_form(request):
        raise UnsupportedMediaType(
            "Send a form with Content-Type: multipart/form-data", "请以 multipart/form-data 发送表单"
        )
    return MultipartReader(request.headers.get("content-type"), body_of(request))


async def part_named(form: MultipartReader, name: str) -> Part:
    """Give the next part, which must have this name."""
    async for part in form:
        if part.name == name:
            return part
        raise Malformed(
            f"The next part must be {name!r}, not {part.name!r}", f"下一个表单项应为 {name!r},而不是 {part.name!r}"
        )
    raise Malformed(f"The form has no part {name!r}", f"表单缺少 {name!r}")


def incoming_part(part: Part) -> Incoming:
    """Describe a file that is a part of a form."""
    return Incoming(
        chunks=aiter(part),
        original_name=check_file_name(part.filename or UNNAMED),
        declared_type=part.content_type or "",
    )


async def entry_part(part: Part) -> EntryCreate:
    """Read the part `entry` as JSON."""
    raw = await part.read(_ENTRY_BYTES)
    try:
        return EntryCreate.model_validate_json(raw)
    except ValidationError as error:
        if any(item["type"] == "json_invalid" for item in error.errors()):
            raise Malformed("Part 'entry' is not JSON", "表单项 entry 不是有效的 JSON") from None
        raise InputInvalid(field_errors([dict(item) for item in error.errors()], ("body", "entry"))) from None


class Stream(Response):
    """Sends chunks as they come; a fault midway breaks the connection, so that nobody takes a part for the whole."""

    def __init__(
        self, chunks: AbstractAsyncContextManager[AsyncIterator[bytes]], status: int, headers: dict[str, str]
    ) -> None:
        super().__init__(status_code=status, headers=headers)
        if "Content-Length" not in headers:
            # Its own is of an empty body, and servers hold what is sent to it.
            del self.headers["Content-Length"]
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open the source, then answer: a source that can't be opened is still an error document."""
        del scope
        async with self._chunks as chunks:
            # The server takes what is sent to a caller who went away and says nothing: nobody would end the transfer.
            gone = asyncio.ensure_future(_left(receive))
            try:
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                async for chunk in chunks:
                    if gone.done():
                        return
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            finally:
                gone.cancel()


async def _left(receive: Receive) -> None:
    """Return when the caller has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def file_headers(*, name: str, media_type: str, size: int, sha256: str) -> dict[str, str]:
    """Give the headers that every answer about a file's content carries."""
    return {
        "Content-Type": media_type,
        "Content-Length": str(size),
        "Content-Disposition": content_disposition(name),
        "ETag": f'"{sha256}"',
        "Repr-Digest": repr_digest(sha256),
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        # Whatever a browser makes of it, it runs nothing of it.
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }


def scan_header(warning: str | None) -> dict[str, str]:
    """Give the header that warns of what the virus scanner has not found clean."""
    return {} if warning is None else {"Anjuan-Scan": warning}


async def send(
    chunks: AbstractAsyncContextManager[AsyncIterator[bytes]],
    *,
    name: str,
    media_type: str,
    size: int,
    sha256: str,
    part: tuple[int, int] | None = None,
    warning: str | None = None,
) -> Response:
    """Answer with a file, or with `part` (start, end) of it; `warning` is the state of its scan, unless it is clean."""
    headers = file_headers(name=name, media_type=media_type, size=size, sha256=sha256) | scan_header(warning)
    if part is None:
        return Stream(chunks, 200, headers)
    start, end = part
    headers |= {"Content-Length": str(end - start), "Content-Range": content_range(start, end, size)}
    return Stream(chunks, 206, headers)
