"""The press: renders papers in threads, a few at a time, and names their files. Knows nothing of what is on them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from app.reports.pdf import forget

T = TypeVar("T")

_UNFIT_FOR_NAMES = str.maketrans(dict.fromkeys('/\\:*?"<>|', "_"))
# Rendering takes a processor; the rest of the service is to keep one.
_AT_ONCE = 2
_LARGE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Printed:
    """A paper: the name of its file, and its bytes."""

    name: str
    content: bytes


class Press:
    """Renders a few papers at a time; one for all services that print."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._forgetting: asyncio.Task[None] | None = None

    async def run(self, render: Callable[[T], bytes], form: T) -> bytes:
        """Render a form in a thread; what a large one leaves in memory is cleared away after it is given."""
        async with self._turns:
            content = await asyncio.to_thread(render, form)
        if len(content) > _LARGE and (self._forgetting is None or self._forgetting.done()):
            self._forgetting = asyncio.create_task(self._forget(), name="press-forgets")
        return content

    async def _forget(self) -> None:
        async with self._turns:
            await asyncio.to_thread(forget)


def file_name(name: str) -> str:
    """Make a name that every system takes for a file's."""
    return name.translate(_UNFIT_FOR_NAMES)
