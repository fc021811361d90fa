"""Attacks on filing: what is hidden of a sealed list, and one person who would be two.

The list of attacks and the tests that answer them: docs/attacks.md.
"""

from typing import Any

from tests.support.checks import refused
from tests.support.firm import Firm, Person, done
from tests.support.matter import NOTE, Matter, matter

YES = {"decision": "approve", "reason": "同意"}
ADDITION = {"kind": "addition", "reason": "补充"}


async def on_team(case: Matter, person: Person) -> None:
    """Let a person work on the matter."""
    members = {"members": [{"user_id": str(person.id), "duty": "assistant"}]}
    assert (await case.lead.change(f"{case.path}/team", members, "PUT")).status_code == 200


async def test_digests_do_not_confirm_a_guess_of_what_is_masked(firm: Firm) -> None:
    """All lines but one are read: the digest of all would tell whether the guessed title of the one is right."""
    case = await matter(firm, filled=False)
    await case.entry("密件", confidentiality="sealed")
    await case.entry("普通材料")
    await case.file()
    for path in ("seals", "seals/1", "contents"):
        masked, plain = [(await one.get(f"{case.path}/{path}")).json() for one in (case.archivist, case.lead)]
        masked, plain = [told["items"][0] if "items" in told else told for told in (masked, plain)]
        assert masked["digest"] is None
        assert masked.get("records_digest") is None
        assert plain["digest"].startswith("sha-256:")
    await firm.eyes.execute("UPDATE sealed_lists SET digest = 'x'")
    mine, others = [
        {one["what"]: one["sealed"] for one in (await who.get(f"{case.path}/seal-check")).json()["differences"]}
        for who in (case.lead, case.archivist)
    ]
    assert mine["digest"] == "x"
    assert others.keys() == mine.keys()
    assert set(others.values()) == {None}


async def findings(by: Person, case: Matter) -> list[dict[str, Any]]:
    """Read what was found when the dossier was handed in."""
    one = await by.get(f"{case.path}/submissions/1")
    listed = await by.get(f"{case.path}/submissions")
    assert one.json() == listed.json()["items"][0]
    found: list[dict[str, Any]] = one.json()["findings"]
    return found


async def test_findings_about_what_is_seen_do_not_name_what_is_hidden(firm: Firm) -> None:
    """A plain entry has the title of a sealed one: the finding about the first names the second, id and title."""
    case = await matter(firm, filled=False)
    sealed = await case.entry("调解方案", confidentiality="sealed", formed_on="2026-06-01")
    await case.entry("调解方案", formed_on="2026-06-01")
    await case.close()
    assert (await case.submit()).status_code == 201
    assert sealed["id"] in str([one for one in await findings(case.lead, case) if one["code"] == "duplicate_title"])
    assert await findings(case.archivist, case) == []


async def test_who_compiled_an_earlier_round_does_not_accept_a_later_one(firm: Firm) -> None:
    case = await matter(firm, filled=False)
    await case.entry("判决书")
    await on_team(case, case.archivist)
    await case.close()
    await case.submit(compiler_id=str(case.archivist.id))
    other = await firm.person("archivist")
    assert (await other.post(f"{case.path}/return", {"reasons": [{"text": "缺页"}]})).status_code == 200
    assert (await case.submit(compiler_id=str(case.lead.id))).json()["round"] == 2
    await case.confirm()
    before = await firm.tables()
    await refused(firm, before, await case.accept(), 403, "same_person")
    accepted = await other.post(f"{case.path}/acceptance", NOTE)
    assert (accepted.status_code, await firm.events(accepted)) == (200, done("dossier.filed"))


async def test_who_put_material_into_a_supplement_does_not_accept_it(firm: Firm) -> None:
    case = await matter(firm, filled=False)
    await case.entry("判决书")
    await on_team(case, case.archivist)
    await case.close()
    await case.submit()
    await case.confirm()
    assert (await case.accept()).status_code == 200
    await case.lead.post(f"{case.path}/supplements", ADDITION)
    await case.director.post(f"{case.path}/supplements/1/decision", YES)
    paper = {"title": "生效证明", "category": "court_document", "original": "original", "pages": 1}
    assert (await case.archivist.post(f"{case.path}/entries", paper)).status_code == 201
    before = await firm.tables()
    path = f"{case.path}/supplements/1/acceptance"
    await refused(firm, before, await case.archivist.post(path, NOTE), 403, "same_person")
    accepted = await (await firm.person("archivist")).post(path, NOTE)
    assert (accepted.status_code, await firm.events(accepted)) == (200, done("supplement.completed"))


async def test_all_roles_in_one_hand_do_not_file_a_dossier(firm: Firm) -> None:
    """Lead lawyer, partner, director and archivist at once: each step after the first needs somebody else."""
    case = await matter(firm, filled=False)
    await case.entry("判决书")
    one = await firm.person("partner", "director", "archivist", "lawyer")
    led = await case.lead.change(case.path, {"lead_lawyer_id": str(one.id)})
    assert led.status_code == 200, led.text
    closed = {"closed_on": "2026-03-02", "result": "x"}
    assert (await one.post(f"{case.path}/closure", closed)).status_code == 200
    handed = {"retention": "D30", "retention_reason": "x", "late_reason": "法院迟延送达"}
    assert (await one.post(f"{case.path}/submission", handed)).status_code == 201
    before = await firm.tables()
    for path, body in (("late-filing", YES), ("retention", {"retention": "D30"}), ("acceptance", NOTE)):
        await refused(firm, before, await one.post(f"{case.path}/{path}", body), 403, "same_person")
