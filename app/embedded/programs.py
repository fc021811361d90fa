"""The service's own processes under the supervisor: the API and the worker, restarted when they die."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from app.config import Settings
from app.embedded.processes import EmbeddedError, has_ended, start_child, stop_child, wait_until

# What only the supervisor may know: the owner of the tables, and the first administrator's password.
SUPERVISOR_ONLY = frozenset({"ANJUAN_DATABASE_OWNER_URL", "ANJUAN_ADMIN_PASSWORD"})


class Part(Protocol):
    """A process that the supervisor keeps running."""

    name: str

    def start(self) -> None:
        """Start it and return when it can be used; raise `EmbeddedError` when it can't."""
        ...

    def stop(self) -> None:
        """End it cleanly and wait for that."""
        ...

    def alive(self) -> bool:
        """Tell whether it still runs."""
        ...


class Program:
    """A child of ours that writes to our own output."""

    def __init__(self, name: str, arguments: list[str], env: Mapping[str, str], *, grace: float) -> None:
        self.name = name
        self._command = [sys.executable, "-m", *arguments]
        self._env = {name: value for name, value in env.items() if name not in SUPERVISOR_ONLY}
        self._grace = grace
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.stop()  # of one that died: what it left in its process group
        self.process = start_child(self._command, env=self._env)

    def stop(self) -> None:
        if self.process is not None:
            stop_child(self.process, (signal.SIGTERM, self._grace))
            self.process = None

    def alive(self) -> bool:
        return self.process is not None and not has_ended(self.process)


def api_server(host: str, port: int, workers: int, env: Mapping[str, str]) -> Program:
    """Describe the API's processes."""
    arguments = ["uvicorn", "app.main:create_app", "--factory", "--host", host, "--port", str(port)]
    arguments += ["--workers", str(workers), "--no-access-log", "--log-level", "warning"]
    arguments += ["--forwarded-allow-ips", env.get("ANJUAN_TRUSTED_PROXIES", "127.0.0.1")]
    return Program("The API", [*arguments, "--timeout-graceful-shutdown", "15"], env, grace=25.0)


def worker(env: Mapping[str, str]) -> Program:
    """Describe the worker's process."""
    return Program("The worker", ["app.jobs.worker"], env, grace=25.0)


def wait_ready(program: Program, host: str, port: int, *, within: float = 60.0) -> None:
    """Wait until the API says that it and its stores are ready; raise `EmbeddedError` when it doesn't."""
    answer = [""]

    def ready() -> bool:
        connection = http.client.HTTPConnection(host, port, timeout=10)
        try:
            connection.request("GET", "/health/ready")
            response = connection.getresponse()
            answer[0] = response.read(2000).decode(errors="replace")
        except (OSError, http.client.HTTPException):
            return False
        else:
            return response.status == HTTPStatus.OK
        finally:
            connection.close()

    try:
        wait_until(ready, within=within, what="The API", process=program.process)
    except EmbeddedError as error:
        raise EmbeddedError(f"{error} Its last answer: {answer[0]}" if answer[0] else str(error)) from None


def environment(settings: Settings) -> dict[str, str]:
    """Write the settings back as variables, so that children see what was resolved here."""
    env = dict(os.environ)
    sections = (
        settings.run, settings.database, settings.storage, settings.care, settings.ledger, settings.auth, settings.http,
    )  # fmt: skip
    for section in sections:
        for name in type(section).model_fields:
            value = getattr(section, name)
            if isinstance(value, SecretStr):
                value = value.get_secret_value()
            if isinstance(value, tuple):
                value = ",".join(map(str, value))
            if value is not None:
                env[f"ANJUAN_{name.upper()}"] = str(value)
    env["ANJUAN_DATA_DIR"] = str(settings.run.data_dir.absolute())
    return env


class Deaths:
    """How often a part died in a row, and when it may be started again."""

    LIMIT = 6
    STEADY_SECONDS = 60.0

    def __init__(self) -> None:
        self.in_a_row = 0
        self.not_before = 0.0
        self.started = time.monotonic()
        self.down = False

    def note(self) -> None:
        """Count a death and put off the restart: half a second, then twice as long each time, up to half a minute."""
        now = time.monotonic()
        if now - self.started > self.STEADY_SECONDS:
            self.in_a_row = 0
        self.in_a_row += 1
        self.not_before = now + min(0.5 * 2 ** (self.in_a_row - 1), 30.0)
        self.down = True

    def note_start(self) -> None:
        self.started = time.monotonic()
        self.down = False


def reachable(host: str) -> str:
    """Give the address under which this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104  # no binding here


def base_url(host: str, port: int) -> str:
    name = reachable(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def admin_password(settings: Settings, data_dir: Path) -> str:
    """Give the first administrator's password: the one set, else the one written down."""
    if settings.auth.admin_password is not None:
        return settings.auth.admin_password.get_secret_value()
    file = data_dir / "admin-password"
    return file.read_text(encoding="utf-8").strip() if file.exists() else ""
