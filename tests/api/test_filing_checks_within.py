"""The checks before filing as other rooms call them: in their transaction, without the store, and asking other rooms."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from app.core.actor import Actor, Origin
from app.core.database import Connection, Database
from app.core.errors import Forbidden, NotFound
from app.filing.check_model import Gap, GapsTold
from app.filing.check_schemas import CheckReport
from app.filing.check_service import FilingChecks
from app.filing.check_store import StoreLook
from app.storage.errors import StoreUnavailable
from app.storage.memory import MemoryStore
from tests.api.test_filing_checks import KEEP, whole
from tests.support.firm import Firm, Person, Refusal


@dataclass
class Unsigned:
    """A gap of an engagement."""

    code: str = "power_unsigned"
    en: str = "The power of attorney is not signed"
    zh: str = "授权委托书未签署"


@dataclass
class Rooms:
    """Stands for the room of engagements, and notes on which connection it is asked."""

    gaps: list[Gap] = field(default_factory=list)
    untold: bool = False
    asked: list[object] = field(default_factory=list)

    async def gaps_of(self, source: Connection | Database, actor: Actor, dossier_id: UUID) -> GapsTold | None:
        self.asked.append((source, actor, dossier_id))
        return self


async def actor_of(firm: Firm, person: Person, request_id: str = "within") -> Actor:
    """Give the actor of a person's token."""
    return await firm.services.auth.identify(person.token, Origin(request_id, "POST", "/v1/submission"))


def checks(firm: Firm, rooms: Rooms | None = None, store: Any = None, *, scanning: bool = False) -> FilingChecks:
    """Make the service on other rooms or another store."""
    resources = firm.services.resources
    look = StoreLook(store or resources.store, resources.counter)
    return FilingChecks(resources.database, resources.recorder, firm.gate, look, scanning=scanning, engagements=rooms)


async def closed(firm: Firm, dossier_id: UUID, day: date) -> None:
    """Note that the matter was closed."""
    await firm.eyes.execute("UPDATE dossiers SET closed_on = $2, filing_due_on = $2 WHERE id = $1", dossier_id, day)


def down() -> MemoryStore:
    """Make a store that can't be reached."""
    store = MemoryStore()
    store.down = True
    return store


def told(report: CheckReport) -> set[str]:
    """Name what was found."""
    return {one.code.value for one in report.findings}


async def test_what_was_looked_at_before_needs_no_store_within(firm: Firm) -> None:
    lawyer, dossier, entries, _ = await whole(firm)
    actor, dossier_id = await actor_of(firm, lawyer), UUID(dossier["id"])
    before = await firm.tables()
    looked = await firm.services.filing.checks.look(actor, dossier_id, deep=True)
    assert len(looked) == 2
    within = checks(firm, store=down())
    async with firm.services.resources.database.connection() as connection, connection.transaction():
        await connection.execute("SELECT 1 FROM dossiers WHERE id = $1 FOR NO KEY UPDATE", dossier_id)
        report = await within.run(connection, actor, dossier_id, deep=False, looked=looked)
        assert (report.blocking, report.deep, told(report)) == (0, True, set())
        # It sees what its own transaction has done.
        await connection.execute("UPDATE entries SET pages = NULL WHERE id = $1", UUID(entries[0]["id"]))
        report = await within.run(connection, actor, dossier_id, deep=False, looked=looked)
        assert told(report) == {"pages_missing", "four_property_failed"}
        await connection.execute("UPDATE entries SET pages = 4 WHERE id = $1", UUID(entries[0]["id"]))
    with pytest.raises(StoreUnavailable):
        await within.run(firm.services.resources.database, actor, dossier_id, deep=False)
    assert await firm.tables() == before
    # The act that it is done for is what is recorded.
    assert await firm.eyes.fetchval("SELECT count(*) FROM events WHERE request_id = 'within'") == 0


async def test_a_file_that_came_after_the_look_is_looked_at(firm: Firm) -> None:
    lawyer, dossier, entries, _ = await whole(firm)
    actor, dossier_id = await actor_of(firm, lawyer), UUID(dossier["id"])
    looked = await firm.services.filing.checks.look(actor, dossier_id, deep=True)
    await firm.file(lawyer, entries[0]["id"], b"\xff\xd8\xff\xe0 later")
    report = await firm.services.filing.checks.run(
        firm.services.resources.database, actor, dossier_id, deep=False, looked=looked
    )
    # Not all bytes were read any more, and it says so.
    assert report.deep is False
    assert "object_damaged" in {one.code.value for one in report.not_checked}
    (item,) = (one for one in report.four_properties if one.number == "2-11")
    assert item.measured == {"declared": 3, "found": 3}


async def test_other_rooms_are_asked_on_the_same_connection(firm: Firm) -> None:
    lawyer, dossier, entries, _ = await whole(firm)
    actor, dossier_id = await actor_of(firm, lawyer), UUID(dossier["id"])
    rooms = Rooms(gaps=[Unsigned()])
    await closed(firm, dossier_id, date(2026, 3, 2))
    async with firm.services.resources.database.connection() as connection, connection.transaction():
        report = await checks(firm, rooms).run(connection, actor, dossier_id, deep=False)
        assert rooms.asked == [(connection, actor, dossier_id)]
    found = {(one.code.value, one.severity.value, one.entry_id) for one in report.findings}
    assert found == {
        ("engagement_gap", "blocking", None), ("dated_after_closing", "warning", UUID(entries[2]["id"])),
    }  # fmt: skip
    assert report.findings[0].zh == "委托手续(power_unsigned):授权委托书未签署"
    assert [one.code.value for one in report.not_checked] == ["file_unscanned", "object_damaged"]
    await closed(firm, dossier_id, date(2026, 11, 1))
    report = await checks(firm, Rooms()).run(firm.services.resources.database, actor, dossier_id, deep=True)
    assert (told(report), report.blocking) == (set(), 0)
    partly = await checks(firm, Rooms(untold=True)).run(
        firm.services.resources.database, actor, dossier_id, deep=False
    )  # fmt: skip
    assert (partly.not_checked[0].code, partly.not_checked[0].zh) == (
        "engagement_gap",
        "委托手续可能另有您无权查看的缺项",
    )


async def test_where_files_are_scanned_all_must_be(firm: Firm) -> None:
    lawyer, dossier, _, files = await whole(firm)
    actor, dossier_id = await actor_of(firm, lawyer), UUID(dossier["id"])
    scanned = checks(firm, scanning=True)
    report = await scanned.run(firm.services.resources.database, actor, dossier_id, deep=False)
    unscanned = [one for one in report.findings if one.code == "file_unscanned"]
    assert [(str(one.file_id), one.severity) for one in unscanned] == [(file["id"], "blocking") for file in files]
    assert {one.item for one in report.findings if one.item} == {"4-1", "4-2"}
    await firm.eyes.execute("UPDATE scans SET state = 'clean'")
    report = await scanned.run(firm.services.resources.database, actor, dossier_id, deep=False)
    assert told(report) == set()
    assert {one.number for one in report.four_properties if one.number in {"4-1", "4-2"} and one.result == "pass"} == {
        "4-1", "4-2",
    }  # fmt: skip


async def test_it_refuses_within_a_transaction_as_outside(firm: Firm) -> None:
    stranger, assistant = await firm.person("lawyer"), await firm.person("assistant")
    lawyer, dossier, _, _ = await whole(
        firm, confidentiality="confidential", team=[{"user_id": str(assistant.id), "duty": "assistant"}]
    )
    hidden = await firm.entry(lawyer, dossier["id"], "密件", confidentiality="sealed", pages=1)
    assert (await lawyer.post(f"/v1/entries/{hidden['id']}/review", KEEP)).status_code == 200
    for person, error in ((stranger, NotFound), (assistant, Forbidden)):
        actor = await actor_of(firm, person, f"refused {error.code}")
        async with firm.services.resources.database.connection() as connection, connection.transaction():
            with pytest.raises(error):
                await firm.services.filing.checks.run(connection, actor, UUID(dossier["id"]), deep=False)
        with pytest.raises(error):
            await firm.services.filing.checks.look(actor, UUID(dossier["id"]), deep=False)
        rows = await firm.eyes.fetch(
            "SELECT type, outcome FROM events WHERE request_id = $1", f"refused {error.code}"
        )  # fmt: skip
        assert [tuple(row) for row in rows] == [Refusal, Refusal]


async def test_it_takes_the_same_few_statements_for_many_entries(firm: Firm) -> None:
    lawyer, dossier, _, _ = await whole(firm)
    actor, dossier_id = await actor_of(firm, lawyer), UUID(dossier["id"])
    counted = []
    for more in (0, 30):
        for number in range(more):
            await firm.entry(lawyer, dossier["id"], f"更多材料{number}", pages=1)
        said: list[Any] = []
        async with firm.services.resources.database.connection() as connection, connection.transaction():
            with connection.query_logger(said.append):
                report = await firm.services.filing.checks.run(connection, actor, dossier_id, deep=False)
        (item,) = (one for one in report.four_properties if one.number == "2-1")
        assert item.measured["found"] == 3 + more
        counted.append(len(said))
    assert counted[0] == counted[1] <= 12
