"""Resumable uploads by hand: begun, gone on with, and the objects of their pieces."""

import base64
from typing import Any

import httpx

from tests.support.firm import Firm, Person

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = "application/offset+octet-stream"


def encoded(**pairs: str) -> str:
    """Give Upload-Metadata."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())


async def begin(
    by: Person, entry_id: str, length: int, headers: dict[str, str] | None = None, **pairs: str
) -> httpx.Response:
    """Begin an upload of this length to an entry."""
    said = {"Upload-Length": str(length), "Upload-Metadata": encoded(entry_id=entry_id, **pairs)}
    return await by.post("/v1/uploads", headers={**TUS, **said, **(headers or {})})


async def begun(by: Person, entry_id: str, length: int, **pairs: str) -> str:
    """Give the path of an upload that was begun."""
    answer = await begin(by, entry_id, length, **pairs)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


async def send(by: Person, path: str, offset: int, content: Any, **headers: str) -> httpx.Response:
    """Go on with an upload."""
    said = {"Upload-Offset": str(offset), "Content-Type": BYTES}
    return await by.request("PATCH", path, content=content, headers={**TUS, **said, **headers})


async def stand(by: Person, path: str) -> int:
    """Tell by HEAD where an upload stands."""
    answer = await by.request("HEAD", path, headers=TUS)
    assert answer.status_code == 200, answer.status_code
    return int(answer.headers["upload-offset"])


async def pieces(firm: Firm) -> set[str]:
    """Name the objects of pieces in the store; tests share it, so compare before and after."""
    return {found.key async for found in firm.services.resources.store.list("uploads/")}


async def kept(firm: Firm) -> list[tuple[int, int]]:
    """Give start and size of all pieces that rows refer to."""
    rows = await firm.eyes.fetch("SELECT start, size FROM upload_pieces ORDER BY upload_id, start")
    return [(row["start"], row["size"]) for row in rows]
