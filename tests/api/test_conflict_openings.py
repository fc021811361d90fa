"""Dossiers and conflict checks: opened after one, marked without one, refused without one; and what changes later."""

import asyncio
from typing import Any

from tests.support.checks import everything, pointers, refused
from tests.support.conflicts import CHECKS, checked, cleared, conclude, organization, person, rule
from tests.support.firm import Firm, Person, done
from tests.support.papers import PNG

ABSENT = "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"


def new(client: dict[str, Any], lead: Person, *opposing: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Give a dossier to open."""
    return {
        "client_ids": [client["id"]], "matter_type": "civil", "cause": "x", "lead_lawyer_id": str(lead.id),
        "opposing_parties": list(opposing), **fields,
    }  # fmt: skip


async def due(lead: Person) -> list[str]:
    """Tell which dossiers need a check, by the lead's duties."""
    return [one["dossier"]["number"] for one in await everything(lead, "/v1/duties?kind=conflict_check")]


async def test_a_dossier_is_opened_after_a_check_and_carries_it(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    client, other = await firm.client(lawyer), organization("丁商贸有限公司")
    check = await cleared(firm, lawyer, [{"client_id": client["id"]}], other)
    sent = new(client, lawyer, other, conflict_check_id=check["id"])
    answer = await lawyer.post("/v1/dossiers", sent)
    assert answer.status_code == 201, answer.text
    assert await firm.events(answer) == done("dossier.opened")
    dossier = answer.json()
    assert (dossier["conflict_check"], dossier["conflict_check_due"], dossier["wall_advised"]) == (
        check["id"],
        False,
        False,
    )
    assert (await lawyer.get(f"{CHECKS}/{check['id']}")).json()["dossier_id"] == dossier["id"]
    assert await due(lawyer) == []
    before = await firm.tables()
    await refused(firm, before, await lawyer.post("/v1/dossiers", sent), 409, "check_used")


async def test_checks_that_carry_no_dossier(firm: Firm) -> None:
    lawyer, stranger = await firm.person("lawyer"), await firm.person("lawyer")
    client, other = await firm.client(lawyer), organization("丁商贸有限公司")
    asked = [{"client_id": client["id"]}]
    open_ = await checked(firm, lawyer, asked, other)
    against = await checked(firm, lawyer, asked, other)
    await conclude(lawyer, against, "conflict")
    less = await cleared(firm, lawyer, asked)
    elsewhere = await cleared(firm, lawyer, [organization("己")], other)
    strange = await cleared(firm, stranger, [{"client_id": client["id"]}], other)
    old = await cleared(firm, lawyer, asked, other)
    await firm.eyes.execute(
        "UPDATE conflict_conclusions SET concluded_at = concluded_at - interval '31 days' WHERE check_id = $1",
        old["id"],
    )
    before = await firm.tables()
    for id_, code in (
        (open_["id"], "not_concluded"), (against["id"], "conflict_found"), (less["id"], "not_covered"),
        (elsewhere["id"], "not_covered"), (strange["id"], "unknown_check"), (ABSENT, "unknown_check"), (old["id"], "expired"),
    ):  # fmt: skip
        answer = await lawyer.post("/v1/dossiers", new(client, lawyer, other, conflict_check_id=id_))
        problem = await refused(firm, before, answer, 422, "conflict_check_unfit")
        assert pointers(problem) == [("/body/conflict_check_id", code)]


async def test_a_firm_may_require_a_check_or_do_without(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer)
    advised = (await lawyer.post("/v1/dossiers", new(client, lawyer))).json()
    assert (advised["conflict_check"], advised["conflict_check_due"]) == (None, True)
    assert await due(lawyer) == [advised["number"]]
    await rule(firm, mode="required")
    before = await firm.tables()
    answer = await lawyer.post("/v1/dossiers", new(client, lawyer))
    problem = await refused(firm, before, answer, 422, "conflict_check_required")
    assert pointers(problem) == [("/body/conflict_check_id", "conflict_check_required")]
    check = await cleared(firm, lawyer, [{"client_id": client["id"]}])
    opened = await lawyer.post("/v1/dossiers", new(client, lawyer, conflict_check_id=check["id"]))
    assert opened.json()["conflict_check_due"] is False
    await rule(firm, mode="off")
    assert (await lawyer.post("/v1/dossiers", new(client, lawyer))).json()["conflict_check_due"] is False


async def test_a_check_that_is_made_later_closes_the_duty(firm: Firm) -> None:
    lawyer, stranger = await firm.person("lawyer"), await firm.person("lawyer")
    client, other = await firm.client(lawyer), organization("丁商贸有限公司")
    dossier = await firm.dossier(lawyer, client_ids=[client["id"]], opposing_parties=[other])
    path = f"/v1/dossiers/{dossier['id']}/conflict-check"
    check = await cleared(firm, lawyer, [{"client_id": client["id"]}], other)
    before = await firm.tables()
    choice = {"conflict_check_id": check["id"]}
    await refused(firm, before, await stranger.post(path, choice), 403, "forbidden")
    unfit = await lawyer.post(path, {"conflict_check_id": ABSENT})
    await refused(firm, before, unfit, 422, "conflict_check_unfit")
    answers = await asyncio.gather(*(lawyer.post(path, choice) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    answer = next(answer for answer in answers if answer.status_code == 200)
    assert await firm.events(answer) == done("dossier.conflict_check_attached")
    assert (answer.json()["conflict_check"], answer.json()["conflict_check_due"]) == (check["id"], False)
    assert await due(lawyer) == []
    # A void dossier needs none.
    void = await firm.dossier(lawyer, client_ids=[client["id"]])
    assert await due(lawyer) == [void["number"]]
    await lawyer.post(f"/v1/dossiers/{void['id']}/void", {"reason": "x"})
    assert await due(lawyer) == []
    before = await firm.tables()
    late = await lawyer.post(f"/v1/dossiers/{void['id']}/conflict-check", choice)
    await refused(firm, before, late, 409, "dossier_frozen")


async def test_new_parties_make_a_check_due_again(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    client, other = await firm.client(lawyer), organization("丁商贸有限公司")
    check = await cleared(firm, lawyer, [{"client_id": client["id"]}], other)
    opened = await lawyer.post("/v1/dossiers", new(client, lawyer, conflict_check_id=check["id"]))
    path = f"/v1/dossiers/{opened.json()['id']}"
    # 丁 was asked about, so that he may come in; 戊 was not.
    assert (await lawyer.change(path, {"opposing_parties": [other]})).json()["conflict_check_due"] is False
    assert (await lawyer.change(path, {"title": "x"})).json()["conflict_check_due"] is False
    more = {"opposing_parties": [other, person("戊")]}
    changed = await lawyer.change(path, more)
    assert (changed.json()["conflict_check_due"], changed.json()["conflict_check"]) == (True, check["id"])
    assert (await firm.event(changed))["details"]["changed"]["conflict_check_due"] == [False, True]
    again = await cleared(firm, lawyer, [{"client_id": client["id"]}], other, person("戊"))
    answer = await lawyer.post(f"{path}/conflict-check", {"conflict_check_id": again["id"]})
    assert (answer.json()["conflict_check_due"], answer.json()["conflict_check"]) == (False, again["id"])
    assert (await lawyer.change(path, {"related_parties": [person("己")]})).json()["conflict_check_due"] is True
    assert (await lawyer.change(path, {"related_parties": []})).json()["conflict_check_due"] is False
    second = await firm.client(lawyer, "另一客户")
    both = {"client_ids": [client["id"], second["id"]]}
    assert (await lawyer.change(path, both)).json()["conflict_check_due"] is True


async def test_numbers_of_parties_stay_when_they_are_left_out(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    numbered = organization("丁商贸有限公司", identifiers=[{"scheme": "other", "value": "D-12345"}])
    dossier = await firm.dossier(lawyer, opposing_parties=[numbered])
    masked = [{"scheme": "other", "value": "D*****5", "masked": True}]
    assert dossier["opposing_parties"][0]["identifiers"] == masked
    path = f"/v1/dossiers/{dossier['id']}"
    kept = await lawyer.change(path, {"opposing_parties": [organization("丁商贸有限公司"), person("戊")]})
    assert kept.json()["opposing_parties"] == [{**numbered, "identifiers": masked}, person("戊")]
    check = await checked(firm, lawyer, [organization("己", identifiers=numbered["identifiers"])])
    assert [hit["how"] for hit in check["hits"]] == ["identifier"]
    gone = await lawyer.change(path, {"opposing_parties": [organization("丁商贸有限公司", identifiers=[])]})
    assert gone.json()["opposing_parties"] == [organization("丁商贸有限公司")]
    wrong = await lawyer.change(path, {"opposing_parties": [person("戊", legal_representative="x")]})
    assert wrong.status_code == 422


async def test_a_waiver_asks_for_a_wall(firm: Firm) -> None:
    lawyer, director = await firm.person("lawyer"), await firm.person("director")
    served = await firm.client(lawyer, "甲乙丙科技有限公司")
    await firm.dossier(lawyer, client_ids=[served["id"]])
    client, other = await firm.client(lawyer, "另一客户"), organization(served["name"])
    check = await checked(firm, lawyer, [{"client_id": client["id"]}], other)
    await lawyer.put(f"{CHECKS}/{check['id']}/consents/{check['hits'][0]['id']}", content=PNG)
    assert (await conclude(director, check, "waived", "relative")).status_code == 200
    opened = await lawyer.post("/v1/dossiers", new(client, lawyer, other, conflict_check_id=check["id"]))
    assert (opened.json()["wall_advised"], opened.json()["conflict_check_due"]) == (True, False)
