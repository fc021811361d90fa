"""Lists of one's own dossiers: what teams and grants repeat of a dossier follows it."""

from typing import Any

from tests.access.test_grants import given
from tests.support.firm import Firm, Person, done


async def listed(person: Person, sort: str) -> list[Any]:
    """Give the ids of a list in its order."""
    return [row["id"] for row in (await person.get(f"/v1/dossiers?sort={sort}")).json()["items"]]


async def test_opening_date_that_changes_moves_the_dossier_in_every_list(firm: Firm) -> None:
    lead, member, grantee = [await firm.person("lawyer") for _ in range(3)]
    team = [{"user_id": str(member.id), "duty": "lawyer"}]
    older, newer = [
        await firm.dossier(lead, confidentiality="confidential", team=team, opened_on=day)
        for day in ("2026-01-05", "2026-02-05")
    ]
    for dossier in (older, newer):
        await given(lead, dossier, grantee)
    for person in (lead, member, grantee):
        assert await listed(person, "-opened_on") == [newer["id"], older["id"]]
        assert await listed(person, "number") == [older["id"], newer["id"]]
    changed = await lead.change(f"/v1/dossiers/{older['id']}", {"opened_on": "2026-03-05"})
    assert await firm.events(changed) == done("dossier.changed")
    for person in (lead, member, grantee):
        assert await listed(person, "-opened_on") == [older["id"], newer["id"]]
        assert await listed(person, "opened_on") == [newer["id"], older["id"]]


async def test_pages_of_many_ways_are_whole(firm: Firm) -> None:
    """A lawyer who sees by level, team and grant turns pages of one: each dossier once, in order."""
    lead, reader = await firm.person("lawyer"), await firm.person("lawyer")
    member = [{"user_id": str(reader.id), "duty": "lawyer"}]
    seen: list[dict[str, Any]] = []
    ways: list[dict[str, Any]] = [
        {"confidentiality": "public"}, {}, {"confidentiality": "confidential", "team": member}, {"team": member},
        {"confidentiality": "confidential"}, {"confidentiality": "sealed", "team": member},
    ]  # fmt: skip
    for number, fields in enumerate(ways):
        dossier = await firm.dossier(lead, opened_on=f"2026-0{1 + number % 2}-05", **fields)
        if fields == {"confidentiality": "confidential"}:
            await given(lead, dossier, reader)
        seen.append(dossier)
    hidden = await firm.dossier(lead, confidentiality="confidential")
    for sort, key in (
        ("-opened_on", lambda row: (row["opened_on"], row["id"])), ("opened_on", lambda row: (row["opened_on"], row["id"])),
        ("number", lambda row: row["number"]),
    ):  # fmt: skip
        path, found = f"/v1/dossiers?limit=1&sort={sort}", []
        while path:
            page = await reader.get(path)
            found += [row["id"] for row in page.json()["items"]]
            path = page.headers["link"].partition(">")[0].lstrip("<") if page.json()["next"] else ""
        assert found == [row["id"] for row in sorted(seen, key=key, reverse=sort.startswith("-"))]
        assert hidden["id"] not in found
