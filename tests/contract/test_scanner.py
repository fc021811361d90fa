"""Servers that are no good scanner: none of them makes a file clean, or holds its asker up."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from app.storage.errors import StoreUnavailable
from app.storage.scanner import ClamScanner, Judgement, ScannerUnavailable, ScannerVersion, Verdict, parse_address

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
MIB = 1024 * 1024


@asynccontextmanager
async def served(serve: Serve, idle: float = 20) -> AsyncIterator[ClamScanner]:
    """Give a client of a server that does `serve` with each connection."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield ClamScanner(f"127.0.0.1:{port}", idle_seconds=idle)
    finally:
        server.close()


async def chunks(size: int = 3 * MIB, piece: int = 100_000) -> AsyncIterator[bytes]:
    """Give a file of this size."""
    for begin in range(0, size, piece):
        yield bytes(min(piece, size - begin))


async def taken(reader: asyncio.StreamReader) -> int:
    """Read a whole stream as the protocol says; give its size."""
    assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
    size = 0
    while length := int.from_bytes(await reader.readexactly(4), "big"):
        await reader.readexactly(length)
        size += length
    return size


def saying(words: bytes, *, early: bool = False) -> Serve:
    """Serve with these words, after the file or before anything of it was read."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not early:
            await taken(reader)
        writer.write(words)
        await writer.drain()

    return serve


@pytest.mark.parametrize(
    ("words", "judgement", "detail"),
    [
        (b"stream: OK\0", Judgement.CLEAN, None), (b"stream: Eicar FOUND\0", Judgement.INFECTED, "Eicar"),
        (b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0", Judgement.UNSCANNABLE, "Heuristics.Limits.Exceeded.MaxFileSize"),
        (b"stream: Heuristics.Encrypted.Zip FOUND\0", Judgement.UNSCANNABLE, "Heuristics.Encrypted.Zip"),
        (b"stream: Can't allocate memory ERROR\0", Judgement.ERROR, "Can't allocate memory ERROR"),
        (b"stream: A\x1b[31m\n" + b"x" * 900 + b" FOUND\0", Judgement.INFECTED, "A?[31m?" + "x" * 193),
    ],
)  # fmt: skip
async def test_answers_and_what_they_mean(words: bytes, judgement: Judgement, detail: str | None) -> None:
    async with served(saying(words)) as scanner:
        assert await scanner.scan(chunks()) == Verdict(judgement, detail)


async def test_every_byte_arrives_once() -> None:
    sizes = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sizes.append(await taken(reader))
        writer.write(b"stream: OK\0")

    async with served(serve) as scanner:
        for size, piece in ((0, 1), (1, 1), (5 * MIB + 7, 3 * MIB), (300_000, 65_536)):
            await scanner.scan(chunks(size, piece))
            assert sizes.pop() == size


@pytest.mark.parametrize(
    "words",
    [
        b"", b"stream: OK", b"\0", b"HTTP/1.1 200 OK\r\n\r\n\0", b"stream: ok\0", b"OKAY\0", b"x" * 100_000, b"\xff\xfe\0",
        b"UNKNOWN COMMAND\0", b"stream: O\0K\0",
    ],
)  # fmt: skip
@pytest.mark.parametrize("early", [False, True])
async def test_nothing_else_is_a_verdict(words: bytes, early: bool) -> None:
    async with served(saying(words, early=early)) as scanner:
        with pytest.raises(ScannerUnavailable):
            await scanner.scan(chunks())


async def test_clean_before_the_whole_was_heard_is_none() -> None:
    async with served(saying(b"stream: OK\0", early=True)) as scanner:
        with pytest.raises(ScannerUnavailable):
            await scanner.scan(chunks(200 * MIB, MIB))


async def test_limit_is_heard_while_it_sends() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(MIB)
        writer.write(b"INSTREAM size limit exceeded. ERROR\0")
        await writer.drain()
        await reader.read()

    async with served(serve) as scanner:
        assert (await scanner.scan(chunks(200 * MIB, MIB))).judgement is Judgement.UNSCANNABLE


async def test_silence_ends() -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async def dumb(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await taken(reader)
        await asyncio.sleep(60)

    for serve, size in ((deaf, 200 * MIB), (dumb, MIB)):
        async with served(serve, idle=0.3) as scanner, asyncio.timeout(30):
            with pytest.raises(ScannerUnavailable, match="for"):
                await scanner.scan(chunks(size, MIB))


async def test_source_that_breaks_is_its_own_error() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(10)
        raise StoreUnavailable("gone")

    async with served(saying(b"stream: OK\0")) as scanner:
        with pytest.raises(StoreUnavailable):
            await scanner.scan(broken())


@pytest.mark.parametrize(
    ("words", "version"),
    [
        (b"ClamAV 1.4.3/27831/Fri Nov 27 2026\0", ScannerVersion("ClamAV 1.4.3", 27831)),
        (b"ClamAV 1.4.3\0", ScannerVersion("ClamAV 1.4.3", 0)), (b"OpenSSH\0", None), (b"", None), (b"ClamAV 1/x/y\0", None),
    ],
)  # fmt: skip
async def test_version(words: bytes, version: ScannerVersion | None) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zVERSION\0"
        writer.write(words)

    async with served(serve) as scanner:
        if version is None:
            with pytest.raises(ScannerUnavailable):
                await scanner.version()
        else:
            assert await scanner.version() == version


async def test_nobody_there() -> None:
    for address in ("127.0.0.1:1", "unix:/nowhere/clamd.sock"):
        with pytest.raises(ScannerUnavailable):
            await ClamScanner(address).version()


def test_addresses() -> None:
    assert parse_address("clamd:3310") == ("clamd", 3310)
    assert parse_address("[::1]:3310") == ("::1", 3310)
    assert parse_address("unix:/run/clamd.sock") == "/run/clamd.sock"
    for wrong in ("clamd", "clamd:", ":3310", "clamd:0", "clamd:65536", "unix:run", "clamd:x"):
        with pytest.raises(ValueError, match="host:port"):
            parse_address(wrong)
