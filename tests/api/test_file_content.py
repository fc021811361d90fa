"""Files going out over HTTP: whole, in ranges, as a head; damaged or missing ones are told, never passed off as whole."""

import asyncio
import base64
import hashlib
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.checks import refused
from tests.support.firm import Firm, Person, Refusal, done
from tests.support.papers import reseal
from tests.support.raw import called

CONTENT = bytes(range(256)) * 40
DIGEST = hashlib.sha256(CONTENT).hexdigest()


async def a_file(firm: Firm, content: bytes = CONTENT) -> tuple[Person, str]:
    """Give a lawyer and the path of a file's content."""
    lawyer = await firm.person("lawyer")
    entry = await firm.entry(lawyer, (await firm.dossier(lawyer))["id"])
    file = await firm.file(lawyer, entry["id"], content, "合同.bin")
    return lawyer, f"/v1/files/{file['id']}/content"


def same_headers(answer: httpx.Response) -> bool:
    """Tell whether an answer has what every answer about this content carries."""
    return {name: answer.headers[name] for name in EXPECTED} == EXPECTED


EXPECTED = {
    "etag": f'"{DIGEST}"', "repr-digest": f"sha-256=:{base64.b64encode(bytes.fromhex(DIGEST)).decode()}:", "accept-ranges": "bytes",
    "cache-control": "private, no-store", "x-content-type-options": "nosniff", "content-type": "application/octet-stream",
    "content-disposition": "attachment; filename=\"__.bin\"; filename*=UTF-8''%E5%90%88%E5%90%8C.bin",
}  # fmt: skip


async def test_whole_file(firm: Firm) -> None:
    lawyer, path = await a_file(firm)
    got = await lawyer.get(path)
    assert (got.status_code, got.content, got.headers["content-length"]) == (200, CONTENT, str(len(CONTENT)))
    assert same_headers(got)
    assert await firm.events(got) == done("file.read")
    details = (await firm.event(got))["details"]
    assert details == {"version": 1, "start": 0, "end": len(CONTENT), "size": len(CONTENT)}


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-0", 0, 1), ("bytes=0-99", 0, 100), ("bytes=100-", 100, len(CONTENT)), ("bytes=-10", len(CONTENT) - 10, len(CONTENT)),
        ("bytes=5-99999999", 5, len(CONTENT)), ("bytes=-99999999", 0, len(CONTENT)), ("BYTES=3-4", 3, 5),
    ],
)  # fmt: skip
async def test_range(firm: Firm, header: str, start: int, end: int) -> None:
    lawyer, path = await a_file(firm)
    got = await lawyer.get(path, headers={"Range": header})
    assert (got.status_code, got.content) == (206, CONTENT[start:end])
    assert got.headers["content-range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"
    assert got.headers["content-length"] == str(end - start)
    assert same_headers(got)
    assert await firm.events(got) == done("file.read")
    details = (await firm.event(got))["details"]
    assert (details["start"], details["end"]) == (start, end)


@pytest.mark.parametrize("header", [f"bytes={len(CONTENT)}-", "bytes=99999999-", "bytes=-0", f"bytes={'9' * 5000}-"])
async def test_range_outside_the_file(firm: Firm, header: str) -> None:
    lawyer, path = await a_file(firm)
    before = await firm.tables()
    answer = await lawyer.get(path, headers={"Range": header})
    await refused(firm, before, answer, 416, "range_not_satisfiable", events=[("file.read", "failed")])
    assert answer.headers["content-range"] == f"bytes */{len(CONTENT)}"


@pytest.mark.parametrize(
    "header", ["", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=0-1,5-6", "lines=1-2", "bytes=a-b", "bytes 0-1"]
)
async def test_range_that_says_nothing_gets_the_whole(firm: Firm, header: str) -> None:
    lawyer, path = await a_file(firm)
    got = await lawyer.get(path, headers={"Range": header})
    assert (got.status_code, got.content) == (200, CONTENT)
    assert "content-range" not in got.headers


async def test_if_range_and_if_none_match(firm: Firm) -> None:
    lawyer, path = await a_file(firm)
    for validator, status in (
        (f'"{DIGEST}"', 206),
        ('"other"', 200),
        (f'W/"{DIGEST}"', 200),
        ("Tue, 24 Nov 2026 00:00:00 GMT", 200),
    ):
        got = await lawyer.get(path, headers={"Range": "bytes=0-9", "If-Range": validator})
        assert (got.status_code, len(got.content)) == (status, 10 if status == 206 else len(CONTENT)), validator
    for validator, status in ((f'"{DIGEST}"', 304), ("*", 304), ('"other"', 200)):
        got = await lawyer.get(path, headers={"If-None-Match": validator})
        assert (got.status_code, got.headers["etag"]) == (status, f'"{DIGEST}"')
        assert got.content == (b"" if status == 304 else CONTENT)
        assert await firm.events(got) == done("file.read")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.integers(0, 300) | st.none(), last=st.integers(0, 300) | st.none())
async def test_any_range_is_what_a_slice_would_give(firm: Firm, first: int | None, last: int | None) -> None:
    content = bytes(range(200))
    if not hasattr(firm, "one_file"):
        firm.one_file = await a_file(firm, content)  # type: ignore[attr-defined]
    lawyer, path = firm.one_file  # type: ignore[attr-defined]
    got = await lawyer.get(
        path, headers={"Range": f"bytes={'' if first is None else first}-{'' if last is None else last}"}
    )
    if first is None and last is None:
        expected: tuple[int, bytes | None] = (200, content)
    elif first is None:
        expected = (206, content[-(last or 0) :]) if last else (416, None)
    elif last is not None and last < first:
        expected = (200, content)
    else:
        expected = (206, content[first : None if last is None else last + 1]) if first < 200 else (416, None)
    assert got.status_code == expected[0]
    assert expected[1] is None or got.content == expected[1]


async def test_empty_file(firm: Firm) -> None:
    lawyer, path = await a_file(firm, b"")
    got = await lawyer.get(path)
    assert (got.status_code, got.content, got.headers["content-length"]) == (200, b"", "0")
    answer = await lawyer.get(path, headers={"Range": "bytes=0-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */0")


async def test_head_tells_and_sends_nothing(firm: Firm) -> None:
    lawyer, path = await a_file(firm)
    told = await lawyer.request("HEAD", path)
    assert (told.status_code, told.content, told.headers["content-length"]) == (200, b"", str(len(CONTENT)))
    assert same_headers(told)
    assert await firm.events(told) == done("file.viewed")
    stranger = await firm.person("finance")
    before = await firm.tables()
    refusal = await stranger.request("HEAD", path)
    assert (refusal.status_code, await firm.events(refusal)) == (404, [Refusal])
    assert await firm.tables() == before


async def object_of(firm: Firm, path: str) -> str:
    """Give the key of a file's object."""
    key: str = await firm.eyes.fetchval("SELECT object_key FROM files WHERE id = $1", path.split("/")[3])
    return key


async def chunks(content: bytes) -> Any:
    """Give a body in one piece."""
    yield content


DAMAGED = [("file.read", "success"), ("file.damaged", "failed")]


async def test_missing_object_is_told_and_alarmed(firm: Firm) -> None:
    lawyer, path = await a_file(firm)
    await firm.services.resources.store.delete(await object_of(firm, path))
    before = await firm.tables()
    for headers in ({}, {"Range": "bytes=0-9"}):
        answer = await lawyer.get(path, headers=headers)
        await refused(firm, before, answer, 500, "object_missing", events=DAMAGED)
    reason = await firm.eyes.fetchval("SELECT details ->> 'reason' FROM events WHERE type = 'file.damaged' LIMIT 1")
    assert reason == "missing"


@pytest.mark.parametrize("damage", ["a bit", "shorter", "longer", "empty"])
async def test_damaged_object_never_looks_whole(firm: Firm, damage: str) -> None:
    content = CONTENT * 30
    lawyer, path = await a_file(firm, content)
    wrong = {
        "a bit": content[:-1] + bytes([content[-1] ^ 1]), "shorter": content[:-1], "longer": content + b"x", "empty": b"",
    }[damage]  # fmt: skip
    await reseal(firm, await object_of(firm, path), wrong)
    before = await firm.tables()
    received = 0
    # In process an answer that breaks off comes as far as it came; its length tells that it is not whole.
    async with firm.http.stream(
        "GET", path, headers={"Authorization": f"Bearer {lawyer.token}", "X-Request-Id": "damaged"}
    ) as answer:
        announced = int(answer.headers.get("content-length", "0"))
        async for chunk in answer.aiter_raw():
            received += len(chunk)
    rows = await firm.eyes.fetch("SELECT type, outcome FROM events WHERE request_id = 'damaged' ORDER BY id")
    assert [tuple(row) for row in rows] == DAMAGED
    assert answer.status_code == 500 or received < announced
    assert await firm.tables() == before


async def test_many_readers_at_once_each_get_it_whole(firm: Firm) -> None:
    lawyer, path = await a_file(firm, CONTENT * 100)
    answers = await asyncio.gather(*(lawyer.get(path) for _ in range(24)))
    assert {hashlib.sha256(answer.content).hexdigest() for answer in answers} == {
        hashlib.sha256(CONTENT * 100).hexdigest()
    }
    for answer in answers:
        assert await firm.events(answer) == done("file.read")


async def test_reader_who_goes_away_ends_the_transfer(firm: Firm) -> None:
    lawyer, path = await a_file(firm, CONTENT * 3000)
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"", "more_body": False},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if len(messages) > 1 else messages[0]

    sent = await called(firm, lawyer, "GET", path, receive, "gone")
    assert sent[0]["status"] == 200
    assert sum(len(message.get("body", b"")) for message in sent) < len(CONTENT) * 300
    rows = await firm.eyes.fetch("SELECT type, outcome FROM events WHERE request_id = 'gone'")
    assert [tuple(row) for row in rows] == done("file.read")
