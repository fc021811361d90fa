"""Locks and versions: what is locked refuses to go, what is removed is gone with all its versions."""

import asyncio
import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from minio import MinioAdmin
from minio.commonconfig import ENABLED
from minio.credentials.providers import StaticProvider
from minio.deleteobjects import DeleteObject
from minio.versioningconfig import VersioningConfig

from app.storage.errors import BodyLengthMismatch, LocksMissing, ObjectLocked, ObjectMissing, StoreUnavailable
from app.storage.locks import Capabilities, LockState
from app.storage.protocol import ObjectStore
from app.storage.proving import Failure, Finding, Proof, prove
from app.storage.s3 import S3Store
from app.storage.s3_options import S3Options
from tests.support.stores import (
    BLOCK,
    MIB,
    Server,
    chunked,
    endless,
    new_key,
    opened,
    raw,
    read,
    ready,
    repeated,
    versions,
)

LOCK_PAGE = Path(__file__).parents[2] / "docs" / "object-lock.md"
HOUR = timedelta(hours=1)


def ahead(by: timedelta) -> datetime:
    """Give a moment in whole seconds, which every store keeps as they are."""
    return (datetime.now(UTC) + by).replace(microsecond=0)


async def stored(store: ObjectStore, data: bytes = b"x") -> str:
    key = new_key()
    await store.put(key, chunked(data), len(data))
    return key


class TestLocks:
    async def test_what_the_bucket_can_do(self, locking: ObjectStore) -> None:
        assert await locking.capabilities() == Capabilities(versions=True, locks=True)

    async def test_held_object_goes_only_when_released(self, locking: ObjectStore) -> None:
        key = await stored(locking)
        assert await locking.lock_state(key) == LockState()
        for _ in range(2):  # twice is as good as once
            await locking.hold(key, on=True)
        assert await locking.lock_state(key) == LockState(held=True)
        with pytest.raises(ObjectLocked):
            await locking.delete(key)
        assert await read(locking, key) == b"x"
        found = await locking.stat(key)
        assert found is not None
        assert found.size == 1
        assert [one.key async for one in locking.list(key)] == [key]
        for _ in range(2):
            await locking.hold(key, on=False)
        assert await locking.lock_state(key) == LockState()
        await locking.delete(key)
        assert await locking.stat(key) is None

    async def test_retained_object_stays_to_the_moment(self, locking: ObjectStore) -> None:
        key, until = await stored(locking), ahead(timedelta(seconds=3))
        await locking.retain(key, until)
        gone = 0.0
        deadline = time.monotonic() + 60
        while not gone:
            asked = datetime.now(UTC)
            try:
                await locking.delete(key)
                gone = datetime.now(UTC).timestamp()
            except ObjectLocked:
                assert await read(locking, key) == b"x"
                assert asked <= until + timedelta(seconds=1)
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
        assert gone >= until.timestamp()
        assert await locking.stat(key) is None

    async def test_retention_moves_on_and_not_back(self, locking: ObjectStore) -> None:
        key, first = await stored(locking), ahead(HOUR)
        await locking.retain(key, first)
        await locking.retain(key, first + HOUR)
        assert await locking.lock_state(key) == LockState(retained_until=first + HOUR)
        with pytest.raises(ObjectLocked):
            await locking.retain(key, first)
        with pytest.raises(ValueError):
            await locking.retain(key, ahead(-HOUR))
        assert await locking.lock_state(key) == LockState(retained_until=first + HOUR)
        # Each lock is enough by itself.
        await locking.hold(key, on=True)
        assert await locking.lock_state(key) == LockState(held=True, retained_until=first + HOUR)
        await locking.hold(key, on=False)
        with pytest.raises(ObjectLocked):
            await locking.delete(key)

    async def test_no_object_no_lock(self, locking: ObjectStore) -> None:
        key = new_key()
        for act in (
            lambda: locking.hold(key, on=True),
            lambda: locking.retain(key, ahead(HOUR)),
            lambda: locking.lock_state(key),
        ):
            with pytest.raises(ObjectMissing):
                await act()
        assert await locking.stat(key) is None

    async def test_store_without_locks_is_never_asked_for_one(self, lockless: ObjectStore) -> None:
        assert await lockless.capabilities() == Capabilities(versions=False, locks=False)
        key = await stored(lockless, b"these bytes")
        with pytest.raises(LocksMissing):
            await lockless.hold(key, on=True)
        with pytest.raises(LocksMissing):
            await lockless.retain(key, ahead(HOUR))
        # The embedded server would have put the request for a lock in the place of the object.
        assert await read(lockless, key) == b"these bytes"
        assert await lockless.lock_state(key) == LockState()
        with pytest.raises(ObjectMissing):
            await lockless.lock_state(new_key())
        await lockless.delete(key)
        assert await lockless.stat(key) is None

    async def test_odd_keys_are_locked_and_removed(self, locking: ObjectStore) -> None:
        key = f"odd-{uuid4()}/a+b %20 案卷'c"
        await locking.put(key, chunked(b"x"), 1)
        await locking.hold(key, on=True)
        with pytest.raises(ObjectLocked):
            await locking.delete(key)
        await locking.hold(key, on=False)
        await locking.delete(key)
        assert await locking.stat(key) is None


class TestVersions:
    async def test_nothing_stays_of_what_is_removed(self, real: Server) -> None:
        async with opened(real.options) as store:
            await ready(store)
            key = new_key()
            longer = f"{key}0"  # begins with the key, and is another
            for each in (key, key, longer):
                await store.put(each, chunked(b"x"), 1)
            assert len(versions(real.options, key)) == 3
            # Somebody else removed it without naming a version: it is hidden, and its bytes lie there still.
            raw(real.options).remove_object(real.options.bucket, key)
            assert await store.stat(key) is None
            with pytest.raises(ObjectMissing):
                await read(store, key)
            assert len(versions(real.options, key)) == 4
            await store.delete(key)
            assert len(versions(real.options, key)) == 1
            assert await read(store, longer) == b"x"
            await store.delete(longer)
            assert versions(real.options, key) == []

    async def test_nothing_stays_of_broken_uploads(self, real: Server) -> None:
        async with opened(replace(real.options, single_bytes=MIB, part_bytes=5 * MIB)) as store:
            await ready(store)
            place = f"broken-{uuid4()}"
            for size in (len(BLOCK) * 3 - 1, 12 * MIB - 1):
                with pytest.raises(BodyLengthMismatch):
                    await store.put(f"{place}/{size}", repeated(size // len(BLOCK) + 1), size)
            task = asyncio.create_task(store.put(f"{place}/cancelled", endless(), None))
            await asyncio.sleep(0.3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert versions(real.options, place) == []

    async def test_upload_that_the_store_took_and_the_service_refused(self, real: Server) -> None:
        class Doubting(S3Store):
            """Takes no upload for whole."""

            async def _check_size(self, key: str, size: int) -> None:
                raise StoreUnavailable

        for single in (MIB, len(BLOCK)):
            options = replace(real.options, single_bytes=single, part_bytes=5 * MIB)
            store, key = Doubting(options), f"doubted-{uuid4()}"
            try:
                if single == MIB:
                    await store.put(key, chunked(b"x"), 1)  # its digest is known to be right: never doubted
                    assert len(versions(options, key)) == 1
                    await store.delete(key)
                else:
                    with pytest.raises(StoreUnavailable):
                        await store.put(key, repeated(100), 100 * len(BLOCK))
            finally:
                await store.aclose()
            assert versions(options, key) == []

    async def test_locked_version_stays_below_a_newer_one(self, real: Server) -> None:
        async with opened(real.options) as store:
            await ready(store)
            key = await stored(store, b"locked")
            (kept,) = versions(real.options, key)
            await store.hold(key, on=True)
            await store.put(key, chunked(b"newer"), 5)
            with pytest.raises(ObjectLocked):
                await store.delete(key)
            assert versions(real.options, key) == [kept]
            assert await read(store, key) == b"locked"
            await store.hold(key, on=False)
            await store.delete(key)
            assert versions(real.options, key) == []

    async def test_lock_that_ends_between_refusal_and_question(
        self, real: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with opened(real.options) as store:
            await ready(store)
            key, until = await stored(store), ahead(timedelta(seconds=3))
            await store.retain(key, until)
            asked: list[bool] = []
            is_locked = store._admin.is_locked

            def late(key: str, version: str) -> bool:
                time.sleep(max(until.timestamp() - time.time(), 0) + 1)
                asked.append(is_locked(key, version))
                return asked[-1]

            monkeypatch.setattr(store._admin, "is_locked", late)
            await store.delete(key)
            assert asked == [False]
            assert versions(real.options, key) == []

    async def test_bucket_that_is_there_is_left_as_it_is(self, plain: Server) -> None:
        async with opened(plain.options) as store:
            await store.ensure_bucket()
            assert await store.capabilities() == Capabilities(versions=False, locks=False)

    async def test_versions_without_locks(self, real: Server) -> None:
        options = replace(real.options, bucket="contract-versions")
        raw(options).make_bucket(options.bucket)
        raw(options).set_bucket_versioning(options.bucket, VersioningConfig(ENABLED))
        async with opened(options) as store:
            assert await store.capabilities() == Capabilities(versions=True, locks=False)
            key = new_key()
            for _ in range(2):
                await store.put(key, chunked(b"x"), 1)
            with pytest.raises(LocksMissing):
                await store.hold(key, on=True)
            await store.delete(key)
            assert versions(options, key) == []

    @pytest.mark.parametrize("mode", ["governance", "compliance"])
    async def test_mode_of_retention(self, real: Server, mode: str) -> None:
        options = replace(real.options, lock_mode=mode)  # type: ignore[arg-type]  # one of the two
        async with opened(options) as store:
            await ready(store)
            key = await stored(store)
            await store.retain(key, ahead(HOUR))
        found = raw(options).get_object_retention(options.bucket, key)
        assert found is not None
        assert found.mode == mode.upper()


def as_user(server: Server, bucket: str, leave_out: str = "nothing") -> S3Options:
    """Make a user of the store with the rights that the documentation names, and give options with his key."""
    stated = re.search(r"```json\n(.+?)```", LOCK_PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert stated is not None
    policy = json.loads(stated[1].replace("anjuan-files", bucket))
    for statement in policy["Statement"]:
        statement["Action"] = [action for action in statement["Action"] if leave_out not in action]
    name, secret = f"user-{uuid4()}"[:20], str(uuid4())
    admin = MinioAdmin(
        endpoint=server.options.endpoint.removeprefix("http://"),
        credentials=StaticProvider(server.options.access_key, server.options.secret_key),
        secure=False,
    )
    admin.policy_add(name, policy=policy)
    admin.user_add(name, secret)
    admin.policy_set(name, user=name)
    return replace(server.options, access_key=name, secret_key=secret, bucket=bucket)


def lift(who: S3Options, bucket: str, key: str, version: str) -> str:
    """Ask for an end of a version in spite of its retention; give what the store says to it."""
    asked = raw(who).remove_objects(bucket, [DeleteObject(key, version)], bypass_governance_mode=True)
    return " ".join(str(error.code) for error in asked)


class TestRights:
    async def test_rights_that_the_documentation_names_are_enough(self, real: Server) -> None:
        options = as_user(real, "contract-rights")
        async with opened(replace(options, part_bytes=5 * MIB)) as store:
            await ready(store)
            assert await prove(store) == Finding(Proof.PROVEN, versions=True)
            key = new_key()
            await store.put(key, repeated(200), None)
            with pytest.raises(BodyLengthMismatch):
                await store.put(new_key(), chunked(b"xx"), 1)
            assert [one.key async for one in store.list("files/")] == [key]
            assert [one async for one in store.uploads("files/")] == []
            await store.retain(key, ahead(HOUR))
            with pytest.raises(ObjectLocked):
                await store.delete(key)
        # To lift the lock is no right of this key, and one of the root's.
        (version,) = versions(replace(real.options, bucket=options.bucket), key)
        for who, refused in ((options, True), (real.options, False)):
            answer = lift(who, options.bucket, key, version)
            assert ("AccessDenied" in answer) is refused
            assert versions(replace(real.options, bucket=options.bucket), key) == ([version] if refused else [])

    async def test_key_that_may_not_lock_is_told_apart(self, real: Server) -> None:
        async with opened(replace(real.options, bucket="contract-no-lock")) as store:
            await ready(store)
        for missing in ("PutObjectLegalHold", "PutObjectRetention"):
            async with opened(as_user(real, "contract-no-lock", leave_out=missing)) as store:
                await ready(store)
                assert await prove(store) == Finding(Proof.FAILED, versions=True, failure=Failure.LOCK_REFUSED)
