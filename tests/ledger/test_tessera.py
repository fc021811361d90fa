"""Independent eyes on the product's own log: Tessera's fsck reads it over HTTP; a Go program checks a proof from it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config import Settings
from app.ledger.bucket import Bucket, read_tile, read_tiles
from app.ledger.merkle import Node, consistency_ranges, inclusion_ranges, proof, root_of, subtrees
from app.ledger.note import encoded, open_checkpoint
from app.ledger.proofs import Proof
from app.ledger.sealer import Sealer
from app.ledger.tiles import CHECKPOINT, ENTRIES, WIDTH, Tile, hashes_of, tile_of, unpack
from tests.ledger.common import add
from tests.support.firm import Firm
from tests.support.go import at_hand
from tests.support.proofcheck import check_consistency, check_proof, proofcheck_program
from tests.support.server import Served
from tests.support.tessera import fsck, fsck_program

# Programs in Go are built by who asks first, beside everything else that a fresh machine is busy with.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def served(settings: Settings, firm: Firm, tmp_path: Path) -> Iterator[Served]:
    server = Served(settings, tmp_path / "api.log")
    server.start()
    yield server
    server.stop()


async def test_fsck_passes_and_sees_a_changed_byte(firm: Firm, sealer: Sealer, bucket: Bucket, served: Served) -> None:
    at_hand(fsck_program)
    auditor = await firm.person("auditor")
    key = firm.services.resources.ledger_keys
    for count in (3, 400, 1):
        await add(firm, count)
        await sealer.seal_all()
        done = await asyncio.to_thread(fsck, f"{served.url}/v1/ledger/", key.verifiers()[0].text, auditor.token)
        assert done.returncode == 0, done.stderr
    path = Tile(ENTRIES, 0).path
    whole = await bucket.read(path)
    assert whole is not None
    await bucket.write(path, whole.replace(b"success", b"failure", 1))
    done = await asyncio.to_thread(fsck, f"{served.url}/v1/ledger/", key.verifiers()[0].text, auditor.token)
    assert done.returncode != 0


async def test_proofs_hold_before_another_implementation(
    firm: Firm, sealer: Sealer, bucket: Bucket, tmp_path: Path
) -> None:
    at_hand(proofcheck_program)
    keys = firm.services.resources.ledger_keys
    await add(firm, 270)
    await sealer.seal_all()
    old = await bucket.read(CHECKPOINT)
    await add(firm, 333)
    await sealer.seal_all()
    new = await bucket.read(CHECKPOINT)
    assert old is not None
    assert new is not None
    size, old_size = open_checkpoint(new, keys.verifiers())[0].size, open_checkpoint(old, keys.verifiers())[0].size
    key = keys.verifiers()[0].text

    async def path(ranges: list[tuple[int, int]]) -> list[bytes]:
        nodes = [node for range_ in ranges for node in subtrees(*range_)]
        tiles = await read_tiles(bucket, (tile_of(node, size)[0] for node in nodes))

        def read(node: Node) -> bytes:
            tile, begin, end = tile_of(node, size)
            return root_of(hashes_of(tiles[tile] or b"")[begin:end])

        return proof(ranges, read)

    def written(name: str, content: bytes) -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    for index in (0, 255, 256, size - 1):
        bundle = Tile(ENTRIES, index // WIDTH, min(WIDTH, size - index // WIDTH * WIDTH))
        leaf = unpack(await read_tile(bucket, bundle) or b"")[index % WIDTH]
        made = Proof(index, tuple(await path(inclusion_ranges(index, size))), new)
        assert made.check(leaf, keys.verifiers()).size == size
        assert check_proof(key, written("proof", made.encode()), written("leaf", leaf)).returncode == 0
        assert check_proof(key, written("proof", made.encode()), written("leaf", leaf + b" ")).returncode != 0
    older, newer = written("older", old), written("newer", new)
    lines = "".join(f"{encoded(hash_)}\n" for hash_ in await path(consistency_ranges(old_size, size)))
    assert check_consistency(key, older, newer, written("hashes", lines.encode())).returncode == 0
    assert check_consistency(key, older, newer, written("hashes", b"")).returncode != 0
