"""Behind a seal nothing changes unseen: not by the API, not in the database, and what was done past both shows."""

from typing import Any

import asyncpg
import pytest

from tests.support.checks import refused
from tests.support.databases import TestDatabase
from tests.support.firm import Firm, done
from tests.support.matter import Matter, matter

INSERTED = (
    "INSERT INTO entries (id, dossier_id, title, category, original, pages_stated, review, created_by, created_at,"
    " updated_at) SELECT gen_random_uuid(), dossier_id, 'x', category, original, false, 'kept', created_by,"
    " created_at, updated_at FROM entries WHERE id = $1"
)
# Statements of somebody who has the owner's password, and what the check finds.
CHANGES = [
    ("UPDATE entries SET title = '别的标题' WHERE id = $1", "entry/title"),
    ("UPDATE entries SET pages = pages + 1 WHERE id = $1", "entry/pages"),
    ("UPDATE entries SET remarks = 'x' WHERE id = $1", "entry/remarks"),
    ("UPDATE files SET sha256 = repeat('0', 64) WHERE entry_id = $1", "entry/files"),
    ("DELETE FROM files WHERE entry_id = $1", "entry/files"),
    ("UPDATE entry_reviews SET relevance = 'doubt' WHERE entry_id = $1", "entry/reviews"),
    ("UPDATE entries SET review = 'excluded' WHERE id = $1", "entry/review"),
    ("UPDATE dossiers SET cause = 'y' FROM entries e WHERE e.id = $1 AND e.dossier_id = dossiers.id", "cover/cause"),
    (INSERTED, "entry/title"),
]


async def filed(firm: Firm) -> tuple[Matter, dict[str, Any]]:
    """Give a filed matter and one of its entries."""
    case = await matter(firm, filled=False)
    entry = await case.entry("判决书", pages=2)
    await case.entry("办案小结")
    await case.file()
    return case, entry


async def test_a_seal_is_intact(firm: Firm) -> None:
    case, _ = await filed(firm)
    check = await case.archivist.get(f"{case.path}/seal-check")
    assert await firm.events(check) == done("seal.checked")
    told = check.json()
    assert (told["intact"], told["version"], told["differences"], told["hidden"]) == (True, 1, [], 0)
    assert (await firm.event(check))["details"] == {"version": 1, "intact": True, "differences": 0}


@pytest.mark.parametrize(("statement", "what"), CHANGES, ids=[what for _, what in CHANGES])
async def test_the_database_refuses_and_what_was_forced_shows(
    firm: Firm, database: TestDatabase, statement: str, what: str
) -> None:
    case, entry = await filed(firm)
    owner = await asyncpg.connect(database.owner_url)
    try:
        with pytest.raises(asyncpg.PostgresError, match="frozen"):
            await owner.execute(statement, entry["id"])
        assert (await case.archivist.get(f"{case.path}/seal-check")).json()["intact"] is True
        for table in ("entries", "files", "entry_reviews", "dossiers"):
            await owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER frozen")
        await owner.execute(statement, entry["id"])
    finally:
        await owner.close()
    check = await case.archivist.get(f"{case.path}/seal-check")
    told = check.json()
    assert told["intact"] is False
    assert what in {one["what"] for one in told["differences"]}
    assert (await firm.event(check))["details"]["intact"] is False
    # What the list says is what was sealed, whatever the tables hold by now.
    contents = (await case.lead.get(f"{case.path}/contents")).json()
    titles = [line["title"] for volume in contents["volumes"] for line in volume["items"]]
    assert sorted(titles) == ["判决书", "办案小结"]


async def test_a_seal_that_was_replaced_shows(firm: Firm) -> None:
    case, _ = await filed(firm)
    await firm.eyes.execute(
        "UPDATE sealed_lists SET contents = convert_to(replace(convert_from(contents, 'UTF8'), '判决书', '裁定书'), 'UTF8')"
    )
    told = (await case.archivist.get(f"{case.path}/seal-check")).json()
    assert [one["what"] for one in told["differences"]] == ["digest"]
    await firm.eyes.execute("UPDATE sealed_lists SET digest = 'sha-256:' || encode(sha256(contents), 'hex')")
    told = (await case.archivist.get(f"{case.path}/seal-check")).json()
    assert [one["what"] for one in told["differences"]] == ["event_digest"]


async def test_numbers_and_the_archive_are_for_good(firm: Firm) -> None:
    case, _ = await filed(firm)
    for change in ("archive_number = 'x'", "number = 'x'", "state = 'open'"):
        with pytest.raises(asyncpg.PostgresError, match=r"never change|stays in the archive"):
            await firm.eyes.execute(f"UPDATE dossiers SET {change} WHERE id = $1", case.dossier["id"])


async def test_before_filing_there_is_no_seal(firm: Firm) -> None:
    case = await matter(firm, filled=False)
    before = await firm.tables()
    await refused(firm, before, await case.lead.get(f"{case.path}/seal-check"), 409, "conflict")
    await refused(firm, before, await case.lead.get(f"{case.path}/seals/1"), 404, "not_found")
    assert (await case.lead.get(f"{case.path}/seals")).json()["items"] == []


async def test_differences_in_hidden_entries_are_counted_only(firm: Firm, database: TestDatabase) -> None:
    case = await matter(firm, filled=False)
    hidden = await case.entry("密件", confidentiality="sealed")
    await case.file()
    owner = await asyncpg.connect(database.owner_url)
    try:
        await owner.execute("ALTER TABLE entries DISABLE TRIGGER frozen")
        await owner.execute("UPDATE entries SET title = 'y' WHERE id = $1", hidden["id"])
    finally:
        await owner.close()
    told = (await case.archivist.get(f"{case.path}/seal-check")).json()
    assert (told["intact"], told["differences"], told["hidden"]) == (False, [], 1)
    mine = (await case.lead.get(f"{case.path}/seal-check")).json()
    assert mine["differences"] == [{"what": "entry/title", "entry_id": hidden["id"], "sealed": "密件", "found": "y"}]
    masked = (await case.archivist.get(f"{case.path}/seals/1")).json()
    [line] = masked["volumes"][0]["items"]
    assert (line["masked"], line["title"], line.get("entry_id")) == (True, None, None)
    contents = (await case.archivist.get(f"{case.path}/contents")).json()
    assert (contents["sealed"], contents["digest"]) == (True, None)
