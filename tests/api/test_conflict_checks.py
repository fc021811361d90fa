"""Conflict checks over HTTP: who is found how, what it means, and what is told of what one may not know of."""

from typing import Any

import pytest

from tests.support.checks import everything, pointers, refused
from tests.support.conflicts import CHECKS, body, checked, organization, person
from tests.support.firm import Firm, Person, done

ABSENT = "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"
NEW = [person("丙")]


def told(check: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(hit["how"], hit["matched_name"], hit["side"], hit["constellation"]) for hit in check["hits"]]


async def opponent(firm: Firm, by: Person, *parties: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Open a dossier for somebody against these."""
    return await firm.dossier(by, opposing_parties=list(parties), **fields)


@pytest.mark.parametrize(
    ("asked", "how"),
    [
        (organization("北京甲科技有限公司"), "same_name"), (organization("北京 甲科技 有限公司。"), "same_name"),
        (organization("甲科技"), "contains"), (organization("甲科技(北京)股份有限公司"), "contains"),
        (organization("上海甲科技发展有限公司"), "contains"), (organization("大甲科技"), "contains"),
        (organization("乙公司", former_names=["北京甲科技有限公司"]), "former_name"),
        (organization("北京旧名商贸有限公司"), "former_name"), (organization("舊名商貿"), "former_name"),
        (organization("丁公司", legal_representative="张三"), "legal_representative"),
        (person("張三"), "legal_representative"),
        (organization("戊公司", identifiers=[{"scheme": "other", "value": "A-1"}]), "identifier"),
    ],
)  # fmt: skip
async def test_a_client_is_found_as_an_opponent(firm: Firm, asked: dict[str, Any], how: str) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(
        lawyer, "北京甲科技有限公司", former_names=["北京旧名商贸有限公司"], legal_representative="张三",
        identifiers=[{"scheme": "other", "value": "A-1"}],
    )  # fmt: skip
    dossier = await firm.dossier(lawyer, client_ids=[client["id"]])
    check = await checked(firm, lawyer, NEW, asked)
    assert told(check) == [(how, client["name"], "client", "opponent_is_client")]
    hit = check["hits"][0]
    assert (hit["asked_name"], hit["asked_side"], hit["client_id"]) == (asked["name"], "opposing", client["id"])
    assert hit["dossiers"] == [{"id": dossier["id"], "number": dossier["number"], "state": "open"}]
    assert (hit["rule_code"], hit["rule_kind"], hit["refer"]) == ("against-client", "relative", False)
    assert (check["refer"], check["incomplete"], check["conclusion"], check["rules_version"]) == (False, False, None, 1)


@pytest.mark.parametrize("name", ["甲商贸", "北京乙科技有限公司", "科技", "甲", "北京科技有限公司"])
async def test_others_are_not_found(firm: Firm, name: str) -> None:
    lawyer = await firm.person("lawyer")
    await firm.client(lawyer, "北京甲科技有限公司")
    assert (await checked(firm, lawyer, NEW, organization(name)))["hits"] == []


async def test_short_names_are_found_as_wholes_and_beginnings_only(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    for name in ("百度网讯科技有限公司", "网讯百度科技有限公司"):
        await firm.client(lawyer, name)
    await firm.client(lawyer, "张三丰", kind="person")
    assert told(await checked(firm, lawyer, NEW, organization("北京百度有限公司"))) == [
        ("contains", "百度网讯科技有限公司", "client", "opponent_is_client")
    ]
    assert (await checked(firm, lawyer, NEW, person("张三")))["hits"] == []


async def test_an_opponent_is_found_as_a_client(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    numbered = organization(
        "上海乙贸易有限公司", identifiers=[{"scheme": "other", "value": "B-1"}], legal_representative="李四"
    )
    dossier = await opponent(firm, lawyer, numbered)
    assert dossier["opposing_parties"] == [
        {**numbered, "identifiers": [{"scheme": "other", "value": "B*1", "masked": True}]}
    ]
    check = await checked(firm, lawyer, [organization("乙贸易")], organization("丁"))
    assert told(check) == [("contains", "上海乙贸易有限公司", "opposing", "client_is_opponent")]
    check = await checked(firm, lawyer, [organization("己", identifiers=[{"scheme": "other", "value": "B-1"}])])
    assert told(check) == [("identifier", "上海乙贸易有限公司", "opposing", "client_is_opponent")]
    assert check["hits"][0]["client_id"] is None
    # Many dossiers against the same one are one hit.
    await opponent(firm, lawyer, numbered)
    check = await checked(firm, lawyer, [organization("上海乙贸易有限公司")])
    assert [len(hit["dossiers"]) for hit in check["hits"]] == [2]


async def test_related_parties_are_found(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    related = organization("天津庚控股集团有限公司")
    dossier = await firm.dossier(lawyer, related_parties=[related])
    assert dossier["related_parties"] == [related]
    check = await checked(firm, lawyer, [organization("庚控股")])
    assert told(check) == [("contains", related["name"], "related", "related")]
    client = await firm.client(lawyer, "辛工厂")
    check = await checked(firm, lawyer, NEW, related_parties=[organization("辛工厂")])
    assert told(check) == [("same_name", client["name"], "client", "related")]


async def test_both_sides_and_ones_own_lawyers_are_absolute(firm: Firm) -> None:
    lawyer = await firm.person("lawyer", name="王丽")
    check = await checked(firm, lawyer, [organization("甲公司")], organization("甲 公司"), lawyer_ids=[str(lawyer.id)])
    assert [(hit["constellation"], hit["rule_kind"]) for hit in check["hits"]] == [("both_sides", "absolute")]
    check = await checked(firm, lawyer, NEW, person("王丽"), lawyer_ids=[str(lawyer.id)])
    assert [(hit["constellation"], hit["rule_kind"]) for hit in check["hits"]] == [("lawyer_is_party", "absolute")]


async def test_the_other_side_of_the_same_case_is_absolute(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer, "甲方科技有限公司")
    await firm.dossier(lawyer, client_ids=[client["id"]], opposing_parties=[organization("乙方贸易有限公司")])
    check = await checked(firm, lawyer, [organization("乙方贸易有限公司")], organization("甲方科技有限公司"))
    assert {(hit["constellation"], hit["rule_kind"]) for hit in check["hits"]} == {("same_case_other_side", "absolute")}
    assert len(check["hits"]) == 2


async def test_what_was_named_once_is_found_for_ever(firm: Firm) -> None:
    director = await firm.person("director")
    client = await firm.client(director, "旧公司甲乙丙")
    dossier = await opponent(firm, director, organization("先前对手公司"), client_ids=[client["id"]])
    path = f"/v1/dossiers/{dossier['id']}"
    other = await firm.client(director, "新客户丁戊己")
    await director.change(path, {"opposing_parties": [organization("后来对手公司")], "client_ids": [other["id"]]})
    await director.change(f"/v1/clients/{client['id']}", {"name": "新名称庚辛壬"})
    for name in ("先前对手公司", "后来对手公司"):
        assert told(await checked(firm, director, [organization(name)])) == [
            ("same_name", name, "opposing", "client_is_opponent")
        ]
    check = await checked(firm, director, NEW, organization("旧公司甲乙丙"))
    assert told(check) == [("former_name", "旧公司甲乙丙", "client", "opponent_was_client")]
    await firm.eyes.execute("UPDATE dossiers SET state = 'destroyed', updated_at = now() - interval '2 years'")
    check = await checked(firm, director, NEW, organization("新名称庚辛壬"))
    assert told(check) == [("same_name", "新名称庚辛壬", "client", "opponent_was_client_long_ago")]
    assert (check["hits"][0]["rule_kind"], check["hits"][0]["dossiers"][0]["state"]) == (None, "destroyed")
    await firm.eyes.execute("ALTER TABLE dossiers DISABLE TRIGGER frozen")
    await firm.eyes.execute("UPDATE dossiers SET state = 'void'")
    assert (await checked(firm, director, [organization("先前对手公司")]))["hits"] == []


async def test_a_client_of_the_firm_is_asked_about_by_id(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer, "甲乙科技有限公司", former_names=["旧甲乙商行"])
    await opponent(firm, lawyer, organization("旧甲乙商行"))
    check = await checked(firm, lawyer, [{"client_id": client["id"]}])
    assert told(check) == [("former_name", "旧甲乙商行", "opposing", "client_is_opponent")]
    assert [(one["name"], one["client_id"]) for one in check["clients"]] == [(client["name"], client["id"])]


async def test_checks_that_can_not_be_made(firm: Firm) -> None:
    lawyer, stranger = await firm.person("lawyer"), await firm.person("finance")
    hidden = await firm.client(lawyer, "密客户")
    await firm.dossier(lawyer, client_ids=[hidden["id"]], confidentiality="confidential")
    other, before = await firm.person("lawyer"), await firm.tables()
    for clients, fields, pointer, code in (
        ([{"client_id": hidden["id"]}], {}, "/body/clients/0/client_id", "unknown_client"),
        ([{"client_id": ABSENT}], {}, "/body/clients/0/client_id", "unknown_client"),
        (NEW, {"matter_type": "none"}, "/body/matter_type", "unknown_matter_type"),
        (NEW, {"lawyer_ids": [ABSENT]}, "/body/lawyer_ids/0", "unknown_user"),
        ([{"client_id": ABSENT, "name": "x"}], {}, "/body/clients/0", "value_error"),
        ([{"name": "x"}], {}, "/body/clients/0", "value_error"),
        ([{**NEW[0], "legal_representative": "x"}], {}, "/body/clients/0", "value_error"),
        ([{"client_id": ABSENT}] * 2, {}, "/body", "value_error"), ([], {}, "/body/clients", "too_short"),
    ):  # fmt: skip
        problem = await refused(firm, before, await other.post(CHECKS, body(clients, **fields)), 422, "invalid")
        assert pointers(problem) == [(pointer, code)]
    await refused(firm, before, await stranger.post(CHECKS, body(NEW)), 403, "forbidden")


async def test_a_repeated_check_is_one(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    key = {"Idempotency-Key": "check-1"}
    first = await lawyer.post(CHECKS, body(NEW), headers=key)
    again = await lawyer.post(CHECKS, body(NEW), headers=key)
    assert (again.status_code, again.json(), again.headers["idempotency-replayed"]) == (201, first.json(), "true")
    assert await firm.events(again) == []
    assert await firm.eyes.fetchval("SELECT count(*) FROM conflict_checks") == 1


async def test_checks_are_seen_by_those_who_answer_for_them(firm: Firm) -> None:
    lawyer = await firm.person("lawyer", department="一部")
    check = await checked(firm, lawyer, NEW, organization("甲"))
    path = f"{CHECKS}/{check['id']}"
    for role, department, sees in (
        ("archivist", None, True), ("director", None, True), ("partner", "一部", True), ("partner", "二部", False),
        ("lawyer", "一部", False), ("assistant", None, False), ("auditor", None, False), ("security_admin", None, False),
    ):  # fmt: skip
        reader = await firm.person(role, department=department)
        before = await firm.tables()
        read = await reader.get(path)
        if sees:
            assert read.json() == check, role
            assert await firm.events(read) == done("conflict.viewed")
            listed = await reader.get(f"{CHECKS}?concluded=false")
            assert ([one["id"] for one in listed.json()["items"]], await firm.events(listed)) == (
                [check["id"]], done("conflict.listed"),
            )  # fmt: skip
        else:
            await refused(firm, before, read, 404, "not_found")
            listed = await reader.get(CHECKS)
            assert role == "auditor" or listed.json() == {"items": [], "next": None}, role
    own = await everything(lawyer, f"{CHECKS}?limit=1")
    await checked(firm, lawyer, NEW)
    assert [one["id"] for one in own] == [check["id"]]
    assert len(await everything(lawyer, f"{CHECKS}?limit=1")) == 2
    assert await everything(lawyer, f"{CHECKS}?concluded=true") == []
    assert await everything(lawyer, f"{CHECKS}?client_id={ABSENT}") == []
