"""Scheduled work on real stores: orphans swept after their grace, partitions made ahead, old keys forgotten, one at a time."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from app.config import Settings, StorageSettings
from app.core.errors import Unavailable
from app.factory import Services
from app.jobs import sweep, worker
from app.jobs.housekeeping import forget_old_keys, make_partitions
from app.jobs.sweep import sweep_orphans
from app.jobs.worker import Job, run_once
from app.storage.segments import Owner, OwnerKind
from tests.support.databases import TestDatabase
from tests.support.firm import Firm, done
from tests.support.papers import PNG, objects
from tests.support.server import environment
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
SECOND = 1 / 3600


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings with a bucket of this module and a short grace, for a sweep takes what no row of its database names."""
    fields = settings.storage.model_dump() | {"s3_bucket_prefix": "worker", "orphan_grace_hours": 2 * SECOND}
    return Settings(
        run=settings.run,
        database=settings.database,
        storage=StorageSettings(**fields),
        auth=settings.auth,
        http=settings.http,
    )


async def orphan(firm: Firm, name: str) -> str:
    """Store an object that no row refers to."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"orphan"

    await firm.services.resources.store.put(f"files/{name}", chunks(), 6, Owner(OwnerKind.DOSSIER, uuid4()))
    return f"files/{name}"


async def swept_events(firm: Firm) -> list[list[str]]:
    """Give the keys of each event of the sweep."""
    rows = await firm.eyes.fetch(
        "SELECT details, actor_id, actor_name FROM events WHERE type = 'storage.orphans_swept' ORDER BY id"
    )
    assert {(row["actor_id"], row["actor_name"]) for row in rows} <= {(None, "anjuan")}
    return [row["details"]["keys"] for row in rows]


async def test_sweep_takes_old_orphans_and_nothing_else(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "_BATCH", 3)
    await sweep_orphans(firm.services)  # what other tests left in this bucket
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer)
    dossier = await firm.dossier(lawyer, client_ids=[client["id"]])
    entry = await firm.entry(lawyer, dossier["id"])
    files = [await firm.file(lawyer, entry["id"], f"版本{n}".encode()) for n in range(4)]
    seen = await lawyer.post(
        f"/v1/clients/{client['id']}/verifications",
        {"document_type": "执照", "original_seen": True, "verified_on": "2026-03-01"},
    )
    copy = f"/v1/clients/{client['id']}/verifications/{seen.json()['id']}/copy"
    assert (await lawyer.put(copy, content=PNG)).status_code == 200
    kept = await objects(firm)
    old = [await orphan(firm, f"old-{n}") for n in range(5)]
    assert await sweep_orphans(firm.services) == 0  # all of them are within their grace
    await asyncio.sleep(3.1)
    young = await orphan(firm, "young")
    before, earlier = await firm.tables(), len(await swept_events(firm))
    assert await sweep_orphans(firm.services) == 5
    assert await objects(firm) == kept | {young}
    assert sorted(key for keys in (await swept_events(firm))[earlier:] for key in keys) == sorted(old)
    assert await firm.tables() == before
    for n, file in enumerate(files):
        assert (await lawyer.get(f"/v1/files/{file['id']}/content")).content == f"版本{n}".encode()
    assert (await lawyer.get(copy)).content == PNG
    assert await sweep_orphans(firm.services) == 0
    await firm.services.resources.store.delete(young)


async def test_sweep_without_its_event_removes_nothing(firm: Firm) -> None:
    key = await orphan(firm, "unrecorded")
    await asyncio.sleep(3.1)
    await firm.eyes.execute("REVOKE INSERT ON events FROM anjuan_app")
    with pytest.raises(Unavailable):
        await sweep_orphans(firm.services)
    assert key in await objects(firm)
    await firm.eyes.execute("GRANT INSERT ON events TO anjuan_app")
    assert await sweep_orphans(firm.services) >= 1
    assert key not in await objects(firm)


async def test_partitions_reach_a_year_ahead(firm: Firm) -> None:
    async def partitions() -> set[str]:
        rows = await firm.eyes.fetch(
            "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'events'::regclass"
        )
        return {row["name"] for row in rows}

    months = await partitions()
    newest = max(months - {"events_default"})
    await firm.eyes.execute(f"DROP TABLE {newest}")
    await make_partitions(firm.services)
    assert await partitions() == months
    await make_partitions(firm.services)  # again changes nothing
    assert await partitions() == months
    now = datetime.now(UTC)
    ahead = {f"{now.year + (now.month - 1 + n) // 12:04d}_{(now.month - 1 + n) % 12 + 1:02d}" for n in range(12)}
    assert ahead <= {name.removeprefix("events_") for name in months}
    # An event of now lies in its month and not in the default partition.
    lawyer = await firm.person("lawyer")
    assert (await lawyer.get("/v1/auth/me")).status_code == 200
    assert await firm.eyes.fetchval("SELECT count(*) FROM ONLY events_default") == 0


async def test_events_of_a_worker_that_was_off_for_a_year_stay(firm: Firm) -> None:
    """They lie in the default partition, their month stays there, and the months to come are made all the same."""
    months = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass"
    before = {row[0] for row in await firm.eyes.fetch(months)}
    kept = await firm.eyes.fetchval("SELECT count(*) FROM events")
    for name in before - {"events_default"}:
        await firm.eyes.execute(f"ALTER TABLE events DETACH PARTITION {name}")
        await firm.eyes.execute(f"ALTER TABLE {name} RENAME TO old_{name}")
    lawyer = await firm.person("lawyer")
    assert (await lawyer.get("/v1/auth/me")).status_code == 200
    held = await firm.eyes.fetchval("SELECT count(*) FROM ONLY events_default")
    assert held >= 2  # that he was made, and what he did
    for _ in range(2):
        await make_partitions(firm.services)
        after = {row[0] for row in await firm.eyes.fetch(months)}
        assert len(before - after) == 1  # this month
        assert after < before
    answer = await lawyer.get("/v1/auth/me")
    assert await firm.events(answer) == done("auth.identity_viewed")
    assert await firm.eyes.fetchval("SELECT count(*) FROM ONLY events_default") == held + 1
    assert await firm.eyes.fetchval("SELECT count(*) FROM events") == held + 1 != kept


async def test_old_keys_are_forgotten_and_young_ones_kept(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    body = {"kind": "organization", "name": "甲公司"}
    made = {key: await lawyer.post("/v1/clients", body, headers={"Idempotency-Key": key}) for key in ("old", "young")}
    await firm.eyes.execute(
        "UPDATE idempotency_keys SET created_at = now() - interval '7 days 1 minute' WHERE key = 'old'"
    )
    await firm.eyes.execute(
        "UPDATE idempotency_keys SET created_at = now() - interval '6 days 23 hours' WHERE key = 'young'"
    )
    await forget_old_keys(firm.services)
    again = {key: await lawyer.post("/v1/clients", body, headers={"Idempotency-Key": key}) for key in ("old", "young")}
    assert again["young"].json() == made["young"].json()
    assert await firm.events(again["young"]) == []
    assert again["old"].json()["id"] != made["old"].json()["id"]
    assert await firm.events(again["old"]) == done("client.created")


async def test_one_worker_at_a_time_does_a_job(firm: Firm) -> None:
    running, release, done_by = asyncio.Event(), asyncio.Event(), 0

    async def work(_: Services) -> None:
        nonlocal done_by
        done_by += 1
        running.set()
        await release.wait()

    job = Job("test", 1, work)
    first = asyncio.ensure_future(run_once(firm.services, job))
    await running.wait()
    assert await run_once(firm.services, job) is False
    assert await run_once(firm.services, Job("other", 1, forget_old_keys)) is True
    release.set()
    assert await first is True
    assert await run_once(firm.services, job) is True
    assert done_by == 2

    async def failing(_: Services) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run_once(firm.services, Job("test", 1, failing))
    assert await run_once(firm.services, job) is True  # the lock of the one that failed is free


async def test_job_that_fails_ends_neither_itself_nor_others(
    settings: Settings, firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, turns = asyncio.Event(), {"bug": 0, "fault": 0, "good": 0}

    async def bug(_: Services) -> None:
        turns["bug"] += 1
        raise ZeroDivisionError

    async def fault(_: Services) -> None:
        turns["fault"] += 1
        raise Unavailable

    async def good(_: Services) -> None:
        turns["good"] += 1
        if turns["good"] == 3:
            stop.set()

    monkeypatch.setattr(worker, "JOBS", (Job("bug", 0.05, bug), Job("fault", 0.05, fault), Job("good", 0.2, good)))
    await asyncio.wait_for(worker.work(settings, stop), 20)
    assert turns["good"] == 3
    assert min(turns.values()) >= 2


async def test_long_work_breaks_off_when_the_worker_is_told_to_stop(
    settings: Settings, firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, ends, turns = asyncio.Event(), list[str](), 0

    async def long(_: Services) -> None:
        stop.set()
        try:
            await asyncio.Event().wait()
        finally:
            ends.append("broken off")

    async def short(_: Services) -> None:
        nonlocal turns
        turns += 1
        if turns == 1:
            raise Unavailable

    jobs = (Job("long", 0.05, long, breaks_off=True), Job("short", 0.05, short, breaks_off=True))
    monkeypatch.setattr(worker, "JOBS", jobs[1:])
    running = asyncio.ensure_future(worker.work(settings, asyncio.Event()))
    while turns < 2:
        assert not running.done()
        await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    monkeypatch.setattr(worker, "JOBS", jobs[:1])
    await asyncio.wait_for(worker.work(settings, stop), 60)
    assert ends == ["broken off"]
    assert await run_once(firm.services, Job("long", 1, forget_old_keys)) is True  # its lock is free


def started(settings: Settings, command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a worker as a process of its own."""
    env = environment(settings) | {"ANJUAN_ORPHAN_GRACE_HOURS": str(2 * SECOND), "PYTHONPATH": str(ROOT)}
    with log.open("wb") as output:
        return subprocess.Popen([sys.executable, *command], env=env, cwd=ROOT, stdout=output, stderr=output)


@pytest.mark.parametrize("command", [["-m", "app.jobs.worker"], ["-c", "from app.cli import main; main()", "worker"]])
async def test_worker_process_works_and_ends_when_told(
    settings: Settings, firm: Firm, database: TestDatabase, command: list[str], tmp_path: Path
) -> None:
    key = await orphan(firm, f"process-{len(command)}")
    await asyncio.sleep(3.1)
    log = tmp_path / "worker.log"
    process = started(settings, command, log)
    try:
        eyes = await asyncpg.connect(database.owner_url)
        for _ in range(600):
            rows = await eyes.fetch("SELECT details FROM events WHERE type = 'storage.orphans_swept'")
            if any(key in row["details"] for row in rows):
                break
            assert process.poll() is None, log.read_text()
            await asyncio.sleep(0.1)
        await eyes.close()
        assert any(key in row["details"] for row in rows), log.read_text()
        os.kill(process.pid, signal.SIGTERM)
        eventually(lambda: process.poll() is not None)
        assert process.returncode == 0, log.read_text()
    finally:
        process.kill()
        process.wait()
    assert key not in await objects(firm)
