"""Goes through a published tree from its signed root down, and says of each leaf which hash that root proves.

A hash is trusted only because a trusted one above it is made of it. A tile that does not lead to what is trusted is
told by its name; where what lies below still leads there, that is used in its place, so one changed object hides none
of the others.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import orjson

from app.ledger.bucket import Source, read_tile
from app.ledger.edge import Edge
from app.ledger.findings import Finding, Findings, Kind
from app.ledger.merkle import HASH_BYTES, leaf_hash, root_of
from app.ledger.tiles import ENTRIES, HEIGHT, WIDTH, Tile, hashes_of, unpack

_TOGETHER = 16  # bundles, with their tiles of hashes, that are read at once

Hashes: TypeAlias = Sequence[bytes]
Good: TypeAlias = Callable[[Hashes], bool]


@dataclass(frozen=True, slots=True)
class Span:
    """Up to 256 neighbours: the first's index, how many, their proven hashes, their leaves as the bundle has them.

    None where nothing is proven, or there is no bundle that could be read. `made` are the hashes of `leaves`.
    """

    begin: int
    width: int
    hashes: Hashes | None
    leaves: Sequence[bytes] | None
    made: Hashes | None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A tile of level 0, and which hashes would be those that are proven; None when nothing above it is."""

    tile: Tile
    good: Good | None


class TreeCheck:
    """The check of a tree of `size` leaves under a root, read from `source`."""

    def __init__(self, source: Source, size: int, root: bytes, findings: Findings) -> None:
        self._source, self._size, self._root, self._findings = source, size, root, findings

    async def spans(self) -> AsyncIterator[list[Span]]:
        """Give all leaves in their order, some spans at a time; the next are read while these are looked at."""
        ahead: asyncio.Task[list[Span]] | None = None
        try:
            async for group in self._groups():
                ready, ahead = ahead, asyncio.create_task(self._read(group))
                if ready is not None:
                    yield await ready
            if ahead is not None:
                yield await ahead
        finally:
            if ahead is not None:
                ahead.cancel()

    async def _groups(self) -> AsyncIterator[list[_Wanted]]:
        group: list[_Wanted] = []
        async for wanted in self._wanted():
            group.append(wanted)
            if len(group) == _TOGETHER:
                yield group
                group = []
        if group:
            yield group

    async def _wanted(self) -> AsyncIterator[_Wanted]:
        levels = await self._edge()
        for level in range(len(levels) - 1, 0, -1):
            place = self._partial(level)
            async for wanted in self._beneath(level, place.index, levels[level], place.width):
                yield wanted
        if levels and (last := self._partial(0)).width:
            trusted = levels[0]
            yield _Wanted(last, None if trusted is None else lambda hashes: list(hashes) == list(trusted))

    async def _beneath(self, level: int, index: int, hashes: Hashes | None, width: int) -> AsyncIterator[_Wanted]:
        """Go from the hashes of a tile down to the tiles of level 0, left to right."""
        for n in range(width):
            expected = None if hashes is None else hashes[n]
            tile = Tile(level - 1, index * WIDTH + n)
            if level == 1:
                yield _Wanted(tile, None if expected is None else _leads_to(expected))
                continue
            below = await self._trusted(tile, expected)
            async for wanted in self._beneath(level - 1, tile.index, below, WIDTH):
                yield wanted

    def _partial(self, level: int) -> Tile:
        """Give the last tile of a level; its width is 0 where the one before it is full."""
        index, width = divmod(self._size >> HEIGHT * max(level, 0), WIDTH)
        return Tile(level, index, width)

    async def _edge(self) -> list[Hashes | None]:
        """Read the last tile of each level: together they are the root."""
        count = -(-self._size.bit_length() // HEIGHT)
        contents = [await self._hashes(self._partial(level)) for level in range(count)]
        if self._is_root(contents):
            return list(contents)
        for level in range(count):
            # One that is changed or missing may be made of what lies below it.
            mended = [*contents[:level], await self._from_below(self._partial(level)), *contents[level + 1 :]]
            if self._is_root(mended):
                await self._tell(self._partial(level))
                return list(mended)
        for level in range(count):
            if contents[level] is None:
                await self._tell(self._partial(level))
        self._findings.add(
            Finding(Kind.TREE, f"the tiles are not those of the tree of {self._size} events that the checkpoint signs")
        )
        return [None] * count

    def _is_root(self, levels: Sequence[Hashes | None]) -> bool:
        return all(level is not None for level in levels) and self._root == Edge(
            self._size, (), [level or () for level in levels]
        ).root()  # fmt: skip

    async def _trusted(self, tile: Tile, expected: bytes | None) -> Hashes | None:
        """Give the hashes of a full tile above level 0 that lead to what is expected."""
        found = await self._hashes(tile)
        if expected is None:
            return None
        if found is not None and root_of(found) == expected:
            return found
        await self._tell(tile)
        below = await self._from_below(tile)
        return below if below is not None and root_of(below) == expected else None

    async def _from_below(self, tile: Tile) -> Hashes | None:
        """Make a tile's hashes of what lies below it, unproven; None where that isn't whole."""
        if tile.level == 0:
            leaves = _leaves(await read_tile(self._source, _bundle(tile)), tile.width) if tile.width else []
            return None if leaves is None else list(map(leaf_hash, leaves))
        below = [await self._hashes(Tile(tile.level - 1, tile.index * WIDTH + n)) for n in range(tile.width)]
        return None if None in below else [root_of(one) for one in below if one is not None]

    async def _hashes(self, tile: Tile) -> Hashes | None:
        """Read a tile of hashes; None where there is none of its width."""
        if tile.width == 0:
            return []
        content = await read_tile(self._source, tile)
        return hashes_of(content) if content is not None and len(content) == tile.width * HASH_BYTES else None

    async def _read(self, group: Sequence[_Wanted]) -> list[Span]:
        contents = await asyncio.gather(
            *(read_tile(self._source, tile) for one in group for tile in (one.tile, _bundle(one.tile)))
        )
        pairs = zip(group, contents[::2], contents[1::2], strict=True)
        return await asyncio.to_thread(lambda: [self._span(*pair) for pair in pairs])

    def _span(self, wanted: _Wanted, content: bytes | None, bundle: bytes | None) -> Span:
        """Judge a tile of level 0 and its bundle by each other and by what is proven above them."""
        tile, leaves = wanted.tile, _leaves(bundle, wanted.tile.width)
        stored = hashes_of(content) if content is not None and len(content) == tile.width * HASH_BYTES else None
        made = None if leaves is None else list(map(leaf_hash, leaves))
        proven = next((one for one in (stored, made) if wanted.good is not None and one and wanted.good(one)), None)
        about = _about(tile, leaves)
        if stored is None:
            self._absent(tile, content, about)
        elif proven is not None and stored != proven:
            self._changed(tile, stored, proven, leaves)
        elif proven is None and wanted.good is not None:
            self._findings.add(Finding(Kind.TILE_CHANGED, f"it is not of the signed tree; {about}", path=tile.path))
        if made is None:
            self._absent(_bundle(tile), bundle, about)
        elif (right := proven or stored) is not None and made != right:
            self._changed(_bundle(tile), made, right, leaves)
        return Span(tile.index * WIDTH, tile.width, proven, leaves, made)

    def _absent(self, tile: Tile, content: bytes | None, about: str) -> None:
        kind, detail = (Kind.TILE_MISSING, about) if content is None else (Kind.TILE_CHANGED, f"broken; {about}")
        self._findings.add(Finding(kind, detail, path=tile.path))

    def _changed(self, tile: Tile, found: Hashes, right: Hashes, leaves: Sequence[bytes] | None) -> None:
        """Tell of each leaf that a tile has changed; its id as the bundle has it."""
        for n, (one, other) in enumerate(zip(found, right, strict=True)):
            if one != other:
                self._findings.add(
                    Finding(
                        Kind.TILE_CHANGED, "it is not what the tree was made of",
                        None if leaves is None else event_id(leaves[n]), tile.index * WIDTH + n, tile.path,
                    )
                )  # fmt: skip

    async def _tell(self, tile: Tile) -> None:
        if tile.level == 0:
            return  # told leaf by leaf when its turn comes
        if await read_tile(self._source, tile) is None:
            self._findings.add(Finding(Kind.TILE_MISSING, "a tile of the tree", path=tile.path))
        else:
            self._findings.add(Finding(Kind.TILE_CHANGED, "it is not of the signed tree", path=tile.path))


def event_id(leaf: bytes) -> UUID | None:
    """Read the id of the event from a leaf's bytes; None when they are none of ours."""
    try:
        return UUID(orjson.loads(leaf)["id"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _leads_to(expected: bytes) -> Good:
    return lambda hashes: root_of(hashes) == expected


def _bundle(tile: Tile) -> Tile:
    return Tile(ENTRIES, tile.index, tile.width)


def _leaves(bundle: bytes | None, width: int) -> list[bytes] | None:
    try:
        leaves = None if bundle is None else unpack(bundle)
    except ValueError:
        return None
    return leaves if leaves is not None and len(leaves) == width else None


def _about(tile: Tile, leaves: Sequence[bytes] | None) -> str:
    begin = tile.index * WIDTH
    about = f"events {begin} to {begin + tile.width - 1}"
    if leaves is None:
        return about
    return f"{about}, ids {event_id(leaves[0])} to {event_id(leaves[-1])}"
