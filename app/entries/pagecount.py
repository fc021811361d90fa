"""Page counts of PDFs, read in a process of its own.

A PDF made to break its reader then breaks only that process. Never opens a PDF in the process of the service, and never
guesses: where the pages can't be told, the answer is None and a person counts them.
"""

import asyncio
import json
import math
import os
import struct
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

MIB = 1024**2
CHILD = Path(__file__).with_name("pagecount_child.py")


class PageCounter:
    """Counts one PDF at a time in a child process that is started at first use and replaced when it fails.

    `seconds` bounds one count by the clock and (a little less) by processor time; files above `size_limit` bytes aren't
    looked at; `memory_limit` bounds the child's addresses in bytes.
    """

    def __init__(self, *, seconds: float = 20.0, size_limit: int = 256 * MIB, memory_limit: int = 1024 * MIB) -> None:
        self._seconds, self._size_limit, self._memory_limit = seconds, size_limit, memory_limit
        self._lock = asyncio.Lock()
        self._child: Process | None = None

    def takes(self, size: int) -> bool:
        """Tell whether a PDF of this many bytes is looked at."""
        return 0 < size <= self._size_limit

    async def count(self, chunks: AsyncIterator[bytes], size: int) -> int | None:
        """Give the number of pages of the PDF of `size` bytes, None when it can't be told.

        What `chunks` raises of its own passes through, except that its timeouts and broken connections mean None too.
        """
        if not self.takes(size):
            return None
        async with self._lock:
            answered = False
            try:
                async with asyncio.timeout(self._seconds):
                    pages = await self._ask(await self._running_child(), chunks, size)
                answered = True
            except (TimeoutError, OSError, ValueError, EOFError):
                return None
            else:
                return pages
            finally:
                if not answered:
                    await self._end_child()

    async def aclose(self) -> None:
        """End the child."""
        async with self._lock:
            await self._end_child()

    async def _running_child(self) -> Process:
        if self._child is None or self._child.returncode is not None:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # the script's own directory holds modules of ours, none of which it may pick up
                str(CHILD),
                str(self._memory_limit),
                str(max(1, math.floor(self._seconds * 0.8))),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                # The settings, with their passwords, are no business of a process that reads strangers' files.
                env={name: value for name, value in os.environ.items() if not name.startswith("ANJUAN_")},
                start_new_session=True,
            )
        return self._child

    @staticmethod
    async def _ask(child: Process, chunks: AsyncIterator[bytes], size: int) -> int | None:
        """Send one file and read the answer; raise ValueError, EOFError or OSError when the child must go."""
        if child.stdin is None or child.stdout is None:
            raise EOFError
        child.stdin.write(struct.pack(">Q", size))
        left = size
        async for chunk in chunks:
            left -= len(chunk)
            if left < 0:
                raise ValueError("more bytes than announced")
            child.stdin.write(chunk)
            await child.stdin.drain()
        if left:
            raise ValueError("fewer bytes than announced")
        line = await child.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        answer = json.loads(line)
        pages = answer.get("pages") if isinstance(answer, dict) else 0
        if pages is not None and (type(pages) is not int or pages < 1):
            raise ValueError("no answer of ours")
        return pages

    async def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        if child.returncode is None:
            child.kill()
        # Shielded: a cancelled caller must not leave a process that nobody waits for.
        await asyncio.shield(child.wait())
