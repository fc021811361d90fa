"""`Repr-Digest` (RFC 9530): the SHA-256 that a client announces and that a download carries. Computes nothing itself.

The field is a dictionary of structured fields (RFC 9651) whose members of interest are byte sequences. The whole syntax
is read, so that a digest next to something unknown is found and a broken field is refused instead of half believed.
"""

import base64
import binascii
import re

from app.core.errors import Malformed

DIGEST_BYTES = 32

_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*", re.ASCII)
_BYTE_SEQUENCE = re.compile(r":([A-Za-z0-9+/=]*):", re.ASCII)
_OTHER_ITEM = re.compile(
    r"""@-?\d{1,15}                                # date
      | -?\d{1,12}\.\d{1,3} | -?\d{1,15}           # decimal, integer
      | "(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*" # string
      | %"(?:[\x20\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*" # display string
      | [A-Za-z*][!\#$%&'*+.^_`|~0-9A-Za-z:/-]*    # token
      | \?[01]                                     # boolean
    """,
    re.VERBOSE | re.ASCII,
)
_SPACES, _BLANKS = re.compile(r" *"), re.compile(r"[ \t]*")


def parse_repr_digest(header: str | None) -> bytes | None:
    """Give the announced SHA-256 (32 bytes), None when the field is absent or names other algorithms only.

    Several header lines are joined with ", " before. Raises Malformed (400) when the field can't be read or its
    sha-256 isn't a byte sequence of 32 bytes.
    """
    if header is None:
        return None
    value = _Reader(header).dictionary().get("sha-256")
    if value is None:
        return None
    if not isinstance(value, bytes) or len(value) != DIGEST_BYTES:
        raise _malformed("its sha-256 is not a byte sequence of 32 bytes")
    return value


def repr_digest(sha256: bytes | str) -> str:
    """Give the field for a SHA-256, from its 32 bytes or its 64 hexadecimal digits."""
    digest = bytes.fromhex(sha256) if isinstance(sha256, str) else sha256
    if len(digest) != DIGEST_BYTES:
        raise ValueError("a SHA-256 has 32 bytes")
    return f"sha-256=:{base64.b64encode(digest).decode()}:"


def _malformed(why: str) -> Malformed:
    return Malformed(f"Repr-Digest can't be read: {why}.", "Repr-Digest 无法解析。")


class _Reader:
    """Reads one structured field from left to right, as RFC 9651 section 4.2 tells."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text.strip(" "), 0

    def dictionary(self) -> dict[str, bytes | str]:
        """Read all members; a later one of the same name replaces the earlier, as the RFC has it."""
        members: dict[str, bytes | str] = {}
        while not self._ended():
            key = self._take(_KEY, "a name is expected")
            members[key] = self._member_value() if self._skip("=") else "?1"
            self._parameters()
            self._pass(_BLANKS)
            if self._ended():
                break
            if not self._skip(","):
                raise _malformed("a comma is expected")
            self._pass(_BLANKS)
            if self._ended():
                raise _malformed("it ends with a comma")
        return members

    def _member_value(self) -> bytes | str:
        if not self._skip("("):
            return self._item()
        self._pass(_SPACES)
        while not self._skip(")"):
            self._item()
            self._parameters()
            if self._peek() not in {" ", ")"}:
                raise _malformed("a list isn't closed")
            self._pass(_SPACES)
        return "()"

    def _item(self) -> bytes | str:
        if self._peek() != ":":
            return self._take(_OTHER_ITEM, "a value is expected")
        encoded = self._take(_BYTE_SEQUENCE, "a byte sequence isn't closed")[1:-1]
        try:
            # The RFC asks parsers to take sequences without their padding too.
            return base64.b64decode(encoded.rstrip("=") + "=" * (-len(encoded.rstrip("=")) % 4), validate=True)
        except binascii.Error:
            raise _malformed("a byte sequence isn't Base64") from None

    def _parameters(self) -> None:
        while self._skip(";"):
            self._pass(_SPACES)
            self._take(_KEY, "a parameter's name is expected")
            if self._skip("="):
                self._item()

    def _ended(self) -> bool:
        return self._at >= len(self._text)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip(self, character: str) -> bool:
        found = self._peek() == character
        self._at += found
        return found

    def _pass(self, pattern: re.Pattern[str]) -> None:
        if found := pattern.match(self._text, self._at):
            self._at = found.end()

    def _take(self, pattern: re.Pattern[str], complaint: str) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise _malformed(complaint)
        self._at = found.end()
        return found[0]
