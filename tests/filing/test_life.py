"""The table of a dossier's life holds: whatever does not belong into a state is refused there and changes nothing."""

from typing import Any

import pytest

from app.access.acts import ACTS
from app.dossiers.schemas import DossierState
from app.dossiers.state import LIFE
from tests.support.checks import refused
from tests.support.firm import Firm, Person
from tests.support.matter import CLOSURE, NOTE, SUBMISSION, Matter, matter

YES = {"decision": "approve", "reason": "同意"}
# Act, by whom, how: a request that its actor may send in the right state.
REQUESTS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "dossier.change": ("lead", "PATCH", "", {"cause": "y"}),
    "entry.create": ("lead", "POST", "/entries", {"title": "x", "category": "evidence", "original": "copy"}),
    "dossier.void": ("lead", "POST", "/void", {"reason": "x"}),
    "dossier.close": ("lead", "POST", "/closure", CLOSURE),
    "dossier.reopen": ("lead", "POST", "/reopen", {"reason": "x"}),
    "dossier.submit": ("lead", "POST", "/submission", SUBMISSION),
    "dossier.decide_late": ("director", "POST", "/late-filing", YES),
    "dossier.confirm_retention": ("director", "POST", "/retention", {"retention": "D30"}),
    "dossier.return": ("archivist", "POST", "/return", {"reasons": [{"text": "x"}]}),
    "dossier.accept": ("archivist", "POST", "/acceptance", NOTE),
    "note.add": ("archivist", "POST", "/note-to-file", {"kind": "other", "text": "x"}),
    "supplement.propose": ("lead", "POST", "/supplements", {"kind": "addition", "reason": "x"}),
    "supplement.decide": ("director", "POST", "/supplements/1/decision", YES),
    "supplement.withdraw": ("lead", "POST", "/supplements/1/withdrawal", {"reason": "x"}),
    "supplement.accept": ("archivist", "POST", "/supplements/1/acceptance", NOTE),
}
FROZEN = {"dossier.change", "entry.create", "dossier.void"}


def test_every_step_is_tried_and_is_an_act() -> None:
    assert set(REQUESTS) == set(LIFE) - {"dossier.open"}
    assert set(LIFE) <= set(ACTS)
    assert {step.after for step in LIFE.values()} - {None} == {
        DossierState.OPEN, DossierState.SUBMITTED, DossierState.RETURNED, DossierState.FILED, DossierState.VOID,
    }  # fmt: skip


async def send(case: Matter, act: str) -> Any:
    """Send the request of an act."""
    who, method, path, body = REQUESTS[act]
    person: Person = getattr(case, who)
    return await person.request(method, case.path + path, json=body, headers={"If-Match": "*"})


@pytest.mark.parametrize("state", list(DossierState))
async def test_what_does_not_belong_into_a_state_is_refused(firm: Firm, state: DossierState) -> None:
    case = await matter(firm, filled=False)
    await firm.eyes.execute("UPDATE dossiers SET state = $1", state.value)
    before = await firm.tables()
    tried = 0
    for act, step in LIFE.items():
        if act in REQUESTS and state not in step.before:
            code = "dossier_frozen" if act in FROZEN else "wrong_state"
            problem = await refused(firm, before, await send(case, act), 409, code)
            assert state.value in problem["detail"], act
            tried += 1
    assert tried >= 7


async def test_every_step_leads_where_the_table_says(firm: Firm) -> None:
    case = await matter(firm)
    walked = [
        "dossier.change", "entry.create", "dossier.close", "dossier.reopen", "dossier.close", "dossier.submit",
        "dossier.return", "dossier.submit", "dossier.confirm_retention", "dossier.accept", "note.add",
        "supplement.propose", "supplement.decide", "supplement.withdraw",
    ]  # fmt: skip
    for act in walked:
        was = DossierState(await case.state())
        answer = await send(case, act)
        if act == "entry.create":
            entry, passed = answer.json(), {"authenticity": "pass", "relevance": "pass", "legality": "pass"}
            await firm.file(case.lead, entry["id"], b"x", "x.txt")
            await case.lead.change(f"/v1/entries/{entry['id']}", {"pages": 1})
            await case.lead.post(f"/v1/entries/{entry['id']}/review", {**passed, "decision": "keep"})
        assert answer.status_code in {200, 201}, (act, answer.text)
        assert await case.state() == (LIFE[act].after or was), act
    other = await matter(firm, filled=False)
    assert (await send(other, "dossier.void")).json()["state"] == "void"
