"""Checks of stored files on real stores: every kind of damage, races, kills, a store that is down, and the schedule."""

import asyncio
import io
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from app.care import keepers
from app.care.check import IntegrityCheck
from app.care.inspecting import Pace
from app.care.keepers import Keepers
from app.care.orphans import Orphans
from app.care.rounds import IntegrityRounds
from app.care.schemas import RunKind
from app.config import Settings, StorageSettings
from app.core.errors import Unavailable
from app.embedded.s3 import EmbeddedS3
from app.jobs.fsck import FINDINGS, NOT_DONE, SOUND, Wish, fsck
from app.storage.errors import StoreUnavailable
from app.storage.protocol import ObjectStore, StoredObject
from tests.support.firm import Firm, Person
from tests.support.papers import PNG, objects
from tests.support.server import environment

ROOT = Path(__file__).parents[2]
_buckets = itertools.count(1)
YOUNG, OLD = timedelta(hours=1), timedelta(days=3)


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedS3]:
    """A store of this module's own, to be damaged and stopped."""
    server = EmbeddedS3(tmp_path_factory.mktemp("integrity"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings with a bucket of this test's own: to its database objects of others would be orphans."""
    fields = settings.storage.model_dump() | {"s3_bucket_prefix": f"integrity-{next(_buckets)}"}
    return Settings(
        run=settings.run, database=settings.database, storage=StorageSettings(**fields), auth=settings.auth,
        http=settings.http,
    )  # fmt: skip


class Disk:
    """The directory where the server keeps the objects of a bucket."""

    def __init__(self, server: EmbeddedS3, settings: Settings) -> None:
        self.server = server
        self.directory = server._objects / f"{settings.storage.s3_bucket_prefix}-files"

    def flip(self, key: str) -> None:
        path = self.directory / key
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)

    def swap(self, key: str, other: str) -> None:
        first, second = self.directory / key, self.directory / other
        one, two = first.read_bytes(), second.read_bytes()
        first.write_bytes(two)
        second.write_bytes(one)

    def put(self, key: str, age: timedelta) -> str:
        path = self.directory / key
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"nobody's")
        moment = path.stat().st_mtime - age.total_seconds()
        os.utime(path, (moment, moment))
        return key

    def look_again(self) -> None:
        """Let the server see what was done behind its back."""
        self.server.stop()
        self.server.start()


@pytest.fixture
def disk(s3: EmbeddedS3, settings: Settings) -> Disk:
    return Disk(s3, settings)


class Papers:
    """Files of a dossier: their rows as the check knows them."""

    def __init__(self, firm: Firm, lawyer: Person, dossier: dict[str, Any], entry: dict[str, Any]) -> None:
        self.firm, self.lawyer, self.dossier, self.entry = firm, lawyer, dossier, entry
        self._count = 0

    @classmethod
    async def begin(cls, firm: Firm) -> "Papers":
        lawyer = await firm.person("lawyer")
        dossier = await firm.dossier(lawyer)
        return cls(firm, lawyer, dossier, await firm.entry(lawyer, dossier["id"]))

    async def store(self, count: int, size: int = 2000) -> list[str]:
        """Store files of one size and different bytes; give their keys."""
        keys = []
        for _ in range(count):
            self._count += 1
            file = await self.firm.file(self.lawyer, self.entry["id"], f"{self._count:04d}".encode() * (size // 4))
            keys.append(str(await self.firm.eyes.fetchval("SELECT object_key FROM files WHERE id = $1", file["id"])))
        return keys


async def fsck_by(settings: Settings, **wishes: Any) -> tuple[int, dict[str, Any], str]:
    """Run the command's work in this process; give its status, its report, and what it said besides."""
    out, err = io.StringIO(), io.StringIO()
    status = await fsck(settings, Wish(as_json=True, **wishes), Console(file=out), Console(file=err, width=200))
    return status, json.loads(out.getvalue() or "{}"), err.getvalue()


def found(report: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Give kind and detail of the findings of a report, by key."""
    return {one["object_key"]: (one["kind"], one["detail"]) for one in report["findings"]}


async def events(firm: Firm, *types: str) -> list[dict[str, Any]]:
    """Give the events of these types, in their order."""
    rows = await firm.eyes.fetch("SELECT * FROM events WHERE type = ANY($1) ORDER BY id", types)
    return [dict(row) for row in rows]


async def storage_events(firm: Firm) -> list[str]:
    """Name all events of checks, in their order."""
    rows = await firm.eyes.fetch("SELECT type FROM events WHERE type LIKE 'storage.%' ORDER BY id")
    return [row["type"] for row in rows]


OF_CHECKS = {"integrity_runs", "integrity_findings", "object_checks"}


async def other_tables(firm: Firm) -> dict[str, str]:
    return {name: digest for name, digest in (await firm.tables()).items() if name not in OF_CHECKS}


async def test_sound_store_is_told_to_be_sound(firm: Firm, settings: Settings) -> None:
    papers = await Papers.begin(firm)
    client = papers.dossier["client_ids"][0]
    seen = await papers.lawyer.post(
        f"/v1/clients/{client}/verifications",
        {"document_type": "执照", "original_seen": True, "verified_on": "2026-03-01"},
    )
    copy = f"/v1/clients/{client}/verifications/{seen.json()['id']}/copy"
    assert (await papers.lawyer.put(copy, content=PNG)).status_code == 200
    await papers.store(3)
    before = await other_tables(firm)
    for deep, size in ((False, 0), (True, 6000 + len(PNG))):
        status, report, _ = await fsck_by(settings, deep=deep)
        assert (status, report["sound"], report["findings"]) == (SOUND, True, [])
        assert report["run"]["counts"] == dict.fromkeys(report["run"]["counts"], 0) | {"checked": 4, "read": size}
    assert await other_tables(firm) == before
    checked = await events(firm, "storage.checked")
    assert [one["details"]["kind"] for one in checked] == ["quick", "deep"]
    assert {(one["actor_name"], one["route"], one["outcome"]) for one in checked} == {("anjuan", "fsck", "success")}
    assert await storage_events(firm) == ["storage.checked"] * 2
    outcomes = await firm.eyes.fetch("SELECT outcome, checked_at IS NULL AS never FROM object_checks")
    assert [tuple(row) for row in outcomes] == [("sound", False)] * 4


async def test_every_kind_of_damage_is_found_and_told_apart(firm: Firm, settings: Settings, disk: Disk) -> None:
    papers = await Papers.begin(firm)
    whole, flipped, one, other, short, gone = await papers.store(6)
    contents = {key: (disk.directory / key).read_bytes() for key in (flipped, one, other, short, gone)}
    disk.flip(flipped)
    disk.swap(one, other)
    os.truncate(disk.directory / short, 999)
    (disk.directory / gone).unlink()
    old, young = disk.put("files/old", OLD), disk.put("files/young", YOUNG)
    disk.look_again()
    stored, before = await objects(firm), await other_tables(firm)
    by_lists = {
        gone: ("missing", "no such object"), short: ("corrupt", "999 bytes instead of 2000"),
        old: ("orphan", "8 bytes"),
    }  # fmt: skip
    status, report, _ = await fsck_by(settings)
    assert (status, found(report)) == (FINDINGS, by_lists)
    assert report["run"]["counts"]["on_the_way"] == 1
    assert await storage_events(firm) == [
        "storage.object_corrupt", "storage.object_missing", "storage.orphans_found", "storage.checked",
    ]  # fmt: skip
    status, report, _ = await fsck_by(settings, deep=True)
    by_reading = dict.fromkeys((flipped, one, other), ("corrupt", "digest differs"))
    assert (status, found(report)) == (FINDINGS, by_lists | by_reading)
    counts = report["run"]["counts"]
    assert [counts[name] for name in ("checked", "missing", "corrupt", "orphans", "on_the_way")] == [6, 1, 4, 1, 1]
    # Once a run each, in the history of the dossier and the entry, and with nothing removed or changed.
    damage = (await events(firm, "storage.object_corrupt", "storage.object_missing"))[2:]
    assert sorted(event["details"]["key"] for event in damage) == sorted([flipped, one, other, short, gone])
    assert {str(event["dossier_id"]) for event in damage} == {papers.dossier["id"]}
    assert {(event["subject_type"], str(event["entry_id"])) for event in damage} == {("file", papers.entry["id"])}
    assert {event["details"]["run_id"] for event in damage} == {report["run"]["id"]}
    assert await objects(firm) == stored
    assert young in stored
    assert await other_tables(firm) == before
    outcomes = {
        row["object_key"]: row["outcome"]
        for row in await firm.eyes.fetch("SELECT object_key, outcome FROM object_checks")
    }
    assert outcomes == {whole: "sound", gone: "missing"} | dict.fromkeys((flipped, one, other, short), "corrupt")
    # Mended: a check that only compares says so of what is there again, one that reads of all.
    for key, content in contents.items():
        (disk.directory / key).write_bytes(content)
    disk.look_again()
    status, report, _ = await fsck_by(settings)
    assert (status, set(found(report))) == (FINDINGS, {flipped, one, other, short, old})
    assert report["run"]["counts"]["resolved"] == 1
    status, report, _ = await fsck_by(settings, deep=True, repair=True)
    assert (status, found(report)) == (SOUND, {})
    resolved = await events(firm, "storage.finding_resolved")
    assert {(event["details"]["key"], event["details"]["was"], event["details"]["reason"]) for event in resolved} == {
        (gone, "missing", "sound"), *((key, "corrupt", "sound") for key in (flipped, one, other, short)),
    }  # fmt: skip
    assert {str(event["dossier_id"]) for event in resolved} == {papers.dossier["id"]}
    assert await objects(firm) == (stored | {gone}) - {old}


async def test_only_orphans_past_their_grace_are_removed_and_only_when_told(
    firm: Firm, settings: Settings, disk: Disk
) -> None:
    papers = await Papers.begin(firm)
    (kept,) = await papers.store(1)
    moment = (disk.directory / kept).stat().st_mtime - OLD.total_seconds()
    os.utime(disk.directory / kept, (moment, moment))
    old, young = disk.put("files/old", OLD), disk.put("files/young", YOUNG)
    disk.look_again()
    assert (await fsck_by(settings))[0] == FINDINGS
    assert await objects(firm) == {kept, old, young}
    await firm.eyes.execute("REVOKE INSERT ON events FROM anjuan_app")
    status, report, said = await fsck_by(settings, repair=True)
    assert (status, report) == (NOT_DONE, {})
    assert "could not be done" in said
    assert await objects(firm) == {kept, old, young}  # not without its event
    await firm.eyes.execute("GRANT INSERT ON events TO anjuan_app")
    status, report, _ = await fsck_by(settings, repair=True)
    assert (status, report["run"]["counts"]["removed"], report["run"]["resumed"]) == (SOUND, 1, True)
    assert await objects(firm) == {kept, young}
    assert [event["details"]["keys"] for event in await events(firm, "storage.orphans_swept")] == [[old]]
    assert await storage_events(firm) == [
        "storage.orphans_found", "storage.checked", "storage.orphans_swept", "storage.checked",
    ]  # fmt: skip
    assert await firm.eyes.fetchval("SELECT count(*) FROM integrity_findings WHERE resolved_at IS NULL") == 0


async def test_what_was_found_of_things_that_are_no_more_is_closed(firm: Firm, settings: Settings, disk: Disk) -> None:
    papers = await Papers.begin(firm)
    (gone,) = await papers.store(1)
    (disk.directory / gone).unlink()
    old = disk.put("files/old", OLD)
    disk.look_again()
    assert (await fsck_by(settings))[0] == FINDINGS
    await firm.eyes.execute("DELETE FROM files")
    (disk.directory / old).unlink()
    disk.look_again()
    assert (await fsck_by(settings))[0] == SOUND
    resolved = await events(firm, "storage.finding_resolved")
    assert {(event["details"]["key"], event["details"]["reason"]) for event in resolved} == {
        (gone, "gone"),
        (old, "gone"),
    }


Hook = Callable[[], Awaitable[None]]


class Between:
    """A store that lets something happen before or after it has listed everything, or gives some objects not at all."""

    def __init__(self, store: ObjectStore, *, before: Hook | None = None, after: Hook | None = None) -> None:
        self._store, self._before, self._after = store, before, after
        self.silent: set[str] = set()
        self.reading: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        if self._before is not None:
            await self._before()
        listed = [one async for one in self._store.list(prefix)]
        if self._after is not None:
            await self._after()
        for one in listed:
            yield one

    @asynccontextmanager
    async def get(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[AsyncIterator[bytes]]:
        self.reading.append(key)
        if key in self.silent:
            raise StoreUnavailable("not this one")
        async with self._store.get(key, start, end) as chunks:
            yield chunks


def check_over(firm: Firm, store: Any, grace: timedelta = timedelta(days=1)) -> IntegrityCheck:
    """Make a check over another store than the service's, with its rows."""
    services = firm.services
    several = Keepers((services.files.keeper, services.verifications.keeper, services.conflicts.consents.keeper))
    database, recorder = services.resources.database, services.resources.recorder
    orphans = Orphans(database, recorder, store, several)
    return IntegrityCheck(database, services.care.check._uow, store, several, services.care.findings, orphans, grace)


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
        await firm.services.resources.store.put("files/0", _chunks(), 1)
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


async def test_two_checks_at_once_are_refused(firm: Firm, settings: Settings) -> None:
    async with firm.services.care.check.alone():
        status, report, said = await fsck_by(settings)
    assert (status, report) == (NOT_DONE, {})
    assert "under way" in said
    assert (await fsck_by(settings))[0] == SOUND


# A small batch and a slow rate, so that there is a middle to be killed in.
SLOW = "from app.care import check; check._BATCH = 4; from app.cli import main; main()"
OPTIONS = ["fsck", "--deep", "--mib-per-second", "0.2", "--json"]


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
    status, report, said = await fsck_by(settings, deep=True)
    assert (status, set(found(report))) == (FINDINGS, {keys[1]})
    assert f"Going on behind {already} files" in said
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


class Watch:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


async def test_scheduled_check_reads_all_in_the_order_of_need_and_keeps_to_its_rate(firm: Firm) -> None:
    papers = await Papers.begin(firm)
    keys = await papers.store(5)
    watch = Watch()
    pace, rounds = Pace(1000, watch, watch.sleep), firm.services.care.rounds

    async def checked() -> list[str]:
        rows = await firm.eyes.fetch(
            "SELECT object_key FROM object_checks WHERE checked_at IS NOT NULL ORDER BY checked_at"
        )
        return [row["object_key"] for row in rows]

    await rounds.turn(pace, seconds=3)
    assert watch.time >= 1000 + 4  # two files of 2,000 bytes at 1,000 a second
    assert await checked() == keys[:2]
    await rounds.turn(pace, seconds=100)
    assert watch.time >= 1000 + 10
    assert await checked() == keys
    began = watch.time
    await rounds.turn(pace, seconds=100)
    assert watch.time == began  # nothing is due
    # Due by their last reading, the oldest first; what came since goes before them.
    for days, key in ((25, keys[3]), (29, keys[0]), (10, keys[1])):
        await firm.eyes.execute(
            "UPDATE object_checks SET checked_at = checked_at - make_interval(days => $1) WHERE object_key = $2",
            days,
            key,
        )
    (new,) = await papers.store(1)
    await rounds.turn(pace, seconds=100)
    assert (await checked())[-3:] == [new, keys[0], keys[3]]
    coverage = await rounds.coverage()
    assert (coverage.objects, coverage.checked_within, coverage.never_checked, coverage.overdue) == (6, 6, 0, 0)
    assert coverage.keeps_up
    assert await storage_events(firm) == []


async def test_scheduled_check_finds_and_closes_and_ends_its_day(firm: Firm, disk: Disk) -> None:
    papers = await Papers.begin(firm)
    keys = await papers.store(3)
    watch = Watch()
    pace, care = Pace(None, watch, watch.sleep), firm.services.care
    content = (disk.directory / keys[1]).read_bytes()
    disk.flip(keys[1])
    assert await care.rounds.turn(pace) == 3
    assert await storage_events(firm) == ["storage.object_corrupt"]
    assert await care.rounds.turn(pace) == 3
    assert await storage_events(firm) == ["storage.object_corrupt"]
    # What is damaged is looked at every day.
    (disk.directory / keys[1]).write_bytes(content)
    await firm.eyes.execute("UPDATE object_checks SET checked_at = checked_at - interval '25 hours'")
    assert await care.rounds.turn(pace) == 4
    assert await storage_events(firm) == ["storage.object_corrupt", "storage.finding_resolved"]
    # The day's summary; a file whose row has gone is forgotten, and one that waits too long is told.
    await firm.eyes.execute("DELETE FROM files WHERE object_key = $1", keys[0])
    await firm.eyes.execute(
        "UPDATE object_checks SET checked_at = checked_at - interval '40 days' WHERE object_key = $1", keys[2]
    )
    await firm.eyes.execute("UPDATE integrity_runs SET started_at = started_at - interval '25 hours'")
    assert await care.rounds.turn(pace) == 1
    (summary,) = await events(firm, "storage.checked")
    expected = {"kind": "scheduled", "checked": 4, "corrupt": 1, "resolved": 1, "overdue": 1, "keeps_up": False}
    assert {name: summary["details"][name] for name in expected} == expected
    assert summary["route"] == "check_integrity"
    left = await firm.eyes.fetch("SELECT object_key FROM object_checks ORDER BY 1")
    assert [row["object_key"] for row in left] == sorted(keys[1:])
    assert (await care.rounds.coverage()).keeps_up
    slow = IntegrityRounds(
        firm.services.resources.database, care.check._uow, firm.services.resources.store, care.check._keepers,
        care.findings, care.check, days=1, rate=1e-9,
    )  # fmt: skip
    coverage = await slow.coverage()
    assert (coverage.overdue, coverage.keeps_up) == (0, False)
    assert coverage.days_needed > 1


async def test_one_file_that_the_store_will_not_give_does_not_stop_the_schedule(firm: Firm) -> None:
    papers = await Papers.begin(firm)
    keys = await papers.store(3)
    watch, care = Watch(), firm.services.care
    store = Between(firm.services.resources.store)
    store.silent = {keys[0]}
    rounds = IntegrityRounds(
        firm.services.resources.database, care.check._uow, store, care.check._keepers, care.findings, care.check,
        days=30, rate=8,
    )  # fmt: skip
    assert await rounds.turn(Pace(None, watch, watch.sleep)) == 3
    (event,) = await events(firm, "storage.object_corrupt")
    assert (event["details"]["key"], event["details"]["reason"]) == (keys[0], "the store does not give its bytes")
    # Alone it could be the store: it is put off.
    await firm.eyes.execute("UPDATE object_checks SET checked_at = NULL, outcome = NULL WHERE object_key = $1", keys[0])
    with pytest.raises(StoreUnavailable):
        await rounds.turn(Pace(None, watch, watch.sleep))
    assert len(await events(firm, "storage.object_corrupt")) == 1


def test_without_an_instance_it_says_so(tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ANJUAN_")}
    command = [sys.executable, "-m", "app.cli", "fsck", "--data-dir", str(tmp_path)]
    told = subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, check=False, timeout=60)
    assert (told.returncode, told.stdout) == (NOT_DONE, "")
    assert "Nothing runs on" in told.stderr
    assert list(tmp_path.iterdir()) == []
