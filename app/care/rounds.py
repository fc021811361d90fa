"""The scheduled check: reads everything again within so many days, at a rate, those first that were read longest ago.

A turn is work among others: one file at a time, each noted when it is done, so that a killed worker loses one file.
A store that is down is no finding; the turn ends with `Unavailable` and the next one goes on.
"""

from collections.abc import Container
from contextlib import aclosing
from dataclasses import asdict
from datetime import timedelta

import structlog

from app.care import repository
from app.care.check import IntegrityCheck, Run, run_of
from app.care.events import STORAGE_CHECKED
from app.care.findings import Findings
from app.care.inspecting import MIB, Flaw, Inspector, Pace
from app.care.keepers import PREFIX, Keepers
from app.care.schemas import CoverageOut, FindingKind, RunKind
from app.core.actor import Actor, service_actor
from app.core.clock import now
from app.core.database import Database
from app.core.ids import first_id_at
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import Subject
from app.storage.keeping import Kept
from app.storage.vault import Vault

_log = structlog.get_logger()
_PAGE, _BATCH = 500, 200
TURN_SECONDS = 600.0
_RUN_LASTS = timedelta(days=1)
# Read again when so much of the time has passed: what is left is for those that wait behind others.
_DUE_AT = 0.8
# Rows come at the end of an upload, under a key of its beginning.
_LONGEST_UPLOAD = timedelta(days=2)


class IntegrityRounds:
    """The scheduled check.

    Parameters: `days` within which everything is to be read, `rate` in MiB a second.
    """

    def __init__(
        self,
        database: Database,
        uow: UnitOfWork,
        store: Vault,
        keepers: Keepers,
        findings: Findings,
        check: IntegrityCheck,
        days: int,
        rate: float,
    ) -> None:
        self._database, self._uow, self._store = database, uow, store
        self._keepers, self._findings, self._check = keepers, findings, check
        self._days, self._rate = days, rate

    async def turn(self, pace: Pace | None = None, seconds: float = TURN_SECONDS) -> int:
        """Read what is due for about so many seconds at most; give the number of objects that were read.

        `pace` replaces one of the set rate. Raises StoreUnavailable when the store is down or gives nothing at all.
        """
        run = await self._run()
        await self._expect(f"{PREFIX}{first_id_at(now() - _LONGEST_UPLOAD)}" if run.resumed else "")
        actor = service_actor("JOB", "check_integrity", str(run.id))
        pace = pace or Pace(self._rate * MIB)
        inspector = Inspector(self._store, self._keepers, pace, lambda _: None)
        ends, put_off = pace.clock() + seconds, dict[str, Flaw]()
        try:
            while pace.clock() < ends and (batch := await self._due(put_off)):
                for kept in batch:
                    if pace.clock() >= ends:
                        break
                    flaw = await inspector.judge(kept, deep=True)
                    if flaw is not None and flaw.unread:
                        # Whether it is this one or the store shows when others are read.
                        put_off[kept.key] = flaw
                    else:
                        await self._keep(run, actor, kept, flaw)
            inspector.require_readings([*put_off.values()])
            for flaw in put_off.values():
                await self._keep(run, actor, flaw.kept, flaw)
        finally:
            run.counts.read += inspector.read
            await repository.advance(self._database, run.id, "", run.counts, now())
        return run.counts.checked

    async def coverage(self) -> CoverageOut:
        """Tell how much was read within the days, and whether the rate is enough for that."""
        objects, size = await self._keepers.total()
        found = await repository.coverage(self._database, now() - timedelta(days=self._days))
        days_needed = size / (self._rate * MIB) / 86_400
        return CoverageOut(
            days=self._days, objects=objects, bytes=size, checked_within=found["checked_within"],
            never_checked=max(0, objects - found["checked"]), overdue=found["overdue"],
            oldest_check=found["oldest_check"], days_needed=round(days_needed, 2),
            keeps_up=not found["overdue"] and days_needed <= self._days,
        )  # fmt: skip

    async def _run(self) -> Run:
        """Take up the run of this day; the one of the day before ends with its summary."""
        row = await repository.unfinished(self._database, RunKind.SCHEDULED.value)
        if row is not None and row["started_at"] <= now() - _RUN_LASTS:
            await self._end(run_of(row))
        return await self._check.begin(RunKind.SCHEDULED, "worker", fresh=False)

    async def _end(self, run: Run) -> None:
        coverage = await self.coverage()
        async with self._uow.begin(service_actor("JOB", "check_integrity", str(run.id))) as tx:
            await repository.finish(tx.connection, run.id, run.counts, now())
            tx.record(
                STORAGE_CHECKED, Subject("storage"), run_id=run.id, kind=run.kind.value, by=run.started_by,
                **asdict(run.counts), overdue=coverage.overdue, keeps_up=coverage.keeps_up,
            )  # fmt: skip
        if not coverage.keeps_up:
            _log.warning(
                "integrity check can't keep up: raise ANJUAN_INTEGRITY_MIB_PER_SECOND or ANJUAN_INTEGRITY_DAYS",
                days=self._days, days_needed=coverage.days_needed, overdue=coverage.overdue,
            )  # fmt: skip

    async def _expect(self, after: str) -> None:
        """Note objects behind a key; with all of them forget those that no row names any more."""
        rows: list[Kept] = []
        async with aclosing(self._keepers.rows(after)) as walk:
            async for kept in walk:
                rows.append(kept)
                if len(rows) == _PAGE:
                    await self._note(rows)
                    rows = []
        await self._note(rows)
        noted = ""
        while not after and (keys := await repository.noted(self._database, noted, _PAGE)):
            named = await self._keepers.known_keys(keys)
            await repository.forget_checks(self._database, [key for key in keys if key not in named])
            noted = keys[-1]

    async def _note(self, rows: list[Kept]) -> None:
        await repository.expect(self._database, [row.key for row in rows], [row.size for row in rows], now())

    async def _due(self, but: Container[str]) -> list[Kept]:
        """Give some of the objects that are due, in the order in which they are read."""
        moment = now()
        before = moment - timedelta(days=self._days * _DUE_AT)
        while keys := await repository.due(self._database, before, moment, _BATCH):
            named = await self._keepers.named(keys)
            if len(named) == len(keys):
                return [named[key] for key in keys if key not in but]
            await repository.forget_checks(self._database, [key for key in keys if key not in named])
        return []

    async def _keep(self, run: Run, actor: Actor, kept: Kept, flaw: Flaw | None) -> None:
        """Keep what came of reading an object, before the next one is read."""
        finding = (await self._findings.open_among([kept.key])).get(kept.key)
        if flaw is not None:
            await self._findings.note(actor, run.id, flaw, finding)
        elif finding is not None:
            await self._findings.resolve(actor, run.id, finding, "sound")
        outcome = "sound" if flaw is None else flaw.kind.value
        await repository.keep_checks(self._database, [(kept.key, kept.size, outcome)], now())
        counts = run.counts
        counts.checked += 1
        counts.resolved += flaw is None and finding is not None
        counts.missing += flaw is not None and flaw.kind is FindingKind.MISSING
        counts.corrupt += flaw is not None and flaw.kind is FindingKind.CORRUPT
