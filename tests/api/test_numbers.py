"""Numbers (案号) over HTTP: by the firm's rule, unique, without a silent gap, also when everybody opens at once."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.support.checks import everything, pointers, refused
from tests.support.firm import Firm, Person, done


async def set_rules(firm: Firm, **fields: Any) -> httpx.Response:
    """Change the firm's rules, the rest staying as it is."""
    admin = await firm.person("system_admin")
    rules = (await admin.get("/v1/firm-rules")).json()
    body = {name: value for name, value in rules.items() if name not in {"version", "changed_at"}} | fields
    return await admin.change("/v1/firm-rules", body, "PUT")


@pytest.mark.timeout(180)
async def test_64_clients_open_1000_dossiers_at_once(firm: Firm) -> None:
    lawyers = [await firm.person("lawyer") for _ in range(4)]
    clients = {lawyer.id: await firm.client(lawyer) for lawyer in lawyers}
    # Four lawyers, two matter types, every fourth sealed: sixteen series, 1,000 dossiers, 64 callers at a time.
    todo = [
        (lawyers[n % 4], ("civil", "criminal")[n // 4 % 2], "sealed" if n // 8 % 4 == 0 else "internal")
        for n in range(1000)
    ]
    wanted = Counter(todo_key(*item) for item in todo)
    answers: list[tuple[str, str]] = []

    async def caller() -> None:
        while todo:
            lawyer, matter_type, level = todo.pop()
            body = {
                "client_ids": [clients[lawyer.id]["id"]], "matter_type": matter_type, "cause": "借款", "opened_on": "2026-01-05",
                "lead_lawyer_id": str(lawyer.id), "confidentiality": level,
            }  # fmt: skip
            made = await lawyer.post("/v1/dossiers", body)
            # A machine with other work puts some off; who does as he is told repeats.
            while made.status_code == 503:
                await asyncio.sleep(int(made.headers["retry-after"]))
                made = await lawyer.post("/v1/dossiers", body)
            assert made.status_code == 201, made.text
            answers.append((todo_key(lawyer, matter_type, level), made.json()["number"]))

    await asyncio.gather(*(caller() for _ in range(64)))
    numbers = [number for _, number in answers]
    assert len(set(numbers)) == len(numbers) == 1000
    codes = await firm.eyes.fetch("SELECT id, lawyer_code FROM users")
    code_of = {str(row["id"]): row["lawyer_code"] for row in codes}
    for key, amount in wanted.items():
        lawyer_id, matter_type, level = key.split("/")
        head = (
            f"2026-{'MS' if matter_type == 'civil' else 'XS'}-{code_of[lawyer_id]}-{'M' if level == 'sealed' else ''}"
        )
        drawn = sorted(number for which, number in answers if which == key)
        assert drawn == [f"{head}{serial:04d}" for serial in range(1, amount + 1)]
    assert await firm.eyes.fetchval("SELECT count(*) FROM dossier_numbers WHERE state = 'issued'") == 1000
    assert await firm.eyes.fetchval("SELECT count(*) FROM events WHERE type = 'dossier.opened'") == 1000


def todo_key(lawyer: Person, matter_type: str, level: str) -> str:
    """Name the series that a dossier draws from."""
    return f"{lawyer.id}/{matter_type}/{'sealed' if level == 'sealed' else 'ordinary'}"


async def test_openings_that_fail_leave_no_gap(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer)
    good = {
        "client_ids": [client["id"]],
        "matter_type": "civil",
        "cause": "借款",
        "lead_lawyer_id": str(lawyer.id),
        "opened_on": "2026-01-05",
    }
    # An external reference that the database refuses comes after the draw: its number is free again with the rollback.
    await firm.eyes.execute(
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'disk_full'; END $$;"
        " CREATE TRIGGER no BEFORE INSERT ON external_refs FOR EACH ROW EXECUTE FUNCTION no()"
    )
    bad = good | {"external_refs": [{"system": "a", "id": "1"}]}
    answers = await asyncio.gather(*(lawyer.post("/v1/dossiers", bad if n % 2 else good) for n in range(20)))
    assert Counter(answer.status_code for answer in answers) == {201: 10, 503: 10}
    numbers = sorted(answer.json()["number"] for answer in answers if answer.status_code == 201)
    assert numbers == [f"2026-MS-L01-{serial:04d}" for serial in range(1, 11)]
    for answer in answers:
        assert await firm.events(answer) == (done("dossier.opened") if answer.status_code == 201 else [])
        assert answer.status_code == 201 or int(answer.headers["retry-after"]) >= 1


async def test_register_by_year_and_type_page_by_page(firm: Firm) -> None:
    lawyer, finance = await firm.person("lawyer"), await firm.person("finance")
    client = await firm.client(lawyer)
    for matter_type, day in (
        ("civil", "2026-01-01"),
        ("civil", "2025-12-31"),
        ("criminal", "2026-05-05"),
        ("civil", "2026-02-02"),
    ):
        await firm.dossier(lawyer, client_ids=[client["id"]], matter_type=matter_type, opened_on=day)
    for params, found in (
        ("", ["2025-MS-L01-0001", "2026-MS-L01-0001", "2026-MS-L01-0002", "2026-XS-L01-0001"]),
        ("year=2026", ["2026-MS-L01-0001", "2026-MS-L01-0002", "2026-XS-L01-0001"]), ("matter_type=criminal", ["2026-XS-L01-0001"]),
        ("year=2025&matter_type=civil", ["2025-MS-L01-0001"]), ("year=1999", []),
    ):  # fmt: skip
        answer = await lawyer.get(f"/v1/numbers?{params}")
        assert [line["number"] for line in answer.json()["items"]] == found
        assert await firm.events(answer) == done("number.listed")
        assert (await firm.event(answer))["details"]["returned"] == found
        assert [line["number"] for line in await everything(lawyer, f"/v1/numbers?limit=1&{params}")] == found
    before = await firm.tables()
    await refused(firm, before, await finance.get("/v1/numbers"), 403, "forbidden")
    for params, pointer in (("year=1", "/query/year"), ("matter_type=x", "/query/matter_type")):
        problem = await refused(firm, before, await lawyer.get(f"/v1/numbers?{params}"), 422)
        assert [where for where, _ in pointers(problem)] == [pointer]


async def test_sealed_numbers_are_in_the_register_for_those_who_may_know(firm: Firm) -> None:
    lawyer, archivist = await firm.person("lawyer"), await firm.person("archivist")
    sealed = await firm.dossier(lawyer, confidentiality="sealed", opened_on="2026-01-05")
    plain = await firm.dossier(lawyer, opened_on="2026-01-05")
    assert (sealed["number"], plain["number"]) == ("2026-MS-L01-M0001", "2026-MS-L01-0001")
    assert {line["number"] for line in await everything(lawyer, "/v1/numbers")} == {sealed["number"], plain["number"]}
    # The series without the sealed ones has no gap that would betray them.
    assert [line["number"] for line in await everything(archivist, "/v1/numbers")] == [plain["number"]]


async def test_new_rules_number_what_comes_and_leave_what_was(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer)

    async def opened(**fields: Any) -> str:
        made = await firm.dossier(lawyer, client_ids=[client["id"]], opened_on="2026-01-05", **fields)
        return str(made["number"])

    assert await opened() == "2026-MS-L01-0001"
    changed = await set_rules(
        firm,
        number_rule="〔{year}〕{type}字第{serial}号",
        serial_scope=["year", "type"],
        sealed_number_rule="密〔{year}〕{type}字第{serial}号",
    )
    assert changed.status_code == 200, changed.text
    assert [await opened(), await opened(), await opened(confidentiality="sealed")] == [
        "〔2026〕MS字第1号",
        "〔2026〕MS字第2号",
        "密〔2026〕MS字第1号",
    ]
    # Back to the old rule: its series goes on, and nothing is given twice.
    await set_rules(
        firm,
        number_rule="{year}-{type}-{lawyer}-{serial:04d}",
        sealed_number_rule="{year}-{type}-{lawyer}-M{serial:04d}",
        serial_scope=["year", "type", "lawyer"],
    )
    assert await opened() == "2026-MS-L01-0002"
    # A scope of the whole firm that meets numbers of an earlier rule passes over them: they stand in the register.
    await set_rules(firm, number_rule="{year}-{type}-{lawyer}-{serial:04d}", serial_scope=["year", "type"])
    assert await opened() == "2026-MS-L01-0003"
    numbers = {line["number"] for line in await everything(lawyer, "/v1/numbers")}
    assert len(numbers) == 6


async def test_code_of_a_matter_type_is_the_firms_own(firm: Firm) -> None:
    lawyer, admin = await firm.person("lawyer"), await firm.person("system_admin")
    labels = {"label_zh": "民商事", "label_en": "Civil and commercial"}
    changed = await admin.change("/v1/matter-types/civil", {"number_code": "MSS", **labels}, "PUT")
    assert changed.status_code == 200, changed.text
    assert await firm.events(changed) == done("matter_type.changed")
    details = (await firm.event(changed))["details"]
    assert (details["old"]["number_code"], details["new"]["number_code"]) == ("MS", "MSS")
    dossier = await firm.dossier(lawyer, opened_on="2026-01-05")
    assert dossier["number"] == "2026-MSS-L01-0001"
    before = await firm.tables()
    taken = await admin.change("/v1/matter-types/civil", {"number_code": "XS", **labels}, "PUT")
    await refused(firm, before, taken, 409, "conflict")
