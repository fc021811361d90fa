"""Events over HTTP: found by every filter, read by those who may, masked where they must be; pages and streams alike."""

import asyncio
import csv
import io
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.reports import event_log
from tests.support.checks import everything, pointers, refused
from tests.support.firm import Firm, Person, done

ABSENT = "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"
KINDS = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}


async def a_history(firm: Firm) -> tuple[Person, Person, Person, dict[str, Any], dict[str, Any]]:
    """Let a lead and a stranger leave events about two dossiers."""
    lead, stranger, auditor = await firm.person("lawyer"), await firm.person("lawyer"), await firm.person("auditor")
    dossier, other = await firm.dossier(lead, confidentiality="confidential"), await firm.dossier(stranger)
    entry = await firm.entry(lead, dossier["id"])
    await lead.get(f"/v1/entries/{entry['id']}")
    await stranger.get(f"/v1/dossiers/{dossier['id']}")
    await stranger.get(f"/v1/dossiers/{other['id']}", headers={"X-Request-Id": "the-one"})
    return lead, stranger, auditor, dossier, entry


async def test_filters(firm: Firm) -> None:
    lead, stranger, auditor, dossier, entry = await a_history(firm)
    rows = await firm.eyes.fetch("SELECT * FROM events ORDER BY id DESC")
    middle = rows[len(rows) // 2]["recorded_at"]
    # The dossier's refusal stands under it for those who read all, though its event names no dossier.
    about = {
        str(row["id"])
        for row in rows
        if str(row["dossier_id"]) == dossier["id"] or str(row["subject_id"]) == dossier["id"]
    }
    cases: list[tuple[dict[str, str], set[str]]] = [
        ({}, {str(row["id"]) for row in rows}), ({"dossier_id": dossier["id"]}, about),
        ({"entry_id": entry["id"]}, {str(row["id"]) for row in rows if str(row["entry_id"]) == entry["id"]}),
        ({"actor_id": str(stranger.id)}, {str(row["id"]) for row in rows if row["actor_id"] == stranger.id}),
        ({"type": "entry.viewed"}, {str(row["id"]) for row in rows if row["type"] == "entry.viewed"}),
        ({"outcome": "denied"}, {str(row["id"]) for row in rows if row["outcome"] == "denied"}),
        ({"request_id": "the-one"}, {str(row["id"]) for row in rows if row["request_id"] == "the-one"}),
        ({"from": middle.isoformat()}, {str(row["id"]) for row in rows if row["recorded_at"] >= middle}),
        ({"to": middle.isoformat()}, {str(row["id"]) for row in rows if row["recorded_at"] < middle}),
        ({"from": middle.isoformat(), "to": middle.isoformat()}, set()), ({"dossier_id": ABSENT}, set()),
        ({"from": "0001-01-01T00:00:00+14:00"}, {str(row["id"]) for row in rows}), ({"to": "0001-01-01T00:00:00Z"}, set()),
        ({"from": "9999-12-31T23:59:59-12:00"}, set()),
        ({"actor_id": str(lead.id), "type": "dossier.opened"}, {str(row["id"]) for row in rows if row["type"] == "dossier.opened" and row["actor_id"] == lead.id}),
    ]  # fmt: skip
    last = {"to": (rows[0]["recorded_at"] + timedelta(microseconds=1)).isoformat()}
    for params, expected in cases:
        answer = await auditor.get("/v1/events", params={**last, **params, "limit": "200"})
        assert answer.status_code == 200, answer.text
        items = answer.json()["items"]
        assert {item["id"] for item in items} == expected, params
        assert [item["id"] for item in items] == sorted((item["id"] for item in items), reverse=True)
        assert await firm.events(answer) == done("event.listed")
        assert (await firm.event(answer))["details"]["returned"] == [item["id"] for item in items]


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"type": "x"}, "/query/type"), ({"outcome": "maybe"}, "/query/outcome"), ({"from": "yesterday"}, "/query/from"),
        ({"to": "2026-01-01T00:00:00"}, "/query/to"), ({"dossier_id": "1"}, "/query/dossier_id"), ({"colour": "red"}, "/query/colour"),
        ({"format": "xml"}, "/query/format"), ({"format": "csv", "limit": "5"}, "/query/limit"), ({"format": "ndjson", "cursor": "x"}, "/query/cursor"),
    ],
)  # fmt: skip
async def test_filter_that_can_not_be(firm: Firm, params: dict[str, str], pointer: str) -> None:
    auditor = await firm.person("auditor")
    before = await firm.tables()
    problem = await refused(firm, before, await auditor.get("/v1/events", params=params), 422, "invalid")
    assert [where for where, _ in pointers(problem)] == [pointer]


async def test_event_says_who_what_and_whence(firm: Firm) -> None:
    lead, _, auditor, dossier, entry = await a_history(firm)
    (found,) = (await auditor.get(f"/v1/events?type=entry.viewed&entry_id={entry['id']}")).json()["items"]
    one = await auditor.get(f"/v1/events/{found['id']}")
    assert one.json() == found
    assert await firm.events(one) == done("event.viewed")
    assert found["actor"] == {"id": str(lead.id), "display_name": lead.name, "roles": ["lawyer"]}
    assert found["subject"] == {"type": "entry", "id": entry["id"], "label": entry["title"]}
    assert (found["dossier_id"], found["outcome"], found["masked"], found["method"]) == (
        dossier["id"],
        "success",
        False,
        "GET",
    )
    assert datetime.fromisoformat(found["recorded_at"]).utcoffset() == timedelta(0)
    before = await firm.tables()
    await refused(firm, before, await auditor.get(f"/v1/events/{ABSENT}"), 404, "not_found")


async def test_lead_reads_those_of_his_dossiers_and_others_their_own(firm: Firm) -> None:
    lead, stranger, auditor, dossier, _ = await a_history(firm)
    director, archivist = await firm.person("director"), await firm.person("archivist")
    all_ids = {str(row["id"]): row for row in await firm.eyes.fetch("SELECT * FROM events")}

    async def read_by(person: Person) -> set[str]:
        return {item["id"] for item in await everything(person, "/v1/events?limit=50")} & set(all_ids)

    assert await read_by(auditor) == await read_by(director) == set(all_ids)
    own = {id_ for id_, row in all_ids.items() if row["actor_id"] == stranger.id}
    theirs = {id_ for id_, row in all_ids.items() if str(row["dossier_id"]) == dossier["id"]}
    assert await read_by(stranger) == own | {
        id_ for id_, row in all_ids.items() if row["dossier_id"] and str(row["dossier_id"]) != dossier["id"]
    }
    assert theirs <= await read_by(lead)
    assert await read_by(archivist) == set()
    foreign = next(iter(theirs - own))
    before = await firm.tables()
    refusal = await stranger.get(f"/v1/events/{foreign}")
    await refused(firm, before, refusal, 404, "not_found")


async def test_events_of_sealed_dossiers_are_masked_for_who_is_not_named(firm: Firm) -> None:
    lead, auditor, director = await firm.person("lawyer"), await firm.person("auditor"), await firm.person("director")
    dossier = await firm.dossier(lead, confidentiality="sealed", cause="保密事由")
    await firm.entry(lead, dossier["id"], "密件")
    for reader in (auditor, director):
        path = f"/v1/events?dossier_id={dossier['id']}&actor_id={lead.id}"
        texts = [
            (await reader.get(path)).text,
            (await reader.get(f"{path}&format=csv")).text,
            (await reader.get(f"{path}&format=ndjson")).text,
        ]
        items = json.loads(texts[0])["items"]
        assert [(item["type"], item["masked"], item["subject"]["label"], item["details"]) for item in items] == [
            ("entry.created", True, None, None), ("dossier.opened", True, None, None),
        ]  # fmt: skip
        for text in texts:
            for word in ("密件", "保密事由", dossier["number"]):
                assert word not in text
    plain = (await lead.get(f"/v1/events?dossier_id={dossier['id']}&actor_id={lead.id}")).json()["items"]
    assert [item["masked"] for item in plain] == [False, False]
    assert plain[0]["subject"]["label"] == "密件"


def parsed(form: str, content: bytes) -> list[dict[str, Any]]:
    """Read an export."""
    if form == "ndjson":
        assert content.endswith(b"\n") or not content
        return [json.loads(line) for line in content.splitlines()]
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("form", KINDS)
async def test_stream_gives_all_that_the_pages_give(firm: Firm, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "_GROUP", 3)
    lead, _, auditor, dossier, _ = await a_history(firm)
    for person in (lead, auditor):
        expected = await everything(person, f"/v1/events?dossier_id={dossier['id']}")
        for answer in (
            await person.get(f"/v1/events?dossier_id={dossier['id']}&format={form}"),
            await person.get(
                f"/v1/events?dossier_id={dossier['id']}", headers={"Accept": KINDS[form].partition(";")[0]}
            ),
        ):
            assert (answer.status_code, answer.headers["content-type"]) == (200, KINDS[form])
            assert f'filename="events.{form}"' in answer.headers["content-disposition"]
            assert "content-length" not in answer.headers
            rows = [
                row for row in parsed(form, answer.content) if row["type"] not in {"event.listed", "event.exported"}
            ]
            assert [row["id"] for row in rows] == [
                item["id"] for item in expected if item["type"] not in {"event.listed", "event.exported"}
            ]
            assert await firm.events(answer) == done("event.exported")
            event = await firm.event(answer)
            assert (event["details"]["form"], event["details"]["filter"]) == (form, {"dossier_id": dossier["id"]})
            assert str(event["id"]) not in answer.text
            assert str(event["dossier_id"]) == dossier["id"]
            assert all(row["id"] < event["details"]["before"] for row in rows)
    if form == "ndjson":
        assert rows == [item for item in expected if item["type"] not in {"event.listed", "event.exported"}]
    else:
        opened = rows[-1]
        assert (opened["type"], opened["actor_name"], opened["actor_roles"], opened["masked"]) == (
            "dossier.opened",
            lead.name,
            "lawyer",
            "false",
        )
        assert json.loads(opened["details"])["new"]["number"] == dossier["number"]


@pytest.mark.parametrize("form", KINDS)
async def test_stream_of_thousands_in_constant_memory(firm: Firm, form: str) -> None:
    auditor = await firm.person("auditor")
    await firm.eyes.execute(
        "INSERT INTO events (id, recorded_at, type, outcome, actor_name, actor_roles, subject_type, request_id, method, route, details)"
        " SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, now(), 'client.viewed', 'success', 'x', '{}', 'client',"
        " 'many', 'GET', '/v1', '{}' FROM generate_series(1, 5200) n"
    )
    sizes: list[int] = []
    request = firm.http.build_request(
        "GET", f"/v1/events?request_id=many&format={form}", headers={"Authorization": f"Bearer {auditor.token}"}
    )
    answer = await firm.http.send(request, stream=True)
    content = b""
    async for chunk in answer.aiter_raw():
        sizes.append(len(chunk))
        content += chunk
    ids = [row["id"] for row in parsed(form, content)]
    assert ids == [f"01900000-0000-7000-8000-{n:012x}" for n in range(5200, 0, -1)]
    rows = await firm.eyes.fetch("SELECT type FROM events WHERE type = 'event.exported'")
    assert len(rows) == 1


async def test_stream_is_a_snapshot_that_ends_though_events_go_on(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "_GROUP", 1)
    lead, auditor = await firm.person("lawyer"), await firm.person("auditor")
    await firm.dossier(lead)
    before = await firm.eyes.fetchval("SELECT count(*) FROM events")

    async def go_on() -> None:
        for _ in range(5):
            await lead.get("/v1/auth/me")

    answer, _ = await asyncio.gather(auditor.get("/v1/events?format=ndjson"), go_on())
    assert before <= len(answer.text.splitlines()) <= before + 5


async def test_formula_in_a_user_agent_stays_text(firm: Firm) -> None:
    lawyer, auditor = await firm.person("lawyer"), await firm.person("auditor")
    await lawyer.get("/v1/auth/me", headers={"User-Agent": "=cmd|' /C calc'!A0"})
    answer = await auditor.get("/v1/events?type=auth.identity_viewed&format=csv")
    assert [row["user_agent"] for row in parsed("csv", answer.content)] == ["'=cmd|' /C calc'!A0"]


async def test_who_reads_no_events_streams_none_and_wrong_forms_are_told(firm: Firm) -> None:
    lead, stranger, auditor, _, _ = await a_history(firm)
    answer = await stranger.get(f"/v1/events?actor_id={lead.id}&type=client.created&format=ndjson")
    assert (answer.status_code, answer.content) == (200, b"")
    assert await firm.events(answer) == done("event.exported")
    before = await firm.tables()
    await refused(
        firm, before, await auditor.get("/v1/events", headers={"Accept": "application/pdf"}), 406, "not_acceptable"
    )
    refusal = await firm.http.get("/v1/events?format=csv")
    await refused(firm, before, refusal, 401, events=[("auth.rejected", "denied")])
