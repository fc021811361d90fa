"""What calls for collection: dossiers that have been quiet, originals that have not come back; for those on the team."""

from datetime import timedelta
from typing import Any

from app.collection.reminders import originals_away, quiet_dossiers
from app.core.actor import Actor, Origin
from app.core.clock import today
from tests.api.test_receipts import COURT, made
from tests.support.firm import Firm, Person


def actor(person: Person, clearance: int = 4) -> Actor:
    """Give a person as the service knows him."""
    return Actor(
        user_id=person.id, display_name=person.name, roles=frozenset(person.roles), clearance=clearance,
        origin=Origin("test", "TEST", "test"),
    )  # fmt: skip


async def quiet(firm: Firm, person: Person, **fields: Any) -> list[str]:
    """Name the quiet dossiers of a person, by id."""
    found = await quiet_dossiers(firm.services.resources.database, actor(person, **fields))
    return [str(one.dossier_id) for one in found]


async def age(firm: Firm, days: int, *tables: str) -> None:
    """Let what is in these tables have come days ago."""
    for table in tables:
        await firm.eyes.execute(f"UPDATE {table} SET created_at = created_at - make_interval(days => $1)", days)


async def test_dossier_is_quiet_when_nothing_came_for_long(firm: Firm) -> None:
    lawyer, other = await firm.person("lawyer"), await firm.person("lawyer")
    dossiers = [await firm.dossier(lawyer) for _ in range(5)]
    await firm.dossier(other)
    bare, entered, stored, receipted, closed = (one["id"] for one in dossiers)
    entry, scan = await firm.entry(lawyer, stored), await firm.entry(lawyer, receipted)
    await age(firm, 61, "dossiers", "entries")
    await firm.eyes.execute("UPDATE dossiers SET state = 'submitted' WHERE id = $1", closed)
    assert await quiet(firm, lawyer) == [bare, entered, stored, receipted]
    await firm.entry(lawyer, entered)
    await firm.file(lawyer, entry["id"])
    await made(lawyer, {"id": receipted}, "handed_over", {"entry_id": scan["id"], "original": "copy"})
    assert await quiet(firm, lawyer) == [bare]
    await age(firm, 59, "entries", "files", "receipts")
    assert await quiet(firm, lawyer) == [bare]
    await age(firm, 2, "files", "receipts")
    (first, *_) = await quiet_dossiers(firm.services.resources.database, actor(lawyer))
    assert (str(first.dossier_id), first.number) == (bare, dossiers[0]["number"])
    assert set(await quiet(firm, lawyer)) == {bare, stored, receipted}
    # Who only sees a dossier is reminded of none; nor is who is kept from it.
    assert await quiet(firm, await firm.person("director")) == []
    await firm.eyes.execute("UPDATE dossiers SET confidentiality = 4 WHERE id = $1", bare)
    assert set(await quiet(firm, lawyer, clearance=3)) == {stored, receipted}
    wall = {"name": "墙", "reason": "利益冲突", "dossier_ids": [stored], "excluded_user_ids": [str(lawyer.id)]}
    await (await firm.person("security_admin")).post("/v1/walls", wall)
    assert set(await quiet(firm, lawyer)) == {bare, receipted}
    archivist = await firm.person("archivist")
    rules = {"body": {"quiet_days": 3000, "original_away_days": 1}, "source": "本所决定", "verified": True}
    assert (await archivist.change("/v1/rules/collection", rules, "PUT")).status_code == 200
    assert await quiet(firm, lawyer) == []


async def test_originals_that_have_not_come_back(firm: Firm) -> None:
    lawyer, assistant = await firm.person("lawyer"), await firm.person("assistant")
    dossier = await firm.dossier(lawyer, team=[{"user_id": str(assistant.id), "duty": "assistant"}])
    days = [str(today() - timedelta(days=days)) for days in (200, 190, 181, 180)]
    entries = [
        await firm.entry(lawyer, dossier["id"], f"原件{n}", confidentiality="sealed" if n == 1 else None)
        for n in range(4)
    ]
    for entry, day in zip(entries, days, strict=True):
        await firm.file(lawyer, entry["id"])
        await made(lawyer, dossier, "handed_over", {"entry_id": entry["id"]}, on=day)
    again = await firm.entry(lawyer, dossier["id"], "副本")
    await made(lawyer, dossier, "handed_over", {"entry_id": again["id"], "original": "copy"}, on=days[0])

    async def found(person: Person, **fields: Any) -> list[str]:
        return [one.title for one in await originals_away(firm.services.resources.database, actor(person, **fields))]

    assert await found(lawyer) == ["原件0", "原件1", "原件2"]
    assert await found(assistant, clearance=3) == ["原件0", "原件2"]
    assert await found(await firm.person("director")) == []
    (first, *_) = await originals_away(firm.services.resources.database, actor(lawyer))
    assert (str(first.entry_id), first.counterparty, first.capacity, str(first.handed_over_on)) == (
        entries[0]["id"],
        "海淀法院",
        "court",
        days[0],
    )
    await made(lawyer, dossier, "received", {"entry_id": entries[0]["id"]}, counterparty=COURT, on=str(today()))
    receipts = (await lawyer.get(f"/v1/dossiers/{dossier['id']}/receipts")).json()["items"]
    await lawyer.post(f"/v1/receipts/{receipts[2]['id']}/cancellation", {"reason": "误"})
    assert await found(lawyer) == ["原件1"]
    await lawyer.post(f"/v1/receipts/{receipts[5]['id']}/cancellation", {"reason": "误"})
    assert await found(lawyer) == ["原件0", "原件1"]
