"""Programs: what their configuration lets them see, and acting on behalf of people; clearances that the firm edits."""

from typing import Any

import httpx
import pytest

from tests.access.test_grants import status
from tests.support.firm import Firm, Person, Refusal, done


async def keeper_and_program(firm: Firm, **integration: Any) -> tuple[Person, Person]:
    """Bring an administrator and a program with this configuration."""
    keeper = await firm.person("system_admin", "security_admin")
    body = {"name": "案件管理系统", "roles": ["integration"], "integration": integration}
    made = await keeper.post("/v1/service-accounts", body)
    assert made.status_code == 201, made.text
    account = made.json()
    form = {
        "grant_type": "client_credentials", "client_id": account["client_id"], "client_secret": account["client_secret"],
    }  # fmt: skip
    token = (await firm.http.post("/v1/auth/token", data=form)).json()["access_token"]
    return keeper, Person(account["id"], account["name"], token, firm.http, ("integration",))


def behalf(person: Any) -> dict[str, Any]:
    """Give the option that names whom a program acts for."""
    return {"headers": {"Anjuan-On-Behalf-Of": str(person)}}


async def test_program_sees_what_it_created(firm: Firm) -> None:
    _, program = await keeper_and_program(firm)
    lead = await firm.person("lawyer")
    theirs = await firm.dossier(lead)
    client = await firm.client(program, "上海示例贸易有限公司")
    own = await firm.dossier(program, lead, client_ids=[client["id"]])
    file = await firm.file(program, (await firm.entry(program, own["id"]))["id"])
    assert await status(program, f"/v1/files/{file['id']}/content") == 200
    assert await status(program, f"/v1/dossiers/{theirs['id']}") == 404
    assert [row["id"] for row in (await program.get("/v1/dossiers")).json()["items"]] == [own["id"]]
    assert (await lead.change(f"/v1/dossiers/{own['id']}", {"confidentiality": "confidential"})).status_code == 200
    assert await status(program, f"/v1/dossiers/{own['id']}") == 404


async def test_program_sees_what_its_configuration_names(firm: Firm) -> None:
    keeper, program = await keeper_and_program(
        firm, level="confidential", sees="matching", matter_types=["civil"], departments=["一部"]
    )
    one, two = await firm.person("lawyer", department="一部"), await firm.person("lawyer", department="二部")
    named = await firm.dossier(one, confidentiality="confidential")
    for other in (
        await firm.dossier(two), await firm.dossier(one, matter_type="criminal"),
        await firm.dossier(one, confidentiality="restricted"),
    ):  # fmt: skip
        assert await status(program, f"/v1/dossiers/{other['id']}") == 404
    file = await firm.file(one, (await firm.entry(one, named["id"]))["id"])
    assert [row["id"] for row in (await program.get("/v1/dossiers")).json()["items"]] == [named["id"]]
    assert await status(program, f"/v1/clients/{named['client_ids'][0]}") == 200
    content = f"/v1/files/{file['id']}/content"
    assert await status(program, content) == 403
    path = f"/v1/service-accounts/{program.id}"
    read = await keeper.get(path)
    assert await firm.events(read) == done("integration.viewed")
    config = {name: value for name, value in read.json().items() if name not in {"id", "name"}}
    changed = await keeper.change(path, {**config, "content": True}, "PUT")
    assert await firm.events(changed) == done("integration.changed")
    assert await status(program, content) == 200
    refused = await program.patch(f"/v1/dossiers/{named['id']}", {"cause": "x"}, headers={"If-Match": "*"})
    assert (refused.status_code, await firm.events(refused)) == (403, [Refusal])


async def test_program_acts_on_behalf_of_a_person_as_that_person(firm: Firm) -> None:
    _, program = await keeper_and_program(firm, level="confidential", on_behalf=True)
    lead, stranger = await firm.person("lawyer"), await firm.person("lawyer")
    dossier, restricted = [await firm.dossier(lead, confidentiality=level) for level in ("confidential", "restricted")]
    path = f"/v1/dossiers/{dossier['id']}"
    assert await status(program, path) == 404
    read = await program.get(path, **behalf(lead.id))
    assert read.status_code == 200
    event = await firm.event(read)
    assert (event["type"], event["actor_id"], event["actor_name"]) == ("dossier.viewed", lead.id, lead.name)
    assert (str(event["via_id"]), event["via_name"]) == (str(program.id), "案件管理系统")
    shown = (await lead.get(f"/v1/events/{event['id']}")).json()
    assert shown["via"] == {"id": str(program.id), "name": "案件管理系统"}
    # Never more than the person, never above the program's own level.
    for person, hidden in ((stranger, dossier), (lead, restricted)):
        answer = await program.get(f"/v1/dossiers/{hidden['id']}", **behalf(person.id))
        assert (answer.status_code, await firm.events(answer)) == (404, [Refusal])
    written = await program.post(
        f"{path}/entries", {"title": "x", "category": "evidence", "original": "copy"}, **behalf(lead.id)
    )
    assert written.status_code == 201
    assert written.json()["created_by"]["id"] == str(lead.id)
    assert str((await firm.event(written))["via_id"]) == str(program.id)


async def test_not_every_program_and_not_for_everybody(firm: Firm) -> None:
    keeper, program = await keeper_and_program(firm, on_behalf=True)
    _, other = await keeper_and_program(firm)
    lead, gone = await firm.person("lawyer"), await firm.person("lawyer")
    separated = [await firm.person("lawyer", role) for role in ("system_admin", "security_admin", "auditor")]
    assert (await keeper.change(f"/v1/users/{gone.id}", {"active": False})).status_code == 200
    before = await firm.tables()

    async def refused(by: Person, named: Any, path: str = "/v1/dossiers") -> httpx.Response:
        answer = await by.get(path, **behalf(named))
        assert (answer.status_code, await firm.events(answer)) == (403, [Refusal])
        return answer

    # A person, a program that is not configured for it, and nobody whom anybody may act for.
    await refused(lead, gone.id)
    await refused(other, lead.id)
    texts = {
        (await refused(program, named)).json()["detail"]
        for named in (gone.id, program.id, "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11", *(person.id for person in separated))
    }
    assert len(texts) == 1
    broken = await program.get("/v1/dossiers", **behalf("li.na"))
    assert (broken.status_code, await firm.events(broken)) == (422, [])
    assert [error["pointer"] for error in broken.json()["errors"]] == ["/header/anjuan-on-behalf-of"]
    assert await firm.tables() == before


async def test_what_is_ones_own_is_never_done_by_a_program(firm: Firm) -> None:
    _, program = await keeper_and_program(firm, on_behalf=True)
    lead = await firm.person("lawyer")
    assert (await program.get("/v1/auth/me", **behalf(lead.id))).json()["user_id"] == str(program.id)
    sessions = (await program.get("/v1/auth/sessions", **behalf(lead.id))).json()["items"]
    assert len(sessions) == 1
    assert (await lead.get("/v1/auth/me")).status_code == 200
    assert (await program.post("/v1/auth/logout", **behalf(lead.id))).status_code == 204
    assert (await lead.get("/v1/auth/me")).status_code == 200
    assert (await program.get("/v1/auth/me")).status_code == 401


async def test_new_secret_ends_the_old_one(firm: Firm) -> None:
    keeper, program = await keeper_and_program(firm)
    path = f"/v1/service-accounts/{program.id}/secret"
    renewed = await keeper.post(path, {"reason": "迁移"})
    assert await firm.events(renewed) == done("service_account.secret_renewed")
    assert (await program.get("/v1/dossiers")).status_code == 401
    account = renewed.json()
    form = {
        "grant_type": "client_credentials", "client_id": account["client_id"], "client_secret": account["client_secret"],
    }  # fmt: skip
    assert (await firm.http.post("/v1/auth/token", data=form)).status_code == 200
    person = await firm.person("lawyer")
    for target in (person.id, "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"):
        missing = await keeper.post(f"/v1/service-accounts/{target}/secret", {"reason": "x"})
        assert (missing.status_code, await firm.events(missing)) == (
            404,
            [("service_account.secret_renewed", "denied")],
        )


async def test_clearances_are_the_firms_and_bite_at_once(firm: Firm) -> None:
    keeper, director, lead = [await firm.person(role) for role in ("security_admin", "director", "lawyer")]
    dossier = await firm.dossier(lead, confidentiality="restricted")
    path = f"/v1/dossiers/{dossier['id']}"
    read = await director.get("/v1/clearances")
    assert await firm.events(read) == done("clearance.viewed")
    assert read.json()["levels"]["lawyer"] == "sealed"
    assert (await lead.get("/v1/auth/me")).json()["clearance"] == "sealed"
    before = await firm.tables()
    refused = await director.put("/v1/clearances", {"lawyer": "public"}, headers={"If-Match": "*"})
    assert (refused.status_code, await firm.events(refused)) == (403, [Refusal])
    for body in ({"auditor": "sealed"}, {"lawyer": "secret"}):
        assert (await keeper.put("/v1/clearances", body, headers={"If-Match": "*"})).status_code == 422
    assert await firm.tables() == before
    changed = await keeper.change("/v1/clearances", {"lawyer": "confidential"}, "PUT")
    assert await firm.events(changed) == done("clearance.changed")
    assert (await firm.event(changed))["details"] == {"changed": {"lawyer": ["sealed", "confidential"]}}
    assert await status(lead, path) == 404
    assert (await lead.get("/v1/auth/me")).json()["clearance"] == "confidential"
    other = await firm.person("lawyer")
    unfit = await director.change(f"{path}/team", {"members": [{"user_id": str(other.id), "duty": "lawyer"}]}, "PUT")
    assert [error["code"] for error in unfit.json()["errors"]] == ["clearance_too_low"]


@pytest.mark.parametrize("field", ["level", "sees", "matter_types"])
async def test_configuration_that_can_not_be(firm: Firm, field: str) -> None:
    keeper, program = await keeper_and_program(firm)
    wrong = {"level": "sealed", "sees": "everything", "matter_types": [""]}
    before = await firm.tables()
    answer = await keeper.put(f"/v1/service-accounts/{program.id}", {field: wrong[field]}, headers={"If-Match": "*"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(f"/body/{field}")
    assert await firm.tables() == before
