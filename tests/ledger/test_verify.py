"""`anjuan verify` against a database: whoever alters, removes, adds or swaps events is found, with the event's id."""

import asyncio
import gc
import io
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console

from app.config import Settings
from app.core.database import Database
from app.core.ids import new_id
from app.embedded.s3 import EmbeddedS3
from app.jobs.verify import FINDINGS, NOT_DONE, SOUND, Wish, verify
from app.ledger.bucket import Bucket
from app.ledger.edge import Edge
from app.ledger.findings import Kind
from app.ledger.leaf import COMMITTED, PLAIN, details_digest, leaf_bytes
from app.ledger.note import Checkpoint, Note
from app.ledger.sealer import Sealer
from app.ledger.tiles import CHECKPOINT, ENTRIES, Tile, pack, unpack
from app.ledger.verify import Report, Verification
from tests.ledger.common import add
from tests.ledger.redactions import erased
from tests.support.firm import Firm
from tests.support.server import environment


@pytest.fixture
async def sealed(firm: Firm, sealer: Sealer) -> list[UUID]:
    """Some events of the firm's own, and 300 more in two batches."""
    await add(firm, 20)
    await sealer.seal_all()
    ids = await add(firm, 280)
    await sealer.seal_all()
    return ids


async def checked(firm: Firm, bucket: Bucket, database: Database, since: bytes | None = None) -> Report:
    keys = firm.services.resources.ledger_keys.verifiers()
    return await Verification(bucket, keys, database).run(since, lambda *_: None)


def told(report: Report) -> list[tuple[Kind, UUID | None]]:
    return [(one.kind, one.event_id) for one in report.findings.kept]


async def place_of(firm: Firm, id_: UUID) -> int:
    return int(await firm.eyes.fetchval("SELECT leaf_index FROM event_leaves WHERE event_id = $1", id_))


@asynccontextmanager
async def undone(firm: Firm, *tables: str) -> AsyncIterator[None]:
    """Put these tables back afterwards. Meanwhile no trigger works, as nothing binds their owner."""
    for table in tables:
        await firm.eyes.execute(f"CREATE TEMP TABLE kept_{table} AS SELECT * FROM {table}")
        await firm.eyes.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    try:
        yield
    finally:
        for table in tables:
            await firm.eyes.execute(f"DELETE FROM {table}")
            await firm.eyes.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")
            await firm.eyes.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            await firm.eyes.execute(f"DROP TABLE kept_{table}")


async def test_a_whole_ledger_is_sound(firm: Firm, bucket: Bucket, sealing: Database, sealed: list[UUID]) -> None:
    waiting = await add(firm, 3)
    report = await checked(firm, bucket, sealing)
    assert report.sound
    assert report.events == report.size == await firm.eyes.fetchval("SELECT count(*) FROM event_leaves")
    assert report.waiting == len(waiting)
    assert (report.redacted, report.late_count) == (0, 0)


OTHER = {
    "recorded_at": "recorded_at + interval '1 microsecond'", "outcome": "'denied'", "actor_roles": "actor_roles || '{x}'",
    "details": "details || '{\"number\": 0}'", "type": "'test.mads'",
    **dict.fromkeys(("actor_id", "via_id", "subject_id", "dossier_id", "entry_id"), "gen_random_uuid()"),
}  # fmt: skip


async def test_a_change_in_any_column_is_found(
    firm: Firm, bucket: Bucket, sealing: Database, sealed: list[UUID]
) -> None:
    for number, column in enumerate((*PLAIN, *COMMITTED)):
        if column == "id":
            continue
        id_ = sealed[number * 7]
        async with undone(firm, "events"):
            other = OTHER.get(column, f"coalesce({column}, '') || 'x'")
            assert await firm.eyes.execute(f"UPDATE events SET {column} = {other} WHERE id = $1", id_) == "UPDATE 1"
            report = await checked(firm, bucket, sealing)
        assert told(report) == [(Kind.EVENT_ALTERED, id_)], column
        assert column in report.findings.kept[0].detail
    assert (await checked(firm, bucket, sealing)).sound


async def test_another_salt_is_found(firm: Firm, bucket: Bucket, sealing: Database, sealed: list[UUID]) -> None:
    async with undone(firm, "event_leaves"):
        await firm.eyes.execute("UPDATE event_leaves SET salt = sha256('')  WHERE event_id = $1", sealed[5])
        assert told(await checked(firm, bucket, sealing)) == [(Kind.EVENT_ALTERED, sealed[5])]


async def test_another_id_is_a_lost_event_and_a_new_one(
    firm: Firm, bucket: Bucket, sealing: Database, sealed: list[UUID]
) -> None:
    other = new_id()
    async with undone(firm, "events", "event_leaves"):
        await firm.eyes.execute("UPDATE events SET id = $2 WHERE id = $1", sealed[5], other)
        both = [(Kind.EVENT_MISSING, sealed[5]), (Kind.EVENT_ADDED, other)]
        assert told(await checked(firm, bucket, sealing)) == both
        await firm.eyes.execute("UPDATE event_leaves SET event_id = $2 WHERE event_id = $1", sealed[5], other)
        assert told(await checked(firm, bucket, sealing)) == both


async def test_removed_events_are_found(firm: Firm, bucket: Bucket, sealing: Database, sealed: list[UUID]) -> None:
    waiting = await add(firm, 2)
    async with undone(firm, "events", "event_leaves", "event_queue"):
        await firm.eyes.execute("DELETE FROM events WHERE id = ANY($1)", [sealed[3], sealed[-1], waiting[0]])
        expected = {(Kind.EVENT_MISSING, id_) for id_ in (sealed[3], sealed[-1], waiting[0])}
        assert set(told(await checked(firm, bucket, sealing))) == expected
        # With all that speaks of them; the last was never sealed, so nothing is left of it.
        for table in ("event_leaves", "event_queue"):
            await firm.eyes.execute(
                f"DELETE FROM {table} WHERE event_id = ANY($1)", [sealed[3], sealed[-1], waiting[0]]
            )
        assert set(told(await checked(firm, bucket, sealing))) == expected - {(Kind.EVENT_MISSING, waiting[0])}
    async with undone(firm, "events"):
        await firm.eyes.execute("DELETE FROM events")
        report = await checked(firm, bucket, sealing)
        assert report.findings.counts[Kind.EVENT_MISSING] == report.size + report.waiting + len(waiting)


async def test_added_events_are_found(firm: Firm, bucket: Bucket, sealing: Database, sealed: list[UUID]) -> None:
    added, placed, size = new_id(), new_id(), await firm.eyes.fetchval("SELECT size FROM ledger_head")
    async with undone(firm, "events", "event_leaves", "event_queue"):
        for id_ in (added, placed):
            await firm.eyes.execute(
                "INSERT INTO events SELECT (jsonb_populate_record(e, jsonb_build_object('id', $2::text))).*"
                " FROM events e WHERE id = $1", sealed[1], str(id_),
            )  # fmt: skip
        assert set(told(await checked(firm, bucket, sealing))) == {(Kind.EVENT_ADDED, id_) for id_ in (added, placed)}
        await firm.eyes.execute("INSERT INTO event_leaves VALUES ($1, $2, sha256(''))", placed, size + 5)
        assert set(told(await checked(firm, bucket, sealing))) == {(Kind.EVENT_ADDED, id_) for id_ in (added, placed)}
        # In the place of another, which is moved out of the way.
        place = await place_of(firm, sealed[9])
        await firm.eyes.execute("UPDATE event_leaves SET leaf_index = $2 WHERE event_id = $1", sealed[9], size + 6)
        await firm.eyes.execute("UPDATE event_leaves SET leaf_index = $2 WHERE event_id = $1", placed, place)
        found = set(told(await checked(firm, bucket, sealing)))
        assert {(Kind.EVENT_ADDED, added), (Kind.EVENT_ADDED, placed), (Kind.EVENT_MOVED, sealed[9])} <= found


async def test_swapped_events_are_found(firm: Firm, bucket: Bucket, sealing: Database, sealed: list[UUID]) -> None:
    one, other = sealed[2], sealed[222]
    async with undone(firm, "event_leaves"):
        places = [await place_of(firm, id_) for id_ in (one, other)]
        for id_, place in ((one, 10**9), (other, places[0]), (one, places[1])):
            await firm.eyes.execute("UPDATE event_leaves SET leaf_index = $2 WHERE event_id = $1", id_, place)
        assert set(told(await checked(firm, bucket, sealing))) == {(Kind.EVENT_MOVED, one), (Kind.EVENT_MOVED, other)}
    async with undone(firm, "events"):
        between = new_id()
        for old, new in ((one, between), (other, one), (between, other)):
            await firm.eyes.execute("UPDATE events SET id = $2 WHERE id = $1", old, new)
        assert set(told(await checked(firm, bucket, sealing))) == {(Kind.EVENT_ALTERED, one), (Kind.EVENT_ALTERED, other)}  # fmt: skip


async def test_tiles_and_checkpoints_that_were_changed(
    firm: Firm, bucket: Bucket, sealing: Database, sealer: Sealer, sealed: list[UUID]
) -> None:
    first = Tile(ENTRIES, 0).path
    whole, old = await bucket.read(first), await bucket.read(CHECKPOINT)
    assert whole is not None
    assert old is not None
    id_ = str(sealed[4])
    at = whole.index(id_.encode()) + len(id_)
    await bucket.write(first, whole[:at] + whole[at:].replace(b"success", b"failure", 1))
    report = await checked(firm, bucket, sealing)
    assert [(one.kind, one.path, one.event_id) for one in report.findings.kept] == [
        (Kind.TILE_CHANGED, first, sealed[4])
    ]
    await bucket.write(first, whole)
    assert (await checked(firm, bucket, sealing, old)).sound
    # An old checkpoint that is put back while nobody seals.
    await add(firm, 5)
    await sealer.seal_all()
    new = await bucket.read(CHECKPOINT)
    await bucket.write(CHECKPOINT, old)
    assert (await checked(firm, bucket, sealing)).findings.counts == {Kind.OLD_CHECKPOINT: 1}
    assert new is not None
    await bucket.write(CHECKPOINT, new)
    assert (await checked(firm, bucket, sealing, old)).sound


async def test_a_bundle_that_was_changed_with_the_row_hides_nothing(
    firm: Firm, bucket: Bucket, sealing: Database, sealed: list[UUID]
) -> None:
    first, place = Tile(ENTRIES, 0).path, await place_of(firm, sealed[4])
    whole, signed = await bucket.read(first), await bucket.read(CHECKPOINT)
    assert whole is not None
    assert signed is not None
    async with undone(firm, "events"):
        await firm.eyes.execute("UPDATE events SET outcome = 'denied' WHERE id = $1", sealed[4])
        leaves = unpack(whole)
        leaves[place] = leaves[place].replace(b'"success"', b'"denied"')
        await bucket.write(first, pack(leaves))
        found = told(await checked(firm, bucket, sealing))
        assert found == [(Kind.TILE_CHANGED, sealed[4]), (Kind.EVENT_ALTERED, sealed[4])]
        await bucket.write(first, whole)
        # Where no tile leads to the signed root, rows are held to what the bundles say.
        size = Checkpoint.parse(Note.parse(signed).text).size
        await bucket.write(CHECKPOINT, firm.services.resources.ledger_keys.sign(size, bytes(32)).encode())
        report = await checked(firm, bucket, sealing)
        assert told(report) == [(Kind.TREE, None), (Kind.EVENT_ALTERED, sealed[4])]
        assert report.events == size - 1


async def test_a_rewritten_history_of_the_same_size(
    firm: Firm, bucket: Bucket, sealing: Database, sealed: list[UUID]
) -> None:
    """Who has the key too can make a tree of his own; he must alter the database with it, and the old checkpoint tells."""
    kept = await bucket.read(CHECKPOINT)
    rows = [dict(row) for row in await firm.eyes.fetch(
        "SELECT e.*, l.salt FROM events e JOIN event_leaves l ON l.event_id = e.id ORDER BY l.leaf_index")]  # fmt: skip
    for row in rows:
        if row["id"] == sealed[50]:
            row["outcome"] = "denied"
    edge = Edge()
    for tile, content in edge.extend([leaf_bytes(row, details_digest(row, row["salt"])) for row in rows]):
        await bucket.write(tile.path, content)
    signed = firm.services.resources.ledger_keys.sign(edge.size, edge.root())
    await bucket.write(CHECKPOINT, signed.encode())
    report = await checked(firm, bucket, sealing)
    assert told(report) == [(Kind.EVENT_ALTERED, sealed[50])]
    async with undone(firm, "events"):
        await firm.eyes.execute("UPDATE events SET outcome = 'denied' WHERE id = $1", sealed[50])
        report = await checked(firm, bucket, sealing, kept)
        assert report.findings.counts == {Kind.OTHER_HISTORY: 1}


async def test_erased_personal_data_are_no_alteration_and_hide_none(
    firm: Firm, bucket: Bucket, sealing: Database, sealer: Sealer, sealed: list[UUID]
) -> None:
    director, auditor, ids = await firm.person("director"), await firm.person("auditor"), sealed[10:13]
    await erased(firm, director, auditor, event_ids=[str(id_) for id_ in ids], fields=["actor_name"])
    await sealer.seal_all()
    report = await checked(firm, bucket, sealing)
    assert (report.sound, report.redacted) == (True, len(ids))
    for column, other in (("actor_name", "'别人'"), ("outcome", "'denied'"), ("details", "'{}'")):
        async with undone(firm, "events"):
            await firm.eyes.execute(f"UPDATE events SET {column} = {other} WHERE id = $1", ids[1])
            assert told(await checked(firm, bucket, sealing)) == [(Kind.EVENT_ALTERED, ids[1])], column
    async with undone(firm, "events", "event_leaves"):
        # Erased by who owns the database, with no request and no event.
        await firm.eyes.execute("UPDATE events SET actor_name = '⟨erased⟩' WHERE id = $1", sealed[20])
        assert told(await checked(firm, bucket, sealing)) == [(Kind.EVENT_ALTERED, sealed[20])]


async def test_report_exit_status_and_event(firm: Firm, settings: Settings, sealed: list[UUID]) -> None:
    async def run(**wish: Any) -> tuple[int, dict[str, Any], str]:
        out, err = io.StringIO(), io.StringIO()
        status = await verify(settings, Wish(as_json=True, **wish), Console(file=out), Console(file=err))
        return status, json.loads(out.getvalue() or "{}"), err.getvalue()

    collected = gc.get_threshold()
    status, report, _ = await run()
    assert (status, report["sound"], report["findings"]) == (SOUND, True, [])
    assert gc.get_threshold() == collected
    await firm.eyes.execute("UPDATE events SET ip = '192.0.2.9' WHERE id = $1", sealed[7])
    status, report, _ = await run()
    assert (status, report["counts"]) == (FINDINGS, {"event_altered": 1})
    assert report["findings"][0]["event_id"] == str(sealed[7])
    status, report, said = await run(key="firm+00000000+AAAA")
    assert (status, report) == (NOT_DONE, {})
    assert "verifier key" in said
    events = await firm.eyes.fetch("SELECT outcome, details FROM events WHERE type = 'ledger.verified' ORDER BY id")
    assert [event["outcome"] for event in events] == ["success", "failed"]
    assert events[0]["details"]["size"] == report.get("size", events[0]["details"]["size"]) >= len(sealed)


async def test_a_copy_of_the_bucket_is_checked_with_nothing_of_the_instance(
    firm: Firm, settings: Settings, bucket: Bucket, s3: EmbeddedS3, tmp_path: Path, sealed: list[UUID]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(s3._objects / f"{settings.storage.s3_bucket_prefix}-ledger", copy)
    key, since = tmp_path / "key", tmp_path / "since"
    key.write_text(firm.services.resources.ledger_keys.verifiers()[0].text + "\n")
    since.write_bytes((copy / CHECKPOINT).read_bytes())
    plain = {name: value for name, value in environment(settings).items() if not name.startswith("ANJUAN_")}

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "app.cli", "verify", "--bucket", str(copy), "--key", str(key), "--no-database"]
        return subprocess.run([*command, *options], env=plain, capture_output=True, text=True, check=False, timeout=120)

    done = await asyncio.to_thread(run, "--since", str(since))
    assert (done.returncode, done.stdout.splitlines()[-1]) == (SOUND, "Sound."), done.stderr
    (copy / Tile(0, 0).path).unlink()
    done = await asyncio.to_thread(run, "--json")
    assert done.returncode == FINDINGS, done.stderr
    assert [one["path"] for one in json.loads(done.stdout)["findings"]] == [Tile(0, 0).path]
    (copy / CHECKPOINT).rename(since)
    key.write_text("")
    done = await asyncio.to_thread(run)
    assert done.returncode == NOT_DONE
    assert "holds no verifier key" in done.stderr
