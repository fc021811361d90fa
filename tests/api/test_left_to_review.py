"""What is left to judge, as other rooms ask for it: of a dossier before filing, and of a lawyer for his calendar."""

from app.core.actor import Actor, Origin
from app.entries.reviews import ToReview
from tests.api.test_entries import EXCLUDE, PASS
from tests.support.firm import Firm, Person


def actor(person: Person, clearance: int = 4) -> Actor:
    """Give a person as the services know him."""
    return Actor(person.id, person.name, frozenset(person.roles), clearance, Origin("test", "TEST", "test"))


async def told(firm: Firm, person: Person, clearance: int = 4) -> list[tuple[str, int]]:
    """Give the dossiers of somebody's calendar by number, with how many entries wait."""
    found: list[ToReview] = await firm.services.reviewing.reviews.to_review(actor(person, clearance))
    assert all(one.since is not None for one in found)
    return [(one.number, one.entries) for one in found]


async def test_lawyer_is_told_of_his_dossiers_with_entries_to_judge(firm: Firm) -> None:
    lead, member, assistant, stranger = [
        await firm.person(role) for role in ("lawyer", "lawyer", "assistant", "lawyer")
    ]
    team = [{"user_id": str(member.id), "duty": "lawyer"}, {"user_id": str(assistant.id), "duty": "assistant"}]
    first, second = await firm.dossier(lead, team=team), await firm.dossier(lead)
    later = [await firm.entry(lead, second["id"]) for _ in range(2)]
    entries = [await firm.entry(lead, first["id"]) for _ in range(3)]
    # The longest waiting first; only lawyers judge.
    assert await told(firm, lead) == [(second["number"], 2), (first["number"], 3)]
    assert await told(firm, member) == [(first["number"], 3)]
    assert await told(firm, assistant) == await told(firm, stranger) == []
    await lead.post(f"/v1/entries/{entries[0]['id']}/review", PASS)
    await lead.post(f"/v1/entries/{entries[1]['id']}/review", EXCLUDE)
    for entry in later:
        await lead.post(f"/v1/entries/{entry['id']}/review", PASS)
    assert await told(firm, lead) == [(first["number"], 1)]
    await firm.eyes.execute("UPDATE dossiers SET state = 'submitted'")
    assert await told(firm, lead) == []


async def test_walls_and_levels_hold_in_the_calendar(firm: Firm) -> None:
    lead, member, guard = [await firm.person(role) for role in ("lawyer", "lawyer", "security_admin")]
    dossier = await firm.dossier(lead, team=[{"user_id": str(member.id), "duty": "lawyer"}])
    await firm.entry(lead, dossier["id"])
    await firm.entry(lead, dossier["id"], confidentiality="sealed")
    assert await told(firm, member, 3) == [(dossier["number"], 1)]
    assert await told(firm, member) == [(dossier["number"], 2)]
    wall = {
        "name": "隔离", "reason": "利益冲突", "dossier_ids": [dossier["id"]], "excluded_user_ids": [str(member.id)],
    }  # fmt: skip
    assert (await guard.post("/v1/walls", wall)).status_code == 201
    assert await told(firm, member) == []


async def test_filing_asks_what_is_not_judged_as_far_as_one_sees_it(firm: Firm) -> None:
    lead, assistant = await firm.person("lawyer"), await firm.person("assistant")
    dossier = await firm.dossier(lead, team=[{"user_id": str(assistant.id), "duty": "assistant"}])
    judged, waiting = [await firm.entry(lead, dossier["id"]) for _ in range(2)]
    sealed = await firm.entry(lead, dossier["id"], confidentiality="sealed")
    await lead.post(f"/v1/entries/{judged['id']}/review", PASS)
    reviews, source = firm.services.reviewing.reviews, firm.services.resources.database
    whole = await reviews.unreviewed(source, actor(lead), dossier["id"])
    assert ([str(one) for one in whole.entry_ids], whole.hidden) == ([waiting["id"], sealed["id"]], False)
    part = await reviews.unreviewed(source, actor(assistant, 2), dossier["id"])
    assert ([str(one) for one in part.entry_ids], part.hidden) == ([waiting["id"]], True)
