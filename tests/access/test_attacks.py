"""Attacks by who may not know: whatever is hidden looks, in everything that he can see, like what does not exist.

The list of attacks and the tests that answer them: docs/attacks.md.
"""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.config import HttpSettings, Settings
from app.main import create_app
from tests.access.test_grants import given
from tests.access.test_walk import Call, Ids, calls, things
from tests.access.test_walls import built
from tests.support.firm import Firm, Person, Refusal

HIDDEN = (
    "dossier_id", "client_id", "entry_id", "file_id", "verification_id", "grant_id", "request_id", "event_id", "intake_id",
    "consent_id",
)  # fmt: skip


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The API's description."""
    described: dict[str, Any] = create_app(Settings(http=HttpSettings(log_level="error"))).openapi()
    return described


@pytest.fixture
async def hidden(firm: Firm) -> tuple[Person, Person, Ids]:
    """A stranger, the lead lawyer, and the ids of a confidential dossier and all that hangs on it."""
    lead, ids = await things(firm)
    return await firm.person("lawyer", department="二部"), lead, ids


def looks(answer: httpx.Response) -> tuple[object, ...]:
    """Give everything of an answer that its reader sees, but for what he sent and what is new each time."""
    body = answer.content
    if body and answer.headers.get("content-type", "").startswith("application/problem+json"):
        told = {name: value for name, value in answer.json().items() if name not in {"instance", "request_id"}}
        body = json.dumps(told, sort_keys=True).encode()
    headers = {name: value for name, value in answer.headers.items() if name not in {"x-request-id", "date"}}
    return answer.status_code, body, headers


async def record(firm: Firm, answer: httpx.Response) -> list[tuple[Any, ...]]:
    """Give what an answer left in the events, but for ids and times."""
    rows = await firm.eyes.fetch(
        "SELECT type, outcome, subject_type, subject_label, entry_id IS NULL, details FROM events WHERE request_id = $1",
        answer.headers["x-request-id"],
    )
    return [tuple(row) for row in rows]


def aimed(call: Call) -> bool:
    """Tell whether a call is about something that the stranger may not know of."""
    if call.name == "list_duplicate_clients":
        return False
    of_clients = call.path.startswith(("/v1/clients/", "/v1/consents/", "/v1/intakes/"))
    return call.leads or of_clients or call.name == "read_event"


async def test_ids_of_hidden_things_look_like_none(
    firm: Firm, hidden: tuple[Person, Person, Ids], schema: dict[str, Any]
) -> None:
    stranger, _, ids = hidden
    absent = {**ids, **{name: str(uuid4()) for name in HIDDEN}}
    before, seen = await firm.tables(), 0
    for there, nowhere in zip(calls(schema, ids), calls(schema, absent), strict=True):
        if not aimed(there):
            continue
        one, other = [await stranger.request(call.method, call.path, **call.options) for call in (there, nowhere)]
        assert one.status_code == 404, there.name
        assert looks(one) == looks(other), there.name
        assert await record(firm, one) == await record(firm, other), there.name
        seen += 1
    assert seen > 30
    assert await firm.tables() == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-0"},
        {"Range": "bytes=999999-"},
        {"If-None-Match": "*"},
        {"If-Match": '"x"'},
        {"If-Range": '"x"'},
    ],
)
async def test_tags_and_ranges_tell_nothing(
    firm: Firm, hidden: tuple[Person, Person, Ids], headers: dict[str, str]
) -> None:
    stranger, lead, ids = hidden
    content = f"/v1/files/{ids['file_id']}/content"
    tag = (await lead.get(content)).headers["etag"]
    for given_headers in (headers, {**headers, "If-None-Match": tag}):
        for path in (content, f"/v1/dossiers/{ids['dossier_id']}", f"/v1/entries/{ids['entry_id']}"):
            nowhere = "/".join(str(uuid4()) if len(part) == 36 else part for part in path.split("/"))
            one, other = [await stranger.get(at, headers=given_headers) for at in (path, nowhere)]
            assert one.status_code == 404
            assert looks(one) == looks(other)


async def test_filters_count_and_find_nothing_hidden(firm: Firm, hidden: tuple[Person, Person, Ids]) -> None:
    stranger, lead, ids = hidden
    dossier = (await lead.get(f"/v1/dossiers/{ids['dossier_id']}")).json()
    assert await lead.change(f"/v1/dossiers/{dossier['id']}", {"external_refs": [{"system": "cm", "id": "4711"}]})
    for there, nowhere in (
        (f"/v1/dossiers?number={dossier['number']}", "/v1/dossiers?number=2020-MS-L99-0001"),
        ("/v1/dossiers?external_ref=cm:4711", "/v1/dossiers?external_ref=cm:4712"),
        (f"/v1/dossiers?client_id={ids['client_id']}", f"/v1/dossiers?client_id={uuid4()}"),
        (f"/v1/dossiers?q={dossier['cause']}", "/v1/dossiers?q=没有"),
        ("/v1/clients?q=北京示例", "/v1/clients?q=没有"),
        (f"/v1/events?dossier_id={ids['dossier_id']}", f"/v1/events?dossier_id={uuid4()}"),
        (f"/v1/events?entry_id={ids['entry_id']}", f"/v1/events?entry_id={uuid4()}"),
        (f"/v1/access-requests?dossier_id={ids['dossier_id']}", f"/v1/access-requests?dossier_id={uuid4()}"),
        (f"/v1/numbers?year={dossier['opened_on'][:4]}", "/v1/numbers?year=1990"),
    ):
        one, other = await stranger.get(there), await stranger.get(nowhere)
        assert one.json() == {"items": [], "next": None}, there
        assert looks(one) == looks(other), there


async def test_bodies_that_name_hidden_things_are_refused_as_for_none(
    firm: Firm, hidden: tuple[Person, Person, Ids]
) -> None:
    stranger, _, ids = hidden
    own = await firm.dossier(stranger)
    entry = await firm.entry(stranger, own["id"])
    new = {"matter_type": "civil", "cause": "x", "lead_lawyer_id": str(stranger.id)}
    before = await firm.tables()
    for path, method, body in (
        ("/v1/dossiers", "POST", lambda id_: {**new, "client_ids": [id_("client_id")]}),
        (f"/v1/dossiers/{own['id']}", "PATCH", lambda id_: {"client_ids": [id_("client_id")]}),
        (f"/v1/dossiers/{own['id']}/arrangement", "POST", lambda id_: {"mode": "manual", "order": [entry["id"], id_("entry_id")]}),
    ):  # fmt: skip
        sent = [
            await stranger.request(method, path, json=body(lambda name, known=known: ids[name] if known else str(uuid4())), headers={"If-Match": "*"})
            for known in (True, False)
        ]  # fmt: skip
        assert sent[0].status_code == 422
        assert looks(sent[0]) == looks(sent[1]), path
    assert await firm.tables() == before


async def test_ones_own_refusals_tell_nothing(firm: Firm, hidden: tuple[Person, Person, Ids]) -> None:
    """An entry that is refused is not shown to belong to a dossier, not even in the events of who was refused."""
    stranger, lead, ids = hidden
    for entry_id in (ids["entry_id"], str(uuid4())):
        assert (await stranger.get(f"/v1/entries/{entry_id}")).status_code == 404
    events = (await stranger.get("/v1/events?type=access.denied")).json()["items"]
    assert len(events) == 2
    assert {(event["dossier_id"], event["subject"]["label"], str(event["details"])) for event in events} == {
        (None, None, str(events[0]["details"]))
    }
    # Who reads the dossier's events finds the attempt all the same.
    found = (await lead.get(f"/v1/events?dossier_id={ids['dossier_id']}&outcome=denied")).json()["items"]
    assert [event["subject"]["id"] for event in found] == [ids["entry_id"]]


async def test_who_has_administered_and_works_as_a_lawyer_sees_nothing(firm: Firm) -> None:
    both = await firm.person("lawyer", "system_admin")
    lead = await firm.person("lawyer")
    dossier = await firm.dossier(lead)
    answer = await both.get(f"/v1/dossiers/{dossier['id']}")
    assert (answer.status_code, await firm.events(answer)) == (404, [Refusal])
    unfit = await lead.change(
        f"/v1/dossiers/{dossier['id']}/team", {"members": [{"user_id": str(both.id), "duty": "lawyer"}]}, "PUT"
    )
    assert [error["code"] for error in unfit.json()["errors"]] == ["separated_role"]


async def test_access_is_not_won_in_a_roundabout_way(firm: Firm) -> None:
    lead, grantee, other = [await firm.person("lawyer") for _ in range(3)]
    keeper = await firm.person("security_admin")
    dossier = await firm.dossier(lead, confidentiality="confidential")
    await given(lead, dossier, grantee)
    path = f"/v1/dossiers/{dossier['id']}"
    before = await firm.tables()
    # Who has a grant gives none, joins no team, raises nothing, reads no report.
    for answer in (
        await grantee.post(f"{path}/grants", {"user_id": str(other.id), "scope": "content", "reason": "x", "expires_at": "2026-12-01T00:00:00Z"}),
        await grantee.put(f"{path}/team", {"members": [{"user_id": str(grantee.id), "duty": "lawyer"}]}, headers={"If-Match": "*"}),
        await grantee.patch(path, {"lead_lawyer_id": str(grantee.id)}, headers={"If-Match": "*"}),
        await grantee.post(f"{path}/entries", {"title": "x", "category": "evidence", "original": "copy"}),
        await grantee.get(f"{path}/access"),
        await grantee.get(f"{path}/readers"),
    ):  # fmt: skip
        assert (answer.status_code, await firm.events(answer)) == (403, [Refusal])
    assert await firm.tables() == before
    # A wall that falls on the only one who sees it leaves nobody a way around it.
    await built(keeper, lead, dossier_ids=[dossier["id"]])
    for method, at, body in (
        ("DELETE", f"{path}", None), ("POST", f"{path}/void", {"reason": "x"}), ("PUT", f"{path}/team", {"members": []}),
    ):  # fmt: skip
        answer = await lead.request(method, at, json=body, headers={"If-Match": "*"})
        assert answer.status_code in {404, 405}
