"""What the store's answers to transfers say: whether it took what was sent, and what it is going to give."""

import re
from collections.abc import Mapping
from xml.etree import ElementTree as ET

from app.core.errors import AppError
from app.storage.checksums import TRAILER
from app.storage.errors import ObjectCorrupt, ObjectMissing, StoreUnavailable
from app.storage.wire import Answer


def accepted(answer: Answer, md5: str | None = None, *, crc32: str | None = None) -> str:
    """Give the ETag of what the store took; raise when it refused, or took other bytes than were sent.

    `md5` and `crc32` are those of what was sent: one of them, and the store tells what it makes of the same.
    """
    if not answer.ok:
        raise refused(answer)
    etag = answer.headers.get("etag", "").strip('"')
    # Under encryption by customer or KMS keys the ETag looks like an MD5 and isn't one.
    foreign = answer.headers.get("x-amz-server-side-encryption", "AES256") != "AES256" or any(
        name.startswith("x-amz-server-side-encryption-customer") for name in answer.headers
    )
    other = md5 is not None and re.fullmatch("[0-9a-f]{32}", etag) and etag != md5 and not foreign
    if other or (crc32 is not None and answer.headers.get(TRAILER, crc32) != crc32):
        raise ObjectCorrupt("The store took other bytes than were sent.")
    return etag


def refused(answer: Answer) -> AppError:
    if answer.code in {"BadDigest", "IncompleteBody", "InvalidPart", "XAmzContentChecksumMismatch"}:
        return ObjectCorrupt(f"The store refused the bytes: {answer.code}.")
    error = answer.error()
    return StoreUnavailable("the store answered 404") if isinstance(error, ObjectMissing) else error


def expected_length(headers: Mapping[str, str], start: int, end: int | None) -> int | None:
    """Give the number of bytes to come (None: the store doesn't say); raise when they aren't those asked for."""
    # The embedded server answers ranges under status 200, so the header decides and not the status.
    stated = headers.get("Content-Range")
    if stated is None:
        if start or end is not None:
            raise StoreUnavailable("the store doesn't answer ranges")
        length = headers.get("Content-Length")
        return int(length) if length else None
    found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", stated)
    if found is None or int(found[1]) != start or (end is not None and int(found[2]) >= end):
        raise StoreUnavailable("the store answered another range")
    return int(found[2]) - start + 1


def text(xml: bytes, name: str) -> str:
    """Give the text of the element `name`, whatever its namespace."""
    try:
        for element in ET.fromstring(xml).iter():  # noqa: S314  # from our own store, at most 64 KiB
            if element.tag.rpartition("}")[2] == name and element.text:
                return element.text
    except ET.ParseError:
        pass
    raise StoreUnavailable(f"the store's answer has no {name}")
