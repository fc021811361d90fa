"""Merging of clients over HTTP: everything moves to the survivor, walls hold, the merged record stays readable."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx

from tests.access.test_walls import built
from tests.api.test_intakes import NEW as INTAKE
from tests.support.checks import everything, pointers, refused
from tests.support.firm import Firm, Person, done
from tests.support.papers import PNG

USCC = {"scheme": "uscc", "value": "91110108MA01ABCD5T"}
OTHER = {"scheme": "other", "value": "税号-1"}
PHONE = {"kind": "phone", "value": "010-12345678"}
MAIL = {"kind": "email", "value": "office@example.com"}
SEEN = {"document_type": "营业执照", "original_seen": True, "verified_on": "2026-03-01"}
TOLD = {"given_on": "2026-03-01", "form": "written", "text_reference": "告知书 2026-01 版"}
AGREED = {
    "kind": "processing", "covers": {"text": "办理本案", "purposes": ["起诉"]}, "given_on": "2026-03-01", "given_by": "self",
}  # fmt: skip


async def merged(by: Person, client: dict[str, Any], into: dict[str, Any], **options: Any) -> httpx.Response:
    """Merge a client into another; give the answer."""
    body = {"into_client_id": into["id"], "reason": "同一单位重复建档"}
    return await by.post(f"/v1/clients/{client['id']}/merge", body, **options)


def path_of(client: dict[str, Any]) -> str:
    """Give the path of a client."""
    return f"/v1/clients/{client['id']}"


async def test_everything_moves_to_the_survivor(firm: Firm) -> None:
    lawyer, archivist = await firm.person("lawyer"), await firm.person("archivist")
    keeper, walled = await firm.person("security_admin"), await firm.person("lawyer")
    old = await firm.client(
        lawyer, "示例科技", identifiers=[USCC, OTHER], contacts=[PHONE, MAIL], former_names=["旧名", "北京示例科技有限公司"]
    )  # fmt: skip
    new = await firm.client(lawyer, contacts=[PHONE], former_names=["更旧名"])
    dossier, joint = await firm.dossier(lawyer, client_ids=[old["id"]]), await firm.dossier(
        lawyer, client_ids=[old["id"], new["id"]]
    )  # fmt: skip
    seen = (await lawyer.post(f"{path_of(old)}/verifications", SEEN)).json()
    told = (await lawyer.post(f"{path_of(old)}/notices", TOLD)).json()
    agreed = (await lawyer.post(f"{path_of(old)}/consents", AGREED)).json()
    intake = (await lawyer.post("/v1/intakes", INTAKE | {"client_ids": [old["id"]]})).json()
    wall = (await built(keeper, walled, client_ids=[old["id"]])).json()
    answer = await merged(archivist, old, new)
    assert answer.status_code == 200, answer.text
    assert await firm.events(answer) == done(
        "client.merged", "dossier.client_merged", "dossier.client_merged", "intake.changed", "wall.changed"
    )
    survivor = answer.json()
    assert survivor["id"] == new["id"]
    assert survivor["former_names"] == ["更旧名", "示例科技", "旧名"]
    assert [{k: one[k] for k in ("scheme", "value")} for one in survivor["identifiers"]] == [USCC, OTHER]
    assert [{k: one[k] for k in ("kind", "value")} for one in survivor["contacts"]] == [PHONE, MAIL]
    assert (await archivist.get(path_of(new))).json() == survivor
    for path, client_ids in ((dossier["id"], [new["id"]]), (joint["id"], [new["id"]])):
        assert (await lawyer.get(f"/v1/dossiers/{path}")).json()["client_ids"] == client_ids
    assert (await lawyer.get(f"/v1/intakes/{intake['id']}")).json()["client_ids"] == [new["id"]]
    assert (await keeper.get(f"/v1/walls/{wall['id']}")).json()["client_ids"] == [new["id"]]
    for name, moved in (("verifications", seen), ("notices", told), ("consents", agreed)):
        items = (await archivist.get(f"{path_of(new)}/{name}")).json()["items"]
        assert [(item["id"], item["client_id"]) for item in items] == [(moved["id"], new["id"])], name
    details = await firm.eyes.fetchval(
        "SELECT details FROM events WHERE request_id = $1 AND type = 'client.merged'", answer.headers["x-request-id"]
    )
    assert details == {
        "reason": "同一单位重复建档", "into_client_id": new["id"], "into_name": new["name"],
        "moved": {
            "identifiers": [USCC, OTHER], "contacts": [PHONE, MAIL], "former_names": ["旧名", "北京示例科技有限公司"],
            "verifications": [seen["id"]], "notices": [told["id"]], "consents": [agreed["id"]],
        },
        "survivor_had": {"identifiers": [], "contacts": [PHONE], "former_names": ["更旧名"]},
    }  # fmt: skip


async def test_merged_record_is_read_and_nothing_else(firm: Firm) -> None:
    lawyer, archivist, keeper = [await firm.person(role) for role in ("lawyer", "archivist", "security_admin")]
    old, new = await firm.client(lawyer, "示例科技", identifiers=[USCC]), await firm.client(lawyer)
    await firm.dossier(lawyer, client_ids=[new["id"]])
    seen = (await lawyer.post(f"{path_of(old)}/verifications", SEEN)).json()
    assert (await merged(archivist, old, new)).status_code == 200
    stub = (await lawyer.get(path_of(old))).json()
    assert (stub["name"], stub["merged_into"], stub["identifiers"]) == ("示例科技", new["id"], [])
    assert [item["id"] for item in await everything(lawyer, "/v1/clients")] == [new["id"]]
    found = await everything(lawyer, "/v1/clients?merged=true")
    assert {item["id"] for item in found} == {old["id"], new["id"]}
    assert [item["id"] for item in await everything(lawyer, "/v1/clients?q=示例科技")] == [new["id"]]
    before = await firm.tables()
    dossier = {"client_ids": [old["id"]], "matter_type": "civil", "cause": "x", "lead_lawyer_id": str(lawyer.id)}
    for answer, pointer in (
        (await lawyer.change(path_of(old), {"name": "别名"}), "/path/client_id"),
        (await lawyer.post(f"{path_of(old)}/verifications", SEEN), "/path/client_id"),
        (await lawyer.post(f"{path_of(old)}/notices", TOLD), "/path/client_id"),
        (await lawyer.post(f"{path_of(old)}/consents", AGREED), "/path/client_id"),
        (await lawyer.get(f"{path_of(old)}/completeness"), "/path/client_id"),
        (await merged(archivist, old, new), "/path/client_id"),
        (await merged(archivist, new, old), "/body/into_client_id"),
        (await lawyer.post("/v1/dossiers", dossier), "/body/client_ids/0"),
        (await lawyer.post("/v1/intakes", INTAKE | {"client_ids": [old["id"]]}), "/body/client_ids/0"),
    ):
        problem = await refused(firm, before, answer, 422, "client_merged")
        assert pointers(problem) == [(pointer, "client_merged")]
        assert problem["client_id"] == new["id"]
    wall = {"name": "x", "reason": "x", "client_ids": [old["id"]], "excluded_user_ids": [str(lawyer.id)]}
    problem = await refused(firm, before, await keeper.post("/v1/walls", wall), 422)
    assert pointers(problem) == [("/body/client_ids/0", "unknown")]
    copy = await lawyer.put(f"{path_of(old)}/verifications/{seen['id']}/copy", content=PNG)
    await refused(firm, before, copy, 404)
    assert (await lawyer.put(f"{path_of(new)}/verifications/{seen['id']}/copy", content=PNG)).status_code == 200


async def test_merge_is_for_archivist_and_director_who_see_both(firm: Firm) -> None:
    lawyer, archivist, director = [await firm.person(role) for role in ("lawyer", "archivist", "director")]
    keeper = await firm.person("security_admin")
    one, two, person = await firm.client(lawyer), await firm.client(lawyer), await firm.client(lawyer, kind="person")
    sealed = await firm.client(lawyer)
    await firm.dossier(lawyer, client_ids=[sealed["id"]], confidentiality="sealed")
    await built(keeper, director, client_ids=[one["id"]])
    before = await firm.tables()
    await refused(firm, before, await merged(lawyer, one, two), 403)
    await refused(firm, before, await merged(director, one, two), 404)
    await refused(firm, before, await merged(archivist, sealed, two), 404)
    for into, code in ((sealed, "unknown_client"), ({"id": str(uuid4())}, "unknown_client"), (one, "same_client"), (person, "other_kind")):  # fmt: skip
        problem = await refused(firm, before, await merged(archivist, one, into), 422)
        assert pointers(problem) == [("/body/into_client_id", code)]
    hidden = await refused(firm, before, await merged(director, two, one), 422)
    assert pointers(hidden) == [("/body/into_client_id", "unknown_client")]
    answer = await merged(archivist, one, two, headers={"Idempotency-Key": "once"})
    assert await firm.events(answer) == done("client.merged", "wall.changed")
    again = await merged(archivist, one, two, headers={"Idempotency-Key": "once"})
    assert (again.status_code, again.content, await firm.events(again)) == (200, answer.content, [])
    await built(keeper, archivist, client_ids=[two["id"]])
    assert (await merged(archivist, one, two, headers={"Idempotency-Key": "once"})).status_code == 404


async def test_merging_into_one_that_is_merged_on_leads_to_the_last(firm: Firm) -> None:
    lawyer, archivist = await firm.person("lawyer"), await firm.person("archivist")
    one, two, three = [await firm.client(lawyer, name) for name in ("甲", "乙", "丙")]
    assert (await merged(archivist, one, two)).status_code == 200
    last = (await merged(archivist, two, three)).json()
    assert last["former_names"] == ["乙", "甲"]
    for client in (one, two):
        assert (await lawyer.get(path_of(client))).json()["merged_into"] == three["id"]


async def test_of_two_merges_crosswise_one_wins(firm: Firm) -> None:
    lawyer, archivist = await firm.person("lawyer"), await firm.person("archivist")
    for _ in range(5):
        one, two = await firm.client(lawyer, "甲"), await firm.client(lawyer, "乙")
        dossiers = [await firm.dossier(lawyer, client_ids=[client["id"]]) for client in (one, two)]
        answers = await asyncio.gather(
            merged(archivist, one, two), merged(archivist, two, one), merged(archivist, one, two)
        )
        assert sorted(answer.status_code for answer in answers) == [200, 422, 422]
        survivor = next(answer.json()["id"] for answer in answers if answer.status_code == 200)
        for answer in answers:
            if answer.status_code != 200:
                assert (answer.json()["code"], await firm.events(answer)) == ("client_merged", [])
        for dossier in dossiers:
            assert (await lawyer.get(f"/v1/dossiers/{dossier['id']}")).json()["client_ids"] == [survivor]


async def test_what_goes_on_meanwhile_lands_with_the_survivor_or_is_refused(firm: Firm) -> None:
    lawyer, archivist, keeper = [await firm.person(role) for role in ("lawyer", "archivist", "security_admin")]
    for _ in range(5):
        old, new = await firm.client(lawyer, "甲"), await firm.client(lawyer, "乙")
        standing = await firm.dossier(lawyer, client_ids=[new["id"]])
        fresh = {
            "client_ids": [new["id"], old["id"]],
            "matter_type": "civil",
            "cause": "x",
            "lead_lawyer_id": str(lawyer.id),
        }
        both = {"client_ids": [new["id"], old["id"]]}
        walled = {"name": "x", "reason": "x", "excluded_user_ids": [str(keeper.id)], **both}
        answers = await asyncio.gather(
            merged(archivist, old, new), lawyer.post("/v1/dossiers", fresh),
            lawyer.patch(f"/v1/dossiers/{standing['id']}", both, headers={"If-Match": "*"}),
            lawyer.post("/v1/intakes", INTAKE | both), keeper.post("/v1/walls", walled),
            lawyer.post(f"{path_of(old)}/notices", TOLD),
        )  # fmt: skip
        assert answers[0].status_code == 200, answers[0].text
        assert {answer.status_code for answer in answers} <= {200, 201, 422}, [answer.text for answer in answers]
        for table in ("dossier_clients", "intake_clients", "wall_clients", "client_notices"):
            left = await firm.eyes.fetchval(f"SELECT count(*) FROM {table} WHERE client_id = $1", old["id"])
            assert left == 0, table


async def test_past_is_reported_as_it_was(firm: Firm) -> None:
    """Before the merge the wall around the other client kept nobody from this dossier; the report knows."""
    lawyer, archivist, keeper, auditor = [
        await firm.person(role) for role in ("lawyer", "archivist", "security_admin", "auditor")
    ]
    walled, apart = await firm.person("lawyer", name="被隔离"), await firm.person("lawyer", name="另一")
    old, new = await firm.client(lawyer, "甲"), await firm.client(lawyer, "乙")
    dossier, second = [await firm.dossier(lawyer, client_ids=[client["id"]]) for client in (old, new)]
    await built(keeper, walled, client_ids=[new["id"]])
    await built(keeper, apart, client_ids=[old["id"]])
    moment = quote(datetime.now(UTC).isoformat())
    assert (await merged(archivist, old, new)).status_code == 200
    for about, before in ((dossier, {"被隔离"}), (second, {"另一"})):
        for query, expected in ((f"?at={moment}", before), ("", set())):
            report = await auditor.get(f"/v1/dossiers/{about['id']}/access{query}")
            names = {line["user"]["display_name"] for line in report.json()["people"]}
            assert names & {"被隔离", "另一"} == expected


async def test_duplicates_are_pairs_that_one_sees(firm: Firm) -> None:
    one, two, three = [await firm.person("lawyer") for _ in range(3)]
    archivist, director, keeper = [await firm.person(role) for role in ("archivist", "director", "security_admin")]
    made = list[dict[str, Any]]()
    for person in (one, two, three):
        client = await firm.client(person, f"客户{len(made)}", identifiers=[USCC, OTHER])
        await firm.dossier(person, client_ids=[client["id"]], confidentiality="restricted")
        made.append(client)
    pairs = {(made[0]["id"], made[1]["id"]), (made[0]["id"], made[2]["id"]), (made[1]["id"], made[2]["id"])}
    items = await everything(archivist, "/v1/clients/duplicates?limit=2")
    assert {(item["first"]["id"], item["second"]["id"]) for item in items} == pairs
    assert items[0]["identifiers"] == [{**OTHER, "masked": False}, {**USCC, "masked": False}]
    await built(keeper, director, client_ids=[made[0]["id"]])
    listed = await director.get("/v1/clients/duplicates")
    assert [item["first"]["id"] for item in listed.json()["items"]] == [made[1]["id"]]
    assert await firm.events(listed) == done("client.duplicates_listed")
    before = await firm.tables()
    await refused(firm, before, await one.get("/v1/clients/duplicates"), 403)
    # What the archivist was shown is left out for a director who is kept from one of the two.
    shown = str(await everything(director, "/v1/events?type=client.duplicates_listed"))
    assert made[0]["id"] not in shown
    assert made[1]["id"] in shown
    assert (await merged(archivist, made[0], made[1])).status_code == 200
    left = await everything(archivist, "/v1/clients/duplicates")
    assert [(item["first"]["id"], item["second"]["id"]) for item in left] == [(made[1]["id"], made[2]["id"])]
