"""Where hashes and entries of the ledger lie: the tiles of C2SP tlog-tiles, their names and contents.

A tile holds 256 neighbours: of level L the roots of 256**L leaves each, or the entries themselves. The last tile of
each level is partial, under a name of its own for each width, so no object is ever written twice with other bytes.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.ledger.merkle import HASH_BYTES, Node

HEIGHT = 8
WIDTH = 1 << HEIGHT
ENTRIES = -1  # the level of entry bundles
LAST_LEVEL = 63
CHECKPOINT = "checkpoint"
WITNESSED = "witnessed"  # the newest checkpoint that a witness has cosigned
_DIGITS = 3
_PATH = re.compile(
    r"tile/(?P<level>entries|[1-9]?[0-9])/(?P<index>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """One tile: level (ENTRIES for entries), place within the level, and how many of its 256 it holds."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Name of the object and end of the address."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // _DIGITS) * _DIGITS)
        groups = [digits[n : n + _DIGITS] for n in range(0, len(digits), _DIGITS)]
        index = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        return f"tile/{level}/{index}" + ("" if self.full else f".p/{self.width}")

    @property
    def full(self) -> bool:
        """Whether it holds all 256."""
        return self.width == WIDTH

    def whole(self) -> "Tile":
        """Give the full tile of this place."""
        return replace(self, width=WIDTH)


def parse_path(path: str) -> Tile | None:
    """Read a tile's name; None for what is none."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    level = ENTRIES if found["level"] == "entries" else int(found["level"])
    width = int(found["width"] or WIDTH)
    tile = Tile(level, int(found["index"].replace("x", "").replace("/", "")), width)
    # One name for each tile: no more groups of digits than needed, and no width of 256 or above.
    return tile if level <= LAST_LEVEL and tile.path == path else None


def tiles_of(size: int, since: int = 0) -> Iterator[Tile]:
    """Give the tiles of a tree of `size` leaves that a tree of `since` leaves did not have, entries before hashes."""
    for level in (ENTRIES, *range(LAST_LEVEL + 1)):
        shift = HEIGHT * max(level, 0)
        had, has = since >> shift, size >> shift
        if has in {0, had}:
            return
        for index in range(had // WIDTH, -(-has // WIDTH)):
            yield Tile(level, index, min(WIDTH, has - index * WIDTH))


def tile_of(node: Node, size: int) -> tuple[Tile, int, int]:
    """Give the tile of a tree of `size` leaves from which a node is had, and its first and end place there."""
    level, within = divmod(node.level, HEIGHT)
    count = 1 << within
    first = node.index * count
    index = first // WIDTH
    width = min(WIDTH, (size >> (HEIGHT * level)) - index * WIDTH)
    return Tile(level, index, width), first - index * WIDTH, first - index * WIDTH + count


def hashes_of(tile: bytes) -> list[bytes]:
    """Take a tile of hashes apart."""
    return [tile[n : n + HASH_BYTES] for n in range(0, len(tile), HASH_BYTES)]


def pack(entries: Sequence[bytes]) -> bytes:
    """Write entries as a bundle: each after its length in two bytes."""
    return b"".join([len(entry).to_bytes(2, "big") + entry for entry in entries])


def unpack(bundle: bytes) -> list[bytes]:
    """Take a bundle apart; raise ValueError when it is none."""
    entries, at = [], 0
    while at < len(bundle):
        begin = at + 2
        at = begin + int.from_bytes(bundle[at:begin], "big")
        if at > len(bundle) or begin > len(bundle):
            raise ValueError("a bundle that breaks off")
        entries.append(bundle[begin:at])
    return entries


def cut(tile: Tile, content: bytes) -> bytes:
    """Give of a full tile's content what the partial one of its place holds."""
    if tile.level == ENTRIES:
        return pack(unpack(content)[: tile.width])
    return content[: tile.width * HASH_BYTES]
