"""What both embedded servers and the supervisor need of the operating system: children, ports, locks, secrets."""

import fcntl
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

LOG_LIMIT = 16 * 1024 * 1024
_LOCK_ATTEMPTS = 5
_LAUNCH = Path(__file__).with_name("launch.py")


class EmbeddedError(Exception):
    """The one-machine mode can't go on; the message is a sentence for the person at the terminal."""


class BusyError(EmbeddedError):
    """Another process holds the lock."""


class FileLock:
    """A lock on a file that dies with its holder; the file names the holder's process id."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def take(self) -> Self:
        """Take the lock; raise `BusyError` when another holds it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        for attempt in range(_LOCK_ATTEMPTS):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if attempt == _LOCK_ATTEMPTS - 1:
                    os.close(descriptor)
                    raise BusyError(f"{self.path} is held by process {self.holder() or 'unknown'}.") from None
                time.sleep(0.02)  # it may only be someone who asks for the holder
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor
        return self

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @property
    def mine(self) -> bool:
        """Tell whether this object holds the lock."""
        return self._descriptor is not None

    def holder(self) -> int | None:
        """Tell the process id that holds the lock, or None when nobody does."""
        try:
            with self.path.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return None
        except BlockingIOError:
            text = self.path.read_text().strip()
            return int(text) if text.isdigit() else None
        return None


def make_private(directory: Path) -> Path:
    """Make the directory, readable by its owner only, and return it."""
    if not directory.is_dir():
        directory.parent.mkdir(parents=True, exist_ok=True)
        directory.mkdir(mode=0o700, exist_ok=True)
    return directory


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 that is there whole or not at all, also after a power cut."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make renames within the directory durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def secret(path: Path, size: int = 24) -> str:
    """Read the secret kept at `path`; make a random one at first. Letters, digits, - and _ only."""
    with suppress(FileNotFoundError):
        if kept := path.read_text(encoding="utf-8").strip():
            return kept
    make_private(path.parent)
    made = secrets.token_urlsafe(size)
    write_private(path, made + "\n")
    return made


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Tell whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str = "127.0.0.1") -> int:
    """Give a port of `host` that nobody listens on."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def kept_port(path: Path, *, anew: bool = False) -> int:
    """Give the port remembered at `path`, or a free one, remembered from now on, when it is taken or `anew`."""
    with suppress(FileNotFoundError, ValueError):
        port = int(path.read_text())
        if not anew and port_is_free(port):
            return port
    port = free_port()
    write_private(path, f"{port}\n")
    return port


def open_log(path: Path) -> IO[bytes]:
    """Open a log for appending; a long one is put aside first (one old one is kept)."""
    make_private(path.parent)
    with suppress(FileNotFoundError):
        if path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_name(path.name + ".old"))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def last_words(path: Path, lines: int = 5) -> str:
    """Give the end of a log, for an error message."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4096))
            return "\n".join(file.read().decode(errors="replace").strip().splitlines()[-lines:])
    except OSError:
        return ""


def start_child(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    cwd: Path | None = None,
    owner: tuple[int, int] | None = None,
    umask: int = -1,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child in its own process group, so that Ctrl-C reaches the supervisor only.

    `owner` (uid, gid) is the account it runs under. On Linux the child gets `death_signal` when the thread that
    started it ends, so start children from a thread that lives as long as they shall.
    """
    uid, gid = owner or (-1, -1)
    launch = [sys.executable, "-I", "-S", _LAUNCH, int(death_signal), os.getpid(), uid, gid]
    output = open_log(log) if log else None
    try:
        return subprocess.Popen(  # noqa: S603  # commands of the house, no shell
            [str(part) for part in (*launch, *command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            process_group=0,
            umask=umask,
        )
    finally:
        if output:
            output.close()


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether the child ended, without collecting it: its number stays its own until `stop_child`."""
    if process.returncode is not None:
        return True
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def stop_child(process: subprocess.Popen[bytes], *steps: tuple[signal.Signals, float]) -> int | None:
    """Send each signal in turn and wait so many seconds for the end; at last kill. Return the exit status.

    What the child left behind in its process group is killed too.
    """
    for number, seconds in steps:
        if has_ended(process):
            break
        process.send_signal(number)
        deadline = time.monotonic() + seconds
        while not has_ended(process) and time.monotonic() < deadline:
            time.sleep(0.01)
    if process.returncode is None:  # not collected yet, so no other group can have taken the number
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def wait_until(
    ready: Callable[[], bool],
    *,
    within: float,
    what: str,
    process: subprocess.Popen[bytes] | None = None,
    log: Path | None = None,
) -> None:
    """Wait until `ready` says so; raise `EmbeddedError` when the process ends before, or time is up."""
    deadline = time.monotonic() + within
    pause = 0.01
    while not ready():
        if process is not None and has_ended(process):
            raise EmbeddedError(_with_log(f"{what} ended with status {stop_child(process)}", log))
        if time.monotonic() > deadline:
            raise EmbeddedError(_with_log(f"{what} was not ready within {within:g} seconds", log))
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)


def _with_log(sentence: str, log: Path | None) -> str:
    words = last_words(log) if log else ""
    return f"{sentence}. {log} ends with:\n{words}" if words else f"{sentence}."
