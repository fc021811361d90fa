"""`anjuan sample-firm`: a made-up firm in an empty database, for measuring."""

import time
from typing import Annotated

import typer

from app.cli_settings import DataDir, complain, owner_url, read_settings
from app.core.errors import AppError

FAILED = 1


def sample_firm(
    entries: Annotated[int, typer.Option(min=100, max=5_000_000, help="Entries; a dossier has ten on average")],
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="The same seed makes the same firm")] = 1,
    data_dir: DataDir = None,
) -> None:
    """Put a made-up firm into an empty database: people, clients, dossiers, entries, files, walls and grants.

    For measuring lists and reads, on a throwaway instance; never on a real one. Its files are rows whose objects no
    store holds: their metadata can be read, their bytes can't. Nobody of the firm has a password until an administrator
    gives one. A database with a dossier, or with a user beside the first administrator, is refused and left as it is.
    """
    from app.sample import firm  # loads the whole service

    began = time.monotonic()
    try:
        with owner_url(read_settings(data_dir=data_dir)) as url:
            counts = firm.make(url, firm.Size.of_entries(entries), seed)
    except AppError as error:
        complain(str(error))
        raise typer.Exit(FAILED) from None
    for table, count in counts.items():
        typer.echo(f"{count:>10,} {table}")
    typer.echo(f"Made in {time.monotonic() - began:.1f} s; the counts are in the event `sample.firm_made`.")
