"""Who may see a dossier and by which rule, now and then; and who did."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from tests.access.test_grants import given, soon
from tests.access.test_walls import built
from tests.support.firm import Firm, Person, Refusal, done


async def rules(
    reader: Person, dossier: dict[str, Any], at: datetime | None = None
) -> dict[str, tuple[str, str | None]]:
    """Give the rules by which each may see and read, by his name."""
    query = "" if at is None else f"?at={quote(at.isoformat())}"
    answer = await reader.get(f"/v1/dossiers/{dossier['id']}/access{query}")
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert report["reconstructed"] == (at is not None)
    return {line["user"]["display_name"]: (line["sees"], line["reads"]) for line in report["people"]}


@pytest.mark.parametrize("role", ["director", "security_admin", "auditor"])
async def test_report_names_people_and_rules(firm: Firm, role: str) -> None:
    reader = await firm.person(role, name="查询人")
    lead = await firm.person("lawyer", name="承办", department="一部")
    await firm.person("partner", name="合伙人", department="一部")
    await firm.person("partner", name="外部合伙人", department="二部")
    await firm.person("archivist", name="档案员")
    await firm.person("finance", name="财务")
    for walled in ("被隔离", "旁人"):
        await firm.person("lawyer", name=walled)
    dossier = await firm.dossier(lead, confidentiality="confidential")
    await firm.entry(lead, dossier["id"], category="fee_document")
    grantee = await firm.person("lawyer", name="获授权人")
    made = (await given(lead, dossier, grantee, scope="metadata")).json()
    expected = {
        "承办": ("team", "team"), "合伙人": ("department", "department"), "档案员": ("role", None),
        "财务": ("finance", "finance"), "获授权人": ("grant", None),
    }  # fmt: skip
    if role == "director":
        expected["查询人"] = ("role", "role")
    assert await rules(reader, dossier) == expected
    answer = await reader.get(f"/v1/dossiers/{dossier['id']}/access")
    assert await firm.events(answer) == done("access.reported")
    until = [line["until"] for line in answer.json()["people"] if line["until"]]
    assert until == [made["expires_at"]]
    # People only: neither number nor cause.
    assert dossier["number"] not in answer.text
    assert dossier["cause"] not in answer.text


async def test_report_is_for_three_roles(firm: Firm) -> None:
    lead, stranger, admin = [await firm.person(role) for role in ("lawyer", "lawyer", "system_admin")]
    director, auditor = await firm.person("director"), await firm.person("auditor")
    dossier, sealed = [await firm.dossier(lead, confidentiality=level) for level in ("confidential", "sealed")]
    before = await firm.tables()
    for kind in ("access", "readers"):
        for person, about, code in (
            (lead, dossier, 403), (stranger, dossier, 404), (admin, dossier, 404), (director, sealed, 404),
        ):  # fmt: skip
            answer = await person.get(f"/v1/dossiers/{about['id']}/{kind}")
            assert (answer.status_code, await firm.events(answer)) == (code, [Refusal]), person.name
        absent = await auditor.get(f"/v1/dossiers/0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11/{kind}")
        assert (absent.status_code, await firm.events(absent)) == (404, [Refusal])
        assert (await auditor.get(f"/v1/dossiers/{sealed['id']}/{kind}")).status_code == 200
    future = await auditor.get(f"/v1/dossiers/{dossier['id']}/access?at={quote(soon(1))}")
    assert [error["pointer"] for error in future.json()["errors"]] == ["/query/at"]
    assert await firm.tables() == before


async def test_report_of_a_past_moment(firm: Firm) -> None:
    """Every kind of change that decides who sees a dossier is taken back."""
    auditor, keeper, admin = [await firm.person(role) for role in ("auditor", "security_admin", "system_admin")]
    before_all = datetime.now(UTC)
    lead, second = await firm.person("lawyer", name="甲", department="一部"), await firm.person("lawyer", name="乙")
    partner = await firm.person("partner", name="丙", department="二部")
    assistant = await firm.person("assistant", name="丁")
    client = await firm.client(lead)
    dossier = await firm.dossier(
        lead, client_ids=[client["id"]], team=[{"user_id": str(assistant.id), "duty": "assistant"}]
    )
    path = f"/v1/dossiers/{dossier['id']}"
    moments: list[tuple[datetime, dict[str, Any]]] = []

    async def note() -> None:
        moments.append((datetime.now(UTC), await rules(auditor, dossier)))

    await note()
    assert set(moments[0][1]) == {"甲", "乙", "丙", "丁"}
    assert (await lead.change(path, {"confidentiality": "confidential"})).status_code == 200
    await note()
    assert set(moments[1][1]) == {"甲", "丁"}
    assert (await admin.change(f"/v1/users/{partner.id}", {"department": "一部"})).status_code == 200
    await note()
    assert moments[2][1]["丙"] == ("department", "department")
    made = (await given(lead, dossier, second)).json()
    await note()
    assert moments[3][1]["乙"] == ("grant", "grant")
    stands = await built(keeper, second, partner, client_ids=[client["id"]])
    await note()
    assert set(moments[4][1]) == {"甲", "丁"}
    assert (
        await keeper.change(stands.headers["location"], {"excluded_user_ids": [str(partner.id)]})
    ).status_code == 200
    await note()
    assert (await lead.request("DELETE", f"/v1/grants/{made['id']}", headers={"If-Match": "*"})).status_code == 204
    await note()
    assert (await lead.change(f"{path}/team", {"members": []}, "PUT")).status_code == 200
    await note()
    assert set(moments[7][1]) == {"甲"}
    assert (await lead.change(path, {"lead_lawyer_id": str(second.id)})).status_code == 200
    await note()
    assert set(moments[8][1]) == {"甲", "乙"}
    assert (await keeper.change(stands.headers["location"], {"state": "lifted"})).status_code == 200
    assert (await keeper.change(f"/v1/users/{lead.id}", {"roles": ["auditor"]})).status_code == 200
    await note()
    assert set(moments[9][1]) == {"乙"}
    clearances = await keeper.change("/v1/clearances", {"lawyer": "internal"}, "PUT")
    assert clearances.status_code == 200
    await note()
    assert moments[10][1] == {}
    assert (await admin.change(f"/v1/users/{second.id}", {"active": False})).status_code == 200
    for moment, then in moments:
        assert await rules(auditor, dossier, moment) == then, moment
    assert await rules(auditor, dossier, before_all) == {}


async def test_readers_are_all_who_saw_it(firm: Firm) -> None:
    lead, one, two = [await firm.person("lawyer", name=name) for name in ("甲", "乙", "丙")]
    keeper, auditor = await firm.person("security_admin"), await firm.person("auditor")
    dossier, other = await firm.dossier(lead), await firm.dossier(lead)
    file = await firm.file(lead, (await firm.entry(lead, dossier["id"]))["id"])
    began = datetime.now(UTC)
    await one.get(f"/v1/dossiers/{dossier['id']}")
    await one.get(f"/v1/dossiers/{dossier['id']}")
    await two.get("/v1/dossiers")
    await two.get("/v1/numbers")
    await lead.get(f"/v1/files/{file['id']}/content")
    await one.get(f"/v1/files/{file['id']}/content")  # refused: he may not read content
    await one.get(f"/v1/dossiers/{other['id']}")
    await auditor.get(f"/v1/events?dossier_id={dossier['id']}")
    await auditor.get(f"/v1/events?dossier_id={dossier['id']}&format=csv")
    answer = await keeper.get(f"/v1/dossiers/{dossier['id']}/readers?from={quote(began.isoformat())}")
    assert await firm.events(answer) == done("access.readers_reported")
    found = {line["user"]["display_name"]: line["acts"] for line in answer.json()["people"]}
    assert found == {
        "乙": {"dossier.viewed": 2}, "丙": {"dossier.listed": 1, "number.listed": 1}, "甲": {"file.read": 1},
    }  # fmt: skip
    assert dossier["number"] not in answer.text
    whole = await auditor.get(f"/v1/dossiers/{dossier['id']}/readers")
    acts = next(line["acts"] for line in whole.json()["people"] if line["user"]["id"] == str(lead.id))
    assert acts == {"dossier.opened": 1, "entry.created": 1, "file.added": 1, "file.read": 1}
    none = await auditor.get(f"/v1/dossiers/{dossier['id']}/readers?to={quote(dossier['created_at'])}")
    assert none.json()["people"] == []
