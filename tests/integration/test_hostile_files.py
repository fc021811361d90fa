"""Files made to break their reader: each is told of or given up in time, in a child with bounds, and the next is read."""

import resource
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from app.entries.pagecount import PageCounter
from app.reports.binder import Bench, Binder
from app.reports.spool import Spool
from tests.integration.test_binder import cleaned
from tests.integration.test_pagecount import count
from tests.support.papers import pdf

MIB = 1024 * 1024
SECONDS = 8.0


def inflating(megabytes: int) -> bytes:
    """Make a stream that a flate filter unpacks to zeros, a thousandth of that in size; put together, not packed."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = (megabytes * MIB % 65521) << 16 | 1
    return b"\x78\xda" + block * megabytes + b"\x03\x00" + checksum.to_bytes(4, "big")


def put_together(objects: list[bytes], trailer: bytes = b"") -> bytes:
    """Make a PDF of these objects, the first of which is the catalogue, with its table of places."""
    out, places = bytearray(b"%PDF-1.5\n"), list[int]()
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, table)
    return bytes(out)


CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"
ONE_PAGE = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"


def stream(data: bytes, words: bytes) -> bytes:
    """Make a stream object."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), words, data)


def deep(levels: int) -> bytes:
    """Make a tree of pages that is a chain of this many nodes."""
    nodes = [
        b"<< /Type /Pages /Parent %d 0 R /Kids [%d 0 R] /Count 1 >>" % (number - 1, number + 1)
        for number in range(3, levels + 3)
    ]
    return put_together([CATALOG, ONE_PAGE, *nodes, PAGE])


def nested(levels: int) -> bytes:
    """Make a page whose dictionary holds arrays within arrays."""
    return put_together([CATALOG, ONE_PAGE, PAGE[:-2] + b"/X " + b"[" * levels + b"]" * levels + b" >>"])


def object_streams(number: int, megabytes: int) -> bytes:
    """Make a PDF whose objects are said to lie in streams that unpack without end."""
    packed = inflating(megabytes)
    words = b"/Type /ObjStm /N 100000 /First 10 /Filter /FlateDecode"
    return put_together([CATALOG, ONE_PAGE, PAGE, *(stream(packed, words) for _ in range(number))])


def painted(megabytes: int) -> bytes:
    """Make a page whose content unpacks without end."""
    page = PAGE[:-2] + b"/Contents [4 0 R 4 0 R 4 0 R 4 0 R] >>"
    return put_together([CATALOG, ONE_PAGE, page, stream(inflating(megabytes), b"/Filter /FlateDecode")])


def twice_packed(megabytes: int) -> bytes:
    """Make a page whose content is packed twice, so that a few KiB hold gigabytes."""
    page = PAGE[:-2] + b"/Contents 4 0 R >>"
    twice = zlib.compress(inflating(megabytes), 9)
    return put_together([CATALOG, ONE_PAGE, page, stream(twice, b"/Filter [/FlateDecode /FlateDecode]")])


def looping() -> bytes:
    """Make a tree of pages that is its own child."""
    return put_together([CATALOG, b"<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 2 >>", PAGE])


def table_loop() -> bytes:
    """Make a table of places that names itself as the one before it."""
    body = put_together([CATALOG, ONE_PAGE, PAGE])
    table = body.rindex(b"xref\n0")
    return body.replace(b"/Root", b"/Prev %d /Root" % table)


def tables_in_a_ring() -> bytes:
    """Make two tables of places, each of which names the other as the one before it."""
    first = put_together([CATALOG, ONE_PAGE, PAGE])
    table = first.rindex(b"xref\n0")
    second = len(first)
    ring = b"xref\n0 1\n0000000000 65535 f \ntrailer << /Size 4 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n"
    return first.replace(b"/Root 1 0 R  >>", b"/Root 1 0 R /Prev %010d >>" % (second + 17)) + ring % (
        table,
        second + 17,
    )


def self_length() -> bytes:
    """Make a stream whose length is told by itself."""
    page = PAGE[:-2] + b"/Contents 4 0 R >>"
    return put_together([CATALOG, ONE_PAGE, page, b"<< /Length 4 0 R >>\nstream\nq Q\nendstream"])


FILES: dict[str, Callable[[], bytes]] = {
    "deep": lambda: deep(60_000), "nested": lambda: nested(400_000), "object streams": lambda: object_streams(6, 900),
    "painted": lambda: painted(1500), "twice packed": lambda: twice_packed(4000), "looping": looping, "table loop": table_loop,
    "ring": tables_in_a_ring, "self length": self_length,
    "boast": lambda: put_together([CATALOG, ONE_PAGE.replace(b"Count 1", b"Count 2147483647"), PAGE]),
}  # fmt: skip


@pytest.fixture(scope="module", params=FILES)
def hostile(request: pytest.FixtureRequest) -> bytes:
    """Give a hostile file; none is large itself."""
    made = FILES[request.param]()
    assert len(made) < 8 * MIB
    return made


def test_the_streams_are_real() -> None:
    assert zlib.decompress(inflating(3)) == bytes(3 * MIB)


@pytest.fixture
def small() -> Iterator[None]:
    """See that this process has not unpacked anything."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """A place to make copies at, with less time and memory than the service gives."""
    binder = Binder(Spool(tmp_path / "spool"), seconds=SECONDS, memory_limit=512 * MIB)
    async with binder.bench() as lent:
        yield lent


@pytest.mark.usefixtures("small")
async def test_pages_are_told_or_not_and_the_next_file_is_counted(hostile: bytes) -> None:
    counter = PageCounter(seconds=SECONDS, memory_limit=512 * MIB)
    try:
        begun = time.monotonic()
        assert await count(counter, hostile) in {None, 1, 2}
        assert time.monotonic() - begun < 4 * SECONDS
        assert await count(counter, pdf(3)) == 3
    finally:
        await counter.aclose()


@pytest.mark.usefixtures("small")
async def test_copies_are_made_or_not_and_the_next_file_is_bound(bench: Bench, hostile: bytes) -> None:
    begun = time.monotonic()
    answer = await cleaned(bench, hostile, 1)
    assert time.monotonic() - begun < 4 * SECONDS
    assert answer is None or answer.get("reason") in {"unreadable", "pages_differ"} or "blank" in answer
    assert sum(path.stat().st_size for path in bench.directory.iterdir()) < 40 * MIB
    assert await cleaned(bench, pdf(2), 2) == {"blank": [0, 1]}
