"""Servers under load: the service, the floor and the naive way, each uvicorn with its usual loop, on one database."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.embedded.processes import free_port, start_child, stop_child

SERVICE, FLOOR, NAIVE = "app.main", "tests.performance.floor", "tests.performance.naive"


@dataclass(frozen=True)
class Server:
    """A running server; `pids` are its processes that answer."""

    url: str
    pids: list[int]


@contextmanager
def served(module: str, env: Mapping[str, str], probe: str, workers: int = 1) -> Iterator[Server]:
    """Start a server, lend it, end it. `probe` is the path that answers 200 when it is ready."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", f"{module}:create_app", "--factory", "--port", str(port)]
    command += ["--workers", str(workers), "--no-access-log", "--log-level", "warning"]
    process = start_child(command, env=dict(env))
    try:
        _wait(f"http://127.0.0.1:{port}{probe}", process)
        yield Server(f"http://127.0.0.1:{port}", _answering(process.pid, workers))
    finally:
        stop_child(process)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=5).status_code in {200, 403}:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer")


def _answering(pid: int, workers: int) -> list[int]:
    """Give the processes that answer: with several workers, uvicorn's first one only keeps the others."""
    if workers == 1:
        return [pid]
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
