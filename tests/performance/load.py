"""wrk as the load: it costs the machine little itself, and is in Debian."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from itertools import count
from pathlib import Path

CONNECTIONS = 32
_SCRIPT = Path(__file__).with_name("load.lua")
_starts = count(step=7919)


@dataclass(frozen=True)
class Run:
    """What one run gave. Times are milliseconds; `cpu` is those of the API's processes for one request."""

    rate: float
    p50: float
    p99: float
    cpu: float
    bytes: float


def wrk() -> str:
    """Find the program; SystemExit with advice when this machine has none."""
    found = shutil.which("wrk")
    if found is None:
        raise SystemExit("The benchmark needs wrk: install it (Debian, Ubuntu: apt-get install wrk)")
    return found


def put(url: str, lines: Path, token: str, pids: list[int], seconds: int, connections: int = CONNECTIONS) -> Run:
    """Ask a server for the lines of a file for so many seconds; RuntimeError for an answer that is no success."""
    before = sum(map(cpu_seconds, pids))
    done = subprocess.run(
        [
            wrk(), "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(_SCRIPT), "--timeout", "30s", "--latency", url,
            "--", str(lines), token, str(next(_starts)),
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    spent = sum(map(cpu_seconds, pids)) - before
    said = json.loads(done.stdout.strip().splitlines()[-1])
    if said["bad"] or not said["requests"]:
        raise RuntimeError(f"{said['bad']} of {said['requests']} answers of {lines.name} were no success")
    return Run(
        said["requests"] / said["seconds"], said["p50"], said["p99"], spent * 1000 / said["requests"],
        said["bytes"] / said["requests"],
    )  # fmt: skip


def cpu_seconds(pid: int) -> float:
    """Give the processor time that a process has taken, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    """Give the memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
