"""The streaming reader of multipart/form-data."""

import tracemalloc
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.multipart import MAX_HEADER_BYTES, MAX_PARTS, MultipartReader, boundary_of
from app.core.errors import Malformed, TooLarge

TYPE = "multipart/form-data; boundary=XyZ"
CRLF = b"\r\n"


def part(data: bytes, headers: bytes = b'Content-Disposition: form-data; name="file"; filename="a.pdf"') -> bytes:
    return b"--XyZ\r\n" + headers + b"\r\n\r\n" + data + CRLF


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--XyZ--\r\n"


async def chunked(data: bytes, step: int = 7) -> AsyncIterator[bytes]:
    for begin in range(0, len(data), step):
        yield data[begin : begin + step]


async def read_all(data: bytes, step: int = 7) -> list[tuple[str, str | None, str | None, bytes]]:
    reader = MultipartReader(TYPE, chunked(data, step))
    return [(found.name, found.filename, found.content_type, await found.read(10**9)) async for found in reader]


@given(st.lists(st.binary(max_size=300) | st.sampled_from([b"\r\n--Xy", b"\r", b"\r\n\r\n--", b"--XyZ--"]), max_size=4),
       st.integers(1, 400))  # fmt: skip
async def test_parts_come_back(datas: list[bytes], step: int) -> None:
    datas = [data.replace(b"\r\n--XyZ", b"") for data in datas]
    if not datas:
        assert await read_all(body(), step) == []
        return
    found = await read_all(body(*(part(data) for data in datas)), step)
    assert found == [("file", "a.pdf", None, data) for data in datas]


@pytest.mark.parametrize("step", [1, 2, 3, 10, 1000, 10**6])
async def test_entry_and_file(step: int) -> None:
    whole = body(
        part(b'{"title": 1}', b"content-disposition: form-data; name=entry\r\nContent-Type: application/json"),
        part(b"\0\r\n-" * 50_000, 'Content-Disposition: form-data; name="file"; filename="案卷.pdf"'.encode()),
    )
    reader = MultipartReader(TYPE, chunked(whole, step))
    entry = await reader.expect("entry")
    assert (entry.filename, entry.content_type) == (None, "application/json")
    assert await entry.read(100) == b'{"title": 1}'
    file = await reader.expect("file")
    assert file.filename == "案卷.pdf"
    assert b"".join([chunk async for chunk in file]) == b"\0\r\n-" * 50_000
    assert await anext(aiter(reader), None) is None
    assert await anext(aiter(reader), None) is None


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ("form-data; name=file; filename*=UTF-8''%E6%A1%88", "案"),
        ("form-data; name=file; filename=x; filename*=UTF-8''y", "y"),
        ('form-data; name=file; filename="a\\"b"', 'a"b'),
        ("form-data; name=file", None),
    ],
)
async def test_file_names(disposition: str, filename: str | None) -> None:
    whole = body(part(b"x", f"Content-Disposition: {disposition}".encode()))
    assert await read_all(whole) == [("file", filename, None, b"x")]


async def test_unread_parts_are_passed_over() -> None:
    reader = MultipartReader(TYPE, chunked(body(part(b"a" * 1000), part(b"b"), part(b"c"))))
    first = await anext(reader)
    assert await anext(first)
    await anext(reader)
    third = await anext(reader)
    assert await first.read(1) == b""
    assert await third.read(1) == b"c"


async def test_small_part_has_a_limit() -> None:
    reader = MultipartReader(TYPE, chunked(body(part(b"x" * 101))))
    with pytest.raises(TooLarge):
        await (await anext(reader)).read(100)


async def test_expected_part_is_missing() -> None:
    with pytest.raises(Malformed, match="'entry' is expected where 'file' stands"):
        await MultipartReader(TYPE, chunked(body(part(b"x")))).expect("entry")
    with pytest.raises(Malformed, match="where the body ends"):
        await MultipartReader(TYPE, chunked(body())).expect("entry")


GOOD = body(part(b"abc"))


@pytest.mark.parametrize("cut", range(len(GOOD) - len(CRLF)))
async def test_ended_early(cut: int) -> None:
    with pytest.raises(Malformed):
        await read_all(GOOD[:cut])


@pytest.mark.parametrize(
    "data",
    [
        b"x" + GOOD,
        b"--other\r\n\r\n",
        part(b"x", b"no colon") + b"--XyZ--",
        part(b"x", b"A: b") + b"--XyZ--",
        part(b"x", b"Content-Disposition: attachment; name=file") + b"--XyZ--",
        part(b"x", b"Content-Disposition: form-data") + b"--XyZ--",
        part(b"x", b'Content-Disposition: form-data; name=""') + b"--XyZ--",
        part(b"x", b"Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b") + b"--XyZ--",
        part(b"x", b"Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64") + b"--XyZ--",
        part(b"x", b"Content-Disposition: form-data; name=" + b"a" * MAX_HEADER_BYTES) + b"--XyZ--",
        part(b"x", b"Content-Disposition: form-data; name=a" + b"".join(b"\r\nX%d: y" % n for n in range(40)))
        + b"--XyZ--",
        body(*[part(b"x")] * (MAX_PARTS + 1)),
        GOOD + b"x" * 300_000,
    ],
)
async def test_malformed(data: bytes) -> None:
    for step in (5, 1000, 10**6):
        with pytest.raises(Malformed):
            await read_all(data, step)


@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", "multipart/mixed; boundary=a", "multipart/form-data", "multipart/form-data; boundary=",
     "multipart/form-data; boundary=" + "a" * 71, "multipart/form-data; boundary=ä", 'multipart/form-data; boundary="a\r"',
     "multipart/form-data; boundary=a; boundary=b"],
)  # fmt: skip
def test_no_boundary(content_type: str | None) -> None:
    with pytest.raises(Malformed):
        boundary_of(content_type)


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=----WebKitFormBoundary7MA4", b"----WebKitFormBoundary7MA4"),
        ('Multipart/Form-Data;charset=utf-8; Boundary="a b:c"', b"a b:c"),
        ("multipart/form-data;boundary=" + "a" * 70 + ";", b"a" * 70),
    ],
)
def test_boundaries(content_type: str, boundary: bytes) -> None:
    assert boundary_of(content_type) == boundary


async def test_epilogue_is_taken() -> None:
    assert len(await read_all(GOOD + b"epilogue")) == 1


async def test_what_the_source_raises_passes_through() -> None:
    async def gone() -> AsyncIterator[bytes]:
        yield GOOD[:75]
        raise ConnectionResetError

    found = await MultipartReader(TYPE, gone()).expect("file")
    with pytest.raises(ConnectionResetError):
        await found.read(100)


async def test_memory_is_constant() -> None:
    async def large() -> AsyncIterator[bytes]:
        yield part(b"")[:-2]
        for _ in range(512):
            yield b"\r\n-" * 40_000  # looks like a boundary again and again
        yield b"\r\n--XyZ--"

    reader = MultipartReader(TYPE, large())
    file = await reader.expect("file")
    tracemalloc.start()
    count = 0
    async for chunk in file:
        count += len(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 512 * 120_000
    assert peak < 2_000_000
