"""The prover over trees of any size, on real S3."""

from random import Random

import pytest

from app.ledger.bucket import Bucket
from app.ledger.edge import Edge
from app.ledger.merkle import EMPTY_ROOT, Frontier, leaf_hash, verify_consistency, verify_inclusion
from app.ledger.note import Checkpoint
from app.ledger.prover import LedgerNotWhole, Prover, Tree


async def test_every_tree_and_leaf_is_proven(bucket: Bucket) -> None:
    """One ledger of 256 · 256 leaves has the tiles of every smaller tree: random ones, with few tiles kept."""
    count = 256 * 256
    leaves = [b"leaf %d" % number for number in range(count)]
    await bucket.make()
    for tile, content in Edge().extend(list(leaves)):
        await bucket.write(tile.path, content)
    random = Random(27)
    sizes = {1, 2, 255, 256, 257, count - 1, count, *(random.randrange(1, count) for _ in range(25))}
    frontier, roots = Frontier(), {0: EMPTY_ROOT}
    for number, leaf in enumerate(leaves, 1):
        frontier.append(leaf_hash(leaf))
        if number in sizes:
            roots[number] = frontier.root()
    prover = Prover(bucket, kept_bytes=64 * 1024)
    for size in sorted(sizes):
        tree = Tree(Checkpoint("firm.example/ledger", size, roots[size]), b"note")
        indices = sorted({0, size - 1, *(random.randrange(size) for _ in range(3))})
        for index, (leaf, proof) in zip(indices, await prover.inclusion(tree, indices), strict=True):
            assert (leaf, proof.index, proof.checkpoint) == (leaves[index], index, b"note")
            assert verify_inclusion(leaf_hash(leaf), index, size, proof.path, roots[size])
        for old in (0, size, *(known for known in random.sample(sorted(sizes), 3) if known <= size)):
            path = await prover.consistency(tree, old, size)
            assert verify_consistency(old, roots[old], size, roots[size], path)
            whole = Tree(Checkpoint("firm.example/ledger", count, roots[count]), b"note")
            assert await prover.consistency(whole, old, size) == path
        assert prover._tiles._bytes == sum(map(len, prover._tiles._kept.values())) <= 64 * 1024
    wrong = Tree(Checkpoint("firm.example/ledger", count, roots[1]), b"note")
    with pytest.raises(LedgerNotWhole):
        await prover.inclusion(wrong, [0])
    with pytest.raises(LedgerNotWhole):
        await prover.consistency(wrong, 1, count)
