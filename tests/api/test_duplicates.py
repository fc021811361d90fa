"""Likely duplicates over HTTP: proposed as far as one sees the entries, judged by a person and then proposed no more."""

import asyncio
from typing import Any

import pytest

from tests.api.test_entries import ABSENT, EXCLUDE
from tests.support.checks import everything, pointers, refused
from tests.support.firm import Firm, Person, done
from tests.support.papers import pdf


async def proposed(by: Person, dossier: dict[str, Any]) -> list[list[str]]:
    """Give the pairs that are proposed to somebody, page by page."""
    items = await everything(by, f"/v1/dossiers/{dossier['id']}/duplicates?limit=1")
    return [[entry["entry_id"] for entry in item["entries"]] for item in items]


async def dismissed(by: Person, dossier: dict[str, Any], *entry_ids: str, **fields: Any) -> Any:
    """Judge entries to be no duplicates."""
    body = {"entry_ids": entry_ids, "reason": "分属两份合同", **fields}
    return await by.post(f"/v1/dossiers/{dossier['id']}/duplicates/dismissal", body)


async def test_same_file_and_similar_titles_are_proposed_with_their_reason(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    one = await firm.entry(lawyer, dossier["id"], "委托代理合同", formed_on="2026-03-01")
    two = await firm.entry(lawyer, dossier["id"], "委托代理合同(复印件)", formed_on="2026-03-03")
    three = await firm.entry(lawyer, dossier["id"], "收据", formed_on="2026-03-01")
    await firm.entry(lawyer, dossier["id"], "收据", formed_on="2026-05-01")
    paper = pdf(2)
    await firm.file(lawyer, one["id"], paper)
    await firm.file(lawyer, one["id"], pdf(3))
    file = await firm.file(lawyer, three["id"], paper)
    answer = await lawyer.get(f"/v1/dossiers/{dossier['id']}/duplicates")
    assert (answer.status_code, await firm.events(answer)) == (200, done("dossier.duplicates_listed"))
    similar, same = answer.json()["items"]
    told = [{"entry_id": entry["id"], "title": entry["title"], "formed_on": entry["formed_on"]} for entry in (one, two)]
    assert similar == {
        "entries": told, "reasons": ["similar_title"], "sha256": None, "similarity": 100.0, "days_apart": 2,
    }  # fmt: skip
    # The bytes of an earlier version count as those of the newest.
    assert [entry["entry_id"] for entry in same["entries"]] == [one["id"], three["id"]]
    assert (same["reasons"], same["sha256"], same["similarity"]) == (["same_file"], file["sha256"], None)
    event = await firm.event(answer)
    assert str(event["dossier_id"]) == dossier["id"]
    ids = sorted(entry["id"] for entry in (one, two, three))
    assert event["details"] == {"rules_version": 1, "returned": ids}


async def test_what_a_person_judged_is_not_proposed_again(firm: Firm) -> None:
    lawyer, assistant, stranger = [await firm.person(role) for role in ("lawyer", "assistant", "lawyer")]
    team = [{"user_id": str(assistant.id), "duty": "assistant"}]
    dossier = await firm.dossier(lawyer, confidentiality="confidential", team=team)
    a, b, c, d = [(await firm.entry(lawyer, dossier["id"], "证据"))["id"] for _ in range(4)]
    assert await proposed(assistant, dossier) == [[a, b], [a, c], [a, d], [b, c], [b, d], [c, d]]
    answer = await dismissed(lawyer, dossier, c, a, b)
    assert (answer.status_code, await firm.events(answer)) == (200, done("dossier.duplicates_dismissed"))
    made = answer.json()
    assert (made["entry_ids"], made["reason"], made["dismissed_by"]) == (
        [c, a, b], "分属两份合同", {"id": str(lawyer.id), "display_name": lawyer.name},
    )  # fmt: skip
    details = (await firm.event(answer))["details"]
    assert details == {"new": {"entry_ids": [c, a, b], "reason": "分属两份合同"}}
    assert await proposed(assistant, dossier) == [[a, d], [b, d], [c, d]]
    # What is kept out is proposed no more either, and comes back when it is kept again.
    assert (await lawyer.post(f"/v1/entries/{b}/review", EXCLUDE | {"exclusion": "duplicate"})).status_code == 200
    assert await proposed(lawyer, dossier) == [[a, d], [c, d]]
    before = await firm.tables()
    for person, status in ((assistant, 403), (await firm.person("director"), 403), (stranger, 404)):
        before |= {name: (await firm.tables())[name] for name in ("users", "sessions")}
        await refused(firm, before, await dismissed(person, dossier, a, d), status)
    await refused(firm, before, await stranger.get(f"/v1/dossiers/{dossier['id']}/duplicates"), 404, "not_found")


async def test_thresholds_are_the_firms(firm: Firm) -> None:
    lawyer, archivist = await firm.person("lawyer"), await firm.person("archivist")
    dossier = await firm.dossier(lawyer)
    one = await firm.entry(lawyer, dossier["id"], "借款合同一", formed_on="2026-03-01")
    two = await firm.entry(lawyer, dossier["id"], "借款合同二", formed_on="2026-05-01")
    assert await proposed(lawyer, dossier) == []
    told = (await archivist.get("/v1/rules/review")).json()
    loose = {"similarity": 60, "days": 100, "numbers_count": False, "ignored": []}
    body = {"body": told["body"] | {"duplicates": loose}, "source": "本所规定", "verified": True}
    assert (await archivist.change("/v1/rules/review", body, "PUT")).status_code == 200
    assert await proposed(lawyer, dossier) == [[one["id"], two["id"]]]


async def test_entries_above_ones_clearance_are_in_no_pair(firm: Firm) -> None:
    lawyer, assistant = await firm.person("lawyer"), await firm.person("assistant")
    dossier = await firm.dossier(lawyer, team=[{"user_id": str(assistant.id), "duty": "assistant"}])
    a, b = [(await firm.entry(lawyer, dossier["id"], "证据"))["id"] for _ in range(2)]
    sealed = (await firm.entry(lawyer, dossier["id"], "证据", confidentiality="sealed"))["id"]
    assert await proposed(lawyer, dossier) == [[a, b], [a, sealed], [b, sealed]]
    assert await proposed(assistant, dossier) == [[a, b]]
    await firm.eyes.execute("UPDATE role_clearances SET level = 2 WHERE role = 'lawyer'")
    before = await firm.tables()
    problem = await refused(firm, before, await dismissed(lawyer, dossier, a, sealed), 422)
    assert pointers(problem) == [("/body/entry_ids/1", "unknown_entry")]


@pytest.mark.parametrize(
    ("which", "pointer", "code"),
    [
        ("one", "/body/entry_ids", "too_short"), ("twice", "/body", "value_error"),
        ("absent", "/body/entry_ids/1", "unknown_entry"), ("elsewhere", "/body/entry_ids/1", "unknown_entry"),
        ("many", "/body/entry_ids", "too_long"), ("no reason", "/body/reason", "string_too_short"),
    ],
)  # fmt: skip
async def test_judgements_that_can_not_be(firm: Firm, which: str, pointer: str, code: str) -> None:
    lawyer = await firm.person("lawyer")
    dossier, other = await firm.dossier(lawyer), await firm.dossier(lawyer)
    a, b = [(await firm.entry(lawyer, dossier["id"], "证据"))["id"] for _ in range(2)]
    elsewhere = (await firm.entry(lawyer, other["id"], "证据"))["id"]
    ids = {
        "one": [a], "twice": [a, a], "absent": [a, ABSENT], "elsewhere": [a, elsewhere], "no reason": [a, b],
        "many": [f"0199c0de-7b1e-7cc0-8000-{number:012x}" for number in range(51)],
    }[which]  # fmt: skip
    before = await firm.tables()
    answer = await dismissed(lawyer, dossier, *ids, **({"reason": " "} if which == "no reason" else {}))
    problem = await refused(firm, before, answer, 422)
    assert pointers(problem) == [(pointer, code)]


async def test_submitted_dossier_is_judged_no_more_but_read(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    a, b = [(await firm.entry(lawyer, dossier["id"], "证据"))["id"] for _ in range(2)]
    await firm.eyes.execute("UPDATE dossiers SET state = 'submitted'")
    before = await firm.tables()
    await refused(firm, before, await dismissed(lawyer, dossier, a, b), 409, "dossier_frozen")
    assert await proposed(lawyer, dossier) == [[a, b]]
    foreign = await lawyer.get(f"/v1/dossiers/{dossier['id']}/duplicates?cursor=x")
    await refused(firm, before, foreign, 400, "invalid_cursor")


async def test_repeated_judgement_is_kept_once(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    a, b = [(await firm.entry(lawyer, dossier["id"], "证据"))["id"] for _ in range(2)]
    path, key = f"/v1/dossiers/{dossier['id']}/duplicates/dismissal", {"Idempotency-Key": "k"}
    body = {"entry_ids": [a, b], "reason": "两份"}
    once = await asyncio.gather(*(lawyer.post(path, body, headers=key) for _ in range(2)))
    codes = sorted(answer.status_code for answer in once)
    assert codes in ([200, 200], [200, 409])
    assert await firm.eyes.fetchval("SELECT count(*) FROM duplicate_dismissals") == 1
