"""The benchmark's own ways: what it leaves out when it is told to, and what it does where it may not sample."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.performance import __main__ as bench
from tests.performance import profiling
from tests.performance.load import Run
from tests.performance.operations import OPERATIONS
from tests.performance.parts import PARTS
from tests.performance.servers import Server
from tests.performance.stand import Stand

BUSY = "import json\nwhile True: json.dumps([1] * 1000)"


@pytest.fixture
def stood(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stands without servers, and a load that always gives the same."""

    @contextmanager
    def empty(place: Path, entries: int, workers: int = 1) -> Iterator[Stand]:
        names = ["floor", "naive", "service", *(["several"] if workers > 1 else [])]
        asked = tmp_path / "asked"
        asked.write_text("/\n")
        lines = dict.fromkeys((one.lines for one in (*OPERATIONS, *profiling.SUBJECTS)), asked)
        servers = dict.fromkeys(names, Server("http://127.0.0.1:1", [os.getpid()]))
        yield Stand(servers, os.getpid(), 100.0, dict.fromkeys(("lawyer", "auditor"), ""), lines)

    def put(*_: Any) -> Run:
        return Run(1000.0, 1.0, 2.0, 0.5, 1024.0)

    for module in (bench, profiling):
        monkeypatch.setattr(module, "stand", empty)
        monkeypatch.setattr(module, "put", put)
        monkeypatch.setattr(module, "wrk", lambda: "wrk")


@pytest.mark.parametrize(("workers", "told"), [("1", False), ("2", True)])
def test_one_worker_is_compared_with_no_others(stood: None, tmp_path: Path, workers: str, told: bool) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- figures: written by `make bench` -->\nold\n<!-- end of figures -->\nafter\n")
    bench.main(["--workers", workers, "--big", "0", "--rounds", "1", "--out", str(page)])
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "| GET entry | **1.00** |" in text
    assert "old" not in text
    assert ("several processes" in text) == told
    assert "growth" not in text


def test_profile_is_put_into_its_section(stood: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shares = {**dict.fromkeys(PARTS, 0.0), PARTS[0]: 0.25, PARTS[4]: 0.75}
    monkeypatch.setattr(profiling, "sampler", lambda *_: "sampling")
    monkeypatch.setattr(profiling, "shares_of", lambda *_: shares)
    page = tmp_path / "page.md"
    for _ in range(2):
        bench.main(["--profile", "--out", str(page)])
    text = page.read_text()
    assert text.count("| part |") == 1
    assert f"| {PARTS[4]} |{' 0.38 (75%) |' * len(profiling.SUBJECTS)}" in text
    assert f"| {PARTS[0]} |{' 0.12 (25%) |' * len(profiling.SUBJECTS)}" in text
    assert PARTS[1] not in text
    assert (tmp_path / "pictures" / "profile.png").read_bytes().startswith(b"\x89PNG")


def test_who_may_not_sample_says_so_and_leaves_the_page(
    stood: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refusing = tmp_path / "py-spy"
    refusing.write_text(
        "#!/bin/sh\necho 'Permission Denied: Try running again with elevated permissions' >&2\nexit 1\n"
    )
    refusing.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda *_, **__: str(refusing))
    page = tmp_path / "page.md"
    bench.main(["--profile", "--out", str(page)])
    assert "right to ptrace): Permission Denied" in (said := capsys.readouterr().out)
    assert said.count("Permission Denied") == 1
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    bench.main(["--profile", "--out", str(page)])
    assert "py-spy is not installed" in capsys.readouterr().out
    assert not page.exists()


def test_real_process_is_sampled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with subprocess.Popen([sys.executable, "-c", BUSY]) as busy:
        try:
            time.sleep(0.5)
            sampling = profiling.sampler(busy.pid, 1, tmp_path / "samples")
            assert sampling is not None
            shares = profiling.shares_of(sampling, tmp_path / "samples")
        finally:
            busy.kill()
    if shares is None:
        pytest.skip(f"py-spy may not sample here: {capsys.readouterr().out}")
    assert shares["not known"] == 1.0
