"""The pure parts of the ledger: canonical JSON, the tree and its proofs, tiles, notes."""

import json
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from app.ledger import merkle
from app.ledger.canonical import canonical
from app.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    Node,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    proof,
    verify_consistency,
    verify_inclusion,
)
from app.ledger.note import (
    Checkpoint,
    Note,
    NoteError,
    Signature,
    SigningKey,
    VerifierKey,
    open_checkpoint,
)
from app.ledger.proofs import Proof
from app.ledger.tiles import ENTRIES, WIDTH, Tile, cut, hashes_of, pack, parse_path, tile_of, tiles_of, unpack
from tests.support.tiny_log import tree_root

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(st.dictionaries(st.text(), values))
def test_canonical_is_rfc_8785(value: dict[str, Any]) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1.0, "a": [1e21, 0.1, -0.0]}, '{"a":[1e+21,0.1,0],"b":1}'),
        ({"n": 2**60, "m": -(2**63)}, '{"m":"-9223372036854775808","n":"1152921504606846976"}'),
        ({"\U0001f600": 1, "\ufb33": 2}, '{"\U0001f600":1,"\ufb33":2}'),  # UTF-16 order: the surrogate first
        ({"t": 'a\u001b\u2028\x7f/"\\\n'}, '{"t":"a\\u001b\u2028\x7f/\\"\\\\\\n"}'),
        ({"looks": ":1.5"}, '{"looks":":1.5"}'),
    ],
)
def test_canonical_of_what_is_rare(value: dict[str, Any], text: str) -> None:
    assert canonical(value).decode() == text


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(str(n).encode()) for n in range(count)]


def reader(hashes: list[bytes]) -> merkle.ReadNode:
    return lambda node: tree_root(hashes[node.index << node.level : (node.index + 1) << node.level])


@given(st.integers(0, 600))
def test_frontier_is_the_tree(count: int) -> None:
    frontier = Frontier()
    for hash_ in leaves(count):
        frontier.append(hash_)
    assert frontier.root() == tree_root(leaves(count))
    assert Frontier(count, frontier.hashes).root() == frontier.root()
    assert count or frontier.root() == EMPTY_ROOT
    with pytest.raises(ValueError, match="perfect subtrees"):
        Frontier(count, [*frontier.hashes, b""])


@given(st.data())
def test_inclusion(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 400))
    index = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    root = tree_root(hashes)
    path = proof(inclusion_ranges(index, size), reader(hashes))
    assert verify_inclusion(hashes[index], index, size, path, root)
    other = data.draw(st.integers(-1, size + 1).filter(lambda n: n != index))
    assert not verify_inclusion(hashes[index], other, size, path, root)
    assert not verify_inclusion(leaf_hash(b"other"), index, size, path, root)
    assert not verify_inclusion(hashes[index], index, size, [*path, root], root)
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        assert not verify_inclusion(hashes[index], index, size, [*path[:at], root, *path[at + 1 :]], root)
        assert not verify_inclusion(hashes[index], index, size, path[:-1], root)


@given(st.data())
def test_consistency(data: st.DataObject) -> None:
    size = data.draw(st.integers(0, 400))
    old = data.draw(st.integers(0, size))
    hashes = leaves(size)
    root, old_root = tree_root(hashes), tree_root(hashes[:old])
    path = proof(consistency_ranges(old, size), reader(hashes))
    assert verify_consistency(old, old_root, size, root, path)
    assert not verify_consistency(old, leaf_hash(b"other"), size, root, path)
    assert not verify_consistency(old, old_root, size, root, [*path, root])
    assert not verify_consistency(size + 1, old_root, size, root, path)
    if old > 0:
        assert not verify_consistency(old, old_root, size, leaf_hash(b"other"), path)
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        assert not verify_consistency(old, old_root, size, root, [*path[:at], leaf_hash(b"x"), *path[at + 1 :]])


def test_ranges_that_are_none() -> None:
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(ValueError, match="leaves has none"):
            inclusion_ranges(index, size)
    with pytest.raises(ValueError, match="no beginning"):
        consistency_ranges(6, 5)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(ENTRIES, 1_234_067), "tile/entries/x001/x234/067"),
        (Tile(1, 273, 17), "tile/1/273.p/17"),
        (Tile(63, 999_999, 255), "tile/63/x999/999.p/255"),
    ],
)
def test_names_of_tiles(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert parse_path(path) == tile


@pytest.mark.parametrize(
    "path",
    ["tile/64/000", "tile/00/000", "tile/0/x000/000", "tile/0/1", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/012", "tile/-1/000", "tile/0/../000", "checkpoint", "tile/entries/000/000"],
)  # fmt: skip
def test_what_is_no_tile(path: str) -> None:
    assert parse_path(path) is None


def test_tiles_of_the_specification() -> None:
    found = list(tiles_of(70_000))
    assert sum(tile.level == 0 and tile.full for tile in found) == 273
    assert [(tile.level, tile.width) for tile in found if not tile.full] == [(ENTRIES, 112), (0, 112), (1, 17), (2, 1)]
    assert [tile for tile in tiles_of(256) if tile.level > 0] == [Tile(1, 0, 1)]
    assert list(tiles_of(0)) == list(tiles_of(300, 300)) == []


@given(st.integers(0, 140_000), st.integers(0, 2_000))
def test_tiles_add_up(since: int, more: int) -> None:
    whole = {(tile.level, tile.index): tile for tile in tiles_of(since)}
    whole |= {(tile.level, tile.index): tile for tile in tiles_of(since + more, since)}
    assert whole == {(tile.level, tile.index): tile for tile in tiles_of(since + more)}


@given(st.data())
def test_nodes_are_found_in_tiles(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 140_000))
    level = data.draw(st.integers(0, size.bit_length() - 1))
    node = Node(level, data.draw(st.integers(0, (size >> level) - 1)))
    tile, begin, end = tile_of(node, size)
    assert tile in set(tiles_of(size))
    assert 0 <= begin < end <= tile.width
    span = WIDTH**tile.level
    assert ((tile.index * WIDTH + begin) * span, (tile.index * WIDTH + end) * span) == (node.index << level, (node.index + 1) << level)  # fmt: skip


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=WIDTH))
def test_bundles(entries: list[bytes]) -> None:
    bundle = pack(entries)
    assert unpack(bundle) == entries
    half = Tile(ENTRIES, 0, max(1, len(entries) // 2))
    assert unpack(cut(half, bundle)) == entries[: half.width]
    hashes = b"".join(map(leaf_hash, entries))
    assert hashes_of(cut(Tile(0, 0, half.width), hashes)) == list(map(leaf_hash, entries))[: half.width]
    for broken in (bundle[:-1], bundle + b"\0"):
        if broken:
            with pytest.raises(ValueError, match="breaks off"):
                unpack(broken)


def test_a_note_of_the_specification() -> None:
    """The known answer of the signed-note package of Go (golang.org/x/mod/sumdb/note)."""
    key = VerifierKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    note = Note.parse(f"{text}\n— PeterNeumann {signature}\n".encode())
    assert note.verified([key]) == [key]
    assert key.text == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    with pytest.raises(NoteError, match="is wrong"):
        Note(text + "!", note.signatures).verified([key])


SIGNER = SigningKey("firm.example/ledger", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = SigningKey("firm.example/ledger", Ed25519PrivateKey.from_private_bytes(bytes(32)))


def signed(checkpoint: Checkpoint, *keys: SigningKey) -> bytes:
    return Note(checkpoint.text, tuple(key.sign(checkpoint.text) for key in keys)).encode()


def test_checkpoints() -> None:
    checkpoint = Checkpoint("firm.example/ledger", 5, tree_root(leaves(5)))
    for keys in ((SIGNER,), (OTHER, SIGNER)):
        assert open_checkpoint(signed(checkpoint, *keys), [SIGNER.verifier])[0] == checkpoint
    with pytest.raises(NoteError, match="not signed"):
        open_checkpoint(signed(checkpoint, OTHER), [SIGNER.verifier])
    with pytest.raises(NoteError, match="not signed"):
        open_checkpoint(signed(Checkpoint("other", 5, checkpoint.root), SIGNER), [SIGNER.verifier])
    for text in ("a\n05\n" + checkpoint.text.split("\n")[2] + "\n", "a\n5\nAAAA\n", "a\n5\n", "a\n-1\nAAAA\n"):
        with pytest.raises(NoteError):
            Checkpoint.parse(text)


@pytest.mark.parametrize(
    "data",
    [b"", b"text\n", b"text\n\n", b"text\n\n\xe2\x80\x94 a AAAA\n", b"t\n\n- a AAAAAAAAAAA=\n", b"\xff\n\n\xe2\x80\x94 a AAAAAAAAAAA=\n", b"t\t\n\n\xe2\x80\x94 a AAAAAAAAAAA=\n", b"x" * 70_000],
)  # fmt: skip
def test_what_is_no_note(data: bytes) -> None:
    with pytest.raises(NoteError):
        Note.parse(data)


@pytest.mark.parametrize("text", ["", "a+b", "a+00000000+AAAA", "a b+00000000+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "a+00000000+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"])  # fmt: skip
def test_what_is_no_verifier_key(text: str) -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse(text)


def test_cosignatures() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
    witness = VerifierKey("witness.example/w", 0x04, private.public_key().public_bytes_raw())
    text = Checkpoint("firm.example/ledger", 5, EMPTY_ROOT).text
    made = private.sign(f"cosignature/v1\ntime 1700000000\n{text}".encode())
    line = Signature(witness.name, witness.key_id, (1_700_000_000).to_bytes(8, "big") + made)
    note = Note(text, (SIGNER.sign(text),)).signed(line)
    assert Note.parse(note.encode()).verified([witness, SIGNER.verifier]) == [SIGNER.verifier, witness]
    assert witness.signed_at(line) == 1_700_000_000
    later = Signature(witness.name, witness.key_id, (1_700_000_001).to_bytes(8, "big") + made)
    with pytest.raises(NoteError, match="is wrong"):
        Note(text, (later,)).verified([witness])


@given(st.integers(1, 60), st.data(), st.none() | st.binary(max_size=50))
def test_proofs(size: int, data: st.DataObject, extra: bytes | None) -> None:
    entries = [str(n).encode() for n in range(size)]
    index = data.draw(st.integers(0, size - 1))
    hashes = list(map(leaf_hash, entries))
    checkpoint = Checkpoint("firm.example/ledger", size, tree_root(hashes))
    made = Proof(index, tuple(proof(inclusion_ranges(index, size), reader(hashes))), signed(checkpoint, SIGNER), extra)
    read = Proof.parse(made.encode())
    assert read == made
    assert read.check(entries[index], [SIGNER.verifier]) == checkpoint
    with pytest.raises(NoteError, match="does not stand there"):
        read.check(b"other", [SIGNER.verifier])
    with pytest.raises(NoteError, match="not signed"):
        read.check(entries[index], [OTHER.verifier])


@pytest.mark.parametrize("data", [b"", b"c2sp.org/tlog-proof@v1\n\nx", b"c2sp.org/tlog-proof@v1\nindex 01\n\nx", b"c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nx", b"other\nindex 1\n\nx", b"c2sp.org/tlog-proof@v1\nextra !\nindex 1\n\nx", b"c2sp.org/tlog-proof@v1\nextra AAAA\n\nx"])  # fmt: skip
def test_what_is_no_proof(data: bytes) -> None:
    with pytest.raises(NoteError):
        Proof.parse(data)


def test_node_hash_is_not_a_leaf() -> None:
    left, right = leaves(2)
    assert node_hash(left, right) != leaf_hash(left + right)
    assert json.loads(canonical({"v": 1})) == {"v": 1}
