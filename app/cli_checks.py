"""`anjuan fsck` and `anjuan verify`: what is kept is checked as a whole; 0 sound, 1 findings, 2 not done."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from app.cli_settings import DataDir, complain, read_settings
from app.embedded import control
from app.embedded.processes import EmbeddedError

NOT_DONE, INTERRUPTED = 2, 130


def fsck(
    data_dir: DataDir = None,
    deep: Annotated[bool, typer.Option("--deep", help="Read every file and compare its digest")] = False,
    repair_orphans: Annotated[
        bool, typer.Option("--repair-orphans", help="Remove objects without a record that are past their grace")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh/--resume", help="Begin anew instead of going on with a check that was broken off")
    ] = False,
    mib_per_second: Annotated[float | None, typer.Option(min=0.001, help="Read no faster than this")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Give the report as JSON")] = False,
) -> None:
    """Check that every record has its file, whole, and every file its record; 0 sound, 1 findings, 2 not done."""

    async def check() -> int:
        from app.jobs.fsck import Wish, fsck  # loads the whole service

        wish = Wish(deep=deep, repair=repair_orphans, fresh=fresh, as_json=as_json, rate=mib_per_second)
        return await fsck(control.attached(read_settings(data_dir=data_dir)), wish, Console(), Console(stderr=True))

    _finish(check(), "stopped; the next `anjuan fsck` of this kind goes on from here.")


def verify(
    data_dir: DataDir = None,
    bucket: Annotated[Path | None, typer.Option(help="Read this copy of the ledger's bucket instead")] = None,
    key: Annotated[
        str | None, typer.Option(help="Verifier key, or a file of them; without it those of the instance")
    ] = None,
    since: Annotated[Path | None, typer.Option(help="An earlier checkpoint that this ledger must continue")] = None,
    database: Annotated[
        bool,
        typer.Option("--database/--no-database", help="Compare events with their leaves, or read the ledger only"),
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Give the report as JSON")] = False,
) -> None:
    """Check that no event was altered, removed, added or moved since it was sealed; 0 sound, 1 findings, 2 not done.

    With --bucket, --key and --no-database it needs nothing of an instance.
    """

    async def check() -> int:
        from app.jobs.verify import Wish, verify  # loads the whole service

        wish = Wish(bucket=bucket, key=key, since=since, database=database, as_json=as_json)
        settings = read_settings(data_dir=data_dir)
        settings = settings if wish.alone else control.attached(settings)
        return await verify(settings, wish, Console(), Console(stderr=True))

    _finish(check(), "stopped; nothing was found to the end.")


def _finish(check: Coroutine[Any, Any, int], stopped: str) -> NoReturn:
    """Carry a check out and end with its status; `stopped` is what to say when it is broken off."""
    try:
        status = asyncio.run(check)
    except EmbeddedError as error:
        complain(str(error))
        status = NOT_DONE
    except KeyboardInterrupt:
        complain(stopped)
        status = INTERRUPTED
    raise typer.Exit(status)
