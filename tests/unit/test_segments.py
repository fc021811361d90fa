"""The form of sealed files: known answers that must never change, and what altered bytes must never do."""

import hashlib
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from app.storage.segments import (
    HEADER,
    SEALED_SEGMENT,
    SEGMENT,
    TAG,
    NotSealed,
    Owner,
    OwnerKind,
    Seal,
    new_header,
    open_header,
    owner_of,
    plain_size,
    sealed_size,
)

OWNER = Owner(OwnerKind.DOSSIER, UUID("01920000-0000-7000-8000-000000000001"))
OBJECT = "files/01920000-0000-7000-8000-0000000000ff"
OWNER_KEY, FILE_KEY = bytes(range(32)), bytes(range(32, 64))
HEADER_SHA256 = "c77e58ba2249b33a9ed75df858c1ff707f611d967a823f1b16028c80c0e572a3"
EMPTY = "33da86e564abce60afc7b9363fff3a6a"
LAST = "ed4ae05af46d7c8231465798faf75eeb0d8abc3e54b2"
MIDDLE = "00960ec62511efe64802321b0a001f9d085252b5661a"


def opened(seal: Seal, number: int, sealed: bytes, *, last: bool = True) -> bytes:
    """Open a segment into memory of its size."""
    plain = bytearray(max(0, len(sealed) - TAG))
    seal.open(number, sealed, memoryview(plain), last=last)
    return bytes(plain)


def test_header_known_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that lie in stores for decades depend on these very bytes."""
    drawn = iter([FILE_KEY, bytes(range(12))])
    monkeypatch.setattr("secrets.token_bytes", lambda count: next(drawn))
    header, _ = new_header(OWNER, OWNER_KEY, OBJECT)
    assert header.hex() == (
        "414e4a55414e0001" "00000001" "00100000" "01920000000070008000000000000001" "000102030405060708090a0b"
        + AESGCM(OWNER_KEY).encrypt(bytes(range(12)), FILE_KEY, header[:32] + OBJECT.encode()).hex()
    )  # fmt: skip
    assert hashlib.sha256(header).hexdigest() == HEADER_SHA256
    assert opened(open_header(header, OWNER_KEY, OBJECT), 0, Seal(FILE_KEY, OBJECT).close(0, b"x", last=True)) == b"x"


def test_segments_known_answers() -> None:
    seal = Seal(FILE_KEY, OBJECT)
    assert seal.close(0, b"", last=True).hex() == EMPTY
    assert seal.close(0, "案卷".encode(), last=True).hex() == LAST
    assert seal.close(258, "案卷".encode(), last=False).hex() == MIDDLE


@given(st.integers(min_value=0, max_value=20 * 1024**4))
def test_sizes_go_both_ways(plain: int) -> None:
    assert plain_size(sealed_size(plain)) == plain
    assert sealed_size(plain) - plain - HEADER == TAG * max(1, -(-plain // SEGMENT))


@pytest.mark.parametrize(
    "sealed", [0, HEADER - 1, HEADER, HEADER + TAG - 1, HEADER + SEALED_SEGMENT + 1, HEADER + SEALED_SEGMENT + TAG]
)
def test_sizes_that_no_file_has(sealed: int) -> None:
    with pytest.raises(NotSealed):
        plain_size(sealed)


def test_header_opens_only_where_it_was_put_and_as_it_was() -> None:
    header, _ = new_header(OWNER, OWNER_KEY, OBJECT)
    assert owner_of(header) == OWNER
    open_header(header, OWNER_KEY, OBJECT)
    with pytest.raises(NotSealed):
        open_header(header, OWNER_KEY, OBJECT + "0")
    with pytest.raises(NotSealed):
        open_header(header, bytes(32), OBJECT)
    for place in range(HEADER):
        altered = header[:place] + bytes([header[place] ^ 1]) + header[place + 1 :]
        with pytest.raises(NotSealed):
            _ = owner_of(altered), open_header(altered, OWNER_KEY, OBJECT)
    for length in (0, HEADER - 1):
        with pytest.raises(NotSealed):
            owner_of(header[:length])


@given(st.binary(max_size=200), st.integers(0, 2**40), st.booleans(), st.data())
def test_a_segment_opens_only_as_itself(plain: bytes, number: int, last: bool, data: st.DataObject) -> None:
    seal = Seal(FILE_KEY, OBJECT)
    sealed = seal.close(number, plain, last=last)
    assert opened(seal, number, sealed, last=last) == plain
    flipped = bytearray(sealed)
    flipped[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    cut = sealed[: data.draw(st.integers(0, len(sealed) - 1))]
    for wrong in (bytes(flipped), cut, sealed + b"\0"):
        with pytest.raises(NotSealed):
            opened(seal, number, wrong, last=last)
    for other_seal, other_number, other_last in (
        (seal, number + 1, last), (seal, number, not last), (Seal(FILE_KEY, OBJECT + "x"), number, last), (Seal(OWNER_KEY, OBJECT), number, last),
    ):  # fmt: skip
        with pytest.raises(NotSealed):
            opened(other_seal, other_number, sealed, last=other_last)
