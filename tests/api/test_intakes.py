"""Intakes over HTTP: registered, changed while open, decided once; seen by those who are to know of them."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.core.clock import today
from tests.support.checks import everything, pointers, refused
from tests.support.firm import Firm, Person, done

PHONE = {"kind": "phone", "value": "13800138000"}
NEW: dict[str, Any] = {
    "came_on": "2026-03-01", "channel": "phone", "about": "货款拖欠,拟起诉",
    "visitor": {"name": "张三", "contact": PHONE, "relation": "法定代表人"},
}  # fmt: skip
SHOWN = {**PHONE, "masked": False}


async def registered(firm: Firm, by: Person, **fields: Any) -> dict[str, Any]:
    """Register an intake as somebody."""
    made = await by.post("/v1/intakes", NEW | fields)
    assert made.status_code == 201, made.text
    assert await firm.events(made) == done("intake.created")
    assert made.headers["location"] == f"/v1/intakes/{made.json()['id']}"
    found: dict[str, Any] = made.json()
    return found


def path_of(intake: dict[str, Any]) -> str:
    """Give the path of an intake."""
    return f"/v1/intakes/{intake['id']}"


async def decided(by: Person, intake: dict[str, Any], outcome: str, **fields: Any) -> httpx.Response:
    """Say what came of an intake; give the answer."""
    return await by.post(f"{path_of(intake)}/outcome", {"outcome": outcome, **fields})


async def test_intake_is_registered_and_read(firm: Firm) -> None:
    assistant = await firm.person("assistant")
    client = await firm.client(assistant)
    intake = await registered(firm, assistant, client_ids=[client["id"]], remarks="急")
    himself = {"id": str(assistant.id), "display_name": assistant.name}
    assert intake["visitor"] == {"name": "张三", "contact": SHOWN, "relation": "法定代表人"}
    assert (intake["received_by"], intake["created_by"], intake["state"]) == (himself, himself, "open")
    assert intake["clients"] == [{"id": client["id"], "name": client["name"]}]
    read = await assistant.get(path_of(intake))
    assert read.json() == intake
    assert await firm.events(read) == done("intake.viewed")
    cached = await assistant.get(path_of(intake), headers={"If-None-Match": read.headers["etag"]})
    assert cached.status_code == 304
    event = await firm.event(read)
    assert (event["subject_type"], event["subject_label"], event["details"]) == ("intake", "张三", {"whole": True})


async def test_intake_is_known_to_who_received_and_who_registered_it(firm: Firm) -> None:
    desk, lawyer, other = await firm.person("assistant"), await firm.person("lawyer"), await firm.person("lawyer")
    archivist, director, finance = [await firm.person(role) for role in ("archivist", "director", "finance")]
    intake = await registered(firm, desk, received_by=str(lawyer.id))
    for person in (desk, lawyer, archivist, director):
        assert (await person.get(path_of(intake))).json() == intake
        assert [item["id"] for item in await everything(person, "/v1/intakes")] == [intake["id"]]
    assert await everything(other, "/v1/intakes") == []
    before = await firm.tables()
    await refused(firm, before, await other.get(path_of(intake)), 404)
    await refused(firm, before, await finance.get(path_of(intake)), 404)
    await refused(firm, before, await finance.get("/v1/intakes"), 403)
    await refused(firm, before, await finance.post("/v1/intakes", NEW), 403)
    await refused(firm, before, await other.patch(path_of(intake), {"about": "x"}, headers={"If-Match": "*"}), 404)
    await refused(firm, before, await decided(other, intake, "declined"), 404)


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        ({"came_on": (today() + timedelta(days=1)).isoformat()}, "/body/came_on"), ({"channel": "fax"}, "/body/channel"),
        ({"about": ""}, "/body/about"), ({"visitor": {"name": ""}}, "/body/visitor/name"), ({"state": "engaged"}, "/body/state"),
        ({"visitor": {"name": "张三", "contact": {"kind": "phone", "value": "138****00"}}}, "/body/visitor/contact/value"),
        ({"client_ids": [str(uuid4())]}, "/body/client_ids/0"), ({"received_by": str(uuid4())}, "/body/received_by"),
    ],
)  # fmt: skip
async def test_intake_must_hold(firm: Firm, field: dict[str, Any], pointer: str) -> None:
    lawyer = await firm.person("lawyer")
    before = await firm.tables()
    problem = await refused(firm, before, await lawyer.post("/v1/intakes", NEW | field), 422)
    assert [where for where, _ in pointers(problem)] == [pointer]


async def test_receiver_is_a_person_who_may_know_of_the_clients(firm: Firm) -> None:
    lawyer, walled, admin = [await firm.person(role) for role in ("lawyer", "lawyer", "system_admin")]
    keeper, client = await firm.person("security_admin"), await firm.client(lawyer)
    wall = {"name": "x", "reason": "x", "client_ids": [client["id"]], "excluded_user_ids": [str(walled.id)]}
    assert (await keeper.post("/v1/walls", wall)).status_code == 201
    before = await firm.tables()
    for person, code in ((walled, "walled_off"), (admin, "separated_role")):
        body = NEW | {"client_ids": [client["id"]], "received_by": str(person.id)}
        problem = await refused(firm, before, await lawyer.post("/v1/intakes", body), 422, "person_unfit")
        assert pointers(problem) == [("/body/received_by", code)]
    intake = await registered(firm, lawyer, client_ids=[client["id"]])
    answer = await lawyer.change(path_of(intake), {"received_by": str(walled.id)})
    assert pointers(await refused(firm, await firm.tables(), answer, 422)) == [("/body/received_by", "walled_off")]


async def test_change_says_what_was_and_what_is(firm: Firm) -> None:
    lawyer, colleague = await firm.person("lawyer"), await firm.person("lawyer")
    one, two = await firm.client(lawyer, "甲公司"), await firm.client(lawyer, "乙公司")
    intake = await registered(firm, lawyer, client_ids=[one["id"]])
    visitor = {"name": "李四", "contact": None, "relation": None}
    changed = await lawyer.change(
        path_of(intake), {"visitor": visitor, "client_ids": [two["id"], one["id"]], "channel": "visit"}
    )
    assert changed.status_code == 200, changed.text
    assert await firm.events(changed) == done("intake.changed")
    assert (await firm.event(changed))["details"]["changed"] == {
        "visitor": [intake["visitor"], visitor], "channel": ["phone", "visit"],
        "client_ids": [[one["id"]], [two["id"], one["id"]]],
    }  # fmt: skip
    assert changed.json()["client_ids"] == [two["id"], one["id"]]
    assert (await lawyer.get(path_of(intake))).json() == changed.json()
    handed = await lawyer.change(path_of(intake), {"received_by": str(colleague.id), "remarks": None})
    assert handed.json()["received_by"]["id"] == str(colleague.id)
    assert (await colleague.get(path_of(intake))).status_code == 200
    before = await firm.tables()
    for body in ({"about": None}, {"client_ids": None}, {"state": "declined"}):
        await refused(firm, before, await lawyer.patch(path_of(intake), body, headers={"If-Match": "*"}), 422)
    await refused(firm, before, await lawyer.patch(path_of(intake), {"about": "x"}), 428)
    stale = await lawyer.patch(path_of(intake), {"about": "x"}, headers={"If-Match": '"old"'})
    await refused(firm, before, stale, 412)


async def test_outcome_is_said_once(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    intake = await registered(firm, lawyer)
    answers = await asyncio.gather(*(decided(lawyer, intake, one) for one in ("declined", "referred", "withdrawn")))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    for answer in answers:
        won = answer.status_code == 200
        assert await firm.events(answer) == (done("intake.decided") if won else [])
        assert won or answer.json()["code"] == "intake_decided"
    kept = (await lawyer.get(path_of(intake))).json()
    assert kept == next(answer.json() for answer in answers if answer.status_code == 200)
    assert (kept["decided_by"]["id"], kept["dossier_id"]) == (str(lawyer.id), None)
    before = await firm.tables()
    await refused(firm, before, await lawyer.change(path_of(intake), {"about": "x"}), 409, "intake_decided")


async def test_engaged_names_the_dossier_it_led_to(firm: Firm) -> None:
    lawyer, colleague, lead = await firm.person("lawyer"), await firm.person("lawyer"), await firm.person("lawyer")
    intake = await registered(firm, lawyer)
    dossier = await firm.dossier(lawyer, lead)
    hidden, void = await firm.dossier(lead, confidentiality="restricted"), await firm.dossier(lawyer)
    assert (await lawyer.post(f"/v1/dossiers/{void['id']}/void", {"reason": "重复"})).status_code == 200
    before = await firm.tables()
    for outcome, body, where in (
        ("engaged", {}, ("/body", "value_error")),
        ("declined", {"dossier_id": dossier["id"]}, ("/body", "value_error")),
        ("engaged", {"dossier_id": hidden["id"]}, ("/body/dossier_id", "unknown_dossier")),
        ("engaged", {"dossier_id": str(uuid4())}, ("/body/dossier_id", "unknown_dossier")),
        ("engaged", {"dossier_id": void["id"]}, ("/body/dossier_id", "dossier_void")),
    ):
        problem = await refused(firm, before, await decided(lawyer, intake, outcome, **body), 422)
        assert pointers(problem) == [where]
    made = await decided(lawyer, intake, "engaged", dossier_id=dossier["id"])
    assert (made.status_code, await firm.events(made)) == (200, done("intake.decided"))
    assert (made.json()["state"], made.json()["dossier_id"]) == ("engaged", dossier["id"])
    event = await firm.event(made)
    assert (str(event["dossier_id"]), event["details"]) == (dossier["id"], {"state": "engaged", "reason": None})
    # Who sees the dossier sees the intake: its team whole, others without the contact.
    assert (await lead.get(path_of(intake))).json()["visitor"]["contact"] == SHOWN
    masked = (await colleague.get(path_of(intake))).json()
    assert masked["visitor"]["contact"] == {"kind": "phone", "value": "1380*****00", "masked": True}
    listed = await colleague.get("/v1/intakes")
    assert listed.json()["items"] == [masked]
    assert await firm.events(listed) == done("intake.listed")
    before = await firm.tables()
    late = await lead.patch(path_of(intake), {"about": "x"}, headers={"If-Match": "*"})
    await refused(firm, before, late, 403)
    assert (await firm.event(late))["details"] == {"act": "intake.change", "rule": "not_received"}


async def test_list_is_narrowed_and_paged(firm: Firm) -> None:
    lawyer, colleague, archivist = [await firm.person(role) for role in ("lawyer", "lawyer", "archivist")]
    client = await firm.client(lawyer)
    first = await registered(firm, lawyer, client_ids=[client["id"]], came_on="2026-01-05")
    second = await registered(firm, lawyer, received_by=str(colleague.id), came_on="2026-02-05")
    third = await registered(firm, colleague, came_on="2026-03-05")
    assert (await decided(lawyer, first, "declined", reason="利益冲突")).status_code == 200
    for query, found in (
        ("", [third, second, first]), ("state=open", [third, second]), ("state=declined", [first]),
        (f"client_id={client['id']}", [first]), (f"client_id={uuid4()}", []),
        (f"received_by={colleague.id}", [third, second]), ("came_from=2026-02-05", [third, second]),
        ("came_to=2026-02-05", [second, first]), ("state=engaged", []),
    ):  # fmt: skip
        items = await everything(archivist, f"/v1/intakes?limit=2&{query}")
        assert [item["id"] for item in items] == [intake["id"] for intake in found], query
    told = await archivist.get(f"/v1/intakes?state=declined&client_id={client['id']}")
    assert (await firm.event(told))["details"] == {
        "filter": {"state": "declined", "client_id": client["id"]}, "returned": [first["id"]],
    }  # fmt: skip


async def test_repeated_request_registers_once(firm: Firm) -> None:
    lawyer, keeper = await firm.person("lawyer"), await firm.person("security_admin")
    one, two = await firm.client(lawyer, "甲公司"), await firm.client(lawyer, "乙公司")
    body, key = NEW | {"client_ids": [one["id"], two["id"]]}, {"headers": {"Idempotency-Key": "once"}}
    made = await lawyer.post("/v1/intakes", body, **key)
    again = await lawyer.post("/v1/intakes", body, **key)
    assert (again.status_code, again.content, again.headers["idempotency-replayed"]) == (201, made.content, "true")
    assert await firm.eyes.fetchval("SELECT count(*) FROM intakes") == 1
    # Behind a wall around any of its clients the first answer is not given again.
    wall = {"name": "x", "reason": "x", "client_ids": [two["id"]], "excluded_user_ids": [str(lawyer.id)]}
    assert (await keeper.post("/v1/walls", wall)).status_code == 201
    before = await firm.tables()
    await refused(firm, before, await lawyer.post("/v1/intakes", body, **key), 404)
