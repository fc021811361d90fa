"""Handing a dossier in: what it takes, what freezes, and the decisions that filing waits for."""

from typing import Any

import pytest

from tests.support.checks import pointers, refused
from tests.support.firm import Firm, done
from tests.support.matter import SUBMISSION, Matter, matter


async def late(firm: Firm) -> Matter:
    """Give a matter whose deadline has passed."""
    case = await matter(firm)
    await case.close(closed_on="2026-06-30")
    return case


async def test_a_dossier_is_handed_in(firm: Firm) -> None:
    case = await matter(firm)
    await case.close()
    handed = await case.submit(note="共一册")
    assert handed.status_code == 201, handed.text
    told = handed.json()
    assert handed.headers["location"] == f"{case.path}/submissions/1"
    assert (told["round"], told["state"], told["proposed_retention"]) == (1, "pending", "D30")
    assert told["compiler"]["id"] == told["submitted_by"]["id"] == str(case.lead.id)
    assert (told["due_on"], told["late_reason"], told["confirmed_retention"]) == ("2027-02-20", None, None)
    assert await firm.events(handed) == done("dossier.submitted")
    details = (await firm.event(handed))["details"]
    assert (details["was"], details["round"], details["retention"], details["late"]) == ("open", 1, "D30", False)
    assert await case.state() == "submitted"
    read = await case.archivist.get(f"{case.path}/submissions/1")
    assert read.json() == told
    assert await firm.events(read) == done("submission.viewed")
    listed = await case.archivist.get(f"{case.path}/submissions")
    assert listed.json()["items"] == [told]
    assert await firm.events(listed) == done("submission.listed")


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"retention": "D99"}, "/body/retention", "unknown_retention"),
        ({"compiler_id": "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"}, "/body/compiler_id", "not_on_team"),
        ({"declared_entries": 1}, "/body/declared_entries", "count_differs"),
        ({"declared_pages": 99}, "/body/declared_pages", "count_differs"),
        ({"retention_reason": ""}, "/body/retention_reason", "string_too_short"),
    ],
)
async def test_what_does_not_fit_is_named(firm: Firm, fields: dict[str, Any], pointer: str, code: str) -> None:
    case = await matter(firm)
    await case.close()
    before = await firm.tables()
    problem = await refused(firm, before, await case.submit(**fields), 422, "invalid")
    assert pointers(problem) == [(pointer, code)]


async def test_an_open_matter_is_not_handed_in(firm: Firm) -> None:
    case = await matter(firm)
    before = await firm.tables()
    await refused(firm, before, await case.submit(), 409, "closure")


async def test_after_submission_nothing_changes(firm: Firm) -> None:
    case = await matter(firm)
    entry = await case.entry("代理词补充意见")
    await case.close()
    await case.submit()
    before = await firm.tables()
    body = {"title": "x", "category": "evidence", "original": "copy"}
    passed = {"authenticity": "pass", "relevance": "pass", "legality": "pass", "decision": "keep"}
    upload = {"content": b"x", "headers": {"Content-Disposition": 'attachment; filename="a"'}}
    for answer in (
        await case.lead.post(f"{case.path}/entries", body),
        await case.lead.change(f"/v1/entries/{entry['id']}", {"title": "y"}),
        await case.lead.post(f"/v1/entries/{entry['id']}/review", passed),
        await case.lead.post(f"{case.path}/arrangement", {"mode": "category"}),
        await case.lead.change(case.path, {"cause": "y"}),
        await case.lead.post(f"/v1/entries/{entry['id']}/files", **upload),
    ):
        events = await firm.events(answer)
        await refused(firm, before, answer, 409, "dossier_frozen", events=events)
        assert events in ([], [("file.rejected", "failed")])
    await refused(firm, before, await case.submit(), 409, "wrong_state")
    await refused(firm, before, await case.close(), 409, "wrong_state")
    await refused(firm, before, await case.lead.post(f"{case.path}/reopen", {"reason": "x"}), 409, "wrong_state")


async def test_late_filing_needs_a_reason_and_an_approval(firm: Firm) -> None:
    case = await late(firm)
    before = await firm.tables()
    problem = await refused(firm, before, await case.submit(), 422, "invalid")
    assert pointers(problem) == [("/body/late_reason", "late_reason_required")]
    assert "2026-09-30" in problem["detail"]
    handed = await case.submit(late_reason="承办律师住院")
    assert (handed.json()["late_reason"], handed.json()["late_decision"]) == ("承办律师住院", None)
    await case.confirm()
    before = await firm.tables()
    await refused(firm, before, await case.accept(), 409, "decision_missing")
    decision = {"decision": "approve", "reason": "情况属实"}
    await refused(firm, before, await case.lead.post(f"{case.path}/late-filing", decision), 403, "forbidden")
    decided = await case.director.post(f"{case.path}/late-filing", decision)
    assert decided.json()["late_decision"] == "approve"
    assert decided.json()["late_decided_by"]["id"] == str(case.director.id)
    assert await firm.events(decided) == done("dossier.late_filing_decided")
    before = await firm.tables()
    await refused(firm, before, await case.director.post(f"{case.path}/late-filing", decision), 409, "conflict")
    assert (await case.accept()).json()["state"] == "filed"


async def test_a_refused_late_filing_goes_back(firm: Firm) -> None:
    case = await late(firm)
    await case.submit(late_reason="忘记了")
    await case.confirm()
    await case.director.post(f"{case.path}/late-filing", {"decision": "refuse", "reason": "理由不成立"})
    before = await firm.tables()
    problem = await refused(firm, before, await case.accept(), 409, "decision_missing")
    assert "refused" in problem["detail"]
    assert (
        await case.archivist.post(f"{case.path}/return", {"reasons": [{"text": "超期未获批准"}]})
    ).status_code == 200


async def test_who_is_in_time_has_nothing_to_approve(firm: Firm) -> None:
    case = await matter(firm)
    await case.close()
    await case.submit()
    before = await firm.tables()
    answer = await case.director.post(f"{case.path}/late-filing", {"decision": "approve", "reason": "x"})
    await refused(firm, before, answer, 409, "conflict")


async def test_retention_is_confirmed_by_another(firm: Firm) -> None:
    case = await matter(firm)
    await case.close()
    await case.submit()
    partner = await firm.person("partner")
    before = await firm.tables()
    for person in (partner, case.archivist, case.lead):
        answer = await person.post(f"{case.path}/retention", {"retention": "D30"})
        await refused(firm, before, answer, 403, "forbidden")
    unknown = await case.director.post(f"{case.path}/retention", {"retention": "X"})
    assert pointers(await refused(firm, before, unknown, 422, "invalid")) == [("/body/retention", "unknown_retention")]
    first = await case.confirm("Y")
    assert first.json()["confirmed_retention"] == "Y"
    assert await firm.events(first) == done("dossier.retention_confirmed")
    second = await case.confirm("D10")
    assert (await firm.event(second))["details"]["before"] == "Y"
    assert (await case.accept()).json()["retention_code"] == "D10"


async def test_where_the_director_proposes_a_partner_confirms(firm: Firm) -> None:
    case = await matter(firm)
    await case.close()
    handed = await case.director.post(f"{case.path}/submission", SUBMISSION)
    assert handed.status_code == 201
    before = await firm.tables()
    await refused(firm, before, await case.confirm(), 403, "same_person")
    partner = await firm.person("partner")
    confirmed = await partner.post(f"{case.path}/retention", {"retention": "D30"})
    assert confirmed.json()["retention_confirmed_by"]["id"] == str(partner.id)
