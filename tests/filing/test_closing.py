"""Closing a matter and taking it back; the deadline that runs from it."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import today
from app.filing.deadlines import due_on
from tests.support.checks import pointers, refused
from tests.support.firm import Firm, done
from tests.support.matter import CLOSURE, matter


async def test_a_closed_matter_is_to_be_filed_in_three_months(firm: Firm) -> None:
    case = await matter(firm, filled=False)
    closed = await case.close()
    assert closed.status_code == 200, closed.text
    told = closed.json()
    assert (told["state"], told["closed_on"], told["result"]) == ("open", "2026-11-20", CLOSURE["result"])
    assert told["filing_due_on"] == "2027-02-20"
    assert await firm.events(closed) == done("dossier.closed")
    assert (await firm.event(closed))["details"] == CLOSURE | {"filing_due_on": "2027-02-20", "rules_version": 1}
    assert (await case.lead.get(case.path)).json() == told
    await case.entry("办案小结")  # material goes on being collected


async def test_the_deadline_follows_the_rules_of_the_day_of_closing(firm: Firm) -> None:
    case, other = await matter(firm, filled=False), await matter(firm, filled=False)
    await case.close()
    rules = (await case.archivist.get("/v1/rules/filing")).json()
    body = {"body": rules["body"] | {"deadline_months": 1, "deadline_days": 5}, "source": "本所规定", "verified": True}
    assert (await case.archivist.change("/v1/rules/filing", body, "PUT")).status_code == 200
    assert (await other.close()).json()["filing_due_on"] == "2026-12-25"
    assert (await case.lead.get(case.path)).json()["filing_due_on"] == "2027-02-20"
    kept = await firm.eyes.fetch("SELECT filing_rules_version FROM dossiers ORDER BY filing_rules_version")
    assert [row[0] for row in kept] == [1, 2]


async def test_closing_is_taken_back_with_a_reason(firm: Firm) -> None:
    case = await matter(firm, filled=False)
    await case.close()
    reopened = await case.lead.post(f"{case.path}/reopen", {"reason": "对方提起上诉"})
    assert reopened.status_code == 200, reopened.text
    assert {reopened.json()[name] for name in ("closed_on", "result", "filing_due_on")} == {None}
    assert await firm.events(reopened) == done("dossier.reopened")
    details = (await firm.event(reopened))["details"]
    assert (details["reason"], details["closed_on"]) == ("对方提起上诉", "2026-11-20")
    assert (await case.close(closed_on="2026-11-21")).json()["closed_on"] == "2026-11-21"


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"closed_on": "2026-02-28"}, "/body/closed_on", "before_opening"),
        ({"closed_on": (today() + timedelta(days=2)).isoformat()}, "/body/closed_on", "value_error"),
        ({"result": ""}, "/body/result", "string_too_short"),
    ],
)
async def test_closing_that_can_not_be(firm: Firm, fields: dict[str, str], pointer: str, code: str) -> None:
    case = await matter(firm, filled=False)
    before = await firm.tables()
    problem = await refused(firm, before, await case.close(**fields), 422, "invalid")
    assert pointers(problem) == [(pointer, code)]


async def test_closing_is_for_who_leads_and_once(firm: Firm) -> None:
    case = await matter(firm, filled=False)
    member = await firm.person("assistant")
    await case.lead.change(f"{case.path}/team", {"members": [{"user_id": str(member.id), "duty": "assistant"}]}, "PUT")
    before = await firm.tables()
    await refused(firm, before, await member.post(f"{case.path}/closure", CLOSURE), 403, "forbidden")
    await refused(firm, before, await case.lead.post(f"{case.path}/reopen", {"reason": "x"}), 409, "closure")
    stranger = await firm.person("assistant", department="x")
    hidden = await matter(firm, filled=False, confidentiality="confidential")
    before = await firm.tables()
    await refused(firm, before, await stranger.post(f"{hidden.path}/closure", CLOSURE), 404, "not_found")
    await case.close()
    before = await firm.tables()
    await refused(firm, before, await case.close(), 409, "closure")


def test_three_months_by_the_calendar() -> None:
    assert due_on(date(2026, 11, 30), 3, 0) == date(2027, 2, 28)
    assert due_on(date(2027, 11, 30), 3, 0) == date(2028, 2, 29)
    assert due_on(date(2026, 1, 31), 0, 10) == date(2026, 2, 10)
    assert due_on(date(2026, 12, 1), 1, 0) == date(2027, 1, 1)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 120), st.integers(0, 366))
def test_a_longer_time_never_ends_earlier(closed: date, months: int, days: int) -> None:
    due = due_on(closed, months, days)
    assert due >= closed + timedelta(days=28 * months + days)
    assert due <= due_on(closed, months + 1, days)
    assert due < due_on(closed, months, days + 1)
