"""The served API killed by kill -9 in the middle of an upload and just after a 201; and what breaks, as a client sees it."""

import asyncio
import hashlib
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.config import Settings
from tests.support.firm import Firm, Person, done
from tests.support.papers import objects, reseal
from tests.support.server import Served

pytestmark = pytest.mark.timeout(180)
MIB = 1024 * 1024


@pytest.fixture
def served(settings: Settings, tmp_path: Path) -> Iterator[Served]:
    """The API as a process of its own on the test's stores."""
    server = Served(settings, tmp_path / "api.log")
    server.start()
    yield server
    server.stop(signal.SIGKILL)


@pytest.fixture
async def line(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the served API."""
    async with httpx.AsyncClient(base_url=served.url, timeout=30) as client:
        yield client


async def outside(firm: Firm, line: httpx.AsyncClient) -> Person:
    """Give a lawyer who talks to the served API."""
    person = await firm.person("lawyer")
    person.http = line
    return person


async def hung_up(writer: asyncio.StreamWriter) -> None:
    """Break a connection."""
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


async def an_entry(firm: Firm, by: Person) -> str:
    """Give the path of an entry's files."""
    return f"/v1/entries/{(await firm.entry(by, (await firm.dossier(by))['id']))['id']}/files"


async def test_killed_in_the_middle_of_an_upload(firm: Firm, served: Served, line: httpx.AsyncClient) -> None:
    lawyer = await outside(firm, line)
    path = await an_entry(firm, lawyer)
    stored, before = await objects(firm), await firm.tables()
    events = await firm.eyes.fetchval("SELECT count(*) FROM events")

    async def body() -> AsyncIterator[bytes]:
        for number in range(30):
            if number == 15:
                served.stop(signal.SIGKILL)
            yield b"x" * MIB

    for size in ({}, {"Content-Length": str(30 * MIB)}):
        with pytest.raises(httpx.HTTPError):
            await lawyer.post(path, content=body(), headers=size)
        await asyncio.sleep(0.5)  # the store hears of it
        assert await firm.tables() == before
        assert await objects(firm) == stored
        assert await firm.eyes.fetchval("SELECT count(*) FROM events") == events
        served.start()
    made = await lawyer.post(path, content=b"again")
    assert (made.status_code, made.json()["version"]) == (201, 1)
    assert await firm.events(made) == done("file.added")


async def test_what_was_answered_201_is_there_after_a_kill(firm: Firm, served: Served, line: httpx.AsyncClient) -> None:
    lawyer = await outside(firm, line)
    paths = [await an_entry(firm, lawyer) for _ in range(4)]
    stored = await objects(firm)
    kept: list[tuple[dict[str, Any], bytes, str]] = []
    tried = 0

    async def file_away(path: str) -> None:
        nonlocal tried
        for number in range(1000):
            content = f"{path} {number} ".encode() * 5000
            tried += 1
            try:
                made = await lawyer.post(path, content=content, headers={"Idempotency-Key": f"{path}{number}"})
            except httpx.HTTPError:
                return
            assert made.status_code == 201, made.text
            kept.append((made.json(), content, made.headers["x-request-id"]))
            if len(kept) == 40:
                served.stop(signal.SIGKILL)

    await asyncio.gather(*(file_away(path) for path in paths))
    assert len(kept) >= 40
    served.start()
    for file, content, request_id in kept:
        got = await lawyer.get(f"/v1/files/{file['id']}/content")
        assert hashlib.sha256(got.content).digest() == hashlib.sha256(content).digest()
        rows = await firm.eyes.fetch("SELECT type, outcome FROM events WHERE request_id = $1", request_id)
        assert [tuple(row) for row in rows] == done("file.added")
    # What was under way is whole or not there at all; every row has its object and its event.
    rows = await firm.eyes.fetch("SELECT id, object_key, size FROM files")
    assert len(kept) <= len(rows) <= tried
    left = await objects(firm) - stored
    assert {row["object_key"] for row in rows} <= left
    assert len(left) <= tried
    added = await firm.eyes.fetch("SELECT subject_id FROM events WHERE type = 'file.added'")
    assert {row["subject_id"] for row in added} == {row["id"] for row in rows}
    # A repetition of the last one under its key gives the first answer.
    file, content, _ = kept[0]
    again = await lawyer.post(
        f"/v1/entries/{file['entry_id']}/files",
        content=content,
        headers={"Idempotency-Key": f"/v1/entries/{file['entry_id']}/files0"},
    )
    assert (again.status_code, again.json(), again.headers["idempotency-replayed"]) == (201, file, "true")


async def test_dossiers_opened_while_it_is_killed_leave_no_gap(
    firm: Firm, served: Served, line: httpx.AsyncClient
) -> None:
    lawyer = await outside(firm, line)
    client = await firm.client(lawyer)
    body = {
        "client_ids": [client["id"]],
        "matter_type": "civil",
        "cause": "借款",
        "lead_lawyer_id": str(lawyer.id),
        "opened_on": "2026-01-05",
    }
    numbers: list[str] = []

    async def open_many() -> None:
        while len(numbers) < 1000:
            try:
                made = await lawyer.post("/v1/dossiers", body)
            except httpx.HTTPError:
                return
            assert made.status_code == 201, made.text
            numbers.append(made.json()["number"])
            if len(numbers) == 60:
                served.stop(signal.SIGKILL)

    await asyncio.gather(*(open_many() for _ in range(8)))
    served.start()
    numbers.append((await lawyer.post("/v1/dossiers", body)).json()["number"])
    register = [row["number"] for row in await firm.eyes.fetch("SELECT number FROM dossier_numbers ORDER BY number")]
    assert register == [f"2026-MS-L01-{serial:04d}" for serial in range(1, len(register) + 1)]
    assert set(numbers) <= set(register)
    assert await firm.eyes.fetchval("SELECT count(*) FROM events WHERE type = 'dossier.opened'") == len(register)


async def test_damaged_file_breaks_the_connection(firm: Firm, served: Served, line: httpx.AsyncClient) -> None:
    lawyer = await outside(firm, line)
    content = bytes(range(256)) * 8192
    made = await lawyer.post(await an_entry(firm, lawyer), content=content)
    key = await firm.eyes.fetchval("SELECT object_key FROM files")

    await reseal(firm, key, content[:-1] + b"?")
    with pytest.raises(httpx.RemoteProtocolError):
        await lawyer.get(f"/v1/files/{made.json()['id']}/content", headers={"X-Request-Id": "damaged"})
    rows = await firm.eyes.fetch("SELECT type, outcome FROM events WHERE request_id = 'damaged' ORDER BY id")
    assert [tuple(row) for row in rows] == [("file.read", "success"), ("file.damaged", "failed")]


async def test_client_who_goes_away_leaves_nothing(firm: Firm, served: Served, line: httpx.AsyncClient) -> None:
    lawyer = await outside(firm, line)
    path = await an_entry(firm, lawyer)
    stored, before = await objects(firm), await firm.tables()
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {lawyer.token}\r\nX-Request-Id: gone\r\nContent-Length: {8 * MIB}\r\n\r\n"
    writer.write(head.encode() + b"x" * MIB)
    await writer.drain()
    await asyncio.sleep(0.3)
    await hung_up(writer)
    for _ in range(100):
        rows = await firm.eyes.fetch("SELECT type, outcome, details FROM events WHERE request_id = 'gone'")
        if rows:
            break
        await asyncio.sleep(0.1)
    assert [tuple(row) for row in rows] == [("file.rejected", "failed", {"reason": "upload_aborted"})]
    assert await firm.tables() == before
    assert await objects(firm) == stored


async def test_too_large_is_answered_while_the_client_still_sends(
    firm: Firm, served: Served, line: httpx.AsyncClient
) -> None:
    served.stop()
    served._more["ANJUAN_UPLOAD_MAX_BYTES"] = str(2 * MIB)
    served.start()
    lawyer = await outside(firm, line)
    path = await an_entry(firm, lawyer)
    stored, before = await objects(firm), await firm.tables()
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {lawyer.token}\r\nX-Request-Id: large\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head.encode())
    for _ in range(3):  # and no end of it
        writer.write(f"{MIB:x}\r\n".encode() + b"x" * MIB + b"\r\n")
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    assert answer.startswith(b"HTTP/1.1 413 ")
    await hung_up(writer)
    rows = await firm.eyes.fetch("SELECT type, outcome, details FROM events WHERE request_id = 'large'")
    assert [tuple(row) for row in rows] == [("file.rejected", "failed", {"reason": "too_large"})]
    assert await firm.tables() == before
    assert await objects(firm) == stored
