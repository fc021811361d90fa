"""Entries over HTTP: registered, changed, judged and kept out, listed; counts of the dossier follow at every step."""

import asyncio
from typing import Any

import pytest

from tests.support.checks import everything, pointers, refused
from tests.support.firm import Firm, Person, done
from tests.support.papers import pdf

ABSENT = "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"
PASS = {"authenticity": "pass", "relevance": "pass", "legality": "pass", "decision": "keep"}
EXCLUDE = PASS | {"authenticity": "fail", "decision": "exclude", "reason": "与原件不符"}


async def counts(by: Person, dossier: dict[str, Any]) -> tuple[int, int]:
    """Give what the dossier says of its entries and pages."""
    found = (await by.get(f"/v1/dossiers/{dossier['id']}")).json()
    return found["entry_count"], found["page_count"]


async def test_entry_comes_back_as_it_was_given(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    given = {
        "title": "委托代理合同", "category": "client_information", "document_number": "2026民代字第12号", "responsible_party": "甲公司",
        "formed_on": "2026-03-01", "pages": 6, "original": "original", "confidentiality": "confidential", "stage": "收案",
        "slot": "ms-03", "remarks": "第一行\n第二行",
    }  # fmt: skip
    made = await lawyer.post(f"/v1/dossiers/{dossier['id']}/entries", given)
    assert made.status_code == 201, made.text
    entry = made.json()
    assert made.headers["location"] == f"/v1/entries/{entry['id']}"
    assert {name: entry[name] for name in given} == given
    assert (entry["effective_confidentiality"], entry["excluded"], entry["review"], entry["file_count"]) == (
        "confidential",
        False,
        None,
        0,
    )
    assert entry["created_by"] == {"id": str(lawyer.id), "display_name": lawyer.name}
    assert await firm.events(made) == done("entry.created")
    event = await firm.event(made)
    assert (event["subject_label"], str(event["dossier_id"]), str(event["entry_id"])) == (
        "委托代理合同",
        dossier["id"],
        entry["id"],
    )
    assert event["details"] == {"new": given, "dossier_number": dossier["number"]}
    read = await lawyer.get(made.headers["location"])
    assert (read.json(), read.headers["etag"]) == (entry, made.headers["etag"])
    assert await firm.events(read) == done("entry.viewed")
    assert await counts(lawyer, dossier) == (1, 6)


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"title": ""}, "/body/title", "string_too_short"), ({"title": "长" * 501}, "/body/title", "string_too_long"),
        ({"category": "x"}, "/body/category", "enum"), ({"original": "fax"}, "/body/original", "enum"),
        ({"pages": 0}, "/body/pages", "greater_than_equal"), ({"pages": 100001}, "/body/pages", "less_than_equal"),
        ({"pages": 1.5}, "/body/pages", "int_from_float"), ({"formed_on": "2026-13-01"}, "/body/formed_on", "date_from_datetime_parsing"),
        ({"stage": "火星"}, "/body/stage", "not_in_template"), ({"slot": "xs-01"}, "/body/slot", "not_in_template"),
        ({"confidentiality": "top"}, "/body/confidentiality", "enum"), ({"review": "kept"}, "/body/review", "extra_forbidden"),
    ],
)  # fmt: skip
async def test_entry_that_can_not_be(firm: Firm, fields: dict[str, Any], pointer: str, code: str) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    entry = await firm.entry(lawyer, dossier["id"])
    before = await firm.tables()
    body = {"title": "证据", "category": "evidence", "original": "copy"}
    made = await lawyer.post(f"/v1/dossiers/{dossier['id']}/entries", body | fields)
    assert pointers(await refused(firm, before, made, 422)) == [(pointer, code)]
    changed = await lawyer.change(f"/v1/entries/{entry['id']}", fields)
    assert pointers(await refused(firm, before, changed, 422)) == [(pointer, code)]


async def test_filing_is_for_the_team(firm: Firm) -> None:
    lawyer, assistant, stranger = (
        await firm.person("lawyer"),
        await firm.person("assistant"),
        await firm.person("lawyer"),
    )
    archivist, director = await firm.person("archivist"), await firm.person("director")
    dossier = await firm.dossier(lawyer, team=[{"user_id": str(assistant.id), "duty": "assistant"}])
    secret = await firm.dossier(lawyer, confidentiality="restricted")
    body = {"title": "证据", "category": "evidence", "original": "copy"}
    entry = await firm.entry(assistant, dossier["id"])
    before = await firm.tables()
    for person in (stranger, archivist, director):
        for answer in (
            await person.post(f"/v1/dossiers/{dossier['id']}/entries", body),
            await person.change(f"/v1/entries/{entry['id']}", {"title": "x"}),
            await person.post(f"/v1/dossiers/{dossier['id']}/arrangement", {"mode": "time"}),
            await person.post(f"/v1/entries/{entry['id']}/review", PASS),
        ):
            await refused(firm, before, answer, 403, "forbidden")
    for path in (f"/v1/dossiers/{secret['id']}/entries", f"/v1/dossiers/{ABSENT}/entries"):
        await refused(firm, before, await stranger.post(path, body), 404, "not_found")
        await refused(firm, before, await stranger.get(path), 404, "not_found")
    # An assistant of the team files and changes, but judging is for its lawyers.
    assert (await assistant.change(f"/v1/entries/{entry['id']}", {"title": "新"})).status_code == 200
    before = await firm.tables()
    await refused(firm, before, await assistant.post(f"/v1/entries/{entry['id']}/review", PASS), 403, "forbidden")


async def test_change_says_what_was_and_what_is(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    entry = await firm.entry(lawyer, dossier["id"], pages=3, remarks="旧", formed_on="2026-01-01")
    path = f"/v1/entries/{entry['id']}"
    changed = await lawyer.change(
        path, {"title": "新", "pages": 5, "remarks": None, "slot": "ms-04", "category": "other"}
    )
    assert changed.status_code == 200, changed.text
    assert await firm.events(changed) == done("entry.changed")
    assert (await firm.event(changed))["details"]["changed"] == {
        "title": [entry["title"], "新"], "pages": [3, 5], "remarks": ["旧", None], "slot": [None, "ms-04"], "category": ["evidence", "other"],
    }  # fmt: skip
    assert changed.json()["formed_on"] == "2026-01-01"
    assert await counts(lawyer, dossier) == (1, 5)
    before = await firm.tables()
    for fields in ({"title": None}, {"category": None}, {"original": None}):
        await refused(firm, before, await lawyer.change(path, fields), 422, "invalid")
    await refused(firm, before, await lawyer.patch(path, {"title": "x"}), 428, "precondition_required")
    await refused(
        firm, before, await lawyer.patch(f"/v1/entries/{ABSENT}", {"title": "x"}, headers={"If-Match": "*"}), 404
    )


async def test_level_counts_where_it_is_higher_and_only_the_director_lowers_it(firm: Firm) -> None:
    lawyer, director, assistant = (
        await firm.person("lawyer"),
        await firm.person("director"),
        await firm.person("assistant"),
    )
    dossier = await firm.dossier(
        lawyer, confidentiality="confidential", team=[{"user_id": str(assistant.id), "duty": "assistant"}]
    )
    entry = await firm.entry(lawyer, dossier["id"], confidentiality="public")
    path = f"/v1/entries/{entry['id']}"
    assert (entry["confidentiality"], entry["effective_confidentiality"]) == ("public", "confidential")
    raised = await lawyer.change(path, {"confidentiality": "restricted"})
    assert raised.json()["effective_confidentiality"] == "restricted"
    before = await firm.tables()
    for level in ("internal", None):
        lowered = await lawyer.change(path, {"confidentiality": level})
        await refused(firm, before, lowered, 403, "forbidden")
        assert (await firm.event(lowered))["details"] == {"act": "entry.lower_level", "rule": "role"}
    # The director, who is not on the team, lowers it and touches nothing else.
    await refused(firm, before, await director.change(path, {"confidentiality": None, "title": "x"}), 403, "forbidden")
    lowered = await director.change(path, {"confidentiality": None})
    assert lowered.status_code == 200, lowered.text
    assert (await firm.event(lowered))["details"]["changed"] == {
        "confidentiality": ["restricted", None], "effective_confidentiality": ["restricted", "confidential"],
    }  # fmt: skip
    # Nobody raises above his own clearance: he would not see what he did.
    before = await firm.tables()
    answer = await assistant.change(path, {"confidentiality": "sealed"})
    assert pointers(await refused(firm, before, answer, 422)) == [("/body/confidentiality", "above_own_clearance")]
    made = await assistant.post(
        f"/v1/dossiers/{dossier['id']}/entries",
        {"title": "x", "category": "other", "original": "copy", "confidentiality": "sealed"},
    )
    assert pointers(await refused(firm, before, made, 422)) == [("/body/confidentiality", "above_own_clearance")]


async def test_review_keeps_and_excludes_and_counts_follow(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    entry, other = await firm.entry(lawyer, dossier["id"], pages=4), await firm.entry(lawyer, dossier["id"], pages=2)
    path, listing = f"/v1/entries/{entry['id']}", f"/v1/dossiers/{dossier['id']}/entries"
    kept = await lawyer.post(f"{path}/review", PASS | {"relevance": "doubt", "reason": "待查"})
    assert kept.status_code == 200, kept.text
    assert await firm.events(kept) == done("entry.reviewed")
    review = kept.json()["review"]
    assert review["reviewed_by"] == {"id": str(lawyer.id), "display_name": lawyer.name}
    assert (review["decision"], review["relevance"], review["reason"]) == ("keep", "doubt", "待查")
    assert await counts(lawyer, dossier) == (2, 6)
    for _ in range(2):  # judged so twice it is out once
        out = await lawyer.post(f"{path}/review", EXCLUDE)
        assert (out.json()["excluded"], out.json()["review"]["reason"]) == (True, "与原件不符")
        assert await counts(lawyer, dossier) == (1, 2)
    trace = {"review": EXCLUDE | {"exclusion": None}, "was": "excluded", "rules_version": 1}
    assert (await firm.event(out))["details"] == trace
    assert [item["id"] for item in (await lawyer.get(listing)).json()["items"]] == [other["id"]]
    assert [item["id"] for item in (await lawyer.get(f"{listing}?include=excluded")).json()["items"]] == [
        entry["id"],
        other["id"],
    ]
    # Its pages are counted no more, whatever they are changed to; nor does a new file count.
    changed = await lawyer.change(path, {"pages": None})
    assert changed.status_code == 200
    await firm.file(lawyer, entry["id"], pdf(9))
    assert (await lawyer.get(path)).json()["pages"] == 9
    assert await counts(lawyer, dossier) == (1, 2)
    again = await lawyer.post(f"{path}/review", PASS)
    assert again.json()["excluded"] is False
    assert await counts(lawyer, dossier) == (2, 11)
    assert await firm.eyes.fetchval("SELECT count(*) FROM entry_reviews") == 4


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"decision": "exclude"}, "/body"), ({"decision": "exclude", "reason": ""}, "/body/reason"), ({"authenticity": "maybe"}, "/body/authenticity"),
        ({"legality": None}, "/body/legality"), ({"decision": "later"}, "/body/decision"), ({"reviewed_by": "me"}, "/body/reviewed_by"),
    ],
)  # fmt: skip
async def test_review_that_can_not_be(firm: Firm, fields: dict[str, Any], pointer: str) -> None:
    lawyer = await firm.person("lawyer")
    entry = await firm.entry(lawyer, (await firm.dossier(lawyer))["id"])
    before = await firm.tables()
    answer = await lawyer.post(f"/v1/entries/{entry['id']}/review", PASS | fields)
    assert [where for where, _ in pointers(await refused(firm, before, answer, 422))] == [pointer]


async def test_lists_by_category_page_by_page(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    listing = f"/v1/dossiers/{dossier['id']}/entries"
    entries = [
        await firm.entry(lawyer, dossier["id"], f"材料{n}", category=("evidence", "other")[n % 2]) for n in range(5)
    ]
    ids = [entry["id"] for entry in entries]
    answer = await lawyer.get(f"{listing}?category=evidence")
    assert [item["id"] for item in answer.json()["items"]] == ids[::2]
    assert await firm.events(answer) == done("entry.listed")
    assert (await firm.event(answer))["details"] == {
        "filter": {"excluded": False, "category": "evidence"},
        "returned": ids[::2],
    }
    assert [item["id"] for item in await everything(lawyer, f"{listing}?limit=2")] == ids
    before = await firm.tables()
    for query, pointer in (("include=all", "/query/include"), ("category=x", "/query/category")):
        problem = await refused(firm, before, await lawyer.get(f"{listing}?{query}"), 422)
        assert [where for where, _ in pointers(problem)] == [pointer]


async def test_entry_above_ones_clearance_is_in_no_list(firm: Firm) -> None:
    lawyer, assistant = await firm.person("lawyer"), await firm.person("assistant")
    dossier = await firm.dossier(lawyer, team=[{"user_id": str(assistant.id), "duty": "assistant"}])
    plain, sealed = (
        await firm.entry(lawyer, dossier["id"]),
        await firm.entry(lawyer, dossier["id"], confidentiality="sealed"),
    )
    items = await everything(assistant, f"/v1/dossiers/{dossier['id']}/entries?limit=1")
    assert [item["id"] for item in items] == [plain["id"]]
    before = await firm.tables()
    for method, path, body in (
        ("GET", "", None), ("PATCH", "", {"title": "x"}), ("POST", "/review", PASS), ("GET", "/files", None),
    ):  # fmt: skip
        headers = {"If-Match": "*"} if method == "PATCH" else {}
        answer = await assistant.request(method, f"/v1/entries/{sealed['id']}{path}", json=body, headers=headers)
        await refused(firm, before, answer, 404, "not_found")


async def test_counts_hold_when_many_file_at_once(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    path = f"/v1/dossiers/{dossier['id']}/entries"
    body = {"title": "证据", "category": "evidence", "original": "copy", "pages": 2}
    made = await asyncio.gather(*(lawyer.post(path, body) for _ in range(16)))
    assert {answer.status_code for answer in made} == {201}
    judged = await asyncio.gather(
        *(lawyer.post(f"/v1/entries/{answer.json()['id']}/review", EXCLUDE) for answer in made[:5])
    )
    assert {answer.status_code for answer in judged} == {200}
    assert await counts(lawyer, dossier) == (11, 22)
