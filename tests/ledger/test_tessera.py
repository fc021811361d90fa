"""Independent eyes on the product's own log: Tessera's fsck reads it over HTTP."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config import Settings
from app.ledger.bucket import Bucket
from app.ledger.sealer import Sealer
from app.ledger.tiles import ENTRIES, Tile
from tests.ledger.common import add
from tests.support.firm import Firm
from tests.support.go import at_hand
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
