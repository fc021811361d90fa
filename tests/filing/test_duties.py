"""Duties arise with what stands open and end with the act that settles it; reminders come once."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.clock import today
from app.jobs.reminders import remind_of_filing
from tests.access.test_walls import built
from tests.api.test_tokens import Forge
from tests.support.checks import everything, refused
from tests.support.firm import Firm, Person, done
from tests.support.matter import matter

# What a dossier without check, engagement and client's data asks for from its first day on.
FROM_THE_START = {"conflict_check", "engagement", "client_data"}


async def kinds(person: Person, query: str = "") -> list[str]:
    """Give the kinds of somebody's duties, in their order, but for those that any bare dossier brings."""
    found = [one["kind"] for one in await everything(person, f"/v1/duties{query}")]
    return [kind for kind in found if kind not in FROM_THE_START]


async def test_duties_follow_a_dossier_through_its_filing(firm: Firm) -> None:
    case = await matter(firm, filled=False)
    lead, archivist, director = case.lead, case.archivist, case.director
    assert await kinds(lead) == []
    paper = {"title": "判决书", "category": "court_document", "original": "original", "pages": 1}
    entry = (await lead.post(f"{case.path}/entries", paper)).json()
    read = await lead.get("/v1/duties?kind=review")
    assert await firm.events(read) == done("duty.listed")
    [review] = read.json()["items"]
    assert (review["kind"], review["count"], review["due_on"]) == ("review", 1, None)
    assert (await firm.event(read))["details"]["returned"] == [case.dossier["id"]]
    await firm.file(lead, entry["id"], b"x", "x.txt")
    passed = {"authenticity": "pass", "relevance": "pass", "legality": "pass", "decision": "keep"}
    await lead.post(f"/v1/entries/{entry['id']}/review", passed)
    assert await kinds(lead) == []
    await case.close(closed_on="2026-06-30")
    [duty] = await everything(lead, "/v1/duties?kind=file")
    assert (duty["kind"], duty["due_on"], duty["overdue"]) == ("file", "2026-09-30", True)
    assert (duty["dossier"]["number"], duty["owner"]["id"]) == (case.dossier["number"], str(lead.id))
    assert (await case.submit(late_reason="承办律师住院")).status_code == 201
    assert await kinds(lead) == []
    assert await kinds(archivist) == ["accept"]
    assert sorted(await kinds(director)) == ["confirm_retention", "decide_late"]
    await archivist.post(f"{case.path}/return", {"reasons": [{"text": "缺页"}, {"text": "漏章"}]})
    [mend] = await everything(lead, "/v1/duties?kind=mend")
    assert (mend["kind"], mend["count"], mend["due_on"]) == ("mend", 2, "2026-09-30")
    assert await kinds(archivist) == []
    await case.submit(late_reason="承办律师住院")
    await case.confirm()
    await director.post(f"{case.path}/late-filing", {"decision": "approve", "reason": "情况属实"})
    assert await kinds(director) == []
    assert (await case.accept()).status_code == 200
    assert await kinds(archivist) == []
    await lead.post(f"{case.path}/supplements", {"kind": "addition", "reason": "补寄"})
    assert await kinds(director) == ["decide_supplement"]
    await director.post(f"{case.path}/supplements/1/decision", {"decision": "approve", "reason": "同意"})
    assert (await kinds(lead), await kinds(archivist)) == (["fill_supplement"], [])
    await lead.post(f"{case.path}/entries", paper)
    assert (await kinds(lead), await kinds(archivist)) == (["review"], ["accept_supplement"])


async def test_what_is_to_be_judged_is_counted_as_far_as_one_sees_it(firm: Firm) -> None:
    lead, member, assistant, guard = [
        await firm.person(role) for role in ("lawyer", "lawyer", "assistant", "security_admin")
    ]
    team = [{"user_id": str(member.id), "duty": "lawyer"}, {"user_id": str(assistant.id), "duty": "assistant"}]
    dossier = await firm.dossier(lead, team=team)
    await firm.entry(lead, dossier["id"])
    await firm.entry(lead, dossier["id"], confidentiality="sealed")

    async def counted(person: Person) -> list[int]:
        return [one["count"] for one in await everything(person, "/v1/duties?kind=review")]

    assert (await counted(lead), await counted(member), await counted(assistant)) == ([2], [2], [])
    lowered = Person(member.id, member.name, Forge(firm, member).signed(clearance="confidential"), firm.http)
    assert await counted(lowered) == [1]
    wall = {
        "name": "隔离", "reason": "利益冲突", "dossier_ids": [dossier["id"]], "excluded_user_ids": [str(member.id)],
    }  # fmt: skip
    assert (await guard.post("/v1/walls", wall)).status_code == 201
    assert await counted(member) == []


async def test_who_answers_for_others_reads_what_is_to_be_filed(firm: Firm) -> None:
    mine, other = await matter(firm, filled=False), await matter(firm, filled=False)
    await firm.eyes.execute("UPDATE users SET department = '一部' WHERE id = $1", mine.lead.id)
    partner = await firm.person("partner", department="一部")
    await mine.close(closed_on="2026-06-30")
    await other.close(closed_on="2026-11-01")
    firmwide = "?scope=firm"
    owners = [one["owner"]["id"] for one in await everything(mine.archivist, f"/v1/duties{firmwide}")]
    assert owners == [str(mine.lead.id), str(other.lead.id)]
    assert await kinds(mine.director, firmwide) == ["file", "file"]
    assert await kinds(mine.director, f"{firmwide}&overdue=true") == ["file"]
    assert await kinds(mine.director, f"{firmwide}&until=2026-10-01") == ["file"]
    assert await kinds(mine.director, f"{firmwide}&kind=review") == []
    assert await kinds(partner, firmwide) == ["file"]
    assert [await kinds(mine.director, f"{firmwide}&limit=1")] == [["file", "file"]]
    before = await firm.tables()
    await refused(firm, before, await mine.lead.get(f"/v1/duties{firmwide}"), 403, "forbidden")


async def test_a_wall_hides_duties(firm: Firm) -> None:
    case = await matter(firm, filled=False)
    await case.close()
    assert await kinds(case.archivist, "?scope=firm") == ["file"]
    keeper = await firm.person("security_admin")
    await built(keeper, case.archivist, dossier_ids=[case.dossier["id"]])
    assert await kinds(case.archivist, "?scope=firm") == []
    await case.submit()
    assert await kinds(case.archivist) == []
    assert await kinds(await firm.person("archivist")) == ["accept"]


@pytest.mark.parametrize("role", ["system_admin", "security_admin", "auditor", "finance", "assistant"])
async def test_who_has_nothing_to_do_is_told_so(firm: Firm, role: str) -> None:
    case = await matter(firm, filled=False)
    await case.close()
    await case.submit()
    assert await kinds(await firm.person(role)) == []


async def test_reminders_come_on_their_days_and_once(firm: Firm) -> None:
    case = await matter(firm, filled=False)

    async def reminders() -> list[dict[str, Any]]:
        rows = await firm.eyes.fetch(
            "SELECT details, actor_name FROM events WHERE type = 'dossier.filing_reminded' ORDER BY id"
        )
        assert {row["actor_name"] for row in rows} <= {"anjuan"}
        return [row["details"] for row in rows]

    await case.close(closed_on=today().isoformat())
    assert (await remind_of_filing(firm.services), await reminders()) == (0, [])

    async def left(days: int) -> None:
        await firm.eyes.execute("UPDATE dossiers SET filing_due_on = $1", today() + timedelta(days=days))

    await left(30)
    assert [await remind_of_filing(firm.services) for _ in range(2)] == [1, 0]
    [told] = await reminders()
    assert (told["days_before"], told["days_left"], told["lead_lawyer_id"]) == (30, 30, str(case.lead.id))
    # After a long pause of the worker one reminder stands for all that were missed.
    await left(-3)
    assert [await remind_of_filing(firm.services) for _ in range(2)] == [1, 0]
    assert [(one["days_before"], one["days_left"]) for one in (await reminders())[1:]] == [(0, -3)]
    await case.submit(late_reason="x")
    await left(5)
    assert await remind_of_filing(firm.services) == 0


async def test_a_bare_dossier_asks_for_what_it_lacks(firm: Firm) -> None:
    lead = await firm.person("lawyer")
    client = await firm.client(lead, "北京甲科技有限公司")
    dossier = await firm.dossier(lead, client_ids=[client["id"]])
    told = {one["kind"]: one for one in await everything(lead, "/v1/duties")}
    assert set(told) == FROM_THE_START
    for kind in ("conflict_check", "engagement"):
        assert told[kind]["dossier"] == {"id": dossier["id"], "number": dossier["number"]}
    assert told["client_data"]["client"] == {"id": client["id"], "name": client["name"]}
    assert told["client_data"]["dossier"] is None
    assert told["engagement"]["count"] >= 1
    expiring = {"document_type": "营业执照", "original_seen": True, "verified_on": today().isoformat()}
    until = (today() + timedelta(days=3)).isoformat()
    seen = await lead.post(f"/v1/clients/{client['id']}/verifications", {**expiring, "valid_until": until})
    assert seen.status_code == 201, seen.text
    [document] = await everything(lead, "/v1/duties?kind=client_document")
    assert (document["due_on"], document["overdue"]) == (until, False)
    ordered = [one["kind"] for one in await everything(lead, "/v1/duties?limit=1")]
    assert ordered[0] == "client_document"
    assert len(ordered) == len(set(ordered)) == 4


async def test_what_is_quiet_or_away_is_called_to_mind(firm: Firm) -> None:
    lead = await firm.person("lawyer")
    dossier = await firm.dossier(lead)
    assert await kinds(lead) == []
    await firm.eyes.execute("UPDATE dossiers SET created_at = now() - interval '400 days'")
    [quiet] = await everything(lead, "/v1/duties?kind=collect")
    assert quiet["dossier"]["id"] == dossier["id"]
