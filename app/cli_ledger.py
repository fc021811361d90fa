"""`anjuan ledger`: the keys that checkpoints are signed with. Works beside a running instance."""

import asyncio
from datetime import timedelta
from typing import Annotated

import typer

from app.cli_settings import DataDir, complain, instance_settings, read_settings
from app.core.errors import AppError
from app.ledger.keys import FILE, LedgerKeyFile

app = typer.Typer(help="Keys of the ledger: show, rotate.", no_args_is_help=True)
FAILED = 1


@app.command()
def key(
    data_dir: DataDir = None,
    retired: Annotated[bool, typer.Option("--retired", help="Also those that no longer sign")] = False,
) -> None:
    """Show the verifier keys, one a line, the newest first."""
    try:
        found = LedgerKeyFile(read_settings(data_dir=data_dir).key_dir / FILE).verifiers(retired=retired)
    except AppError as error:
        complain(str(error))
        raise typer.Exit(FAILED) from None
    for verifier in found:
        typer.echo(verifier.text)


@app.command()
def rotate_key(
    data_dir: DataDir = None,
    overlap_days: Annotated[float, typer.Option(min=0, max=3650, help="Days that the old key signs along")] = 90,
) -> None:
    """Make a new key that signs from now on; until the overlap has passed, checkpoints carry both signatures.

    Give the new verifier key to the auditors and witnesses in that time.
    """
    from app.jobs.sealing import rotate_ledger_key  # loads the whole service

    try:
        made = asyncio.run(rotate_ledger_key(instance_settings(data_dir), timedelta(days=overlap_days)))
    except AppError as error:
        complain(str(error))
        raise typer.Exit(FAILED) from None
    typer.echo(made.text)
