"""What merging of clients may not open: walls hold for both, and nothing is told of what stays hidden."""

import pytest

from tests.access.test_grants import status
from tests.access.test_walls import built
from tests.api.test_client_merge import OTHER, PHONE, merged, path_of
from tests.api.test_intakes import NEW as INTAKE
from tests.support.checks import everything, refused
from tests.support.firm import Firm


@pytest.mark.parametrize("around", ["old", "new"])
async def test_wall_around_either_holds_for_both(firm: Firm, around: str) -> None:
    lawyer, archivist, keeper = [await firm.person(role) for role in ("lawyer", "archivist", "security_admin")]
    walled, director = await firm.person("lawyer"), await firm.person("director")
    clients = {"old": await firm.client(lawyer, "示例科技"), "new": await firm.client(lawyer)}
    dossiers = [await firm.dossier(lawyer, client_ids=[client["id"]]) for client in clients.values()]
    intake = (await lawyer.post("/v1/intakes", INTAKE | {"client_ids": [clients["old"]["id"]]})).json()
    assert (await director.get(path_of(clients["old"]))).status_code == 200
    await built(keeper, walled, director, client_ids=[clients[around]["id"]])
    answer = await merged(archivist, clients["old"], clients["new"])
    assert answer.status_code == 200
    paths = [
        *(path_of(client) for client in clients.values()), *(f"/v1/dossiers/{dossier['id']}" for dossier in dossiers),
        f"/v1/intakes/{intake['id']}",
    ]  # fmt: skip
    for person in (walled, director):
        assert [await status(person, path) for path in paths] == [404] * 5
        for path in ("/v1/clients?merged=true", "/v1/dossiers", "/v1/intakes"):
            assert await everything(person, path) == []
        events = await everything(person, "/v1/events?limit=200")
        text = str([event for event in events if event["outcome"] != "denied"])
        for word in ("示例科技", clients["old"]["id"], clients["new"]["id"], intake["id"], dossiers[0]["number"]):
            assert word not in text
    # A wall that comes later stands around the merged record, too.
    late = await firm.person("lawyer")
    assert await status(late, path_of(clients["old"])) == 200
    await built(keeper, late, client_ids=[clients["new"]["id"]])
    assert await status(late, path_of(clients["old"])) == 404


async def test_lead_lawyer_is_not_walled_off_his_own_dossier(firm: Firm) -> None:
    lead, archivist, keeper = [await firm.person(role) for role in ("lawyer", "archivist", "security_admin")]
    his, other = await firm.client(lead), await firm.client(archivist)
    dossier = await firm.dossier(lead, client_ids=[his["id"]])
    wall = (await built(keeper, lead, client_ids=[other["id"]])).json()
    before = await firm.tables()
    for client, into in ((his, other), (other, his)):
        problem = await refused(firm, before, await merged(archivist, client, into), 409, "merge_hindered")
        assert "security administrator" in problem["detail"]
        for word in (wall["id"], wall["name"], dossier["number"], lead.name):
            assert word not in str(problem)
    await keeper.change(f"/v1/walls/{wall['id']}", {"state": "lifted"})
    assert (await merged(archivist, other, his)).status_code == 200
    assert await status(lead, f"/v1/dossiers/{dossier['id']}") == 200


async def test_merged_record_is_known_to_those_who_know_the_survivor(firm: Firm) -> None:
    lawyer, lead, other, archivist = [await firm.person(role) for role in ("lawyer", "lawyer", "lawyer", "archivist")]
    old, new = await firm.client(lawyer, "示例科技"), await firm.client(lead)
    await firm.dossier(lawyer, client_ids=[old["id"]])
    await firm.dossier(lead, client_ids=[new["id"]], confidentiality="restricted")
    assert [await status(other, path_of(one)) for one in (old, new)] == [200, 404]
    assert (await merged(archivist, old, new)).status_code == 200
    assert [await status(other, path_of(one)) for one in (old, new)] == [200, 200]
    # One whose dossiers are all hidden takes its merged records with it.
    third = await firm.client(lead)
    await firm.dossier(lead, client_ids=[third["id"]], confidentiality="restricted")
    fourth = await firm.client(lawyer, "旧档")
    assert (await merged(archivist, fourth, third)).status_code == 200
    assert [await status(person, path_of(fourth)) for person in (lawyer, other, lead, archivist)] == [
        404,
        404,
        200,
        200,
    ]


async def test_events_tell_no_more_than_the_reader_may_know(firm: Firm) -> None:
    """Who merges learns nothing of sealed dossiers, intakes and walls; identifiers stay with those who see them."""
    lead, archivist, director, keeper, auditor = [
        await firm.person(role) for role in ("lawyer", "archivist", "director", "security_admin", "auditor")
    ]
    old = await firm.client(lead, "甲", identifiers=[OTHER], contacts=[PHONE])
    new = await firm.client(lead, "乙")
    await firm.dossier(lead, client_ids=[old["id"]])
    sealed = await firm.dossier(lead, client_ids=[old["id"]], confidentiality="sealed")
    intake = (await lead.post("/v1/intakes", INTAKE | {"client_ids": [old["id"]]})).json()
    outcome = {"outcome": "engaged", "dossier_id": sealed["id"]}
    assert (await lead.post(f"/v1/intakes/{intake['id']}/outcome", outcome)).status_code == 200
    wall = (await built(keeper, await firm.person("lawyer"), client_ids=[old["id"]])).json()
    answer = await merged(archivist, old, new)
    query = f"/v1/events?limit=200&request_id={answer.headers['x-request-id']}"
    own = await everything(archivist, query)
    assert [event["type"] for event in own] == ["client.merged"]
    for word in (sealed["id"], sealed["number"], intake["id"], wall["id"]):
        assert word not in str(own)
        assert word not in answer.text
    assert PHONE["value"] in str(own)
    whole = await everything(auditor, query)
    assert len(whole) == 5
    for reader in (auditor, director):
        told = {event["dossier_id"]: event for event in await everything(reader, f"{query}&type=dossier.client_merged")}
        assert (told[sealed["id"]]["masked"], told[sealed["id"]]["details"]) == (True, None)
        assert sealed["number"] not in str(told)
    by_lead = await everything(lead, f"/v1/events?dossier_id={sealed['id']}&type=dossier.client_merged")
    assert by_lead[0]["details"]["changed"] == {"client_ids": [[old["id"]], [new["id"]]]}
    # Who was archivist reads his own event on, but not the values.
    await firm.eyes.execute("UPDATE users SET roles = '{lawyer}' WHERE id = $1", archivist.id)
    archivist.token = await firm.token(archivist.id, "lawyer")
    later = str(await everything(archivist, query))
    assert OTHER["value"] not in later
    assert PHONE["value"] not in later


async def test_wall_holds_where_there_is_no_dossier_yet(firm: Firm) -> None:
    lawyer, walled, archivist, keeper = [
        await firm.person(role) for role in ("lawyer", "lawyer", "archivist", "security_admin")
    ]
    old, new = await firm.client(lawyer, "甲"), await firm.client(walled, "乙")
    assert [await status(walled, path_of(one)) for one in (old, new)] == [200, 200]
    await built(keeper, walled, client_ids=[old["id"]])
    assert (await merged(archivist, old, new)).status_code == 200
    # Not even the one that he made himself.
    assert [await status(walled, path_of(one)) for one in (old, new)] == [404, 404]
    assert await everything(walled, "/v1/clients?merged=true") == []
    assert [await status(lawyer, path_of(one)) for one in (old, new)] == [200, 200]


async def test_who_merges_may_hide_the_client_from_himself(firm: Firm) -> None:
    """He knew one because he made it and the other because it had no dossier; together they have a sealed one."""
    lawyer, archivist = await firm.person("lawyer"), await firm.person("archivist")
    old, new = await firm.client(archivist, "甲"), await firm.client(lawyer, "乙")
    await firm.dossier(lawyer, client_ids=[old["id"]], confidentiality="sealed")
    answer = await merged(archivist, old, new)
    assert (answer.status_code, answer.json()["former_names"]) == (200, ["甲"])
    assert [await status(archivist, path_of(one)) for one in (old, new)] == [404, 404]
    assert [await status(lawyer, path_of(one)) for one in (old, new)] == [200, 200]
