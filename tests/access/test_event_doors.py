"""Attacks by way of the events: what they tell of what their reader may not know.

The list of attacks and the tests that answer them: docs/attacks.md.
"""

from typing import Any
from uuid import uuid4

import pytest

from tests.access.test_grants import status
from tests.access.test_programs import behalf, keeper_and_program
from tests.access.test_walls import built
from tests.api.test_tokens import Forge
from tests.support.firm import Firm, Person, Refusal, done

USCC = {"scheme": "other", "value": "证件-0042-7788"}
PHONE = {"kind": "phone", "value": "13800138000"}


async def read(person: Person, query: str = "", **options: Any) -> list[dict[str, Any]]:
    """Give the events that somebody reads, newest first."""
    answer = await person.get(f"/v1/events?limit=200{query}", **options)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def plain(events: list[dict[str, Any]], known: str) -> list[tuple[object, ...]]:
    """Give what events tell beside the id that their reader sent, times and ids of their own."""
    return [
        (
            event["type"], event["outcome"], event["subject"]["label"], event["dossier_id"] == known, event["masked"],
            len((event["details"] or {}).get("returned", ())),
        )
        for event in events
    ]  # fmt: skip


@pytest.mark.parametrize("hiding", ["wall", "level"])
async def test_looking_for_events_leaves_the_same_trace_for_hidden_and_absent(firm: Firm, hiding: str) -> None:
    """The searches that one did oneself must not tell afterwards which of two ids is there."""
    lead, keeper, stranger = [await firm.person(role) for role in ("lawyer", "security_admin", "assistant")]
    dossier = await firm.dossier(lead, confidentiality="sealed" if hiding == "level" else "internal")
    if hiding == "wall":
        await built(keeper, stranger, dossier_ids=[dossier["id"]])
    told = []
    for known in (dossier["id"], str(uuid4())):
        assert await status(stranger, f"/v1/dossiers/{known}") == 404
        for path in (f"/v1/events?dossier_id={known}", f"/v1/access-requests?dossier_id={known}"):
            answer = await stranger.get(path)
            assert await firm.events(answer) == done("event.listed" if "events" in path else "access.requests_listed")
        export = await stranger.get(f"/v1/events?dossier_id={known}&format=ndjson")
        assert await firm.events(export) == done("event.exported")
        told.append(plain(await read(stranger, f"&dossier_id={known}"), known))
    assert len(told[0]) == 4
    assert told[0] == told[1]


async def test_refusals_of_what_one_knew_are_gone_behind_a_wall(firm: Firm) -> None:
    """A refusal of something known names it; once a wall stands it names nothing to him whom it keeps out."""
    lead, other, keeper = await firm.person("lawyer"), await firm.person("lawyer"), await firm.person("security_admin")
    dossier = await firm.dossier(lead)
    entry = await firm.entry(lead, dossier["id"], title="调解方案")
    refused = await other.patch(f"/v1/entries/{entry['id']}", {"remarks": "x"}, headers={"If-Match": "*"})
    assert (refused.status_code, await firm.events(refused)) == (403, [Refusal])
    assert "调解方案" in str(await read(other))
    await built(keeper, other, dossier_ids=[dossier["id"]])
    assert await status(other, f"/v1/entries/{entry['id']}") == 404
    events = await read(other, "&type=access.denied")
    assert [(event["subject"]["id"], event["subject"]["label"]) for event in events] == [(entry["id"], None)]
    assert "调解方案" not in str(await read(other))
    assert dossier["id"] not in str(await read(other))


async def test_changing_what_is_masked_does_not_uncover_it(firm: Firm) -> None:
    """Who sees identifiers and contacts masked may change them, but his own event does not tell what they were."""
    lead, other, director, auditor = [await firm.person(role) for role in ("lawyer", "lawyer", "director", "auditor")]
    client = await firm.client(lead, identifiers=[USCC], contacts=[PHONE])
    await firm.dossier(lead, client_ids=[client["id"]])
    path = f"/v1/clients/{client['id']}"
    assert USCC["value"] not in (await other.get(path)).text
    changed = await other.change(path, {"identifiers": [], "contacts": []})
    assert (changed.status_code, await firm.events(changed)) == (200, done("client.changed"))
    event = await firm.event(changed)
    for text in (str(await read(other)), (await other.get(f"/v1/events/{event['id']}")).text):
        assert event["details"]["changed"].keys() == {"identifiers", "contacts"}
        assert USCC["value"] not in text
        assert PHONE["value"] not in text
    export = (await other.get("/v1/events?format=ndjson")).text
    assert USCC["value"] not in export
    # What was written over is kept for those who see it whole and for him who guards the record.
    for keeper in (director, auditor):
        whole = (await keeper.get(f"/v1/events/{event['id']}")).json()["details"]["changed"]
        assert whole == {"identifiers": [[USCC], []], "contacts": [[PHONE], []]}


async def test_events_above_the_clearance_in_force_are_not_read(firm: Firm) -> None:
    """A token that lowers the clearance, and a program below its level, read no events of what lies above either."""
    _, program = await keeper_and_program(firm, on_behalf=True)
    lead = await firm.person("lawyer")
    low = await firm.dossier(lead, cause="普通纠纷")
    high = await firm.dossier(lead, cause="重大并购", confidentiality="restricted")
    secret = await firm.entry(lead, low["id"], title="高密材料", confidentiality="restricted")
    lowered = Person(lead.id, lead.name, Forge(firm, lead).signed(clearance="internal"), firm.http)
    assert (await lowered.get("/v1/auth/me")).json()["clearance"] == "internal"
    for person, options in ((lowered, {}), (program, behalf(lead.id))):
        for path in (f"/v1/dossiers/{high['id']}", f"/v1/entries/{secret['id']}"):
            hidden = await person.get(path, **options)
            assert (hidden.status_code, await firm.events(hidden)) == (404, [Refusal])
        text = str([event for event in await read(person, **options) if event["outcome"] != "denied"])
        assert "普通纠纷" in text
        for word in ("重大并购", high["number"], "高密材料", secret["id"]):
            assert word not in text
    assert "重大并购" in str(await read(lead))
    assert "高密材料" in str(await read(lead))


@pytest.mark.parametrize("role", ["auditor", "director"])
async def test_sealed_entries_of_other_dossiers_are_masked_in_events(firm: Firm, role: str) -> None:
    lead, reader = await firm.person("lawyer"), await firm.person(role)
    dossier = await firm.dossier(lead)
    entry = await firm.entry(lead, dossier["id"], title="密函", confidentiality="sealed")
    file = await firm.file(lead, entry["id"], name="letter.pdf")
    assert await status(reader, f"/v1/entries/{entry['id']}") == 404
    events = await read(reader, f"&dossier_id={dossier['id']}&outcome=success")
    told = {event["type"]: (event["masked"], event["subject"]["label"]) for event in events}
    assert told["entry.created"] == told["file.added"] == (True, None)
    assert told["dossier.opened"] == (False, dossier["number"])
    for word in ("密函", "letter.pdf", file["sha256"]):
        assert word not in str(events)


async def test_lists_of_others_do_not_tell_a_director_what_is_behind_his_wall(firm: Firm) -> None:
    """What a colleague's list showed is told without what the reader is kept from: it would show that there is a wall."""
    lead, keeper, director = [await firm.person(role) for role in ("lawyer", "security_admin", "director")]
    hidden, shown = await firm.client(lead, "甲方集团"), await firm.client(lead, "乙方集团")
    walled = await firm.dossier(lead, client_ids=[hidden["id"]])
    seen = await firm.dossier(lead, client_ids=[shown["id"]])
    until = {"scope": "content", "reason": "x", "until": "2027-01-01T00:00:00Z"}
    colleague = await firm.person("lawyer")
    asked = await colleague.post(f"/v1/dossiers/{walled['id']}/access-requests", until)
    assert asked.status_code == 201
    wall = (await built(keeper, director, client_ids=[hidden["id"]])).json()
    for path in ("/v1/dossiers", "/v1/numbers", "/v1/clients", "/v1/access-requests"):
        assert (await lead.get(path)).status_code == 200
    assert wall["id"] in (await keeper.get("/v1/walls")).text
    read_by_lead = (await read(lead, f"&dossier_id={walled['id']}"))[0]["id"]
    text = str(await read(director))
    assert seen["id"] in text
    assert seen["number"] in text
    for word in (walled["id"], walled["number"], hidden["id"], wall["id"], asked.json()["id"], read_by_lead):
        assert word not in text
    # The auditor's record stays whole.
    whole = str(await read(await firm.person("auditor")))
    for word in (walled["id"], walled["number"], hidden["id"], wall["id"]):
        assert word in whole


async def test_numbers_of_sealed_dossiers_are_not_read_off_the_lists_of_their_team(firm: Firm) -> None:
    lead = await firm.person("lawyer")
    sealed = await firm.dossier(lead, confidentiality="sealed")
    assert sealed["number"] in (await lead.get("/v1/numbers")).text
    for role in ("auditor", "director"):
        assert sealed["number"] not in str(await read(await firm.person(role)))
    assert sealed["number"] in str(await read(lead))


async def test_suspected_duplicate_does_not_tell_a_walled_director_of_the_other_client(firm: Firm) -> None:
    """He can't find out whether a client behind his wall has an identifier by giving it to a new one."""
    lead, keeper, director, archivist = [
        await firm.person(role) for role in ("lawyer", "security_admin", "director", "archivist")
    ]
    client = await firm.client(lead, identifiers=[USCC])
    await built(keeper, director, client_ids=[client["id"]])
    for value, events in ((USCC, ["client.created", "client.duplicate_suspected"]), ({**USCC, "value": "x-1"}, ["client.created"])):  # fmt: skip
        made = await director.post("/v1/clients", {"kind": "organization", "name": "新客户", "identifiers": [value]})
        assert made.status_code == 201
        assert await firm.events(made) == done(*events)
        seen = await read(director, f"&request_id={made.headers['x-request-id']}")
        assert [event["type"] for event in seen] == ["client.created"]
        assert client["id"] not in str(seen)
    pairs = await read(archivist, "&type=client.duplicate_suspected")
    assert [event["details"]["other_client_id"] for event in pairs] == [client["id"]]
