"""Frames: as long as they said, and what a reader of the format takes from them is what went in, with its sum."""

import asyncio
import zlib
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.storage import checksums
from app.storage.body import CheckedBody, Part
from app.storage.checksums import Crc32, Framed
from tests.support.stores import chunked


def unframed(sent: bytes) -> tuple[bytes, bytes]:
    """Read frames as the format has them; give the content and the value of the trailer."""
    content, at = b"", 0
    while True:
        line, _, _ = sent[at:].partition(b"\r\n")
        size, at = int(line, 16), at + len(line) + 2
        if not size:
            name, _, value = sent[at:].partition(b":")
            assert name == b"x-amz-checksum-crc32"
            assert value.endswith(b"\r\n\r\n")
            return content, value.strip()
        assert size <= checksums._FRAME
        content += sent[at : at + size]
        assert sent[at + size : at + size + 2] == b"\r\n"
        at += size + 2


@given(size=st.integers(0, 400), step=st.integers(1, 150), frame=st.integers(1, 130))
def test_frames_hold_what_went_in(size: int, step: int, frame: int) -> None:
    data = bytes(n % 251 for n in range(size))

    async def sent() -> tuple[int, bytes]:
        framed = Framed(Part(CheckedBody(chunked(data, step), size), size, Crc32()))
        return framed.length, b"".join([bytes(piece) async for piece in framed])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checksums, "_FRAME", frame)
        length, whole = asyncio.run(sent())
        assert len(whole) == length
        content, told = unframed(whole)
    assert content == data
    assert int.from_bytes(b64decode(told)) == zlib.crc32(data)
