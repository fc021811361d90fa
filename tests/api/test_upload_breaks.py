"""Resumable uploads when lines break, requests race and stores fail: what was told is safe, and a file comes of it once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.errors import Unavailable
from app.uploads import pieces as cutting
from tests.support import tus
from tests.support.checks import refused
from tests.support.firm import Firm, Person, done
from tests.support.papers import objects
from tests.support.raw import called
from tests.support.stores import chunked
from tests.support.tus import an_entry, checksum, content_of

FINISHED = done("file.added", "upload.finished")
REJECTED = [("upload.rejected", "failed")]
ENDED = done("upload.ended")
CUTS = 15


@pytest.mark.parametrize("announced", [False, True])
async def test_what_arrived_before_a_break_is_kept_unless_it_was_to_be_checked(firm: Firm, announced: bool) -> None:
    lawyer, _, entry_id = await an_entry(firm)
    path, stored = await tus.begun(lawyer, entry_id, 1000), await tus.pieces(firm)
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"x" * 100, "more_body": True},
        {"type": "http.request", "body": b"y" * 100, "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if len(messages) > 1 else messages[0]

    headers = {**tus.TUS, "Upload-Offset": "0", "Content-Type": tus.BYTES, **(checksum(b"x") if announced else {})}
    sent = await called(firm, lawyer, "PATCH", path, receive, "broken-off", headers)
    assert sent[0]["status"] == 400
    rows = await firm.eyes.fetch("SELECT type, outcome, details FROM events WHERE request_id = 'broken-off'")
    if announced:
        assert [tuple(row) for row in rows] == [("upload.rejected", "failed", {"reason": "upload_aborted"})]
        assert (await tus.stand(lawyer, path), await tus.pieces(firm)) == (0, stored)
    else:
        assert [tuple(row) for row in rows] == [("upload.continued", "success", {"start": 0, "end": 200})]
        assert await tus.stand(lawyer, path) == 200
        last = await tus.send(lawyer, path, 200, b"z" * 800)
        content = await content_of(lawyer, last.headers["anjuan-file-id"])
        assert content == b"x" * 100 + b"y" * 100 + b"z" * 800


async def test_slow_line_keeps_what_came_while_it_still_comes(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    lawyer, _, entry_id = await an_entry(firm)
    monkeypatch.setattr(cutting, "PIECE_SECONDS", 0.05)
    path, release = await tus.begun(lawyer, entry_id, 8), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"1234"
        await release.wait()
        yield b"5678"

    sending = asyncio.ensure_future(tus.send(lawyer, path, 0, body()))
    while await tus.stand(lawyer, path) != 4:
        assert not sending.done()
        await asyncio.sleep(0.05)
    release.set()
    answer = await sending
    assert (answer.status_code, await firm.events(answer)) == (204, [*done("upload.continued"), *FINISHED])
    assert await content_of(lawyer, answer.headers["anjuan-file-id"]) == b"12345678"


async def test_pieces_are_cut_to_their_size(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    lawyer, _, entry_id = await an_entry(firm)
    monkeypatch.setattr(cutting, "PIECE_BYTES", 1000)
    content = bytes(range(256)) * 40
    path = await tus.begun(lawyer, entry_id, len(content) + 1)
    answer = await tus.send(lawyer, path, 0, content)
    assert await firm.events(answer) == done(*["upload.continued"] * 11)
    assert await tus.kept(firm) == [(1000 * n, min(1000, len(content) - 1000 * n)) for n in range(11)]
    last = await tus.send(lawyer, path, len(content), b"x")
    assert await content_of(lawyer, last.headers["anjuan-file-id"]) == content + b"x"


async def test_of_two_at_once_one_goes_on(firm: Firm) -> None:
    lawyer, _, entry_id = await an_entry(firm)
    path, stored = await tus.begun(lawyer, entry_id, 8), await tus.pieces(firm)
    contents = [bytes([65 + n]) * 4 for n in range(5)]
    answers = await asyncio.gather(*(tus.send(lawyer, path, 0, content) for content in contents))
    won = [content for content, answer in zip(contents, answers, strict=True) if answer.status_code == 204]
    lost = [answer for answer in answers if answer.status_code != 204]
    assert (len(won), {answer.json()["code"] for answer in lost}) == (1, {"offset_conflict"})
    assert len(await tus.pieces(firm) - stored) == 1
    for answer in lost:
        assert await firm.events(answer) in ([], REJECTED)
    assert await tus.stand(lawyer, path) == 4
    answers = await asyncio.gather(*(tus.send(lawyer, path, 4, b"tail") for _ in range(5)))
    assert sum(answer.status_code == 204 for answer in answers) == 1
    assert {answer.json()["code"] for answer in answers if answer.content} <= {"offset_conflict", "upload_busy"}
    assert await tus.pieces(firm) == stored
    assert await firm.eyes.fetchval("SELECT count(*) FROM files") == 1
    head = await lawyer.request("HEAD", path, headers=tus.TUS)
    assert await content_of(lawyer, head.headers["anjuan-file-id"]) == won[0] + b"tail"


async def test_file_made_by_another_process_meanwhile_is_one_file(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    lawyer, _, entry_id = await an_entry(firm)
    path = await tus.begun(lawyer, entry_id, 8)
    await tus.send(lawyer, path, 0, b"1234")
    stored, uploads = await objects(firm), firm.services.uploads
    real, gate = uploads._files.add_within, asyncio.Event()
    waiting = 0

    async def add_within(*args: Any) -> Any:
        nonlocal waiting
        waiting += 1
        if waiting == 2:
            gate.set()
        await gate.wait()
        return await real(*args)

    monkeypatch.setattr(uploads._files, "add_within", add_within)
    monkeypatch.setattr(uploads, "_finishing", _Forgetful())  # as if each request were in a process of its own
    answers = await asyncio.gather(*(tus.send(lawyer, path, 4, b"5678") for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [204, 409]
    assert await firm.eyes.fetchval("SELECT count(*) FROM files") == 1
    assert len(await objects(firm) - stored) == 1
    assert await firm.eyes.fetchval("SELECT state FROM uploads") == "finished"


class _Forgetful(set[Any]):
    """A set that holds nothing."""

    def __contains__(self, _: object) -> bool:
        return False


async def test_last_byte_is_acknowledged_only_with_the_file(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    lawyer, _, entry_id = await an_entry(firm)
    path = await tus.begun(lawyer, entry_id, 8)
    await tus.send(lawyer, path, 0, b"1234")
    stored, kept, before = await objects(firm), await tus.pieces(firm), await firm.tables()
    store = firm.services.resources.store
    real = store.put

    async def put(key: str, *more: Any) -> Any:
        if key.startswith("files/"):
            raise Unavailable("down for a moment")
        return await real(key, *more)

    with monkeypatch.context() as patched:
        patched.setattr(store, "put", put)
        answer = await tus.send(lawyer, path, 4, b"5678")
    problem = await refused(firm, before, answer, 503, events=[("file.rejected", "failed")])
    assert (problem["code"], answer.headers["retry-after"]) == ("unavailable", "2")
    assert (await objects(firm), await tus.pieces(firm)) == (stored, kept)
    assert await tus.stand(lawyer, path) == 4
    assert (await tus.send(lawyer, path, 4, b"5678")).status_code == 204
    assert await tus.kept(firm) == []


@pytest.mark.parametrize("damage", ["other bytes", "missing"])
async def test_damaged_piece_ends_the_upload(firm: Firm, damage: str) -> None:
    lawyer, _, entry_id = await an_entry(firm)
    path = await tus.begun(lawyer, entry_id, 8)
    stored, store = await tus.pieces(firm), firm.services.resources.store
    await tus.send(lawyer, path, 0, b"1234")
    key = await firm.eyes.fetchval("SELECT object_key FROM upload_pieces")
    owner = await store.owner(key)
    await store.delete(key)
    if damage == "other bytes":
        await store.put(key, chunked(b"????"), 4, owner)
    answer = await tus.send(lawyer, path, 4, b"5678")
    assert (answer.status_code, answer.json()["code"]) == (500, "upload_damaged")
    assert await firm.events(answer) == [("file.rejected", "failed"), *ENDED]
    assert await tus.pieces(firm) == stored
    assert await firm.eyes.fetchval("SELECT count(*) FROM files") == 0


@pytest.fixture
async def place(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> tuple[Firm, Person, str]:
    """A firm whose pieces are small, a lawyer, and an entry of his."""
    monkeypatch.setattr(cutting, "PIECE_BYTES", 64)
    lawyer, _, entry_id = await an_entry(firm)
    return firm, lawyer, entry_id


@settings(max_examples=CUTS, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(min_size=1, max_size=400),
    cuts=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 100), st.booleans()), max_size=5),
)
async def test_any_cutting_gives_the_same_bytes(
    place: tuple[Firm, Person, str], content: bytes, cuts: list[tuple[int, int, bool]]
) -> None:
    firm, lawyer, entry_id = place
    path, stored, at = await tus.begun(lawyer, entry_id, len(content)), await tus.pieces(firm), 0
    for size, step, announced in [*cuts, (len(content), len(content), False)]:
        part = content[at : at + size]

        async def body(part: bytes = part, step: int = step) -> AsyncIterator[bytes]:
            for begin in range(0, len(part), step):
                yield part[begin : begin + step]

        answer = await tus.send(lawyer, path, at, body(), **(checksum(part) if announced else {}))
        at += len(part)
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(at))
        if at < len(content):
            assert await tus.stand(lawyer, path) == at
    assert await content_of(lawyer, answer.headers["anjuan-file-id"]) == content
    assert await tus.pieces(firm) == stored


async def test_right_that_goes_while_the_last_bytes_come_ends_the_upload(firm: Firm) -> None:
    lead, dossier, entry_id = await an_entry(firm)
    assistant = await firm.person("assistant")
    members = {"members": [{"user_id": str(assistant.id), "duty": "assistant"}]}
    await lead.change(f"/v1/dossiers/{dossier['id']}/team", members, "PUT")
    path = await tus.begun(assistant, entry_id, 8)
    stored = await tus.pieces(firm), await objects(firm)

    async def body() -> AsyncIterator[bytes]:
        yield b"1234"
        await lead.change(f"/v1/dossiers/{dossier['id']}/team", {"members": []}, "PUT")
        yield b"5678"

    answer = await tus.send(assistant, path, 0, body())
    assert answer.status_code == 403, answer.text
    assert await firm.events(answer) == [("access.denied", "denied"), *ENDED]
    assert (await tus.pieces(firm), await objects(firm)) == stored
    assert await firm.eyes.fetchval("SELECT end_reason FROM uploads") == "forbidden"


async def test_frozen_dossier_takes_nothing_more(firm: Firm) -> None:
    lawyer, dossier, entry_id = await an_entry(firm)
    path, other = await tus.begun(lawyer, entry_id, 8), await tus.begun(lawyer, entry_id, 8)
    await tus.send(lawyer, path, 0, b"1234")
    stored = await tus.pieces(firm), await objects(firm)

    async def freeze(state: str) -> None:
        await firm.eyes.execute("UPDATE dossiers SET state = $2 WHERE id = $1", dossier["id"], state)

    await freeze("submitted")
    before = await firm.tables()
    await refused(firm, before, await tus.send(lawyer, path, 4, b"5678"), 409, "dossier_frozen")
    await refused(firm, before, await tus.begin(lawyer, entry_id, 8), 409, "dossier_frozen")
    assert await tus.stand(lawyer, path) == 4
    await freeze("returned")
    assert (await tus.send(lawyer, path, 4, b"56")).status_code == 204

    async def body() -> AsyncIterator[bytes]:
        yield b"1234567"
        await freeze("submitted")
        yield b"8"

    answer = await tus.send(lawyer, other, 0, body())
    assert (answer.status_code, answer.json()["code"]) == (409, "dossier_frozen")
    assert await firm.events(answer) == ENDED
    assert (await firm.event(answer))["details"] == {"reason": "dossier_frozen"}
    assert await objects(firm) == stored[1]
    assert (await lawyer.request("DELETE", path, headers=tus.TUS)).status_code == 204
    assert not await tus.pieces(firm) & stored[0] - await tus.pieces(firm)
