"""The probe of locks, on stores that keep them, that have none, and that only say so."""

from datetime import datetime, timedelta

import pytest

from app.core.clock import now
from app.storage import proving
from app.storage.body import Whole
from app.storage.errors import LocksMissing, StoreUnavailable
from app.storage.locks import LockState
from app.storage.memory import MemoryStore
from app.storage.proving import PLACE, Failure, Finding, Proof, prove

PROVEN = Finding(Proof.PROVEN, versions=True)


class Letting(MemoryStore):
    """Says that it locks, and lets go what is held or what is retained."""

    def __init__(self, ignores: str) -> None:
        super().__init__()
        self._ignores = ignores

    async def delete(self, key: str) -> None:
        state = await self.lock_state(key)
        if state.held if self._ignores == "hold" else state.retained_until is not None:
            self._locks.pop(key)
        await super().delete(key)


class Short(MemoryStore):
    """Retains for less than it was told."""

    async def retain(self, key: str, until: datetime) -> None:
        await super().retain(key, until - timedelta(seconds=5))


class Sticky(MemoryStore):
    """Never releases a hold."""

    async def hold(self, key: str, *, on: bool) -> None:
        if on:
            await super().hold(key, on=on)


class Refusing(MemoryStore):
    """Has locks, but not for our key."""

    async def retain(self, key: str, until: datetime) -> None:
        raise LocksMissing


class Swapping(MemoryStore):
    """Keeps the object and not its bytes."""

    async def retain(self, key: str, until: datetime) -> None:
        await super().retain(key, until)
        self.objects[key] = b"other"


async def test_lock_that_holds_is_proven_and_its_probe_retained() -> None:
    store = MemoryStore()
    assert await prove(store) == PROVEN
    (key,) = store.objects
    assert key.startswith(PLACE)
    state = await store.lock_state(key)
    assert not state.held
    assert state.retained_until is not None
    assert state.retained_until > now() + timedelta(minutes=15)


async def test_probe_is_removed_by_the_next_one_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    await prove(store)
    (first,) = store.objects
    await prove(store)
    assert first in store.objects
    assert len(store.objects) == 2
    later = now() + proving.RETAINED + timedelta(minutes=1)
    monkeypatch.setattr("app.storage.memory.now", lambda: later)
    monkeypatch.setattr("app.storage.locks.now", lambda: later)
    monkeypatch.setattr(proving, "now", lambda: later)
    assert await prove(store) == PROVEN
    (last,) = store.objects
    assert last != first


async def test_hold_that_a_broken_probe_left_is_released() -> None:
    store = MemoryStore()
    await store.put(f"{PLACE}left", Whole(b"x"), 1)
    await store.hold(f"{PLACE}left", on=True)
    await store.put("files/kept", Whole(b"x"), 1)
    await store.hold("files/kept", on=True)
    assert await prove(store) == PROVEN
    assert f"{PLACE}left" not in store.objects
    assert await store.lock_state("files/kept") == LockState(held=True)


@pytest.mark.parametrize(
    ("store", "failure"),
    [
        (Letting("hold"), Failure.HELD_OBJECT_REMOVED),
        (Letting("retention"), Failure.RETAINED_OBJECT_REMOVED),
        (Short(), Failure.LOCK_NOT_KEPT),
        (Sticky(), Failure.LOCK_NOT_KEPT),
        (Refusing(), Failure.LOCK_REFUSED),
        (Swapping(), Failure.OTHER_BYTES),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, MemoryStore) else str(one),
)
async def test_store_that_only_says_so_is_found_out(store: MemoryStore, failure: Failure) -> None:
    assert await prove(store) == Finding(Proof.FAILED, versions=True, failure=failure)


async def test_store_without_locks_is_not_tried() -> None:
    store = MemoryStore()
    store.can_lock = False
    assert await prove(store) == Finding(Proof.UNABLE, versions=False)
    assert store.objects == {}


async def test_store_that_is_down_proves_nothing() -> None:
    store = MemoryStore()
    store.down = True
    with pytest.raises(StoreUnavailable):
        await prove(store)
