"""A transparency log in memory, small and slow, written from RFC 6962 and C2SP's texts: what the checkers are tried on.

It must never share code with the log of the product.
"""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

WIDTH = 256


class TinyLog:
    """Leaves and a key; every tree of its first leaves can be asked for."""

    def __init__(self, origin: str, leaves: Sequence[bytes]) -> None:
        self.origin, self.leaves, self.key = origin, list(leaves), Ed25519PrivateKey.generate()
        self._hashes = [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]

    @property
    def vkey(self) -> str:
        """Its verifier key."""
        return verifier_key(self.origin, b"\x01" + self.key.public_key().public_bytes_raw())

    def root(self, size: int) -> bytes:
        """Give the root of the tree of so many leaves."""
        return tree_root(self._hashes[:size])

    def checkpoint(self, size: int) -> str:
        """Sign the checkpoint of the tree of so many leaves."""
        text = f"{self.origin}\n{size}\n{b64(self.root(size))}\n"
        number = bytes.fromhex(self.vkey.split("+")[1])
        return f"{text}\n— {self.origin} {b64(number + self.key.sign(text.encode()))}\n"

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Give the hashes that lead from a leaf to the root of the tree of `size` (RFC 6962, 2.1.1)."""
        return _inclusion(index, self._hashes[:size])

    def consistency(self, older: int, newer: int) -> list[bytes]:
        """Give the hashes that show the older tree to be the beginning of the newer one (RFC 6962, 2.1.2)."""
        return _consistency(older, self._hashes[:newer], whole=True) if 0 < older < newer else []

    def proof(self, index: int, size: int, *, extra: bytes | None = None) -> str:
        """Write a tlog-proof@v1 file."""
        lines = ["c2sp.org/tlog-proof@v1", *([f"extra {b64(extra)}"] if extra is not None else []), f"index {index}"]
        return "\n".join([*lines, *map(b64, self.inclusion(index, size)), "", self.checkpoint(size)])

    def write(self, place: Path) -> None:
        """Write all its files as tlog-tiles has them."""
        place.mkdir(parents=True, exist_ok=True)
        (place / "checkpoint").write_text(self.checkpoint(len(self.leaves)), encoding="utf-8")
        entries = [len(leaf).to_bytes(2, "big") + leaf for leaf in self.leaves]
        _write_tiles(place / "tile" / "entries", entries)
        level, hashes = 0, self._hashes
        while hashes:
            _write_tiles(place / "tile" / str(level), hashes)
            full = range(0, len(hashes) - WIDTH + 1, WIDTH)
            level, hashes = level + 1, [tree_root(hashes[start : start + WIDTH]) for start in full]


def b64(data: bytes) -> str:
    """Write bytes as C2SP's texts have them."""
    return base64.b64encode(data).decode()


def verifier_key(name: str, key: bytes) -> str:
    """Write a verifier key; `key` begins with the byte of its type (signed-note)."""
    number = hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8]
    return f"{name}+{number}+{b64(key)}"


def cosigned_at(checkpoint: str, line: str, vkey: str) -> int:
    """Verify a witness's signature line under a checkpoint (tlog-cosignature) and give its time, in seconds.

    Raise `InvalidSignature` when it is not this key's over this checkpoint.
    """
    name, number, key = vkey.split("+", 2)
    mark, of, signature = line.removesuffix("\n").split(" ")
    raw = base64.b64decode(signature, validate=True)
    if (mark, of, raw[:4].hex()) != ("—", name, number) or len(raw) != 4 + 8 + 64:
        raise InvalidSignature
    time = int.from_bytes(raw[4:12], "big")
    body = checkpoint.rpartition("\n\n")[0] + "\n"
    decoded = base64.b64decode(key, validate=True)
    if decoded[:1] != b"\x04":
        raise InvalidSignature
    Ed25519PublicKey.from_public_bytes(decoded[1:]).verify(raw[12:], f"cosignature/v1\ntime {time}\n{body}".encode())
    return time


def _write_tiles(place: Path, parts: list[bytes]) -> None:
    for number in range(-(-len(parts) // WIDTH)):
        tile = parts[number * WIDTH : (number + 1) * WIDTH]
        path = place / f"{number:03d}"  # up to 256,000 leaves
        if len(tile) < WIDTH:
            path = place / f"{number:03d}.p" / str(len(tile))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(tile))


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _half(size: int) -> int:
    """Give the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def tree_root(hashes: list[bytes]) -> bytes:
    """Give the root over the hashes of leaves (RFC 6962, 2.1)."""
    if len(hashes) < 2:
        return hashes[0] if hashes else hashlib.sha256().digest()
    half = _half(len(hashes))
    return _node(tree_root(hashes[:half]), tree_root(hashes[half:]))


def _inclusion(index: int, hashes: list[bytes]) -> list[bytes]:
    if len(hashes) == 1:
        return []
    half = _half(len(hashes))
    if index < half:
        return [*_inclusion(index, hashes[:half]), tree_root(hashes[half:])]
    return [*_inclusion(index - half, hashes[half:]), tree_root(hashes[:half])]


def _consistency(older: int, hashes: list[bytes], *, whole: bool) -> list[bytes]:
    if older == len(hashes):
        return [] if whole else [tree_root(hashes)]
    half = _half(len(hashes))
    if older <= half:
        return [*_consistency(older, hashes[:half], whole=whole), tree_root(hashes[half:])]
    return [*_consistency(older - half, hashes[half:], whole=False), tree_root(hashes[:half])]
