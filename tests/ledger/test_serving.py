"""The ledger over HTTP: who may read it, what that leaves, and what others' tools find."""

import pytest
from httpx import Response

from app.ledger.bucket import Bucket
from app.ledger.note import VerifierKey, open_checkpoint
from app.ledger.sealer import Sealer
from app.ledger.tiles import tiles_of
from tests.ledger.common import insert
from tests.support.firm import Firm, Person, done


async def read(firm: Firm, person: Person, path: str) -> bytes:
    answer: Response = await person.get(f"/v1/ledger/{path}")
    assert answer.status_code == 200, answer.text
    assert await firm.events(answer) == done("ledger.read")
    event = await firm.eyes.fetchrow("SELECT * FROM events WHERE request_id = $1", answer.headers["x-request-id"])
    assert event is not None
    assert (event["subject_type"], event["subject_label"]) == ("ledger", path)
    assert answer.headers["cache-control"] == "private, no-store"
    return answer.content


@pytest.mark.parametrize("role", ["auditor", "director", "system_admin"])
async def test_checkpoint_key_and_tiles(firm: Firm, sealer: Sealer, bucket: Bucket, role: str) -> None:
    person = await firm.person(role)
    await sealer.seal_all()
    keys = [VerifierKey.parse(line) for line in (await read(firm, person, "key")).decode().splitlines()]
    checkpoint, _ = open_checkpoint(await read(firm, person, "checkpoint"), keys)
    for tile in tiles_of(checkpoint.size):
        assert await read(firm, person, tile.path) == await bucket.read(tile.path)


async def test_a_partial_tile_that_is_gone_is_cut_from_the_full_one(firm: Firm, sealer: Sealer, bucket: Bucket) -> None:
    auditor = await firm.person("auditor")
    await sealer.seal_all()
    size = await firm.eyes.fetchval("SELECT size FROM ledger_head")
    early = await read(firm, auditor, f"tile/entries/000.p/{size}")
    assert size < 256
    while await firm.eyes.fetchval("SELECT count(*) < 256 FROM events"):
        await auditor.get("/v1/ledger/key")
    await sealer.seal_all()
    assert await bucket.read(f"tile/entries/000.p/{size}") is None
    assert await read(firm, auditor, f"tile/entries/000.p/{size}") == early


@pytest.mark.parametrize("role", ["lawyer", "partner", "archivist", "assistant", "security_admin", "finance"])
async def test_nobody_else(firm: Firm, sealer: Sealer, role: str) -> None:
    person = await firm.person(role)
    await sealer.seal_all()
    before = await firm.tables()
    for path in ("checkpoint", "key", "tile/entries/000", "tile/7/000"):
        answer = await person.get(f"/v1/ledger/{path}")
        assert answer.status_code == 403
        assert await firm.events(answer) == [("access.denied", "denied")]
    assert await firm.tables() == before


async def test_what_is_not_there(firm: Firm, sealer: Sealer) -> None:
    auditor = await firm.person("auditor")
    for path in ("checkpoint", "key", "tile/0/000", "tile/entries/x001/000", "tile/0/000.p/255"):
        answer = await auditor.get(f"/v1/ledger/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert await firm.events(answer) == [("access.denied", "denied")]
    for path in ("tile/0/0", "tile/64/000", "tile/0/000.p/256", "tile/entries/x", "tile/../checkpoint"):
        answer = await auditor.get(f"/v1/ledger/{path}")
        assert answer.status_code in {400, 404}


async def test_metrics_tell_how_sealing_is(firm: Firm, sealer: Sealer) -> None:
    def value(text: str, name: str) -> float:
        return float(next(line.split()[1] for line in text.splitlines() if line.startswith(f"{name} ")))

    await firm.person("lawyer")
    await (await firm.person("auditor")).get("/v1/ledger/checkpoint")
    waiting = await firm.eyes.fetchval("SELECT count(*) FROM event_queue")
    assert waiting > 0
    told = (await firm.http.get("/metrics")).text
    assert value(told, "anjuan_ledger_unsealed_events") == waiting
    assert value(told, "anjuan_ledger_size") == 0
    await sealer.seal_all()
    told = (await firm.http.get("/metrics")).text
    assert value(told, "anjuan_ledger_unsealed_events") == value(told, "anjuan_ledger_oldest_unsealed_seconds") == 0
    assert value(told, "anjuan_ledger_size") == waiting
    assert value(told, "anjuan_ledger_sealed_timestamp_seconds") > 0


async def test_a_stall_degrades_and_refuses_nobody(firm: Firm) -> None:
    ready = await firm.http.get("/health/ready")
    assert ready.json()["dependencies"]["ledger"] == {"status": "ok", "detail": None}
    await insert(firm.eyes, [await firm.eyes.fetchval("SELECT uuidv7(interval '-2 minutes')")])
    ready = await firm.http.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert "wait to be sealed" in ready.json()["dependencies"]["ledger"]["detail"]
