"""Resumable uploads by hand: begun, gone on with, and the objects of their pieces."""

import base64
import hashlib
from typing import Any

import httpx

from tests.support.firm import Firm, Person

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = "application/offset+octet-stream"


async def an_entry(firm: Firm, **fields: Any) -> tuple[Person, dict[str, Any], str]:
    """Give a lawyer, a dossier and the id of an entry of his."""
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer, **fields)
    return lawyer, dossier, (await firm.entry(lawyer, dossier["id"]))["id"]


def checksum(content: bytes, algorithm: str = "sha256") -> dict[str, str]:
    """Announce a checksum of one request."""
    digest = base64.b64encode(hashlib.new(algorithm, content).digest()).decode()
    return {"Upload-Checksum": f"{algorithm} {digest}"}


async def content_of(by: Person, file_id: str) -> bytes:
    """Read a file."""
    return (await by.get(f"/v1/files/{file_id}/content")).content


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
    answer = await begin(by, entry_id, length, None, **pairs)
    assert answer.status_code == 201, answer.text
    location: str = answer.headers["location"]
    return location


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
