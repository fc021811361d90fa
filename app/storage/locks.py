"""Locks on stored objects: what a store can do, how an object is locked, and the verbs for it.

A lock keeps bytes; it decides nothing. Which objects are held or retained, and until when, is the domain's to say.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from app.core.clock import now

LockMode = Literal["governance", "compliance"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the bucket can do: keep `versions` of an object (also when that is suspended), and `lock` them."""

    versions: bool
    locks: bool


@dataclass(frozen=True, slots=True)
class LockState:
    """How an object is locked: by a hold without end, and until a moment (UTC)."""

    held: bool = False
    retained_until: datetime | None = None

    def locked_at(self, moment: datetime) -> bool:
        """Tell whether the object may not be removed at `moment`."""
        return self.held or (self.retained_until is not None and self.retained_until > moment)


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload in parts that was begun (UTC) and neither completed nor given up."""

    key: str
    id: str
    begun: datetime


class Locking(Protocol):
    """The verbs of locks. All raise `StoreUnavailable` like the others, and `ObjectMissing` for a key without object.

    Nothing here is sent to a bucket that can't lock: a store that doesn't know a lock's request may take it for the
    object itself and overwrite the bytes.
    """

    async def capabilities(self) -> Capabilities:
        """Ask the bucket, each time anew, what it can do."""
        ...

    async def hold(self, key: str, *, on: bool) -> None:
        """Put the object under a legal hold, or release it; raise `LocksMissing` where the bucket can't lock."""
        ...

    async def retain(self, key: str, until: datetime) -> None:
        """Lock the object until a moment in the future, which can later be moved on but not back.

        Raises `LocksMissing` where the bucket can't lock, `ObjectLocked` for an earlier moment than it has, ValueError
        for one that is past.
        """
        ...

    async def lock_state(self, key: str) -> LockState:
        """Read back how the object is locked; not at all in a bucket that can't lock."""
        ...

    def uploads(self, prefix: str) -> AsyncIterator[Upload]:
        """Go through uploads in parts under `prefix` that nobody completed, as far as the store lists them."""
        ...

    async def give_up(self, upload: Upload) -> None:
        """Remove the parts of an upload; one that has ended is as good as removed."""
        ...


def check_moment(until: datetime) -> None:
    """Raise ValueError for a moment that is past: no store takes it, and it would lock nothing."""
    if until <= now():
        raise ValueError("an object is retained until a moment in the future")
