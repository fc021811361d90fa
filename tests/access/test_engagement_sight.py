"""How much of an engagement shows: fee terms to who reads content and to finance, nothing of papers that are not seen."""

from typing import Any

import pytest

from tests.access.test_grants import given
from tests.api.test_engagements import CONTRACT, EXTENDED, FEE, POWER, made
from tests.api.test_mandate_changes import SAID
from tests.support.checks import refused
from tests.support.firm import Firm, Person


async def seen(by: Person, engagement: dict[str, Any]) -> dict[str, Any]:
    """Read an engagement as somebody."""
    answer = await by.get(f"/v1/engagements/{engagement['id']}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def listed(by: Person, dossier: dict[str, Any]) -> list[dict[str, Any]]:
    """List the engagements of a dossier as somebody."""
    answer = await by.get(f"/v1/dossiers/{dossier['id']}/engagements")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def codes(by: Person, dossier: dict[str, Any]) -> tuple[set[str], bool]:
    """Ask what the engagements of a dossier lack, and whether that is all."""
    answer = await by.get(f"/v1/dossiers/{dossier['id']}/engagement-gaps")
    assert answer.status_code == 200, answer.text
    return {gap["code"] for gap in answer.json()["gaps"]}, answer.json()["untold"]


# Whether fee terms show to somebody who is not on the team, by level and role; who is left out does not see it at all.
READS: dict[str, dict[str, bool]] = {
    "public": dict.fromkeys(["lawyer", "assistant", "archivist", "partner", "director", "finance"], True),
    "internal": {
        "lawyer": False, "assistant": False, "archivist": True, "partner": True, "director": True, "finance": True,
    },
    "confidential": {"archivist": False, "partner": True, "director": True, "finance": True},
    "restricted": {"archivist": False, "director": True},
    "sealed": {},
}  # fmt: skip


@pytest.mark.parametrize("level", READS)
async def test_fee_terms_are_content(firm: Firm, level: str) -> None:
    lead = await firm.person("lawyer", department="一部")
    dossier = await firm.dossier(lead, confidentiality=level)
    await firm.entry(lead, dossier["id"], "票据", category="fee_document")
    engagement = await made(lead, dossier)
    amended = SAID | {"kind": "amendment", "values": {"fee": FEE | {"amount": "40000.44"}}}
    change = await lead.post(f"/v1/engagements/{engagement['id']}/changes", amended)
    assert change.json()["changed"][0]["new"]["amount"] == "40000.44"
    path = f"/v1/engagements/{engagement['id']}"
    for role in READS["public"]:
        person, reads = await firm.person(role, department="一部"), READS[level].get(role)
        if reads is None:
            before = await firm.tables()
            for hidden in (path, f"{path}/changes", f"{path}/changes/{change.json()['id']}"):
                await refused(firm, before, await person.get(hidden), 404, "not_found")
            continue
        told = await seen(person, engagement)
        assert (told["fee_hidden"], told["fee"] is None) == (not reads, not reads), role
        assert await listed(person, dossier) == [told]
        history = [
            (await person.get(f"{path}/changes")).json()["items"][0],
            (await person.get(f"{path}/changes/{change.json()['id']}")).json(),
        ]
        for line in history:
            assert line["changed"][0]["hidden"] is not reads
            assert ("40000.44" in str(line)) is reads
        # From finance the papers are hidden all the same.
        assert (await codes(person, dossier))[1] is (not reads or (role == "finance" and level != "public"))


async def test_a_grant_for_metadata_opens_no_fee_terms(firm: Firm) -> None:
    lead, other = await firm.person("lawyer"), await firm.person("lawyer")
    dossier = await firm.dossier(lead, confidentiality="confidential")
    engagement = await made(lead, dossier, fee=None)
    await given(lead, dossier, other, scope="metadata")
    told = await seen(other, engagement)
    # The same whether there are any or not.
    assert (told["fee"], told["fee_hidden"]) == (None, True)
    found, untold = await codes(other, dossier)
    assert ("fee_missing" in found, untold) == (False, True)
    assert "fee_missing" in (await codes(lead, dossier))[0]
    await given(lead, dossier, other, scope="content")
    assert (await seen(other, engagement))["fee_hidden"] is False
    assert "fee_missing" in (await codes(other, dossier))[0]


async def test_events_tell_no_fee_terms(firm: Firm) -> None:
    lead, auditor = await firm.person("lawyer"), await firm.person("auditor")
    dossier = await firm.dossier(lead)
    engagement = await made(lead, dossier, signers=[])
    path = f"/v1/engagements/{engagement['id']}"
    await lead.change(path, {"fee": FEE | {"amount": "777777.77"}})
    amended = SAID | {"kind": "amendment", "values": {"fee": FEE | {"amount": "888888.88", "terms": "另行收取"}}}
    assert (await lead.post(f"{path}/changes", amended)).status_code == 201
    events = (await auditor.get(f"/v1/events?dossier_id={dossier['id']}&limit=200")).json()["items"]
    about = [event for event in events if event["type"].startswith("engagement.")]
    assert len(about) == 4
    kept = await firm.eyes.fetch("SELECT details::text FROM events WHERE subject_type = 'engagement'")
    for text in [str(about), *(row["details"] for row in kept)]:
        assert not any(word in text for word in ("30000.00", "777777.77", "888888.88", "签约后", "另行收取"))


async def test_what_names_a_paper_that_is_not_seen_only_shows_that_it_is_there(firm: Firm) -> None:
    lead, assistant = await firm.person("lawyer"), await firm.person("assistant")
    dossier = await firm.dossier(lead, team=[{"user_id": str(assistant.id), "duty": "assistant"}])
    sealed = await firm.entry(lead, dossier["id"], "密件", confidentiality="sealed")
    plain = await made(lead, dossier, POWER)
    hidden = await made(lead, dossier, entry_id=sealed["id"])
    assert [one["masked"] for one in await listed(lead, dossier)] == [False, False]
    items = await listed(assistant, dossier)
    assert items == [plain, {"masked": True, "dossier_id": dossier["id"], "serial": 2}]
    before = await firm.tables()
    path = f"/v1/engagements/{hidden['id']}"
    for method, target, body in (
        ("GET", path, None), ("GET", f"{path}/changes", None), ("PATCH", path, {"starts_on": None}),
        ("POST", f"{path}/changes", EXTENDED),
    ):  # fmt: skip
        headers = {"If-Match": "*"} if method == "PATCH" else {}
        answer = await assistant.request(method, target, json=body, headers=headers)
        await refused(firm, before, answer, 404, "not_found")
    # Whether there is a contract can't be told him, nor what it lacks; neither is it in the list's event or cursor.
    assert await codes(lead, dossier) == ({"entry_missing", "file_missing"}, False)
    assert await codes(assistant, dossier) == ({"entry_missing"}, True)
    answer = await assistant.get(f"/v1/dossiers/{dossier['id']}/engagements?limit=1")
    assert (await firm.event(answer))["details"]["returned"] == [plain["id"]]
    unknown = await assistant.post(f"/v1/dossiers/{dossier['id']}/engagements", CONTRACT | {"entry_id": sealed["id"]})
    problem = await refused(firm, before, unknown, 422, "invalid")
    assert problem["errors"][0]["code"] == "unknown_entry"


async def test_the_paper_of_a_change_hides_what_it_changed(firm: Firm) -> None:
    lead, assistant = await firm.person("lawyer"), await firm.person("assistant")
    dossier = await firm.dossier(lead, team=[{"user_id": str(assistant.id), "duty": "assistant"}])
    engagement = await made(lead, dossier)
    assert (await seen(assistant, engagement))["id"] == engagement["id"]
    sealed = await firm.entry(lead, dossier["id"], "密件", confidentiality="sealed")
    path = f"/v1/engagements/{engagement['id']}"
    change = await lead.post(f"{path}/changes", EXTENDED | {"entry_id": sealed["id"]})
    assert change.status_code == 201
    before = await firm.tables()
    for hidden in (path, f"{path}/changes", f"{path}/changes/{change.json()['id']}"):
        await refused(firm, before, await assistant.get(hidden), 404, "not_found")
    assert await listed(assistant, dossier) == [{"masked": True, "dossier_id": dossier["id"], "serial": 1}]
    assert str((await firm.event(change))["entry_id"]) == sealed["id"]
    assert (await seen(lead, engagement))["ends_on"] == EXTENDED["ends_on"]


async def test_finance_knows_the_contract_without_its_paper(firm: Firm) -> None:
    lead, finance = await firm.person("lawyer"), await firm.person("finance")
    dossier = await firm.dossier(lead, confidentiality="confidential")
    entry = await firm.entry(lead, dossier["id"], "委托代理合同", category="client_information")
    engagement = await made(lead, dossier, entry_id=entry["id"])
    before = await firm.tables()
    await refused(firm, before, await finance.get(f"/v1/engagements/{engagement['id']}"), 404, "not_found")
    await firm.entry(lead, dossier["id"], "票据", category="fee_document")
    told = await seen(finance, engagement)
    assert (told["fee"], told["entry_id"]) == (FEE, None)
    extended = EXTENDED | {"entry_id": entry["id"]}
    assert (await lead.post(f"/v1/engagements/{engagement['id']}/changes", extended)).status_code == 201
    history = (await finance.get(f"/v1/engagements/{engagement['id']}/changes")).json()["items"]
    assert history[0]["entry_id"] is None
    # Nothing of the entry by way of what is missing: no file of it is stored.
    assert await codes(lead, dossier) == ({"engagement_missing", "file_missing"}, False)
    assert await codes(finance, dossier) == ({"engagement_missing"}, True)
    await lead.change(f"/v1/entries/{entry['id']}", {"confidentiality": "restricted"})
    before = await firm.tables()
    await refused(firm, before, await finance.get(f"/v1/engagements/{engagement['id']}"), 404, "not_found")


async def test_an_attempt_on_an_engagement_shows_to_the_lead(firm: Firm) -> None:
    lead, stranger = await firm.person("lawyer"), await firm.person("lawyer")
    dossier = await firm.dossier(lead, confidentiality="confidential")
    engagement = await made(lead, dossier)
    tried = await stranger.get(f"/v1/engagements/{engagement['id']}")
    assert tried.status_code == 404
    event = await firm.event(tried)
    assert (event["dossier_id"], event["subject_label"]) == (None, None)
    found = (await lead.get(f"/v1/events?dossier_id={dossier['id']}&type=access.denied")).json()["items"]
    assert [one["id"] for one in found] == [str(event["id"])]
    mine = (await stranger.get(f"/v1/events?dossier_id={dossier['id']}")).json()["items"]
    assert mine == []
