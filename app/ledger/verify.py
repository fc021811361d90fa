"""The whole check of a ledger: signature, tree, each event against its leaf, and an earlier checkpoint.

Source: `docs/ledger.md`. Reads a running system without holding anything up; with no database, only the bucket.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from app.core.database import Database, Row
from app.ledger.bucket import Source
from app.ledger.findings import Finding, Findings, Kind
from app.ledger.merkle import verify_consistency
from app.ledger.note import COSIGNATURE, Checkpoint, Note, NoteError, VerifierKey, open_checkpoint
from app.ledger.prover import LedgerNotWhole, Prover, Tree
from app.ledger.row_check import RowCheck
from app.ledger.tiles import CHECKPOINT, WITNESSED
from app.ledger.tree_check import Span, TreeCheck, event_id

# Events wait for their transaction, and for a bucket that is down, sealed by their ids; beyond this it is told.
LATE = timedelta(hours=1)
_LATE_KEPT = 100
_TIME, _TIME_BYTES = b'"recorded_at":"', 27


@dataclass(slots=True)
class Late:
    """An event that was sealed behind others which say that they were recorded more than LATE after it."""

    event_id: UUID | None
    index: int
    recorded_at: str


@dataclass(slots=True)
class Report:
    """What was checked and found.

    `cosigned` says how many events each known witness has cosigned; `events` is None without a database; `late` is no
    fault, but worth a look.
    """

    origin: str | None = None
    size: int = 0
    root: bytes = b""
    keys: list[str] = field(default_factory=list)
    cosigned: dict[str, int] = field(default_factory=dict)
    since: int | None = None
    events: int | None = None
    redacted: int = 0
    waiting: int = 0
    late_count: int = 0
    late: list[Late] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)

    @property
    def sound(self) -> bool:
        """Whether all holds."""
        return not self.findings.counts


class Verification:
    """One check of the ledger in `source`, signed by one of `keys`, against `database` unless there is none."""

    def __init__(self, source: Source, keys: Sequence[VerifierKey], database: Database | None = None) -> None:
        self._source, self._keys, self._database = source, keys, database
        self.report = Report()
        self._newest = b""

    async def run(self, since: bytes | None, told: Callable[[int, int], None]) -> Report:
        """Check all; `since` is an earlier checkpoint. `told` is called with how many of how many leaves are done.

        Raises NoteError when `since` is none of this ledger's, Unavailable when a store can't be read.
        """
        report, earlier = self.report, None
        if since is not None:
            earlier, _ = open_checkpoint(since, self._keys)
            report.since = earlier.size
        # Before the checkpoint is read: what the database says is published by now, or was cosigned, can't be ahead.
        head, witnessed = await self._head(), await self._witnessed()
        checkpoint = await self._checkpoint(head)
        if checkpoint is None:
            return report
        report.origin, report.size, report.root = checkpoint.origin, checkpoint.size, checkpoint.root
        if head is not None and checkpoint.size < head["published"]:
            self._add(Kind.OLD_CHECKPOINT, f"it is of {checkpoint.size} events, and {head['published']} were sealed")
        await self._leaves(checkpoint, told)
        if witnessed is not None:
            await self._compare(witnessed, checkpoint, "cosigned by witnesses")
        if earlier is not None:
            await self._compare(earlier, checkpoint, "that was given")
        return report

    async def _head(self) -> Row | None:
        if self._database is None:
            return None
        head = await self._database.fetchrow("SELECT published FROM ledger_head")
        if head is None:
            self._add(Kind.TREE, "the row of ledger_head is missing")
        return head

    async def _checkpoint(self, head: Row | None) -> Checkpoint | None:
        """Read the checkpoint; one that is not signed is told, and its tree looked at all the same."""
        data = await self._source.read(CHECKPOINT)
        if data is None:
            if head is None or head["published"]:
                self._add(Kind.CHECKPOINT, "there is none")
            return None
        try:
            checkpoint, note = open_checkpoint(data, self._keys)
        except NoteError as error:
            self._add(Kind.CHECKPOINT, str(error))
            try:
                return Checkpoint.parse(Note.parse(data).text)
            except NoteError:
                return None
        self.report.keys = [key.text for key in note.verified(self._keys)]
        return checkpoint

    async def _leaves(self, checkpoint: Checkpoint, told: Callable[[int, int], None]) -> None:
        report = self.report
        rows = None if self._database is None else RowCheck(self._database, report.findings)
        async for spans in TreeCheck(self._source, checkpoint.size, checkpoint.root, report.findings).spans():
            if rows is not None:
                await rows.check(spans)
            await asyncio.to_thread(self._look_for_late, spans)
            told(spans[-1].begin + spans[-1].width, checkpoint.size)
        if rows is not None:
            await rows.finish()
            report.events, report.redacted, report.waiting = rows.right, rows.redacted, rows.waiting

    def _look_for_late(self, spans: Sequence[Span]) -> None:
        """Note what was sealed far behind its time: whoever back-dates an event can't put it where it would belong."""
        for span in spans:
            for n, leaf in enumerate(span.leaves or ()):
                at = leaf.find(_TIME) + len(_TIME)
                time = leaf[at : at + _TIME_BYTES]
                if time >= self._newest:
                    self._newest = time
                elif _seconds(time) < _seconds(self._newest) - LATE.total_seconds():
                    self.report.late_count += 1
                    if len(self.report.late) < _LATE_KEPT:
                        self.report.late.append(Late(event_id(leaf), span.begin + n, time.decode(errors="replace")))

    async def _witnessed(self) -> Checkpoint | None:
        """Read what witnesses have cosigned, and note who did."""
        data = await self._source.read(WITNESSED)
        if data is None:
            return None
        try:
            checkpoint, note = open_checkpoint(data, self._keys)
        except NoteError as error:
            self.report.findings.add(Finding(Kind.CHECKPOINT, str(error), path=WITNESSED))
            return None
        signers = note.verified(self._keys)
        self.report.cosigned = {key.name: checkpoint.size for key in signers if key.kind == COSIGNATURE}
        return checkpoint

    async def _compare(self, earlier: Checkpoint, checkpoint: Checkpoint, which: str) -> None:
        if earlier.size > checkpoint.size:
            self._add(Kind.OLD_CHECKPOINT, f"it is of {checkpoint.size} events, the one {which} of {earlier.size}")
        elif not await continues(self._source, earlier, checkpoint):
            self._add(Kind.OTHER_HISTORY, f"the first {earlier.size} events are not those of the checkpoint {which}")

    def _add(self, kind: Kind, detail: str) -> None:
        self.report.findings.add(Finding(kind, detail, path=CHECKPOINT))


async def continues(source: Source, earlier: Checkpoint, later: Checkpoint) -> bool:
    """Tell whether the tiles prove that a checkpoint's tree begins with that of an earlier one."""
    try:
        path = await Prover(source).consistency(Tree(later, b""), earlier.size, later.size)
    except LedgerNotWhole:
        return False
    return verify_consistency(earlier.size, earlier.root, later.size, later.root, path)


def _seconds(time: bytes) -> float:
    try:
        return datetime.fromisoformat(time.decode()).timestamp()
    except ValueError:
        return 0.0
