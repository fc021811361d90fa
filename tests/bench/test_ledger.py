"""What sealing sustains, how soon it follows, what it costs a write, and how long the check of everything takes.

ANJUAN_BENCH_EVENTS sets the size of the ledger; promises for a million are held in proportion, at the machine's pace.
"""

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from uuid import UUID

import asyncpg
import psutil  # type: ignore[import-untyped]
import pytest

from app.config import Settings
from app.core.database import Database
from app.core.ids import new_id
from app.factory import make_database
from app.ledger.bucket import Bucket
from app.ledger.sealer import Sealer
from tests.bench.pace import allowed, pace
from tests.ledger.common import add, app_url, insert
from tests.support.databases import pooled
from tests.support.firm import Firm, Person
from tests.support.server import Worker, environment, with_buckets
from tests.support.waiting import in_time

EVENTS = int(os.environ.get("ANJUAN_BENCH_EVENTS", "60000"))
SEALED_PER_SECOND, VERIFIED_PER_SECOND = 10_000, 1_000_000 / 60
PER_SECOND, SECONDS, FOLLOWS = 500, 8, 1.0
KEPT_OF_WRITES, ROUNDS, WRITES = 0.9, 7, 60
GROWTH = 64 * 1024 * 1024
_numbers = itertools.count(1)
pytestmark = pytest.mark.timeout(1800)

_MANY = """
INSERT INTO events (id, recorded_at, type, outcome, actor_id, actor_name, actor_roles, subject_type, subject_id,
  subject_label, dossier_id, request_id, ip, user_agent, method, route, details)
SELECT id, uuid_extract_timestamp(id), 'entry.viewed', 'success', id, '王丽', '{lawyer}', 'entry', id, '委托代理合同', id,
  id::text, '192.0.2.7', 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0', 'GET', '/v1/entries/{entry_id}',
  jsonb_build_object('number', n, 'title', '委托代理合同', 'fields', jsonb_build_array('title', 'pages', 'dated'))
FROM (SELECT n, uuidv7() AS id FROM generate_series(1, $1::int) AS made (n)) AS made
"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return with_buckets(settings, f"bench-ledger-{next(_numbers)}")


@pytest.fixture
async def sealing(settings: Settings) -> AsyncIterator[Database]:
    async with pooled(make_database(settings.database, size=2)) as database:
        yield database


@pytest.fixture
def bucket(firm: Firm) -> Bucket:
    return firm.services.resources.ledger


def told(line: str) -> None:
    """Show a figure, whether or not it is held to a promise."""
    sys.stderr.write(f"\n{line}\n")


async def many(firm: Firm, count: int) -> None:
    """Add events as real ones are."""
    for begin in range(0, count, 50_000):
        await firm.eyes.execute(_MANY, min(50_000, count - begin), timeout=300)


def checked(settings: Settings) -> tuple[float, int]:
    """Check everything in a process of its own; give seconds and the most memory it had."""
    command = [sys.executable, "-m", "app.cli", "verify", "--json"]
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment(settings), stdout=subprocess.PIPE, text=True)
    most = 0
    while process.poll() is None:
        most = max(most, _memory(process.pid))
        time.sleep(0.05)
    assert process.stdout is not None
    report = json.loads(process.stdout.read())
    process.stdout.close()
    assert process.returncode == 0, report
    assert report["sound"]
    assert report["events"] == report["size"]
    return time.perf_counter() - began, most


def _memory(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


async def test_sealing_and_checking_many(firm: Firm, settings: Settings, sealing: Database, bucket: Bucket) -> None:
    sealer = Sealer(sealing, bucket, firm.services.resources.ledger_keys)
    await many(firm, 5_000)
    await sealer.seal_all()
    few, little = await asyncio.to_thread(checked, settings)
    await many(firm, EVENTS)
    paces = [pace()]
    began = time.perf_counter()
    count = await sealer.seal_all()
    spent = time.perf_counter() - began
    paces.append(pace())
    told(f"sealed {count} events in {spent:.1f} s: {count / spent:.0f} a second; pace {median(paces):.2f}")
    assert spent < allowed(count / SEALED_PER_SECOND, paces)
    seconds, most = await asyncio.to_thread(checked, settings)
    paces.append(pace())
    told(
        f"verified {count} events in {seconds:.1f} s ({few:.1f} s of 5,000): {count / (seconds - few):.0f} a second;"
        f" {most >> 20} MiB ({little >> 20} MiB); pace {median(paces):.2f}"
    )
    assert seconds - few < allowed(count / VERIFIED_PER_SECOND, paces)
    assert most - little < GROWTH


@pytest.fixture
def worker(firm: Firm, settings: Settings, tmp_path: Path) -> Iterator[Worker]:
    """Seal as in production: in the worker's process."""
    process = Worker(settings, tmp_path / "worker.log")
    process.start()
    yield process
    process.stop()


async def unsealed(firm: Firm) -> int:
    return int(await firm.eyes.fetchval("SELECT count(*) FROM event_queue"))


async def test_sealing_follows_within_a_second(firm: Firm, worker: Worker) -> None:
    made: dict[UUID, float] = {}
    seen: list[tuple[int, float]] = []
    await add(firm, 1)
    await in_time(lambda: _none(firm))  # now the worker leads
    paces = [pace()]
    async with watched(app_url(firm), seen):
        await asyncio.gather(*(_writes(app_url(firm), made) for _ in range(4)))
        paces.append(pace())
        await in_time(lambda: _none(firm))
    rows = await firm.eyes.fetch("SELECT event_id, leaf_index FROM event_leaves WHERE event_id = ANY($1)", list(made))
    delays = sorted(
        next(when for size, when in seen if size > row["leaf_index"]) - made[row["event_id"]] for row in rows
    )
    rate = len(made) / (max(made.values()) - min(made.values()))
    last = delays[len(delays) * 99 // 100]
    told(f"{rate:.0f} events a second, in the checkpoint after {median(delays):.2f} s, 99 % after {last:.2f} s")
    assert len(delays) == len(made) == PER_SECOND * SECONDS
    assert last < allowed(FOLLOWS, paces)


async def _none(firm: Firm) -> bool:
    return await unsealed(firm) == 0


async def _writes(url: str, made: dict[UUID, float]) -> None:
    """Add a quarter of the events, each in its own transaction, at an even rate."""
    connection = await asyncpg.connect(url)
    began = time.perf_counter()
    try:
        for n in range(PER_SECOND * SECONDS // 4):
            await asyncio.sleep(max(0.0, began + n * 4 / PER_SECOND - time.perf_counter()))
            id_ = new_id()
            await insert(connection, [id_])
            made[id_] = time.perf_counter()
    finally:
        await connection.close()


@asynccontextmanager
async def watched(url: str, seen: list[tuple[int, float]]) -> AsyncIterator[None]:
    """Note when each checkpoint was there."""
    connection = await asyncpg.connect(url)

    async def look() -> None:
        while True:
            size = await connection.fetchval("SELECT published FROM ledger_head")
            if not seen or size != seen[-1][0]:
                seen.append((size, time.perf_counter()))
            await asyncio.sleep(0.01)

    task = asyncio.create_task(look())
    try:
        yield
        await asyncio.sleep(0.1)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await connection.close()


async def test_sealing_costs_a_write_little(firm: Firm, worker: Worker) -> None:
    """Entries are registered with the worker at work and with the worker halted, in turn."""
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    await in_time(lambda: _none(firm))
    on, off = [], []
    for number in range(ROUNDS * 2):
        if number % 2:
            os.kill(worker.pid, signal.SIGSTOP)
            off.append(await _registered(firm, lawyer, dossier["id"]))
            os.kill(worker.pid, signal.SIGCONT)
        else:
            on.append(await _registered(firm, lawyer, dossier["id"]))
        await in_time(lambda: _none(firm))
    kept = median(off) / median(on)
    told(f"writes with sealing at {kept:.2f} of the rate without; {1 / median(on):.0f} a second")
    assert kept >= KEPT_OF_WRITES


async def _registered(firm: Firm, lawyer: Person, dossier_id: str) -> float:
    """Give the seconds of one write, eight clients at it."""
    began = time.perf_counter()

    async def client() -> None:
        for _ in range(WRITES // 8):
            await firm.entry(lawyer, dossier_id)

    await asyncio.gather(*(client() for _ in range(8)))
    return (time.perf_counter() - began) / (WRITES // 8 * 8)
