"""The `Range` header of a download (RFC 9110, section 14): one range of bytes, or the whole. Knows no file."""

import re

from app.core.errors import RangeNotSatisfiable

_BYTES = re.compile(r"bytes=[ \t,]*(?:(\d+)-(\d*)|-(\d+))[ \t,]*", re.IGNORECASE | re.ASCII)
# More digits than any size has; Python would refuse thousands of them with an error of its own.
_MAX_DIGITS = 19


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Give the range that is asked for as (start, end), end not included, or None to send the whole.

    None when the header is absent, names another unit, several ranges, or isn't well formed: RFC 9110 lets a server
    ignore these. `size` is the length of the file in bytes.
    Raises RangeNotSatisfiable (416) with `extra["content_range"]`, the value of `Content-Range` to answer with.
    """
    found = _BYTES.fullmatch(header.strip(" \t")) if header else None
    if found is None:
        return None
    first, last, suffix = (_number(digits) for digits in found.groups())
    if suffix is not None:
        start, end = max(size - suffix, 0), size
    elif first is not None and (last is None or last >= first):
        start, end = first, size if last is None else min(last + 1, size)
    else:
        return None
    if start >= size or suffix == 0:
        raise RangeNotSatisfiable(
            f"The file has {size} bytes.", f"文件共 {size} 字节。", extra={"content_range": f"bytes */{size}"}
        )
    return start, end


def content_range(start: int, end: int, size: int) -> str:
    """Give the `Content-Range` of an answer that holds bytes `start` up to, not including, `end`."""
    return f"bytes {start}-{end - 1}/{size}"


def _number(digits: str | None) -> int | None:
    return int(digits.lstrip("0")[:_MAX_DIGITS] or "0") if digits else None
