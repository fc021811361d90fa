"""Clients over HTTP: identifiers checked, masked and never taken twice where one may know of it; originals verified."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.core.clock import today
from tests.support.checks import pointers, refused
from tests.support.firm import Firm, Refusal, done

USCC, CN_ID = "91110108MA01ABCD5T", "11010519491231002X"
ORGANIZATION: dict[str, Any] = {"kind": "organization", "name": "北京示例科技有限公司"}
PERSON: dict[str, Any] = {"kind": "person", "name": "张三"}
WHOLE: dict[str, Any] = {
    "kind": "organization", "name": "北京示例科技有限公司", "legal_representative": "张三",
    "identifiers": [{"scheme": "uscc", "value": USCC}, {"scheme": "other", "value": "税号-1"}],
    "registration": {"address": "北京市海淀区", "established_on": "2001-02-03", "business_scope": "软件开发\n技术服务"},
    "former_names": ["北京旧名有限公司"], "contacts": [{"kind": "phone", "value": "010-12345678"}], "remarks": "续聘客户",
}  # fmt: skip


def identified(value: str, scheme: str = "uscc", kind: str = "organization") -> dict[str, Any]:
    """Give a client with one identifier."""
    return {"kind": kind, "name": "某客户", "identifiers": [{"scheme": scheme, "value": value}]}


async def test_client_comes_back_as_it_was_given(firm: Firm) -> None:
    archivist = await firm.person("archivist")
    made = await archivist.post("/v1/clients", WHOLE)
    assert made.status_code == 201, made.text
    client = made.json()
    assert made.headers["location"] == f"/v1/clients/{client['id']}"
    assert await firm.events(made) == done("client.created")
    event = await firm.event(made)
    assert (event["subject_type"], str(event["subject_id"]), event["subject_label"]) == (
        "client",
        client["id"],
        WHOLE["name"],
    )
    assert event["details"]["new"]["identifiers"] == WHOLE["identifiers"]
    read = await archivist.get(made.headers["location"])
    assert read.json() == client
    assert read.headers["etag"] == made.headers["etag"]
    assert await firm.events(read) == done("client.viewed")
    assert [(item["value"], item["masked"]) for item in client["identifiers"]] == [(USCC, False), ("税号-1", False)]
    assert client["contacts"] == [{"kind": "phone", "value": "010-12345678", "masked": False}]
    for name in ("name", "legal_representative", "former_names", "remarks"):
        assert client[name] == WHOLE[name]
    assert client["registration"]["business_scope"] == "软件开发\n技术服务"


@pytest.mark.parametrize(
    ("scheme", "given", "kept"),
    [
        ("uscc", "9111 0108 ma01 abcd5t", USCC), ("uscc", "９１１１０１０８ＭＡ０１ＡＢＣＤ５Ｔ", USCC),
        ("cn_id", "110105 19491231 002x", CN_ID), ("cn_id", "810000199001010019", "810000199001010019"),
        ("passport", "e-1234567", "E1234567"), ("other", "  示例-0001 ", "示例-0001"),
    ],
)  # fmt: skip
async def test_identifiers_have_one_written_form(firm: Firm, scheme: str, given: str, kept: str) -> None:
    archivist = await firm.person("archivist")
    made = await archivist.post("/v1/clients", identified(given, scheme, "person"))
    assert made.status_code == 201, made.text
    assert [item["value"] for item in made.json()["identifiers"]] == [kept]
    assert await firm.events(made) == done("client.created")
    # Written otherwise it is still the same one.
    before = await firm.tables()
    again = await archivist.post("/v1/clients", identified(kept, scheme, "person"))
    problem = await refused(firm, before, again, 409, "duplicate_client")
    assert problem["client_id"] == made.json()["id"]


@pytest.mark.parametrize(
    ("scheme", "value"),
    [
        ("uscc", USCC[:-1] + "U"), ("uscc", USCC[:-1]), ("uscc", USCC + "0"), ("uscc", "9111************5T"), ("uscc", "某码"),
        ("cn_id", "110105194912310023"), ("cn_id", "11010519491331002X"), ("cn_id", "1101051949123100"), ("cn_id", "110105194902300020"),
        ("passport", "E1"), ("passport", "E12345*7"), ("other", "*"), ("other", "a*b"), ("other", " "), ("other", "a\u202eb"),
    ],
)  # fmt: skip
async def test_wrong_identifier_is_pointed_at(firm: Firm, scheme: str, value: str) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer)
    before = await firm.tables()
    wrong = {"identifiers": [{"scheme": "other", "value": "对的"}, {"scheme": scheme, "value": value}]}
    for answer in (
        await lawyer.post("/v1/clients", ORGANIZATION | wrong),
        await lawyer.change(f"/v1/clients/{client['id']}", wrong),
    ):
        problem = await refused(firm, before, answer, 422, "invalid")
        assert pointers(problem) == [("/body/identifiers/1", "value_error")]


async def test_every_wrong_check_digit_is_found(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    before = await firm.tables()
    digits = [*(f"{USCC[:-1]}{end}" for end in "0123456789ABCDEFGHJKLMNPQRTUWXY" if end != USCC[-1])]
    bodies = [identified(value) for value in digits]
    bodies += [identified(f"{CN_ID[:-1]}{end}", "cn_id", "person") for end in "0123456789X" if end != CN_ID[-1]]
    for body in bodies:
        await refused(firm, before, await lawyer.post("/v1/clients", body), 422, "invalid")


async def test_same_identifier_twice_in_one_client_is_refused(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    before = await firm.tables()
    twice = [{"scheme": "uscc", "value": USCC}, {"scheme": "uscc", "value": USCC.lower()}]
    answer = await lawyer.post("/v1/clients", ORGANIZATION | {"identifiers": twice})
    problem = await refused(firm, before, answer, 422, "invalid")
    assert pointers(problem) == [("/body/identifiers", "value_error")]


async def test_identifier_of_a_known_client_names_him(firm: Firm) -> None:
    one, other = await firm.person("lawyer"), await firm.person("lawyer")
    first = await firm.client(one, identifiers=[{"scheme": "uscc", "value": USCC}])
    second = await firm.client(other)
    before = await firm.tables()
    for answer in (
        await other.post("/v1/clients", identified(USCC)),
        await other.change(f"/v1/clients/{second['id']}", {"identifiers": [{"scheme": "uscc", "value": USCC}]}),
    ):
        problem = await refused(firm, before, answer, 409, "duplicate_client")
        assert problem["client_id"] == first["id"]
    # Another scheme with the same letters is another identifier.
    fine = await other.post("/v1/clients", identified(USCC, "other"))
    assert fine.status_code == 201
    # His own he may keep.
    kept = await one.change(f"/v1/clients/{first['id']}", {"identifiers": [{"scheme": "uscc", "value": USCC}]})
    assert kept.status_code == 200
    assert await firm.events(kept) == done("client.changed")


async def test_identifier_of_a_hidden_client_shows_nothing(firm: Firm) -> None:
    insider, outsider, archivist = (
        await firm.person("lawyer"),
        await firm.person("lawyer"),
        await firm.person("archivist"),
    )
    hidden = await firm.client(insider, identifiers=[{"scheme": "uscc", "value": USCC}])
    await firm.dossier(insider, client_ids=[hidden["id"]], confidentiality="restricted")
    made = await outsider.post("/v1/clients", identified(USCC))
    fresh = await outsider.post("/v1/clients", identified("无人用过", "other"))
    assert made.status_code == fresh.status_code == 201
    assert made.json().keys() == fresh.json().keys()
    assert {k.lower() for k in made.headers} == {k.lower() for k in fresh.headers}
    assert hidden["id"] not in made.text
    # The pair goes to the archivist, by the service and not by the one who must not learn of it.
    assert await firm.events(made) == done("client.created", "client.duplicate_suspected")
    rows = await firm.eyes.fetch("SELECT * FROM events WHERE type = 'client.duplicate_suspected'")
    assert [(row["actor_id"], row["details"]) for row in rows] == [
        (None, {"other_client_id": hidden["id"], "scheme": "uscc"})
    ]
    own = (await outsider.get("/v1/events")).json()["items"]
    assert "client.duplicate_suspected" not in {event["type"] for event in own}
    listed = await archivist.get("/v1/events?type=client.duplicate_suspected")
    assert [event["subject"]["id"] for event in listed.json()["items"]] == [made.json()["id"]]
    for person in (outsider, insider):
        assert (await person.get("/v1/events?type=client.duplicate_suspected")).json()["items"] == []


async def test_two_who_take_one_identifier_at_once(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    answers = await asyncio.gather(*(lawyer.post("/v1/clients", identified(USCC)) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]
    made = next(answer.json()["id"] for answer in answers if answer.status_code == 201)
    for answer in answers:
        assert await firm.events(answer) == (done("client.created") if answer.status_code == 201 else [])
        assert answer.status_code == 201 or answer.json()["client_id"] == made
    assert await firm.eyes.fetchval("SELECT count(*) FROM clients") == 1


async def test_identifiers_and_contacts_are_masked_but_for_those_who_work_for_him(firm: Firm) -> None:
    lawyer, colleague, partner = await firm.person("lawyer"), await firm.person("lawyer"), await firm.person("partner")
    archivist, director = await firm.person("archivist"), await firm.person("director")
    client = await firm.client(lawyer, **{name: value for name, value in WHOLE.items() if name not in {"kind", "name"}})
    await firm.dossier(lawyer, client_ids=[client["id"]])
    for person, whole in ((lawyer, True), (archivist, True), (director, True), (colleague, False), (partner, False)):
        one = await person.get(f"/v1/clients/{client['id']}")
        listed = (await person.get("/v1/clients")).json()["items"]
        for shown in (one.json(), listed[0]):
            assert [item["masked"] for item in shown["identifiers"] + shown["contacts"]] == [not whole] * 3
            values = [item["value"] for item in shown["identifiers"] + shown["contacts"]]
            assert values == (
                [USCC, "税号-1", "010-12345678"] if whole else ["9111************5T", "税**1", "010-******78"]
            )
        assert (await firm.event(one))["details"]["whole"] == whole
    # What is masked can't be sent back as if it were the thing.
    before = await firm.tables()
    masked = (await colleague.get(f"/v1/clients/{client['id']}")).json()["contacts"][0]["value"]
    answer = await colleague.change(f"/v1/clients/{client['id']}", {"contacts": [{"kind": "phone", "value": masked}]})
    assert pointers(await refused(firm, before, answer, 422)) == [("/body/contacts/0/value", "value_error")]


async def test_change_says_what_was_and_what_is(firm: Firm) -> None:
    archivist = await firm.person("archivist")
    client = (await archivist.post("/v1/clients", WHOLE)).json()
    path = f"/v1/clients/{client['id']}"
    changed = await archivist.change(
        path,
        {"name": "新名", "remarks": None, "registration": None, "identifiers": [{"scheme": "other", "value": "新"}]},
    )
    assert changed.status_code == 200, changed.text
    assert await firm.events(changed) == done("client.changed")
    trace = (await firm.event(changed))["details"]["changed"]
    assert trace["name"] == [WHOLE["name"], "新名"]
    assert trace["remarks"] == ["续聘客户", None]
    assert trace["identifiers"] == [WHOLE["identifiers"], [{"scheme": "other", "value": "新"}]]
    after = changed.json()
    assert (after["name"], after["remarks"], after["registration"]) == ("新名", None, None)
    assert (after["former_names"], after["contacts"]) == (client["former_names"], client["contacts"])
    assert after["updated_at"] > client["updated_at"]
    assert (await archivist.get(path)).json() == after
    # The old identifier is free again.
    assert (await archivist.post("/v1/clients", identified(USCC))).status_code == 201


async def test_a_person_has_no_business_registration(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    person = (await lawyer.post("/v1/clients", PERSON)).json()
    before = await firm.tables()
    for field in ({"legal_representative": "李四"}, {"registration": {"address": "北京"}}):
        await refused(firm, before, await lawyer.post("/v1/clients", PERSON | field), 422, "invalid")
        answer = await lawyer.change(f"/v1/clients/{person['id']}", field)
        assert pointers(await refused(firm, before, answer, 422)) == [("/body", "not_for_persons")]
    for name in ("name", "identifiers", "former_names", "contacts"):
        answer = await lawyer.change(f"/v1/clients/{person['id']}", {name: None})
        await refused(firm, before, answer, 422, "invalid")


async def test_search_finds_names_and_former_names_literally(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    for name, former in (("甲公司", []), ("乙公司", ["甲旧公司"]), ("100%公司", []), ("A_B", []), ("axb", [])):
        await firm.client(lawyer, name, former_names=former)
    for q, found in (
        ("甲", ["乙公司", "甲公司"]),
        ("%", ["100%公司"]),
        ("_", ["A_B"]),
        ("AX", ["axb"]),
        ("无", []),
        ("\\", []),
    ):
        answer = await lawyer.get("/v1/clients", params={"q": q})
        assert sorted(item["name"] for item in answer.json()["items"]) == sorted(found), q
        assert await firm.events(answer) == done("client.listed")
        assert (await firm.event(answer))["details"]["filter"] == {"q": q}


@pytest.mark.parametrize("role", ["finance", "auditor", "system_admin", "security_admin"])
async def test_who_does_not_work_with_clients_sees_none(firm: Firm, role: str) -> None:
    lawyer, outsider = await firm.person("lawyer"), await firm.person(role)
    client = await firm.client(lawyer)
    before = await firm.tables()
    await refused(firm, before, await outsider.post("/v1/clients", ORGANIZATION), 403)
    await refused(firm, before, await outsider.get("/v1/clients"), 403)
    for method, path in (("GET", ""), ("PATCH", ""), ("POST", "/verifications"), ("GET", "/verifications")):
        body = (
            {"json": {"document_type": "营业执照", "original_seen": True, "verified_on": "2026-03-01"}}
            if method == "POST"
            else {}
        )
        if method == "PATCH":
            body = {"json": {"remarks": "x"}, "headers": {"If-Match": "*"}}
        answer = await outsider.request(method, f"/v1/clients/{client['id']}{path}", **body)
        await refused(firm, before, answer, 404, "not_found")


async def test_client_whose_every_dossier_is_hidden_is_hidden(firm: Firm) -> None:
    lawyer, other, creator = await firm.person("lawyer"), await firm.person("lawyer"), await firm.person("assistant")
    client = await firm.client(creator)
    assert (await other.get(f"/v1/clients/{client['id']}")).status_code == 200  # he has no dossier yet
    await firm.dossier(creator, lawyer, client_ids=[client["id"]], confidentiality="confidential")
    before = await firm.tables()
    hidden = await other.get(f"/v1/clients/{client['id']}")
    await refused(firm, before, hidden, 404, "not_found")
    assert client["id"] not in (await other.get("/v1/clients")).text
    assert (await creator.get(f"/v1/clients/{client['id']}")).status_code == 200
    # One dossier that he sees is enough.
    await firm.dossier(creator, lawyer, client_ids=[client["id"]], confidentiality="internal")
    assert (await other.get(f"/v1/clients/{client['id']}")).status_code == 200


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        ({"original_seen": False}, "/body/original_seen"), ({"document_type": ""}, "/body/document_type"),
        ({"verified_on": (today() + timedelta(days=1)).isoformat()}, "/body/verified_on"),
        ({"verified_on": "2026-02-30"}, "/body/verified_on"), ({"verified_by": "me"}, "/body/verified_by"),
    ],
)  # fmt: skip
async def test_verification_must_hold(firm: Firm, field: dict[str, Any], pointer: str) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer)
    before = await firm.tables()
    body = {"document_type": "营业执照", "original_seen": True, "verified_on": "2026-03-01"} | field
    problem = await refused(firm, before, await lawyer.post(f"/v1/clients/{client['id']}/verifications", body), 422)
    assert [where for where, _ in pointers(problem)] == [pointer]


async def test_refusals_of_absent_and_hidden_clients_are_one(firm: Firm) -> None:
    lawyer, other = await firm.person("lawyer"), await firm.person("lawyer")
    client = await firm.client(lawyer)
    await firm.dossier(lawyer, client_ids=[client["id"]], confidentiality="restricted")
    answers = [await other.get(f"/v1/clients/{id_}") for id_ in (client["id"], "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11")]
    said = [{k: v for k, v in answer.json().items() if k not in {"instance", "request_id"}} for answer in answers]
    assert said[0] == said[1]
    recorded = [await firm.event(answer) for answer in answers]
    assert [await firm.events(answer) for answer in answers] == [[Refusal]] * 2
    assert [(event["subject_label"], event["dossier_id"], event["details"]) for event in recorded] == [
        (None, None, {"act": "client.read", "rule": "not_visible"})
    ] * 2
