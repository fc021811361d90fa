"""Acceptance into the archive and return to the compiler: numbers, seals, rounds, and one winner."""

import asyncio
import json
from hashlib import sha256
from typing import Any

import pytest

from tests.support.checks import pointers, refused
from tests.support.firm import Firm, done
from tests.support.matter import NOTE, matter
from tests.support.sheets import Bound


async def test_a_dossier_goes_into_the_archive(firm: Firm) -> None:
    case = await matter(firm)
    await case.close()
    before = (await case.lead.get(f"{case.path}/contents")).json()
    await case.submit()
    await case.confirm()
    filed = await case.accept()
    assert filed.status_code == 200, filed.text
    told = filed.json()
    assert (told["state"], told["archive_number"], told["retention_code"]) == ("filed", "2026-MS-D30-0001", "D30")
    assert await firm.events(filed) == done("dossier.filed")
    details = (await firm.event(filed))["details"]
    assert (details["was"], details["archive_number"], details["seal_version"]) == ("submitted", "2026-MS-D30-0001", 1)
    contents = (await case.lead.get(f"{case.path}/contents")).json()
    assert contents["sealed"] is True
    assert contents["volumes"] == before["volumes"]
    assert contents["digest"] == before["digest"] == details["digest"]
    notes = await case.lead.get(f"{case.path}/note-to-file")
    assert await firm.events(notes) == done("note.listed")
    [line] = notes.json()["items"]
    assert (line["kind"], line["text"]) == ("filing", NOTE["note"])
    assert (line["compiler"]["id"], line["inspector"]["id"]) == (str(case.lead.id), str(case.archivist.id))
    assert (await case.lead.get(f"{case.path}/submissions/1")).json()["state"] == "accepted"


async def test_the_sealed_list_can_be_recomputed_by_anyone(firm: Firm) -> None:
    case = await matter(firm)
    await case.file()
    seal = await case.lead.get(f"{case.path}/seals/1")
    assert await firm.events(seal) == done("seal.viewed")
    told = seal.json()
    plain = json.dumps(
        {"number": told["number"], "volumes": told["volumes"]}, ensure_ascii=False, sort_keys=True,
        separators=(",", ":"),
    )  # fmt: skip
    assert told["digest"] == "sha-256:" + sha256(plain.encode()).hexdigest()
    listed = await case.lead.get(f"{case.path}/seals")
    assert await firm.events(listed) == done("seal.listed")
    assert [one["digest"] for one in listed.json()["items"]] == [told["digest"]]


async def test_compiler_and_submitter_never_accept(firm: Firm) -> None:
    case = await matter(firm)
    # An archivist who is on the team and compiles the volume.
    members = {"members": [{"user_id": str(case.archivist.id), "duty": "assistant"}]}
    assert (await case.lead.change(f"{case.path}/team", members, "PUT")).status_code == 200
    await case.close()
    await case.submit(compiler_id=str(case.archivist.id))
    await case.confirm()
    before = await firm.tables()
    await refused(firm, before, await case.accept(), 403, "same_person")
    other = await firm.person("archivist")
    assert (await other.post(f"{case.path}/acceptance", NOTE)).status_code == 200


async def test_acceptance_waits_for_the_confirmed_retention(firm: Firm) -> None:
    case = await matter(firm)
    await case.close()
    await case.submit()
    before = await firm.tables()
    await refused(firm, before, await case.accept(), 409, "decision_missing")


async def test_returned_twice_and_every_round_is_kept(firm: Firm) -> None:
    case = await matter(firm)
    entry = await case.entry("庭审笔录", pages=3)
    await case.close()
    for round_, text in ((1, "缺第 3 页"), (2, "页码模糊")):
        assert (await case.submit()).json()["round"] == round_
        reasons = {"reasons": [{"entry_id": entry["id"], "text": text}, {"text": "封面漏填审级"}]}
        returned = await case.archivist.post(f"{case.path}/return", reasons)
        assert (returned.status_code, returned.json()["state"]) == (200, "returned")
        assert await firm.events(returned) == done("dossier.returned")
        assert (await firm.event(returned))["details"]["entry_ids"] == [entry["id"]]
        assert (
            await case.lead.change(f"/v1/entries/{entry['id']}", {"remarks": f"已补正({round_})"})
        ).status_code == 200
    await case.submit()
    await case.confirm()
    assert (await case.accept()).status_code == 200
    rounds = (await case.lead.get(f"{case.path}/submissions")).json()["items"]
    assert [one["state"] for one in rounds] == ["returned", "returned", "accepted"]
    assert [one["return_reasons"][0]["text"] for one in rounds[:2]] == ["缺第 3 页", "页码模糊"]


async def test_reasons_about_hidden_entries_stay_hidden(firm: Firm) -> None:
    case = await matter(firm)
    sealed = await case.entry("密件", confidentiality="sealed")
    plain = await case.entry("普通材料")
    await case.close()
    await case.submit()
    before = await firm.tables()
    wrong = {"reasons": [{"entry_id": plain["id"], "text": "x"}, {"entry_id": sealed["id"], "text": "缺页"}]}
    problem = await refused(firm, before, await case.archivist.post(f"{case.path}/return", wrong), 422, "invalid")
    assert pointers(problem) == [("/body/reasons/1/entry_id", "unknown_entry")]
    keeper = await firm.person("archivist")
    await firm.eyes.execute("UPDATE role_clearances SET level = 4 WHERE role = 'archivist'")
    members = {"members": [{"user_id": str(keeper.id), "duty": "assistant"}]}
    await firm.eyes.execute("UPDATE dossiers SET state = 'returned'")
    assert (await case.lead.change(f"{case.path}/team", members, "PUT")).status_code == 200
    await firm.eyes.execute("UPDATE dossiers SET state = 'submitted'")
    await asyncio.sleep(0.6)  # what the processes remember of a user
    returned = await keeper.post(f"{case.path}/return", {"reasons": [{"entry_id": sealed["id"], "text": "缺页"}]})
    assert returned.status_code == 200, returned.text
    for person, shown in ((case.lead, 1), (await firm.person("lawyer"), 0)):
        told = (await person.get(f"{case.path}/submissions/1")).json()
        assert len(told["return_reasons"]) == shown


async def test_a_lawyer_neither_accepts_nor_returns(firm: Firm) -> None:
    case = await matter(firm)
    await case.close()
    await case.submit()
    await case.confirm()
    before = await firm.tables()
    await refused(firm, before, await case.lead.post(f"{case.path}/acceptance", NOTE), 403, "forbidden")
    returned = await case.director.post(f"{case.path}/return", {"reasons": [{"text": "x"}]})
    await refused(firm, before, returned, 403, "forbidden")


@pytest.mark.parametrize("act", ["submission", "acceptance"])
async def test_of_many_at_once_one_wins(firm: Firm, act: str) -> None:
    case = await matter(firm)
    await case.close()
    if act == "acceptance":
        await case.submit()
        await case.confirm()
    tries = [case.accept if act == "acceptance" else case.submit for _ in range(6)]
    answers = await asyncio.gather(*(one() for one in tries))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200 if act == "acceptance" else 201, *[409] * 5]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"wrong_state"}
    assert await firm.eyes.fetchval("SELECT count(*) FROM submissions") == 1
    assert await firm.eyes.fetchval("SELECT count(*) FROM sealed_lists") == int(act == "acceptance")


async def test_arranging_while_it_is_handed_in_mixes_nothing(firm: Firm) -> None:
    case = await matter(firm)
    await case.close()
    modes = [{"mode": mode} for mode in ("time", "category", "template", "stage")]
    arranged, handed = (
        [case.lead.post(f"{case.path}/arrangement", mode) for mode in modes], [case.submit() for _ in range(2)],
    )  # fmt: skip
    answers = await asyncio.gather(*arranged, *handed)
    assert {answer.status_code for answer in answers[:4]} <= {200, 409}
    assert sorted(answer.status_code for answer in answers[4:]) == [201, 409]
    mode = await firm.eyes.fetchval("SELECT arrangement_mode FROM dossiers")
    await case.confirm()
    await case.accept()
    assert (await case.lead.get(f"{case.path}/contents")).json()["arrangement_mode"] == mode
    check = (await case.archivist.get(f"{case.path}/seal-check")).json()
    assert check["intact"] is True


async def test_archive_numbers_have_no_gaps_under_32_acceptances(firm: Firm) -> None:
    cases = [await matter(firm, filled=False) for _ in range(8)]
    director, archivist = cases[0].director, cases[0].archivist
    dossiers = [case.dossier for case in cases]
    lead = cases[0].lead
    dossiers += [await firm.dossier(lead, opened_on="2026-03-01") for _ in range(24)]
    # Straight to the door of the archive: what stands before it is shown elsewhere.
    await firm.eyes.execute(
        "UPDATE dossiers SET state = 'submitted', closed_on = '2026-11-20', filing_due_on = '2027-02-20', result = 'x'"
    )
    await firm.eyes.execute(
        "INSERT INTO submissions (id, dossier_id, round, state, submitted_by, submitted_at, compiler_id,"
        " proposed_retention, retention_reason, rules_version, due_on, confirmed_retention, findings, return_reasons)"
        " SELECT gen_random_uuid(), d.id, 1, 'pending', d.lead_lawyer_id, now(), d.lead_lawyer_id, 'D30', 'x', 1,"
        " '2027-02-20', 'D30', '[]', '[]' FROM dossiers d"
    )
    assert director is not None

    async def accept(dossier: dict[str, Any]) -> str:
        answer = await archivist.post(f"/v1/dossiers/{dossier['id']}/acceptance", NOTE)
        assert answer.status_code == 200, answer.text
        number: str = answer.json()["archive_number"]
        return number

    numbers = await asyncio.gather(*(accept(dossier) for dossier in dossiers))
    assert sorted(numbers) == [f"2026-MS-D30-{serial:04d}" for serial in range(1, 33)]


async def test_the_papers_of_a_filed_volume_say_what_filing_has_fixed(firm: Firm) -> None:
    case = await matter(firm)
    await case.file()
    await case.archivist.post(f"{case.path}/note-to-file", {"kind": "custody", "text": "第 1 册书脊开裂,已修复。"})
    cover = await case.lead.get(f"{case.path}/forms/cover")
    assert cover.status_code == 200, cover.text
    text = "".join(Bound(cover.content).texts)
    for part in ("2026-MS-D30-0001", "长期(30年)", "判决支持全部诉讼请求", case.lead.name):
        assert part in text, part
    note = "".join(Bound((await case.lead.get(f"{case.path}/forms/note")).content).texts)
    for part in ("本卷材料齐全", "书脊开裂", case.lead.name, case.archivist.name):
        assert part in note, part
