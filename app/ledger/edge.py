"""The right edge of the tree as tiles: all that is needed to go on, and to say which tiles new leaves make."""

from collections.abc import Sequence

from app.ledger.bucket import Bucket, read_tile
from app.ledger.merkle import EMPTY_ROOT, Frontier, leaf_hash, node_hash, root_of
from app.ledger.tiles import ENTRIES, HEIGHT, WIDTH, Tile, hashes_of, pack, tiles_of, unpack


class LedgerDamagedError(Exception):
    """What is in the bucket is not what was published; the message says which object."""


class Edge:
    """The partial tiles of a tree: the entries of the last bundle, and the hashes of the last tile of each level."""

    def __init__(self, size: int = 0, entries: Sequence[bytes] = (), levels: Sequence[Sequence[bytes]] = ((),)) -> None:
        self.size, self._entries, self._levels = size, list(entries), list(map(list, levels))

    def extend(self, leaves: list[bytes]) -> list[tuple[Tile, bytes]]:
        """Add leaves, and give the tiles that this changes, each with its content."""
        begun, made = self.size, []
        for leaf in leaves:
            self._entries.append(leaf)
            made += self._add(0, self.size, leaf_hash(leaf))
            self.size += 1
            if len(self._entries) == WIDTH:
                made.append((Tile(ENTRIES, (self.size - 1) // WIDTH), pack(self._entries)))
                self._entries = []
        partial = [tile for tile in tiles_of(self.size, begun) if not tile.full]
        return made + [(tile, self._content(tile)) for tile in partial]

    def _add(self, level: int, index: int, hash_: bytes) -> list[tuple[Tile, bytes]]:
        """Put a hash into its level; a level that is full becomes a tile, and one hash of the next."""
        if level == len(self._levels):
            self._levels.append([])
        hashes = self._levels[level]
        hashes.append(hash_)
        if len(hashes) < WIDTH:
            return []
        self._levels[level] = []
        above = self._add(level + 1, index // WIDTH, root_of(hashes))
        return [(Tile(level, index // WIDTH), b"".join(hashes)), *above]

    def partials(self) -> set[tuple[int, int]]:
        """Give level and place of the tiles that are partial now."""
        counts = {level: self.size >> HEIGHT * max(level, 0) for level in (ENTRIES, *range(len(self._levels)))}
        return {(level, count // WIDTH) for level, count in counts.items() if count % WIDTH}

    def _content(self, tile: Tile) -> bytes:
        return pack(self._entries) if tile.level == ENTRIES else b"".join(self._levels[tile.level])

    def root(self) -> bytes:
        """Give the root of the tree as it is."""
        root: bytes | None = None
        for hashes in self._levels:
            frontier = Frontier()
            for hash_ in hashes:
                frontier.append(hash_)
            for hash_ in reversed(frontier.hashes):
                root = hash_ if root is None else node_hash(hash_, root)
        return root or EMPTY_ROOT


async def load_edge(bucket: Bucket, size: int, root: bytes) -> Edge:
    """Read the edge of a published tree; raise LedgerDamagedError unless it leads to the root that was published."""
    entries = _entries(await _last(bucket, ENTRIES, size))
    levels = [hashes_of(await _last(bucket, level, size)) for level in range(-(-size.bit_length() // HEIGHT))] or [[]]
    edge = Edge(size, entries, levels)
    if edge.root() != root or levels[0] != list(map(leaf_hash, entries)):
        raise LedgerDamagedError(f"the last tiles of the ledger are not those of the tree of {size} events")
    return edge


async def _last(bucket: Bucket, level: int, size: int) -> bytes:
    """Read the partial tile of a level; nothing where the last one is full."""
    count = size >> HEIGHT * max(level, 0)
    if not (width := count % WIDTH):
        return b""
    tile = Tile(level, count // WIDTH, width)
    if (found := await read_tile(bucket, tile)) is None:
        raise LedgerDamagedError(f"{tile.path} is missing")
    return found


def _entries(content: bytes) -> list[bytes]:
    try:
        return unpack(content)
    except ValueError:
        raise LedgerDamagedError("the last bundle of entries is none") from None
