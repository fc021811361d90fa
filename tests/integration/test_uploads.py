"""Resumable uploads by tus' own client over a line that breaks, past kill -9 and a dead store; and the worker's part."""

import asyncio
import hashlib
import random
import signal
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusUploadFailed
from tusclient.uploader.uploader import Uploader

from app.config import Settings, StorageSettings
from app.core import clock
from app.core.ids import new_id
from app.embedded.s3 import EmbeddedS3
from app.jobs import sweep
from app.jobs.sweep import sweep_orphans
from app.jobs.uploads import end_expired_uploads
from tests.support import tus
from tests.support.checks import refused
from tests.support.firm import Firm, Person, done
from tests.support.papers import objects
from tests.support.server import Served
from tests.support.ways import Way, way_to

MIB = 1024 * 1024
CONTENT = random.Random(7).randbytes(24 * MIB)


@pytest.fixture
async def to_store(s3: EmbeddedS3) -> AsyncIterator[Way]:
    """The way to the object store."""
    async with way_to(s3.port) as way:
        yield way


@pytest.fixture
def settings(settings: Settings, to_store: Way) -> Settings:
    """Settings that lead over the way, to a bucket of this module, for a sweep takes what no row of its database names."""
    fields = settings.storage.model_dump() | {
        "s3_endpoint": f"http://127.0.0.1:{to_store.port}", "s3_bucket_prefix": "uploads", "s3_connect_seconds": 2,
    }  # fmt: skip
    return Settings(
        run=settings.run, database=settings.database, storage=StorageSettings(**fields), auth=settings.auth,
        http=settings.http,
    )  # fmt: skip


@pytest.fixture
async def served(settings: Settings, tmp_path: Path, to_store: Way) -> AsyncIterator[Served]:
    """The API as a process of its own."""
    server = Served(settings, tmp_path / "api.log")
    await asyncio.to_thread(server.start)
    yield server
    await asyncio.to_thread(server.stop, signal.SIGKILL)


def client_of(lawyer: Person, way: Way) -> TusClient:
    """Give the library's client."""
    return TusClient(f"http://127.0.0.1:{way.port}/v1/uploads", headers={"Authorization": f"Bearer {lawyer.token}"})


async def stands(firm: Firm, at_least: int) -> int:
    """Wait until an upload has been acknowledged so far."""
    for _ in range(600):
        found: int = await firm.eyes.fetchval("SELECT received FROM uploads")
        if found >= at_least:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"the upload stands at {found}")


@pytest.mark.timeout(240)
async def test_client_library_resumes_after_a_cut_line_kills_and_a_store_that_was_down(
    firm: Firm, served: Served, to_store: Way
) -> None:
    lawyer, _, entry_id = await tus.an_entry(firm)
    stored = await objects(firm), await tus.pieces(firm)
    async with way_to(served.port) as line, httpx.AsyncClient(base_url=served.url, timeout=30) as lawyer.http:
        client = client_of(lawyer, line)
        metadata = {"entry_id": entry_id, "filename": "庭审录像.mp4", "filetype": "video/mp4"}
        first = client.uploader(file_stream=BytesIO(CONTENT), metadata=metadata)
        line.cut_after(11 * MIB)
        with pytest.raises(TusUploadFailed):
            await asyncio.to_thread(first.upload)
        # What arrived is kept: the full piece, and that part of the next that had come when the line broke.
        at = await stands(firm, 8 * MIB + 1)
        assert at <= 11 * MIB + 64 * 1024
        url = str(first.url)
        again = await resumed(client, url, at)
        await asyncio.to_thread(again.upload_chunk)
        await restarted(served)
        again = await resumed(client, url, at + MIB)
        path = urlsplit(url).path
        await killed_in_the_middle(lawyer, path, again.offset, served, firm)
        await restarted(served)
        # The worker's jobs do not touch what is under way.
        assert await end_expired_uploads(firm.services) == 0
        again = await resumed(client, url, at + 9 * MIB)
        while again.offset + MIB < len(CONTENT):
            await asyncio.to_thread(again.upload_chunk)
        at = again.offset
        await to_store.shut()
        with pytest.raises(TusUploadFailed) as failure:
            await asyncio.to_thread(again.upload_chunk)
        assert failure.value.status_code == 503
        await to_store.open()
        again = await resumed(client, url, at)
        await asyncio.to_thread(again.upload)
        head = await lawyer.request("HEAD", path, headers=tus.TUS)
        content = await tus.content_of(lawyer, head.headers["anjuan-file-id"])
    assert hashlib.sha256(content).digest() == hashlib.sha256(CONTENT).digest()
    assert (len(await objects(firm) - stored[0]), await tus.pieces(firm)) == (1, stored[1])
    ends = await firm.eyes.fetch("SELECT details FROM events WHERE type = 'upload.continued' ORDER BY id")
    ranges = [(row["details"]["start"], row["details"]["end"]) for row in ends]
    assert [start for start, _ in ranges] == [0, *(end for _, end in ranges[:-1])]
    assert ranges[-1][1] == at


async def restarted(served: Served) -> None:
    """Kill the API and start it again."""
    await asyncio.to_thread(served.stop, signal.SIGKILL)
    await asyncio.to_thread(served.start)


async def resumed(client: TusClient, url: str, at: int) -> Uploader:
    """Give an uploader that has asked where the upload stands, which is here."""
    found = await asyncio.to_thread(
        lambda: client.uploader(file_stream=BytesIO(CONTENT), url=url, chunk_size=MIB, upload_checksum=True)
    )
    assert found.offset == at
    return found


async def killed_in_the_middle(lawyer: Person, path: str, at: int, served: Served, firm: Firm) -> None:
    """Go on with an upload, and kill the API when it has acknowledged a piece of the request."""

    async def body() -> AsyncIterator[bytes]:
        for begin in range(at, at + 10 * MIB, MIB):
            if begin == at + 9 * MIB:
                await stands(firm, at + 8 * MIB)
                await asyncio.to_thread(served.stop, signal.SIGKILL)
            yield CONTENT[begin : begin + MIB]

    with pytest.raises(httpx.HTTPError):
        await tus.send(lawyer, path, at, body(), **{"Content-Length": str(len(CONTENT) - at)})


async def test_store_that_is_down_acknowledges_nothing(firm: Firm, to_store: Way) -> None:
    lawyer, _, entry_id = await tus.an_entry(firm)
    path = await tus.begun(lawyer, entry_id, 8)
    await tus.send(lawyer, path, 0, b"1234")
    before, stored = await firm.tables(), (await objects(firm), await tus.pieces(firm))
    await to_store.shut()
    for content in (b"56", b"5678"):
        answer = await tus.send(lawyer, path, 4, content)
        await refused(firm, before, answer, 503, "unavailable", events=[("upload.rejected", "failed")])
        assert await tus.stand(lawyer, path) == 4
    await to_store.open()
    assert (await objects(firm), await tus.pieces(firm)) == stored
    last = await tus.send(lawyer, path, 4, b"5678")
    assert (last.status_code, await firm.events(last)) == (204, done("file.added", "upload.finished"))


async def expire(firm: Firm, path: str) -> None:
    """Let the time of an upload be over."""
    await firm.eyes.execute(
        "UPDATE uploads SET expires_at = now() - interval '1 second' WHERE id = $1", path.rpartition("/")[2]
    )


async def test_expired_uploads_end_by_the_worker(firm: Firm) -> None:
    lawyer, dossier, entry_id = await tus.an_entry(firm)
    paths = [await tus.begun(lawyer, entry_id, 8) for _ in range(3)]
    for path in paths:
        await tus.send(lawyer, path, 0, b"1234")
    assert await end_expired_uploads(firm.services) == 0
    await expire(firm, paths[0])
    before = await firm.tables()
    # It has ended for its maker before the worker comes by.
    await refused(firm, before, await tus.send(lawyer, paths[0], 4, b"5678"), 410, "upload_gone")
    assert (await lawyer.get(paths[0])).json()["end_reason"] == "expired"
    kept = await tus.pieces(firm)
    assert await end_expired_uploads(firm.services) == 1
    assert len(kept - await tus.pieces(firm)) == 1
    assert await tus.kept(firm) == [(0, 4), (0, 4)]
    row = await firm.eyes.fetchrow("SELECT * FROM events WHERE type = 'upload.ended'")
    assert row is not None
    assert (row["actor_name"], row["outcome"], row["details"]) == ("anjuan", "success", {"reason": "expired"})
    assert (str(row["dossier_id"]), str(row["entry_id"])) == (dossier["id"], entry_id)
    assert (await tus.send(lawyer, paths[1], 4, b"5678")).status_code == 204
    assert await end_expired_uploads(firm.services) == 0


async def test_what_ended_long_ago_is_forgotten(firm: Firm) -> None:
    lawyer, _, entry_id = await tus.an_entry(firm)
    old, young, going = [await tus.begun(lawyer, entry_id, 4) for _ in range(3)]
    for path in (old, young):
        await tus.send(lawyer, path, 0, b"1234")
    await firm.eyes.execute(
        "UPDATE uploads SET ended_at = ended_at - interval '30 days 1 minute' WHERE id = $1", old.rpartition("/")[2]
    )
    await end_expired_uploads(firm.services)
    left = {str(row["id"]) for row in await firm.eyes.fetch("SELECT id FROM uploads")}
    assert left == {path.rpartition("/")[2] for path in (young, going)}
    assert await firm.eyes.fetchval("SELECT count(*) FROM files") == 2


async def test_sweep_takes_old_pieces_that_no_upload_names(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    def later() -> datetime:
        return clock.now() + timedelta(hours=25)

    lawyer, _, entry_id = await tus.an_entry(firm)
    path = await tus.begun(lawyer, entry_id, 8)
    await tus.send(lawyer, path, 0, b"1234")
    kept = await tus.pieces(firm)
    left = {(await firm.services.uploads._pieces.put(new_id(), new_id(), n, b"left")).key for n in range(2)}
    assert await sweep_orphans(firm.services) == 0  # they are within their grace
    assert await tus.pieces(firm) == kept | left
    monkeypatch.setattr(sweep, "now", later)
    assert await sweep_orphans(firm.services) >= 2  # what other tests left in this bucket too
    row = await firm.eyes.fetchrow("SELECT details FROM events WHERE type = 'storage.orphans_swept' ORDER BY id DESC")
    assert row is not None
    assert left <= set(row["details"]["keys"])
    key = await firm.eyes.fetchval("SELECT object_key FROM upload_pieces")
    assert await tus.pieces(firm) == {key}
    assert (await tus.send(lawyer, path, 4, b"5678")).status_code == 204
