"""The daily look at locks on real MinIO: proven, unable, lost, failed; its events, the service's health, the report."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from minio.error import S3Error

from app.care.orphans import Orphans
from app.config import Settings, StorageSettings
from app.jobs.locks import look_at_locks
from app.jobs.sweep import sweep_orphans, sweep_uploads
from app.reports.store_locks import LookResult
from app.storage.body import Whole
from app.storage.errors import StoreUnavailable
from app.storage.memory import MemoryStore
from app.storage.proving import PLACE
from app.storage.s3 import S3Store
from app.storage.s3_options import S3Options
from tests.support.checks import refused
from tests.support.firm import Firm, done
from tests.support.minio import RealMinio
from tests.support.papers import objects
from tests.support.stores import raw, repeated

LOCKS = "/v1/storage/locks"
GRACE = 2


@pytest.fixture(scope="module")
def s3(minio: RealMinio) -> RealMinio:
    """Let the service run on a store that locks."""
    return minio


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings with a bucket of this module and a short grace."""
    fields = settings.storage.model_dump() | {"s3_bucket_prefix": "locks", "orphan_grace_hours": GRACE / 3600}
    storage = StorageSettings(**fields)
    return Settings(
        run=settings.run, database=settings.database, storage=storage, auth=settings.auth, http=settings.http
    )


@pytest.fixture
def options(minio: RealMinio) -> S3Options:
    return S3Options(minio.endpoint, minio.access_key, minio.secret_key, "locks-files")


async def looked(firm: Firm) -> list[tuple[str, str, dict[str, Any]]]:
    """Give the events of the looks; nobody but the service made them."""
    rows = await firm.eyes.fetch("SELECT * FROM events WHERE type LIKE 'storage.lock\\_%' ORDER BY id")
    assert {(row["actor_id"], row["subject_type"], row["route"]) for row in rows} <= {
        (None, "storage", "look_at_locks")
    }
    return [(row["type"], row["outcome"], row["details"]) for row in rows]


async def health(firm: Firm) -> tuple[str, dict[str, Any]]:
    answer = await firm.http.get("/health/ready")
    assert answer.status_code == 200
    shown = answer.json()
    assert shown["dependencies"]["store"]["status"] == shown["dependencies"]["database"]["status"] == "ok"
    return shown["status"], shown["dependencies"]["store_locks"]


async def test_proven_lock(firm: Firm, options: S3Options) -> None:
    assert await health(firm) == ("degraded", {"status": "degraded", "detail": "The store's locks were never probed"})
    for _ in range(2):
        assert await look_at_locks(firm.services) is LookResult.PROVEN
    assert await health(firm) == ("ok", {"status": "ok", "detail": None})
    assert await looked(firm) == [
        ("storage.lock_proven", "success", {"versions": True, "before": None}),
        ("storage.lock_proven", "success", {"versions": True, "before": "proven"}),
    ]
    # The probe lies there, and not even the store's own root removes its version unless it asks to lift the lock.
    client = raw(options)
    probes = list(client.list_objects(options.bucket, prefix=PLACE, recursive=True, include_version=True))
    assert len(probes) >= 2
    for probe in probes:
        with pytest.raises(S3Error, match="WORM"):
            client.remove_object(options.bucket, probe.object_name or "", probe.version_id)
    assert not any(key.startswith(PLACE) for key in await objects(firm))


async def test_report(firm: Firm) -> None:
    auditor = await firm.person("auditor")
    answer = await auditor.get(LOCKS)
    assert answer.json() == {
        "status": "never", "en": "The store's locks were never probed", "zh": "文件存储的锁定尚未检验", "looks": [],
    }  # fmt: skip
    assert await firm.events(answer) == done("storage.locks_viewed")
    await look_at_locks(firm.services)
    shown = (await auditor.get(LOCKS)).json()
    assert shown["status"] == "proven"
    assert [(look["result"], look["versions"], look["failure"]) for look in shown["looks"]] == [("proven", True, None)]
    for role in ("archivist", "director", "system_admin", "security_admin"):
        assert (await (await firm.person(role)).get(LOCKS)).status_code == 200
    lawyer, before = await firm.person("lawyer"), await firm.tables()
    await refused(firm, before, await lawyer.get(LOCKS), 403)


async def test_lock_that_was_there_and_is_gone(firm: Firm, options: S3Options) -> None:
    lockless = S3Store(replace(options, bucket="locks-replaced"))
    if not raw(options).bucket_exists("locks-replaced"):
        raw(options).make_bucket("locks-replaced")
    book, real = firm.services.store_locks, firm.services.resources.store.beneath
    try:
        book._store = lockless
        # Where there never was a lock none is lost.
        assert await look_at_locks(firm.services) is LookResult.UNABLE
        assert await health(firm) == ("degraded", {"status": "degraded", "detail": "The store can't lock files"})
        book._store = real
        assert await look_at_locks(firm.services) is LookResult.PROVEN
        book._store = lockless
        for _ in range(2):
            assert await look_at_locks(firm.services) is LookResult.LOST
            assert await health(firm) == (
                "degraded", {"status": "degraded", "detail": "The store could lock files and no longer can"},
            )  # fmt: skip
        book._store = real
        assert await look_at_locks(firm.services) is LookResult.PROVEN
        assert (await health(firm))[0] == "ok"
    finally:
        book._store = real
        await lockless.aclose()
    assert [(type_, outcome, details["before"]) for type_, outcome, details in await looked(firm)] == [
        ("storage.lock_unsupported", "success", None), ("storage.lock_proven", "success", "unable"),
        ("storage.lock_lost", "failed", "proven"), ("storage.lock_lost", "failed", "lost"),
        ("storage.lock_proven", "success", "lost"),
    ]  # fmt: skip


async def test_failed_look_is_told(firm: Firm) -> None:
    class Letting(MemoryStore):
        async def delete(self, key: str) -> None:
            self.objects.pop(key, None)

    book, real = firm.services.store_locks, firm.services.resources.store.beneath
    book._store = Letting()
    try:
        assert await look_at_locks(firm.services) is LookResult.FAILED
    finally:
        book._store = real
    assert await looked(firm) == [
        ("storage.lock_failed", "failed", {"versions": True, "before": None, "failure": "held_object_removed"})
    ]
    assert await health(firm) == (
        "degraded", {"status": "degraded", "detail": "The probe of the store's locks failed"},
    )  # fmt: skip
    shown = (await (await firm.person("director")).get(LOCKS)).json()
    assert [(look["result"], look["failure"]) for look in shown["looks"]] == [("failed", "held_object_removed")]


async def test_store_that_is_down_leaves_no_finding(firm: Firm) -> None:
    await look_at_locks(firm.services)
    before, events = await firm.tables(), await looked(firm)
    book, real = firm.services.store_locks, firm.services.resources.store.beneath
    book._store = down = MemoryStore()
    down.down = True
    try:
        with pytest.raises(StoreUnavailable):
            await look_at_locks(firm.services)
    finally:
        book._store = real
    assert await firm.tables() == before
    assert await looked(firm) == events
    # Without a look for two days what was proven once is no longer told as if it held.
    await firm.eyes.execute("UPDATE lock_looks SET looked_at = looked_at - interval '47 hours'")
    assert (await health(firm))[0] == "ok"
    await firm.eyes.execute("UPDATE lock_looks SET looked_at = looked_at - interval '1 hours'")
    assert await health(firm) == (
        "degraded", {"status": "degraded", "detail": "The store's locks were not probed lately"},
    )  # fmt: skip


async def test_look_without_its_event_is_not_written_down(firm: Firm) -> None:
    await firm.eyes.execute("REVOKE INSERT ON events FROM anjuan_app")
    with pytest.raises(Exception, match="permission denied"):
        await look_at_locks(firm.services)
    assert await firm.eyes.fetchval("SELECT count(*) FROM lock_looks") == 0


async def test_looks_are_only_added(firm: Firm) -> None:
    await look_at_locks(firm.services)
    database = firm.services.resources.database
    for statement in ("UPDATE lock_looks SET result = 'proven'", "DELETE FROM lock_looks"):
        with pytest.raises(Exception, match="permission denied"):
            await database.execute(statement)


async def test_sweep_leaves_what_is_locked(firm: Firm) -> None:
    store = firm.services.resources.store.beneath
    await sweep_orphans(firm.services)
    for name in ("files/held", "files/free"):
        await store.put(name, Whole(b"x"), 1)
    await store.hold("files/held", on=True)
    await asyncio.sleep(GRACE + 1.1)
    assert await sweep_orphans(firm.services) == 1
    rows = await firm.eyes.fetch("SELECT outcome, details FROM events WHERE type = 'storage.orphans_swept'")
    assert [(row["outcome"], row["details"]["keys"]) for row in rows if "files/free" in row["details"]["keys"]] == [
        ("success", ["files/free"])
    ]
    assert await objects(firm) == {"files/held"}
    assert await sweep_orphans(firm.services) == 0
    await store.hold("files/held", on=False)
    assert await sweep_orphans(firm.services) == 1
    assert await objects(firm) == set()


async def test_orphan_that_is_locked_during_the_sweep(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    async def overlooked(*_: object) -> bool:
        return False

    store = firm.services.resources.store.beneath
    await sweep_orphans(firm.services)
    for name in ("files/1-locked", "files/2-free"):
        await store.put(name, Whole(b"x"), 1)
    await store.hold("files/1-locked", on=True)
    await asyncio.sleep(GRACE + 1.1)
    monkeypatch.setattr(Orphans, "_is_locked", overlooked)
    assert await sweep_orphans(firm.services) == 1
    assert await objects(firm) == {"files/1-locked"}
    # What was told as removed and is there is told of again.
    rows = await firm.eyes.fetch("SELECT outcome, details FROM events WHERE type = 'storage.orphans_swept' ORDER BY id")
    assert [(row["outcome"], row["details"]["keys"]) for row in rows][-2:] == [
        ("success", ["files/1-locked", "files/2-free"]), ("failed", ["files/1-locked"]),
    ]  # fmt: skip
    await store.hold("files/1-locked", on=False)
    assert await sweep_orphans(firm.services) == 1


async def test_sweep_takes_open_uploads_after_their_grace(firm: Firm, options: S3Options) -> None:
    client = raw(options)

    def begun(key: str) -> str:
        return str(client._create_multipart_upload(options.bucket, key, {}))

    async def left() -> set[str]:
        return {upload.id async for upload in firm.services.resources.store.beneath.uploads("")}

    old, elsewhere = begun("files/old"), begun("other/old")
    part = client.get_presigned_url(
        "PUT", options.bucket, "files/old", extra_query_params={"uploadId": old, "partNumber": "1"}
    )
    async with httpx.AsyncClient() as http:
        assert (await http.put(part, content=b"x" * 100_000)).status_code == 200
    assert await sweep_uploads(firm.services) == 0
    await asyncio.sleep(GRACE + 1.1)
    young = begun("files/young")
    assert await sweep_uploads(firm.services) == 1
    assert await left() >= {young, elsewhere}
    assert old not in await left()
    rows = await firm.eyes.fetch("SELECT details, actor_id FROM events WHERE type = 'storage.uploads_swept'")
    assert [(row["details"], row["actor_id"]) for row in rows] == [({"keys": ["files/old"]}, None)]
    assert await sweep_uploads(firm.services) == 0


async def test_failed_filing_leaves_no_version(firm: Firm, options: S3Options) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    entry = await firm.entry(lawyer, dossier["id"])
    client = raw(options)

    def kept() -> set[tuple[str | None, str | None]]:
        found = client.list_objects(options.bucket, prefix="files/", recursive=True, include_version=True)
        return {(one.object_name, one.version_id) for one in found}

    before = kept()

    async def body() -> AsyncIterator[bytes]:
        async for chunk in repeated(20):
            yield chunk

    answer = await lawyer.post(
        f"/v1/entries/{entry['id']}/files",
        content=body(),
        headers={"Content-Type": "text/plain", "Repr-Digest": f"sha-256=:{'A' * 43}=:"},
    )
    assert answer.status_code == 422, answer.text
    assert kept() == before
    await firm.file(lawyer, entry["id"], b"kept")
    assert len(kept()) == len(before) + 1
