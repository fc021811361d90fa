"""What a proof costs in database and store, in a ledger of many events on real MinIO; with nothing and all in memory.

ANJUAN_BENCH_EVENTS sets how many there are.
"""

import sys
import time
from collections.abc import AsyncIterator, Callable
from random import Random
from statistics import median, quantiles
from uuid import UUID

import psutil  # type: ignore[import-untyped]
import pytest
from pydantic import SecretStr

from app.config import Settings, StorageSettings
from app.core.actor import Actor, Origin
from app.core.database import Database
from app.events.recorder import Recorder
from app.events.vocabulary import Event
from app.factory import make_database
from app.ledger.event_proofs import check
from app.ledger.proofs import Proof
from app.ledger.prover import KEPT_BYTES, Prover
from app.ledger.sealer import Sealer
from app.reports.event_proofs import EventProofs
from tests.bench.events import EVENTS, many
from tests.bench.pace import allowed, pace
from tests.support.databases import pooled
from tests.support.firm import Firm
from tests.support.minio import RealMinio

# A process that has just begun reads up to seven objects for its first proof; then the upper tiles are kept.
MILLISECONDS, AT_FIRST, DOSSIER_PER_SECOND = 10, 20, 200
PROOFS = 200
GROWTH = KEPT_BYTES + 24 * 1024 * 1024
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture
def settings(settings: Settings, minio: RealMinio) -> Settings:
    fields = settings.storage.model_dump() | {
        "s3_endpoint": minio.endpoint, "s3_access_key": SecretStr(minio.access_key),
        "s3_secret_key": SecretStr(minio.secret_key), "s3_bucket_prefix": "bench-proofs",
    }  # fmt: skip
    return Settings(
        run=settings.run, database=settings.database, storage=StorageSettings(**fields), auth=settings.auth,
        http=settings.http,
    )  # fmt: skip


@pytest.fixture
async def sealing(settings: Settings) -> AsyncIterator[Database]:
    async with pooled(make_database(settings.database, size=2)) as database:
        yield database


class Timed(Recorder):
    """Tells how long the recording of the reading took, which is no part of the proof."""

    seconds = 0.0

    async def record(self, actor: Actor, event: Event) -> None:
        began = time.perf_counter()
        await super().record(actor, event)
        self.seconds += time.perf_counter() - began


async def timed(
    proofs: Callable[[], EventProofs], recorder: Timed, actor: Actor, ids: list[UUID]
) -> tuple[list[float], list[float]]:
    """Give the milliseconds of the proof of each, by what `proofs` gives for it, and those of recording it."""
    spent, recorded = [], []
    for id_ in ids:
        service, recorder.seconds = proofs(), 0.0
        began = time.perf_counter()
        await service.proof(actor, id_)
        spent.append((time.perf_counter() - began - recorder.seconds) * 1000)
        recorded.append(recorder.seconds * 1000)
    return spent, recorded


async def test_proofs_of_many(firm: Firm, sealing: Database) -> None:
    services = firm.services
    lead, auditor = await firm.person("lawyer"), await firm.person("auditor")
    dossiers = [UUID((await firm.dossier(lead))["id"]) for _ in range(40)]
    await many(firm, EVENTS, lead.id, dossiers)
    await Sealer(sealing, services.resources.ledger, services.resources.ledger_keys).seal_all()
    await firm.eyes.execute("ANALYZE event_leaves", timeout=300)
    size = await firm.eyes.fetchval("SELECT published FROM ledger_head")
    rows = await firm.eyes.fetch(
        "SELECT event_id FROM event_leaves WHERE leaf_index = ANY($1::bigint[])", Random(27).sample(range(size), PROOFS)
    )
    ids = [UUID(str(row["event_id"])) for row in rows]
    actor = await services.auth.identify(auditor.token, Origin("bench", "GET", "/"))

    held, recorder = services.resources, Timed(services.resources.database)

    def fresh() -> EventProofs:
        return EventProofs(held.database, recorder, services._gate, Prover(held.ledger))

    one = fresh()
    await timed(lambda: one, recorder, actor, ids)
    paces: list[float] = []
    cold, warm, scattered, recording = list[float](), list[float](), list[float](), list[float]()
    for _ in range(3):
        paces.append(pace())
        for kind, proofs, asked in (
            (cold, fresh, ids), (scattered, lambda: one, ids), (warm, lambda: one, [ids[0]] * len(ids))
        ):  # fmt: skip
            spent, recorded = await timed(proofs, recorder, actor, asked)
            kind.extend(spent)
            recording += recorded
    sys.stderr.write(f"\nrecording that a proof was taken: {median(recording):.1f} ms\n")
    for name, spent, promised in (
        ("nothing kept", cold, AT_FIRST), ("any event", scattered, MILLISECONDS), ("the same again", warm, MILLISECONDS)
    ):  # fmt: skip
        sys.stderr.write(
            f"\nproof in {size} events, {name}: {median(spent):.1f} ms, 95 % {quantiles(spent, n=20)[-1]:.1f} ms;"
            f" pace {median(paces):.2f}\n"
        )
        assert median(spent) / 1000 < allowed(promised / 1000, paces)
    await all_of_a_dossier(firm, one, actor, dossiers[1])
    proof = Proof.parse(await one.proof(actor, ids[0]))
    assert check(proof, services.resources.ledger_keys.verifiers()).checkpoint.size == size


async def all_of_a_dossier(firm: Firm, service: EventProofs, actor: Actor, dossier_id: UUID) -> None:
    """Take the proofs of a dossier's events, which lie far apart; hold the rate, and the memory to that of a few."""
    paces, count, memory = [pace()], 0, [psutil.Process().memory_info().rss]
    began = time.perf_counter()
    async for piece in await service.of_dossier(actor, dossier_id):
        count += piece.count(b"\n")
        memory.append(psutil.Process().memory_info().rss)
    seconds = time.perf_counter() - began
    paces.append(pace())
    sys.stderr.write(f"\nproofs of a dossier: {count} in {seconds:.2f} s, {count / seconds:.0f} a second\n")
    assert max(memory) - memory[0] < GROWTH
    sealed = await firm.eyes.fetchval(
        "SELECT count(*) FROM events JOIN event_leaves ON event_id = id WHERE dossier_id = $1", dossier_id
    )
    assert count == sealed > EVENTS // 80
    assert seconds < allowed(count / DOSSIER_PER_SECOND, paces)
