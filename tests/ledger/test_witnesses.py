"""Witnesses as they are: cosigned checkpoints, one that is down, one that has seen another history, one that lies."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from app.config import Settings
from app.core.database import Database
from app.jobs.sealing import rotate_ledger_key
from app.ledger.bucket import Bucket
from app.ledger.findings import Kind
from app.ledger.keys import LedgerKeyFile
from app.ledger.note import NoteError, VerifierKey, open_checkpoint
from app.ledger.sealer import Sealer
from app.ledger.tiles import CHECKPOINT, WITNESSED
from app.ledger.verify import Verification
from app.ledger.witnesses import Witness
from app.ledger.witnessing import Witnessing
from tests.ledger.common import add
from tests.support.firm import Firm
from tests.support.go import at_hand
from tests.support.waiting import in_time
from tests.support.witness import RealWitness, witness_program

# Programs in Go are built by who asks first, beside everything else that a fresh machine is busy with.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture
async def keys(firm: Firm, sealer: Sealer) -> LedgerKeyFile:
    """The ledger's keys, which are there as soon as something is sealed."""
    await add(firm, 2)
    await sealer.seal_all()
    found = firm.services.resources.ledger_keys
    assert isinstance(found, LedgerKeyFile)
    return found


@pytest.fixture
def witnesses(keys: LedgerKeyFile, tmp_path: Path) -> Iterator[list[RealWitness]]:
    """Two witnesses that know the ledger."""
    at_hand(witness_program)
    known = keys.verifiers()[0]
    with ExitStack() as ending:
        made = []
        for name in "ab":
            (tmp_path / name).mkdir()
            witness = RealWitness(tmp_path / name, f"witness.example/{name}")
            ending.callback(witness.close)
            witness.start()
            witness.add_log(known.name, known.text)
            made.append(witness)
        yield made


@asynccontextmanager
async def sealing_with(firm: Firm, sealing: Database, bucket: Bucket, *asked: Witness) -> AsyncIterator[None]:
    witnessing = Witnessing(sealing, bucket, asked, 0.1)
    sealer = Sealer(sealing, bucket, firm.services.resources.ledger_keys, seconds=0.05, witnessing=witnessing)
    stop = asyncio.Event()
    task = asyncio.create_task(sealer.run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


def asked(*witnesses: RealWitness) -> list[Witness]:
    return [Witness.parse(f"{witness.url} {witness.vkey}") for witness in witnesses]


async def cosigned_by(bucket: Bucket, keys: LedgerKeyFile, who: list[Witness], path: str) -> tuple[int, set[str]]:
    """Give the size of a checkpoint and who has cosigned it; what is signed wrong raises NoteError."""
    data = await bucket.read(path)
    if data is None:
        return 0, set()
    checkpoint, note = open_checkpoint(data, [*keys.verifiers(), *(one.key for one in who)])
    return checkpoint.size, {key.name for key in note.verified([one.key for one in who])}


async def health(firm: Firm) -> dict[str, str]:
    told: dict[str, str] = (await firm.http.get("/health/ready")).json()["dependencies"]["ledger"]
    return told


async def test_checkpoints_are_cosigned_whoever_of_the_witnesses_is_there(
    firm: Firm, sealing: Database, bucket: Bucket, keys: LedgerKeyFile, witnesses: list[RealWitness]
) -> None:
    who, auditor = asked(*witnesses), await firm.person("auditor")

    async def by(size: int, *names: str) -> bool:
        found = await cosigned_by(bucket, keys, who, CHECKPOINT)
        return found[0] >= size and found[1] == {f"witness.example/{name}" for name in names}

    async with sealing_with(firm, sealing, bucket, *who):
        await add(firm, 300)
        await in_time(lambda: by(300, "a", "b"))
        witnesses[0].kill()
        await add(firm, 5)
        await in_time(lambda: by(305, "b"))  # sealing and the other go on
        witnesses[0].start()
        await in_time(lambda: by(305, "a", "b"))
        size = await firm.eyes.fetchval("SELECT published FROM ledger_head")
    assert await cosigned_by(bucket, keys, who, WITNESSED) == (size, {"witness.example/a", "witness.example/b"})
    rows = await firm.eyes.fetch("SELECT name, size, fault FROM ledger_witnesses ORDER BY name")
    assert [tuple(row) for row in rows] == [(f"witness.example/{name}", size, None) for name in "ab"]
    assert {witness.seen(keys.verifiers()[0].name) for witness in witnesses} == {size}
    assert (await health(firm))["status"] == "ok"
    metrics = (await firm.http.get("/metrics")).text
    assert f'anjuan_ledger_witness_size{{witness="witness.example/a"}} {float(size)}' in metrics
    given = await auditor.get("/v1/ledger/witnessed")
    assert given.content == await bucket.read(WITNESSED)
    assert await firm.events(given) == [("ledger.read", "success")]
    report = await Verification(bucket, [*keys.verifiers(), *(one.key for one in who)], sealing).run(None, lambda *_: None)  # fmt: skip
    assert report.sound
    assert report.cosigned == {"witness.example/a": size, "witness.example/b": size}


async def test_a_witness_of_another_history_raises_the_alarm(
    firm: Firm, sealing: Database, bucket: Bucket, keys: LedgerKeyFile, witnesses: list[RealWitness]
) -> None:
    (one,) = asked(witnesses[0])
    async with sealing_with(firm, sealing, bucket, one):
        await add(firm, 20)

        async def seen() -> bool:
            return (await cosigned_by(bucket, keys, [one], WITNESSED))[0] >= 20

        await in_time(seen)
    # As after restoring database and bucket from a backup that was made when nothing was sealed.
    witnessed = await bucket.read(WITNESSED)
    assert witnessed is not None
    await firm.eyes.execute("DELETE FROM event_leaves")
    await firm.eyes.execute("UPDATE ledger_head SET size = 0, published = 0, root = sha256('')")
    await bucket._shelf.delete(CHECKPOINT)
    await add(firm, 30)

    async def alarmed() -> bool:
        told = await health(firm)
        return told["status"] == "degraded" and "another history" in told["detail"]

    async with sealing_with(firm, sealing, bucket, one):
        await in_time(alarmed)
        await in_time(lambda: _sealed(firm))  # loud, but nobody is kept from his work
    report = await Verification(bucket, [*keys.verifiers(), one.key]).run(None, lambda *_: None)
    assert set(report.findings.counts) <= {Kind.OTHER_HISTORY, Kind.OLD_CHECKPOINT}
    assert not report.sound


async def _sealed(firm: Firm) -> bool:
    return not await firm.eyes.fetchval("SELECT EXISTS (SELECT FROM event_queue)")


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (200, "— witness.example/w AAAAAAAAAAAA\n", "no cosignature of this checkpoint"),
        (200, "who are you?", "its answer is none"),
        (404, "", "does not know this ledger"),
        (500, "", "answered 500"),
        (409, "0\n", "does not continue"),
        (409, "99999999\n", "has cosigned a ledger of 99999999"),
        (302, "", "answered 302"),
    ],
)
async def test_what_is_no_cosignature_is_not_taken_for_one(
    firm: Firm, sealing: Database, bucket: Bucket, keys: LedgerKeyFile, status: int, answer: str, reason: str
) -> None:
    async def add_checkpoint(request: web.Request) -> web.Response:
        return web.Response(status=status, text=answer, headers={"Location": "/add-checkpoint"})

    app = web.Application()
    app.router.add_post("/add-checkpoint", add_checkpoint)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.addresses
    key = VerifierKey("witness.example/w", 0x04, bytes(32))
    witness = Witness(f"http://127.0.0.1:{runner.addresses[0][1]}", key)

    async def told() -> bool:
        row = await firm.eyes.fetchrow("SELECT size, fault FROM ledger_witnesses")
        return row is not None and row["size"] == 0 and reason in row["fault"]

    try:
        async with sealing_with(firm, sealing, bucket, witness):
            await in_time(told)
    finally:
        await runner.cleanup()
    assert await bucket.read(WITNESSED) is None


@pytest.mark.parametrize("text", ["https://w.example/ nonsense", "https://w.example/"])
def test_a_setting_that_names_no_witness(text: str) -> None:
    with pytest.raises(NoteError):
        Witness.parse(text)


async def test_a_new_key_signs_beside_the_old_one_for_a_while(
    firm: Firm, settings: Settings, sealer: Sealer, bucket: Bucket, keys: LedgerKeyFile
) -> None:
    (old,) = keys.verifiers()
    new = await rotate_ledger_key(settings, timedelta(days=1))
    await sealer.seal_all()
    data = await bucket.read(CHECKPOINT)
    assert data is not None
    for known in ([old], [new]):  # whoever has only one of them reads it all the same
        assert open_checkpoint(data, known)[0].origin == old.name == new.name
    assert keys.verifiers() == [new, old]
    event = await firm.eyes.fetchrow("SELECT outcome, details FROM events WHERE type = 'ledger.key_rotated'")
    assert event is not None
    assert (event["outcome"], event["details"]["key"]) == ("success", new.text)
    # The overlap is over.
    file = settings.key_dir / "ledger-keys.json"
    kept = json.loads(file.read_text())
    kept["keys"][0]["signs_until"] = "2026-01-01T00:00:00+00:00"
    file.write_text(json.dumps(kept))
    await add(firm, 1)
    await sealer.seal_all()
    data = await bucket.read(CHECKPOINT)
    assert data is not None
    assert open_checkpoint(data, [new])
    with pytest.raises(NoteError):
        open_checkpoint(data, [old])
    assert keys.verifiers(retired=True) == [new, old]  # old checkpoints are checked with it for ever
