"""The Merkle tree of RFC 6962 (SHA-256): roots, and proofs of inclusion and consistency, made and checked.

Knows no tile and no store: whoever wants a proof hands in a way to read the hashes of perfect subtrees.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

EMPTY_ROOT = sha256(b"").digest()
HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Node:
    """A perfect subtree: of 2**level leaves, the index-th of its kind from the left."""

    level: int
    index: int


ReadNode: TypeAlias = Callable[[Node], bytes]


def leaf_hash(leaf: bytes) -> bytes:
    """Hash a leaf's bytes."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two neighbours into their parent."""
    return sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Give the root over the hashes of 2**n neighbours."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[n], hashes[n + 1]) for n in range(0, len(hashes), 2)]
    return hashes[0]


class Frontier:
    """The right edge of a growing tree: the roots of its perfect subtrees, largest first. Enough to append and seal."""

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if len(hashes) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} perfect subtrees, not {len(hashes)}")
        self.size, self.hashes = size, list(hashes)

    def append(self, hash_: bytes) -> None:
        """Add the hash of the next leaf."""
        size = self.size
        while size & 1:
            hash_ = node_hash(self.hashes.pop(), hash_)
            size >>= 1
        self.hashes.append(hash_)
        self.size += 1

    def root(self) -> bytes:
        """Give the root of the tree as it is."""
        return _folded(self.hashes) if self.hashes else EMPTY_ROOT


def _folded(hashes: Sequence[bytes]) -> bytes:
    """Join perfect subtrees, largest first, into one root."""
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def subtrees(begin: int, end: int) -> Iterator[Node]:
    """Give the perfect subtrees of leaves `begin` up to, not including, `end`, where `begin` is where one may begin."""
    while begin < end:
        level = (end - begin).bit_length() - 1
        if begin:
            level = min(level, (begin & -begin).bit_length() - 1)
        yield Node(level, begin >> level)
        begin += 1 << level


def _split(count: int) -> int:
    """Give the largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Give the ranges of leaves whose roots prove a leaf, from its sibling up."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has none with index {index}")
    begin, end, ranges = 0, size, []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    return ranges[::-1]


def consistency_ranges(old: int, size: int) -> list[tuple[int, int]]:
    """Give the ranges of leaves whose roots prove that a tree of `old` leaves is the beginning of one of `size`."""
    if not 0 <= old <= size:
        raise ValueError(f"a tree of {size} leaves has no beginning of {old}")
    if old in {0, size}:
        return []
    begin, end, ranges, whole = 0, size, [], True
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin, whole = middle, False
    if not whole:
        ranges.append((begin, end))
    return ranges[::-1]


def proof(ranges: Sequence[tuple[int, int]], read: ReadNode) -> list[bytes]:
    """Make the proof that `inclusion_ranges` or `consistency_ranges` asks for."""
    return [_folded([read(node) for node in subtrees(*range_)]) for range_ in ranges]


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Tell whether the path proves that the leaf with this hash has this index in the tree of this root (RFC 9162)."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for hash_ in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(hash_, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, hash_)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """Tell whether the path proves that the tree of `old` leaves is the beginning of the one of `size` (RFC 9162)."""
    if old == size:
        return not path and old_root == root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    if old > size or not path:
        return False
    hashes = list(path) if old & (old - 1) else [old_root, *path]
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = hashes[0]
    for hash_ in hashes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node_hash(hash_, first), node_hash(hash_, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, hash_)
        at, last = at >> 1, last >> 1
    return last == 0 and first == old_root and second == root
