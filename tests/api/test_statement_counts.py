"""How many SQL statements an operation takes: no more and no fewer than are written down here."""

import asyncio
import contextvars
import functools
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest

from tests.support.firm import Firm, Person, done

# What a lawyer asks of his own dossier when the service knows him; BEGIN and COMMIT count, and a group of events is one.
STATEMENTS = {
    "read dossier": 2,
    "read entry": 2,
    "read file": 2,
    "list dossiers": 2,
    "list entries": 3,
    "read contents": 5,
    "list events": 3,
    "read identity": 1,
    "open dossier": 21,
    "register entry": 6,
}
VERBS = ("execute", "executemany", "fetch", "fetchrow", "fetchval", "fetchmany", "copy_records_to_table")
Asking = Callable[[], Awaitable[httpx.Response]]


class Counter:
    """Hears every statement that is sent in the cause of one request; the service's own work is another matter."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.said = list[str]()
        self._listens = contextvars.ContextVar("listens", default=False)
        for verb in VERBS:
            self._wrap(patch, verb)

    def _wrap(self, patch: pytest.MonkeyPatch, verb: str) -> None:
        usual = getattr(asyncpg.Connection, verb)

        async def heard(connection: Any, sql: str, *args: Any, **options: Any) -> Any:
            # A connection says who it is when it is made: that is no part of an operation.
            if self._listens.get() and "version_num" not in sql:
                self.said.append(f"{verb} {' '.join(sql.split())}")
            return await usual(connection, sql, *args, **options)

        patch.setattr(asyncpg.Connection, verb, heard)

    async def during(self, *askings: Asking) -> list[httpx.Response]:
        """Send requests at once and hear what they say to the database."""
        self.said.clear()
        token = self._listens.set(True)
        try:
            return await asyncio.gather(*(asking() for asking in askings))
        finally:
            self._listens.reset(token)


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    """What hears every statement."""
    return Counter(monkeypatch)


async def operations(firm: Firm, lawyer: Person) -> dict[str, Asking]:
    """Make a dossier with an entry and a file, and what is asked of them."""
    dossier = await firm.dossier(lawyer)
    entry = await firm.entry(lawyer, dossier["id"])
    file = await firm.file(lawyer, entry["id"])
    auditor = await firm.person("auditor")
    opened = {
        "matter_type": "civil", "cause": "买卖合同纠纷", "lead_lawyer_id": str(lawyer.id),
        "client_ids": dossier["client_ids"],
    }  # fmt: skip
    registered = {"title": "起诉状", "category": "evidence", "original": "original"}
    path = f"/v1/dossiers/{dossier['id']}"
    return {
        "read dossier": lambda: lawyer.get(path),
        "read entry": lambda: lawyer.get(f"/v1/entries/{entry['id']}"),
        "read file": lambda: lawyer.get(f"/v1/files/{file['id']}"),
        "list dossiers": lambda: lawyer.get("/v1/dossiers"),
        "list entries": lambda: lawyer.get(f"{path}/entries"),
        "read contents": lambda: lawyer.get(f"{path}/contents"),
        "list events": lambda: auditor.get("/v1/events"),
        "read identity": lambda: lawyer.get("/v1/auth/me"),
        "open dossier": lambda: lawyer.post("/v1/dossiers", opened),
        "register entry": lambda: lawyer.post(f"{path}/entries", registered),
    }


async def test_every_operation_takes_its_statements(
    firm: Firm, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firm.services.auth, "_trust_seconds", 3600)
    asked, told = await operations(firm, await firm.person("lawyer")), dict[str, list[str]]()
    for name, asking in asked.items():
        assert (await asking()).is_success  # the first one makes what is kept: users, texts, connections
        (answer,) = await counter.during(asking)
        assert answer.is_success, answer.text
        told[name] = list(counter.said)
    assert {name: len(said) for name, said in told.items()} == STATEMENTS, told


async def test_readings_at_once_share_the_statements_of_their_events(
    firm: Firm, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firm.services.auth, "_trust_seconds", 3600)
    lawyer = await firm.person("lawyer")
    path = f"/v1/dossiers/{(await firm.dossier(lawyer))['id']}"
    assert (await lawyer.get(path)).status_code == 200
    answers = await counter.during(*(lambda: lawyer.get(path),) * 20)
    assert {answer.status_code for answer in answers} == {200}
    read, recorded = [
        [said for said in counter.said if said.startswith(verb)]
        for verb in ("fetchrow SELECT d.id, d.number", "executemany INSERT INTO events")
    ]
    assert len(read) == 20
    assert 1 <= len(recorded) < 20
    assert len(counter.said) == len(read) + len(recorded), set(counter.said)
    for answer in answers:
        assert await firm.events(answer) == done("dossier.viewed")


async def test_links_seen_or_hidden_take_no_statement_of_their_own(
    firm: Firm, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firm.services.auth, "_trust_seconds", 3600)
    lawyer, assistant = await firm.person("lawyer"), await firm.person("assistant")
    dossier = await firm.dossier(lawyer, team=[{"user_id": str(assistant.id), "duty": "assistant"}])
    sealed = await firm.entry(lawyer, dossier["id"], "密", confidentiality="sealed")
    old, new, alone = [await firm.entry(lawyer, dossier["id"], title) for title in ("旧", "新", "独")]
    for older, newer in ((old, new), (sealed, alone)):
        said = {"by_entry_id": newer["id"], "reason": "定稿"}
        assert (await lawyer.post(f"/v1/entries/{older['id']}/supersession", said)).is_success
    seen = [(lawyer, entry, True) for entry in (old, new, sealed, alone)]
    for person, entry, linked in [*seen, (assistant, old, True), (assistant, alone, False)]:
        path = f"/v1/entries/{entry['id']}"
        await person.get(path)
        (answer,) = await counter.during(functools.partial(person.get, path))
        assert len(counter.said) == STATEMENTS["read entry"]
        shown = answer.json()
        assert bool(shown["superseded_by"] or shown["supersedes"]) == linked
