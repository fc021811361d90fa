"""What is unsigned or incomplete, over HTTP: listed until it is mended, of one dossier and over all that one answers for."""

from typing import Any
from uuid import UUID

import pytest

from app.core.actor import Origin
from app.engagements import completeness
from tests.api.test_contents import EXCLUDE
from tests.api.test_engagements import ABSENT, CLIENT, CONTRACT, OFFICE, POWER, SIGNED, made
from tests.support.checks import everything, refused
from tests.support.firm import Firm, Person, done

LIST = "/v1/engagements/gaps"


async def told(by: Person, dossier: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Ask what the engagements of a dossier lack: codes and fields."""
    answer = await by.get(f"/v1/dossiers/{dossier['id']}/engagement-gaps")
    assert answer.status_code == 200, answer.text
    return [(gap["code"], gap["field"]) for gap in answer.json()["gaps"]]


async def complete(firm: Firm, by: Person, dossier: dict[str, Any]) -> None:
    """Give a civil dossier a contract and a power that lack nothing."""
    entry = await firm.entry(by, dossier["id"])
    await firm.file(by, entry["id"])
    await made(by, dossier, CONTRACT, entry_id=entry["id"], ends_on=None)
    await made(by, dossier, POWER, entry_id=entry["id"])


async def test_gaps_are_told_from_the_first_day_until_they_are_mended(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    answer = await lawyer.get(f"/v1/dossiers/{dossier['id']}/engagement-gaps")
    assert await firm.events(answer) == done("engagement.gaps_viewed")
    event = await firm.event(answer)
    assert (str(event["dossier_id"]), event["details"]) == (
        dossier["id"], {"gaps": ["engagement_missing"] * 2, "rules_version": 1},
    )  # fmt: skip
    assert answer.json() == {
        "dossier_id": dossier["id"], "number": dossier["number"], "rules_version": 1, "untold": False,
        "gaps": [
            {"code": "engagement_missing", "engagement_id": None, "kinds": ["contract", "appointment"], "field": None,
             "en": "No engagement of this kind is in force: contract or appointment", "zh": "缺少有效的委托手续:委托代理合同、指定或指派手续"},
            {"code": "engagement_missing", "engagement_id": None, "kinds": ["power_of_attorney"], "field": None,
             "en": "No engagement of this kind is in force: power_of_attorney", "zh": "缺少有效的委托手续:授权委托书"},
        ],
    }  # fmt: skip
    contract = await made(lawyer, dossier, {"kind": "contract"})
    power = await made(lawyer, dossier, {"kind": "power_of_attorney", "scope": "special"})
    assert set(await told(lawyer, dossier)) == {
        ("client_not_named", "/parties"), ("firm_not_named", "/parties"), ("not_dated", "/dated_on"), ("fee_missing", "/fee"),
        ("entry_missing", "/entry_id"), ("attorneys_missing", "/attorneys"), ("special_powers_missing", "/special_powers"),
    }  # fmt: skip
    entry = await firm.entry(lawyer, dossier["id"])
    said = {name: CONTRACT[name] for name in ("parties", "dated_on")}
    fee = {"mode": "contingency"}
    half = await lawyer.change(f"/v1/engagements/{contract['id']}", said | {"fee": fee, "entry_id": entry["id"]})
    assert half.status_code == 200, half.text
    rest = {name: value for name, value in POWER.items() if name != "kind"} | {"entry_id": entry["id"]}
    assert (await lawyer.change(f"/v1/engagements/{power['id']}", rest)).status_code == 200
    assert await told(lawyer, dossier) == [
        ("client_not_signed", "/parties/0"), ("firm_not_signed", "/parties/1"), ("fee_incomplete", "/fee"),
        ("file_missing", "/entry_id"), ("file_missing", "/entry_id"),
    ]  # fmt: skip
    await firm.file(lawyer, entry["id"])
    signed = {"signers": SIGNED, "fee": fee | {"terms": "按回款 10%"}}
    assert (await lawyer.change(f"/v1/engagements/{contract['id']}", signed)).status_code == 200
    assert await told(lawyer, dossier) == []
    # Its paper is kept out, its term runs out: the gaps are back.
    assert (await lawyer.post(f"/v1/entries/{entry['id']}/review", EXCLUDE)).status_code == 200
    assert await told(lawyer, dossier) == [("entry_excluded", "/entry_id")] * 2
    await firm.eyes.execute("UPDATE engagements SET ends_on = '2026-03-31' WHERE kind = 'contract'")
    assert (await told(lawyer, dossier))[0] == ("expired", "/ends_on")


async def test_rules_of_the_firm_decide(firm: Firm) -> None:
    lawyer, archivist = await firm.person("lawyer"), await firm.person("archivist")
    dossier = await firm.dossier(lawyer)
    rules = (await archivist.get("/v1/rules/engagement")).json()
    body = {name: rules[name] for name in ("body", "source", "verified")}
    body["body"]["needs"]["civil"] = [["retainer_letter"]]
    body["body"]["checks"] = {"retainer_letter": ["contract_number", "term"]}
    assert (await archivist.change("/v1/rules/engagement", body, "PUT")).status_code == 200
    answer = await lawyer.get(f"/v1/dossiers/{dossier['id']}/engagement-gaps")
    assert [gap["kinds"] for gap in answer.json()["gaps"]] == [["retainer_letter"]]
    assert answer.json()["rules_version"] == 2
    await made(lawyer, dossier, {"kind": "retainer_letter"})
    assert {code for code, _ in await told(lawyer, dossier)} == {
        "start_missing",
        "end_missing",
        "contract_number_missing",
    }
    bad: list[dict[str, Any]] = [
        {"needs": {"civil": [[]]}}, {"checks": {"contract": ["beautiful"]}}, {"needs": {"maritime": []}},
    ]  # fmt: skip
    for wrong in bad:
        unchanged = await firm.tables()
        answer = await archivist.change("/v1/rules/engagement", body | {"body": body["body"] | wrong}, "PUT")
        await refused(firm, unchanged, answer, 422, "invalid")


async def test_list_holds_what_one_works_on_or_decides_on(firm: Firm) -> None:
    lead = await firm.person("lawyer", department="一部")
    assistant = await firm.person("assistant")
    partner, elsewhere = (
        await firm.person("partner", department="一部"),
        await firm.person("partner", department="二部"),
    )
    director, archivist = await firm.person("director"), await firm.person("archivist")
    auditor = await firm.person("auditor", "lawyer")
    lacking = await firm.dossier(lead, team=[{"user_id": str(assistant.id), "duty": "assistant"}])
    own = await firm.dossier(lead, confidentiality="restricted")
    whole = await firm.dossier(lead)
    await complete(firm, lead, whole)
    closed = await firm.dossier(lead)
    await firm.eyes.execute("UPDATE dossiers SET state = 'filed' WHERE number = $1", closed["number"])
    for person, expected in (
        (lead, [own, lacking]), (director, [own, lacking]), (assistant, [lacking]), (partner, [lacking]),
        (elsewhere, []), (archivist, []), (auditor, []),
    ):  # fmt: skip
        items = await everything(person, f"{LIST}?limit=1")
        assert [item["dossier_id"] for item in items] == [dossier["id"] for dossier in expected], person.name
        assert all(item["gaps"] for item in items)
    answer = await lead.get(LIST)
    assert await firm.events(answer) == done("engagement.gaps_listed")
    event = await firm.event(answer)
    assert (event["dossier_id"], event["details"]) == (None, {"returned": [own["id"], lacking["id"]]})


async def test_list_goes_on_behind_what_lacks_nothing(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    lawyer = await firm.person("lawyer")
    dossiers = [await firm.dossier(lawyer) for _ in range(6)]
    for dossier in dossiers[1:5]:
        await complete(firm, lawyer, dossier)
    monkeypatch.setattr(completeness, "_BATCH", 2)
    monkeypatch.setattr(completeness, "_BATCHES", 1)
    first = await lawyer.get(LIST)
    assert [item["dossier_id"] for item in first.json()["items"]] == [dossiers[5]["id"]]
    second = await lawyer.get(LIST, params={"cursor": first.json()["next"]})
    assert (second.json()["items"], second.json()["next"] is None) == ([], False)
    for limit in (1, 2, 200):
        items = await everything(lawyer, f"{LIST}?limit={limit}")
        assert [item["dossier_id"] for item in items] == [dossiers[5]["id"], dossiers[0]["id"]]
    forged = await lawyer.get(LIST, params={"cursor": "AAAA"})
    await refused(firm, await firm.tables(), forged, 400, "invalid_cursor")


async def test_a_wall_hides_from_the_list_and_from_its_event(firm: Firm) -> None:
    lawyer, keeper = await firm.person("lawyer"), await firm.person("security_admin")
    kept, walled = await firm.dossier(lawyer), await firm.dossier(lawyer)
    before = await lawyer.get(LIST)
    assert len(before.json()["items"]) == 2
    event_id = str((await firm.event(before))["id"])
    wall = await keeper.post("/v1/walls", {
        "name": "x", "reason": "x", "dossier_ids": [walled["id"]], "excluded_user_ids": [str(lawyer.id)],
    })  # fmt: skip
    assert wall.status_code == 201, wall.text
    assert [item["dossier_id"] for item in await everything(lawyer, LIST)] == [kept["id"]]
    event = await lawyer.get(f"/v1/events/{event_id}")
    assert event.json()["details"] == {"returned": [kept["id"]]}
    unchanged = await firm.tables()
    for dossier_id in (walled["id"], ABSENT):
        answer = await lawyer.get(f"/v1/dossiers/{dossier_id}/engagement-gaps")
        await refused(firm, unchanged, answer, 404, "not_found")


async def test_an_ended_mandate_is_not_asked_for_again(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    contract = await made(lawyer, dossier, CONTRACT | {"parties": [CLIENT, OFFICE]})
    assert ("engagement_missing", None) in await told(lawyer, dossier)
    said = {"kind": "termination", "on": "2026-06-30", "reason": "解除", "by": "client"}
    assert (await lawyer.post(f"/v1/engagements/{contract['id']}/changes", said)).status_code == 201
    assert await told(lawyer, dossier) == []


async def test_other_rooms_ask_the_service(firm: Firm) -> None:
    lawyer, stranger = await firm.person("lawyer"), await firm.person("lawyer")
    dossier = await firm.dossier(lawyer, confidentiality="confidential")
    service, database = firm.services.engagement_gaps, firm.services.resources.database
    found = []
    for person in (lawyer, stranger):
        actor = await firm.services.auth.identify(person.token, Origin("r", "GET", "/"))
        async with database.connection() as connection:
            found.append(await service.gaps_of(connection, actor, UUID(dossier["id"])))
    seen, hidden = found
    assert hidden is None
    assert seen is not None
    assert [gap.code for gap in seen.gaps] == ["engagement_missing"] * 2
