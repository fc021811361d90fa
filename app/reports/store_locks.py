"""Whether the store locks files: the book of daily looks, and what stands there now.

A store that could lock and no longer can is told apart from one that never could: locks that are gone are an alarm,
each day until they are back.
"""

from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from app.access.gate import Gate
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Database, Row
from app.core.ids import new_id
from app.core.schema import Output, Timestamp
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import EventType, Outcome, Subject
from app.reports.events import LOCK_FAILED, LOCK_LOST, LOCK_PROVEN, LOCK_UNSUPPORTED, LOCKS_VIEWED
from app.storage.protocol import ObjectStore
from app.storage.proving import Failure, Finding, Proof, prove

# A look is made each day; one may be missed.
_LATELY = timedelta(hours=48)
_SHOWN = 30
_COLUMNS = "id, looked_at, result, versions, failure"
_LAST = f"SELECT {_COLUMNS} FROM lock_looks ORDER BY id DESC LIMIT $1"


class LookResult(StrEnum):
    """What a look found."""

    PROVEN = "proven"
    UNABLE = "unable"
    LOST = "lost"
    FAILED = "failed"


class LockStatus(StrEnum):
    """What is known of the store's locks now."""

    PROVEN = "proven"
    UNABLE = "unable"
    LOST = "lost"
    FAILED = "failed"
    NOT_LATELY = "not_lately"
    NEVER = "never"


WORDS: dict[LockStatus, tuple[str, str]] = {
    LockStatus.PROVEN: ("The store keeps locked files", "文件存储的锁定有效"),
    LockStatus.UNABLE: ("The store can't lock files", "文件存储不支持锁定"),
    LockStatus.LOST: ("The store could lock files and no longer can", "文件存储的锁定配置已丢失"),
    LockStatus.FAILED: ("The probe of the store's locks failed", "文件存储的锁定检验未通过"),
    LockStatus.NOT_LATELY: ("The store's locks were not probed lately", "文件存储的锁定近期未检验"),
    LockStatus.NEVER: ("The store's locks were never probed", "文件存储的锁定尚未检验"),
}
_EVENTS: dict[LookResult, tuple[EventType, Outcome]] = {
    LookResult.PROVEN: (LOCK_PROVEN, Outcome.SUCCESS),
    LookResult.UNABLE: (LOCK_UNSUPPORTED, Outcome.SUCCESS),
    LookResult.LOST: (LOCK_LOST, Outcome.FAILED),
    LookResult.FAILED: (LOCK_FAILED, Outcome.FAILED),
}


class LookOut(Output):
    """One look: whether the bucket keeps versions, what was found, and why locks were not proven."""

    id: UUID
    looked_at: Timestamp
    result: LookResult
    versions: bool
    failure: Failure | None


class StoreLocksOut(Output):
    """What is known of the store's locks, and the last looks at them, newest first."""

    status: LockStatus
    en: str
    zh: str
    looks: list[LookOut]


class StoreLocks:
    """Looks at the locks of the store, and tells what was found."""

    def __init__(self, database: Database, uow: UnitOfWork, recorder: Recorder, gate: Gate, store: ObjectStore) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._store = store

    async def look(self, actor: Actor) -> LookResult:
        """Probe the locks and write down what was found; raise StoreUnavailable when the store can't be asked.

        One at a time: the job's lock sees to that.
        """
        finding = await prove(self._store)
        async with self._uow.begin(actor) as tx:
            last = await tx.connection.fetchrow(_LAST, 1)
            result = _judged(finding, last)
            await tx.connection.execute(
                f"INSERT INTO lock_looks ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5)",
                new_id(), now(), result.value, finding.versions, finding.failure,
            )  # fmt: skip
            event, outcome = _EVENTS[result]
            details = {"versions": finding.versions, "before": last["result"] if last else None}
            if finding.failure:
                details["failure"] = finding.failure.value
            tx.record(event, Subject("storage"), outcome, **details)
        return result

    async def status(self) -> LockStatus:
        """Tell what is known now; for the health of the service, so it asks no gate and tells of no file."""
        return _status(await self._database.fetchrow(_LAST, 1))

    async def report(self, actor: Actor) -> StoreLocksOut:
        """Tell what is known now, with the last 30 looks."""
        await self._gate.require(actor, "store_locks.read", Subject("storage"))
        rows = await self._database.fetch(_LAST, _SHOWN)
        status = _status(rows[0] if rows else None)
        await self._recorder.read(actor, LOCKS_VIEWED, Subject("storage"), status=status.value)
        en, zh = WORDS[status]
        return StoreLocksOut(status=status, en=en, zh=zh, looks=[LookOut(**dict(row)) for row in rows])


def _judged(finding: Finding, last: Row | None) -> LookResult:
    if finding.proof is Proof.UNABLE and last is not None and last["result"] != LookResult.UNABLE:
        return LookResult.LOST
    return LookResult(finding.proof.value)


def _status(last: Row | None) -> LockStatus:
    if last is None:
        return LockStatus.NEVER
    status = LockStatus(last["result"])
    # What is wrong stays wrong however old it is.
    if status is LockStatus.PROVEN and last["looked_at"] < now() - _LATELY:
        return LockStatus.NOT_LATELY
    return status
