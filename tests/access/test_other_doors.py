"""Attacks by way of tokens, programs, repeated requests and levels, by who has some rights already.

The list of attacks and the tests that answer them: docs/attacks.md.
"""

from uuid import uuid4

from tests.access.test_attacks import looks
from tests.access.test_grants import grant, status
from tests.access.test_programs import behalf, keeper_and_program
from tests.api.test_tokens import Forge
from tests.support.firm import Firm, Person, Refusal, done


async def test_who_becomes_an_administrator_is_no_lawyer_from_then_on(firm: Firm) -> None:
    """Neither by the token that he had before, nor by one that leaves the new role out."""
    admin, lead = await firm.person("system_admin", "security_admin"), await firm.person("lawyer")
    dossier = await firm.dossier(lead)
    path = f"/v1/dossiers/{dossier['id']}"
    assert await status(lead, path) == 200
    changed = await admin.change(f"/v1/users/{lead.id}", {"roles": ["lawyer", "auditor"]})
    assert changed.status_code == 200, changed.text
    fresh = Person(lead.id, lead.name, await firm.token(lead.id, "lawyer"), firm.http)
    for person in (lead, fresh):
        answer = await person.get(path)
        assert (answer.status_code, await firm.events(answer)) == (404, [Refusal])
        assert (await person.get("/v1/dossiers")).json()["items"] == []
        assert (await person.get("/v1/auth/me")).json()["clearance"] == "public"


async def test_program_acts_for_no_administrator_even_after_a_reset(firm: Firm) -> None:
    """One who must change his password looks like any other administrator: he can't be acted for."""
    admin, program = await keeper_and_program(firm, on_behalf=True)
    auditor = await firm.person("auditor")
    reset = await admin.change(f"/v1/users/{auditor.id}", {"password": "a long sentence to be changed"})
    assert reset.status_code == 200
    before = await firm.tables()
    answers = [await program.get("/v1/dossiers", **behalf(id_)) for id_ in (auditor.id, uuid4())]
    for answer in answers:
        assert (answer.status_code, await firm.events(answer)) == (403, [Refusal])
    assert looks(answers[0]) == looks(answers[1])
    assert await firm.tables() == before


async def test_program_is_not_told_again_what_the_person_did_himself(firm: Firm) -> None:
    """An Idempotency-Key of the person's is none of the program's, which may be below what the answer holds."""
    _, program = await keeper_and_program(firm, on_behalf=True)
    lead = await firm.person("lawyer")
    dossier = await firm.dossier(lead, confidentiality="restricted")
    path, body = f"/v1/dossiers/{dossier['id']}/entries", {"title": "密件", "category": "evidence", "original": "copy"}
    key = {"Idempotency-Key": "once"}
    made = await lead.post(path, body, headers=key)
    assert made.status_code == 201
    before = await firm.tables()
    again = await program.post(path, body, headers={**key, **behalf(lead.id)["headers"]})
    assert (again.status_code, again.json()["code"]) == (422, "idempotency_key_reused")
    assert await firm.events(again) == []
    assert made.json()["id"] not in again.text
    assert await firm.tables() == before
    assert (await lead.post(path, body, headers=key)).content == made.content


async def test_nobody_raises_a_level_above_his_own_clearance(firm: Firm) -> None:
    """Neither by a lowered token nor through a program: it would be told of what it may not know of."""
    _, program = await keeper_and_program(firm, on_behalf=True)
    lead = await firm.person("lawyer")
    dossier = await firm.dossier(lead)
    path = f"/v1/dossiers/{dossier['id']}"
    lowered = Person(lead.id, lead.name, Forge(firm, lead).signed(clearance="internal"), firm.http)
    before = await firm.tables()
    for person, options in ((lowered, {}), (program, behalf(lead.id)["headers"])):
        for method, at, body in (
            ("PATCH", path, {"confidentiality": "restricted"}),
            ("POST", f"{path}/entries", {"title": "x", "category": "other", "original": "copy", "confidentiality": "sealed"}),
            ("POST", "/v1/dossiers", {"client_ids": dossier["client_ids"], "matter_type": "civil", "cause": "x", "lead_lawyer_id": str(lead.id), "confidentiality": "sealed"}),
        ):  # fmt: skip
            answer = await person.request(method, at, json=body, headers={"If-Match": "*", **options})
            assert answer.status_code == 422, answer.text
            assert [error["code"] for error in answer.json()["errors"]] == ["above_own_clearance"]
            assert await firm.events(answer) == []
    assert await firm.tables() == before
    raised = await lead.change(path, {"confidentiality": "restricted"})
    assert (raised.status_code, await firm.events(raised)) == (200, done("dossier.changed"))


async def test_same_bytes_in_an_entry_above_ones_level_are_not_named(firm: Firm) -> None:
    """The hint of duplicates among files leaves out what its reader does not see."""
    lead, assistant = await firm.person("lawyer"), await firm.person("assistant")
    dossier = await firm.dossier(lead, team=[{"user_id": str(assistant.id), "duty": "assistant"}])
    sealed = await firm.entry(lead, dossier["id"], confidentiality="sealed")
    first = await firm.file(lead, sealed["id"], b"the same bytes")
    entry = await firm.entry(assistant, dossier["id"])
    again = await firm.file(assistant, entry["id"], b"the same bytes")
    assert again["duplicate_of"] == []
    for path in (f"/v1/files/{again['id']}", f"/v1/entries/{entry['id']}/files", "/v1/events?limit=200"):
        assert first["id"] not in (await assistant.get(path)).text
    assert (await lead.get(f"/v1/files/{again['id']}")).json()["duplicate_of"] == [first["id"]]
    contents = (await assistant.get(f"/v1/dossiers/{dossier['id']}/contents")).json()
    assert sealed["id"] not in str(contents)
    assert contents["incomplete"] == [entry["id"]]


async def test_grant_of_a_lead_does_not_reach_higher_entries_nor_a_raised_dossier(firm: Firm) -> None:
    lead, grantee = await firm.person("lawyer"), await firm.person("lawyer")
    dossier = await firm.dossier(lead, confidentiality="confidential")
    low = await firm.file(lead, (await firm.entry(lead, dossier["id"]))["id"])
    entry = await firm.entry(lead, dossier["id"], confidentiality="restricted")
    high = await firm.file(lead, entry["id"])
    assert (await lead.post(f"/v1/dossiers/{dossier['id']}/grants", grant(grantee))).status_code == 201
    paths = (f"/v1/entries/{entry['id']}", f"/v1/files/{high['id']}", f"/v1/files/{high['id']}/content")
    assert await status(grantee, f"/v1/files/{low['id']}/content") == 200
    for path in paths:
        answer = await grantee.get(path)
        assert (answer.status_code, await firm.events(answer)) == (404, [Refusal])
    raised = await lead.change(f"/v1/dossiers/{dossier['id']}", {"confidentiality": "restricted"})
    assert raised.status_code == 200
    for path in (f"/v1/dossiers/{dossier['id']}", f"/v1/files/{low['id']}/content"):
        answer = await grantee.get(path)
        assert (answer.status_code, await firm.events(answer)) == (404, [Refusal])


async def test_nobody_decides_on_his_own_access_as_a_new_lead(firm: Firm) -> None:
    """Who asked for access and is made lead lawyer afterwards still does not decide on his own request."""
    lead, other = await firm.person("lawyer"), await firm.person("lawyer")
    dossier = await firm.dossier(lead)
    until = {"scope": "content", "reason": "x", "until": "2027-01-01T00:00:00Z"}
    asked = await other.post(f"/v1/dossiers/{dossier['id']}/access-requests", until)
    assert asked.status_code == 201
    assert (await lead.change(f"/v1/dossiers/{dossier['id']}", {"lead_lawyer_id": str(other.id)})).status_code == 200
    before = await firm.tables()
    decision = {"decision": "approve", "reason": "x"}
    for answer in (
        await other.post(f"/v1/access-requests/{asked.json()['id']}/decision", decision),
        await other.post(f"/v1/dossiers/{dossier['id']}/grants", grant(other)),
        # The former lead decides no more.
        await lead.post(f"/v1/dossiers/{dossier['id']}/grants", grant(lead)),
    ):
        assert (answer.status_code, await firm.events(answer)) == (403, [Refusal])
    assert await firm.tables() == before
    # Nor does he learn of it any more, who stands on the team only.
    answer = await lead.post(f"/v1/access-requests/{asked.json()['id']}/decision", decision)
    assert (answer.status_code, await firm.events(answer)) == (404, [Refusal])
