"""Waiting for what happens in other processes."""

import asyncio
import time
from collections.abc import Awaitable, Callable


def eventually(true: Callable[[], bool], seconds: float = 20) -> None:
    """Return as soon as it is true; fail when it isn't in time."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


async def in_time(true: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """As `eventually`, for what is asked of a store."""
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110 - what is waited for happens elsewhere
            await asyncio.sleep(0.05)
