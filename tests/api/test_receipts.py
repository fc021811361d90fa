"""Receipts over HTTP: what was received, handed over, returned; where originals are; what can't be."""

import asyncio
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from tests.support.checks import everything, pointers, refused
from tests.support.firm import Firm, Person, done

COURT = {"name": "海淀法院", "capacity": "court"}
CLIENT = {"name": "张三", "capacity": "client"}
NEW = {"title": "买卖合同", "category": "evidence", "original": "original", "pages": 3}
SIGNED = {"signed_by": "张三", "signed_on": "2026-03-09"}
TOMORROW = str(date.today() + timedelta(days=2))  # noqa: DTZ011 - two days, so that no time zone has it yet


def body(direction: str, *items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Give what makes a receipt."""
    other = COURT if direction == "handed_over" else CLIENT
    return {"direction": direction, "counterparty": other, "on": "2026-03-02", "items": list(items), **fields}


async def made(
    by: Person, dossier: dict[str, Any], direction: str, *items: dict[str, Any], **fields: Any
) -> dict[str, Any]:
    """Make out a receipt."""
    answer = await by.post(f"/v1/dossiers/{dossier['id']}/receipts", body(direction, *items, **fields))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def handed_over(by: Person, dossier: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """Hand a copy of an entry to the court."""
    return await made(by, dossier, "handed_over", {"entry_id": entry["id"], "original": "copy"})


async def away(by: Person, entry_id: str) -> tuple[str | None, str | None]:
    """Tell where an original is and who has it."""
    found = (await by.get(f"/v1/entries/{entry_id}/receipts")).json()
    return found["original_is"], found["holder"]


async def a_dossier(firm: Firm, **fields: Any) -> tuple[Person, dict[str, Any], dict[str, Any]]:
    """Give a lawyer, his dossier, and an original in it that has a stored file."""
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer, **fields)
    entry = await firm.entry(lawyer, dossier["id"], "借条", pages=2)
    await firm.file(lawyer, entry["id"])
    return lawyer, dossier, entry


async def test_received_material_is_registered_in_the_same_act(firm: Firm) -> None:
    lawyer, dossier, _ = await a_dossier(firm)
    path = f"/v1/dossiers/{dossier['id']}/receipts"
    items = [
        {**NEW, "slot": "ms-07", "copies": 2, "remarks": "有折痕"},
        {**NEW, "title": "收据", "original": "copy", "pages": None},
    ]
    client_id = dossier["client_ids"][0]
    answer = await lawyer.post(
        path, body("received", *items, counterparty={**CLIENT, "client_id": client_id}, place="本所")
    )
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    assert answer.headers["location"] == f"/v1/receipts/{receipt['id']}"
    assert await firm.events(answer) == done("entry.created", "entry.created", "receipt.created")
    assert (receipt["serial"], receipt["dossier_number"], receipt["counterparty"]["client_id"]) == (
        1,
        dossier["number"],
        client_id,
    )
    first, second = receipt["items"]
    expected = {
        "serial": 1,
        "title": "买卖合同",
        "original": "original",
        "pages": 3,
        "copies": 2,
        "remarks": "有折痕",
        "masked": False,
    }
    assert {name: first[name] for name in expected} == expected
    entry = (await lawyer.get(f"/v1/entries/{first['entry_id']}")).json()
    assert (entry["slot"], entry["pages"], entry["remarks"], entry["original"]) == ("ms-07", 3, "有折痕", "original")
    assert await away(lawyer, first["entry_id"]) == ("held", None)
    assert await away(lawyer, second["entry_id"]) == (None, None)
    read = await lawyer.get(answer.headers["location"])
    assert (read.json(), await firm.events(read)) == (receipt, done("receipt.viewed"))
    assert (await firm.event(read))["details"] == {"form": "json"}


async def test_titles_stay_as_they_were_signed_for(firm: Firm) -> None:
    lawyer, dossier, entry = await a_dossier(firm)
    receipt = await handed_over(lawyer, dossier, entry)
    assert (await lawyer.change(f"/v1/entries/{entry['id']}", {"title": "欠条"})).status_code == 200
    assert (await lawyer.get(f"/v1/receipts/{receipt['id']}")).json() == receipt


async def test_original_goes_to_court_comes_back_and_is_returned(firm: Firm) -> None:
    lawyer, dossier, entry = await a_dossier(firm)
    path, item = f"/v1/dossiers/{dossier['id']}/receipts", {"entry_id": entry["id"]}
    out = await lawyer.post(path, body("handed_over", item))
    assert await firm.events(out) == done("entry.original_moved", "receipt.created")
    moved = await firm.eyes.fetchrow("SELECT * FROM events WHERE type = 'entry.original_moved'")
    assert moved is not None
    assert str(moved["entry_id"]) == entry["id"]
    assert {name: moved["details"][name] for name in ("receipt_id", "old", "new")} == {
        "receipt_id": out.json()["id"], "old": "held", "new": "with_court",
    }  # fmt: skip
    assert await away(lawyer, entry["id"]) == ("with_court", "海淀法院")
    before = await firm.tables()
    again = await refused(firm, before, await lawyer.post(path, body("handed_over", item)), 422)
    assert pointers(again) == [("/body/items/0/entry_id", "not_here")]
    gone = await refused(firm, before, await lawyer.post(path, body("returned", item, **SIGNED)), 422)
    assert pointers(gone) == [("/body/items/0/entry_id", "not_here")]
    early = await refused(
        firm, before, await lawyer.post(path, body("received", item, counterparty=COURT, on="2026-03-01")), 422
    )
    assert pointers(early) == [("/body/items/0/entry_id", "before_last_move")]
    await made(lawyer, dossier, "received", item, counterparty=COURT, on="2026-03-08")
    assert await away(lawyer, entry["id"]) == ("held", None)
    back = await lawyer.post(path, body("received", item, counterparty=COURT, on="2026-03-08"))
    assert pointers(back.json()) == [("/body/items/0/entry_id", "already_here")]
    returned = await made(lawyer, dossier, "returned", item, on="2026-03-09", **SIGNED)
    assert (returned["serial"], returned["signed_by"]) == (3, "张三")
    traced = await lawyer.get(f"/v1/entries/{entry['id']}/receipts")
    assert await firm.events(traced) == done("entry.original_traced")
    told = traced.json()
    assert (told["original_is"], told["holder"], told["since"]) == ("returned", "张三", "2026-03-09")
    assert [(one["serial"], one["direction"]) for one in told["items"]] == [
        (1, "handed_over"),
        (2, "received"),
        (3, "returned"),
    ]


async def test_what_is_handed_over_leaves_its_copy(firm: Firm) -> None:
    lawyer, dossier, _ = await a_dossier(firm)
    original = await firm.entry(lawyer, dossier["id"], "原始凭证")
    copy = await firm.entry(lawyer, dossier["id"], "凭证复印件", original="copy")
    other = await firm.entry(lawyer, dossier["id"], "另一原件")
    path, before = f"/v1/dossiers/{dossier['id']}/receipts", await firm.tables()
    for item, where, code in (
        ({"entry_id": original["id"]}, "/body/items/0", "leaves_no_copy"),
        ({"entry_id": original["id"], "copy_entry_id": original["id"]}, "/body/items/0/copy_entry_id", "no_copy"),
        ({"entry_id": original["id"], "copy_entry_id": other["id"]}, "/body/items/0/copy_entry_id", "no_copy"),
        ({"entry_id": original["id"], "copy_entry_id": dossier["id"]}, "/body/items/0/copy_entry_id", "unknown_entry"),
        ({"entry_id": copy["id"], "original": "original"}, "/body/items/0/original", "no_original"),
    ):
        problem = await refused(firm, before, await lawyer.post(path, body("handed_over", item)), 422)
        assert pointers(problem) == [(where, code)]
    # A copy may go without more: another can be made.
    await made(
        lawyer, dossier, "handed_over", {"entry_id": original["id"], "original": "copy"}, {"entry_id": copy["id"]}
    )
    assert await away(lawyer, original["id"]) == ("held", None)
    receipt = await made(lawyer, dossier, "handed_over", {"entry_id": original["id"], "copy_entry_id": copy["id"]})
    assert receipt["items"][0]["copy_entry_id"] == copy["id"]
    assert await away(lawyer, original["id"]) == ("with_court", "海淀法院")


async def test_originals_are_returned_against_signature(firm: Firm) -> None:
    lawyer, dossier, entry = await a_dossier(firm)
    path, item = f"/v1/dossiers/{dossier['id']}/receipts", {"entry_id": entry["id"]}
    before = await firm.tables()
    problem = await refused(firm, before, await lawyer.post(path, body("returned", item)), 422)
    assert pointers(problem) == [("/body/signed_by", "signature_needed")]
    half = await refused(firm, before, await lawyer.post(path, body("returned", item, signed_by="张三")), 422)
    assert [where for where, _ in pointers(half)] == ["/body"]
    paper = await firm.entry(lawyer, dossier["id"], "签收单", original="scan")
    receipt = await made(lawyer, dossier, "returned", item, signature_entry_id=paper["id"], **SIGNED)
    assert (receipt["signature_entry_id"], receipt["signed_on"]) == (paper["id"], "2026-03-09")
    unsigned = await made(lawyer, dossier, "returned", {"entry_id": paper["id"]})
    assert unsigned["signed_by"] is None


@pytest.mark.parametrize(
    ("change", "where", "code"),
    [
        ({"items": []}, "/body/items", None), ({"items": [NEW] * 201}, "/body/items", None), ({"on": TOMORROW}, "/body/on", "in_future"),
        ({"items": [{}]}, "/body/items/0", None), ({"items": [{**NEW, "entry_id": "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"}]}, "/body/items/0", None),
        ({"items": [{"title": "x"}]}, "/body/items/0", None), ({"items": [{**NEW, "copies": 0}]}, "/body/items/0/copies", None),
        ({"items": [NEW, {**NEW, "slot": "none"}]}, "/body/items/1/slot", "not_in_template"),
        ({"items": [{"entry_id": "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"}]}, "/body/items/0/entry_id", "unknown_entry"),
        ({"direction": "handed_over", "counterparty": COURT}, "/body/items/0/entry_id", "needs_entry"),
        ({"direction": "handed_over"}, "/body/counterparty/capacity", "wrong_capacity"),
        ({"direction": "returned", "counterparty": COURT}, "/body/counterparty/capacity", "wrong_capacity"),
        ({"counterparty": {**COURT, "client_id": "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"}}, "/body/counterparty/capacity", "wrong_capacity"),
        ({"counterparty": {**CLIENT, "client_id": "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"}}, "/body/counterparty/client_id", "not_its_client"),
        ({"signature_entry_id": "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"}, "/body/signature_entry_id", "unknown_entry"),
        ({"signed_by": "x", "signed_on": TOMORROW}, "/body/signed_on", "in_future"), ({"serial": 7}, "/body/serial", None),
        ({"items": [{**NEW, "confidentiality": "sealed"}]}, "/body/items/0/confidentiality", "above_own_clearance"),
    ],
)  # fmt: skip
async def test_receipts_that_can_not_be(firm: Firm, change: dict[str, Any], where: str, code: str | None) -> None:
    assistant, lawyer = await firm.person("assistant"), await firm.person("lawyer")
    dossier = await firm.dossier(assistant, lawyer)
    before = await firm.tables()
    answer = await assistant.post(f"/v1/dossiers/{dossier['id']}/receipts", {**body("received", NEW), **change})
    ((found, why),) = pointers(await refused(firm, before, answer, 422, "invalid"))
    assert (found, why if code else None) == (where, code)


async def test_entry_is_named_once_and_of_this_dossier(firm: Firm) -> None:
    lawyer, dossier, entry = await a_dossier(firm)
    elsewhere = await firm.entry(lawyer, (await firm.dossier(lawyer))["id"])
    path, before = f"/v1/dossiers/{dossier['id']}/receipts", await firm.tables()
    twice = [{"entry_id": entry["id"]}, {"entry_id": entry["id"], "original": "copy"}]
    problem = await refused(firm, before, await lawyer.post(path, body("handed_over", *twice)), 422)
    assert pointers(problem) == [("/body/items/1/entry_id", "named_twice")]
    foreign = await refused(
        firm, before, await lawyer.post(path, body("handed_over", {"entry_id": elsewhere["id"]})), 422
    )
    assert pointers(foreign) == [("/body/items/0/entry_id", "unknown_entry")]


async def test_wrong_receipt_is_cancelled_and_stays(firm: Firm) -> None:
    lawyer, dossier, entry = await a_dossier(firm)
    item = {"entry_id": entry["id"]}
    out = await made(lawyer, dossier, "handed_over", item)
    back = await made(lawyer, dossier, "received", item, counterparty=COURT)
    reason, before = {"reason": "填错法院"}, await firm.tables()
    needed = await lawyer.post(f"/v1/receipts/{out['id']}/cancellation", reason)
    await refused(firm, before, needed, 409, "receipt_needed")
    first = await lawyer.post(f"/v1/receipts/{back['id']}/cancellation", reason)
    assert (first.status_code, await firm.events(first)) == (200, done("receipt.cancelled", "entry.original_moved"))
    assert first.json() == {**back, "cancelled": first.json()["cancelled"]}
    assert (first.json()["cancelled"]["reason"], first.json()["cancelled"]["cancelled_by"]["id"]) == (
        "填错法院",
        str(lawyer.id),
    )
    assert await away(lawyer, entry["id"]) == ("with_court", "海淀法院")
    second = await lawyer.post(f"/v1/receipts/{out['id']}/cancellation", reason)
    assert second.status_code == 200
    assert await away(lawyer, entry["id"]) == ("held", None)
    before = await firm.tables()
    await refused(
        firm, before, await lawyer.post(f"/v1/receipts/{out['id']}/cancellation", reason), 409, "receipt_cancelled"
    )
    assert (await made(lawyer, dossier, "handed_over", item))["serial"] == 3
    told = (await lawyer.get(f"/v1/entries/{entry['id']}/receipts")).json()
    assert [one["cancelled"] for one in told["items"]] == [True, True, False]


async def test_lists_in_their_order_and_by_direction(firm: Firm) -> None:
    lawyer, dossier, entry = await a_dossier(firm)
    path = f"/v1/dossiers/{dossier['id']}/receipts"
    receipts = [await made(lawyer, dossier, "received", NEW) for _ in range(3)]
    receipts.append(await handed_over(lawyer, dossier, entry))
    assert await everything(lawyer, f"{path}?limit=2") == receipts
    listed = await lawyer.get(f"{path}?direction=handed_over")
    assert (listed.json()["items"], await firm.events(listed)) == (receipts[3:], done("receipt.listed"))
    event = await firm.event(listed)
    assert event["details"] == {"filter": {"direction": "handed_over"}, "returned": [receipts[3]["id"]]}


@pytest.mark.parametrize(
    ("state", "comes_back"), [("submitted", True), ("filed", True), ("void", False), ("destroyed", False)]
)
async def test_nothing_leaves_a_dossier_that_is_handed_in(firm: Firm, state: str, comes_back: bool) -> None:
    lawyer, dossier, entry = await a_dossier(firm)
    item = {"entry_id": entry["id"]}
    await made(lawyer, dossier, "handed_over", item)
    held = await firm.entry(lawyer, dossier["id"], "另一份")
    await firm.file(lawyer, held["id"], b"other")
    await firm.eyes.execute("UPDATE dossiers SET state = $1", state)
    path, before = f"/v1/dossiers/{dossier['id']}/receipts", await firm.tables()
    for wrong in (
        body("received", NEW),
        body("handed_over", {"entry_id": held["id"]}),
        body("returned", {"entry_id": held["id"]}, **SIGNED),
    ):
        await refused(firm, before, await lawyer.post(path, wrong), 409, "dossier_frozen")
    back = await lawyer.post(path, body("received", item, counterparty=COURT))
    assert back.status_code == (201 if comes_back else 409)


async def test_of_two_who_hand_over_the_same_original_one_wins(firm: Firm) -> None:
    lawyer, dossier, entry = await a_dossier(firm)
    path, item = f"/v1/dossiers/{dossier['id']}/receipts", {"entry_id": entry["id"]}
    bodies = [body("handed_over", item), body("returned", item, **SIGNED)] * 4
    answers: list[httpx.Response] = await asyncio.gather(*(lawyer.post(path, one) for one in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 7
    more = await asyncio.gather(*(lawyer.post(path, body("received", NEW)) for _ in range(6)))
    assert sorted(answer.json()["serial"] for answer in more) == [2, 3, 4, 5, 6, 7]


async def test_repeated_request_makes_one_receipt(firm: Firm) -> None:
    lawyer, dossier, _ = await a_dossier(firm)
    path = f"/v1/dossiers/{dossier['id']}/receipts"
    once = [await lawyer.post(path, body("received", NEW), headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert once[0].json() == once[1].json()
    assert once[1].headers["idempotency-replayed"] == "true"
    assert len((await lawyer.get(path)).json()["items"]) == 1


async def test_who_is_not_on_the_team_makes_and_cancels_none(firm: Firm) -> None:
    lawyer, dossier, entry = await a_dossier(firm)
    receipt = await handed_over(lawyer, dossier, entry)
    other = await firm.person("lawyer")
    wall = {"name": "墙", "reason": "利益冲突", "dossier_ids": [dossier["id"]], "excluded_user_ids": [str(other.id)]}
    before = await firm.tables()
    path = f"/v1/dossiers/{dossier['id']}/receipts"
    await refused(firm, before, await other.post(path, body("received", NEW)), 403, "forbidden")
    await refused(firm, before, await other.post(f"/v1/receipts/{receipt['id']}/cancellation", {"reason": "x"}), 403)
    assert (await other.get(f"/v1/receipts/{receipt['id']}")).json() == receipt
    await (await firm.person("security_admin")).post("/v1/walls", wall)
    before = await firm.tables()
    for answer in (
        await other.get(f"/v1/receipts/{receipt['id']}"),
        await other.get(path),
        await other.get(f"/v1/entries/{entry['id']}/receipts"),
    ):
        await refused(firm, before, answer, 404, "not_found")
