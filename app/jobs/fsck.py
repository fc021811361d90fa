"""`anjuan fsck`: the check of everything at the terminal, with its progress, its report, and an exit status."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from app.care.check import IntegrityCheck, Outcome, Run
from app.care.inspecting import MIB, Pace
from app.care.schemas import FindingKind, RunKind
from app.config import Settings
from app.core.errors import AppError
from app.core.logging import configure
from app.factory import Services, make_resources

SOUND, FINDINGS, NOT_DONE = 0, 1, 2
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a check; `rate` in MiB a second, None for as fast as it goes."""

    deep: bool = False
    repair: bool = False
    fresh: bool = False
    as_json: bool = False
    rate: float | None = None


async def fsck(settings: Settings, wish: Wish, out: Console, err: Console) -> int:
    """Check, print the report to `out` and everything else to `err`, and give the exit status."""
    configure("critical")  # what is found is told by the report
    resources = make_resources(settings)
    try:
        await resources.open()
        run, outcome = await _check(Services(resources).care.check, wish, err)
    except AppError as error:
        err.print(f"anjuan: the check could not be done: {escape(str(error))}", highlight=False)
        return NOT_DONE
    finally:
        await resources.close()
    _report(run, outcome, wish, out)
    return SOUND if outcome.sound else FINDINGS


async def _check(check: IntegrityCheck, wish: Wish, err: Console) -> tuple[Run, Outcome]:
    pace = Pace(None if wish.rate is None else wish.rate * MIB)
    async with check.alone():
        run = await check.begin(RunKind.DEEP if wish.deep else RunKind.QUICK, _who(), fresh=wish.fresh)
        if run.resumed:
            err.print(f"Going on behind {run.counts.checked} files; --fresh begins anew.", highlight=False)
        total = await check.total()
        with _progress(run, total, err) as (progress, task):

            def told(size: int) -> None:
                if run.deep:
                    progress.advance(task, size)
                else:
                    progress.update(task, completed=run.counts.checked)

            await check.carry_out(run, repair=wish.repair, pace=pace, told=told)
        return run, await check.outcome()


@contextmanager
def _progress(run: Run, total: tuple[int, int], err: Console) -> Iterator[tuple[Progress, TaskID]]:
    """Show how far it is: by bytes where they are read, else by files."""
    units: tuple[ProgressColumn, ...] = (
        (DownloadColumn(binary_units=True), TransferSpeedColumn()) if run.deep else (MofNCompleteColumn(),)
    )
    columns = (TextColumn("Reading" if run.deep else "Comparing"), BarColumn(), *units, TimeRemainingColumn())
    objects, size = total
    with Progress(*columns, console=err, transient=True) as progress:
        done, whole = (run.counts.read, size) if run.deep else (run.counts.checked, objects)
        yield progress, progress.add_task("", total=whole, completed=done)


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as containers have
        return f"uid {os.getuid()}"


def _report(run: Run, outcome: Outcome, wish: Wish, out: Console) -> None:
    if wish.as_json:
        out.file.write(orjson.dumps(_document(run, outcome), option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    counts = run.counts
    out.print(f"{counts.checked} files checked" + (f", {counts.read} bytes read" if run.deep else ""), highlight=False)
    for words, number in (
        ("missing", counts.missing), ("corrupt", counts.corrupt), ("orphans", counts.orphans),
        ("orphans removed", counts.removed), ("on the way", counts.on_the_way), ("found mended", counts.resolved),
    ):  # fmt: skip
        if number:
            out.print(f"  {words}: {number}", highlight=False)
    if outcome.findings:
        table = Table("kind", "key", "of", "what", box=None)
        for one in outcome.findings[:_SHOWN]:
            of = "" if one["kind"] == FindingKind.ORPHAN.value else f"{one['subject_type']} {one['subject_id']}"
            table.add_row(one["kind"], one["object_key"], of, escape(one["detail"]))
        out.print(table, highlight=False)
        if sum(outcome.open.values()) > len(outcome.findings[:_SHOWN]):
            out.print("  … all of them: --json, and GET /v1/integrity", highlight=False)
    out.print("Sound." if outcome.sound else f"Not sound: {_words(outcome.open)} open.", highlight=False)


def _words(open_: dict[str, int]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in sorted(open_.items()))


def _document(run: Run, outcome: Outcome) -> dict[str, Any]:
    return {
        "run": {"id": str(run.id), "kind": run.kind.value, "resumed": run.resumed, "counts": asdict(run.counts)},
        "sound": outcome.sound,
        "open": outcome.open,
        "findings": [
            {
                "kind": row["kind"], "object_key": row["object_key"], "subject_type": row["subject_type"],
                "subject_id": None if row["subject_id"] is None else str(row["subject_id"]), "detail": row["detail"],
                "found_at": row["found_at"].isoformat(),
            }
            for row in outcome.findings
        ],
    }  # fmt: skip
