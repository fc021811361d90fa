"""The report on checks of stored files: who reads it, what he is told, and what that leaves."""

from typing import Any

from app.care.schemas import RunKind
from app.core.errors import Unavailable
from tests.support.firm import Firm, Person, Refusal, done

PATH = "/v1/integrity"


async def lost(firm: Firm, lawyer: Person, **fields: Any) -> tuple[dict[str, Any], str]:
    """Make a dossier with a file whose object is gone; give both, the latter by its key."""
    dossier = await firm.dossier(lawyer, **fields)
    entry = await firm.entry(lawyer, dossier["id"])
    file = await firm.file(lawyer, entry["id"])
    key = str(await firm.eyes.fetchval("SELECT object_key FROM files WHERE id = $1", file["id"]))
    await firm.services.resources.store.delete(key)
    return dossier, key


async def checked(firm: Firm, kind: RunKind = RunKind.QUICK) -> None:
    """Check everything; what other tests left in the store is too young to be told of."""
    check = firm.services.care.check
    await check.carry_out(await check.begin(kind, "test", fresh=False))


async def report(firm: Firm, person: Person) -> dict[str, Any]:
    """Read the report as somebody who may."""
    answer = await person.get(PATH)
    assert answer.status_code == 200, answer.text
    assert await firm.events(answer) == done("storage.integrity_viewed")
    found: dict[str, Any] = answer.json()
    return found


async def test_report_before_any_check(firm: Firm) -> None:
    told = await report(firm, await firm.person("auditor"))
    assert (told["sound"], told["findings"], told["runs"]) == (True, [], [])
    assert told["open"] == {"missing": 0, "corrupt": 0, "orphan": 0}
    assert told["coverage"] == {
        "days": 30, "objects": 0, "bytes": 0, "checked_within": 0, "never_checked": 0, "overdue": 0,
        "oldest_check": None, "days_needed": 0.0, "keeps_up": True,
    }  # fmt: skip


async def test_report_tells_findings_runs_and_coverage(firm: Firm) -> None:
    lawyer, director = await firm.person("lawyer"), await firm.person("director")
    dossier, key = await lost(firm, lawyer)
    whole = await firm.entry(lawyer, dossier["id"])
    await firm.file(lawyer, whole["id"], b"whole")
    await checked(firm, RunKind.DEEP)
    before = await firm.tables()
    told = await report(firm, director)
    assert (told["sound"], told["open"]) == (False, {"missing": 1, "corrupt": 0, "orphan": 0})
    (finding,) = told["findings"]
    assert (finding["kind"], finding["object_key"], finding["subject_type"]) == ("missing", key, "file")
    assert (finding["dossier_id"], finding["detail"]) == (dossier["id"], "no such object")
    coverage = told["coverage"]
    assert (coverage["objects"], coverage["checked_within"], coverage["never_checked"]) == (2, 2, 0)
    assert coverage["oldest_check"] is not None
    (run,) = told["runs"]
    assert (run["kind"], run["started_by"], run["abandoned"]) == ("deep", "test", False)
    assert (run["counts"]["checked"], run["counts"]["missing"], run["counts"]["read"]) == (2, 1, 5)
    assert run["finished_at"] is not None
    assert await firm.tables() == before
    answer = await director.get(PATH)
    event = await firm.event(answer)
    assert event["details"] == {"returned": [finding["id"]]}
    # It is in the dossier's history too, where its walls and masks count.
    history = (
        await director.get("/v1/events", params={"dossier_id": dossier["id"], "type": "storage.object_missing"})
    ).json()
    assert [one["details"]["key"] for one in history["items"]] == [key]
    again = await director.get(PATH, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, await firm.events(again)) == (304, done("storage.integrity_viewed"))


async def test_dossier_is_named_only_to_those_who_may_know_of_it(firm: Firm) -> None:
    lawyer, director, walled = await firm.person("lawyer"), await firm.person("director"), await firm.person("director")
    dossier, key = await lost(firm, lawyer)
    wall = {"name": "墙", "reason": "回避", "client_ids": dossier["client_ids"], "excluded_user_ids": [str(walled.id)]}
    assert (await (await firm.person("security_admin")).post("/v1/walls", wall)).status_code == 201
    await checked(firm)
    keeper, auditor = await firm.person("system_admin"), await firm.person("auditor")
    # Whoever runs the system is told no dossier, whatever else he is.
    both = await firm.person("director", "system_admin")
    for person, named in ((director, True), (auditor, True), (keeper, False), (both, False), (walled, False)):
        answer = await person.get(PATH)
        (finding,) = answer.json()["findings"]
        assert finding["object_key"] == key
        assert finding["dossier_id"] == (dossier["id"] if named else None), person.roles
        assert (dossier["id"] in answer.text) is named
        assert dossier["number"] not in answer.text


async def test_others_are_refused_and_nothing_changes(firm: Firm) -> None:
    several = [await firm.person(*roles) for roles in (("lawyer",), ("partner",), ("security_admin",), ())]
    before = await firm.tables()
    for person in several:
        answer = await person.get(PATH)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert await firm.events(answer) == [Refusal]
    assert await firm.tables() == before


async def test_no_report_without_its_event(firm: Firm) -> None:
    auditor = await firm.person("auditor")
    await firm.eyes.execute("REVOKE INSERT ON events FROM anjuan_app")
    answer = await auditor.get(PATH)
    assert (answer.status_code, answer.json()["code"]) == (503, Unavailable.code)
