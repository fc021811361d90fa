"""What clients are told of their data and agree to, over HTTP: added, withdrawn once, shown as far as one may know."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.core.clock import today
from tests.support.checks import everything, pointers, refused
from tests.support.firm import Firm, Person, done
from tests.support.papers import PNG, objects

TOLD = {
    "given_on": "2026-03-01", "form": "written", "text_reference": "个人信息处理告知书 2026-01 版",
    "retention_told": "结案后三十年", "contact_told": "本所档案室", "remarks": None,
}  # fmt: skip
AGREED: dict[str, Any] = {
    "kind": "sensitive", "covers": {"text": "为医疗损害纠纷使用病历", "purposes": ["起诉", "鉴定"]},
    "sensitive_categories": ["medical"], "given_on": "2026-03-01", "given_by": "self", "paper_reference": "同意书 2026-017",
    "remarks": "原件在卷",
}  # fmt: skip
GUARDED = {"sensitive_categories": ["medical", "under_14"], "given_by": "guardian", "guardian_name": "李四"}


async def agreed(firm: Firm, by: Person, client: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Record a consent as somebody."""
    made = await by.post(f"/v1/clients/{client['id']}/consents", AGREED | fields)
    assert made.status_code == 201, made.text
    assert await firm.events(made) == done("client.consent_given")
    found: dict[str, Any] = made.json()
    return found


async def withdrawn(by: Person, consent: dict[str, Any], **fields: Any) -> httpx.Response:
    """Withdraw a consent; give the answer."""
    return await by.post(f"/v1/consents/{consent['id']}/withdrawal", {"on": "2026-06-01", **fields})


async def test_notices_say_what_was_told(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer)
    path = f"/v1/clients/{client['id']}/notices"
    made = await lawyer.post(path, TOLD)
    assert (made.status_code, made.headers["location"]) == (201, path)
    assert await firm.events(made) == done("client.notice_given")
    himself = {"id": str(lawyer.id), "display_name": lawyer.name}
    told = made.json()
    assert {name: told[name] for name in TOLD} == TOLD
    assert (told["client_id"], told["lacks"], told["recorded_by"]) == (client["id"], [], himself)
    assert (await firm.event(made))["details"]["new"] == told
    short = (await lawyer.post(path, {name: TOLD[name] for name in ("given_on", "form", "text_reference")})).json()
    assert short["lacks"] == ["retention", "contact"]
    listed = await lawyer.get(path)
    assert listed.json() == {"items": [told, short], "next": None}
    assert await firm.events(listed) == done("client.notices_listed")
    assert (await firm.event(listed))["details"] == {"returned": [told["id"], short["id"]]}


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        ({"given_on": (today() + timedelta(days=1)).isoformat()}, "/body/given_on"), ({"form": "post"}, "/body/form"),
        ({"text_reference": " "}, "/body/text_reference"), ({"client_id": "x"}, "/body/client_id"),
    ],
)  # fmt: skip
async def test_notice_must_hold(firm: Firm, field: dict[str, Any], pointer: str) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer)
    before = await firm.tables()
    problem = await refused(firm, before, await lawyer.post(f"/v1/clients/{client['id']}/notices", TOLD | field), 422)
    assert [where for where, _ in pointers(problem)] == [pointer]


async def test_consent_tells_what_it_covers_and_whether_it_holds(firm: Firm) -> None:
    archivist = await firm.person("archivist")
    client = await firm.client(archivist, "王小明", kind="person")
    yesterday, day = (today() - timedelta(days=1)).isoformat(), today().isoformat()
    plain = await agreed(firm, archivist, client)
    assert {name: plain[name] for name in AGREED} == AGREED
    assert (plain["in_force"], plain["masked"], plain["scan"], plain["withdrawn_on"]) == (True, False, None, None)
    ended = await agreed(firm, archivist, client, valid_until=yesterday)
    last_day = await agreed(firm, archivist, client, valid_until=day, **GUARDED)
    assert last_day["guardian_name"] == "李四"
    taken_back = await agreed(firm, archivist, client, kind="export")
    assert (await withdrawn(archivist, taken_back)).status_code == 200
    listed = await archivist.get(f"/v1/clients/{client['id']}/consents")
    assert await firm.events(listed) == done("client.consents_listed")
    told = {item["id"]: item["in_force"] for item in listed.json()["items"]}
    assert told == {plain["id"]: True, ended["id"]: False, last_day["id"]: True, taken_back["id"]: False}


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        ({"kind": "all"}, "/body/kind"), ({"covers": {"text": "x", "purposes": []}}, "/body/covers/purposes"),
        ({"sensitive_categories": []}, "/body"), ({"sensitive_categories": ["medical", "medical"]}, "/body"),
        ({"sensitive_categories": ["under_14"]}, "/body"), ({"given_by": "guardian"}, "/body"),
        ({"guardian_name": "李四"}, "/body"), ({"valid_until": "2026-02-28"}, "/body"),
        ({"given_on": (today() + timedelta(days=1)).isoformat()}, "/body/given_on"), ({"withdrawn_on": "2026-03-02"}, "/body/withdrawn_on"),
    ],
)  # fmt: skip
async def test_consent_must_hold(firm: Firm, field: dict[str, Any], pointer: str) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer)
    before = await firm.tables()
    answer = await lawyer.post(f"/v1/clients/{client['id']}/consents", AGREED | field)
    assert [where for where, _ in pointers(await refused(firm, before, answer, 422))] == [pointer]


async def test_consent_is_withdrawn_once(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer)
    await firm.dossier(lawyer, client_ids=[client["id"]])
    consent = await agreed(firm, lawyer, client)
    before = await firm.tables()
    tomorrow = (today() + timedelta(days=1)).isoformat()
    for day, code in (("2026-02-28", "too_early"), (tomorrow, "value_error")):
        problem = await refused(firm, before, await withdrawn(lawyer, consent, on=day), 422)
        assert pointers(problem) == [("/body/on", code)]
    answers = await asyncio.gather(*(withdrawn(lawyer, consent, reason=f"第 {n} 次") for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    for answer in answers:
        won = answer.status_code == 200
        assert await firm.events(answer) == (done("client.consent_withdrawn") if won else [])
        assert won or answer.json()["code"] == "consent_withdrawn"
    made = next(answer for answer in answers if answer.status_code == 200)
    assert (made.json()["withdrawn_on"], made.json()["withdrawn_by"]["id"]) == ("2026-06-01", str(lawyer.id))
    event = await firm.event(made)
    assert event["details"] == {
        "consent_id": consent["id"], "on": "2026-06-01", "reason": made.json()["withdrawal_reason"],
    }  # fmt: skip
    assert str(event["subject_id"]) == client["id"]


async def test_what_is_covered_is_for_those_who_see_identifiers_whole(firm: Firm) -> None:
    lawyer, colleague, archivist = [await firm.person(role) for role in ("lawyer", "lawyer", "archivist")]
    client = await firm.client(lawyer)
    await firm.dossier(lawyer, client_ids=[client["id"]])
    consent = await agreed(firm, lawyer, client, **GUARDED)
    for person, whole in ((lawyer, True), (archivist, True), (colleague, False)):
        answer = await person.get(f"/v1/clients/{client['id']}/consents")
        shown = answer.json()["items"][0]
        hidden = ("covers", "sensitive_categories", "guardian_name", "remarks", "withdrawal_reason")
        assert shown == (consent if whole else {**consent, **dict.fromkeys(hidden), "masked": True})
        assert (await firm.event(answer))["details"]["whole"] == whole


async def test_scan_of_a_consent_is_kept_once_and_read_whole(firm: Firm) -> None:
    lawyer, colleague = await firm.person("lawyer"), await firm.person("lawyer")
    client = await firm.client(lawyer)
    await firm.dossier(lawyer, client_ids=[client["id"]])
    consent, stored = await agreed(firm, lawyer, client), await objects(firm)
    path = f"/v1/consents/{consent['id']}/copy"
    missing = await lawyer.get(path)
    await refused(firm, await firm.tables(), missing, 404)
    answers = await asyncio.gather(*(lawyer.put(path, content=PNG) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    for answer in answers:
        assert await firm.events(answer) == (done("client.consent_copy_added") if answer.status_code == 200 else [])
    kept = await objects(firm) - stored
    assert len(kept) == 1
    digest = hashlib.sha256(PNG).hexdigest()
    listed = (await lawyer.get(f"/v1/clients/{client['id']}/consents")).json()["items"]
    assert listed[0]["scan"]["sha256"] == digest
    read = await lawyer.get(path)
    assert (read.content, read.headers["etag"]) == (PNG, f'"{digest}"')
    assert await firm.events(read) == done("client.consent_copy_read")
    before = await firm.tables()
    await refused(firm, before, await colleague.get(path), 403)
    # The sweep of objects that nothing refers to leaves it alone.
    assert await firm.services.verifications.keeper.known_keys([*kept]) == kept


async def test_scan_of_a_consent_that_can_not_be_kept(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer)
    consent, stored = await agreed(firm, lawyer, client), await objects(firm)
    before = await firm.tables()
    wrong = {"Repr-Digest": "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"}
    answer = await lawyer.put(f"/v1/consents/{consent['id']}/copy", content=PNG, headers=wrong)
    await refused(
        firm, before, answer, 422, "digest_mismatch", events=[("client.consent_copy_rejected", "failed")]
    )  # fmt: skip
    assert await objects(firm) == stored


async def test_consents_of_hidden_clients_are_not_there(firm: Firm) -> None:
    lawyer, other, director = [await firm.person(role) for role in ("lawyer", "lawyer", "director")]
    keeper = await firm.person("security_admin")
    client = await firm.client(lawyer, "甲客户")
    await firm.dossier(lawyer, client_ids=[client["id"]], confidentiality="confidential")
    consent = await agreed(firm, lawyer, client)
    assert (await lawyer.put(f"/v1/consents/{consent['id']}/copy", content=PNG)).status_code == 200
    wall = {"name": "x", "reason": "x", "client_ids": [client["id"]], "excluded_user_ids": [str(director.id)]}
    assert (await director.get(f"/v1/consents/{consent['id']}/copy")).status_code == 200
    assert (await keeper.post("/v1/walls", wall)).status_code == 201
    before = await firm.tables()
    for person in (other, director):
        for consent_id in (consent["id"], str(uuid4())):
            path = f"/v1/consents/{consent_id}"
            for answer in (
                await person.post(f"{path}/withdrawal", {"on": "2026-06-01"}), await person.get(f"{path}/copy"),
                await person.put(f"{path}/copy", content=PNG),
            ):  # fmt: skip
                await refused(firm, before, answer, 404)
                event = await firm.event(answer)
                assert (event["subject_label"], event["details"]["rule"]) == (None, "not_visible")
        for name in ("consents", "notices"):
            await refused(firm, before, await person.get(f"/v1/clients/{client['id']}/{name}"), 404)
        assert "甲客户" not in str(await everything(person, "/v1/events?limit=200"))
