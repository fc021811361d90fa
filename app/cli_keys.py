"""`anjuan keys`: what an operator does to the key store. Works beside a running instance; each act is an event."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from app.cli_settings import DataDir, complain, instance_settings
from app.core.errors import AppError

app = typer.Typer(help="Keys that files are sealed with: rotation, backups.", no_args_is_help=True)
FAILED = 1
T = TypeVar("T")


@app.command()
def rotate(data_dir: DataDir = None) -> None:
    """Make a new master key and wrap all keys with it; no file is touched, and reading and writing go on.

    The old one stays until no backup of keys needs it. Killed in the midst, run it again.
    """
    from app.jobs import keys

    settings = instance_settings(data_dir)
    master, count = _do(keys.rotate_keys(settings))
    typer.echo(f"Master key {master} is current; {count} keys were wrapped with it.")


@app.command()
def backup(data_dir: DataDir = None) -> None:
    """Write a backup of the key store now, as the worker does each day; those past their days are removed."""
    from app.jobs import keys

    settings = instance_settings(data_dir)
    path = _do(keys.back_up_now(settings, timedelta(days=settings.storage.key_backup_days)))
    typer.echo(f"Keys were written to {path}. Without the master keys, kept apart, it opens nothing.")


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="File that `anjuan keys backup` wrote", exists=True, dir_okay=False)],
    data_dir: DataDir = None,
) -> None:
    """Put back keys that are missing; never one that was destroyed, never over one that is there."""
    from app.jobs import keys

    done = _do(keys.restore_keys(instance_settings(data_dir), source))
    typer.echo(f"{done.restored} keys put back, {done.present} were there, {done.destroyed} are destroyed for good.")


def _do(work: Coroutine[object, object, T]) -> T:
    try:
        return asyncio.run(work)
    except AppError as error:
        complain(str(error))
        raise typer.Exit(FAILED) from None
