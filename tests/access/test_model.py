"""The gate, the SQL predicate, the ways to lists, and the rule told in words agree with the page in plain Python.

`ANJUAN_TEST_WORLDS` sets how many firms are made; `make prove` makes enough for more than 100,000 triples of person,
act and subject.
"""

import os
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings

from app.access.acts import ACTS, Need
from app.access.gate import Gate
from app.access.rules import DossierFacts, GrantFacts, rule_for
from app.access.rules import Person as RulePerson
from app.clients import repository as clients
from app.core.database import Row
from app.core.errors import AppError
from app.core.pagination import Cursors, PageRequest
from app.core.sql import Where
from app.dossiers import repository as dossiers
from app.dossiers.service import ORDERS
from app.engagements import repository as engagements
from app.entries import repository as entries
from app.events.recorder import Recorder
from app.events.vocabulary import Subject
from tests.support import model
from tests.support.databases import TestDatabase
from tests.support.world import Dossier, Person, World, settle, worlds

FEW = 60
WORLDS = int(os.environ.get("ANJUAN_TEST_WORLDS", str(FEW)))
NEVER = datetime.max.replace(tzinfo=UTC)
DOSSIER_ACTS = (
    "dossier.read", "dossier.change", "dossier.void", "dossier.lower_level", "entry.create", "entry.arrange",
    "grant.give", "grant.decide", "access.request", "dossier.close", "dossier.reopen", "dossier.submit",
    "dossier.decide_late", "dossier.confirm_retention", "dossier.accept", "dossier.return", "seal.check", "note.add",
    "supplement.propose", "supplement.withdraw", "supplement.decide", "supplement.accept", "engagement.create",
    "conflict.attach", "receipt.create", "receipt.sign", "receipt.cancel", "receipt.read", "object.create", "object.change",
    "object.move", "object.keep", "object.read", "volume.copy",
)  # fmt: skip
ENTRY_ACTS = ("entry.read", "entry.change", "entry.review", "entry.prepare", "file.add")
FILE_ACTS = ("file.read", "file.read_content")
ENGAGEMENT_ACTS = ("engagement.read", "engagement.change")
checked = {"triples": 0}


class Ear:
    """Hears of refusals in place of the recorder; that they are recorded is shown over HTTP."""

    async def refused(self, *_: object, **__: object) -> None:
        """Take note."""


GATE = Gate(cast("Recorder", Ear()))


@pytest.fixture(scope="module", autouse=True)
def enough() -> Iterator[None]:
    """Hold, at the end, that enough was compared, and tell how much."""
    yield
    if checked["triples"]:
        sys.stdout.write(f"{checked['triples']:,} triples of person, act and subject agreed\n")
        assert checked["triples"] > 300 * WORLDS


@pytest.fixture
async def connection(database: TestDatabase) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection as the application's role."""
    opened = await asyncpg.connect(database.owner_url)
    yield opened
    await opened.close()


async def judged(person: Person, act: str, row: Row | None) -> str:
    """Tell what the gate makes of an act."""
    checked["triples"] += 1
    try:
        await GATE.judge(person.actor(), act, Subject("dossier"), row)
    except AppError as error:
        return {403: "forbidden", 404: "hidden"}[error.status]
    return "done"


async def check_acts(source: Any, world: World, person: Person) -> None:
    """Compare the gate with the page for every act on every dossier, entry and file."""
    for dossier in world.dossiers:
        row = await dossiers.find(source, person.actor(), dossier.id)
        for act in DOSSIER_ACTS:
            assert await judged(person, act, row) == model.may(world, person, act, dossier), (act, person, dossier)
        for entry in dossier.entries:
            row = await entries.find(source, person.actor(), entry.id)
            for act in ENTRY_ACTS:
                assert await judged(person, act, row) == model.may(world, person, act, dossier, entry), (act, person)
            row = await entries.find_file(source, person.actor(), entry.id)
            for act in FILE_ACTS:
                assert await judged(person, act, row) == model.may(world, person, act, dossier, entry), (act, person)


async def check_links(source: Any, world: World, person: Person) -> None:
    """Compare what is shown of the entries before and after one with what single reads show of these."""
    for dossier in world.dossiers:
        seen = [entry.id if model.sees(world, person, dossier, entry) else None for entry in dossier.entries]
        for place, entry in enumerate(dossier.entries):
            row = await entries.find(source, person.actor(), entry.id)
            if row is not None:
                before, after = [one for one in seen[:place][-1:] if one], seen[place + 1 :][:1] or [None]
                assert (row["supersedes"], [row["superseded_by"]]) == (before, after), (person, dossier, entry)
                assert row["superseded"] == (place + 1 < len(seen))
                checked["triples"] += 1


async def check_lists(source: Any, world: World, person: Person) -> None:
    """Compare the lists, in every order, with what single reads show: nothing more, nothing less."""
    seen = {dossier.id for dossier in world.dossiers if model.sees(world, person, dossier)}
    for keys in ORDERS.values():
        where, page = Where(), PageRequest(200, None, b"")
        order = page.apply(Cursors(b"x"), where, keys)
        rows = await dossiers.page(source, person.actor(), where, keys, order)
        assert [row["id"] for row in rows] == [row["id"] for row in sorted_rows(rows, keys)]
        assert {UUID(str(row["id"])) for row in rows} == seen, (person, [key.column for key in keys])
        assert len(rows) == len(seen)
        checked["triples"] += len(world.dossiers)
    for dossier in world.dossiers:
        where = Where()
        where.add("e.dossier_id = {}", dossier.id)
        listed = {row["id"] for row in await entries.page(source, person.actor(), where, "ORDER BY e.id")}
        assert listed == {entry.id for entry in dossier.entries if model.sees(world, person, dossier, entry)}
        checked["triples"] += len(dossier.entries)


async def check_engagements(source: Any, world: World, person: Person) -> None:
    """Compare who sees engagements and their fee terms, and over which dossiers somebody is told what they lack."""
    actor = person.actor()
    for dossier in world.dossiers:
        where = Where()
        where.add("g.dossier_id = {}", dossier.id)
        lines = {row["id"]: row["sees"] for row in await engagements.page(source, actor, where, "ORDER BY g.serial")}
        assert bool(lines) == model.sees(world, person, dossier)
        for entry in (None, *dossier.entries):
            engagement_id = dossier.id if entry is None else entry.id
            row = await engagements.find(source, actor, engagement_id)
            assert lines.get(engagement_id, False) == (row is not None)
            for act in ENGAGEMENT_ACTS:
                assert await judged(person, act, row) == model.may(world, person, act, dossier, entry), (act, person)
            fees = model.sees_engagement(world, person, dossier, entry, fees=True)
            assert row is None or row["reads_fee"] == fees, (person, dossier, entry)
            assert row is None or entry is None or row["sees_entry"] == model.sees(world, person, dossier, entry)
    keys = ORDERS["-opened_on"]
    where = Where()
    order = PageRequest(200, None, b"").apply(Cursors(b"x"), where, keys)
    own = [row["id"] for row in await engagements.own_dossiers(source, actor, where, keys, order)]
    assert set(own) == {dossier.id for dossier in world.dossiers if model.answers_for(world, person, dossier)}, person
    assert len(own) == len(set(own))


def sorted_rows(rows: list[Row], keys: Any) -> list[Row]:
    """Order rows by the keys of a list."""
    for key in reversed(keys):
        rows = sorted(rows, key=lambda row: row[key.field], reverse=key.descending)
    return rows


async def check_clients(source: Any, world: World, person: Person) -> None:
    """Compare who knows of clients, and to whom they are shown whole."""
    known = {number for number in range(len(world.clients)) if model.knows_client(world, person, number)}
    rows = await clients.page(source, person.actor(), Where(), "ORDER BY c.id")
    assert {world.clients.index(UUID(str(row["id"]))) for row in rows} == known, person
    for row in rows:
        number = world.clients.index(UUID(str(row["id"])))
        assert row["whole"] == model.sees_identifiers(world, person, number), (person, number)
    for number, client in enumerate(world.clients):
        assert (await clients.find(source, person.actor(), client) is not None) == (number in known)
        checked["triples"] += 2


def facts(world: World, dossier: Dossier) -> DossierFacts:
    """Give a dossier as the access report sees it."""
    reaches = {"lead": 2, "above": 3, "two": 4}
    return DossierFacts(
        level=dossier.level, state=dossier.state, matter_type=dossier.matter_type,
        lead_department=dossier.lead.department, created_by=dossier.creator.id,
        holds_fees=any(entry.fees for entry in dossier.entries), team={person.id for person in dossier.team},
        grants=[
            GrantFacts(grant.person.id, grant.content, reaches[grant.given], NEVER)
            for grant in dossier.grants
            if grant.stands == "effective"
        ],
        walled={person.id for person in world.people if model.walled(world, person, dossier)},
    )  # fmt: skip


def check_words(world: World, person: Person) -> None:
    """Compare the rule that is told with the page: there is one exactly when he sees."""
    told = RulePerson(person.id, person.roles, person.department, person.clearance, person.program)
    for dossier in world.dossiers:
        about = facts(world, dossier)
        assert (rule_for(told, about, content=False) is not None) == model.sees(world, person, dossier), person
        finance = person.roles == {"finance"} and dossier.level > 0
        if not finance:  # finance reads fee documents only, of which a dossier as such knows nothing
            reads = rule_for(told, about, content=True)
            assert (reads is not None and reads != "finance") == model.sees(world, person, dossier, content=True)
        checked["triples"] += 2


@settings(
    max_examples=WORLDS, deadline=None, derandomize=WORLDS == FEW, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(world=worlds())
async def test_all_agree(connection: "asyncpg.Connection[asyncpg.Record]", world: World) -> None:
    transaction = connection.transaction()
    await transaction.start()
    try:
        await settle(connection, world)
        for person in world.people:
            await check_acts(connection, world, person)
            await check_links(connection, world, person)
            await check_lists(connection, world, person)
            await check_engagements(connection, world, person)
            await check_clients(connection, world, person)
            check_words(world, person)
    finally:
        await transaction.rollback()


def test_every_act_with_a_need_is_compared() -> None:
    compared = {*DOSSIER_ACTS, *ENTRY_ACTS, *FILE_ACTS, *ENGAGEMENT_ACTS}
    # These stand on conditions of their own, shown over HTTP.
    apart = {
        "file.release",
        "filing.check",
        "entry.lower_level",
        "grant.read",
        "grant.revoke",
        "access.decide",
        "access.read_request",
    }
    assert {name for name, act in ACTS.items() if act.need is not Need.NOTHING} == compared | apart
