"""What intakes may not tell: of clients and dossiers that their reader does not see, in themselves and in events."""

from typing import Any
from uuid import uuid4

import pytest

from tests.access.test_event_doors import read
from tests.access.test_grants import status
from tests.access.test_walls import built
from tests.api.test_intakes import NEW, PHONE, decided, path_of, registered
from tests.api.test_tokens import Forge
from tests.support.checks import everything, refused
from tests.support.firm import Firm, Person, done


@pytest.mark.parametrize("around", ["client", "dossier"])
async def test_wall_hides_the_intake_and_all_its_events(firm: Firm, around: str) -> None:
    """A wall around any of its clients, or the dossier it led to, keeps everybody out, whoever received it."""
    lead, keeper, director = [await firm.person(role) for role in ("lawyer", "security_admin", "director")]
    client, other = await firm.client(lead, "甲方集团"), await firm.client(lead, "乙方集团")
    intake = await registered(firm, lead, client_ids=[other["id"], client["id"]])
    dossier = await firm.dossier(lead)
    assert (await decided(lead, intake, "engaged", dossier_id=dossier["id"])).status_code == 200
    for person in (lead, director):
        assert await status(person, path_of(intake)) == 200
        assert [item["id"] for item in await everything(person, "/v1/intakes")] == [intake["id"]]
    about = {"client_ids": [client["id"]]} if around == "client" else {"dossier_ids": [dossier["id"]]}
    await built(keeper, lead, director, **about)
    before = await firm.tables()
    for person in (lead, director):
        for id_ in (intake["id"], str(uuid4())):
            answer = await person.get(f"/v1/intakes/{id_}")
            await refused(firm, before, answer, 404)
            assert (await firm.event(answer))["subject_label"] is None
        change = await person.patch(path_of(intake), {"about": "x"}, headers={"If-Match": "*"})
        await refused(firm, before, change, 404)
        await refused(firm, before, await decided(person, intake, "declined"), 404)
        for query in ("", f"?client_id={client['id']}", f"?client_id={other['id']}", "?state=engaged"):
            assert await everything(person, f"/v1/intakes{query}") == []
        told = [event for event in await read(person) if event["outcome"] != "denied"]
        # Of what he did and listed before nothing is left.
        for word in (intake["id"], "张三", PHONE["value"], NEW["about"]):
            assert word not in str([event for event in told if event["type"].startswith("intake.")]), word
    assert "张三" in str(await read(await firm.person("auditor")))


async def test_intake_goes_where_its_dossier_goes(firm: Firm) -> None:
    """Of a sealed dossier archivist and director learn nothing by the intake that led to it, nor by its events."""
    lead, archivist, director, auditor = [
        await firm.person(role) for role in ("lawyer", "archivist", "director", "auditor")
    ]
    intake = await registered(firm, lead)
    kept = await registered(firm, archivist, received_by=str(lead.id), about="另一事")
    sealed = await firm.dossier(lead, confidentiality="sealed")
    for one in (intake, kept):
        assert (await archivist.get(path_of(one))).status_code == 200
        assert (await decided(lead, one, "engaged", dossier_id=sealed["id"])).status_code == 200
    assert await status(lead, path_of(intake)) == 200
    before = await firm.tables()
    for person in (archivist, director):
        for one in (intake, kept):
            await refused(firm, before, await person.get(path_of(one)), 404)
        assert await everything(person, "/v1/intakes") == []
    # The archivist registered the second himself; it lies above his clearance now.
    assert "另一事" not in str(await read(archivist))
    for reader in (director, auditor):
        events = [event for event in await read(reader) if event["subject"]["id"] == intake["id"]]
        assert "intake.created" in {event["type"] for event in events}
        for event in events:
            if event["actor"]["id"] == str(lead.id):
                assert (event["masked"], event["subject"]["label"], event["details"]) == (True, None, None)


async def test_receiver_is_not_told_of_the_dossier_that_he_does_not_see(firm: Firm) -> None:
    desk, lead = await firm.person("assistant"), await firm.person("lawyer")
    client = await firm.client(lead, "甲方集团")
    intake = await registered(firm, desk, received_by=str(lead.id), client_ids=[client["id"]])
    dossier = await firm.dossier(lead, client_ids=[client["id"]], confidentiality="restricted")
    assert (await decided(lead, intake, "engaged", dossier_id=dossier["id"])).status_code == 200
    told = await desk.get(path_of(intake))
    assert (told.json()["state"], told.json()["dossier_id"]) == ("engaged", None)
    assert (told.json()["client_ids"], told.json()["clients"]) == ([], [])
    assert await everything(desk, f"/v1/intakes?client_id={client['id']}") == []
    for word in (dossier["id"], dossier["number"]):
        assert word not in told.text
        assert word not in str(await read(desk))
    lowered = Person(desk.id, desk.name, Forge(firm, desk).signed(clearance="confidential"), firm.http)
    assert await status(lowered, path_of(intake)) == 404
    assert "张三" not in str([event for event in await read(lowered) if event["type"] == "intake.viewed"])


async def test_clients_whom_one_does_not_see_are_not_taken_away(firm: Firm) -> None:
    desk, lead, archivist = [await firm.person(role) for role in ("assistant", "lawyer", "archivist")]
    hidden, shown = await firm.client(lead, "甲方集团"), await firm.client(lead, "乙方集团")
    intake = await registered(firm, desk, client_ids=[hidden["id"], shown["id"]])
    await firm.dossier(lead, client_ids=[hidden["id"]], confidentiality="confidential")
    assert (await desk.get(path_of(intake))).json()["client_ids"] == [shown["id"]]
    changed = await desk.change(path_of(intake), {"client_ids": []})
    assert (changed.json()["client_ids"], await firm.events(changed)) == ([], done("intake.changed"))
    assert (await firm.event(changed))["details"]["changed"] == {"client_ids": [[shown["id"]], []]}
    assert (await archivist.get(path_of(intake))).json()["client_ids"] == [hidden["id"]]
    guessed = await desk.change(path_of(intake), {"client_ids": [hidden["id"]]})
    before = await firm.tables()
    problem: dict[str, Any] = await refused(firm, before, guessed, 422)
    assert [(one["pointer"], one["code"]) for one in problem["errors"]] == [("/body/client_ids/0", "unknown_client")]


async def test_contact_that_was_written_over_is_told_masked(firm: Firm) -> None:
    lawyer, colleague, director = [await firm.person(role) for role in ("lawyer", "lawyer", "director")]
    intake = await registered(firm, lawyer)
    changed = await lawyer.change(path_of(intake), {"visitor": {"name": "张三"}, "received_by": str(colleague.id)})
    assert await firm.events(changed) == done("intake.changed")
    own = await read(lawyer, "&type=intake.changed")
    assert own[0]["details"]["changed"]["visitor"][0]["contact"] == {
        "kind": "phone", "value": "1380*****00", "masked": True,
    }  # fmt: skip
    whole = await read(director, "&type=intake.changed")
    assert whole[0]["details"]["changed"]["visitor"][0]["contact"]["value"] == PHONE["value"]
