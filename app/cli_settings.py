"""How commands find their settings: from options and the environment, and of a running instance from its directory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from app.config import RunSettings, Settings, explain
from app.embedded.control import attached
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.processes import EmbeddedError

WRONG_SETTINGS = 2

DataDir = Annotated[
    Path | None, typer.Option(help="Directory of keys, passwords and the embedded stores [ANJUAN_DATA_DIR]")
]


def read_settings(**given: Any) -> Settings:
    """Read the settings; options given win over the environment. Wrong ones end the command with a sentence each."""
    try:
        return Settings(run=RunSettings(**{name: value for name, value in given.items() if value is not None}))
    except ValidationError as error:
        for sentence in explain(error):
            complain(sentence)
        raise typer.Exit(WRONG_SETTINGS) from None


def instance_settings(data_dir: Path | None) -> Settings:
    """Give settings that reach the stores of an instance; the embedded ones must be running."""
    settings = read_settings(data_dir=data_dir)
    try:
        return attached(settings)
    except EmbeddedError as error:
        complain(str(error))
        raise typer.Exit(1) from None


@contextmanager
def owner_url(settings: Settings) -> Iterator[str]:
    """Lend the owner role's URL of the firm's own database, or of the embedded one, which is started if need be."""
    if url := settings.database.database_owner_url or settings.database.database_url:
        yield url.get_secret_value()
        return
    postgres = EmbeddedPostgres(settings.run.data_dir)
    if postgres.in_use():
        yield postgres.owner_url
        return
    postgres.start()
    try:
        yield postgres.owner_url
    finally:
        postgres.stop()


def complain(sentence: str) -> None:
    """Say on standard error what is wrong."""
    typer.echo(f"anjuan: {sentence}", err=True)
