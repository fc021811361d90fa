"""Opens mail in a process of its own, so that a message made to break its reader breaks only that process.

Never reads a message in the process of the service, and holds no more of one than the chunk in hand.
"""

import asyncio
import math
import os
import struct
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.core.errors import Unavailable

MIB = 1024**2
CHILD = Path(__file__).with_name("mail_child.py")
_LONGEST_LINE, _CHUNK = 4 * MIB, 256 * 1024

Problem = Literal["malformed", "too_many_parts", "too_deep", "headers_too_long", "unreadable"]


class Heads(BaseModel):
    """What a message's head says, decoded; texts are as the sender wrote them, not cleaned."""

    sender: Annotated[str | None, Field(alias="from")] = None
    to: str | None = None
    cc: str | None = None
    subject: str | None = None
    message_id: str | None = None
    sent_at: str | None = None


class PartTold(BaseModel):
    """An attachment: its name as the sender wrote it, not cleaned; its type by his word; its size in bytes."""

    name: str | None
    type: str
    size: Annotated[int, Field(ge=0)]


class LeftTold(BaseModel):
    """A part that stays in the message only."""

    name: str | None
    why: Literal["inline_image", "signature", "alternative"]


class Told(BaseModel):
    """What the process says of a message; with a `problem` it was not opened."""

    heads: Heads
    parts: Annotated[list[PartTold], Field(max_length=200)]
    left: Annotated[list[LeftTold], Field(max_length=200)]
    problem: Problem | None


class OpenedMail:
    """A message taken apart; the bytes of its parts come once and in their order."""

    def __init__(self, told: Told, child: Process | None, seconds: float) -> None:
        self.told, self._child, self._seconds = told, child, seconds

    async def chunks(self, part: PartTold) -> AsyncIterator[bytes]:
        """Give the bytes of the next part; Unavailable when the process is gone."""
        left = part.size
        while left:
            source = self._child.stdout if self._child is not None else None
            try:
                async with asyncio.timeout(self._seconds):
                    data = await source.read(min(left, _CHUNK)) if source is not None else b""
            except (TimeoutError, OSError):
                data = b""
            if not data:
                raise Unavailable("The message could not be taken apart; try again", "邮件暂时无法拆分,请重试")
            left -= len(data)
            yield data


class MailReader:
    """Opens messages, at most `at_once` at a time.

    `seconds` bounds the reading by the clock and (a little less) by processor time; `memory_limit` bounds the child's
    addresses in bytes.
    """

    def __init__(self, *, seconds: float = 30.0, memory_limit: int = 2048 * MIB, at_once: int = 2) -> None:
        self._seconds, self._memory_limit = seconds, memory_limit
        self._turns = asyncio.Semaphore(at_once)

    @asynccontextmanager
    async def open(
        self, source: AbstractAsyncContextManager[AsyncIterator[bytes]], size: int
    ) -> AsyncIterator[OpenedMail]:
        """Open a message of `size` bytes; one that breaks its reader is told as `unreadable`.

        What `source` raises of its own passes through.
        """
        async with self._turns:
            child = await self._start()
            try:
                async with source as chunks:
                    told = await self._ask(child, chunks, size)
                yield OpenedMail(told, child, self._seconds)
            finally:
                if child.returncode is None:
                    child.kill()
                # Shielded: a cancelled caller must not leave a process that nobody waits for.
                await asyncio.shield(child.wait())

    async def _start(self) -> Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # the script's own directory holds modules of ours, none of which it may pick up
            str(CHILD),
            str(self._memory_limit),
            str(max(1, math.floor(self._seconds * 0.8))),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            limit=_LONGEST_LINE,
            # The settings, with their passwords, are no business of a process that reads strangers' mail.
            env={name: value for name, value in os.environ.items() if not name.startswith("ANJUAN_")},
            start_new_session=True,
        )

    async def _ask(self, child: Process, chunks: AsyncIterator[bytes], size: int) -> Told:
        try:
            async with asyncio.timeout(self._seconds):
                return await _told(child, chunks, size)
        except (TimeoutError, OSError, EOFError, ValueError):
            return Told(heads=Heads(), parts=[], left=[], problem="unreadable")


async def _told(child: Process, chunks: AsyncIterator[bytes], size: int) -> Told:
    """Send a message and read what the process says of it; raises when the process is gone or says no sense."""
    if child.stdin is None or child.stdout is None:
        raise EOFError
    child.stdin.write(struct.pack(">Q", size))
    async for chunk in chunks:
        child.stdin.write(chunk)
        await child.stdin.drain()
    child.stdin.close()
    return Told.model_validate_json(await child.stdout.readline())
