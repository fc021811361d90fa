"""Checks of stored files on real stores: every kind of damage is found, told apart, and closed when it is mended."""

import io
import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

from rich.console import Console

from app.config import Settings
from app.jobs.fsck import FINDINGS, NOT_DONE, SOUND, Wish, fsck
from app.storage.segments import Owner, OwnerKind
from tests.support.damage import (
    OLD,
    YOUNG,
    Disk,
    Papers,
    events,
    found,
    fsck_by,
    other_tables,
    storage_events,
)
from tests.support.firm import Firm
from tests.support.papers import PNG, objects

ROOT = Path(__file__).parents[2]


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
        gone: ("missing", "no such object"), short: ("corrupt", "891 bytes instead of 2000"),
        old: ("orphan", "8 bytes"),
    }  # fmt: skip
    status, report, _ = await fsck_by(settings)
    assert (status, found(report)) == (FINDINGS, by_lists)
    assert report["run"]["counts"]["on_the_way"] == 1
    assert await storage_events(firm) == [
        "storage.object_corrupt", "storage.object_missing", "storage.orphans_found", "storage.checked",
    ]  # fmt: skip
    status, report, _ = await fsck_by(settings, deep=True)
    by_reading = {
        **dict.fromkeys((flipped, short), ("corrupt", "segment 0 does not open")),
        **dict.fromkeys((one, other), ("corrupt", "the header does not open")),
    }
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


async def test_report_in_words(firm: Firm, settings: Settings, disk: Disk) -> None:
    papers = await Papers.begin(firm)
    (gone, _) = await papers.store(2)
    await firm.services.resources.store.delete(gone)
    old, _ = disk.put("files/old", OLD), disk.put("files/young", YOUNG)
    disk.look_again()
    out, err = Console(file=io.StringIO(), width=200), Console(file=io.StringIO(), width=200)
    assert await fsck(settings, Wish(deep=True), out, err) == FINDINGS
    said = out.file.getvalue()  # type: ignore[attr-defined]
    for words in (
        "2 files checked, 2000 bytes read", "missing: 1", "orphans: 1", "on the way: 1", gone, "file ", old,
        "Not sound: 1 missing, 1 orphan open.",
    ):  # fmt: skip
        assert words in said
    assert "corrupt" not in said


def test_without_an_instance_it_says_so(tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ANJUAN_")}
    command = [sys.executable, "-m", "app.cli", "fsck", "--data-dir", str(tmp_path)]
    told = subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, check=False, timeout=60)
    assert (told.returncode, told.stdout) == (NOT_DONE, "")
    assert "Nothing runs on" in told.stderr
    assert list(tmp_path.iterdir()) == []


async def test_keys_that_are_lost_are_found_and_those_destroyed_are_not(
    firm: Firm, settings: Settings, disk: Disk
) -> None:
    """A lost key is a loss; a destroyed one is what was meant."""
    papers, destroyed = await Papers.begin(firm), await Papers.begin(firm)
    (lost,), _ = await papers.store(1), await destroyed.store(1)
    keys = firm.services.resources.store.keys
    keys._path(Owner(OwnerKind.DOSSIER, UUID(papers.dossier["id"]))).unlink()
    keys.destroy(Owner(OwnerKind.DOSSIER, UUID(destroyed.dossier["id"])))
    status, report, _ = await fsck_by(settings, deep=True)
    assert (status, found(report)) == (FINDINGS, {lost: ("corrupt", "its key is missing")})
    answer = await papers.lawyer.get(f"/v1/files/{await _file_of(firm, lost)}/content")
    assert (answer.status_code, answer.json()["code"]) == (500, "key_missing")
    assert await firm.events(answer) == [("file.read", "success"), ("file.damaged", "failed")]


async def _file_of(firm: Firm, key: str) -> UUID:
    found: UUID = await firm.eyes.fetchval("SELECT id FROM files WHERE object_key = $1", key)
    return found
