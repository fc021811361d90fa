"""Proofs out of the tiles in the bucket, with the tiles that were read last kept in memory.

No tile ever gets other bytes, so one that is kept is right for good. What does not lead to the root of the checkpoint
is never handed out, and not kept either: a bucket that was mended is read anew.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import chain

import structlog

from app.core.errors import Unavailable
from app.ledger.bucket import Source, read_tile
from app.ledger.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    Node,
    ReadNode,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
    proof,
    root_of,
    subtrees,
    verify_consistency,
    verify_inclusion,
)
from app.ledger.note import Checkpoint, Note, NoteError
from app.ledger.proofs import Proof
from app.ledger.tiles import CHECKPOINT, ENTRIES, WIDTH, Tile, hashes_of, tile_of, unpack

_log = structlog.get_logger()
KEPT_BYTES = 16 * 1024 * 1024
_READS = 16  # on their way at a time
_Range = tuple[int, int]


class LedgerNotWhole(Unavailable):
    """What is in the bucket does not lead to the root that was published: the operator must look (`anjuan verify`)."""

    code, title_en, title_zh = "ledger_not_whole", "The ledger is not what was published", "账本内容与已发布的不符"

    def __init__(self, what: str) -> None:
        super().__init__(retry_after=60)
        _log.error("the ledger does not hold what was published", what=what)


@dataclass(frozen=True, slots=True)
class Tree:
    """A published tree: its checkpoint, and the signed note in which that stands."""

    checkpoint: Checkpoint
    note: bytes

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self.checkpoint.size


class Prover:
    """Makes proofs under published checkpoints; every verb raises StoreUnavailable and LedgerNotWhole.

    `kept_bytes` bounds the memory of the tiles that are kept.
    """

    def __init__(self, source: Source, kept_bytes: int = KEPT_BYTES) -> None:
        self._source, self._tiles = source, _Tiles(source, kept_bytes)

    async def tree(self) -> Tree | None:
        """Give the newest published tree; None before the first."""
        if (note := await self._source.read(CHECKPOINT)) is None:
            return None
        try:
            return Tree(Checkpoint.parse(Note.parse(note).text), note)
        except NoteError as error:
            raise LedgerNotWhole(f"{CHECKPOINT}: {error}") from None

    async def inclusion(self, tree: Tree, indices: Sequence[int]) -> list[tuple[bytes, Proof]]:
        """Give the leaves at these indices with their proofs under the tree's checkpoint, in their order."""
        ranges = [inclusion_ranges(index, tree.size) for index in indices]
        bundles = [_bundle(index, tree.size) for index in indices]
        tiles = await self._tiles.read([*_tiles_for(chain.from_iterable(ranges), tree.size), *bundles])
        with self._tiles.kept_if_whole(tiles):
            entries = {bundle: _entries(bundle, tiles[bundle]) for bundle in set(bundles)}
            read, made = _reader(tiles, tree.size), []
            for index, asked, bundle in zip(indices, ranges, bundles, strict=True):
                path, leaf = proof(asked, read), entries[bundle][index % WIDTH]
                if not verify_inclusion(leaf_hash(leaf), index, tree.size, path, tree.checkpoint.root):
                    raise LedgerNotWhole(f"leaf {index} of {tree.size}")
                made.append((leaf, Proof(index, tuple(path), tree.note)))
            return made

    async def consistency(self, tree: Tree, old: int, new: int) -> list[bytes]:
        """Prove that the tree of the first `old` leaves is the beginning of that of the first `new`.

        Neither is larger than the published tree, from whose tiles the proof is made.
        """
        asked, trees = consistency_ranges(old, new), [(0, size) for size in (old, new) if size]
        tiles = await self._tiles.read(_tiles_for([*asked, *trees], tree.size))
        read = _reader(tiles, tree.size)
        path, roots = proof(asked, read), proof(trees, read)
        old_root, new_root = roots[0] if old else EMPTY_ROOT, roots[-1] if new else EMPTY_ROOT
        published = tree.checkpoint.root if new == tree.size else new_root
        with self._tiles.kept_if_whole(tiles):
            if not verify_consistency(old, old_root, new, published, path):
                raise LedgerNotWhole(f"{old} to {new} of {tree.size}")
        return path


class _Tiles:
    """Reads tiles, and keeps what was read last within a number of bytes."""

    def __init__(self, source: Source, most_bytes: int) -> None:
        self._source, self._most = source, most_bytes
        self._kept: OrderedDict[Tile, bytes] = OrderedDict()
        self._bytes = 0

    async def read(self, tiles: Iterable[Tile]) -> dict[Tile, bytes]:
        """Give the tiles, those that are not kept read at once."""
        wanted = list(dict.fromkeys(tiles))
        found = {tile: self._kept[tile] for tile in wanted if tile in self._kept}
        for tile in found:
            self._kept.move_to_end(tile)
        turns = asyncio.Semaphore(_READS)

        async def fetch(tile: Tile) -> None:
            async with turns:
                content = await read_tile(self._source, tile)
            if content is None or (tile.level != ENTRIES and len(content) != tile.width * HASH_BYTES):
                raise LedgerNotWhole(tile.path)
            found[tile] = content
            self._keep(tile, content)

        await asyncio.gather(*(fetch(tile) for tile in wanted if tile not in found))
        return found

    @contextmanager
    def kept_if_whole(self, tiles: Iterable[Tile]) -> Iterator[None]:
        """Keep none of these tiles when they turn out not to be those that were published."""
        try:
            yield
        except LedgerNotWhole:
            self._forget(tiles)
            raise

    def _keep(self, tile: Tile, content: bytes) -> None:
        self._forget([tile])
        self._kept[tile] = content
        self._bytes += len(content)
        while self._bytes > self._most:
            self._bytes -= len(self._kept.popitem(last=False)[1])

    def _forget(self, tiles: Iterable[Tile]) -> None:
        for tile in tiles:
            self._bytes -= len(self._kept.pop(tile, b""))


def _tiles_for(ranges: Iterable[_Range], size: int) -> list[Tile]:
    return [tile_of(node, size)[0] for range_ in ranges for node in subtrees(*range_)]


def _reader(tiles: dict[Tile, bytes], size: int) -> ReadNode:
    @cache  # the right edge is part of nearly every path
    def read(node: Node) -> bytes:
        tile, begin, end = tile_of(node, size)
        return root_of(hashes_of(tiles[tile][begin * HASH_BYTES : end * HASH_BYTES]))

    return read


def _bundle(index: int, size: int) -> Tile:
    place = index // WIDTH
    return Tile(ENTRIES, place, min(WIDTH, size - place * WIDTH))


def _entries(bundle: Tile, content: bytes) -> list[bytes]:
    try:
        entries = unpack(content)
    except ValueError as error:
        raise LedgerNotWhole(f"{bundle.path}: {error}") from None
    if len(entries) != bundle.width:
        raise LedgerNotWhole(bundle.path)
    return entries
