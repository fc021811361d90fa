"""Files and real ClamAV: what it finds stays closed, what it can't say is never clean, and new signatures look again."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from app.config import ScanSettings, Settings
from app.factory import Resources, make_services
from app.jobs.scanning import scan_files
from app.jobs.worker import Job, run_once
from app.storage.scanner import ClamScanner, ScannerUnavailable
from tests.access.test_walls import built
from tests.api.test_conflict_conclusions import consent_to, relative
from tests.api.test_consents import AGREED
from tests.support.checks import refused
from tests.support.clamav import LARGEST, RealClamd
from tests.support.firm import Firm, Person, done
from tests.support.papers import PNG, pdf
from tests.support.sheets import Bound

VIRUS = b"text that the first signatures know"
LATER = b"text that only later signatures know"
KNOWN = {"Own.First": VIRUS.decode()}
MOST = 4 * LARGEST


@pytest.fixture(scope="module")
def scanner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealClamd]:
    """Real clamd, for all tests of this module."""
    server = RealClamd(tmp_path_factory.mktemp("clamd"))
    server.teach(7, **KNOWN)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
def scan(scanner: RealClamd) -> ScanSettings:
    """The settings of scanning."""
    return ScanSettings(
        clamav_address=scanner.address, clamav_idle_seconds=20, clamav_max_bytes=MOST, rescan_per_minute=1000
    )


@pytest.fixture
def settings(settings: Settings, scan: ScanSettings) -> Settings:
    """Settings with a scanner."""
    return Settings(
        run=settings.run, database=settings.database, storage=settings.storage, auth=settings.auth, http=settings.http,
        scan=scan,
    )  # fmt: skip


async def filed(firm: Firm, by: Person, dossier: dict[str, Any], content: bytes, **fields: Any) -> str:
    """File something as an entry; give the path of the file."""
    entry = await firm.entry(by, dossier["id"], **fields)
    file = await firm.file(by, entry["id"], content)
    assert file["scan"] == "pending"
    return f"/v1/files/{file['id']}"


async def verdicts(firm: Firm) -> list[dict[str, Any]]:
    """Give what the events tell of all verdicts, in the order in which they were made."""
    rows = await firm.eyes.fetch("SELECT * FROM events WHERE type = 'file.scanned' ORDER BY id")
    assert {(row["outcome"], row["actor_name"], row["actor_id"]) for row in rows} <= {("success", "anjuan", None)}
    return [{"id": row["subject_id"], **row["details"]} for row in rows]


async def closed(firm: Firm, by: Person, path: str, code: str, type_: str = "file.read") -> None:
    """Ask for bytes that nobody gets now."""
    before = await firm.tables()
    answer = await by.get(path)
    await refused(firm, before, answer, 409, code, events=[(type_, "failed")])
    assert (await firm.event(answer))["details"]["reason"] == code
    assert ("retry-after" in answer.headers) == (code == "file_unscanned")


async def state(by: Person, path: str) -> tuple[str, str | None]:
    """Give the verdict on a file and what it rests on."""
    told = (await by.get(f"{path}/scan")).json()
    return told["scan"], told["detail"]


async def soon(firm: Firm) -> None:
    """Let the time pass until what was put off is tried again."""
    await firm.eyes.execute("UPDATE scans SET next_try_at = now()")


async def duties(by: Person, scope: str = "own") -> list[tuple[str, int]]:
    """Give the duties about infected files: number of the dossier, number of files."""
    items = (await by.get(f"/v1/duties?kind=infected_file&scope={scope}")).json()["items"]
    assert {item["kind"] for item in items} <= {"infected_file"}
    return [(item["dossier"]["number"], item["count"]) for item in items]


async def test_what_is_found_goes_into_quarantine(firm: Firm, scanner: RealClamd) -> None:
    lawyer, director, archivist = [await firm.person(role) for role in ("lawyer", "director", "archivist")]
    dossier = await firm.dossier(lawyer)
    good, bad = pdf(1), pdf(2) + b"\n" + VIRUS
    sound = await filed(firm, lawyer, dossier, good, title="合同")
    ill = await filed(firm, lawyer, dossier, bad, title="邮件附件")
    for path in (sound, ill):
        await closed(firm, lawyer, f"{path}/content", "file_unscanned")
    assert await scan_files(firm.services) == 2
    both = {"before": "pending", "database_version": 7}
    told = await verdicts(firm)
    assert {event.pop("engine").partition(".")[0] for event in told} == {"ClamAV 1"}
    assert {str(event.pop("id")): event for event in told} == {
        sound.rpartition("/")[2]: {"verdict": "clean", "detail": None, **both},
        ill.rpartition("/")[2]: {"verdict": "infected", "detail": "Own.First.UNOFFICIAL", **both},
    }
    read = await lawyer.get(f"{sound}/content")
    assert (read.status_code, read.content, read.headers.get("anjuan-scan")) == (200, good, None)
    for person in (lawyer, director):
        await closed(firm, person, f"{ill}/content", "file_infected")
    assert await state(lawyer, ill) == ("infected", "Own.First.UNOFFICIAL")
    assert await scan_files(firm.services) == 0

    number = dossier["number"]
    assert (await duties(lawyer), await duties(archivist, "firm"), await duties(archivist)) == (
        [(number, 1)], [(number, 1)], [],
    )  # fmt: skip
    copy = await lawyer.get(f"/v1/dossiers/{dossier['id']}/volumes/1/reading-copy")
    assert await firm.events(copy) == done("file.read", "volume.copied")
    assert "电子文件感染病毒" in "".join(Bound(copy.content).texts)
    report = (await lawyer.get(f"/v1/dossiers/{dossier['id']}/filing-check")).json()
    assert {(one["code"], one["severity"]) for one in report["findings"] if one["code"].startswith("file_")} == {
        ("file_infected", "blocking")
    }
    assert "file_unscanned" not in {one["code"] for one in report["not_checked"]}
    release = await director.post(f"{ill}/scan/release", {"reason": "需要阅读"})
    await refused(firm, await firm.tables(), release, 409, "not_unscannable", events=[])

    entry = (await lawyer.get(ill)).json()["entry_id"]
    await firm.file(lawyer, entry, pdf(2))
    assert await scan_files(firm.services) == 1
    assert await duties(lawyer) == []
    await closed(firm, lawyer, f"{ill}/content", "file_infected")


async def test_only_the_security_administrator_takes_from_quarantine(firm: Firm, scanner: RealClamd) -> None:
    lawyer, director, guard = [await firm.person(role) for role in ("lawyer", "director", "security_admin")]
    content = b"%PDF-" + VIRUS
    dossier = await firm.dossier(lawyer)
    path = await filed(firm, lawyer, dossier, content)
    assert await scan_files(firm.services) == 1
    listed = await guard.get("/v1/quarantine")
    assert await firm.events(listed) == done("quarantine.listed")
    (item,) = listed.json()["items"]
    assert (await firm.event(listed))["details"] == {"returned": [item["id"]]}
    assert (item["kind"], item["size"], item["signature"]) == ("file", len(content), "Own.First.UNOFFICIAL")
    assert set(item) == {
        "id", "kind", "size", "sha256", "signature", "engine", "database_version", "scanned_at",
    }  # fmt: skip
    taken = f"/v1/quarantine/{item['id']}/content"
    before = await firm.tables()
    for person in (lawyer, director):
        for target in ("/v1/quarantine", f"{taken}?reason=x"):
            await refused(firm, before, await person.get(target), 403)
    for target, status in ((taken, 422), (f"/v1/quarantine/{uuid4()}/content?reason=x", 404), (f"{path}/content", 404)):
        await refused(firm, before, await guard.get(target), status)
    walled = await firm.person("security_admin")
    await built(guard, walled, dossier_ids=[dossier["id"]])
    before = await firm.tables()
    await refused(firm, before, await walled.get(f"{taken}?reason=x"), 404)
    assert (await walled.get("/v1/quarantine")).json()["items"] == []
    answer = await guard.get(taken, params={"reason": "送公安机关鉴定"})
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert await firm.events(answer) == done("quarantine.read", "quarantine.read")
    told = {"reason": "送公安机关鉴定", "signature": "Own.First.UNOFFICIAL", "size": len(content)}
    # What he reads of it himself doesn't say whose it is; the lead lawyer reads who had it.
    (own,) = (await guard.get("/v1/events?type=quarantine.read")).json()["items"]
    assert (own["subject"]["id"], own["subject"]["label"], own["details"]) == (item["id"], None, told)
    assert own["dossier_id"] is None
    (known,) = (await lawyer.get("/v1/events?type=quarantine.read")).json()["items"]
    assert (known["subject"]["id"], known["details"]) == (path.rpartition("/")[2], {**told, "by": guard.name})


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


def settings_with(firm: Firm, **changes: Any) -> Resources:
    """Give the resources of this firm with other settings of scanning."""
    resources = firm.services.resources
    old = resources.settings
    scan = ScanSettings(**(old.scan.model_dump() | changes))
    return replace(
        resources,
        settings=Settings(
            run=old.run, database=old.database, storage=old.storage, auth=old.auth, http=old.http, scan=scan
        ),
    )


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
    assert (ready.json()["status"], ready.json()["dependencies"]["scanner"]) == ("ok", {"status": "ok", "detail": None})


@pytest.mark.parametrize(("size", "why"), [(LARGEST + 1, "StreamMaxLength"), (MOST + 1, "ANJUAN_CLAMAV_MAX_BYTES")])
async def test_what_is_too_large_is_released_by_the_director(
    firm: Firm, scanner: RealClamd, size: int, why: str
) -> None:
    lawyer, director = await firm.person("lawyer"), await firm.person("director")
    content = bytes(size)
    path = await filed(firm, lawyer, await firm.dossier(lawyer), content)
    assert await scan_files(firm.services) == 1
    assert [event["verdict"] for event in await verdicts(firm)] == ["unscannable"]
    kind, detail = await state(lawyer, path)
    assert kind == "unscannable"
    assert detail is not None
    assert why in detail
    await closed(firm, lawyer, f"{path}/content", "file_unscannable")
    reason = {"reason": "法院送达的庭审录像"}
    await refused(firm, await firm.tables(), await lawyer.post(f"{path}/scan/release", reason), 403)
    released = await director.post(f"{path}/scan/release", reason)
    assert await firm.events(released) == done("file.released")
    assert (await firm.event(released))["details"] == {**reason, "detail": detail}
    assert released.json()["released_by"]["id"] == str(director.id)
    read = await lawyer.get(f"{path}/content")
    assert (read.status_code, read.content, read.headers["anjuan-scan"]) == (200, content, "unscannable")
    assert (await firm.event(read))["details"]["scan"] == "unscannable"


class TestWhereTheTeamReads:
    """The other policy: the team reads what waits, with a warning."""

    @pytest.fixture
    def scan(self, scanner: RealClamd) -> ScanSettings:
        """Settings under which the team reads."""
        return ScanSettings(clamav_address=scanner.address, unscanned="team")

    async def test_team_is_warned_and_others_wait(self, firm: Firm) -> None:
        lawyer, director = await firm.person("lawyer"), await firm.person("director")
        dossier = await firm.dossier(lawyer)
        path = await filed(firm, lawyer, dossier, pdf(1))
        read = await lawyer.get(f"{path}/content", headers={"Range": "bytes=0-4"})
        assert (read.status_code, read.content, read.headers["anjuan-scan"]) == (206, b"%PDF-", "pending")
        assert (await firm.event(read))["details"]["scan"] == "pending"
        await closed(firm, director, f"{path}/content", "file_unscanned")
        copy = f"/v1/dossiers/{dossier['id']}/volumes/1/reading-copy"
        for person, warned, bound in ((lawyer, "pending", 1), (director, None, 0)):
            answer = await person.get(copy)
            assert answer.headers.get("anjuan-scan") == warned
            assert (await firm.events(answer)).count(("file.read", "success")) == bound


async def test_scans_of_clients_and_consents_are_files_too(firm: Firm, scanner: RealClamd) -> None:
    partner, archivist = await firm.person("partner"), await firm.person("archivist")
    client = await firm.client(archivist)
    seen = await archivist.post(
        f"/v1/clients/{client['id']}/verifications",
        {"document_type": "执照", "original_seen": True, "verified_on": "2026-03-01"},
    )
    agreed = await archivist.post(f"/v1/clients/{client['id']}/consents", AGREED)
    copies = (
        (archivist, f"/v1/clients/{client['id']}/verifications/{seen.json()['id']}/copy", "client.copy_read"),
        (archivist, f"/v1/consents/{agreed.json()['id']}/copy", "client.consent_copy_read"),
        (partner, consent_to(await relative(firm, partner)), "conflict.consent_read"),
    )
    for number, (by, path, _) in enumerate(copies):
        put = await by.put(path, content=PNG + VIRUS + bytes(number))
        assert put.status_code == 200, put.text
    for by, path, type_ in copies:
        await closed(firm, by, path, "file_unscanned", type_)
    assert await scan_files(firm.services) == 3
    for by, path, type_ in copies:
        await closed(firm, by, path, "file_infected", type_)
    rows = await firm.eyes.fetch("SELECT subject_type FROM events WHERE type = 'file.scanned' ORDER BY 1")
    kinds = ["conflict_check", "consent", "verification"]
    assert [row["subject_type"] for row in rows] == kinds
    guard = await firm.person("security_admin")
    assert sorted(item["kind"] for item in (await guard.get("/v1/quarantine")).json()["items"]) == kinds
    walled = await firm.person("security_admin")
    opposed = await firm.eyes.fetchval("SELECT id::text FROM clients WHERE name = '甲乙丙科技有限公司'")
    await built(guard, walled, client_ids=[client["id"], opposed])
    assert (await walled.get("/v1/quarantine")).json()["items"] == []
    await firm.eyes.execute("UPDATE scans SET state = 'clean'")
    for by, path, _ in copies:
        assert (await by.get(path)).status_code == 200


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
