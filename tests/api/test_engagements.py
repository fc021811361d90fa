"""Engagements over HTTP: recorded as they are given, filled in until signed, and never written over afterwards."""

import asyncio
from typing import Any

import pytest

from tests.support.checks import everything, pointers, refused
from tests.support.firm import Firm, Person, done

ABSENT = "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"
FEE = {"mode": "fixed", "amount": "30000.00", "currency": "CNY", "terms": "签约后一次付清"}
CLIENT, OFFICE = (
    {"role": "client", "name": "甲公司", "client_id": None},
    {"role": "firm", "name": "示例所", "client_id": None},
)
SIGNED = [
    {"party": 0, "name": "张三", "capacity": "法定代表人", "signed_on": "2026-03-02"},
    {"party": 1, "name": "王丽", "capacity": "代理人", "signed_on": "2026-03-03"},
]
CONTRACT: dict[str, Any] = {
    "kind": "contract", "parties": [CLIENT, OFFICE], "signers": SIGNED, "dated_on": "2026-03-02", "fee": FEE,
    "contract_number": "2026民代字第12号", "stages": ["一审"], "starts_on": "2026-03-02", "ends_on": "2097-03-01",
}  # fmt: skip
POWER: dict[str, Any] = {
    "kind": "power_of_attorney", "parties": [CLIENT], "signers": SIGNED[:1], "dated_on": "2026-03-02",
    "scope": "special", "special_powers": ["settle", "appeal"], "attorneys": [{"name": "王丽"}], "stages": ["一审", "二审"],
}  # fmt: skip
UNSIGNED: dict[str, Any] = {"kind": "contract"}
EXTENDED = {"kind": "extension", "on": "2026-06-30", "reason": "二审", "by": "agreement", "ends_on": "2098-12-31"}


async def made(by: Person, dossier: dict[str, Any], body: dict[str, Any] = CONTRACT, **fields: Any) -> dict[str, Any]:
    """Record an engagement as somebody."""
    answer = await by.post(f"/v1/dossiers/{dossier['id']}/engagements", {**body, **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_engagement_comes_back_as_it_was_given(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    entry = await firm.entry(lawyer, dossier["id"])
    body = CONTRACT | {
        "entry_id": entry["id"], "parties": [CLIENT | {"client_id": dossier["client_ids"][0]}, OFFICE],
    }  # fmt: skip
    answer = await lawyer.post(f"/v1/dossiers/{dossier['id']}/engagements", body)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert answer.headers["location"] == f"/v1/engagements/{told['id']}"
    assert {name: told[name] for name in body} == body
    assert (told["dossier_id"], told["serial"], told["state"], told["rules_version"], told["change_count"]) == (
        dossier["id"], 1, "in_force", 1, 0,
    )  # fmt: skip
    assert (told["masked"], told["fee_hidden"], told["ended_on"], told["scope"]) == (False, False, None, None)
    assert told["bound_since"] == told["created_at"]
    assert told["created_by"] == {"id": str(lawyer.id), "display_name": lawyer.name}
    assert await firm.events(answer) == done("engagement.created")
    event = await firm.event(answer)
    assert (event["subject_type"], event["subject_label"], str(event["dossier_id"]), str(event["entry_id"])) == (
        "engagement", "contract", dossier["id"], entry["id"],
    )  # fmt: skip
    assert event["details"]["new"]["fee"] == "stated"
    assert "30000.00" not in str(event["details"])
    read = await lawyer.get(answer.headers["location"])
    assert (read.json(), read.headers["etag"]) == (told, answer.headers["etag"])
    assert await firm.events(read) == done("engagement.viewed")


async def test_attorneys_of_the_firm_are_named_by_it(firm: Firm) -> None:
    lawyer, colleague = await firm.person("lawyer"), await firm.person("lawyer", name="李明")
    dossier = await firm.dossier(lawyer)
    told = await made(lawyer, dossier, POWER, attorneys=[{"user_id": str(colleague.id)}, {"name": "外所律师"}])
    assert told["attorneys"] == [{"user_id": str(colleague.id), "name": "李明"}, {"user_id": None, "name": "外所律师"}]
    assert (told["scope"], told["special_powers"], told["fee"]) == ("special", ["settle", "appeal"], None)


async def test_an_attorney_keeps_the_name_that_the_paper_has(firm: Firm) -> None:
    lawyer, colleague = await firm.person("lawyer"), await firm.person("lawyer", name="李明")
    named = [{"user_id": str(colleague.id)}]
    power = await made(lawyer, await firm.dossier(lawyer), POWER, attorneys=named)
    await firm.eyes.execute("UPDATE users SET display_name = '李敏' WHERE id = $1", colleague.id)
    path = f"/v1/engagements/{power['id']}"
    filled = await lawyer.change(path, {"attorneys": named, "starts_on": "2026-03-02"})
    assert filled.status_code == 200, filled.text
    assert (await firm.event(filled))["details"]["changed"] == {"starts_on": [None, "2026-03-02"]}
    assert filled.json()["attorneys"] == [{"user_id": str(colleague.id), "name": "李明"}]


async def test_list_is_of_one_dossier_by_serial(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier, other = await firm.dossier(lawyer), await firm.dossier(lawyer)
    ids = [(await made(lawyer, dossier, body))["id"] for body in (CONTRACT, POWER, UNSIGNED)]
    await made(lawyer, other)
    items = await everything(lawyer, f"/v1/dossiers/{dossier['id']}/engagements?limit=2")
    assert [(item["id"], item["serial"]) for item in items] == [(ids[0], 1), (ids[1], 2), (ids[2], 3)]
    answer = await lawyer.get(f"/v1/dossiers/{dossier['id']}/engagements")
    assert await firm.events(answer) == done("engagement.listed")
    assert (await firm.event(answer))["details"]["returned"] == ids


async def test_draft_is_changed_freely(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    engagement = await made(lawyer, await firm.dossier(lawyer), CONTRACT, signers=[])
    assert engagement["bound_since"] is None
    path = f"/v1/engagements/{engagement['id']}"
    changed = await lawyer.change(path, {"fee": FEE | {"amount": "20000"}, "dated_on": None, "parties": [CLIENT]})
    assert changed.status_code == 200, changed.text
    assert await firm.events(changed) == done("engagement.changed")
    details = (await firm.event(changed))["details"]
    assert details["changed"] == {
        "fee": ["stated", "stated"], "dated_on": ["2026-03-02", None], "parties": [[CLIENT, OFFICE], [CLIENT]],
    }  # fmt: skip
    told = (await lawyer.get(path)).json()
    assert (told["fee"]["amount"], told["dated_on"], told["parties"]) == ("20000", None, [CLIENT])


async def test_signed_one_is_only_filled_in(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    half = [SIGNED[0], SIGNED[1] | {"signed_on": None}]
    engagement = await made(lawyer, dossier, signers=half, contract_number=None, starts_on=None)
    entry = await firm.entry(lawyer, dossier["id"])
    path = f"/v1/engagements/{engagement['id']}"
    before = await firm.tables()
    for body, fields in (
        ({"fee": FEE | {"amount": "1"}}, ["fee"]), ({"fee": None}, ["fee"]), ({"dated_on": "2026-03-01"}, ["dated_on"]),
        ({"parties": [CLIENT, OFFICE, CLIENT]}, ["parties"]), ({"signers": []}, ["signers"]),
        ({"signers": SIGNED[1:]}, ["signers"]), ({"stages": ["一审", "二审"], "ends_on": "2098-01-01"}, ["ends_on", "stages"]),
    ):  # fmt: skip
        problem = await refused(firm, before, await lawyer.change(path, body), 409, "engagement_signed")
        assert sorted(problem["fields"]) == fields
    filled = {
        "signers": [*SIGNED, SIGNED[0] | {"name": "李四"}], "contract_number": "12", "starts_on": "2026-03-02",
        "entry_id": entry["id"],
    }  # fmt: skip
    answer = await lawyer.change(path, filled)
    assert answer.status_code == 200, answer.text
    assert {name: answer.json()[name] for name in filled} == filled
    assert answer.json()["bound_since"] == engagement["bound_since"]


WRONG: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    (CONTRACT | {"scope": "general"}, [("/body/scope", "not_of_this_kind")]),
    (CONTRACT | {"attorneys": [{"name": "x"}]}, [("/body/attorneys", "not_of_this_kind")]),
    (POWER | {"fee": FEE}, [("/body/fee", "not_of_this_kind")]),
    (POWER | {"scope": "general"}, [("/body/special_powers", "needs_special_scope")]),
    (POWER | {"special_powers": ["settle", "sell"]}, [("/body/special_powers/1", "unknown_power")]),
    (POWER | {"attorneys": [{"user_id": ABSENT}]}, [("/body/attorneys/0/user_id", "unknown_user")]),
    (CONTRACT | {"signers": [SIGNED[0] | {"party": 2}]}, [("/body/signers/0/party", "unknown_party")]),
    (CONTRACT | {"signers": [SIGNED[0] | {"signed_on": "2999-01-01"}]}, [("/body/signers/0/signed_on", "in_future")]),
    (CONTRACT | {"dated_on": "2999-01-01"}, [("/body/dated_on", "in_future")]),
    (CONTRACT | {"ends_on": "2026-03-01"}, [("/body/ends_on", "before_start")]),
    (CONTRACT | {"parties": [CLIENT, OFFICE | {"client_id": ABSENT}]}, [("/body/parties/1/client_id", "not_a_client")]),
    (CONTRACT | {"parties": [CLIENT | {"client_id": ABSENT}, OFFICE]}, [("/body/parties/0/client_id", "not_of_dossier")]),
    (CONTRACT | {"entry_id": ABSENT}, [("/body/entry_id", "unknown_entry")]),
]  # fmt: skip


async def test_what_does_not_hang_together_is_refused(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier, other = await firm.dossier(lawyer), await firm.dossier(lawyer)
    foreign = await firm.entry(lawyer, other["id"])
    path = f"/v1/dossiers/{dossier['id']}/engagements"
    before = await firm.tables()
    for body, expected in [*WRONG, (CONTRACT | {"entry_id": foreign["id"]}, [("/body/entry_id", "unknown_entry")])]:
        problem = await refused(firm, before, await lawyer.post(path, body), 422, "invalid")
        assert pointers(problem) == expected, body
    for fee in ({"mode": "free", "amount": "1"}, {"mode": "fixed", "amount": 1.5}, {"mode": "fixed", "amount": "01"}):
        await refused(firm, before, await lawyer.post(path, CONTRACT | {"fee": fee}), 422, "invalid")
    doubled: list[dict[str, Any]] = [{"special_powers": ["settle"] * 2}, {"attorneys": [{}]}, {"stages": ["a"] * 2}]
    for said in doubled:
        await refused(firm, before, await lawyer.post(path, POWER | said), 422, "invalid")


async def test_filling_in_is_held_to_the_same(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    engagement = await made(lawyer, await firm.dossier(lawyer), POWER, scope=None, special_powers=[])
    path = f"/v1/engagements/{engagement['id']}"
    before = await firm.tables()
    problem = await refused(firm, before, await lawyer.change(path, {"special_powers": ["settle"]}), 422, "invalid")
    assert pointers(problem) == [("/body/special_powers", "needs_special_scope")]
    await refused(firm, before, await lawyer.change(path, {"parties": None}), 422, "invalid")
    answer = await lawyer.change(path, {"special_powers": ["settle"], "scope": "special"})
    assert (answer.status_code, answer.json()["special_powers"]) == (200, ["settle"])


async def test_powers_given_under_earlier_rules_stay(firm: Firm) -> None:
    lawyer, archivist = await firm.person("lawyer"), await firm.person("archivist")
    dossier = await firm.dossier(lawyer)
    engagement = await made(lawyer, dossier, POWER)
    rules = (await archivist.get("/v1/rules/engagement")).json()
    body = {name: rules[name] for name in ("body", "source", "verified")}
    body["body"]["special_powers"] = [{"code": "enforce", "en": "Apply for enforcement", "zh": "申请执行"}]
    assert (await archivist.change("/v1/rules/engagement", body, "PUT")).status_code == 200
    filled = await lawyer.change(f"/v1/engagements/{engagement['id']}", {"starts_on": "2026-03-02"})
    assert (filled.status_code, filled.json()["rules_version"]) == (200, 1)
    before = await firm.tables()
    answer = await lawyer.post(f"/v1/dossiers/{dossier['id']}/engagements", POWER)
    problem = await refused(firm, before, answer, 422, "invalid")
    assert pointers(problem) == [
        ("/body/special_powers/0", "unknown_power"),
        ("/body/special_powers/1", "unknown_power"),
    ]
    new = await made(lawyer, dossier, POWER, special_powers=["enforce"])
    assert new["rules_version"] == 2


async def test_only_the_team_writes_and_only_while_the_dossier_is_open(firm: Firm) -> None:
    lawyer, stranger, director = await firm.person("lawyer"), await firm.person("lawyer"), await firm.person("director")
    dossier = await firm.dossier(lawyer)
    engagement = await made(lawyer, dossier)
    create, path = f"/v1/dossiers/{dossier['id']}/engagements", f"/v1/engagements/{engagement['id']}"
    before = await firm.tables()
    for person in (stranger, director):
        await refused(firm, before, await person.post(create, CONTRACT), 403, "forbidden")
        await refused(firm, before, await person.change(path, {"contract_number": "x"}), 403, "forbidden")
    for absent in (f"/v1/dossiers/{ABSENT}/engagements", f"/v1/engagements/{ABSENT}"):
        await refused(firm, before, await lawyer.get(absent), 404, "not_found")
    stale = await lawyer.patch(path, {"starts_on": None}, headers={"If-Match": '"old"'})
    await refused(firm, before, stale, 412, "precondition_failed")
    await refused(firm, before, await lawyer.patch(path, {"starts_on": None}), 428, "precondition_required")
    await firm.eyes.execute("UPDATE dossiers SET state = 'submitted'")
    before = await firm.tables()
    await refused(firm, before, await lawyer.post(create, CONTRACT), 409, "dossier_frozen")
    await refused(firm, before, await lawyer.change(path, {"starts_on": None}), 409, "dossier_frozen")
    await refused(firm, before, await lawyer.post(f"{path}/changes", EXTENDED), 409, "dossier_frozen")


async def test_the_same_request_twice_is_one_engagement(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    path, key = f"/v1/dossiers/{dossier['id']}/engagements", {"Idempotency-Key": "委托-1".encode().hex()}
    first = await lawyer.post(path, CONTRACT, headers=key)
    again = await lawyer.post(path, CONTRACT, headers=key)
    assert (again.status_code, again.json(), again.headers["idempotency-replayed"]) == (201, first.json(), "true")
    assert await firm.eyes.fetchval("SELECT count(*) FROM engagements") == 1


@pytest.mark.parametrize("signed", [True, False])
async def test_of_two_who_change_at_once_one_wins(firm: Firm, signed: bool) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    engagement = await made(lawyer, dossier, signers=SIGNED if signed else [], contract_number=None)
    path = f"/v1/engagements/{engagement['id']}"
    tag = {"If-Match": (await lawyer.get(path)).headers["etag"]}
    numbers = [f"第{number}号" for number in range(4)]
    answers = await asyncio.gather(*(lawyer.patch(path, {"contract_number": one}, headers=tag) for one in numbers))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    won = next(answer.json()["contract_number"] for answer in answers if answer.status_code == 200)
    assert (await lawyer.get(path)).json()["contract_number"] == won
    many = await asyncio.gather(*(lawyer.post(f"/v1/dossiers/{dossier['id']}/engagements", UNSIGNED) for _ in range(5)))
    assert sorted(answer.json()["serial"] for answer in many) == [2, 3, 4, 5, 6]
