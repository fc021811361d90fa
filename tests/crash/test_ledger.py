"""kill -9 of API, worker, S3 server or PostgreSQL while people act and events are sealed.

Every act that was answered has its event, no event is without its act, and the ledger goes on without fork or gap.
Some rounds in `make test`; `make crash` takes 300 (ANJUAN_TEST_ROUNDS).
"""

import asyncio
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx
import pytest

from app.config import Settings
from app.core.errors import Unavailable
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.s3 import EmbeddedS3
from app.factory import make_resources
from app.ledger.note import Checkpoint, open_checkpoint
from app.ledger.tiles import CHECKPOINT
from app.ledger.verify import Report, Verification, continues
from tests.crash.killing import ROUNDS, kill
from tests.support.databases import TestDatabase
from tests.support.firm import Firm, Person
from tests.support.server import Served, Worker

ACTORS, WHOLE = 6, 10
VICTIMS = ("api", "worker", "s3", "postgres")
pytestmark = pytest.mark.timeout(240 + 30 * ROUNDS)


@pytest.fixture
async def worker(settings: Settings, served: Served, tmp_path: Path) -> AsyncIterator[Worker]:
    process = Worker(settings, tmp_path / "worker.log", ANJUAN_LEDGER_SEAL_SECONDS="0.05")
    process.start()
    yield process
    process.stop(signal.SIGKILL)


@dataclass
class Actors:
    """People who register, look and are refused without end, and remember what they were told."""

    served: Served
    lawyer: str
    stranger: str
    dossier: str
    told: dict[str, str] = field(default_factory=dict)
    broken: int = 0

    async def work(self, stop: asyncio.Event) -> None:
        async with httpx.AsyncClient(base_url=self.served.url, timeout=60) as line:
            await asyncio.gather(*(self._act(line, number, stop) for number in range(ACTORS)))

    async def _act(self, line: httpx.AsyncClient, number: int, stop: asyncio.Event) -> None:
        entries = f"/v1/dossiers/{self.dossier}/entries"
        while not stop.is_set():
            who, method, path, event, status = (
                (self.lawyer, "POST", entries, "entry.created", 201),
                (self.lawyer, "GET", f"/v1/dossiers/{self.dossier}", "dossier.viewed", 200),
                (self.stranger, "GET", f"/v1/dossiers/{self.dossier}", "access.denied", 404),
            )[number % 3]
            try:
                answer = await line.request(
                    method, path, headers={"Authorization": f"Bearer {who}"},
                    json={"title": "委托代理合同", "category": "evidence", "original": "original"} if method == "POST" else None,
                )  # fmt: skip
            except httpx.HTTPError:
                self.broken += 1
                await asyncio.sleep(0.1)
                continue
            if answer.status_code == status:
                self.told[answer.headers["x-request-id"]] = event
            else:
                assert answer.status_code == 503, answer.text
                self.broken += 1
                await asyncio.sleep(0.1)


@dataclass
class Ledger:
    """The ledger as an outsider sees it, who keeps every checkpoint that he was shown."""

    settings: Settings
    shown: list[Checkpoint] = field(default_factory=list)

    async def grown(self) -> None:
        """Wait for a checkpoint of more events than the last one that was shown."""
        before = self.shown[-1].size if self.shown else 0
        resources = make_resources(self.settings)
        try:
            async with asyncio.timeout(90):
                while True:
                    data = None
                    with suppress(Unavailable):  # it has only just been started again
                        data = await resources.ledger.read(CHECKPOINT)
                    if data is not None:
                        found, _ = open_checkpoint(data, resources.ledger_keys.verifiers())
                        if found.size > before:
                            self.shown.append(found)
                            return
                    await asyncio.sleep(0.05)
        finally:
            await resources.close()

    async def verified(self) -> Report:
        """Check everything, and that each checkpoint that was shown is the beginning of what is there now."""
        resources = make_resources(self.settings)
        await resources.open()
        try:
            keys = resources.ledger_keys.verifiers()
            report = await Verification(resources.ledger, keys, resources.database).run(None, lambda *_: None)
            assert report.sound, report.findings.kept
            now = Checkpoint(report.origin or "", report.size, report.root)
            for earlier in self.shown:
                assert await continues(resources.ledger, earlier, now), earlier
            return report
        finally:
            await resources.close()


async def every_act_has_its_event(database: TestDatabase, told: dict[str, str]) -> None:
    """Hold acts and events to each other: what was answered is recorded once, and what is recorded was done."""
    eyes = await asyncpg.connect(database.owner_url)
    try:
        rows = await eyes.fetch("SELECT request_id, type FROM events WHERE request_id = ANY($1)", list(told))
        assert sorted((row["request_id"], row["type"]) for row in rows) == sorted(told.items())
        registered = await eyes.fetch("SELECT subject_id FROM events WHERE type = 'entry.created' ORDER BY 1")
        entries = await eyes.fetch("SELECT id FROM entries ORDER BY 1")
        assert [row["subject_id"] for row in registered] == [row["id"] for row in entries]
    finally:
        await eyes.close()


async def test_the_ledger_goes_on_after_kills_at_random_moments(
    firm: Firm, served: Served, worker: Worker, settings: Settings, postgres: EmbeddedPostgres, s3: EmbeddedS3,
    database: TestDatabase,
) -> None:  # fmt: skip
    lawyer: Person = await firm.person("lawyer")
    stranger: Person = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer, confidentiality="confidential")
    dice = random.Random(20261128)
    actors = Actors(served, lawyer.token, stranger.token, dossier["id"])
    ledger = Ledger(settings)
    await ledger.grown()
    for number in range(ROUNDS):
        stop, victim = asyncio.Event(), VICTIMS[(number + 1) % len(VICTIMS)]
        working = asyncio.create_task(actors.work(stop))
        await asyncio.sleep(dice.uniform(0.05, 1.0))
        if victim in {"api", "worker"}:
            process = served if victim == "api" else worker
            await asyncio.to_thread(kill, process.pid)
            process.stop(signal.SIGKILL)
            await asyncio.to_thread(process.start)
        else:
            server = s3 if victim == "s3" else postgres
            await asyncio.to_thread(kill, server.pid)
            await asyncio.sleep(dice.uniform(0.0, 0.3))
            await asyncio.to_thread(server.start)
        heard = len(actors.told)
        async with asyncio.timeout(60):  # it heals by itself: acts are answered again, and sealed again
            while len(actors.told) == heard:  # noqa: ASYNC110  # heard of from other processes
                await asyncio.sleep(0.05)
        await ledger.grown()
        stop.set()
        await working
        if number % WHOLE == WHOLE - 1 or number == ROUNDS - 1:
            await every_act_has_its_event(database, actors.told)
            report = await ledger.verified()
    assert actors.broken > 0  # else nothing was in its way when something was killed
    sys.stdout.write(
        f"\n{ROUNDS} kills: {len(actors.told)} acts answered, {actors.broken} broken, {report.size} events sealed\n"
    )
