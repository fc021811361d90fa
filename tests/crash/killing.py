"""Killing processes at random moments, as often as the run asks for."""

import os
from contextlib import suppress

import psutil  # type: ignore[import-untyped]

ROUNDS = int(os.environ.get("ANJUAN_TEST_ROUNDS", "3"))


def kill(pid: int | None) -> None:
    """Kill a process and all its children at once."""
    assert pid is not None
    with suppress(psutil.NoSuchProcess):
        victims = [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]
        for victim in victims:
            with suppress(psutil.NoSuchProcess):
                victim.kill()
        psutil.wait_procs(victims, timeout=20)
