"""The form of a sealed file: a header that wraps the file's own key, then segments of AES-256-GCM.

Knows no store and no dossier; docs/file-format.md says the same in words, and a second reader in the tests was written
from those. Each segment's nonce holds its number and whether it is the last, and everything is bound to the key of
the object: what is cut, reordered, exchanged or altered does not open.
"""

import secrets
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"ANJUAN\x00\x01"
SEGMENT = 1024 * 1024
TAG, NONCE, KEY = 16, 12, 32
HEADER = len(MAGIC) + 4 + 4 + 16 + NONCE + KEY + TAG
SEALED_SEGMENT = SEGMENT + TAG
_LAST = 1


class OwnerKind(IntEnum):
    """Whose key wraps the keys of files; the number stands in the header."""

    DOSSIER = 1
    CLIENT = 2
    CONFLICT_CHECK = 3


@dataclass(frozen=True, slots=True)
class Owner:
    """What a file belongs to: all files of one owner are lost when its key is destroyed, and no others."""

    kind: OwnerKind
    id: UUID


class NotSealed(ValueError):
    """These bytes are not what was sealed under this object key."""


def sealed_size(plain: int) -> int:
    """Give the bytes that a file of `plain` bytes takes sealed; also an empty file has one segment."""
    return HEADER + plain + TAG * max(1, -(-plain // SEGMENT))


def plain_size(sealed: int) -> int:
    """Give the bytes of the file in `sealed` bytes; raise NotSealed for a number that no file has."""
    body = sealed - HEADER
    count = -(-body // SEALED_SEGMENT)
    plain = body - TAG * count
    if plain < 0 or sealed_size(plain) != sealed:
        raise NotSealed(f"no sealed file has {sealed} bytes")
    return plain


class Seal:
    """The key of one file in use: seals or opens its segments.

    `object_key` is where the file lies; segments count from 0.
    """

    def __init__(self, file_key: bytes, object_key: str) -> None:
        self._cipher, self._bound = AESGCM(file_key), object_key.encode()

    def close(self, number: int, plain: bytes, *, last: bool) -> bytes:
        """Seal a segment: all but the last have exactly SEGMENT bytes."""
        return self._cipher.encrypt(_nonce(number, last), plain, self._bound)

    def open(self, number: int, sealed: bytes | memoryview, into: memoryview, *, last: bool) -> None:
        """Write a segment's plain bytes into memory of their exact size: TAG fewer than `sealed`.

        Raises NotSealed when they are not this segment of this file; what stands in `into` then is nobody's to read.
        """
        if len(sealed) != len(into) + TAG:
            raise NotSealed(f"segment {number} is no segment")
        try:
            self._cipher.decrypt_into(_nonce(number, last), sealed, self._bound, into)
        except InvalidTag:
            raise NotSealed(f"segment {number} does not open") from None


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(NONCE - 1, "big") + bytes([_LAST if last else 0])


def new_header(owner: Owner, owner_key: bytes, object_key: str) -> tuple[bytes, Seal]:
    """Make a file's key and the header that wraps it with the key of its owner."""
    file_key = secrets.token_bytes(KEY)
    begin = MAGIC + int(owner.kind).to_bytes(4, "big") + SEGMENT.to_bytes(4, "big") + owner.id.bytes
    nonce = secrets.token_bytes(NONCE)
    wrapped = AESGCM(owner_key).encrypt(nonce, file_key, begin + object_key.encode())
    return begin + nonce + wrapped, Seal(file_key, object_key)


def owner_of(header: bytes) -> Owner:
    """Read from a header whose key opens it; raise NotSealed when it is no header of this form."""
    if len(header) != HEADER or not header.startswith(MAGIC):
        raise NotSealed("no header")
    if int.from_bytes(header[12:16], "big") != SEGMENT:
        raise NotSealed("segments of another size")
    try:
        return Owner(OwnerKind(int.from_bytes(header[8:12], "big")), UUID(bytes=header[16:32]))
    except ValueError:
        raise NotSealed("no known kind of owner") from None


def open_header(header: bytes, owner_key: bytes, object_key: str) -> Seal:
    """Unwrap the file's key; raise NotSealed when the header was altered or belongs to another object."""
    begin, nonce, wrapped = header[:32], header[32 : 32 + NONCE], header[32 + NONCE :]
    try:
        return Seal(AESGCM(owner_key).decrypt(nonce, wrapped, begin + object_key.encode()), object_key)
    except InvalidTag:
        raise NotSealed("the header does not open") from None
