"""What is added to filed dossiers, and how an error of the list is corrected: approved, sealed anew, nothing lost."""

import asyncio
from typing import Any

import pytest

from tests.support.checks import pointers, refused
from tests.support.firm import Firm, done
from tests.support.matter import NOTE, Matter, matter

ADDITION = {"kind": "addition", "reason": "法院补寄生效证明"}
YES = {"decision": "approve", "reason": "同意"}
PAPER = {"title": "生效证明", "category": "court_document", "original": "original", "pages": 1}


async def filed(firm: Firm) -> tuple[Matter, dict[str, Any]]:
    """Give a filed matter and one of its entries."""
    case = await matter(firm, filled=False)
    entry = await case.entry("判决书", pages=2)
    await case.file()
    return case, entry


async def test_material_is_added_after_approval_and_sealed_anew(firm: Firm) -> None:
    case, _ = await filed(firm)
    first = (await case.lead.get(f"{case.path}/contents")).json()
    proposed = await case.lead.post(f"{case.path}/supplements", ADDITION)
    assert (proposed.status_code, proposed.json()["state"], proposed.json()["serial"]) == (201, "proposed", 1)
    assert await firm.events(proposed) == done("supplement.proposed")
    path = proposed.headers["location"]
    before = await firm.tables()
    await refused(firm, before, await case.lead.post(f"{case.path}/entries", PAPER), 409, "dossier_frozen")
    decided = await case.director.post(f"{path}/decision", YES)
    assert decided.json()["state"] == "approved"
    assert await firm.events(decided) == done("supplement.decided")
    entry = (await case.lead.post(f"{case.path}/entries", PAPER)).json()
    await firm.file(case.lead, entry["id"])
    # The list says what is sealed until the supplement is taken in.
    assert (await case.lead.get(f"{case.path}/contents")).json() == first
    assert (await case.archivist.get(f"{case.path}/seal-check")).json()["intact"] is True
    accepted = await case.archivist.post(f"{path}/acceptance", NOTE)
    assert (accepted.json()["state"], accepted.json()["seal_version"]) == ("completed", 2)
    assert accepted.json()["entry_ids"] == [entry["id"]]
    assert await firm.events(accepted) == done("supplement.completed")
    second = (await case.lead.get(f"{case.path}/contents")).json()
    assert second["volumes"][0] == first["volumes"][0]
    assert [line["title"] for line in second["volumes"][1]["items"]] == ["生效证明"]
    assert second["digest"] != first["digest"]
    earlier = (await case.lead.get(f"{case.path}/seals/1")).json()
    assert (earlier["volumes"], earlier["digest"]) == (first["volumes"], first["digest"])
    assert (await case.archivist.get(f"{case.path}/seal-check")).json()["intact"] is True
    notes = (await case.lead.get(f"{case.path}/note-to-file")).json()["items"]
    assert [note["kind"] for note in notes] == ["filing", "supplement"]
    before = await firm.tables()
    await refused(firm, before, await case.lead.post(f"{case.path}/entries", PAPER), 409, "dossier_frozen")
    upload = {"content": b"x", "headers": {"Content-Disposition": 'attachment; filename="a"'}}
    late = await case.lead.post(f"/v1/entries/{entry['id']}/files", **upload)
    await refused(firm, before, late, 409, "dossier_frozen", events=await firm.events(late))


async def test_an_open_supplement_leaves_what_was_sealed_alone(firm: Firm) -> None:
    case, old = await filed(firm)
    await case.lead.post(f"{case.path}/supplements", ADDITION)
    await case.director.post(f"{case.path}/supplements/1/decision", YES)
    new = (await case.lead.post(f"{case.path}/entries", PAPER)).json()
    assert (await case.lead.change(f"/v1/entries/{new['id']}", {"remarks": "一份"})).status_code == 200
    before = await firm.tables()
    upload = {"content": b"x", "headers": {"Content-Disposition": 'attachment; filename="a"'}}
    for answer in (
        await case.lead.change(f"/v1/entries/{old['id']}", {"title": "x"}),
        await case.lead.post(f"/v1/entries/{old['id']}/files", **upload),
        await case.lead.post(f"{case.path}/arrangement", {"mode": "category"}),
    ):
        await refused(firm, before, answer, 409, "dossier_frozen", events=await firm.events(answer))


async def test_a_correction_leaves_both_versions_readable(firm: Firm) -> None:
    case, entry = await filed(firm)
    fields = {"title": "民事判决书", "document_number": "(2026)京0108民初123号"}
    body = {"kind": "correction", "reason": "题名误录", "corrections": [{"entry_id": entry["id"], **fields}]}
    proposed = await case.archivist.post(f"{case.path}/supplements", body)
    [told] = proposed.json()["corrections"]
    assert told["changed"] == {"title": ["判决书", "民事判决书"], "document_number": [None, fields["document_number"]]}
    decided = await case.director.post(f"{case.path}/supplements/1/decision", YES)
    assert (decided.json()["state"], decided.json()["seal_version"]) == ("completed", 2)
    details = (await firm.event(decided))["details"]
    assert details["seal_version"] == 2
    new, old = [(await case.lead.get(f"{case.path}/seals/{version}")).json() for version in (2, 1)]
    assert [one["volumes"][0]["items"][0]["title"] for one in (new, old)] == ["民事判决书", "判决书"]
    contents = (await case.lead.get(f"{case.path}/contents")).json()
    assert contents["digest"] == new["digest"] == details["digest"]
    assert (await case.lead.get(f"/v1/entries/{entry['id']}")).json()["title"] == "判决书"
    assert (await case.archivist.get(f"{case.path}/seal-check")).json()["intact"] is True


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"corrections": []}, "/body", "value_error"),
        ({"corrections": [{"entry_id": "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11", "title": "x"}]}, "/body/corrections/0/entry_id", "unknown_entry"),
        ({"corrections": [{"entry_id": "ENTRY", "title": "判决书"}]}, "/body/corrections/0", "nothing_changes"),
        ({"corrections": [{"entry_id": "ENTRY"}]}, "/body/corrections/0", "value_error"),
        ({"corrections": [{"entry_id": "ENTRY", "title": None}]}, "/body/corrections/0", "value_error"),
        ({"corrections": [{"entry_id": "ENTRY", "pages": 9}]}, "/body/corrections/0/pages", "extra_forbidden"),
        ({"kind": "addition", "corrections": [{"entry_id": "ENTRY", "title": "x"}]}, "/body", "value_error"),
    ],
)  # fmt: skip
async def test_corrections_that_can_not_be(firm: Firm, body: dict[str, Any], pointer: str, code: str) -> None:
    case, entry = await filed(firm)
    for one in body["corrections"]:
        one["entry_id"] = one["entry_id"].replace("ENTRY", entry["id"])
    before = await firm.tables()
    answer = await case.lead.post(f"{case.path}/supplements", {"kind": "correction", "reason": "x", **body})
    assert pointers(await refused(firm, before, answer, 422, "invalid")) == [(pointer, code)]


async def test_proposer_approver_and_acceptor_are_two_people(firm: Firm) -> None:
    case, _ = await filed(firm)
    both = await firm.person("archivist", "director")
    assert (await both.post(f"{case.path}/supplements", ADDITION)).status_code == 201
    before = await firm.tables()
    path = f"{case.path}/supplements/1"
    await refused(firm, before, await both.post(f"{path}/decision", YES), 403, "same_person")
    await refused(firm, before, await case.lead.post(f"{path}/decision", YES), 403, "forbidden")
    await case.director.post(f"{path}/decision", YES)
    before = await firm.tables()
    await refused(firm, before, await both.post(f"{path}/acceptance", NOTE), 403, "same_person")
    await refused(firm, before, await case.archivist.post(f"{path}/acceptance", NOTE), 409, "conflict")
    before = await firm.tables()
    await refused(firm, before, await case.lead.post(f"{case.path}/supplements", ADDITION), 409, "conflict")
    withdrawn = await both.post(f"{path}/withdrawal", {"reason": "材料已另案归档"})
    assert withdrawn.json()["state"] == "withdrawn"
    assert await firm.events(withdrawn) == done("supplement.withdrawn")
    again = await case.lead.post(f"{case.path}/supplements", ADDITION)
    assert again.json()["serial"] == 2
    listed = await case.lead.get(f"{case.path}/supplements")
    assert [one["state"] for one in listed.json()["items"]] == ["withdrawn", "proposed"]
    assert await firm.events(listed) == done("supplement.listed")
    assert (await case.lead.get(f"{case.path}/supplements/2")).json()["state"] == "proposed"
    refusal = await case.director.post(
        f"{case.path}/supplements/2/decision", {"decision": "refuse", "reason": "无此必要"}
    )
    assert refusal.json()["state"] == "refused"


async def test_of_two_supplements_at_once_one_is_proposed(firm: Firm) -> None:
    case, _ = await filed(firm)
    answers = await asyncio.gather(*(case.lead.post(f"{case.path}/supplements", ADDITION) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_material_without_pages_is_not_taken_in(firm: Firm) -> None:
    case, _ = await filed(firm)
    await case.lead.post(f"{case.path}/supplements", ADDITION)
    await case.director.post(f"{case.path}/supplements/1/decision", YES)
    added = await case.lead.post(f"{case.path}/entries", {**PAPER, "pages": None})
    before = await firm.tables()
    problem = await refused(
        firm, before, await case.archivist.post(f"{case.path}/supplements/1/acceptance", NOTE), 409, "conflict"
    )
    assert problem["incomplete"] == [added.json()["id"]]
    nothing = await case.lead.post(f"{case.path}/supplements/1/withdrawal", {"reason": "x"})
    await refused(firm, before, nothing, 409, "conflict")


async def test_the_note_to_file_is_continued_by_the_archivist_alone(firm: Firm) -> None:
    case, _ = await filed(firm)
    line = {"kind": "custody", "text": "第 1 册书脊开裂,已修复。"}
    added = await case.archivist.post(f"{case.path}/note-to-file", line)
    assert (added.status_code, added.json()["text"]) == (201, line["text"])
    assert await firm.events(added) == done("note.added")
    before = await firm.tables()
    await refused(firm, before, await case.lead.post(f"{case.path}/note-to-file", line), 403, "forbidden")
    kind = await case.archivist.post(f"{case.path}/note-to-file", line | {"kind": "filing"})
    await refused(firm, before, kind, 422, "invalid")
    other = await matter(firm, filled=False)
    before = await firm.tables()
    early = await case.archivist.post(f"{other.path}/note-to-file", line)
    await refused(firm, before, early, 409, "wrong_state")
