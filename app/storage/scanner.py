"""ClamAV over its socket (clamd): asked about a stream of bytes that is never held.

An answer that isn't understood, comes too late or doesn't come is no verdict: that is `ScannerUnavailable`, and never
clean. Source of the protocol: clamd(8), commands as `zCOMMAND` NUL; INSTREAM is length (4 bytes, big endian) and chunk,
ended by a length of 0.
"""

import asyncio
import re
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum

from app.core.errors import Unavailable

MIB = 1024**2
_PIECE = 256 * 1024
_LONGEST_ANSWER = 4096
_LONGEST_NAME = 200
# Signatures that say what the scanner didn't look into, when it is set up to tell; not that there is a virus.
_NOT_LOOKED_AT = ("Heuristics.Limits.Exceeded", "Heuristics.Encrypted")
_VERSION = re.compile(r"(ClamAV [^/]{1,100})(?:/(\d{1,9})/[^/]*)?")


class ScannerUnavailable(Unavailable):
    """The scanner can't be reached, is silent, hangs up, or answers what isn't understood; `reason` is for the log."""

    title_en, title_zh = "Virus scanner unavailable", "病毒扫描服务暂时不可用"

    def __init__(self, reason: str = "") -> None:
        super().__init__()
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.title_en}: {self.reason}"


class Judgement(StrEnum):
    """What the scanner says of a file; `error` is its own word for having failed at it."""

    CLEAN = "clean"
    INFECTED = "infected"
    UNSCANNABLE = "unscannable"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement; `detail` is the name of the signature, or why the file was not looked at."""

    judgement: Judgement
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class ScannerVersion:
    """Program and number of the signature database, 0 where it has none of the publisher's."""

    engine: str
    database: int


def parse_address(value: str) -> tuple[str, int] | str:
    """Read `host:port` into a pair, `unix:/path` into the path; ValueError otherwise."""
    if value.startswith("unix:"):
        path = value.removeprefix("unix:")
        if not path.startswith("/"):
            raise ValueError("must be host:port or unix:/path")
        return path
    host, _, port = value.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:  # noqa: PLR2004  # ports end there
        raise ValueError("must be host:port or unix:/path")
    return host, int(port)


class ClamScanner:
    """Asks one clamd; each question is a connection of its own.

    `address` as in `parse_address`. `idle_seconds` bounds its silence, while it takes bytes and while it thinks.
    """

    def __init__(self, address: str, *, connect_seconds: float = 3.0, idle_seconds: float = 150.0) -> None:
        self._address = parse_address(address)
        self._connect_seconds, self._idle_seconds = connect_seconds, idle_seconds

    async def version(self) -> ScannerVersion:
        """Tell the scanner's version as it is now; also the sign that it answers."""
        async with self._connected() as (reader, writer):
            writer.write(b"zVERSION\0")
            line = await self._answer(reader, self._connect_seconds)
        found = _VERSION.fullmatch(line)
        if found is None:
            raise ScannerUnavailable("no ClamAV answers there")
        return ScannerVersion(found[1], int(found[2] or 0))

    async def scan(self, chunks: AsyncIterator[bytes]) -> Verdict:
        """Stream a file to the scanner and give its verdict; what `chunks` raises passes through.

        Raises ScannerUnavailable when there is none.
        """
        async with self._connected() as (reader, writer):
            # Heard from the first byte on: a scanner that has enough says so, hangs up, and reads no further.
            answer = asyncio.ensure_future(self._heard(reader))
            try:
                whole = await self._send(writer, chunks, answer)
                line = await asyncio.wait_for(answer, self._idle_seconds)
            except TimeoutError:
                raise ScannerUnavailable(f"silent for {self._idle_seconds:.0f} s") from None
            finally:
                answer.cancel()
                with suppress(asyncio.CancelledError, ScannerUnavailable):
                    await answer
        return _verdict(line, whole=whole)

    async def _send(
        self, writer: asyncio.StreamWriter, chunks: AsyncIterator[bytes], answer: "asyncio.Future[str]"
    ) -> bool:
        """Send the file, as far as the scanner takes it; tell whether that was the whole."""
        writer.write(b"zINSTREAM\0")
        async for chunk in chunks:
            for begin in range(0, len(chunk), _PIECE):
                if answer.done():
                    return False
                piece = chunk[begin : begin + _PIECE]
                writer.write(struct.pack(">I", len(piece)) + piece)
                if not await self._drained(writer):
                    return False
        writer.write(struct.pack(">I", 0))
        return await self._drained(writer)

    async def _drained(self, writer: asyncio.StreamWriter) -> bool:
        try:
            await asyncio.wait_for(writer.drain(), self._idle_seconds)
        except TimeoutError:
            raise ScannerUnavailable(f"took nothing for {self._idle_seconds:.0f} s") from None
        except OSError:
            return False  # it hung up, maybe after a word: the answer decides
        return True

    async def _heard(self, reader: asyncio.StreamReader) -> str:
        try:
            line = await reader.readuntil(b"\0")
        except asyncio.IncompleteReadError:
            raise ScannerUnavailable("hung up without an answer") from None
        except asyncio.LimitOverrunError:
            raise ScannerUnavailable("answered without end") from None
        except OSError as error:
            raise ScannerUnavailable(type(error).__name__) from None
        return line[:-1].decode("utf-8", "replace").strip()

    async def _answer(self, reader: asyncio.StreamReader, seconds: float) -> str:
        try:
            return await asyncio.wait_for(self._heard(reader), seconds)
        except TimeoutError:
            raise ScannerUnavailable(f"silent for {seconds:.0f} s") from None

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        try:
            reader, writer = await asyncio.wait_for(self._open(), self._connect_seconds)
        except (OSError, TimeoutError) as error:
            raise ScannerUnavailable(f"not reached: {type(error).__name__}") from None
        try:
            yield reader, writer
        finally:
            # At once: nothing that is left unsent is of use, and a silent scanner would hold a polite farewell up.
            writer.transport.abort()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._address, str):
            return await asyncio.open_unix_connection(self._address, limit=_LONGEST_ANSWER)
        return await asyncio.open_connection(*self._address, limit=_LONGEST_ANSWER)


def _verdict(line: str, *, whole: bool) -> Verdict:
    """Read an answer; raises ScannerUnavailable for what is none of ours, and for clean before it had everything."""
    said = line.removeprefix("stream: ")
    if said == "OK":
        if not whole:
            raise ScannerUnavailable("judged a file that it didn't have")
        return Verdict(Judgement.CLEAN)
    if said.endswith(" FOUND"):
        name = _plain(said.removesuffix(" FOUND"))
        missed = name.startswith(_NOT_LOOKED_AT)
        return Verdict(Judgement.UNSCANNABLE if missed else Judgement.INFECTED, name)
    if said.startswith("INSTREAM size limit exceeded"):
        return Verdict(Judgement.UNSCANNABLE, "larger than the scanner takes (StreamMaxLength)")
    if said.endswith("ERROR"):
        return Verdict(Judgement.ERROR, _plain(said))
    raise ScannerUnavailable("answered what isn't understood")


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)[:_LONGEST_NAME]
