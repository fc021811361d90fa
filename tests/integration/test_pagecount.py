"""Page counts by a real child process, of real and of hostile PDFs."""

import asyncio
import os
import signal
import time
import zlib
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
import typst

from app.entries.pagecount import PageCounter


def blank(pages: int) -> bytes:
    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(595, 842)
    out = BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()


def typeset(pages: int) -> bytes:
    source = "#pagebreak()\n".join(f"案卷 第 {number} 页\n" for number in range(1, pages + 1))
    made = typst.compile(source.encode())
    assert isinstance(made, bytes)
    return made


def encrypted() -> bytes:
    """Make a PDF whose encryption dictionary no empty password opens."""
    body = blank(1)
    start = body.rindex(b"trailer")
    secret = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <" + b"41" * 32 + b"> /U <" + b"42" * 32 + b"> >>"
    tail = body[start:].replace(b"<<", b"<< " + secret + b" /ID [<41><41>]", 1)
    return body[:start] + tail


def bomb(streams: int, megabytes: int) -> bytes:
    """Make a small file whose chain of cross-reference streams unpacks to `streams` times `megabytes`."""
    squeeze = zlib.compressobj(9)
    block = bytes(1024 * 1024)
    once = b"".join(squeeze.compress(block) for _ in range(megabytes)) + squeeze.flush()
    data = zlib.compress(once, 9)
    out, previous = bytearray(b"%PDF-1.5\n"), None
    for number in range(1, streams + 1):
        begin = len(out)
        chain = f"/Prev {previous} " if previous is not None else ""
        out += (
            f"{number} 0 obj\n<< /Type /XRef /Size {streams + 1} /W [1 4 2] /Root 1 0 R {chain}"
            f"/Filter [/FlateDecode /FlateDecode] /Length {len(data)} >>\nstream\n"
        ).encode()
        out += data + b"\nendstream\nendobj\n"
        previous = begin
    out += f"startxref\n{previous}\n%%EOF\n".encode()
    return bytes(out)


async def chunked(data: bytes, step: int = 50_000) -> AsyncIterator[bytes]:
    for begin in range(0, len(data), step):
        yield data[begin : begin + step]


@pytest.fixture
async def counter() -> AsyncIterator[PageCounter]:
    made = PageCounter()
    yield made
    await made.aclose()


async def count(counter: PageCounter, data: bytes) -> int | None:
    return await counter.count(chunked(data), len(data))


def child_id(counter: PageCounter) -> int | None:
    return counter._child.pid if counter._child else None


@pytest.mark.parametrize("pages", [1, 3, 250])
async def test_counts(counter: PageCounter, pages: int) -> None:
    assert await count(counter, blank(pages)) == pages


async def test_counts_typeset_pages_in_one_child(counter: PageCounter) -> None:
    assert await count(counter, typeset(7)) == 7
    first = child_id(counter)
    assert await count(counter, typeset(2)) == 2
    assert child_id(counter) == first


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"%PDF-1.7\n",
        b"not a pdf" * 1000,
        blank(4)[:200],
        os.urandom(100_000),
        encrypted(),
        blank(2).replace(b"/Count 2", b"/Count 9"),
        blank(2).replace(b"/Kids", b"/Kidz"),
    ],
)
async def test_what_cannot_be_told_is_none(counter: PageCounter, data: bytes) -> None:
    assert await count(counter, data) is None
    assert await count(counter, blank(2)) == 2


async def test_file_that_unpacks_without_end(counter: PageCounter) -> None:
    hostile = bomb(2000, 60)
    assert len(hostile) < 2_000_000
    quick = PageCounter(seconds=2)
    begun = time.monotonic()
    assert await count(quick, hostile) is None
    assert time.monotonic() - begun < 5
    assert await count(quick, blank(3)) == 3
    await quick.aclose()


async def test_file_that_takes_too_much_memory() -> None:
    small = PageCounter(memory_limit=400 * 1024 * 1024)
    assert await count(small, bomb(1, 900)) is None
    assert await count(small, blank(3)) == 3
    await small.aclose()


async def test_killed_child_is_replaced(counter: PageCounter) -> None:
    assert await count(counter, blank(1)) == 1
    old = child_id(counter)
    assert old
    data = blank(60) + b" " * 5_000_000

    async def murderous() -> AsyncIterator[bytes]:
        yield data[:100_000]
        os.kill(old, signal.SIGKILL)
        yield data[100_000:]

    assert await counter.count(murderous(), len(data)) is None
    assert await count(counter, blank(2)) == 2
    assert child_id(counter) != old

    between = child_id(counter)
    assert between
    os.kill(between, signal.SIGKILL)
    await asyncio.sleep(0.2)
    assert await count(counter, blank(3)) == 3


@pytest.mark.parametrize("claimed", [-1, 1])
async def test_wrong_size(counter: PageCounter, claimed: int) -> None:
    data = blank(2)
    assert await counter.count(chunked(data), len(data) + claimed) is None
    assert await count(counter, data) == 2


async def test_source_that_fails_or_stalls(counter: PageCounter) -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield b"%PDF"
        raise KeyError

    with pytest.raises(KeyError):
        await counter.count(failing(), 1000)

    async def stalling() -> AsyncIterator[bytes]:
        yield b"%PDF"
        await asyncio.sleep(3600)

    quick = PageCounter(seconds=0.5)
    assert await quick.count(stalling(), 1000) is None
    await quick.aclose()

    task = asyncio.create_task(counter.count(stalling(), 1000))
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert child_id(counter) is None
    assert await count(counter, blank(2)) == 2


async def test_too_large_is_not_even_read() -> None:
    async def untouchable() -> AsyncIterator[bytes]:
        for _ in range(1):
            pytest.fail("was read")
        yield b""

    counter = PageCounter(size_limit=10)
    assert await counter.count(untouchable(), 11) is None
    assert child_id(counter) is None
    await counter.aclose()


async def test_many_at_a_time(counter: PageCounter) -> None:
    counted = await asyncio.gather(*(count(counter, blank(number)) for number in range(1, 30)))
    assert counted == list(range(1, 30))


async def test_secrets_stay_with_the_parent(counter: PageCounter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJUAN_S3_SECRET_KEY", "hidden")
    assert await count(counter, blank(1)) == 1
    assert b"ANJUAN_" not in Path(f"/proc/{child_id(counter)}/environ").read_bytes()
