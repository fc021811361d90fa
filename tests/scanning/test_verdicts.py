"""Verdicts of real ClamAV: what it can't say is never clean, and new signatures look again."""

import asyncio

import pytest

from app.factory import make_services
from app.jobs.scanning import scan_files
from app.jobs.worker import Job, run_once
from app.storage.scanner import ClamScanner, ScannerUnavailable
from tests.scanning.common import KNOWN, LATER, VIRUS, closed, filed, settings_with, soon, state, verdicts
from tests.support.clamav import RealClamd
from tests.support.firm import Firm


async def test_later_signatures_look_again(firm: Firm, scanner: RealClamd) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    wrong, late, plain = [
        await filed(firm, lawyer, dossier, content) for content in (VIRUS, LATER, b"nothing to be found")
    ]
    try:
        assert await scan_files(firm.services) == 3
        assert [(await state(lawyer, path))[0] for path in (wrong, late, plain)] == ["infected", "clean", "clean"]
        scanner.teach(8, **{"Own.Later": LATER.decode()})
        assert await scan_files(firm.services) == 3
        assert [await state(lawyer, path) for path in (wrong, late, plain)] == [
            ("clean", None), ("infected", "Own.Later.UNOFFICIAL"), ("clean", None),
        ]  # fmt: skip
        assert [(one["before"], one["verdict"], one["database_version"]) for one in (await verdicts(firm))[3:]].count(
            ("clean", "infected", 8)
        ) == 1
        await closed(firm, lawyer, f"{late}/content", "file_infected")
        assert (await lawyer.get(f"{wrong}/content")).status_code == 200
        assert await scan_files(firm.services) == 0
        # As many a minute as the firm allows, what is new first, the oldest verdicts next.
        scanner.teach(9, **KNOWN)
        slow = settings_with(firm, rescan_per_minute=2)
        new = await filed(firm, lawyer, dossier, b"something new")
        firm_slow = make_services(slow)
        assert await scan_files(firm_slow) == 3
        assert await scan_files(firm_slow) == 0
        assert (await state(lawyer, new))[0] == "clean"
        assert await firm.eyes.fetchval("SELECT count(*) FROM scans WHERE database_version = 8") == 1
    finally:
        scanner.teach(7, **KNOWN)


async def test_scanner_that_is_down_is_waited_for(firm: Firm, scanner: RealClamd) -> None:
    lawyer = await firm.person("lawyer")
    path = await filed(firm, lawyer, await firm.dossier(lawyer), b"patient")
    scanner.kill()
    try:
        before = await firm.tables()
        with pytest.raises(ScannerUnavailable):
            await scan_files(firm.services)
        assert await firm.tables() == before
        ready = await lawyer.get("/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert ready.json()["dependencies"]["scanner"]["status"] == "unavailable"
        await closed(firm, lawyer, f"{path}/content", "file_unscanned")
    finally:
        scanner.start()
    assert await scan_files(firm.services) == 1
    assert (await lawyer.get(f"{path}/content")).content == b"patient"
    ready = await lawyer.get("/health/ready")
    assert (ready.status_code, ready.json()["dependencies"]["scanner"]) == (200, {"status": "ok", "detail": None})


async def test_each_is_judged_once_whoever_else_works_and_whatever_breaks(firm: Firm, scanner: RealClamd) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    paths = [await filed(firm, lawyer, dossier, f"paper {number}".encode()) for number in range(6)]
    store = firm.services.resources.store
    lost = await firm.eyes.fetchval("SELECT object_key FROM files ORDER BY id LIMIT 1")
    await store.delete(lost)
    job = Job("scan_files", 1, scan_files)
    # One that dies in the midst of it: what it has not judged waits for the next.
    killed = asyncio.create_task(run_once(firm.services, job))
    while not await firm.eyes.fetchval("SELECT count(*) FROM scans WHERE state = 'clean'") and not killed.done():
        await asyncio.wait({killed}, timeout=0.001)
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    done_ = await asyncio.gather(*(run_once(firm.services, job) for _ in range(3)))
    assert True in done_
    await run_once(firm.services, job)
    assert [(await state(lawyer, path))[0] for path in paths] == ["pending", *["clean"] * 5]
    assert sorted(str(one["id"]) for one in await verdicts(firm)) == sorted(
        path.rpartition("/")[2] for path in paths[1:]
    )
    waiting = await firm.eyes.fetchrow(
        "SELECT tries, next_try_at > now() AS later FROM scans WHERE object_key = $1", lost
    )
    assert waiting is not None
    assert waiting["tries"] >= 1
    assert waiting["later"]


async def test_what_was_there_before_the_scanner_is_shown_to_it(firm: Firm, scanner: RealClamd) -> None:
    lawyer = await firm.person("lawyer")
    old = settings_with(firm, clamav_address=None)
    old.scanner = None
    services = make_services(old)
    assert await scan_files(services) == 0
    path = await filed(firm, lawyer, await firm.dossier(lawyer), b"older than the scanner")
    await firm.eyes.execute("UPDATE scans SET state = 'off'")
    await closed(firm, lawyer, f"{path}/content", "file_unscanned")
    assert await scan_files(firm.services) == 1
    assert (await lawyer.get(f"{path}/content")).status_code == 200


async def test_scanner_that_fails_at_a_file_is_asked_again_later(firm: Firm, scanner: RealClamd) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    broken, hung_up = [await filed(firm, lawyer, dossier, content) for content in (b"failing", b"killing")]
    calls = list[bytes]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readuntil(b"\0") == b"zVERSION\0":
            writer.write(b"ClamAV 1.4.3/7/today\0")
        else:
            content = await reader.readexactly(4 + 7 + 4)
            calls.append(content[4:11])
            writer.write(b"stream: Bad file ERROR\0" if content[4:11] == b"failing" else b"")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    resources = settings_with(firm)
    resources.scanner = ClamScanner(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    services = make_services(resources)
    try:
        for number in range(1, 5):
            assert await scan_files(services) == 0
            assert await scan_files(services) == 0  # not before it is time
            assert sorted(calls) == [b"failing"] * number + [b"killing"] * number
            pauses = await firm.eyes.fetch("SELECT extract(epoch FROM next_try_at - now()) AS s, tries FROM scans")
            assert {row["tries"] for row in pauses} == {number}
            assert all(0 < row["s"] <= 5 * 2 ** (number - 1) for row in pauses)
            await closed(firm, lawyer, f"{broken}/content", "file_unscanned")
            await soon(firm)
        # What it fails at itself again and again is not for it; a connection that breaks says nothing of the file.
        assert await scan_files(services) == 1
    finally:
        server.close()
    assert [await state(lawyer, path) for path in (broken, hung_up)] == [
        ("unscannable", "Bad file ERROR"), ("pending", None),
    ]  # fmt: skip
    await soon(firm)
    assert await scan_files(firm.services) == 1
    assert (await lawyer.get(f"{hung_up}/content")).content == b"killing"
