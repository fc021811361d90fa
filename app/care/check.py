"""Checks everything in one pass: rows beside the store's list, by batches; a run that was broken off goes on.

What a batch found is kept before the run moves on, so a killed one repeats a batch and leaves no finding out. Repeating
finds the same once: a finding is noted once a run.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from app.care import repository
from app.care.events import STORAGE_CHECKED
from app.care.findings import Findings
from app.care.inspecting import Flaw, Inspector, Pace
from app.care.keepers import Keepers, Pair
from app.care.models import IntegrityRun
from app.care.orphans import Orphans
from app.care.schemas import Counts, FindingKind, RunKind
from app.core.actor import Actor, service_actor
from app.core.clock import now
from app.core.database import Database, Row, session_lock
from app.core.errors import Conflict
from app.core.ids import new_id
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import Subject
from app.storage.keeping import Kept
from app.storage.protocol import StoredObject
from app.storage.vault import Vault

_BATCH, _BATCH_BYTES = 500, 256 * 1024 * 1024
_AT_ONCE = 4
_MOST_TOLD = 10_000
_NO_ID = UUID(int=0)


class CheckUnderWay(Conflict):
    """Another process checks the same store."""

    code, title_en, title_zh = "check_under_way", "A check is under way", "完整性检查正在进行"


@dataclass(slots=True)
class Run:
    """A run of the check, and how far it has come."""

    id: UUID
    kind: RunKind
    started_by: str
    position: str = ""
    counts: Counts = field(default_factory=Counts)
    resumed: bool = False

    @property
    def deep(self) -> bool:
        """Whether every byte is read."""
        return self.kind is not RunKind.QUICK


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it stands after a run: numbers of open findings by kind, and the findings (10,000 at most), by key."""

    open: dict[str, int]
    findings: list[Row]

    @property
    def sound(self) -> bool:
        """Whether nothing stands open, from this run or an earlier one."""
        return not self.open


def run_of(row: Row) -> Run:
    """Take up a run where it stopped."""
    return Run(
        row["id"], RunKind(row["kind"]), row["started_by"], row["position"], Counts(**row["counts"]), resumed=True
    )


class IntegrityCheck:
    """The check of everything.

    Parameters: `grace` is the age from which an object without a row is an orphan.
    """

    def __init__(
        self,
        database: Database,
        uow: UnitOfWork,
        store: Vault,
        keepers: Keepers,
        findings: Findings,
        orphans: Orphans,
        grace: timedelta,
    ) -> None:
        self._database, self._uow, self._store = database, uow, store
        self._keepers, self._findings, self._orphans, self._grace = keepers, findings, orphans, grace

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Keep other checks out, but for the scheduled one; CheckUnderWay when there is one."""
        async with self._database.connection() as connection, session_lock(connection, "fsck") as free:
            if not free:
                raise CheckUnderWay("Another check of these files is under way", "另一项检查正在进行")
            yield

    async def begin(self, kind: RunKind, started_by: str, *, fresh: bool) -> Run:
        """Take up the unfinished run of a kind, or begin one: when there is none, or `fresh` is wanted."""
        row = None if fresh else await repository.unfinished(self._database, kind.value)
        if row is not None:
            return run_of(row)
        run, moment = Run(new_id(), kind, started_by), now()
        await repository.begin(
            self._database,
            IntegrityRun(
                id=run.id, kind=kind.value, started_by=started_by, started_at=moment, updated_at=moment, position="",
                counts=asdict(run.counts),
            ),
        )  # fmt: skip
        return run

    async def outcome(self) -> Outcome:
        """Tell how it stands now."""
        findings = await repository.open_by_key(self._database, _MOST_TOLD)
        return Outcome(await repository.open_counts(self._database), findings)

    async def total(self) -> tuple[int, int]:
        """Give the number of objects that there are to check, and of their bytes."""
        return await self._keepers.total()

    async def carry_out(
        self, run: Run, *, repair: bool = False, pace: Pace | None = None, told: Callable[[int], None] = lambda _: None
    ) -> Run:
        """Check what is left of a run, and end it.

        `repair` removes orphans past their grace; `told` hears of bytes as they are read, and of batches by 0. Raises
        StoreUnavailable or Unavailable when it can't go on; it then goes on another time.
        """
        actor = _actor(run)
        inspector = Inspector(self._store, self._keepers, pace or Pace(None), told)
        await self._store.probe()
        async with aclosing(self._keepers.beside(self._store, run.position)) as pairs:
            batch, size = list[Pair](), 0
            async for pair in pairs:
                batch.append(pair)
                size += pair.kept.size if pair.kept is not None else 0
                if len(batch) >= _BATCH or (run.deep and size >= _BATCH_BYTES):
                    await self._batch(run, actor, inspector, batch, repair=repair)
                    told(0)
                    batch, size = [], 0
        await self._batch(run, actor, inspector, batch, repair=repair)
        await self._settle(run, actor)
        moment = now()
        async with self._uow.begin(actor) as tx:
            await repository.finish(tx.connection, run.id, run.counts, moment)
            tx.record(
                STORAGE_CHECKED, Subject("storage"), run_id=run.id, kind=run.kind.value, by=run.started_by,
                **asdict(run.counts),
            )  # fmt: skip
        told(0)
        return run

    async def _batch(self, run: Run, actor: Actor, inspector: Inspector, batch: list[Pair], *, repair: bool) -> None:
        if not batch:
            return
        counts = Counts(**asdict(run.counts))
        read_before = inspector.read
        lone = [pair.found for pair in batch if pair.kept is None and pair.found is not None]
        # Their rows came after the rows of this page were read, so they are looked at like all others.
        late = await self._keepers.named([found.key for found in lone])
        pairs = [pair if pair.kept is not None else replace(pair, kept=late.get(pair.key)) for pair in batch]
        kept = [pair.kept for pair in pairs if pair.kept is not None]
        several = kept if run.deep else [pair.kept for pair in pairs if pair.kept is not None and _suspicious(pair)]
        flaws = await inspector.judge_all(several, deep=run.deep, at_once=_AT_ONCE)
        open_ = await self._findings.open_among([pair.key for pair in batch])
        counts.resolved += await self._note(run, actor, kept, flaws, open_)
        await self._strays(run, actor, counts, [found for found in lone if found.key not in late], open_, repair=repair)
        if run.deep:
            outcomes = {flaw.kept.key: flaw.kind.value for flaw in flaws}
            await repository.keep_checks(
                self._database, [(one.key, one.size, outcomes.get(one.key, "sound")) for one in several], now()
            )
        counts.checked += len(kept)
        counts.read += inspector.read - read_before
        counts.missing += sum(flaw.kind is FindingKind.MISSING for flaw in flaws)
        counts.corrupt += sum(flaw.kind is FindingKind.CORRUPT for flaw in flaws)
        run.counts, run.position = counts, batch[-1].key
        await repository.advance(self._database, run.id, run.position, counts, now())

    async def _note(
        self, run: Run, actor: Actor, kept: Sequence[Kept], flaws: Sequence[Flaw], open_: dict[str, Row]
    ) -> int:
        """Keep what was found wrong, and close what no longer is; give the number of the latter."""
        for flaw in flaws:
            await self._findings.note(actor, run.id, flaw, open_.get(flaw.kept.key))
        wrong, resolved = {flaw.kept.key for flaw in flaws}, 0
        for one in kept:
            finding = open_.get(one.key)
            # Who has not read the bytes can't say that they are right again.
            unread = finding is not None and finding["kind"] == FindingKind.CORRUPT.value and not run.deep
            if finding is not None and one.key not in wrong and not unread:
                await self._findings.resolve(actor, run.id, finding, "sound")
                resolved += 1
        return resolved

    async def _strays(
        self, run: Run, actor: Actor, counts: Counts, lone: list[StoredObject], open_: dict[str, Row], *, repair: bool
    ) -> None:
        """Tell objects whose row may still come from orphans; keep or remove these."""
        oldest_kept = now() - self._grace
        orphans = [found for found in lone if found.modified is not None and found.modified < oldest_kept]
        counts.on_the_way += len(lone) - len(orphans)
        if repair:
            counts.removed += await self._orphans.remove(actor, [found.key for found in orphans])
        else:
            # What was listed may have been removed since, by whoever stored it or by the sweep.
            there = [found for found in orphans if await self._store.stat(found.key) is not None]
            counts.orphans += len(there)
            await self._findings.note_orphans(actor, run.id, there, open_)

    async def _settle(self, run: Run, actor: Actor) -> None:
        """Close what earlier runs found of objects that are no more, or are orphans no more."""
        after = _NO_ID
        while rows := await repository.open_elsewhere(self._database, run.id, after, _BATCH):
            named = await self._keepers.known_keys([row["object_key"] for row in rows])
            for row in rows:
                orphan, known = row["kind"] == FindingKind.ORPHAN.value, row["object_key"] in named
                gone = not known and (not orphan or await self._store.stat(row["object_key"]) is None)
                if gone or (orphan and known):
                    await self._findings.resolve(actor, run.id, row, "gone" if gone else "kept")
                    run.counts.resolved += 1
            after = rows[-1]["id"]


def _actor(run: Run) -> Actor:
    # The run's own id, so that all its events are found together.
    return service_actor("COMMAND", "fsck", str(run.id))


def _suspicious(pair: Pair) -> bool:
    """Tell whether the store's list contradicts the row."""
    return pair.found is None or (pair.kept is not None and pair.found.size != pair.kept.size)
