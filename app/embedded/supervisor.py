"""`anjuan run`: one data directory, from nothing to a running service, and down again in order."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from urllib.parse import unquote, urlsplit

from rich.console import Console
from rich.markup import escape

from app.config import Settings
from app.embedded.postgres import APPLICATION, EmbeddedPostgres
from app.embedded.processes import (
    BusyError,
    EmbeddedError,
    FileLock,
    free_port,
    make_private,
    port_is_free,
    write_private,
)
from app.embedded.programs import (
    Deaths,
    Part,
    admin_password,
    api_server,
    base_url,
    environment,
    reachable,
    wait_ready,
    worker,
)
from app.embedded.s3 import EmbeddedS3

MigrateHook = Callable[[str, str], None]
"""Given the owner's database URL and the name of the application role."""
BootstrapHook = Callable[[dict[str, str]], None]
"""Given the resolved settings as variables of the environment."""
SampleHook = Callable[[str, str, Path], None]
"""Given the base URL, the administrator's password, and the data directory."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOCK, RUN_FILE, SAMPLE_DUE = ".lock", "run.json", ".sample-due"
FAILED = 1
ORPHAN_SECONDS = 20.0


class _StopAsked(BaseException):
    """Someone asked the run to end; not an Exception, so that no hook swallows it."""


class Supervisor:
    """Starts the stores, the API and the worker of one data directory, keeps them running, stops them in order."""

    def __init__(
        self,
        settings: Settings,
        *,
        migrate: MigrateHook,
        bootstrap: BootstrapHook,
        sample: SampleHook | None = None,
        console: Console | None = None,
    ) -> None:
        self._settings = settings
        self._migrate, self._bootstrap, self._sample = migrate, bootstrap, sample
        self._console = console or Console()
        self._data_dir = settings.run.data_dir.absolute()
        self._lock = FileLock(self._data_dir / LOCK)
        self._parts: list[tuple[Part, Deaths]] = []
        self._stopping = False
        self._env = environment(settings)

    def run(self) -> int:
        """Run until asked to stop; return the exit status: 0 after a clean end, 1 with a sentence when it can't go on.

        Call it from the main thread: it answers SIGINT, SIGTERM and SIGHUP, and children die with the calling thread.
        """
        with self._signals():
            try:
                self._take_lock()
                self._start()
                self._keep_running()
            except _StopAsked:
                self._say("Stopping …")
            except EmbeddedError as error:
                self._say(f"[bold red]{escape(str(error))}[/]")
                return FAILED
            finally:
                self._stopping = True
                self._stop()
        self._say("Stopped; all data are kept.")
        return 0

    def _take_lock(self) -> None:
        try:
            make_private(self._data_dir)
            fresh = not any(path.name != LOCK for path in self._data_dir.iterdir())
            self._lock.take()
        except BusyError:
            raise EmbeddedError(
                f"Another `anjuan run` (process {self._lock.holder() or 'unknown'}) uses {self._data_dir}: "
                "end it with `anjuan stop`, or set ANJUAN_DATA_DIR to another directory."
            ) from None
        except OSError as error:
            raise EmbeddedError(
                f"{self._data_dir} can't be used ({error.strerror}): set ANJUAN_DATA_DIR to a directory of yours."
            ) from None
        if fresh and self._settings.run.sample:
            (self._data_dir / SAMPLE_DUE).touch(mode=0o600)

    def _start(self) -> None:
        began = time.monotonic()
        host, port = self._settings.run.host, self._choose_port()
        self._start_stores()
        with self._step("Database schema"):
            owner = self._env.get("ANJUAN_DATABASE_OWNER_URL") or self._env["ANJUAN_DATABASE_URL"]
            self._migrate(owner, self._application_role())
        with self._step("Administrator"):
            self._bootstrap(dict(self._env))
        api = api_server(host, port, self._settings.run.workers, self._env)
        with self._step("API and worker"):
            self._begin(api)
            wait_ready(api, reachable(host), port)
            self._begin(worker(self._env))
        url = base_url(host, port)
        self._write_run_file(url)
        self._announce(url, time.monotonic() - began)
        self._do_sample(url)

    def _choose_port(self) -> int:
        host, port = self._settings.run.host, self._settings.run.port
        try:
            chosen = port or free_port(host)
        except OSError as error:
            raise EmbeddedError(f"{host} is no address of this machine ({error.strerror}): set ANJUAN_HOST.") from None
        if (self._data_dir / RUN_FILE).exists():  # a killed run: its API may still be serving its last requests
            deadline = time.monotonic() + ORPHAN_SECONDS
            while not port_is_free(chosen, host) and time.monotonic() < deadline:
                time.sleep(0.1)
        if not port_is_free(chosen, host):
            raise EmbeddedError(
                f"Port {chosen} of {host} can't be used, perhaps another program has it: "
                "set ANJUAN_PORT to another one (0 takes a free one)."
            )
        self._env["ANJUAN_PORT"] = str(chosen)
        return chosen

    def _start_stores(self) -> None:
        if self._settings.database.database_url is None:
            postgres = EmbeddedPostgres(self._data_dir)
            with self._step(postgres.name):
                self._begin(postgres)
            self._env["ANJUAN_DATABASE_URL"] = postgres.app_url
            self._env["ANJUAN_DATABASE_OWNER_URL"] = postgres.owner_url
        if self._settings.storage.s3_endpoint is None:
            s3 = EmbeddedS3(self._data_dir, self._settings.storage.s3_bucket_prefix)
            with self._step("S3 server"):
                self._begin(s3)
            self._env["ANJUAN_S3_ENDPOINT"] = s3.endpoint
            self._env["ANJUAN_S3_ACCESS_KEY"] = s3.access_key
            self._env["ANJUAN_S3_SECRET_KEY"] = s3.secret_key

    def _application_role(self) -> str:
        return unquote(urlsplit(self._env["ANJUAN_DATABASE_URL"]).username or APPLICATION)

    def _begin(self, part: Part) -> None:
        self._parts.append((part, Deaths()))  # before the start, so that a half-started one is stopped too
        part.start()

    def _keep_running(self) -> None:
        while True:
            for part, deaths in self._parts:
                self._look_after(part, deaths)
                if deaths.down:
                    break  # what comes later needs what comes before
            time.sleep(0.2)

    def _look_after(self, part: Part, deaths: Deaths) -> None:
        if not deaths.down:
            if part.alive():
                return
            self._count_death(part, deaths, "ended unexpectedly")
        elif time.monotonic() >= deaths.not_before:
            try:
                part.start()
            except EmbeddedError as error:
                self._count_death(part, deaths, f"could not be restarted: {error}")
            else:
                deaths.note_start()
                self._say(f"{part.name} was restarted.")

    def _count_death(self, part: Part, deaths: Deaths, what: str) -> None:
        deaths.note()
        self._say(f"[yellow]{escape(f'{part.name} {what}')}[/]")
        if deaths.in_a_row >= Deaths.LIMIT:
            raise EmbeddedError(
                f"{part.name} ended {deaths.in_a_row} times in a row, so the run ends; "
                f"the reasons stand above and in {self._data_dir / 'log'}."
            )

    def _do_sample(self, url: str) -> None:
        due = self._data_dir / SAMPLE_DUE
        if not due.exists():
            return
        due.unlink()  # first: it is done at most once, whatever becomes of it
        if self._sample is None or not self._settings.run.sample:
            return
        try:
            self._sample(url, admin_password(self._settings, self._data_dir), self._data_dir)
        except Exception as error:  # noqa: BLE001  # a failed sample must not take down a service that runs
            self._say(f"[bold red]The sample papers could not be filed: {escape(repr(error))}[/]")

    def _write_run_file(self, url: str) -> None:
        run = {"pid": os.getpid(), "url": url, "started": datetime.now(UTC).isoformat(timespec="seconds")}
        write_private(self._data_dir / RUN_FILE, json.dumps(run) + "\n")

    def _announce(self, url: str, seconds: float) -> None:
        given = self._settings.auth.admin_password is not None
        password = "as set by ANJUAN_ADMIN_PASSWORD" if given else f"in {self._data_dir / 'admin-password'}"
        self._say(f"\n[bold green]Anjuan serves at {url}[/] (ready after {seconds:.1f} s)")
        self._say(f"  API pages      {url}/docs")
        self._say(f"  Administrator  user admin, password {escape(password)}")
        self._say(f"  Data           {escape(str(self._data_dir))}")
        self._say("  Ctrl-C stops it and keeps all data.\n")

    def _stop(self) -> None:
        """Stop the API first, so that nobody is served by half a service, then the worker, S3, PostgreSQL."""
        names = [part for part, _ in self._parts]
        stores = [part for part in names if isinstance(part, EmbeddedPostgres | EmbeddedS3)]
        programs = [part for part in names if part not in stores]
        for part in (*programs, *reversed(stores)):
            with suppress(ProcessLookupError):
                part.stop()
        if self._lock.mine:
            (self._data_dir / RUN_FILE).unlink(missing_ok=True)
            self._lock.release()

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        with self._console.status(f"{name} …"):
            yield
        self._say(f"[green]✓[/] {name} [dim]{time.monotonic() - began:.1f} s[/]")

    def _say(self, text: str) -> None:
        with suppress(OSError):  # the terminal may be gone; the stores must still be stopped
            self._console.print(text, highlight=False, soft_wrap=True)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("a Supervisor runs in the main thread")
        before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if not self._stopping:  # once it stops, further signals can't make it cleaner
            self._stopping = True
            raise _StopAsked
