"""Makes reading copies out of files, in a process of its own and in a directory of its own.

A file that is made to break its reader breaks only that process, which is replaced. Never opens a stranger's file in
the process of the service, and leaves no file behind.
"""

import asyncio
import json
import math
import os
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from app.core.errors import Unavailable
from app.reports.spool import Spool

MIB = 1024**2
CHILD = Path(__file__).with_name("binding_child.py")
_LONGEST_ANSWER = 16 * MIB


class BinderBusy(Unavailable):
    """As many copies are being made and waited for as this process takes on."""

    code, title_en, title_zh = "busy", "Too many copies at once", "同时制作的副本过多"


class Bench:
    """Where one copy is made: a directory, and a child that is started at first use and replaced when it fails."""

    def __init__(self, directory: Path, *, seconds: float, memory_limit: int) -> None:
        self.directory = directory
        self._seconds, self._memory_limit = seconds, memory_limit
        self._child: Process | None = None

    async def ask(self, question: dict[str, Any]) -> dict[str, Any] | None:
        """Ask the child; None when it did not answer in time, or at all."""
        answer = None
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._asked(await self._running_child(), question)
        except (TimeoutError, OSError, ValueError):
            return None
        finally:
            if answer is None:
                await self.aclose()
        return answer

    @staticmethod
    async def _asked(child: Process, question: dict[str, Any]) -> dict[str, Any] | None:
        if child.stdin is None or child.stdout is None:
            return None
        child.stdin.write(json.dumps(question).encode() + b"\n")
        await child.stdin.drain()
        line = await child.stdout.readline()
        answer = json.loads(line) if line.endswith(b"\n") else None
        return answer if isinstance(answer, dict) else None

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
                limit=_LONGEST_ANSWER,
                cwd=self.directory,
                # The settings, with their passwords, are no business of a process that reads strangers' files.
                env={name: value for name, value in os.environ.items() if not name.startswith("ANJUAN_")},
                start_new_session=True,
            )
        return self._child

    async def aclose(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is None:
            return
        if child.returncode is None:
            child.kill()
        # Shielded: a cancelled caller must not leave a process that nobody waits for.
        await asyncio.shield(child.wait())


class Binder:
    """Lends benches, a few at a time.

    `seconds` bounds one question by the clock and (a little less) by processor time, `total_seconds` a whole copy;
    `memory_limit` bounds the child's addresses in bytes; `at_once` copies are made and `waiting` more wait.
    """

    def __init__(
        self,
        spool: Spool,
        *,
        seconds: float = 60.0,
        total_seconds: float = 600.0,
        memory_limit: int = 1024 * MIB,
        at_once: int = 2,
        waiting: int = 6,
    ) -> None:
        self._spool, self._seconds, self._total_seconds = spool, seconds, total_seconds
        self._memory_limit, self._most = memory_limit, at_once + waiting
        self._turns, self._taken = asyncio.Semaphore(at_once), 0

    @asynccontextmanager
    async def bench(self) -> AsyncIterator[Bench]:
        """Lend a bench and clear it away; BinderBusy when too many wait, Unavailable when it takes too long."""
        if self._taken >= self._most:
            raise BinderBusy(
                "Too many copies are being made; try again", "正在制作的副本过多,请稍后重试", retry_after=15
            )
        self._taken += 1
        try:
            async with asyncio.timeout(self._total_seconds), self._turns, self._cleared() as bench:
                yield bench
        except TimeoutError as error:
            raise Unavailable("The copy takes too long", "副本制作超时", retry_after=60) from error
        finally:
            self._taken -= 1

    @asynccontextmanager
    async def _cleared(self) -> AsyncIterator[Bench]:
        try:
            directory = await asyncio.to_thread(self._spool.make)
        except OSError as error:
            raise Unavailable("There is no room to make the copy", "没有空间制作副本", retry_after=60) from error
        bench = Bench(directory, seconds=self._seconds, memory_limit=self._memory_limit)
        try:
            yield bench
        finally:
            await bench.aclose()
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True))
