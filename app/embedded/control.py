"""What one does to a running instance from another terminal: end it, open its database, work on its stores."""

import os
import shutil
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from copy import copy
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote, urlsplit, urlunsplit

from pydantic import SecretStr

from app.config import Settings
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.processes import EmbeddedError, FileLock
from app.embedded.s3 import EmbeddedS3
from app.embedded.supervisor import LOCK

STOP_SECONDS = 150.0


def stop(data_dir: Path) -> bool:
    """End the instance that runs on the data directory and wait for its end; tell whether there was one.

    Raises `EmbeddedError` when it doesn't end in time.
    """
    lock = FileLock(data_dir.absolute() / LOCK)
    # Who holds the lock wrote the number, so no other process can be hit by a number left over.
    pid = lock.holder()
    if pid is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while lock.holder() == pid:
        if time.monotonic() > deadline:
            raise EmbeddedError(f"Process {pid} did not end within {STOP_SECONDS:g} seconds.")
        time.sleep(0.1)
    return True


def attached(settings: Settings) -> Settings:
    """Give the settings with the stores of the running instance, where the firm's own are not set.

    Raises `EmbeddedError` when nothing runs on the data directory.
    """
    found, data_dir = copy(settings), settings.run.data_dir
    if settings.database.database_url is None:
        postgres = EmbeddedPostgres(data_dir)
        if not postgres.in_use():
            raise EmbeddedError(
                f"Nothing runs on {data_dir.absolute()}: start it with `anjuan run`, or set ANJUAN_DATABASE_URL."
            )
        found.database = settings.database.model_copy(update={"database_url": SecretStr(postgres.app_url)})
    if settings.storage.s3_endpoint is None:
        s3 = EmbeddedS3(data_dir)
        s3.attach()
        where = {
            "s3_endpoint": s3.endpoint, "s3_access_key": SecretStr(s3.access_key),
            "s3_secret_key": SecretStr(s3.secret_key),
        }  # fmt: skip
        found.storage = settings.storage.model_copy(update=where)
    return found


def psql(settings: Settings, arguments: Sequence[str]) -> NoReturn:
    """Become psql, as owner of the firm's own database if one is set, else of the running instance's.

    Raises `EmbeddedError` when nothing runs, or there is no psql.
    """
    command, env = psql_command(settings, arguments)
    os.execve(command[0], command, env)  # noqa: S606  # no shell is meant


def psql_command(settings: Settings, arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Give the command and the environment that `psql` becomes; the password is in the environment only."""
    program, url = _target(settings)
    parts = urlsplit(url)
    env = {**os.environ, "PGAPPNAME": "anjuan psql"}
    if parts.password:
        env["PGPASSWORD"] = unquote(parts.password)  # every account of the machine can read arguments
        user, _, server = parts.netloc.rpartition("@")
        parts = parts._replace(netloc=f"{user.partition(':')[0]}@{server}")
    return [str(program), f"--dbname={urlunsplit(parts)}", *arguments], env


def _target(settings: Settings) -> tuple[Path, str]:
    """Give the psql to run and the address to open."""
    postgres = EmbeddedPostgres(settings.run.data_dir)
    own = settings.database.database_owner_url or settings.database.database_url
    if own is None:
        if not postgres.in_use():
            raise EmbeddedError(
                f"Nothing runs on {settings.run.data_dir.absolute()}: start it with `anjuan run`, "
                "or set ANJUAN_DATABASE_OWNER_URL to open another database."
            )
        return postgres.programs / "psql", postgres.owner_url
    with suppress(EmbeddedError):
        return postgres.programs / "psql", own.get_secret_value()
    if found := shutil.which("psql"):
        return Path(found), own.get_secret_value()
    raise EmbeddedError("There is no psql: install PostgreSQL's client programs.")
