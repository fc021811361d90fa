"""Who reads what real ClamAV has judged, and what it has not."""

from uuid import uuid4

import pytest

from app.config import ScanSettings
from app.jobs.scanning import scan_files
from tests.access.test_walls import built
from tests.api.test_conflict_conclusions import consent_to, relative
from tests.api.test_consents import AGREED
from tests.scanning.common import MOST, VIRUS, closed, duties, filed, state, verdicts
from tests.support.checks import refused
from tests.support.clamav import LARGEST, RealClamd
from tests.support.firm import Firm, done
from tests.support.papers import PNG, pdf
from tests.support.sheets import Bound


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
