"""The tree alone, without a database: every changed or missing object of a ledger of several levels is named."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.ledger.bucket import Directory
from app.ledger.edge import Edge
from app.ledger.findings import Kind
from app.ledger.note import Checkpoint, Note, SigningKey
from app.ledger.tiles import CHECKPOINT, ENTRIES, WIDTH, Tile, tiles_of, unpack
from app.ledger.verify import Report, Verification

SIZE = WIDTH * WIDTH + 2 * WIDTH + 3  # three levels, each with a partial tile
KEY = SigningKey("records.firm.example/ledger", Ed25519PrivateKey.generate())
_ID = "0192f000-0000-7000-8000-{:012d}"


def leaf(number: int, outcome: str = "success") -> bytes:
    return f'{{"id":"{_ID.format(number)}","outcome":"{outcome}","recorded_at":"2026-11-24T04:00:00.000000Z"}}'.encode()


def write(directory: Path, leaves: list[bytes], key: SigningKey = KEY) -> None:
    """Write a ledger as the sealer leaves it."""
    edge = Edge()
    for tile, content in edge.extend(leaves):
        (path := directory / tile.path).parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    text = Checkpoint(key.verifier.name, edge.size, edge.root()).text
    (directory / CHECKPOINT).write_bytes(Note(text, (key.sign(text),)).encode())


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("ledger")
    write(directory, [leaf(n) for n in range(SIZE)])
    return directory


def check(directory: Path, since: bytes | None = None) -> Report:
    return asyncio.run(Verification(Directory(directory), [KEY.verifier]).run(since, lambda *_: None))


def test_a_whole_ledger_is_sound(ledger: Path) -> None:
    report = check(ledger)
    assert report.sound
    assert (report.size, report.keys, report.events) == (SIZE, [KEY.verifier.text], None)
    assert report.late_count == 0


def damaged() -> Iterator[Tile]:
    """Give the first, some middle and the last tile of each level."""
    by_level: dict[int, list[Tile]] = {}
    for tile in tiles_of(SIZE):
        by_level.setdefault(tile.level, []).append(tile)
    choice = random.Random(7)
    for tiles in by_level.values():
        yield from dict.fromkeys([tiles[0], choice.choice(tiles), tiles[-1]])


@pytest.mark.parametrize("tile", list(damaged()), ids=lambda tile: tile.path)
def test_one_object_is_told_and_no_other(ledger: Path, tile: Tile) -> None:
    path = ledger / tile.path
    whole = path.read_bytes()
    try:
        path.unlink()
        report = check(ledger)
        assert [(one.kind, one.path) for one in report.findings.kept] == [(Kind.TILE_MISSING, tile.path)]
        at = len(whole) // 2
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        report = check(ledger)
        assert [(one.kind, one.path) for one in report.findings.kept] == [(Kind.TILE_CHANGED, tile.path)]
    finally:
        path.write_bytes(whole)


def test_what_is_cut_off_is_told(ledger: Path) -> None:
    path = ledger / Tile(0, 7).path
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[:-1])
        report = check(ledger)
    finally:
        path.write_bytes(whole)
    assert [(one.kind, one.path) for one in report.findings.kept] == [(Kind.TILE_CHANGED, Tile(0, 7).path)]


def test_a_changed_leaf_is_told_with_its_id(ledger: Path) -> None:
    bundle = ledger / Tile(ENTRIES, 5).path
    whole = bundle.read_bytes()
    number = 5 * WIDTH + 9
    try:
        bundle.write_bytes(whole.replace(leaf(number), leaf(number, "failure")))
        (found,) = check(ledger).findings.kept
    finally:
        bundle.write_bytes(whole)
    assert (found.kind, str(found.event_id), found.index) == (Kind.TILE_CHANGED, _ID.format(number), number)
    assert unpack(whole)[9] == leaf(number)


def test_another_tree_of_the_same_size(ledger: Path, tmp_path: Path) -> None:
    signed = (ledger / CHECKPOINT).read_bytes()
    leaves = [leaf(n, "denied" if n == 3 else "success") for n in range(SIZE)]
    forger = SigningKey(KEY.verifier.name, Ed25519PrivateKey.generate())
    write(tmp_path, leaves, forger)
    assert Kind.CHECKPOINT in check(tmp_path).findings.counts  # signed by whom?
    (tmp_path / CHECKPOINT).write_bytes(signed)
    assert Kind.TREE in check(tmp_path).findings.counts  # signed, and not of this tree
    write(tmp_path, leaves)
    assert check(tmp_path).sound  # with the key itself; only who kept a checkpoint knows better:
    assert check(tmp_path, signed).findings.counts == {Kind.OTHER_HISTORY: 1}


def test_an_earlier_checkpoint(ledger: Path, tmp_path: Path) -> None:
    write(tmp_path, [leaf(n) for n in range(WIDTH + 1)])
    earlier = (tmp_path / CHECKPOINT).read_bytes()
    report = check(ledger, earlier)
    assert (report.sound, report.since) == (True, WIDTH + 1)
    assert check(tmp_path, (ledger / CHECKPOINT).read_bytes()).findings.counts == {Kind.OLD_CHECKPOINT: 1}
    write(tmp_path, [leaf(n, "denied") for n in range(WIDTH + 1)])
    assert check(ledger, (tmp_path / CHECKPOINT).read_bytes()).findings.counts == {Kind.OTHER_HISTORY: 1}


def test_what_was_sealed_long_after_its_time(tmp_path: Path) -> None:
    leaves = [leaf(n) for n in range(4)]
    leaves[2] = leaves[2].replace(b"T04", b"T02")
    write(tmp_path, leaves)
    report = check(tmp_path)
    assert report.sound
    assert [(str(one.event_id), one.index) for one in report.late] == [(_ID.format(2), 2)]


def test_no_ledger_and_no_checkpoint(tmp_path: Path) -> None:
    assert check(tmp_path).findings.counts == {Kind.CHECKPOINT: 1}
    (tmp_path / CHECKPOINT).write_bytes(b"nothing of the kind\n")
    assert check(tmp_path).findings.counts == {Kind.CHECKPOINT: 1}
