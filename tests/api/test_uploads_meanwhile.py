"""What changes while an upload is under way: access, state, other callers; judged anew before anything is kept."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tests.support.checks import refused
from tests.support.firm import Firm, Person, Refusal, done
from tests.support.papers import objects

PIECE = b"x" * 300_000


async def body(meanwhile: Callable[[], Awaitable[Any]]) -> AsyncIterator[bytes]:
    """Give a body with something happening in its middle."""
    yield PIECE
    await meanwhile()
    yield PIECE


async def an_entry(firm: Firm) -> tuple[Person, Person, dict[str, Any], str]:
    """Give a lead, an assistant of his team, the dossier and the path of an entry's files."""
    lead, assistant = await firm.person("lawyer"), await firm.person("assistant")
    dossier = await firm.dossier(
        lead, confidentiality="confidential", team=[{"user_id": str(assistant.id), "duty": "assistant"}]
    )
    entry = await firm.entry(lead, dossier["id"])
    return lead, assistant, dossier, f"/v1/entries/{entry['id']}/files"


async def test_uploader_who_is_taken_off_the_team_meanwhile_keeps_nothing(firm: Firm) -> None:
    lead, assistant, dossier, path = await an_entry(firm)
    stored, before = await objects(firm), dict[str, str]()

    async def take_off() -> None:
        nonlocal before
        changed = await lead.change(f"/v1/dossiers/{dossier['id']}/team", {"members": []}, "PUT")
        assert changed.status_code == 200
        before = await firm.tables()

    answer = await assistant.post(path, content=body(take_off))
    await refused(firm, before, answer, 404, "not_found", events=[Refusal])
    assert await objects(firm) == stored


async def test_dossier_that_is_submitted_meanwhile_takes_nothing(firm: Firm) -> None:
    lead, _, dossier, path = await an_entry(firm)
    stored, before = await objects(firm), dict[str, str]()

    async def submit() -> None:
        nonlocal before
        await firm.eyes.execute("UPDATE dossiers SET state = 'submitted'")
        before = await firm.tables()

    answer = await lead.post(path, content=body(submit))
    await refused(firm, before, answer, 409, "dossier_frozen")
    form = {
        "entry": (None, '{"title": "x", "category": "other", "original": "scan"}', "application/json"),
        "file": ("a", PIECE),
    }
    await refused(
        firm, before, await lead.post(f"/v1/dossiers/{dossier['id']}/documents", files=form), 409, "dossier_frozen"
    )
    assert await objects(firm) == stored


@pytest.mark.parametrize("amount", [24])
async def test_slow_uploads_keep_nobody_waiting(firm: Firm, amount: int) -> None:
    lead, assistant, dossier, path = await an_entry(firm)
    release = asyncio.Event()
    uploads = [asyncio.ensure_future(assistant.post(path, content=body(release.wait))) for _ in range(amount)]
    await asyncio.sleep(0.5)
    for _ in range(3):
        read = await asyncio.wait_for(lead.get(f"/v1/dossiers/{dossier['id']}"), 3)
        assert (read.status_code, await firm.events(read)) == (200, done("dossier.viewed"))
        made = await asyncio.wait_for(firm.client(lead), 3)
        assert made["id"]
    release.set()
    answers = await asyncio.gather(*uploads)
    assert {answer.status_code for answer in answers} == {201}
    assert sorted(answer.json()["version"] for answer in answers) == [*range(1, amount + 1)]
    for answer in answers:
        assert await firm.events(answer) == done("file.added")


async def test_same_upload_under_one_key_at_once_is_kept_once(firm: Firm) -> None:
    lead, _, _, path = await an_entry(firm)
    stored = await objects(firm)
    key = {"Idempotency-Key": "upload-1"}
    answers = await asyncio.gather(*(lead.post(path, content=PIECE, headers=key) for _ in range(6)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert sum(answer.status_code == 201 and "idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"idempotency_in_progress"}
    again = await lead.post(path, content=PIECE, headers=key)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert await firm.events(again) == []
    before = await firm.tables()
    for other in (PIECE + b"x", b""):
        await refused(firm, before, await lead.post(path, content=other, headers=key), 422, "idempotency_key_reused")
    assert await firm.eyes.fetchval("SELECT count(*) FROM files") == 1
    assert len(await objects(firm) - stored) == 1
