"""The Range header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.ranges import content_range, parse_range
from app.core.errors import RangeNotSatisfiable


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-499", (0, 500)),
        ("bytes=500-999", (500, 1000)),
        ("bytes=-500", (500, 1000)),
        ("bytes=-5000", (0, 1000)),
        ("bytes=9-", (9, 1000)),
        ("bytes=0-99999999999999999999999999", (0, 1000)),
        ("BYTES=0-1", (0, 2)),
        (" bytes=0-1 ", (0, 2)),
        ("bytes=, 0-1 ,", (0, 2)),
        ("bytes=000-001", (0, 2)),
    ],
)
def test_one_range(header: str, expected: tuple[int, int]) -> None:
    assert parse_range(header, 1000) == expected


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=2-1", "bytes=0-1,3-4", "bytes=0-1,-1", "items=0-1",
     "bytes=0 -1", "bytes=+1-2", "bytes=1.0-2", "bytes=0x1-2", "bytes=٠-١", "bytes 0-1", "bytes=0-1;x", "bytes = 0-1"],
)  # fmt: skip
def test_ignored(header: str | None) -> None:
    assert parse_range(header, 1000) is None


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=1000-", 1000), ("bytes=-0", 1000), ("bytes=0-", 0), ("bytes=-5", 0)]
)
def test_not_satisfiable(header: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiable) as caught:
        parse_range(header, size)
    assert caught.value.extra == {"content_range": f"bytes */{size}"}


def test_long_digits_are_no_trouble() -> None:
    with pytest.raises(RangeNotSatisfiable):
        parse_range(f"bytes={'9' * 20_000}-", 10)
    assert parse_range(f"bytes=-{'9' * 20_000}", 10) == (0, 10)


def test_content_range() -> None:
    assert content_range(0, 500, 1000) == "bytes 0-499/1000"


@given(st.integers(1, 10_000), st.data())
def test_every_range_within_the_file_is_itself(size: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, size - 1))
    end = data.draw(st.integers(start + 1, size))
    assert parse_range(f"bytes={start}-{end - 1}", size) == (start, end)
    assert parse_range(f"bytes=-{size - start}", size) == (start, size)


@given(st.text(), st.integers(0, 100))
def test_no_text_breaks_it(text: str, size: int) -> None:
    for header in (text, f"bytes={text}"):
        try:
            found = parse_range(header, size)
        except RangeNotSatisfiable:
            continue
        assert found is None or 0 <= found[0] < found[1] <= size
