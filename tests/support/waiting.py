"""Waiting for what happens in other processes."""

import time
from collections.abc import Callable


def eventually(true: Callable[[], bool], seconds: float = 20) -> None:
    """Return as soon as it is true; fail when it isn't in time."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)
