"""Dossiers over HTTP: opened, read, listed, changed, void; each with its events."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.clock import today
from tests.support.checks import pointers, refused
from tests.support.firm import Firm, Person, Refusal, done


async def test_open_gives_number_team_and_location(firm: Firm) -> None:
    lawyer, assistant = await firm.person("lawyer"), await firm.person("assistant")
    client = await firm.client(assistant)
    answer = await assistant.post(
        "/v1/dossiers",
        {
            "client_ids": [client["id"]], "matter_type": "civil", "cause": "买卖合同纠纷",
            "lead_lawyer_id": str(lawyer.id), "opened_on": "2026-03-01", "confidentiality": "confidential",
            "opposing_parties": [{"name": "上海示例贸易有限公司", "kind": "organization"}],
            "external_refs": [{"system": "case-manager", "id": "4711"}],
        },
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    dossier = answer.json()
    assert dossier["number"] == "2026-MS-L01-0001"
    assert answer.headers["location"] == f"/v1/dossiers/{dossier['id']}"
    assert dossier["clients"] == [{"id": client["id"], "name": client["name"]}]
    assert dossier["lead_lawyer"] == {"id": str(lawyer.id), "display_name": lawyer.name}
    assert [(member["user_id"], member["duty"]) for member in dossier["team"]] == [(str(assistant.id), "opener")]
    assert await firm.events(answer) == done("dossier.opened")

    read = await lawyer.get(answer.headers["location"])
    assert read.json() == dossier
    assert read.headers["etag"] == answer.headers["etag"]
    assert await firm.events(read) == done("dossier.viewed")
    again = await lawyer.get(answer.headers["location"], headers={"If-None-Match": read.headers["etag"]})
    assert again.status_code == 304
    assert await firm.events(again) == done("dossier.viewed")


async def test_invisible_dossier_looks_like_none(firm: Firm) -> None:
    lawyer, stranger = await firm.person("lawyer"), await firm.person("lawyer")
    dossier = await firm.dossier(lawyer, confidentiality="confidential")
    before = await firm.tables()
    hidden = await stranger.get(f"/v1/dossiers/{dossier['id']}")
    absent = await stranger.get("/v1/dossiers/0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11")
    assert hidden.status_code == absent.status_code == 404
    for answer in (hidden, absent):
        assert await firm.events(answer) == [Refusal]
    same = [
        {k: v for k, v in answer.json().items() if k not in {"instance", "request_id"}} for answer in (hidden, absent)
    ]
    assert same[0] == same[1]
    assert await firm.tables() == before


def body_of(client: dict[str, Any], lead: Person, **fields: Any) -> dict[str, Any]:
    """Give a dossier to open."""
    return {
        "client_ids": [client["id"]], "matter_type": "civil", "cause": "买卖合同纠纷", "lead_lawyer_id": str(lead.id),
        **fields,
    }  # fmt: skip


async def test_everything_on_the_cover_comes_back(firm: Firm) -> None:
    lawyer, assistant = await firm.person("lawyer"), await firm.person("assistant")
    one, other = await firm.client(lawyer, "甲公司"), await firm.client(lawyer, "乙公司")
    fields = {
        "client_ids": [other["id"], one["id"]], "title": "甲诉乙案", "court": "北京市海淀区人民法院", "instance": "一审",
        "court_case_number": "(2026)京0108民初1号", "contract_number": "合-1", "remarks": "加急\n请勿外传",
        "team": [{"user_id": str(assistant.id), "duty": "assistant"}], "confidentiality": "restricted",
        "opposing_parties": [{"name": "丙", "kind": "person"}], "opened_on": "2026-02-28",
        "external_refs": [{"system": "b", "id": "2"}, {"system": "a", "id": "1"}],
    }  # fmt: skip
    answer = await lawyer.post("/v1/dossiers", body_of(one, lawyer) | fields)
    assert answer.status_code == 201, answer.text
    dossier = answer.json()
    same = {
        "client_ids",
        "title",
        "court",
        "instance",
        "court_case_number",
        "contract_number",
        "remarks",
        "confidentiality",
        "opened_on",
    }
    assert {name: dossier[name] for name in same} == {name: fields[name] for name in same}
    assert [client["name"] for client in dossier["clients"]] == ["乙公司", "甲公司"]
    assert dossier["team"] == [{"user_id": str(assistant.id), "display_name": assistant.name, "duty": "assistant"}]
    assert dossier["external_refs"] == [{"system": "a", "id": "1"}, {"system": "b", "id": "2"}]
    assert (dossier["state"], dossier["on_hold"], dossier["entry_count"], dossier["page_count"]) == (
        "open",
        False,
        0,
        0,
    )
    event = await firm.event(answer)
    assert (event["type"], event["subject_label"], str(event["dossier_id"])) == (
        "dossier.opened",
        dossier["number"],
        dossier["id"],
    )
    assert event["details"]["clients"] == ["乙公司", "甲公司"]


async def test_opening_date_is_today_at_the_firm_when_left_out(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    assert dossier["opened_on"] == today().isoformat()
    client = await firm.client(lawyer)
    before = await firm.tables()
    tomorrow = (today() + timedelta(days=1)).isoformat()
    answer = await lawyer.post("/v1/dossiers", body_of(client, lawyer, opened_on=tomorrow))
    assert pointers(await refused(firm, before, answer, 422)) == [("/body/opened_on", "in_future")]


ABSENT = "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"


async def test_people_and_clients_that_can_not_be_named(firm: Firm) -> None:
    lawyer, finance, auditor = await firm.person("lawyer"), await firm.person("finance"), await firm.person("auditor")
    assistant, other = await firm.person("assistant"), await firm.person("lawyer")
    client, hidden = await firm.client(lawyer), await firm.client(other)
    await firm.dossier(other, client_ids=[hidden["id"]], confidentiality="restricted")
    before = await firm.tables()

    def member(*people: Any) -> list[dict[str, str]]:
        return [{"user_id": str(getattr(person, "id", person)), "duty": "assistant"} for person in people]

    for fields, pointer, code in (
        ({"client_ids": [client["id"], ABSENT]}, "/body/client_ids/1", "unknown_client"),
        ({"client_ids": [hidden["id"]]}, "/body/client_ids/0", "unknown_client"),
        ({"client_ids": []}, "/body/client_ids", "too_short"),
        ({"client_ids": [client["id"]] * 2}, "/body", "value_error"),
        ({"lead_lawyer_id": ABSENT}, "/body/lead_lawyer_id", "not_a_lawyer"),
        ({"lead_lawyer_id": str(assistant.id)}, "/body/lead_lawyer_id", "not_a_lawyer"),
        ({"team": member(ABSENT)}, "/body/team/0/user_id", "unknown_user"),
        ({"team": member(assistant, auditor)}, "/body/team/1/user_id", "separated_role"),
        ({"team": member(lawyer)}, "/body/team/0/user_id", "is_lead"),
        ({"team": member(assistant, assistant)}, "/body", "value_error"),
        ({"team": member(finance), "confidentiality": "restricted"}, "/body/team/0/user_id", "clearance_too_low"),
        ({"team": member(assistant), "confidentiality": "sealed"}, "/body/team/0/user_id", "clearance_too_low"),
        ({"matter_type": "space"}, "/body/matter_type", "enum"),
        ({"confidentiality": "secret"}, "/body/confidentiality", "enum"),
        ({"number": "2026-MS-L01-0001"}, "/body/number", "extra_forbidden"),
        ({"external_refs": [{"system": "A:b", "id": "1"}]}, "/body/external_refs/0/system", "string_pattern_mismatch"),
    ):
        answer = await lawyer.post("/v1/dossiers", body_of(client, lawyer) | fields)
        assert pointers(await refused(firm, before, answer, 422)) == [(pointer, code)], fields
    assert await firm.eyes.fetchval("SELECT count(*) FROM number_series") == 1  # the other lawyer's alone


@pytest.mark.parametrize(
    ("role", "level", "status"),
    [
        ("lawyer", "sealed", 201), ("partner", "sealed", 201), ("director", "sealed", 201), ("assistant", "sealed", 403),
        ("archivist", "sealed", 403), ("assistant", "restricted", 201), ("archivist", "restricted", 201),
        ("finance", "public", 403), ("auditor", "public", 403), ("system_admin", "public", 403), ("security_admin", "public", 403),
    ],
)  # fmt: skip
async def test_who_may_open_what(firm: Firm, role: str, level: str, status: int) -> None:
    lead, person = await firm.person("lawyer"), await firm.person(role)
    client = await firm.client(lead)
    before = await firm.tables()
    answer = await person.post("/v1/dossiers", body_of(client, lead, confidentiality=level))
    if status == 403:
        await refused(firm, before, answer, 403, "forbidden")
        return
    assert answer.status_code == 201, answer.text
    assert await firm.events(answer) == done("dossier.opened")
    # A lawyer or assistant who opens for somebody else joins the team; the others do not.
    duties = [(member["user_id"], member["duty"]) for member in answer.json()["team"]]
    assert duties == ([(str(person.id), "opener")] if role in {"lawyer", "assistant"} else [])


async def test_opening_fails_whole_when_the_lead_has_no_code(firm: Firm) -> None:
    lawyer, admin = await firm.person("lawyer"), await firm.person("system_admin")
    client = await firm.client(lawyer)
    taken = await admin.change(f"/v1/users/{lawyer.id}", {"lawyer_code": None})
    assert taken.status_code == 200, taken.text
    before = await firm.tables()
    answer = await lawyer.post("/v1/dossiers", body_of(client, lawyer))
    assert pointers(await refused(firm, before, answer, 422)) == [("/body/lead_lawyer_id", "lawyer_code_missing")]
