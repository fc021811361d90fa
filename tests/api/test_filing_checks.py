"""The checks before filing over HTTP: on real entries, stored bytes and events, and on such as were tampered with."""

import asyncio
from typing import Any

import pytest

from tests.api.test_contents import EXCLUDE
from tests.support.checks import pointers, refused
from tests.support.firm import Firm, Person, done
from tests.support.papers import PNG, pdf, reseal

KEEP = {"authenticity": "pass", "relevance": "pass", "legality": "pass", "decision": "keep"}
# Scanning, packages, attachments, machines and carriers: what this service can't be asked about.
UNTOLD = {"1-12/13", "2-8", "2-10", "3-1", "3-6", "4-1", "4-2", "4-3..4-6"}
UNREAD = {"1-10", "1-14", "3-4", "3-8"}
CHECKED = done("filing.checked")
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(64)


async def checked(by: Person, dossier: dict[str, Any], query: str = "") -> dict[str, Any]:
    """Check a dossier."""
    answer = await by.get(f"/v1/dossiers/{dossier['id']}/filing-check{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def results(report: dict[str, Any], result: str) -> set[str]:
    """Name the items that came out so."""
    return {item["number"] for item in report["four_properties"] if item["result"] == result}


def codes(report: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Name what was found and where, but for failed items."""
    return [
        (one["code"], one["entry_id"] or one["slot"])
        for one in report["findings"] if one["code"] != "four_property_failed"
    ]  # fmt: skip


async def without_engagement(firm: Firm) -> None:
    """Let the firm's rules ask for no engagement of a consulting matter."""
    await firm.eyes.execute(
        "INSERT INTO rule_versions SELECT kind, 2, jsonb_set(body, '{needs,consulting}', '[]'), source, verified,"
        " changed_by, changed_at FROM rule_versions WHERE kind = 'engagement' AND version = 1 ON CONFLICT DO NOTHING"
    )


async def whole(firm: Firm, **fields: Any) -> tuple[Person, dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """Make a dossier with which nothing is wrong: lawyer, dossier, its entries, and the files of the last two."""
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer, matter_type="consulting", **fields)
    await without_engagement(firm)
    entries, files = [], []
    for number, (original, content) in enumerate(
        (("original", b""), ("scan", pdf(3)), ("born_digital", JPEG)), start=1
    ):
        pages = 4 if not content else None
        entry = await firm.entry(
            lawyer, dossier["id"], f"材料{number}", original=original, pages=pages, formed_on=f"2026-03-0{number}"
        )
        if content:
            files.append(await firm.file(lawyer, entry["id"], content))
        assert (await lawyer.post(f"/v1/entries/{entry['id']}/review", KEEP)).status_code == 200
        entries.append(entry)
    return lawyer, dossier, entries, files


async def test_a_new_dossier_is_told_all_that_it_lacks(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    entry = await firm.entry(lawyer, dossier["id"], slot="ms-01", original="scan", formed_on="2099-01-01")
    answer = await lawyer.get(f"/v1/dossiers/{dossier['id']}/filing-check")
    assert await firm.events(answer) == CHECKED
    report = answer.json()
    required = ["ms-02", "ms-03", "ms-04", "ms-11", "ms-12", "ms-13", "ms-14", "ms-15"]
    assert codes(report) == [
        *(("slot_empty", slot) for slot in required), ("engagement_gap", None), ("engagement_gap", None),
        ("entry_unreviewed", entry["id"]), ("pages_missing", entry["id"]),
        ("dated_in_future", entry["id"]), ("file_absent", entry["id"]),
    ]  # fmt: skip
    failed = {"1-5", "2-4", "2-7", "2-9"}
    assert results(report, "fail") == failed == {one["item"] for one in report["findings"] if one["item"]}
    # All but the missing file and three of the failed items.
    assert (report["blocking"], report["rules_version"], report["deep"]) == (len(required) + 2 + 3 + 1, 1, False)
    assert [one["code"] for one in report["not_checked"]] == ["file_unscanned", "dated_after_closing"]
    event = await firm.event(answer)
    assert (str(event["dossier_id"]), event["subject_label"]) == (dossier["id"], dossier["number"])
    assert event["details"] == {"form": "json", "deep": False, "rules_version": 1, "blocking": report["blocking"]}


async def test_a_whole_dossier_passes_all_that_can_be_tested(firm: Firm) -> None:
    lawyer, dossier, _, files = await whole(firm)
    deep = await checked(lawyer, dossier, "?deep=true")
    assert (deep["findings"], deep["blocking"], deep["deep"]) == ([], 0, True)
    assert results(deep, "not_applicable") == UNTOLD
    assert results(deep, "fail") == set()
    measured = {item["number"]: item["measured"] for item in deep["four_properties"]}
    assert measured["2-1"] == {"declared": 3, "found": 3, "listed": 3}
    size = sum(file["size"] for file in files)
    assert measured["2-2"] == {"declared": size, "found": size}
    assert (measured["1-14"]["looked"], measured["3-4"]["looked"]) == (2, 2)
    shallow = await checked(lawyer, dossier)
    assert (shallow["findings"], shallow["deep"]) == ([], False)
    assert results(shallow, "not_applicable") == UNTOLD | UNREAD
    assert "object_damaged" in [one["code"] for one in shallow["not_checked"]]


async def chunks(content: bytes) -> Any:
    """Give a body in one piece."""
    yield content


@pytest.mark.parametrize(
    ("damage", "code", "without_reading", "with_reading"),
    [
        ("missing", "object_missing", {"1-10", "1-11", "1-14", "2-2", "2-7", "2-11"}, {"3-4"}),
        ("shorter", "object_damaged", {"1-10", "2-2", "2-7"}, {"1-14", "3-4", "3-8"}),
        ("a bit", "object_damaged", set(), {"1-14"}),
        ("another format", "object_damaged", set(), {"1-10", "1-14", "3-4", "3-8"}),
    ],
)
async def test_damage_to_stored_bytes_is_found(
    firm: Firm, damage: str, code: str, without_reading: set[str], with_reading: set[str]
) -> None:
    lawyer, dossier, entries, files = await whole(firm)
    good, store = pdf(3), firm.services.resources.store
    key = await firm.eyes.fetchval("SELECT object_key FROM files WHERE id = $1", files[0]["id"])
    wrong = {
        "missing": b"", "shorter": good[: len(good) // 2], "a bit": good.replace(b"595", b"594", 1),
        "another format": PNG + bytes(len(good) - len(PNG)),
    }[damage]  # fmt: skip
    await store.delete(key)
    if wrong:
        await reseal(firm, key, wrong)
    before = await firm.tables()
    shallow = await checked(lawyer, dossier)
    assert results(shallow, "fail") == without_reading
    assert codes(shallow) == ([(code, entries[1]["id"])] if without_reading else [])
    deep = await checked(lawyer, dossier, "?deep=true")
    assert results(deep, "fail") == without_reading | with_reading
    assert codes(deep) == [(code, entries[1]["id"])]
    assert {one["file_id"] for one in deep["findings"]} == {files[0]["id"], None}
    assert deep["blocking"] >= 1
    assert await firm.tables() == before


@pytest.mark.parametrize(
    ("tamper", "failed"),
    [
        ("UPDATE files SET sha256 = repeat('a', 64) WHERE version = 1", {"1-1", "1-14"}),
        ("UPDATE files SET size = size + 1", {"1-10", "2-2", "2-7"}),
        ("UPDATE files SET original_name = repeat('长', 300)", {"1-2", "1-10"}),
        ("UPDATE files SET media_type = 'PDF'", {"1-3", "1-10", "3-3"}),
        ("UPDATE entries SET category = 'unheard'", {"1-4"}),
        ("UPDATE entries SET formed_on = '1800-01-01'", {"1-5"}),
        ("UPDATE entries SET title = '甲' || chr(8238) || '乙' || id", {"1-6"}),
        ("UPDATE dossier_numbers SET serial = 9", {"1-7"}),
        ("UPDATE entries SET title = '甲', formed_on = NULL", {"1-8"}),
        ("UPDATE dossiers SET entry_count = 4", {"2-1"}),
        ("UPDATE entries SET title = ''", {"2-4"}),
        ("DELETE FROM events WHERE type = 'entry.reviewed'", {"2-5"}),
        ("DELETE FROM events WHERE type = 'file.added'", {"1-1", "2-5", "4-7"}),
        ("UPDATE events SET actor_id = gen_random_uuid() WHERE type = 'entry.created'", {"4-7"}),
        ("UPDATE entries SET review = 'unreviewed'", {"2-9"}),
        ("UPDATE scans SET state = 'infected'", {"4-2"}),
    ],
)  # fmt: skip
async def test_what_was_done_to_the_database_is_found(firm: Firm, tamper: str, failed: set[str]) -> None:
    lawyer, dossier, _, _ = await whole(firm)
    await firm.eyes.execute(tamper)
    report = await checked(lawyer, dossier, "?deep=true")
    assert results(report, "fail") == failed, report["findings"]


async def test_the_firms_rules_say_what_blocks(firm: Firm) -> None:
    lawyer, archivist = await firm.person("lawyer"), await firm.person("archivist")
    dossier = await firm.dossier(lawyer)
    first = await checked(lawyer, dossier)
    path = "/v1/rules/filing_check"
    told = (await archivist.get(path)).json()
    body = told["body"] | {"blocking": ["cover_field_missing"], "cover_fields": ["court"], "blocking_items": []}
    changed = await archivist.change(path, {"body": body, "source": "本所决定", "verified": True}, "PUT")
    assert await firm.events(changed) == done("rule.changed")
    later = await checked(lawyer, dossier)
    assert (first["rules_version"], later["rules_version"], later["blocking"]) == (1, 2, 1)
    assert [one["code"] for one in later["findings"] if one["severity"] == "blocking"] == ["cover_field_missing"]
    before = await firm.tables()
    for wrong in (
        {"blocking": ["unheard"]},
        {"blocking_items": ["9-9"]},
        {"formats": ["pdf"]},
        {"cover_fields": ["x"]},
    ):
        answer = await archivist.change(path, {"body": body | wrong, "source": "x", "verified": True}, "PUT")
        problem = await refused(firm, before, answer, 422, "invalid")
        assert pointers(problem)[0][0].startswith(f"/body/body/{next(iter(wrong))}")


async def test_it_is_for_those_who_read_all_entries(firm: Firm) -> None:
    assistant, stranger = await firm.person("assistant"), await firm.person("lawyer")
    lawyer, dossier, entries, _ = await whole(firm, team=[{"user_id": str(assistant.id), "duty": "assistant"}])
    director, archivist = await firm.person("director"), await firm.person("archivist")
    path = f"/v1/dossiers/{dossier['id']}/filing-check"
    for person in (assistant, director, archivist):
        assert (await checked(person, dossier))["findings"] == []
    unchanged = await firm.tables()
    # He sees the dossier by his role, but reads nothing of it.
    await refused(firm, unchanged, await stranger.get(path), 403, "forbidden")
    await lawyer.change(f"/v1/entries/{entries[0]['id']}", {"confidentiality": "sealed"})
    unchanged = await firm.tables()
    for person in (assistant, archivist, director):
        answer = await person.get(f"{path}?deep=true")
        await refused(firm, unchanged, answer, 403, "forbidden")
        assert (await firm.event(answer))["details"] == {"act": "filing.check", "rule": "entries_hidden"}
        await refused(firm, unchanged, await person.get(f"{path}?format=pdf"), 403, "forbidden")
    # Once it is kept out the rest can be checked; how much was kept out is told to those who see it.
    assert (await lawyer.post(f"/v1/entries/{entries[0]['id']}/review", EXCLUDE)).status_code == 200
    for person, excluded in ((lawyer, 1), (assistant, 0)):
        report = await checked(person, dossier)
        (item,) = (one for one in report["four_properties"] if one["number"] == "2-9")
        assert (item["measured"]["excluded"], item["measured"]["looked"]) == (excluded, 2)


async def test_who_may_not_know_of_the_dossier_is_told_nothing(firm: Firm) -> None:
    lawyer, dossier, _, _ = await whole(firm, confidentiality="confidential")
    walled, guard = await firm.person("director"), await firm.person("security_admin")
    wall = {"name": "隔离", "reason": "利益冲突", "dossier_ids": [dossier["id"]], "excluded_user_ids": [str(walled.id)]}
    assert (await guard.post("/v1/walls", wall)).status_code == 201
    auditor, archivist = await firm.person("director", "auditor"), await firm.person("archivist")
    people = (walled, auditor, guard, await firm.person("lawyer"))
    unchanged = await firm.tables()
    for person in people:
        for dossier_id in (dossier["id"], "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"):
            for query in ("", "?format=pdf"):
                answer = await person.get(f"/v1/dossiers/{dossier_id}/filing-check{query}")
                await refused(firm, unchanged, answer, 404, "not_found")
    # While it is open the archivist sees it without reading it.
    path = f"/v1/dossiers/{dossier['id']}/filing-check"
    assert (await archivist.get(path)).status_code == 403
    await firm.eyes.execute("UPDATE dossiers SET state = 'submitted'")
    assert (await archivist.get(path)).status_code == 200
    assert (await lawyer.get(path)).status_code == 200


async def test_entries_that_come_in_meanwhile_are_counted_or_not_but_never_half(firm: Firm) -> None:
    lawyer, dossier, _, _ = await whole(firm)

    async def busy() -> None:
        for number in range(12):
            await firm.entry(lawyer, dossier["id"], f"新材料{number}", pages=1)

    reports, _ = await asyncio.gather(asyncio.gather(*(checked(lawyer, dossier) for _ in range(12))), busy())
    for report in reports:
        assert not results(report, "fail") & {"2-1", "2-5", "2-6", "3-2", "4-7"}


async def test_the_report_of_the_four_properties_as_paper(firm: Firm) -> None:
    lawyer, dossier, _, _ = await whole(firm)
    path = f"/v1/dossiers/{dossier['id']}/filing-check"
    for answer in (
        await lawyer.get(f"{path}?format=pdf"),
        await lawyer.get(path, headers={"Accept": "application/pdf"}),
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.headers["cache-control"] == "private, no-store"
        assert "%E5%9B%9B%E6%80%A7%E6%A3%80%E6%B5%8B%E6%8A%A5%E5%91%8A.pdf" in answer.headers["content-disposition"]
        assert await firm.events(answer) == CHECKED
        assert (await firm.event(answer))["details"]["form"] == "pdf"
        assert answer.content.startswith(b"%PDF-")
    before = await firm.tables()
    await refused(firm, before, await lawyer.get(path, headers={"Accept": "text/html"}), 406, "not_acceptable")
    for query, where in (("format=csv", "/query/format"), ("deep=perhaps", "/query/deep")):
        problem = await refused(firm, before, await lawyer.get(f"{path}?{query}"), 422, "invalid")
        assert [place for place, _ in pointers(problem)] == [where]
