"""Changes of a dossier over HTTP: cover, level, lead lawyer and team; and what makes one void with its number."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.core.clock import today
from tests.support.checks import pointers, refused
from tests.support.firm import Firm, Person, done

ABSENT = "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"


def members(*people: Person, duty: str = "assistant") -> dict[str, Any]:
    """Give a team."""
    return {"members": [{"user_id": str(person.id), "duty": duty} for person in people]}


async def test_change_says_what_was_and_what_is(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer, title="旧题", remarks="旧", external_refs=[{"system": "a", "id": "1"}])
    other = await firm.client(lawyer, "乙公司")
    path = f"/v1/dossiers/{dossier['id']}"
    fields = {
        "title": "新题", "remarks": None, "court": "某法院", "cause": "借款合同纠纷", "opened_on": "2026-01-02",
        "client_ids": [other["id"], dossier["client_ids"][0]], "opposing_parties": [{"name": "丙", "kind": "person"}],
        "external_refs": [{"system": "b", "id": "2"}], "confidentiality": "confidential",
    }  # fmt: skip
    changed = await lawyer.change(path, fields)
    assert changed.status_code == 200, changed.text
    assert await firm.events(changed) == done("dossier.changed")
    after = changed.json()
    assert {name: after[name] for name in fields} == fields
    assert (after["number"], after["matter_type"]) == (dossier["number"], dossier["matter_type"])
    trace = (await firm.event(changed))["details"]["changed"]
    assert set(trace) == set(fields) | {"clients"}
    assert trace["title"] == ["旧题", "新题"]
    assert trace["external_refs"] == [[{"system": "a", "id": "1"}], [{"system": "b", "id": "2"}]]
    read = await lawyer.get(path)
    assert (read.json(), read.headers["etag"]) == (after, changed.headers["etag"])


async def test_changes_that_are_refused(firm: Firm) -> None:
    lawyer, assistant, stranger = (
        await firm.person("lawyer"),
        await firm.person("assistant"),
        await firm.person("lawyer"),
    )
    dossier = await firm.dossier(lawyer, team=[{"user_id": str(assistant.id), "duty": "assistant"}])
    path = f"/v1/dossiers/{dossier['id']}"
    before = await firm.tables()
    for person in (assistant, stranger):  # they see it, they do not lead it
        await refused(firm, before, await person.change(path, {"title": "x"}), 403, "forbidden")
    for fields, pointer, code in (
        ({"opened_on": (today() + timedelta(days=1)).isoformat()}, "/body/opened_on", "in_future"),
        ({"lead_lawyer_id": str(assistant.id)}, "/body/lead_lawyer_id", "not_a_lawyer"),
        ({"client_ids": [dossier["client_ids"][0], ABSENT]}, "/body/client_ids/0", "unknown_client"),
        ({"client_ids": None}, "/body", "value_error"), ({"cause": None}, "/body", "value_error"),
        ({"number": "x"}, "/body/number", "extra_forbidden"), ({"matter_type": "criminal"}, "/body/matter_type", "extra_forbidden"),
        ({"confidentiality": "sealed"}, "/team/0/user_id", "clearance_too_low"),
    ):  # fmt: skip
        answer = await lawyer.change(path, fields)
        assert pointers(await refused(firm, before, answer, 422)) == [(pointer, code)], fields


async def test_only_the_director_lowers_the_level(firm: Firm) -> None:
    lawyer, director = await firm.person("lawyer"), await firm.person("director")
    dossier = await firm.dossier(lawyer)
    path = f"/v1/dossiers/{dossier['id']}"
    raised = await lawyer.change(path, {"confidentiality": "restricted"})
    assert raised.json()["confidentiality"] == "restricted"
    assert await firm.events(raised) == done("dossier.changed")
    before = await firm.tables()
    refusal = await lawyer.change(path, {"confidentiality": "confidential"})
    await refused(firm, before, refusal, 403, "forbidden")
    assert (await firm.event(refusal))["details"] == {"act": "dossier.lower_level", "rule": "role"}
    lowered = await director.change(path, {"confidentiality": "internal"})
    assert lowered.status_code == 200, lowered.text
    assert (await firm.event(lowered))["details"]["changed"] == {"confidentiality": ["restricted", "internal"]}


async def test_dossier_that_is_raised_to_sealed_keeps_its_number(firm: Firm) -> None:
    lawyer, colleague, archivist = (
        await firm.person("lawyer"),
        await firm.person("lawyer"),
        await firm.person("archivist"),
    )
    dossier = await firm.dossier(lawyer)
    path = f"/v1/dossiers/{dossier['id']}"
    raised = await lawyer.change(path, {"confidentiality": "sealed"})
    assert (raised.json()["number"], raised.json()["confidentiality"]) == (dossier["number"], "sealed")
    for person in (colleague, archivist):
        assert (await person.get(path)).status_code == 404


async def test_new_lead_lawyer_joins_and_the_former_stays(firm: Firm) -> None:
    former, lead, assistant = await firm.person("lawyer"), await firm.person("lawyer"), await firm.person("assistant")
    dossier = await firm.dossier(
        former, confidentiality="confidential", team=[{"user_id": str(assistant.id), "duty": "assistant"}]
    )
    path = f"/v1/dossiers/{dossier['id']}"
    assert (await lead.get(path)).status_code == 404
    changed = await former.change(path, {"lead_lawyer_id": str(lead.id)})
    assert changed.status_code == 200, changed.text
    assert await firm.events(changed) == done("dossier.changed")
    assert changed.json()["lead_lawyer"] == {"id": str(lead.id), "display_name": lead.name}
    assert {(member["user_id"], member["duty"]) for member in changed.json()["team"]} == {
        (str(former.id), "lawyer"), (str(assistant.id), "assistant"),
    }  # fmt: skip
    assert (await lead.change(path, {"title": "我的"})).status_code == 200
    before = await firm.tables()
    await refused(firm, before, await former.change(path, {"title": "还是我的"}), 403, "forbidden")
    # Back again: nobody is on the team twice.
    back = await lead.change(path, {"lead_lawyer_id": str(former.id)})
    assert sorted(member["user_id"] for member in back.json()["team"]) == sorted([str(lead.id), str(assistant.id)])


async def test_partner_of_the_department_changes_and_others_do_not(firm: Firm) -> None:
    lawyer = await firm.person("lawyer", department="一部")
    same, other = await firm.person("partner", department="一部"), await firm.person("partner", department="二部")
    dossier = await firm.dossier(lawyer)
    path = f"/v1/dossiers/{dossier['id']}"
    assert (await same.change(path, {"title": "合伙人改"})).status_code == 200
    before = await firm.tables()
    await refused(firm, before, await other.change(path, {"title": "x"}), 403, "forbidden")


async def test_team_is_set_whole_and_who_is_left_out_sees_nothing(firm: Firm) -> None:
    lawyer, one, other = await firm.person("lawyer"), await firm.person("assistant"), await firm.person("lawyer")
    dossier = await firm.dossier(
        lawyer, confidentiality="restricted", team=[{"user_id": str(one.id), "duty": "assistant"}]
    )
    path = f"/v1/dossiers/{dossier['id']}"
    assert (await one.get(path)).status_code == 200
    read = await lawyer.get(f"{path}/team")
    assert read.json()["members"] == [{"user_id": str(one.id), "display_name": one.name, "duty": "assistant"}]
    assert await firm.events(read) == done("dossier.team_viewed")
    changed = await lawyer.change(f"{path}/team", members(other, duty="trainee"), "PUT")
    assert changed.status_code == 200, changed.text
    assert await firm.events(changed) == done("dossier.team_changed")
    assert changed.json() == {
        "lead_lawyer": {"id": str(lawyer.id), "display_name": lawyer.name},
        "members": [{"user_id": str(other.id), "display_name": other.name, "duty": "trainee"}],
    }
    details = (await firm.event(changed))["details"]
    assert [member["user_id"] for member in details["old"]["members"]] == [str(one.id)]
    assert details["new"] == changed.json()
    assert (await one.get(path)).status_code == 404
    assert (await other.get(path)).status_code == 200
    # The same person with another duty stays one member.
    again = await lawyer.change(f"{path}/team", members(other, duty="lawyer"), "PUT")
    assert [member["duty"] for member in again.json()["members"]] == ["lawyer"]


async def test_team_that_can_not_be(firm: Firm) -> None:
    lawyer, finance, assistant = (
        await firm.person("lawyer"),
        await firm.person("finance"),
        await firm.person("assistant"),
    )
    dossier = await firm.dossier(lawyer, confidentiality="restricted")
    path = f"/v1/dossiers/{dossier['id']}/team"
    before = await firm.tables()
    for team, pointer, code in (
        (members(finance), "/body/members/0/user_id", "clearance_too_low"), (members(lawyer), "/body/members/0/user_id", "is_lead"),
        (members(assistant, assistant), "/body", "value_error"),
        ({"members": [{"user_id": ABSENT, "duty": "lawyer"}]}, "/body/members/0/user_id", "unknown_user"),
        ({"members": [{"user_id": str(assistant.id), "duty": "lead"}]}, "/body/members/0/duty", "enum"),
    ):  # fmt: skip
        answer = await lawyer.change(path, team, "PUT")
        assert [*pointers(await refused(firm, before, answer, 422))] == [(pointer, code)], team
    stale = await lawyer.put(path, members(assistant), headers={"If-Match": '"old"'})
    await refused(firm, before, stale, 412, "precondition_failed")


async def test_void_dossier_and_number_stay_with_the_reason(firm: Firm) -> None:
    lawyer, stranger = await firm.person("lawyer"), await firm.person("assistant")
    dossier = await firm.dossier(lawyer, opened_on="2026-03-01")
    path = f"/v1/dossiers/{dossier['id']}"
    before = await firm.tables()
    await refused(firm, before, await stranger.post(f"{path}/void", {"reason": "不要"}), 403, "forbidden")
    for body in ({}, {"reason": ""}, {"reason": " \n "}):
        await refused(firm, before, await lawyer.post(f"{path}/void", body), 422, "invalid")
    voided = await lawyer.post(f"{path}/void", {"reason": "重复立卷"})
    assert (voided.status_code, voided.json()["state"]) == (200, "void")
    assert await firm.events(voided) == done("dossier.voided")
    assert (await firm.event(voided))["details"] == {"reason": "重复立卷"}
    (line,) = (await lawyer.get("/v1/numbers")).json()["items"]
    assert (line["number"], line["state"], line["void_reason"]) == (dossier["number"], "void", "重复立卷")
    assert line["voided_at"] is not None
    # Nothing more is done to it, and the number is not given again.
    before = await firm.tables()
    entry = {"title": "x", "category": "evidence", "original": "copy"}
    for answer in (
        await lawyer.post(f"{path}/void", {"reason": "再次"}), await lawyer.change(path, {"title": "x"}),
        await lawyer.change(f"{path}/team", {"members": []}, "PUT"), await lawyer.post(f"{path}/entries", entry),
        await lawyer.post(f"{path}/arrangement", {"mode": "time"}),
    ):  # fmt: skip
        await refused(firm, before, answer, 409, "dossier_frozen")
    following = await firm.dossier(lawyer, opened_on="2026-03-01")
    assert following["number"] == dossier["number"][:-1] + "2"


@pytest.mark.parametrize("excluded", [False, True])
async def test_dossier_with_material_is_not_void(firm: Firm, excluded: bool) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    entry = await firm.entry(lawyer, dossier["id"])
    if excluded:
        verdict = {
            "authenticity": "fail",
            "relevance": "pass",
            "legality": "pass",
            "decision": "exclude",
            "reason": "伪造",
        }
        assert (await lawyer.post(f"/v1/entries/{entry['id']}/review", verdict)).status_code == 200
    before = await firm.tables()
    answer = await lawyer.post(f"/v1/dossiers/{dossier['id']}/void", {"reason": "误立"})
    await refused(firm, before, answer, 409, "dossier_not_empty")


async def test_filing_and_making_void_at_once_never_lose_material(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    for _ in range(6):
        dossier = await firm.dossier(lawyer)
        path = f"/v1/dossiers/{dossier['id']}"
        filed, voided = await asyncio.gather(
            lawyer.post(f"{path}/entries", {"title": "证据", "category": "evidence", "original": "copy"}),
            lawyer.post(f"{path}/void", {"reason": "误立"}),
        )
        assert {(filed.status_code, voided.status_code)} <= {(201, 409), (409, 200)}
        after = (await lawyer.get(path)).json()
        assert (after["state"], after["entry_count"]) == (("open", 1) if filed.status_code == 201 else ("void", 0))
