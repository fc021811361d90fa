"""Attacks by way of conflict checks: what they tell of clients and dossiers that somebody may not know of."""

import json
from typing import Any

import pytest

from tests.access.test_walls import built
from tests.support.checks import refused
from tests.support.conflicts import CHECKS, checked, conclude, conclusion, organization, person
from tests.support.firm import Firm, Person, done
from tests.support.papers import PNG

NEW = [person("丙")]
SECRET = "绝密甲乙科技有限公司"


async def served(firm: Firm, lead: Person, name: str = SECRET, **fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make a client and his dossier."""
    client = await firm.client(lead, name)
    return client, await firm.dossier(lead, client_ids=[client["id"]], **fields)


async def hide(firm: Firm, hiding: str, asker: Person, client: dict[str, Any], dossier: dict[str, Any]) -> None:
    """Keep somebody from a client or dossier."""
    keeper = await firm.person("security_admin")
    if hiding == "client wall":
        await built(keeper, asker, client_ids=[client["id"]])
    elif hiding == "dossier wall":
        await built(keeper, asker, dossier_ids=[dossier["id"]])


@pytest.mark.parametrize("hiding", ["client wall", "dossier wall", "level", "two levels"])
async def test_what_is_hidden_is_one_line_that_says_nothing(firm: Firm, hiding: str) -> None:
    """A wall, a level, one dossier or two behind it: the asker can't tell them apart, and is told nothing else."""
    lead, asker = await firm.person("lawyer"), await firm.person("lawyer")
    level = "confidential" if "level" in hiding else "internal"
    client, dossier = await served(firm, lead, confidentiality=level)
    if hiding == "two levels":
        await firm.dossier(lead, client_ids=[client["id"]], confidentiality="sealed")
        await firm.dossier(lead, opposing_parties=[person("丙")], confidentiality="restricted")
    await hide(firm, hiding, asker, client, dossier)
    asked = [organization(SECRET), organization("旁人公司")]
    made = await asker.post(CHECKS, {
        "clients": NEW, "opposing_parties": asked, "matter_type": "civil", "cause": "x",
    })  # fmt: skip
    check = made.json()
    line = check["hits"][0]
    empty = dict.fromkeys(line) | {"id": line["id"], "refer": True, "dossiers": []}
    assert (check["hits"], check["refer"], check["incomplete"]) == ([empty], True, False)
    for text in (made.text, (await asker.get(f"{CHECKS}/{check['id']}")).text, (await asker.get(CHECKS)).text):
        for secret in (client["id"], dossier["id"], dossier["number"], "against-client", "opponent_is_client"):
            assert secret not in text
    # His own events neither tell of it, nor are they missing.
    events = (await asker.get("/v1/events?limit=200")).json()["items"]
    assert [event["type"] for event in events if event["type"] == "conflict.checked"] == ["conflict.checked"]
    assert client["id"] not in json.dumps(events)
    assert dossier["id"] not in json.dumps(events)


async def test_of_a_client_only_the_visible_dossiers_are_told(firm: Firm) -> None:
    lead, asker = await firm.person("lawyer"), await firm.person("lawyer")
    client, dossier = await served(firm, lead)
    hidden = await firm.dossier(lead, client_ids=[client["id"]], confidentiality="confidential")
    check = await checked(firm, asker, NEW, organization(SECRET))
    assert [(hit["refer"], [one["id"] for one in hit["dossiers"]]) for hit in check["hits"]] == [
        (False, [dossier["id"]]), (True, []),
    ]  # fmt: skip
    assert hidden["number"] not in json.dumps(check)


async def test_hidden_is_hidden_from_each_reader_as_he_is(firm: Firm) -> None:
    """What the maker saw is not shown to a colleague whom a wall keeps from it, nor to the maker once one does."""
    lead, archivist, keeper = [await firm.person(role) for role in ("lawyer", "archivist", "security_admin")]
    _, dossier = await served(firm, lead)
    check = await checked(firm, lead, NEW, organization(SECRET))
    path = f"{CHECKS}/{check['id']}"
    await built(keeper, archivist, dossier_ids=[dossier["id"]])
    told = (await archivist.get(path)).json()
    assert ([hit["refer"] for hit in told["hits"]], told["refer"]) == ([True], True)
    await built(keeper, lead, dossier_ids=[dossier["id"]])
    again = (await lead.get(path)).json()
    assert [(hit["refer"], hit["matched_name"]) for hit in again["hits"]] == [(True, None)]
    # Nobody but who sees it can judge it, and nothing was referred when it was made.
    before = await firm.tables()
    await refused(firm, before, await conclude(lead, again, "clear"), 409, "referral_needed")
    await refused(firm, before, await keeper.post(f"{path}/referral", {"judgement": "none", "reason": "x"}), 404)


async def test_a_check_about_a_walled_client_is_not_there(firm: Firm) -> None:
    """Neither by id nor by name does a director read what is planned with a client whom he is kept from."""
    lead, director, keeper = [await firm.person(role) for role in ("lawyer", "director", "security_admin")]
    client, _ = await served(firm, lead)
    by_id = await checked(firm, lead, [{"client_id": client["id"]}], organization("旁人公司"))
    by_name = await checked(firm, lead, [organization(SECRET)], organization("旁人公司"))
    await director.get(CHECKS)
    await built(keeper, director, client_ids=[client["id"]])
    before = await firm.tables()
    for check in (by_id, by_name):
        await refused(firm, before, await director.get(f"{CHECKS}/{check['id']}"), 404, "not_found")
    assert (await director.get(CHECKS)).json()["items"] == []
    events = (await director.get("/v1/events?limit=200")).json()["items"]
    assert "conflict.checked" not in [event["type"] for event in events]
    assert all(check["id"] not in json.dumps(event["details"]) for check in (by_id, by_name) for event in events)
    assert "旁人公司" not in json.dumps(events, ensure_ascii=False)


async def test_a_check_follows_its_dossier(firm: Firm) -> None:
    """Who does not see the dossier that was opened after a check does not see the check, nor what is recorded of it."""
    lead, archivist, auditor = [await firm.person(role) for role in ("lawyer", "archivist", "auditor")]
    client = await firm.client(lead, SECRET)
    check = await checked(firm, lead, [{"client_id": client["id"]}])
    await conclude(lead, check, "clear")
    assert (await archivist.get(f"{CHECKS}/{check['id']}")).status_code == 200
    await firm.dossier(lead, client_ids=[client["id"]], confidentiality="sealed", conflict_check_id=check["id"])
    before = await firm.tables()
    await refused(firm, before, await archivist.get(f"{CHECKS}/{check['id']}"), 404, "not_found")
    events = (await auditor.get("/v1/events?limit=200")).json()["items"]
    mine = [event for event in events if event["type"].startswith("conflict.checked")]
    assert [(event["masked"], event["details"]) for event in mine] == [(True, None)]


async def test_the_security_administrator_is_told_whom_it_concerns_and_nothing_else(firm: Firm) -> None:
    lead, asker, keeper = [await firm.person(role) for role in ("lawyer", "lawyer", "security_admin")]
    _, dossier = await served(firm, lead, confidentiality="confidential")
    plain = await checked(firm, asker, NEW)
    check = await checked(firm, asker, NEW, organization(SECRET), lawyer_ids=[str(asker.id)])
    read = await keeper.get(f"{CHECKS}/{check['id']}")
    assert await firm.events(read) == done("conflict.viewed")
    told = read.json()
    assert told["concerned"] == [
        {"id": str(asker.id), "display_name": asker.name, "part": "maker"},
        {"id": str(asker.id), "display_name": asker.name, "part": "lawyer"},
        {"id": str(lead.id), "display_name": lead.name, "part": "lead"},
    ]
    assert (told["clients"], told["opposing_parties"], told["cause"], told["lawyer_ids"]) == ([], [], None, [])
    assert [hit["refer"] for hit in told["hits"]] == [True]
    for secret in (SECRET, "丙", dossier["id"], dossier["number"]):
        assert secret not in read.text
    assert [one["id"] for one in (await keeper.get(CHECKS)).json()["items"]] == [check["id"]]
    before = await firm.tables()
    await refused(firm, before, await keeper.get(f"{CHECKS}/{plain['id']}"), 404, "not_found")
    await refused(firm, before, await conclude(keeper, told, "clear"), 403, "forbidden")
    consent = f"{CHECKS}/{check['id']}/consents/{told['hits'][0]['id']}"
    await refused(firm, before, await keeper.get(consent), 403, "forbidden")
    await refused(firm, before, await keeper.put(consent, content=PNG), 403, "forbidden")


@pytest.mark.parametrize("by", ["director", "security_admin"])
async def test_what_is_referred_is_judged_by_who_may(firm: Firm, by: str) -> None:
    lead, asker, judge = [await firm.person(role) for role in ("lawyer", "lawyer", by)]
    await served(firm, lead, confidentiality="confidential")
    check = await checked(firm, asker, NEW, organization(SECRET))
    path, verdict = f"{CHECKS}/{check['id']}/referral", {"judgement": "none", "reason": "绝密理由"}
    before = await firm.tables()
    await refused(firm, before, await conclude(asker, check, "clear"), 409, "referral_needed")
    await refused(firm, before, await asker.post(path, verdict), 403, "forbidden")
    answer = await judge.post(path, verdict)
    assert (answer.status_code, await firm.events(answer)) == (200, done("conflict.referral_judged"))
    assert answer.json()["referral"]["reason"] == "绝密理由"
    assert "绝密理由" not in json.dumps((await firm.event(answer))["details"], ensure_ascii=False)
    before = await firm.tables()
    await refused(firm, before, await judge.post(path, verdict), 409, "referral_judged")
    told = (await asker.get(f"{CHECKS}/{check['id']}")).json()
    assert (told["referral"]["judgement"], told["referral"]["reason"]) == ("none", None)
    assert (await conclude(asker, check, "clear")).status_code == 200


async def test_a_director_who_does_not_see_it_does_not_judge_it(firm: Firm) -> None:
    lead, asker, director = [await firm.person(role) for role in ("lawyer", "lawyer", "director")]
    await served(firm, lead, confidentiality="sealed")
    check = await checked(firm, asker, NEW, organization(SECRET))
    before = await firm.tables()
    answer = await director.post(f"{CHECKS}/{check['id']}/referral", {"judgement": "none", "reason": "x"})
    await refused(firm, before, answer, 403, "forbidden")


async def test_what_is_referred_and_relative_needs_consent_too(firm: Firm) -> None:
    lead, asker, keeper = [await firm.person(role) for role in ("lawyer", "lawyer", "security_admin")]
    asker = await firm.person("lawyer", department="一部")
    partner = await firm.person("partner", department="一部")
    await served(firm, lead, confidentiality="confidential")
    check = await checked(firm, asker, NEW, organization(SECRET))
    await keeper.post(f"{CHECKS}/{check['id']}/referral", {"judgement": "relative", "reason": "x"})
    before = await firm.tables()
    await refused(firm, before, await conclude(asker, check, "clear"), 422, "invalid")
    await refused(firm, before, await conclude(partner, check, "waived"), 422, "invalid")
    consent = f"{CHECKS}/{check['id']}/consents/{check['hits'][0]['id']}"
    assert (await asker.put(consent, content=PNG)).status_code == 200
    answer = await conclude(partner, check, "waived")
    assert (answer.status_code, answer.json()["wall_advised"]) == (200, True)


async def test_an_absolute_referral_is_the_end(firm: Firm) -> None:
    lead, asker, keeper, director = [
        await firm.person(role) for role in ("lawyer", "lawyer", "security_admin", "director")
    ]
    await served(firm, lead, confidentiality="sealed")
    check = await checked(firm, asker, NEW, organization(SECRET))
    await keeper.post(f"{CHECKS}/{check['id']}/referral", {"judgement": "absolute", "reason": "x"})
    before = await firm.tables()
    for outcome in ("clear", "waived"):
        await refused(firm, before, await conclude(director, check, outcome), 422, "invalid")
    assert (await conclude(director, check, "conflict")).status_code == 200


async def test_a_repeated_check_tells_what_may_be_known_by_now(firm: Firm) -> None:
    lead, keeper = await firm.person("lawyer"), await firm.person("security_admin")
    client, _ = await served(firm, lead)
    key = {"Idempotency-Key": "check-2"}
    body = {"clients": NEW, "opposing_parties": [organization(SECRET)], "matter_type": "civil", "cause": "x"}
    first = await lead.post(CHECKS, body, headers=key)
    assert first.json()["hits"][0]["client_id"] == client["id"]
    await built(keeper, lead, client_ids=[client["id"]])
    again = await lead.post(CHECKS, body, headers=key)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert [hit["refer"] for hit in again.json()["hits"]] == [True]
    assert client["id"] not in again.text
    assert conclusion(again.json(), "clear")["hits"] == []
