"""`anjuan`, the command line: run, stop and look into an instance; the same services as behind HTTP, without HTTP."""

import asyncio
import importlib
import inspect
import json
import os
import runpy
import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

import typer
from rich.console import Console

from app.cli_checks import fsck, verify
from app.cli_keys import app as keys
from app.cli_ledger import app as ledger
from app.cli_proofs import check_proof
from app.cli_sample import sample_firm
from app.cli_settings import DataDir, complain, owner_url, read_settings
from app.config import Settings
from app.embedded import control
from app.embedded.postgres import APPLICATION
from app.embedded.processes import EmbeddedError
from app.embedded.supervisor import Supervisor

OPENAPI_FILE = Path("openapi/openapi.json")

app = typer.Typer(
    name="anjuan",
    help="Client dossiers (案卷) of a law firm: built, kept, consulted and traced by one standard.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(keys, name="keys")
app.add_typer(ledger, name="ledger")
app.command()(check_proof)
app.command()(fsck)
app.command()(sample_firm)
app.command()(verify)


def main() -> None:
    """Run the command; a failure that was foreseen is one sentence, never a traceback."""
    try:
        app()
    except EmbeddedError as error:
        complain(str(error))
        sys.exit(1)


@app.command()
def run(
    data_dir: DataDir = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on [ANJUAN_HOST]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one [ANJUAN_PORT]")] = None,
    workers: Annotated[int | None, typer.Option(help="API processes [ANJUAN_WORKERS]")] = None,
    sample: Annotated[
        bool | None,
        typer.Option("--sample/--no-sample", help="File the sample papers on an empty data directory [ANJUAN_SAMPLE]"),
    ] = None,
) -> None:
    """Start everything on one data directory and serve until Ctrl-C."""
    settings = read_settings(data_dir=data_dir, host=host, port=port, workers=workers, sample=sample)
    console = Console()

    def do_sample(base_url: str, password: str, directory: Path) -> None:
        from app.sample import main_job  # only when it is due

        main_job.run(base_url, "admin", password, directory / "sample", console)

    supervisor = Supervisor(settings, migrate=_migrate, bootstrap=_bootstrap, sample=do_sample, console=console)
    raise typer.Exit(supervisor.run())


@app.command()
def stop(data_dir: DataDir = None) -> None:
    """End the instance that runs on the data directory, cleanly."""
    directory = read_settings(data_dir=data_dir).run.data_dir
    ended = control.stop(directory)
    typer.echo("Stopped." if ended else f"Nothing runs on {directory.absolute()}.")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context, data_dir: DataDir = None) -> None:
    """Open psql as the owner role; what follows `--` is passed on to psql."""
    control.psql(read_settings(data_dir=data_dir), context.args)


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database's schema up to date, as `run` does at every start."""
    settings = read_settings(data_dir=data_dir)
    database = settings.database
    used = database.database_url or database.database_owner_url
    role = urlsplit(used.get_secret_value()).username if used else None
    with owner_url(settings) as url:
        _migrate(url, unquote(role or APPLICATION))


@app.command()
def worker() -> None:
    """Do scheduled work until stopped, with the settings of the environment."""
    read_settings()
    runpy.run_module("app.jobs.worker", run_name="__main__")


@app.command()
def openapi(
    output: Annotated[Path | None, typer.Option(help="File to write or compare; without it the text is shown")] = None,
    check: Annotated[bool, typer.Option("--check", help="Compare instead of writing; 1 when they differ")] = False,
) -> None:
    """Show, write or compare the description of the API."""
    from app.main import create_app  # loads the whole service

    text = json.dumps(create_app().openapi(), ensure_ascii=False, indent=2) + "\n"
    if check:
        file = output or OPENAPI_FILE
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            complain(f"{file} is not what the service answers: run `make openapi` and look at the difference.")
            raise typer.Exit(1)
    elif output:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


def _migrate(owner_url: str, app_role: str) -> None:
    _call("migrate", owner_url, app_role)


def _bootstrap(env: dict[str, str]) -> None:
    os.environ.update(env)
    settings = Settings()
    _call("make_key_store", settings)
    _call("bootstrap_admin", settings)


def _call(name: str, *arguments: Any) -> None:
    """Call a function of the factory, which knows the whole service and is loaded only when needed."""
    result = getattr(importlib.import_module("app.factory"), name)(*arguments)
    if inspect.iscoroutine(result):
        asyncio.run(result)


if __name__ == "__main__":
    main()
