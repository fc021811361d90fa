"""Verification of originals (核对原件) over HTTP: who saw which document, and its scan, which is kept once for ever."""

import asyncio
import hashlib
from typing import Any

import pytest

from tests.support.checks import refused
from tests.support.firm import Firm, Person, Refusal, done
from tests.support.papers import PNG, objects

ABSENT = "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"
SEEN = {
    "document_type": "营业执照",
    "document_number": "京字第1234567号",
    "original_seen": True,
    "verified_on": "2026-03-01",
    "remarks": "原件已退",
}


async def verified(firm: Firm, by: Person, client: dict[str, Any]) -> dict[str, Any]:
    """Record a verification."""
    made = await by.post(f"/v1/clients/{client['id']}/verifications", SEEN)
    assert made.status_code == 201, made.text
    assert await firm.events(made) == done("client.verified")
    found: dict[str, Any] = made.json()
    return found


def copy_of(client: dict[str, Any], verification: dict[str, Any]) -> str:
    """Give the path of a verification's scan."""
    return f"/v1/clients/{client['id']}/verifications/{verification['id']}/copy"


async def test_verification_says_who_saw_what(firm: Firm) -> None:
    archivist, lawyer = await firm.person("archivist"), await firm.person("lawyer")
    client = await firm.client(archivist)
    made = await verified(firm, archivist, client)
    assert made["verified_by"] == {"id": str(archivist.id), "display_name": archivist.name}
    assert (made["client_id"], made["scan"], made["original_seen"]) == (client["id"], None, True)
    assert made["document_number"] == SEEN["document_number"]
    listed = await archivist.get(f"/v1/clients/{client['id']}/verifications")
    assert listed.json() == {"items": [made], "next": None}
    assert await firm.events(listed) == done("client.verifications_listed")
    assert (await firm.event(listed))["details"]["returned"] == [made["id"]]
    # Who does not work for the client sees the number's ends only.
    masked = (await lawyer.get(f"/v1/clients/{client['id']}/verifications")).json()["items"]
    assert [item["document_number"] for item in masked] == ["京字第1*****7号"]


async def test_scan_is_kept_and_read_whole(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer)
    await firm.dossier(lawyer, client_ids=[client["id"]])
    verification = await verified(firm, lawyer, client)
    put = await lawyer.put(
        copy_of(client, verification),
        content=PNG,
        headers={"Content-Disposition": "attachment; filename*=UTF-8''%E8%90%A5.png"},
    )
    assert put.status_code == 200, put.text
    digest = hashlib.sha256(PNG).hexdigest()
    assert put.json()["scan"] == {
        "original_name": "营.png",
        "media_type": "image/png",
        "size": len(PNG),
        "sha256": digest,
    }
    assert await firm.events(put) == done("client.copy_added")
    read = await lawyer.get(copy_of(client, verification))
    assert (read.content, read.headers["etag"], read.headers["content-type"]) == (PNG, f'"{digest}"', "image/png")
    assert await firm.events(read) == done("client.copy_read")
    before, stored = await firm.tables(), await objects(firm)
    again = await lawyer.put(copy_of(client, verification), content=b"another")
    await refused(firm, before, again, 409, "conflict")
    assert await objects(firm) == stored


async def test_of_two_scans_at_once_one_is_kept(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer)
    await firm.dossier(lawyer, client_ids=[client["id"]])
    verification, stored = await verified(firm, lawyer, client), await objects(firm)
    path = copy_of(client, verification)
    answers = await asyncio.gather(*(lawyer.put(path, content=f"scan {n}".encode()) for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    for answer in answers:
        assert await firm.events(answer) == (done("client.copy_added") if answer.status_code == 200 else [])
    kept = next(answer.json()["scan"]["sha256"] for answer in answers if answer.status_code == 200)
    assert hashlib.sha256((await lawyer.get(path)).content).hexdigest() == kept
    assert len(await objects(firm) - stored) == 1


async def test_scan_is_for_those_who_see_identifiers_whole(firm: Firm) -> None:
    lawyer, colleague = await firm.person("lawyer"), await firm.person("lawyer")
    archivist = await firm.person("archivist")
    client = await firm.client(lawyer)
    await firm.dossier(lawyer, client_ids=[client["id"]])
    verification = await verified(firm, lawyer, client)
    before = await firm.tables()
    missing = await lawyer.get(copy_of(client, verification))
    await refused(firm, before, missing, 404, "not_found")
    assert (await firm.event(missing))["details"]["rule"] == "no_copy"
    await lawyer.put(copy_of(client, verification), content=PNG)
    before = await firm.tables()
    masked = await colleague.get(copy_of(client, verification))
    await refused(firm, before, masked, 403, "forbidden")
    assert (await firm.event(masked))["details"]["rule"] == "identifiers_masked"
    assert (await archivist.get(copy_of(client, verification))).content == PNG


async def test_verification_of_another_client_is_not_there(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    one, other = await firm.client(lawyer), await firm.client(lawyer)
    await firm.dossier(lawyer, client_ids=[one["id"], other["id"]])
    verification, stored = await verified(firm, lawyer, one), await objects(firm)
    before = await firm.tables()
    for path in (copy_of(other, verification), copy_of(one, {"id": ABSENT}), copy_of({"id": ABSENT}, verification)):
        await refused(firm, before, await lawyer.put(path, content=PNG), 404)
        await refused(firm, before, await lawyer.get(path), 404)
    absent = f"/v1/clients/{ABSENT}/verifications"
    await refused(firm, before, await lawyer.post(absent, SEEN), 404)
    await refused(firm, before, await lawyer.get(absent), 404)
    assert await objects(firm) == stored


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"x" * (32 * 1024 * 1024 + 1), {}, 413, "too_large"),
        (PNG, {"Repr-Digest": "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"}, 422, "digest_mismatch"),
        (PNG, {"Content-Length": "500"}, 400, "body_length_mismatch"),
    ],
)  # fmt: skip
async def test_scan_that_can_not_be_kept(
    firm: Firm, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer)
    verification, stored = await verified(firm, lawyer, client), await objects(firm)
    before = await firm.tables()
    answer = await lawyer.put(copy_of(client, verification), content=content, headers=headers)
    await refused(firm, before, answer, status, code, events=[("client.copy_rejected", "failed")])
    assert (await firm.event(answer))["details"] == {"reason": code}
    assert await objects(firm) == stored
    assert (await lawyer.put(copy_of(client, verification), content=PNG)).status_code == 200


async def test_verifying_is_for_those_who_work_with_clients(firm: Firm) -> None:
    lawyer, finance = await firm.person("lawyer"), await firm.person("finance")
    client = await firm.client(lawyer)
    before = await firm.tables()
    answer = await finance.post(f"/v1/clients/{client['id']}/verifications", SEEN)
    assert await firm.events(answer) == [Refusal]
    await refused(firm, before, answer, 404)
