"""kill -9 of the API, the S3 server or PostgreSQL while files come in: what was answered 201 is there, byte for byte.

Some rounds in `make test`; `make crash` takes 300 (ANJUAN_TEST_ROUNDS).
"""

import asyncio
import hashlib
import random
import signal
import sys
from dataclasses import dataclass, field

import asyncpg
import httpx
import pytest

from app.config import Settings
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.s3 import EmbeddedS3
from app.factory import make_resources, make_services
from app.jobs.sweep import sweep_orphans
from tests.crash.killing import ROUNDS, kill
from tests.support.databases import TestDatabase
from tests.support.firm import Firm, Person
from tests.support.server import Served

UPLOADERS, LARGEST = 6, 3 * 1024 * 1024
pytestmark = pytest.mark.timeout(120 + 30 * ROUNDS)


@dataclass
class Uploaders:
    """Clients who send files without end and remember what they were told."""

    served: Served
    token: str
    entries: list[str]
    dice: random.Random
    told: dict[str, str] = field(default_factory=dict)
    refused: int = 0

    async def work(self, stop: asyncio.Event) -> None:
        async with httpx.AsyncClient(base_url=self.served.url, timeout=60) as line:
            await asyncio.gather(*(self._send(line, entry, stop) for entry in self.entries))

    async def _send(self, line: httpx.AsyncClient, entry: str, stop: asyncio.Event) -> None:
        while not stop.is_set():
            content = self.dice.randbytes(self.dice.choice((1, 1000, 200_000, LARGEST)))
            try:
                answer = await line.post(
                    f"/v1/entries/{entry}/files", content=content, headers={"Authorization": f"Bearer {self.token}"}
                )
            except httpx.HTTPError:
                self.refused += 1
                await asyncio.sleep(0.2)
                continue
            if answer.status_code == 201:
                self.told[answer.json()["id"]] = hashlib.sha256(content).hexdigest()
            else:
                assert answer.status_code == 503, answer.text
                self.refused += 1
                await asyncio.sleep(0.2)


async def everything_is_there(database: TestDatabase, served: Served, token: str, told: dict[str, str]) -> int:
    """Read each file that was answered; count the rows, each of which must have been read or be whole too."""
    eyes = await asyncpg.connect(database.owner_url)
    try:
        rows = {str(row["id"]): row["sha256"] for row in await eyes.fetch("SELECT id, sha256 FROM files")}
        events = await eyes.fetchval("SELECT count(*) FROM events WHERE type = 'file.added' AND outcome = 'success'")
    finally:
        await eyes.close()
    assert told.items() <= rows.items()
    assert events == len(rows)
    async with httpx.AsyncClient(base_url=served.url, timeout=60) as line:
        for file, sha256 in rows.items():
            answer = await line.get(f"/v1/files/{file}/content", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 200, (file, answer.text[:300])
            assert hashlib.sha256(answer.content).hexdigest() == sha256
    return len(rows)


async def test_what_was_answered_survives_kills_at_random_moments(
    firm: Firm, served: Served, settings: Settings, postgres: EmbeddedPostgres, s3: EmbeddedS3, database: TestDatabase
) -> None:
    lawyer: Person = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    entries = [(await firm.entry(lawyer, dossier["id"]))["id"] for _ in range(UPLOADERS)]
    dice = random.Random(20261128)
    uploaders = Uploaders(served, lawyer.token, entries, dice)
    checked = 0
    for number in range(ROUNDS):
        stop, victim = asyncio.Event(), ("api", "s3", "postgres")[number % 3]
        working = asyncio.create_task(uploaders.work(stop))
        await asyncio.sleep(dice.uniform(0.05, 1.0))
        if victim == "api":
            await asyncio.to_thread(kill, served.pid)
            served.stop(signal.SIGKILL)
            await asyncio.to_thread(served.start)
        else:
            server = s3 if victim == "s3" else postgres
            await asyncio.to_thread(kill, server.pid)
            await asyncio.sleep(dice.uniform(0.0, 0.3))
            await asyncio.to_thread(server.start)
        heard = len(uploaders.told)
        async with asyncio.timeout(60):  # it heals by itself: files go in again
            while len(uploaders.told) == heard:  # noqa: ASYNC110  # heard of from other processes
                await asyncio.sleep(0.05)
        stop.set()
        await working
        if number % 10 == 9 or number == ROUNDS - 1:
            checked = await everything_is_there(database, served, lawyer.token, uploaders.told)
    assert uploaders.refused > 0  # else nothing was in its way when something was killed
    left, orphans = await swept(settings, database)
    sys.stdout.write(
        f"\n{ROUNDS} kills: {checked} files whole, {uploaders.refused} calls broken, {orphans} orphans swept\n"
    )
    assert left == checked
    await everything_is_there(database, served, lawyer.token, uploaders.told)


async def swept(settings: Settings, database: TestDatabase) -> tuple[int, int]:
    """Sweep, and give the objects left and those swept; the left must be those of rows."""
    resources = make_resources(settings)
    await resources.open()
    try:
        await asyncio.sleep(1)  # the store's times are in whole seconds
        count = await sweep_orphans(make_services(resources))
        left = {found.key async for found in resources.store.list("files/")}
        eyes = await asyncpg.connect(database.owner_url)
        rows = {row["object_key"] for row in await eyes.fetch("SELECT object_key FROM files")}
        await eyes.close()
        assert left == rows
        return len(left), count
    finally:
        await resources.close()
