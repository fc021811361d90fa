"""Checks while things come and go, the store falls silent or down, and the check itself is killed."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from app.care import check, keepers
from app.care.inspecting import Pace
from app.care.schemas import RunKind
from app.config import Settings
from app.core.errors import Unavailable
from app.embedded.s3 import EmbeddedS3
from app.jobs.fsck import FINDINGS, NOT_DONE, SOUND
from app.storage.errors import StoreUnavailable
from app.storage.segments import Owner, OwnerKind
from tests.support.damage import (
    Between,
    Disk,
    Papers,
    check_over,
    found,
    fsck_by,
    storage_events,
)
from tests.support.firm import Firm
from tests.support.server import environment

ROOT = Path(__file__).parents[2]
# A small batch and a slow rate, so that there is a middle to be killed in.
SLOW = "from app.care import check; check._BATCH = 4; from app.cli import main; main()"
OPTIONS = ["fsck", "--deep", "--mib-per-second", "0.08", "--json"]


@pytest.mark.parametrize("deep", [False, True])
async def test_what_comes_and_goes_meanwhile_is_no_finding(
    firm: Firm, monkeypatch: pytest.MonkeyPatch, deep: bool
) -> None:
    """With no grace at all, so that nothing but looking again keeps what is new from being an orphan."""
    monkeypatch.setattr(keepers, "_PAGE", 1)
    papers = await Papers.begin(firm)
    first = await papers.store(2)
    came: list[str] = []

    async def file_comes() -> None:
        came.extend(await papers.store(1))

    async def file_comes_and_one_goes() -> None:
        # Its row is read after the list was: a row without an object, then.
        came.extend(await papers.store(1))
        await firm.services.resources.store.put("files/0", _chunks(), 1, Owner(OwnerKind.DOSSIER, uuid4()))
        await firm.eyes.execute("DELETE FROM files WHERE object_key = $1", first[1])
        await firm.services.resources.store.delete(first[1])

    store = Between(firm.services.resources.store, before=file_comes, after=file_comes_and_one_goes)
    checking = check_over(firm, store, grace=timedelta(days=-1))
    run = await checking.begin(RunKind.DEEP if deep else RunKind.QUICK, "test", fresh=False)
    await checking.carry_out(run)
    assert (await checking.outcome()).findings == []
    assert (run.counts.missing, run.counts.corrupt, run.counts.orphans) == (0, 0, 0)
    assert run.counts.checked >= 3
    assert len(came) == 2
    assert await storage_events(firm) == ["storage.checked"]


async def _chunks() -> AsyncIterator[bytes]:
    yield b"x"


async def test_object_that_the_store_will_not_give_is_damaged_and_a_silent_store_is_none(firm: Firm) -> None:
    papers = await Papers.begin(firm)
    keys = await papers.store(3)
    store = Between(firm.services.resources.store)
    checking, naps = check_over(firm, store), list[float]()

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    async def deep() -> dict[str, tuple[str, str]]:
        run = await checking.begin(RunKind.DEEP, "test", fresh=False)
        await checking.carry_out(run, pace=Pace(None, sleep=nap))
        return {row["object_key"]: (row["kind"], row["detail"]) for row in (await checking.outcome()).findings}

    store.silent = set(keys)
    with pytest.raises(StoreUnavailable):
        await deep()
    assert await firm.eyes.fetchval("SELECT count(*) FROM integrity_findings") == 0
    assert await storage_events(firm) == []
    store.silent, store.reading = {keys[1]}, []
    assert await deep() == {keys[1]: ("corrupt", "the store does not give its bytes")}
    assert (store.reading.count(keys[1]), store.reading.count(keys[0])) == (3, 1)
    assert len(naps) == 2 * 3 + 2
    store.silent = set()
    assert await deep() == {}


async def test_store_that_is_down_is_no_finding(firm: Firm, settings: Settings, s3: EmbeddedS3) -> None:
    papers = await Papers.begin(firm)
    await papers.store(2)
    s3.stop()
    try:
        for wishes in ({}, {"deep": True}, {"repair": True}):
            status, report, said = await fsck_by(settings, **wishes)
            assert (status, report) == (NOT_DONE, {})
            assert "store unavailable" in said
        with pytest.raises(Unavailable):
            await firm.services.care.rounds.turn()
    finally:
        s3.start()
    assert await firm.eyes.fetchval("SELECT count(*) FROM integrity_findings") == 0
    assert await storage_events(firm) == []
    status, report, said = await fsck_by(settings, deep=True)
    assert (status, report["run"]["counts"]["checked"], report["run"]["resumed"]) == (SOUND, 2, True)
    assert "Going on behind 0 files" in said


async def test_store_that_goes_down_in_the_midst_ends_a_run_that_goes_on_later(
    firm: Firm, monkeypatch: pytest.MonkeyPatch, disk: Disk
) -> None:
    monkeypatch.setattr(check, "_BATCH", 2)
    papers = await Papers.begin(firm)
    keys = await papers.store(6)
    disk.flip(keys[0])
    store = Between(firm.services.resources.store)
    store.lives = 4  # the damaged one is read twice
    checking = check_over(firm, store)
    begun = await checking.begin(RunKind.DEEP, "test", fresh=False)
    with pytest.raises(StoreUnavailable):
        await checking.carry_out(begun)
    assert await storage_events(firm) == ["storage.object_corrupt"]
    run = await checking.begin(RunKind.DEEP, "test", fresh=False)
    assert (run.id, run.position, run.counts.checked) == (begun.id, keys[1], 2)
    store.lives, store.reading = None, []
    await checking.carry_out(run)
    assert sorted(store.reading) == keys[2:]
    # The last bytes of a damaged file are held back.
    assert (run.counts.checked, run.counts.corrupt, run.counts.read) == (6, 1, 5 * 2000)
    assert await storage_events(firm) == ["storage.object_corrupt", "storage.checked"]


async def test_two_checks_at_once_are_refused(firm: Firm, settings: Settings) -> None:
    async with firm.services.care.check.alone():
        status, report, said = await fsck_by(settings)
    assert (status, report) == (NOT_DONE, {})
    assert "under way" in said
    assert (await fsck_by(settings))[0] == SOUND


def started(settings: Settings) -> subprocess.Popen[bytes]:
    """Start the slow check as a process of its own."""
    command, pipe = [sys.executable, "-c", SLOW, *OPTIONS], subprocess.PIPE
    return subprocess.Popen(command, env=environment(settings), cwd=ROOT, stdout=pipe, stderr=pipe)


async def test_killed_or_stopped_check_goes_on_where_it_was(firm: Firm, settings: Settings, disk: Disk) -> None:
    papers = await Papers.begin(firm)
    keys = await papers.store(20, size=40_000)
    disk.flip(keys[1])

    async def position() -> str:
        return str(await firm.eyes.fetchval("SELECT position FROM integrity_runs") or "")

    for how, status in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
        before = await position()
        process = started(settings)
        try:
            while await position() == before:
                assert process.poll() is None, process.communicate()
                await asyncio.sleep(0.02)
            process.send_signal(how)
            said = (await asyncio.to_thread(process.communicate, timeout=60))[1]
        finally:
            process.kill()
            process.wait()
        assert process.returncode == status, said
    stopped = await position()
    assert keys[7] <= stopped < keys[-1]
    already = await firm.eyes.fetchval("SELECT counts ->> 'checked' FROM integrity_runs")
    assert await storage_events(firm) == ["storage.object_corrupt"]
    status, report, told = await fsck_by(settings, deep=True)
    assert (status, set(found(report))) == (FINDINGS, {keys[1]})
    assert f"Going on behind {already} files" in told
    # All in one run: nothing twice, nothing left out.
    assert (report["run"]["resumed"], report["run"]["counts"]["checked"]) == (True, 20)
    assert report["run"]["counts"]["corrupt"] == 1
    assert await firm.eyes.fetchval("SELECT count(*) FROM object_checks WHERE checked_at IS NOT NULL") == 20
    assert await storage_events(firm) == ["storage.object_corrupt", "storage.checked"]


async def test_fresh_gives_an_unfinished_run_up(firm: Firm, settings: Settings) -> None:
    checking = firm.services.care.check
    begun = await checking.begin(RunKind.QUICK, "test", fresh=False)
    assert (await checking.begin(RunKind.QUICK, "test", fresh=False)).id == begun.id
    assert (await checking.begin(RunKind.DEEP, "test", fresh=False)).id != begun.id
    status, report, _ = await fsck_by(settings, fresh=True)
    assert (status, report["run"]["resumed"]) == (SOUND, False)
    row = await firm.eyes.fetchrow("SELECT * FROM integrity_runs WHERE id = $1", begun.id)
    assert row is not None
    assert row["abandoned"]
    assert row["finished_at"] is not None
