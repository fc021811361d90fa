"""Concurrent changes and repeated requests: If-Match, If-None-Match, Idempotency-Key."""

import asyncio
from typing import Any

import asyncpg
import pytest

from app.core.errors import Unavailable
from app.events import recorder
from tests.support.databases import TestDatabase
from tests.support.firm import Firm, Person, done

CLIENT = {"kind": "organization", "name": "北京示例科技有限公司"}


def key(value: str = "retry-1") -> dict[str, Any]:
    """Give the options that carry an Idempotency-Key."""
    return {"headers": {"Idempotency-Key": value}}


async def test_change_needs_the_tag_of_what_was_read(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer)
    path = f"/v1/clients/{client['id']}"
    tag = (await lawyer.get(path)).headers["etag"]
    assert tag.startswith('"')
    before = await firm.tables()
    for header, status, code in (
        (None, 428, "precondition_required"), ("", 412, "precondition_failed"), ('"stale"', 412, "precondition_failed"),
        (f"W/{tag}", 412, "precondition_failed"), (tag.strip('"'), 412, "precondition_failed"),
    ):  # fmt: skip
        headers = {} if header is None else {"If-Match": header}
        refused = await lawyer.patch(path, {"remarks": "x"}, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
        assert await firm.events(refused) == []
    assert await firm.tables() == before
    for form in ("{}", "*", '"other", {}'):
        header = form.format(tag)
        changed = await lawyer.patch(path, {"remarks": header}, headers={"If-Match": header})
        assert changed.status_code == 200, changed.text
        assert await firm.events(changed) == done("client.changed")
        assert changed.headers["etag"] != tag
        tag = changed.headers["etag"]
    assert (await lawyer.get(path)).headers["etag"] == tag


async def test_of_changes_made_at_once_from_one_reading_one_wins(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    path = f"/v1/clients/{(await firm.client(lawyer))['id']}"
    tag = {"If-Match": (await lawyer.get(path)).headers["etag"]}
    answers = await asyncio.gather(*(lawyer.patch(path, {"remarks": f"第{n}次"}, headers=tag) for n in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 7]


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
async def test_reading_again_what_one_has_is_recorded_and_sends_nothing(firm: Firm, form: str) -> None:
    lawyer = await firm.person("lawyer")
    path = f"/v1/clients/{(await firm.client(lawyer))['id']}"
    tag = (await lawyer.get(path)).headers["etag"]
    again = await lawyer.get(path, headers={"If-None-Match": form.format(tag)})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert await firm.events(again) == done("client.viewed")
    other = await lawyer.get(path, headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.headers["etag"]) == (200, tag)


async def test_repeated_request_gets_the_first_answer(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    first = await lawyer.post("/v1/clients", CLIENT, **key())
    assert "idempotency-replayed" not in first.headers
    assert await firm.events(first) == done("client.created")
    before = await firm.tables()
    for _ in range(2):
        again = await lawyer.post("/v1/clients", CLIENT, **key())
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["idempotency-replayed"] == "true"
        for header in ("etag", "location", "content-type"):
            assert again.headers[header] == first.headers[header]
        assert await firm.events(again) == []
    assert await firm.tables() == before


async def test_key_belongs_to_one_request(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    await lawyer.post("/v1/clients", CLIENT, **key())
    client = await firm.client(lawyer)
    before = await firm.tables()
    others = [
        await lawyer.post("/v1/clients", CLIENT | {"name": "上海示例贸易有限公司"}, **key()),
        await lawyer.post("/v1/clients?x=1", CLIENT, **key()),
        await lawyer.post(
            f"/v1/clients/{client['id']}/verifications",
            {"document_type": "营业执照", "original_seen": True, "verified_on": "2026-03-01"}, **key(),
        ),
    ]  # fmt: skip
    for answer in others:
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
        assert await firm.events(answer) == []
    assert await firm.tables() == before


async def test_key_belongs_to_one_actor(firm: Firm) -> None:
    one, other = await firm.person("lawyer"), await firm.person("lawyer")
    answers = [await person.post("/v1/clients", CLIENT, **key()) for person in (one, other)]
    assert len({answer.json()["id"] for answer in answers}) == 2
    for answer in answers:
        assert await firm.events(answer) == done("client.created")
        assert "idempotency-replayed" not in answer.headers


async def test_same_key_at_once_acts_once(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    answers = await asyncio.gather(*(lawyer.post("/v1/clients", CLIENT, **key()) for _ in range(12)))
    acted = [answer for answer in answers if await firm.events(answer) == done("client.created")]
    assert len(acted) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "idempotency_in_progress"
            assert int(answer.headers["retry-after"]) >= 1
        else:
            assert (answer.status_code, answer.content) == (201, acted[0].content)
        assert answer is acted[0] or await firm.events(answer) == []
    assert await firm.eyes.fetchval("SELECT count(*) FROM clients") == 1


async def test_key_in_use_is_in_progress(firm: Firm, database: TestDatabase) -> None:
    lawyer = await firm.person("lawyer")
    holder = await asyncpg.connect(database.app_url)
    try:
        await holder.execute("BEGIN")
        await holder.fetchval("SELECT pg_advisory_xact_lock(hashtextextended($1, 7))", f"{lawyer.id}:retry-1")
        before = await firm.tables()
        running = await lawyer.post("/v1/clients", CLIENT, **key())
        assert (running.status_code, running.json()["code"]) == (409, "idempotency_in_progress")
        assert running.headers["retry-after"] == "1"
        assert await firm.events(running) == []
        assert await firm.tables() == before
    finally:
        await holder.close()
    assert (await lawyer.post("/v1/clients", CLIENT, **key())).status_code == 201


@pytest.mark.parametrize("value", ["", "a b", "a\tb", "é", "x" * 256, "\x7f"])
async def test_ill_formed_key_is_refused(firm: Firm, value: str) -> None:
    lawyer = await firm.person("lawyer")
    before = await firm.tables()
    headers = {"idempotency-key": value.encode("latin-1"), "authorization": f"Bearer {lawyer.token}".encode()}
    answer = await firm.http.post("/v1/clients", json=CLIENT, headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert await firm.events(answer) == []
    assert await firm.tables() == before


@pytest.mark.parametrize("value", ["!", "x" * 255, "~'\"{}%s\\"])
async def test_key_of_any_visible_characters_is_taken(firm: Firm, value: str) -> None:
    lawyer = await firm.person("lawyer")
    first = await lawyer.post("/v1/clients", CLIENT, **key(value))
    again = await lawyer.post("/v1/clients", CLIENT, **key(value))
    assert (first.status_code, again.headers["idempotency-replayed"]) == (201, "true")


async def opened(lawyer: Person, client_id: str) -> Any:
    """Open a dossier under a key."""
    body = {"client_ids": [client_id], "matter_type": "civil", "cause": "借款", "lead_lawyer_id": str(lawyer.id)}
    return await lawyer.post("/v1/dossiers", body, **key())


async def test_failed_act_leaves_the_key_free(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer)
    before = await firm.tables()

    async def broken(*_: object) -> None:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(recorder, "write", broken)
        failed = await opened(lawyer, client["id"])
    assert failed.status_code == 503
    assert "retry-after" in failed.headers
    assert await firm.events(failed) == []
    assert await firm.tables() == before
    done_now = await opened(lawyer, client["id"])
    assert (done_now.status_code, "idempotency-replayed" in done_now.headers) == (201, False)
    assert done_now.json()["number"].endswith("-0001")
    assert await firm.events(done_now) == done("dossier.opened")


async def test_refused_act_leaves_the_key_free(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    refused = await opened(lawyer, "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11")
    assert refused.status_code in {404, 422}
    client = await firm.client(lawyer)
    assert (await opened(lawyer, client["id"])).status_code == 201


async def test_what_is_kept_under_a_key_tells_no_password(firm: Firm) -> None:
    """A digest of the body that anybody could compute would let the database's readers guess at passwords."""
    admin = await firm.person("system_admin")
    body = {"username": "wang.li", "display_name": "王丽", "password": "correct horse battery staple"}
    kept = []
    for name in ("one", "two"):
        await admin.post("/v1/users", body | {"username": name}, **key(name))
        kept.append(await firm.eyes.fetchrow("SELECT * FROM idempotency_keys WHERE key = $1", name))
    assert all("correct horse" not in str(row) for row in kept)
    digest = await firm.eyes.fetchval(
        "SELECT count(*) FROM idempotency_keys WHERE fingerprint = sha256(convert_to($1, 'UTF8'))",
        'POST /v1/users?\n{"username":"one","display_name":"王丽","password":"correct horse battery staple"}',
    )
    assert digest == 0
