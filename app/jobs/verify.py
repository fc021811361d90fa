"""`anjuan verify`: the check of the ledger at the terminal, with its progress, its report, and an exit status."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from app.config import DatabaseSettings, Settings
from app.core.actor import service_actor
from app.core.database import Database
from app.core.errors import AppError
from app.core.garbage import look_seldom
from app.core.ids import new_id
from app.core.logging import configure
from app.events.recorder import Recorder
from app.events.vocabulary import Event, Outcome, Subject
from app.factory import make_database, make_store
from app.factory.resources import make_witnesses
from app.jobs.events import LEDGER_VERIFIED
from app.ledger.bucket import Bucket, Directory, Source
from app.ledger.keys import FILE, LedgerKeyFile
from app.ledger.note import NoteError, VerifierKey
from app.ledger.verify import Report, Verification

SOUND, FINDINGS, NOT_DONE = 0, 1, 2
_SHOWN = 20
_STATEMENT_SECONDS = 300.0  # a busy system is no reason to break off


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a check.

    `bucket` is a copy of the ledger's, None for the ledger itself; `key` verifier keys as text or a file of them, None
    for those of the instance; `since` a file with an earlier checkpoint; `database` whether events are compared.
    """

    bucket: Path | None = None
    key: str | None = None
    since: Path | None = None
    database: bool = True
    as_json: bool = False

    @property
    def alone(self) -> bool:
        """Whether nothing of an instance is needed."""
        return self.bucket is not None and self.key is not None and not self.database


async def verify(settings: Settings, wish: Wish, out: Console, err: Console) -> int:
    """Check, print the report to `out` and everything else to `err`, and give the exit status."""
    configure("critical")  # what is found is told by the report
    try:
        async with _sources(settings, wish) as (source, database):
            since = None if wish.since is None else await asyncio.to_thread(wish.since.read_bytes)
            keys = await asyncio.to_thread(_keys, settings, wish.key)
            with _progress(err) as told, _cycles_sought_seldom():
                report = await Verification(source, keys, database).run(since, told)
            _print(report, wish, out)
            if database is not None:
                await _record(database, report)
    except (AppError, NoteError, OSError) as error:
        err.print(f"anjuan: the check could not be done: {escape(str(error))}", highlight=False)
        return NOT_DONE
    return SOUND if report.sound else FINDINGS


@asynccontextmanager
async def _sources(settings: Settings, wish: Wish) -> AsyncIterator[tuple[Source, Database | None]]:
    database = _database(settings.database) if wish.database else None
    bucket = Bucket(make_store(settings.storage, "ledger")) if wish.bucket is None else None
    try:
        if database is not None:
            await database.open()
        yield bucket or Directory(wish.bucket or Path()), database
    finally:
        if bucket is not None:
            await bucket.aclose()
        if database is not None:
            await database.close()


def _database(settings: DatabaseSettings) -> Database:
    return make_database(settings.model_copy(update={"database_statement_seconds": _STATEMENT_SECONDS}), size=2)


def _keys(settings: Settings, given: str | None) -> list[VerifierKey]:
    """Read the keys that may have signed, those that no longer sign included; raise NoteError."""
    if given is None:
        witnesses = [witness.key for witness in make_witnesses(settings.ledger)]
        return LedgerKeyFile(settings.key_dir / FILE).verifiers(retired=True) + witnesses
    text = Path(given).read_text() if Path(given).is_file() else given
    keys = [VerifierKey.parse(line) for line in text.splitlines() if line.strip()]
    if not keys:
        raise NoteError(f"{given} holds no verifier key")
    return keys


@contextmanager
def _cycles_sought_seldom() -> Iterator[None]:
    """Keep Python from looking for cycles of garbage while rows come in: they make none, and it is a third of the work.

    What is left behind in cycles is still found, later.
    """
    before = look_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _progress(err: Console) -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn("Checking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, whole: progress.update(task, completed=done, total=whole)


async def _record(database: Database, report: Report) -> None:
    recorder = Recorder(database)
    details = {"size": report.size, "root": report.root.hex(), "findings": report.findings.by_kind}
    outcome = Outcome.SUCCESS if report.sound else Outcome.FAILED
    actor = service_actor("CLI", "verify", str(new_id()))
    try:
        await recorder.record(actor, Event(LEDGER_VERIFIED, Subject("ledger"), outcome, details))
    finally:
        await recorder.close()


def _print(report: Report, wish: Wish, out: Console) -> None:
    if wish.as_json:
        out.file.write(orjson.dumps(document(report), default=str, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    out.print(f"{report.origin or 'No checkpoint'}: {report.size} events, root {report.root.hex()}", highlight=False)
    for key in report.keys:
        out.print(f"  signed by {escape(key)}", highlight=False)
    for name, size in report.cosigned.items():
        out.print(f"  {size} events cosigned by {escape(name)}", highlight=False)
    for words, number in (
        ("events as they were sealed", report.events), ("their personal data erased", report.redacted),
        ("not sealed yet", report.waiting), ("continues the earlier checkpoint of", report.since),
        ("sealed more than an hour after others of later time", report.late_count),
    ):  # fmt: skip
        if number:
            out.print(f"  {words}: {number}", highlight=False)
    if report.findings.kept:
        table = Table("kind", "event", "place", "object", "what", box=None)
        for one in report.findings.kept[:_SHOWN]:
            place = "" if one.index is None else str(one.index)
            table.add_row(one.kind, str(one.event_id or ""), place, one.path or "", escape(one.detail))
        out.print(table, highlight=False)
        if report.findings.counts.total() > _SHOWN:
            out.print("  … all of them: --json", highlight=False)
    counts = ", ".join(f"{number} {kind}" for kind, number in sorted(report.findings.by_kind.items()))
    out.print("Sound." if report.sound else f"Not sound: {counts}.", highlight=False)


def document(report: Report) -> dict[str, Any]:
    """Give the report for programs."""
    plain = {
        name: getattr(report, name)
        for name in (
            "origin",
            "size",
            "keys",
            "cosigned",
            "since",
            "events",
            "redacted",
            "waiting",
            "late_count",
            "sound",
        )
    }
    return {
        **plain, "root": report.root.hex(), "late": [asdict(one) for one in report.late],
        "counts": report.findings.by_kind,
        "findings": [asdict(one) for one in report.findings.kept],
    }  # fmt: skip
