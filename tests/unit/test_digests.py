"""Repr-Digest."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.digests import parse_repr_digest, repr_digest
from app.core.errors import Malformed

DIGEST = hashlib.sha256(b"abc").digest()
ENCODED = base64.b64encode(DIGEST).decode()


@given(st.binary(min_size=32, max_size=32))
def test_there_and_back(digest: bytes) -> None:
    assert parse_repr_digest(repr_digest(digest)) == digest
    assert repr_digest(digest.hex()) == repr_digest(digest)


@pytest.mark.parametrize(
    "header",
    [
        f"sha-256=:{ENCODED}:",
        f"  sha-256=:{ENCODED}:  ",
        f"sha-256=:{ENCODED.rstrip('=')}:",
        f"sha-512=:YWJj:, sha-256=:{ENCODED}:",
        f'sha-256=:{ENCODED}:;a=1; b;c="x,y",md5=?1',
        f"sha-256=:YWJj:,\tsha-256=:{ENCODED}:",
        f'a=(1 2.5 "x";q=1 tok);p, b="q\\"uote,", c=@12, d=%"f%c3%bc", unixsum, sha-256=:{ENCODED}:',
    ],
)
def test_found(header: str) -> None:
    assert parse_repr_digest(header) == DIGEST


@pytest.mark.parametrize("header", [None, "", "  ", "sha-512=:YWJj:", "md5=1, crc32c", "sha-2560=:YWJj:"])
def test_none_of_ours(header: str | None) -> None:
    assert parse_repr_digest(header) is None


@pytest.mark.parametrize(
    "header",
    [
        "sha-256=:YWJj:", "sha-256", f"sha-256={ENCODED}", f'sha-256="{ENCODED}"', f"sha-256=:{ENCODED}", "sha-256=::",
        f"sha-256=:{ENCODED}:,", f"sha-256=:{ENCODED}: x", f"sha-256=:{ENCODED[:-3]}*=:", f"SHA-256=:{ENCODED}:",
        f"sha-256=:{ENCODED}:;", f"sha-256=:{ENCODED}:;a=", f"sha-256 =:{ENCODED}:", "a=(1 2", "a=(1,2)", ",", "a=",
        f"sha-256=(:{ENCODED}:)", 'a="x', "a=:AB=C:", "a=:A:", "ä=1", 'a="ü"',
    ],
)  # fmt: skip
def test_malformed(header: str) -> None:
    with pytest.raises(Malformed):
        parse_repr_digest(header)


@given(st.text(alphabet='sha-256=:;,() "\\%?@1.Ab/+\t'))
def test_no_text_breaks_it(text: str) -> None:
    try:
        found = parse_repr_digest(text)
    except Malformed:
        return
    assert found is None or len(found) == 32


def test_only_whole_digests_go_out() -> None:
    with pytest.raises(ValueError):
        repr_digest(b"short")
