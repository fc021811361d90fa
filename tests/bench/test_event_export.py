"""All events as one stream: a million take no more memory than a few, and each costs the same.

ANJUAN_BENCH_EVENTS sets how many there are.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

from app.config import Settings
from tests.bench.events import EVENTS, many
from tests.bench.pace import allowed, pace
from tests.support.firm import Firm, Person
from tests.support.server import Served

FEW = 5_000
GROWTH = 24 * 1024 * 1024
PER_SECOND = 5_000
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture
def served(settings: Settings, firm: Firm, tmp_path: Path) -> Iterator[Served]:
    server = Served(settings, tmp_path / "api.log")
    server.start()
    yield server
    server.stop()


class Memory:
    """The most memory that a process had, in bytes."""

    def __init__(self, pid: int) -> None:
        self._process, self.most = psutil.Process(pid), 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look at it again and again."""
        self.most = 0
        over = threading.Event()

        def look() -> None:
            while not over.wait(0.02):
                self.most = max(self.most, self._process.memory_info().rss)

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()


def exported(served: Served, person: Person, form: str, **filter_: str) -> tuple[int, float]:
    """Take all events of a filter; give how many lines there were and the seconds that took."""
    began, lines = time.perf_counter(), 0
    headers = {"Authorization": f"Bearer {person.token}"}
    with httpx.stream(
        "GET", f"{served.url}/v1/events", params={"format": form, **filter_}, headers=headers, timeout=60
    ) as answer:
        assert answer.status_code == 200
        for chunk in answer.iter_raw():
            lines += chunk.count(b"\n")
    return lines, time.perf_counter() - began


async def test_a_million_events_in_constant_memory(firm: Firm, served: Served) -> None:
    lead, auditor = await firm.person("lawyer"), await firm.person("auditor")
    levels = ("internal", "confidential", "sealed")
    dossiers = [UUID((await firm.dossier(lead, confidentiality=level))["id"]) for level in levels * 2]
    other = await firm.person("lawyer")
    await many(firm, FEW, other.id, dossiers)
    memory = Memory(served.pid)
    for form in ("ndjson", "csv"):
        exported(served, auditor, form)
    with memory.watched():
        for form in ("ndjson", "csv"):
            few, _ = exported(served, auditor, form)
    little = memory.most
    await many(firm, EVENTS, other.id, dossiers)
    for form in ("ndjson", "csv"):
        paces = [pace()]
        with memory.watched():
            lines, seconds = exported(served, auditor, form)
        paces.append(pace())
        sys.stderr.write(
            f"\n{form}: {lines} events in {seconds:.1f} s, {lines / seconds:.0f} a second;"
            f" {memory.most >> 20} MiB ({little >> 20} MiB for {few})\n"
        )
        assert lines >= EVENTS + FEW
        assert memory.most - little < GROWTH
        assert seconds < allowed(lines / PER_SECOND, paces)
