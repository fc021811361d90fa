"""Walls over HTTP: put up, asked for, put into force, lifted; what they do to what people see."""

from typing import Any

import httpx

from tests.access.test_grants import given, soon, status
from tests.support.firm import Firm, Person, Refusal, done


def wall(*people: Person, **fields: Any) -> dict[str, Any]:
    """Give the body of a new wall."""
    return {
        "name": "示例科技并购项目", "reason": "曾任对方法律顾问",
        "excluded_user_ids": [str(person.id) for person in people], **fields,
    }  # fmt: skip


async def built(keeper: Person, *people: Person, **fields: Any) -> httpx.Response:
    """Put up a wall; give the answer."""
    answer = await keeper.post("/v1/walls", wall(*people, **fields))
    assert answer.status_code == 201, answer.text
    return answer


async def test_wall_beats_everything_until_lifted(firm: Firm) -> None:
    keeper, lead, director = [await firm.person(role) for role in ("security_admin", "lawyer", "director")]
    member, grantee = await firm.person("lawyer"), await firm.person("lawyer")
    client = await firm.client(lead)
    dossier = await firm.dossier(lead, client_ids=[client["id"]], team=[{"user_id": str(member.id), "duty": "lawyer"}])
    await given(lead, dossier, grantee)
    path = f"/v1/dossiers/{dossier['id']}"
    people = (lead, director, member, grantee)
    assert [await status(person, path) for person in people] == [200] * 4
    answer = await built(keeper, *people, client_ids=[client["id"]])
    assert await firm.events(answer) == done("wall.created")
    made = answer.json()
    assert made["state"] == "active"
    assert {person["id"] for person in made["excluded_users"]} == {str(person.id) for person in people}
    assert "name" not in str(made["client_ids"])
    for person in people:
        assert await status(person, path) == 404
        assert await status(person, f"/v1/clients/{client['id']}") == 404
        assert (await person.get("/v1/dossiers")).json()["items"] == []
        assert (await person.get("/v1/clients")).json()["items"] == []
    lifted = await keeper.change(f"/v1/walls/{made['id']}", {"state": "lifted"})
    assert await firm.events(lifted) == done("wall.changed")
    assert [await status(person, path) for person in people] == [200] * 4
    again = await keeper.change(f"/v1/walls/{made['id']}", {"state": "active"})
    assert (again.status_code, again.json()["code"]) == (409, "wall_lifted")


async def test_wall_around_a_dossier_hides_that_one_only(firm: Firm) -> None:
    keeper, lead, other = await firm.person("security_admin"), await firm.person("lawyer"), await firm.person("lawyer")
    client = await firm.client(lead)
    one, two = [await firm.dossier(lead, client_ids=[client["id"]]) for _ in range(2)]
    await built(keeper, other, dossier_ids=[one["id"]])
    assert await status(other, f"/v1/dossiers/{one['id']}") == 404
    assert [row["id"] for row in (await other.get("/v1/dossiers")).json()["items"]] == [two["id"]]
    assert [row["number"] for row in (await other.get("/v1/numbers")).json()["items"]] == [two["number"]]
    assert await status(other, f"/v1/clients/{client['id']}") == 200


async def test_wall_stands_in_its_time_only(firm: Firm) -> None:
    keeper, lead, other = await firm.person("security_admin"), await firm.person("lawyer"), await firm.person("lawyer")
    dossier = await firm.dossier(lead)
    path = f"/v1/dossiers/{dossier['id']}"
    made = (await built(keeper, other, dossier_ids=[dossier["id"]], effective_from=soon(1), until=soon(2))).json()
    assert await status(other, path) == 200
    await firm.eyes.execute("UPDATE walls SET effective_from = now() WHERE id = $1", made["id"])
    assert await status(other, path) == 404
    await firm.eyes.execute(
        "UPDATE walls SET effective_from = now() - interval '1 day', until = now() WHERE id = $1", made["id"]
    )
    assert await status(other, path) == 200


async def test_director_asks_and_the_keeper_puts_into_force(firm: Firm) -> None:
    keeper, director, lead, other = [
        await firm.person(role) for role in ("security_admin", "director", "lawyer", "lawyer")
    ]
    dossier = await firm.dossier(lead)
    path = f"/v1/dossiers/{dossier['id']}"
    asked = await built(director, other, dossier_ids=[dossier["id"]])
    assert await firm.events(asked) == done("wall.requested")
    assert asked.json()["state"] == "requested"
    assert await status(other, path) == 200
    before = await firm.tables()
    refused = await director.patch(asked.headers["location"], {"state": "active"}, headers={"If-Match": "*"})
    assert (refused.status_code, await firm.events(refused)) == (403, [Refusal])
    assert await firm.tables() == before
    confirmed = await keeper.change(asked.headers["location"], {"state": "active"})
    assert await firm.events(confirmed) == done("wall.changed")
    assert (await firm.event(confirmed))["details"] == {"changed": {"state": ["requested", "active"]}}
    assert await status(other, path) == 404


async def test_director_reads_walls_but_those_about_him(firm: Firm) -> None:
    keeper, director, lead = (
        await firm.person("security_admin"),
        await firm.person("director"),
        await firm.person("lawyer"),
    )
    dossier = await firm.dossier(lead)
    about = (await built(keeper, director, dossier_ids=[dossier["id"]])).json()
    other = (await built(keeper, lead, dossier_ids=[dossier["id"]])).json()
    listed = await director.get("/v1/walls")
    assert [row["id"] for row in listed.json()["items"]] == [other["id"]]
    assert await firm.events(listed) == done("wall.listed")
    read = await director.get(f"/v1/walls/{other['id']}")
    assert await firm.events(read) == done("wall.viewed")
    hidden = await director.get(f"/v1/walls/{about['id']}")
    assert (hidden.status_code, await firm.events(hidden)) == (404, [Refusal])
    assert [row["id"] for row in (await keeper.get("/v1/walls?state=active")).json()["items"]] == [
        other["id"],
        about["id"],
    ]
    for role in ("lawyer", "partner", "archivist", "system_admin", "auditor", "finance", "assistant"):
        refused = await (await firm.person(role)).get("/v1/walls")
        assert (refused.status_code, await firm.events(refused)) == (403, [Refusal]), role


async def test_wall_is_changed_with_old_and_new_in_its_event(firm: Firm) -> None:
    keeper, lead, one, two = [await firm.person(role) for role in ("security_admin", "lawyer", "lawyer", "lawyer")]
    dossier, second = await firm.dossier(lead), await firm.dossier(lead)
    made = await built(keeper, one, dossier_ids=[dossier["id"]])
    path = made.headers["location"]
    changed = await keeper.change(
        path, {"excluded_user_ids": [str(two.id)], "dossier_ids": [second["id"]], "until": soon(5)}
    )
    assert await firm.events(changed) == done("wall.changed")
    trace = (await firm.event(changed))["details"]["changed"]
    assert set(trace) == {"excluded_users", "dossier_ids", "until"}
    assert await status(one, f"/v1/dossiers/{dossier['id']}") == 200
    assert await status(two, f"/v1/dossiers/{second['id']}") == 404
    before = await firm.tables()
    for body, pointer in (
        ({"dossier_ids": []}, "/body"),
        ({"until": soon(-9)}, "/body/until"),
        ({"excluded_user_ids": []}, "/body/excluded_user_ids"),
        ({"state": "requested"}, "/body/state"),
        ({"name": None}, "/body"),
        ({"effective_from": soon()}, "/body/effective_from"),
        ({"client_ids": [str(one.id)]}, "/body/client_ids/0"),
    ):
        answer = await keeper.patch(path, body, headers={"If-Match": "*"})
        assert answer.status_code == 422, body
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
        assert await firm.events(answer) == []
    assert await firm.tables() == before


async def test_walls_that_can_not_be(firm: Firm) -> None:
    keeper, lead, director = [await firm.person(role) for role in ("security_admin", "lawyer", "director")]
    sealed = await firm.dossier(lead, confidentiality="sealed")
    before = await firm.tables()
    nothing = "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"
    for person, body, pointer in (
        (keeper, wall(lead), "/body"),
        (keeper, wall(dossier_ids=[sealed["id"]]), "/body/excluded_user_ids"),
        (keeper, wall(lead, dossier_ids=[nothing]), "/body/dossier_ids/0"),
        (keeper, wall(lead, client_ids=[nothing]), "/body/client_ids/0"),
        (keeper, wall(lead, dossier_ids=[sealed["id"], sealed["id"]]), "/body"),
        (keeper, wall(lead, dossier_ids=[sealed["id"]], until=soon(-1)), "/body/until"),
        (
            keeper,
            {**wall(lead, dossier_ids=[sealed["id"]]), "excluded_user_ids": [nothing]},
            "/body/excluded_user_ids/0",
        ),
        # To a director who is not named on it a sealed dossier is not there.
        (director, wall(lead, dossier_ids=[sealed["id"]]), "/body/dossier_ids/0"),
    ):
        answer = await person.post("/v1/walls", body)
        assert answer.status_code == 422, body
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
        assert await firm.events(answer) == []
    refused = await lead.post("/v1/walls", wall(director, dossier_ids=[sealed["id"]]))
    assert (refused.status_code, await firm.events(refused)) == (403, [Refusal])
    assert await firm.tables() == before


async def test_nobody_is_brought_in_over_a_wall(firm: Firm) -> None:
    keeper, lead, other = await firm.person("security_admin"), await firm.person("lawyer"), await firm.person("lawyer")
    client = await firm.client(lead)
    dossier = await firm.dossier(lead, client_ids=[client["id"]])
    await built(keeper, other, client_ids=[client["id"]])
    path, member = f"/v1/dossiers/{dossier['id']}", {"user_id": str(other.id), "duty": "lawyer"}
    new = {"client_ids": [client["id"]], "matter_type": "civil", "cause": "x", "lead_lawyer_id": str(lead.id)}
    before = await firm.tables()
    for answer in (
        await lead.post(
            f"{path}/grants", {"user_id": str(other.id), "scope": "content", "reason": "x", "expires_at": soon()}
        ),
        await lead.change(f"{path}/team", {"members": [member]}, "PUT"),
        await lead.change(path, {"lead_lawyer_id": str(other.id)}),
        await lead.post("/v1/dossiers", {**new, "team": [member]}),
        await lead.post("/v1/dossiers", {**new, "lead_lawyer_id": str(other.id)}),
    ):
        assert answer.status_code == 422, answer.text
        assert [error["code"] for error in answer.json()["errors"]] == ["walled_off"]
        assert "security administrator" in answer.json()["detail"]
    assert await firm.tables() == before
    # To him who is behind it the client is not there at all.
    hidden = await other.post("/v1/dossiers", {**new, "lead_lawyer_id": str(other.id)})
    assert [error["code"] for error in hidden.json()["errors"]] == ["unknown_client"]


async def test_answer_is_not_repeated_behind_a_wall(firm: Firm) -> None:
    keeper, lead = await firm.person("security_admin"), await firm.person("lawyer")
    client = await firm.client(lead)
    body = {"client_ids": [client["id"]], "matter_type": "civil", "cause": "x", "lead_lawyer_id": str(lead.id)}
    key = {"headers": {"Idempotency-Key": "once"}}
    made = await lead.post("/v1/dossiers", body, **key)
    assert (await lead.post("/v1/dossiers", body, **key)).content == made.content
    await built(keeper, lead, client_ids=[client["id"]])
    hidden = await lead.post("/v1/dossiers", body, **key)
    assert (hidden.status_code, await firm.events(hidden)) == (404, [Refusal])
    assert made.json()["number"] not in hidden.text


async def test_events_behind_a_wall_are_gone_but_ones_own_refusals(firm: Firm) -> None:
    keeper, lead, director = [await firm.person(role) for role in ("security_admin", "lawyer", "director")]
    client = await firm.client(lead)
    dossier = await firm.dossier(lead, client_ids=[client["id"]])
    await built(keeper, lead, director, client_ids=[client["id"]])
    for person in (lead, director):
        assert await status(person, f"/v1/dossiers/{dossier['id']}") == 404
        events = (await person.get(f"/v1/events?dossier_id={dossier['id']}")).json()["items"]
        assert [(event["type"], event["subject"]["label"]) for event in events] == [("access.denied", None)]
        everything = (await person.get("/v1/events?limit=200")).json()["items"]
        assert client["name"] not in str(everything)
        assert dossier["number"] not in str(everything)
        assert "wall.created" not in {event["type"] for event in everything}
