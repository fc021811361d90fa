"""Lists of dossiers over HTTP: every filter alone and together, every order, page by page; only what one sees."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.checks import everything, pointers, refused
from tests.support.firm import Firm, Person, done


async def a_few(firm: Firm) -> tuple[Person, Person, list[dict[str, Any]]]:
    """Open dossiers that differ in everything that a list is narrowed by."""
    lawyer, other = await firm.person("lawyer", name="王丽"), await firm.person("lawyer", name="李明")
    one, two = await firm.client(lawyer, "甲公司"), await firm.client(lawyer, "乙公司")
    specs: list[tuple[Person, dict[str, Any], str, str, dict[str, Any]]] = [
        (lawyer, one, "civil", "2026-01-05", {"cause": "买卖合同纠纷", "external_refs": [{"system": "cm", "id": "1"}]}),
        (
            lawyer,
            two,
            "civil",
            "2026-02-05",
            {"cause": "借款 100% 合同", "external_refs": [{"system": "cm", "id": "2:x"}]},
        ),
        (other, one, "criminal", "2026-02-05", {"cause": "盗窃", "court_case_number": "(2026)京01刑初9号"}),
        (other, two, "retainer", "2025-12-31", {"cause": "常年顾问", "title": "乙公司_顾问"}),
        (lawyer, one, "civil", "2026-03-05", {"cause": "劳动争议"}),
    ]
    dossiers = [
        await firm.dossier(lead, client_ids=[client["id"]], matter_type=kind, opened_on=day, **more)
        for lead, client, kind, day, more in specs
    ]
    voided = await lawyer.post(f"/v1/dossiers/{dossiers[4]['id']}/void", {"reason": "误立"})
    assert voided.status_code == 200
    return lawyer, other, dossiers


async def test_filters_narrow_alone_and_together(firm: Firm) -> None:
    lawyer, other, dossiers = await a_few(firm)
    one = dossiers[0]["client_ids"][0]
    for params, found in (
        ({}, {0, 1, 2, 3, 4}), ({"state": "open"}, {0, 1, 2, 3}), ({"state": "void"}, {4}), ({"state": "filed"}, set()),
        ({"matter_type": "civil"}, {0, 1, 4}), ({"client_id": one}, {0, 2, 4}), ({"lead_lawyer_id": str(other.id)}, {2, 3}),
        ({"number": dossiers[1]["number"]}, {1}), ({"number": dossiers[1]["number"][:-1]}, set()),
        ({"external_ref": "cm:1"}, {0}), ({"external_ref": "cm:2:x"}, {1}), ({"external_ref": "other:1"}, set()),
        ({"opened_from": "2026-02-05"}, {1, 2, 4}), ({"opened_to": "2026-02-05"}, {0, 1, 2, 3}),
        ({"opened_from": "2026-02-05", "opened_to": "2026-02-05"}, {1, 2}), ({"q": "合同"}, {0, 1}), ({"q": "100%"}, {1}),
        ({"q": "%"}, {1}), ({"q": "_"}, {3}), ({"q": "甲公"}, {0, 2, 4}), ({"q": "刑初9"}, {2}), ({"q": "ms-l01"}, {0, 1, 4}),
        ({"q": "乙公司_"}, {3}), ({"q": "合同", "client_id": one}, {0}),
        ({"matter_type": "civil", "state": "open", "opened_from": "2026-01-06", "lead_lawyer_id": str(lawyer.id)}, {1}),
    ):  # fmt: skip
        answer = await lawyer.get("/v1/dossiers", params=params)
        assert answer.status_code == 200, answer.text
        assert {item["id"] for item in answer.json()["items"]} == {dossiers[index]["id"] for index in found}, params
        event = await firm.event(answer)
        assert (event["type"], event["outcome"]) == ("dossier.listed", "success")
        assert event["details"] == {"filter": params, "returned": [item["id"] for item in answer.json()["items"]]}


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"state": "asleep"}, "/query/state"), ({"matter_type": "x"}, "/query/matter_type"), ({"client_id": "1"}, "/query/client_id"),
        ({"external_ref": "cm"}, "/query/external_ref"), ({"external_ref": ":1"}, "/query/external_ref"),
        ({"opened_from": "2026-02-30"}, "/query/opened_from"), ({"opened_from": "2026-02-02", "opened_to": "2026-02-01"}, "/query"),
        ({"sort": "title"}, "/query/sort"), ({"q": ""}, "/query/q"), ({"q": "a\u202eb"}, "/query/q"), ({"colour": "red"}, "/query/colour"),
    ],
)  # fmt: skip
async def test_filter_that_can_not_be(firm: Firm, params: dict[str, str], pointer: str) -> None:
    lawyer = await firm.person("lawyer")
    before = await firm.tables()
    problem = await refused(firm, before, await lawyer.get("/v1/dossiers", params=params), 422, "invalid")
    assert [where for where, _ in pointers(problem)] == [pointer]


@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_orders_page_by_page(firm: Firm, limit: int) -> None:
    lawyer, _, dossiers = await a_few(firm)
    by_date = sorted(dossiers, key=lambda item: (item["opened_on"], item["id"]))
    for sort, expected in (
        ("opened_on", by_date), ("-opened_on", by_date[::-1]), ("number", sorted(dossiers, key=lambda item: item["number"])),
    ):  # fmt: skip
        items = await everything(lawyer, f"/v1/dossiers?sort={sort}&limit={limit}")
        assert [item["id"] for item in items] == [item["id"] for item in expected], sort
    newest_first = await lawyer.get("/v1/dossiers")
    assert [item["id"] for item in newest_first.json()["items"]] == [item["id"] for item in by_date[::-1]]


async def test_lists_hold_only_what_one_sees(firm: Firm) -> None:
    lawyer, other, finance = await firm.person("lawyer"), await firm.person("lawyer"), await firm.person("finance")
    levels = ("public", "internal", "confidential", "restricted", "sealed")
    client = await firm.client(lawyer)
    dossiers = {level: await firm.dossier(lawyer, client_ids=[client["id"]], confidentiality=level) for level in levels}
    for person, seen in ((lawyer, levels), (other, levels[:2]), (finance, levels[:1])):
        items = await everything(person, "/v1/dossiers?limit=2")
        assert {item["id"] for item in items} == {dossiers[level]["id"] for level in seen}
        for level in set(levels) - set(seen):
            for params in ({"number": dossiers[level]["number"]}, {"q": dossiers[level]["number"]}):
                answer = await person.get("/v1/dossiers", params=params)
                assert answer.json() == {"items": [], "next": None}
                assert await firm.events(answer) == done("dossier.listed")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_any_filter_gives_what_a_plain_loop_would(firm: Firm, data: st.DataObject) -> None:
    if not hasattr(firm, "few"):
        firm.few = await a_few(firm)  # type: ignore[attr-defined]
    lawyer, _, dossiers = firm.few  # type: ignore[attr-defined]
    current = await everything(lawyer, "/v1/dossiers")
    assert len(current) == len(dossiers)

    def pick(name: str) -> Any:
        return data.draw(st.none() | st.sampled_from(sorted({str(item[name]) for item in current})), label=name)

    params = {name: value for name in ("state", "matter_type", "lead_lawyer_id", "number") if (value := pick(name))}
    start, end = sorted((pick("opened_on") or "2000-01-01", pick("opened_on") or "2026-12-31"))
    q = data.draw(st.none() | st.sampled_from(["合同", "公司", "L01", "%", "顾问", "无"]), label="q")
    expected = {
        item["id"] for item in current
        if all(item[name] == value for name, value in params.items()) and start <= item["opened_on"] <= end
        and (q is None or q in "|".join([
            item["number"], item["cause"], item["title"] or "", item["court_case_number"] or "",
            *(client["name"] for client in item["clients"]),
        ]))
    }  # fmt: skip
    query = params | {"opened_from": start, "opened_to": end} | ({"q": q} if q else {})
    answer = await lawyer.get("/v1/dossiers", params=query)
    assert {item["id"] for item in answer.json()["items"]} == expected
