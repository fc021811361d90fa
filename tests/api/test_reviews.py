"""Reviews over HTTP: reasons from the firm's rules, the history of an entry, newer versions that supersede older ones."""

import asyncio
from typing import Any

import pytest

from tests.api.test_entries import ABSENT, EXCLUDE, PASS, counts
from tests.support.checks import everything, pointers, refused
from tests.support.firm import Firm, Person, done

RULES = "/v1/rules/review"


async def versions(firm: Firm, lawyer: Person, *titles: str, **fields: Any) -> tuple[dict[str, Any], list[str]]:
    """Open a dossier with entries of these titles, of 2 pages each; give it and their ids."""
    dossier = await firm.dossier(lawyer, **fields)
    return dossier, [(await firm.entry(lawyer, dossier["id"], title, pages=2))["id"] for title in titles]


async def superseded(by: Person, old: str, new: str, **fields: Any) -> Any:
    """Let an entry be superseded."""
    return await by.post(f"/v1/entries/{old}/supersession", {"by_entry_id": new, "reason": "定稿取代草稿", **fields})


async def links(by: Person, entry_id: str) -> tuple[str | None, list[str]]:
    """Tell what an entry says of its successor and predecessors."""
    entry = (await by.get(f"/v1/entries/{entry_id}")).json()
    return entry["superseded_by"], entry["supersedes"]


async def test_reason_of_the_firms_rules_is_kept_with_their_version(firm: Firm) -> None:
    lawyer, archivist = await firm.person("lawyer"), await firm.person("archivist")
    _, (entry,) = await versions(firm, lawyer, "信封")
    path = f"/v1/entries/{entry}"
    out = await lawyer.post(f"{path}/review", EXCLUDE | {"exclusion": "envelope"})
    assert (out.status_code, await firm.events(out)) == (200, done("entry.reviewed"))
    assert (out.json()["review"]["exclusion"], out.json()["review"]["rules_version"]) == ("envelope", 1)
    rules = (await archivist.get(RULES)).json()
    kept = [reason for reason in rules["body"]["exclusions"] if reason["code"] != "envelope"]
    own = {"code": "chat", "label": "无关聊天记录", "source": "本所规定", "verified": True}
    body = {"body": rules["body"] | {"exclusions": [*kept, own]}, "source": "本所规定", "verified": False}
    assert (await archivist.change(RULES, body, "PUT")).json()["version"] == 2
    before = await firm.tables()
    gone = await lawyer.post(f"{path}/review", EXCLUDE | {"exclusion": "envelope"})
    assert pointers(await refused(firm, before, gone, 422)) == [("/body/exclusion", "unknown_exclusion")]
    # What was done under the earlier version stays as it was, and is told with it.
    assert (await lawyer.post(f"{path}/review", EXCLUDE | {"exclusion": "chat"})).status_code == 200
    history = await everything(lawyer, f"{path}/reviews?limit=1")
    assert [(one["exclusion"], one["rules_version"]) for one in history] == [("envelope", 1), ("chat", 2)]


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        (PASS | {"exclusion": "draft"}, "/body", "value_error"),
        (EXCLUDE | {"exclusion": "whim"}, "/body/exclusion", "unknown_exclusion"),
        (EXCLUDE | {"exclusion": "Draft"}, "/body/exclusion", "string_pattern_mismatch"),
        ({"decision": "exclude", "exclusion": "draft"}, "/body", "value_error"),
    ],
)
async def test_reasons_that_can_not_be(firm: Firm, fields: dict[str, Any], pointer: str, code: str) -> None:
    lawyer = await firm.person("lawyer")
    _, (entry,) = await versions(firm, lawyer, "草稿")
    before = await firm.tables()
    answer = await lawyer.post(f"/v1/entries/{entry}/review", PASS | fields)
    assert pointers(await refused(firm, before, answer, 422)) == [(pointer, code)]


async def test_rules_keep_the_reason_that_the_service_gives_itself(firm: Firm) -> None:
    archivist = await firm.person("archivist")
    told = (await archivist.get(RULES)).json()
    good = {name: told[name] for name in ("body", "source", "verified")}
    reasons = told["body"]["exclusions"]
    before = await firm.tables()
    for wrong in ([one for one in reasons if one["code"] != "superseded"], [*reasons, reasons[0]], []):
        body = good | {"body": told["body"] | {"exclusions": wrong}}
        await refused(firm, before, await archivist.change(RULES, body, "PUT"), 422, "invalid")


async def test_history_tells_every_judgement_oldest_first(firm: Firm) -> None:
    lawyer, assistant, stranger = [await firm.person(role) for role in ("lawyer", "assistant", "lawyer")]
    team = [{"user_id": str(assistant.id), "duty": "assistant"}]
    _, (entry,) = await versions(firm, lawyer, "合同", confidentiality="confidential", team=team)
    path = f"/v1/entries/{entry}"
    empty = await lawyer.get(f"{path}/reviews")
    assert (empty.json(), await firm.events(empty)) == ({"items": [], "next": None}, done("entry.reviews_listed"))
    for body in (PASS, EXCLUDE, PASS | {"relevance": "doubt", "reason": "复核后保留"}):
        assert (await lawyer.post(f"{path}/review", body)).status_code == 200
    read = await assistant.get(f"{path}/reviews")
    items = read.json()["items"]
    assert [(one["decision"], one["reason"], one["relevance"]) for one in items] == [
        ("keep", None, "pass"), ("exclude", "与原件不符", "pass"), ("keep", "复核后保留", "doubt"),
    ]  # fmt: skip
    assert {one["reviewed_by"]["id"] for one in items} == {str(lawyer.id)}
    event = await firm.event(read)
    assert (event["type"], str(event["entry_id"]), event["details"]) == (
        "entry.reviews_listed", entry, {"returned": [one["id"] for one in items]},
    )  # fmt: skip
    before = await firm.tables()
    for path_ in (f"{path}/reviews", f"/v1/entries/{ABSENT}/reviews"):
        await refused(firm, before, await stranger.get(path_), 404, "not_found")
    await refused(firm, before, await assistant.get(f"{path}/reviews?cursor=x"), 400, "invalid_cursor")


async def test_newer_version_supersedes_and_a_new_review_ends_the_link(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier, (first, second, third) = await versions(firm, lawyer, "起诉状一稿", "起诉状二稿", "起诉状定稿")
    answer = await superseded(lawyer, first, second)
    assert (answer.status_code, await firm.events(answer)) == (200, done("entry.superseded"))
    event = await firm.event(answer)
    review = {
        "authenticity": "pass", "relevance": "pass", "legality": "pass", "decision": "exclude",
        "reason": "定稿取代草稿", "exclusion": "superseded",
    }  # fmt: skip
    assert event["details"] == {"by_entry_id": second, "review": review, "was": "unreviewed", "rules_version": 1}
    entry = answer.json()
    assert (entry["excluded"], entry["superseded_by"], entry["review"]["exclusion"]) == (True, second, "superseded")
    assert await counts(lawyer, dossier) == (2, 4)
    assert await links(lawyer, second) == (None, [first])
    # A chain: the second stands behind the third, the first keeps its own successor.
    assert (await superseded(lawyer, second, third, relevance="doubt")).status_code == 200
    assert await links(lawyer, first) == (second, [])
    assert await links(lawyer, second) == (third, [first])
    contents = (await lawyer.get(f"/v1/dossiers/{dossier['id']}/contents")).json()
    assert [line["entry_id"] for line in contents["volumes"][0]["items"]] == [third]
    # Nothing disappears: the entries are there, and the link ends with the review that keeps the older version.
    listing = f"/v1/dossiers/{dossier['id']}/entries?include=excluded"
    shown = [
        (item["id"], item["superseded_by"], item["supersedes"]) for item in (await lawyer.get(listing)).json()["items"]
    ]
    assert shown == [(first, second, []), (second, third, [first]), (third, None, [second])]
    assert (await lawyer.post(f"/v1/entries/{first}/review", PASS)).json()["superseded_by"] is None
    assert await links(lawyer, second) == (third, [])
    assert await counts(lawyer, dossier) == (2, 4)
    history = (await lawyer.get(f"/v1/entries/{first}/reviews")).json()["items"]
    assert [(one["decision"], one["superseded_by"]) for one in history] == [("exclude", second), ("keep", None)]
    second_history = (await lawyer.get(f"/v1/entries/{second}/reviews")).json()["items"]
    assert [(one["relevance"], one["superseded_by"]) for one in second_history] == [("doubt", third)]


async def test_judgement_before_stays_when_a_newer_version_comes(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    _, (old, new) = await versions(firm, lawyer, "旧", "新")
    await lawyer.post(f"/v1/entries/{old}/review", PASS | {"authenticity": "doubt", "legality": "fail"})
    review = (await superseded(lawyer, old, new, legality="pass")).json()["review"]
    assert (review["authenticity"], review["relevance"], review["legality"]) == ("doubt", "pass", "pass")


async def test_successors_that_can_not_be(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier, (old, new, out) = await versions(firm, lawyer, "旧", "新", "废")
    _, (elsewhere,) = await versions(firm, lawyer, "他案材料")
    await lawyer.post(f"/v1/entries/{out}/review", EXCLUDE)
    before = await firm.tables()
    for by, code in ((old, "same_entry"), (elsewhere, "unknown_entry"), (ABSENT, "unknown_entry")):
        problem = await refused(firm, before, await superseded(lawyer, old, by), 422, "invalid")
        assert pointers(problem) == [("/body/by_entry_id", code)]
    await refused(firm, before, await superseded(lawyer, old, out), 409, "successor_excluded")
    await refused(firm, before, await superseded(lawyer, old, new, reason=" "), 422, "invalid")
    assert (await superseded(lawyer, old, new)).status_code == 200
    before = await firm.tables()
    await refused(firm, before, await superseded(lawyer, old, new), 409, "already_superseded")
    # No circle: what is kept out supersedes nothing.
    await refused(firm, before, await superseded(lawyer, new, old), 409, "successor_excluded")
    await firm.eyes.execute("UPDATE dossiers SET state = 'submitted' WHERE id = $1", dossier["id"])
    before = await firm.tables()
    await refused(firm, before, await superseded(lawyer, new, out), 409, "dossier_frozen")


async def test_who_does_not_judge_does_not_supersede(firm: Firm) -> None:
    lawyer, assistant, stranger, director = [
        await firm.person(role) for role in ("lawyer", "assistant", "lawyer", "director")
    ]
    team = [{"user_id": str(assistant.id), "duty": "assistant"}]
    _, (old, new) = await versions(firm, lawyer, "旧", "新", confidentiality="confidential", team=team)
    before = await firm.tables()
    for person, status in ((assistant, 403), (director, 403), (stranger, 404)):
        await refused(firm, before, await superseded(person, old, new), status)


async def test_link_to_an_entry_above_ones_clearance_does_not_show(firm: Firm) -> None:
    lawyer, assistant, junior = [await firm.person(role) for role in ("lawyer", "assistant", "lawyer")]
    team = [{"user_id": str(assistant.id), "duty": "assistant"}, {"user_id": str(junior.id), "duty": "lawyer"}]
    dossier, (old, older) = await versions(firm, lawyer, "旧", "更旧", team=team)
    sealed = (await firm.entry(lawyer, dossier["id"], "密", confidentiality="sealed"))["id"]
    assert (await superseded(lawyer, old, sealed)).status_code == 200
    assert await links(lawyer, old) == (sealed, [])
    assert await links(assistant, old) == (None, [])
    (review,) = (await assistant.get(f"/v1/entries/{old}/reviews")).json()["items"]
    assert (review["exclusion"], review["superseded_by"]) == ("superseded", None)
    assert sealed not in (await assistant.get(f"/v1/dossiers/{dossier['id']}/entries?include=excluded")).text
    # That it is superseded counts all the same, and what is not seen is no successor for anybody who does not see it.
    await firm.eyes.execute("UPDATE role_clearances SET level = 2 WHERE role = 'lawyer'")
    before = await firm.tables()
    problem = await refused(firm, before, await superseded(junior, older, sealed), 422)
    assert pointers(problem) == [("/body/by_entry_id", "unknown_entry")]
    await refused(firm, before, await superseded(junior, old, older), 409, "already_superseded")


async def test_of_two_that_supersede_each_other_at_once_one_is_made(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    _, (one, other) = await versions(firm, lawyer, "甲", "乙")
    answers = await asyncio.gather(superseded(lawyer, one, other), superseded(lawyer, other, one))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert await firm.eyes.fetchval("SELECT count(*) FROM entries WHERE review = 'excluded'") == 1
    assert await firm.eyes.fetchval("SELECT count(*) FROM entry_reviews") == 1


async def test_repeated_supersession_is_made_once(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    _, (old, new) = await versions(firm, lawyer, "旧", "新")
    body, key = {"by_entry_id": new, "reason": "定稿"}, {"Idempotency-Key": "k"}
    once = [await lawyer.post(f"/v1/entries/{old}/supersession", body, headers=key) for _ in range(2)]
    assert once[0].json() == once[1].json()
    assert once[1].headers["idempotency-replayed"] == "true"
    assert await firm.eyes.fetchval("SELECT count(*) FROM entry_reviews") == 1
