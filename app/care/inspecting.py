"""Looks at single objects: is it there, is it as long as its row says, is every byte of it right.

A store that is down is no finding: `StoreUnavailable` passes through. What looks wrong is looked at twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from app.care.keepers import Keepers
from app.care.schemas import FindingKind
from app.core.errors import AppError, Unavailable
from app.storage.delivery import Delivery
from app.storage.errors import KeyDestroyed, ObjectMissing, StoreUnavailable
from app.storage.keeping import Kept
from app.storage.vault import NO_FILE, Vault

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]
_TRIES, _PAUSE_SECONDS = 3, 1.0
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with an object that a row names; `unread` when the store answers but won't give its bytes."""

    kept: Kept
    kind: FindingKind
    detail: str
    unread: bool = False


class Pace:
    """Keeps reading to a rate; bytes that were not read while there was time are not made up for.

    Parameters: `rate` in bytes a second, None for as fast as it goes; `clock` and `sleep` are those of the loop.
    """

    def __init__(self, rate: float | None, clock: Clock | None = None, sleep: Sleep = asyncio.sleep) -> None:
        self._rate, self.sleep = rate, sleep
        self.clock: Clock = clock or asyncio.get_running_loop().time
        self._free_at = self.clock()

    async def took(self, size: int) -> None:
        """Wait until so many bytes may have been read."""
        if self._rate is None:
            return
        moment = self.clock()
        self._free_at = max(self._free_at, moment) + size / self._rate
        if self._free_at > moment:
            await self.sleep(self._free_at - moment)


class Inspector:
    """Judges objects that rows name.

    `read` counts the bytes that were read so far, `whole` the objects that were found sound by reading.
    """

    def __init__(self, store: Vault, keepers: Keepers, pace: Pace, told: Callable[[int], None]) -> None:
        self._store, self._keepers, self._pace, self._told = store, keepers, pace, told
        self.read = self.whole = 0

    async def judge(self, kept: Kept, *, deep: bool) -> Flaw | None:
        """Tell what is wrong with an object; None too when its row has gone meanwhile.

        Raises StoreUnavailable when the store can't tell.
        """
        flaw = await self._look(kept, deep=deep)
        if flaw is None:
            self.whole += deep
            return None
        # Once more, both sides: an upload or a restart of the store may have been under way.
        flaw = flaw if flaw.unread else await self._look(kept, deep=deep)
        if flaw is None or not await self._keepers.known_keys([kept.key]):
            return None
        return flaw

    async def judge_all(self, several: Sequence[Kept], *, deep: bool, at_once: int) -> list[Flaw]:
        """Judge objects, some at once, and give the flaws in their order."""
        limit, flaws = asyncio.Semaphore(at_once), list[Flaw]()

        async def one(kept: Kept) -> None:
            async with limit:
                if (flaw := await self.judge(kept, deep=deep)) is not None:
                    flaws.append(flaw)

        tasks = [asyncio.ensure_future(one(kept)) for kept in several]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self.require_readings(flaws)
        return sorted(flaws, key=lambda flaw: flaw.kept.key)

    def require_readings(self, flaws: Sequence[Flaw]) -> None:
        """Raise StoreUnavailable when the store gives no object at all: that says nothing of any of them."""
        if not self.whole and any(flaw.unread for flaw in flaws):
            raise StoreUnavailable("the store answers, but gives no object whole")

    async def _look(self, kept: Kept, *, deep: bool) -> Flaw | None:
        if not deep:
            return await self._measure(kept)
        for attempt in range(_TRIES):
            try:
                return await self._read(kept)
            except StoreUnavailable:
                await self._store.probe()  # raises when it is not about this object
                if (flaw := await self._measure(kept)) is not None:
                    return flaw
                if attempt < _TRIES - 1:
                    await self._pace.sleep(_PAUSE_SECONDS)
        return Flaw(kept, FindingKind.CORRUPT, "the store does not give its bytes", unread=True)

    async def _measure(self, kept: Kept) -> Flaw | None:
        found = await self._store.stat(kept.key)
        if found is None:
            return Flaw(kept, FindingKind.MISSING, "no such object")
        if found.size != kept.size:
            held = "no whole file" if found.size == NO_FILE else f"{found.size} bytes"
            return Flaw(kept, FindingKind.CORRUPT, f"{held} instead of {kept.size}")
        return None

    async def _read(self, kept: Kept) -> Flaw | None:
        reasons: list[str] = []

        async def alarm(reason: str) -> None:
            reasons.append(reason)

        try:
            async with Delivery(self._store, kept.key, kept.size, kept.sha256, alarm).whole() as chunks:
                async for chunk in chunks:
                    self.read += len(chunk)
                    self._told(len(chunk))
                    await self._pace.took(len(chunk))
        except Unavailable:
            raise
        except KeyDestroyed:
            return None  # on purpose, and for good: that it can't be read is as it should be
        except ObjectMissing:
            return Flaw(kept, FindingKind.MISSING, "no such object")
        except AppError as error:
            return Flaw(kept, FindingKind.CORRUPT, reasons[0] if reasons else error.code)
        return None
