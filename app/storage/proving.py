"""Proves on a real object that the store keeps what is locked: by trying to remove it.

What a bucket says of itself is not believed. A probe stays retained for a while after it was tried; the next one
removes it, which shows that a lock also ends.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from app.core.clock import now
from app.core.ids import new_id
from app.storage.body import Whole
from app.storage.errors import LocksMissing, ObjectLocked
from app.storage.protocol import ObjectStore

# Nothing of a dossier lies here, and no sweep looks here.
PLACE = "probe/lock-"
# Longer than the 15 minutes that clocks may differ before a store takes no request at all.
RETAINED = timedelta(minutes=20)
# Stores keep moments in thousandths or whole seconds.
_ROUNDING = timedelta(seconds=1)
_BYTES = b"This object is locked for a moment, to see that the lock holds.\n"


class Proof(StrEnum):
    """What a look at the locks of the store found."""

    PROVEN = "proven"
    UNABLE = "unable"
    FAILED = "failed"


class Failure(StrEnum):
    """Why locks are not proven though the bucket says that it has them."""

    LOCK_REFUSED = "lock_refused"
    LOCK_NOT_KEPT = "lock_not_kept"
    HELD_OBJECT_REMOVED = "held_object_removed"
    RETAINED_OBJECT_REMOVED = "retained_object_removed"
    OTHER_BYTES = "other_bytes"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look found: `failure` with FAILED only; `versions` tells whether the bucket keeps versions."""

    proof: Proof
    versions: bool
    failure: Failure | None = None


async def prove(store: ObjectStore) -> Finding:
    """Lock a new object by a hold, then by retention, and try to remove it each time; takes a second.

    Raises StoreUnavailable when the store can't be asked; then nothing was found.
    """
    able = await store.capabilities()
    if not able.locks:
        return Finding(Proof.UNABLE, able.versions)
    try:
        await _tidy(store)
        failure = await _try(store, f"{PLACE}{new_id()}")
    except LocksMissing:
        failure = Failure.LOCK_REFUSED
    return Finding(Proof.FAILED if failure else Proof.PROVEN, able.versions, failure)


async def _try(store: ObjectStore, key: str) -> Failure | None:
    until = now() + RETAINED
    await store.put(key, Whole(_BYTES), len(_BYTES))
    await store.hold(key, on=True)
    if not await _refuses(store, key):
        return Failure.HELD_OBJECT_REMOVED
    await store.retain(key, until)
    await store.hold(key, on=False)
    state = await store.lock_state(key)
    if state.held or state.retained_until is None or abs(state.retained_until - until) > _ROUNDING:
        return Failure.LOCK_NOT_KEPT
    if not await _refuses(store, key):
        return Failure.RETAINED_OBJECT_REMOVED
    async with store.get(key) as chunks:
        kept = b"".join([chunk async for chunk in chunks])
    return None if kept == _BYTES else Failure.OTHER_BYTES


async def _refuses(store: ObjectStore, key: str) -> bool:
    try:
        await store.delete(key)
    except ObjectLocked:
        return True
    return False


async def _tidy(store: ObjectStore) -> None:
    """Remove earlier probes whose time is over; one that broke off may have left its hold."""
    async for found in store.list(PLACE):
        if await _refuses(store, found.key) and (await store.lock_state(found.key)).held:
            await store.hold(found.key, on=False)
            await _refuses(store, found.key)
