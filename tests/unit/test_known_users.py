"""Who is known is trusted for a while and no longer; one question serves all who come meanwhile, and spoils nothing."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from app.auth import service
from app.auth.service import AuthService
from app.core.actor import Actor, Origin
from app.core.database import Database, Row
from app.core.errors import Unauthenticated, Unavailable
from tests.support.databases import TestDatabase, pooled
from tests.support.firm import Firm, Person

ORIGIN = Origin("known-users", "GET", "/v1/test")


class Asked(Database):
    """Counts the questions, holds their answers back while `gate` is closed, and fails where a fault is given."""

    def __init__(self, url: str) -> None:
        super().__init__(url, expected_schema=None, size=4, acquire_seconds=20)
        self.questions = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.fault: Exception | None = None

    async def fetchrow(self, sql: str, *args: object) -> Row | None:
        """Ask for a user."""
        self.questions += 1
        gate, found = self.gate, await super().fetchrow(sql, *args)
        await gate.wait()
        if self.fault is not None:
            raise self.fault
        return found


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
async def store(database: TestDatabase) -> AsyncIterator[Asked]:
    """The database that is asked."""
    async with pooled(Asked(database.app_url)) as store:
        yield store


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of trust."""
    clock = Clock()
    monkeypatch.setattr(service, "time", SimpleNamespace(monotonic=clock.monotonic))
    return clock


class Door:
    """Lets people in."""

    def __init__(self, firm: Firm, store: Asked, trust_seconds: float) -> None:
        self.store, self.recorder = store, firm.services.resources.recorder
        self.auth = AuthService(store, self.recorder, firm.gate, firm.services.tokens, trust_seconds)

    def knocks(self, person: Person) -> "asyncio.Task[Actor]":
        """Begin a request."""
        return asyncio.create_task(self.auth.identify(person.token, ORIGIN))

    async def many(self, person: Person, number: int = 50) -> "list[asyncio.Task[Actor]]":
        """Begin requests of one person, all of whom wait for the answer by now."""
        asked, self.store.gate = self.store.questions, asyncio.Event()
        tasks = [self.knocks(person) for _ in range(number)]
        while self.store.questions == asked:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        assert not any(task.done() for task in tasks)
        return tasks


@pytest.fixture
def door(firm: Firm, store: Asked, clock: Clock) -> Door:
    """A door that trusts for ten seconds."""
    return Door(firm, store, 10)


async def test_one_question_for_all_who_come_at_once(firm: Firm, door: Door, clock: Clock) -> None:
    person, other = await firm.person("lawyer"), await firm.person("auditor")
    tasks = await door.many(person)
    door.store.gate.set()
    assert {actor.user_id for actor in await asyncio.gather(*tasks)} == {person.id}
    assert door.store.questions == 1
    assert (await door.knocks(other)).roles == {"auditor"}
    assert door.store.questions == 2, "everybody is asked for by himself"
    clock.now += 9.9
    await asyncio.gather(*(door.knocks(person) for _ in range(50)))
    assert door.store.questions == 2
    clock.now += 0.1
    await asyncio.gather(*(door.knocks(person) for _ in range(50)))
    assert door.store.questions == 3
    assert door.auth._asking == {}


async def test_without_trust_every_request_asks(firm: Firm, store: Asked, clock: Clock) -> None:
    person, door = await firm.person("lawyer"), Door(firm, store, 0)
    await asyncio.gather(*(door.knocks(person) for _ in range(50)))
    assert store.questions == 50
    await door.knocks(person)
    assert store.questions == 51
    assert door.auth._asking == {}


async def test_question_that_fails_reaches_all_and_is_asked_anew(firm: Firm, door: Door) -> None:
    person = await firm.person("lawyer")
    tasks = await door.many(person)
    door.store.fault = Unavailable("gone", "无")
    door.store.gate.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 50
    assert door.store.questions == 1
    door.store.fault = None
    assert (await door.knocks(person)).user_id == person.id
    assert door.store.questions == 2


async def test_question_that_fails_ends_no_trust(firm: Firm, door: Door, clock: Clock) -> None:
    """It makes nobody known either: after the time of trust there is no way in while the database is away."""
    person = await firm.person("lawyer")
    await door.knocks(person)
    door.store.fault = Unavailable("gone", "无")
    clock.now += 9
    assert (await door.knocks(person)).user_id == person.id
    clock.now += 1
    for questions in (2, 3):
        with pytest.raises(Unavailable):
            await door.knocks(person)
        assert door.store.questions == questions


@pytest.mark.parametrize("who", [slice(0, 1), slice(1, None), slice(0, None)], ids=["first", "all others", "all"])
async def test_who_goes_away_takes_nothing_from_the_others(firm: Firm, door: Door, who: slice) -> None:
    person = await firm.person("lawyer")
    tasks = await door.many(person)
    for task in tasks[who]:
        task.cancel()
    outcomes: list[Any] = await asyncio.gather(*tasks[who], return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {asyncio.CancelledError}
    late = door.knocks(person)
    await asyncio.sleep(0)
    door.store.gate.set()
    rest = [task for task in tasks if not task.cancelled()]
    assert {actor.user_id for actor in await asyncio.gather(*rest, late)} == {person.id}
    assert door.store.questions == 1


@pytest.mark.parametrize(
    "end",
    [
        "UPDATE users SET active = false WHERE id = $1", "DELETE FROM sessions WHERE user_id = $1",
        "UPDATE users SET tokens_valid_from = now() + interval '1 minute' WHERE id = $1",
    ],
    ids=["disabled", "session ended", "tokens revoked"],
)  # fmt: skip
async def test_whoever_is_shut_out_is_refused_after_the_time_of_trust(
    firm: Firm, door: Door, clock: Clock, end: str
) -> None:
    person = await firm.person("lawyer")
    await door.knocks(person)
    await firm.eyes.execute(end, person.id)
    clock.now += 9.9
    assert (await door.knocks(person)).user_id == person.id
    clock.now += 0.1
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            await door.knocks(person)
    rows = await firm.eyes.fetch("SELECT type, outcome, subject_id FROM events WHERE request_id = 'known-users'")
    assert [tuple(row) for row in rows] == [("auth.rejected", "denied", person.id)] * 2


async def test_trust_counts_from_before_the_question(firm: Firm, door: Door, clock: Clock) -> None:
    """What was read before he was disabled is not trusted longer because the answer took its time."""
    person = await firm.person("lawyer")
    early = await door.many(person, 3)
    slow, door.store.gate = door.store.gate, asyncio.Event()
    door.store.gate.set()
    # The slow question has its row already; he is disabled after it.
    await _until_read(door)
    await firm.eyes.execute("UPDATE users SET active = false WHERE id = $1", person.id)
    clock.now += 10
    with pytest.raises(Unauthenticated):
        await door.knocks(person)
    assert door.store.questions == 2, "nobody waits for a question that is out of date"
    slow.set()
    assert {actor.user_id for actor in await asyncio.gather(*early)} == {person.id}
    with pytest.raises(Unauthenticated):
        await door.knocks(person)


async def _until_read(door: Door) -> None:
    while door.store._opened().lent or not door.store._opened()._at_hand:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)


async def test_no_more_are_kept_than_is_good(firm: Firm, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_KNOWN_USERS", 2)
    people = [await firm.person("lawyer") for _ in range(3)]
    for person in people:
        await door.knocks(person)
    assert len(door.auth._users) == 2
    await door.knocks(people[2])
    assert door.store.questions == 3
    await door.knocks(people[0])
    assert door.store.questions == 4
