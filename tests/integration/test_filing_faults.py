"""Filing when something breaks: the store gone, the service killed. A dossier is filed whole or not at all."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from app.config import AuthSettings, DatabaseSettings, HttpSettings, RunSettings, Settings, StorageSettings
from app.embedded.s3 import EmbeddedS3
from tests.support.checks import refused
from tests.support.databases import TestDatabase
from tests.support.firm import Firm, Person, done
from tests.support.matter import NOTE, matter
from tests.support.server import Served
from tests.support.ways import Way, way_to

pytestmark = pytest.mark.timeout(180)
# What is there of each dossier that was filed; all of it or nothing.
PARTS = """
SELECT d.id, d.archive_number, d.state = 'filed' AS filed, ARRAY[d.filed_on IS NOT NULL, d.retention_code IS NOT NULL,
 EXISTS (SELECT 1 FROM archive_numbers a WHERE a.dossier_id = d.id AND a.archive_number = d.archive_number),
 EXISTS (SELECT 1 FROM sealed_lists s WHERE s.dossier_id = d.id),
 EXISTS (SELECT 1 FROM notes_to_file n WHERE n.dossier_id = d.id),
 EXISTS (SELECT 1 FROM submissions u WHERE u.dossier_id = d.id AND u.state = 'accepted'),
 EXISTS (SELECT 1 FROM events e WHERE e.dossier_id = d.id AND e.type = 'dossier.filed')] AS parts
FROM dossiers d
"""


@pytest.fixture
async def to_store(s3: EmbeddedS3) -> AsyncIterator[Way]:
    """The way to the object store."""
    async with way_to(s3.port) as way:
        yield way


@pytest.fixture
def settings(database: TestDatabase, s3: EmbeddedS3, to_store: Way, tmp_path: Path) -> Settings:
    """Settings that lead to the store over the way."""
    return Settings(
        run=RunSettings(data_dir=tmp_path / "data"),
        database=DatabaseSettings(database_url=SecretStr(database.app_url), database_acquire_seconds=3),
        storage=StorageSettings(
            s3_endpoint=f"http://127.0.0.1:{to_store.port}", s3_access_key=SecretStr(s3.access_key),
            s3_secret_key=SecretStr(s3.secret_key), s3_bucket_prefix="filing", s3_connect_seconds=1, s3_idle_seconds=1.5,
        ),
        auth=AuthSettings(actor_cache_seconds=0), http=HttpSettings(log_level="error"),
    )  # fmt: skip


@pytest.fixture
def served(settings: Settings, s3: EmbeddedS3, tmp_path: Path) -> Iterator[Served]:
    """The API as a process of its own, straight at the store."""
    server = Served(settings, tmp_path / "api.log", ANJUAN_S3_ENDPOINT=s3.endpoint)
    server.start()
    yield server
    server.stop(signal.SIGKILL)


async def test_no_step_is_half_done_without_the_store(firm: Firm, to_store: Way) -> None:
    case = await matter(firm, filled=False)
    await case.entry("判决书")
    await case.close()
    for step, event in ((case.submit, "dossier.submitted"), (case.accept, "dossier.filed")):
        before = await firm.tables()
        await to_store.shut()
        answer = await step()
        await refused(firm, before, answer, 503, "unavailable", events=[])
        assert int(answer.headers["retry-after"]) >= 1
        await to_store.open()
        again = await step()
        assert await firm.events(again) == done(event), again.text
        await case.confirm()
    assert (await case.archivist.get(f"{case.path}/seal-check")).json()["intact"] is True


async def at_the_door(firm: Firm, count: int) -> tuple[Person, list[str]]:
    """Give an archivist, and the paths of dossiers that only wait for his acceptance."""
    case = await matter(firm, filled=False)
    dossiers = [case.dossier, *[await firm.dossier(case.lead, opened_on="2026-03-01") for _ in range(count - 1)]]
    await firm.eyes.execute(
        "UPDATE dossiers SET state = 'submitted', closed_on = '2026-11-20', filing_due_on = '2027-02-20', result = 'x'"
    )
    await firm.eyes.execute(
        "INSERT INTO submissions (id, dossier_id, round, state, submitted_by, submitted_at, compiler_id,"
        " proposed_retention, retention_reason, rules_version, due_on, confirmed_retention, findings, return_reasons)"
        " SELECT gen_random_uuid(), d.id, 1, 'pending', d.lead_lawyer_id, now(), d.lead_lawyer_id, 'D30', 'x', 1,"
        " '2027-02-20', 'D30', '[]', '[]' FROM dossiers d"
    )
    return case.archivist, [f"/v1/dossiers/{dossier['id']}" for dossier in dossiers]


async def test_killed_in_the_middle_of_acceptances(firm: Firm, served: Served) -> None:
    archivist, paths = await at_the_door(firm, 24)
    told: dict[str, str] = {}
    async with httpx.AsyncClient(base_url=served.url, timeout=30) as line:
        archivist.http = line

        async def accept(path: str) -> None:
            try:
                answer = await archivist.post(f"{path}/acceptance", NOTE, headers={"Idempotency-Key": path})
            except httpx.HTTPError:
                return
            assert answer.status_code == 200, answer.text
            told[path] = answer.json()["archive_number"]
            if len(told) == 8:
                served.stop(signal.SIGKILL)

        await asyncio.gather(*(accept(path) for path in paths))
        assert 8 <= len(told) < len(paths)
        rows = await firm.eyes.fetch(PARTS)
        for row in rows:
            assert set(row["parts"]) == {row["filed"]}, dict(row)
        kept = {f"/v1/dossiers/{row['id']}": row["archive_number"] for row in rows if row["filed"]}
        assert told.items() <= kept.items()
        served.start()
        # Whoever heard nothing asks again under his key: what was done is told, what was not is done.
        for path in paths:
            answer = await archivist.post(f"{path}/acceptance", NOTE, headers={"Idempotency-Key": path})
            assert answer.status_code == 200, answer.text
            assert answer.json()["archive_number"] == kept.get(path, answer.json()["archive_number"])
            assert ("idempotency-replayed" in answer.headers) is (path in kept)
            assert (await archivist.get(f"{path}/seal-check")).json()["intact"] is True
    numbers = [row["archive_number"] for row in await firm.eyes.fetch(PARTS)]
    assert sorted(numbers) == [f"2026-MS-D30-{serial:04d}" for serial in range(1, len(paths) + 1)]
