"""Requests for access over HTTP: asked for by who knows of a dossier, decided by who may grant."""

from typing import Any

from tests.access.test_grants import soon, status
from tests.support.firm import Firm, Person, Refusal, done


def wish(**fields: Any) -> dict[str, Any]:
    """Give the body of a request."""
    return {"scope": "content", "reason": "类案检索", "until": soon(), **fields}


async def asked(by: Person, dossier: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Ask for access; give the request."""
    answer = await by.post(f"/v1/dossiers/{dossier['id']}/access-requests", wish(**fields))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_approved_request_becomes_a_grant(firm: Firm) -> None:
    lead, other = await firm.person("lawyer"), await firm.person("lawyer")
    dossier = await firm.dossier(lead)
    file = await firm.file(lead, (await firm.entry(lead, dossier["id"]))["id"])
    content = f"/v1/files/{file['id']}/content"
    assert await status(other, content) == 403
    answer = await other.post(f"/v1/dossiers/{dossier['id']}/access-requests", wish())
    assert await firm.events(answer) == done("access.requested")
    request = answer.json()
    assert (request["state"], request["number"], request["grant_id"]) == ("pending", dossier["number"], None)
    path = answer.headers["location"]
    for reader in (other, lead):
        read = await reader.get(path)
        assert read.json() == request
        assert await firm.events(read) == done("access.request_viewed")

    before = await firm.tables()
    own = await other.post(f"{path}/decision", {"decision": "approve", "reason": "自批"})
    assert (own.status_code, await firm.events(own)) == (403, [Refusal])
    assert await firm.tables() == before
    approved = await lead.post(f"{path}/decision", {"decision": "approve", "reason": "同意"})
    assert await firm.events(approved) == done("access.decided", "grant.given")
    out = approved.json()
    assert (out["state"], out["decision_reason"], out["decided_by"]["id"]) == ("approved", "同意", str(lead.id))
    assert await status(other, content) == 200
    grant = (await other.get(f"/v1/grants/{out['grant_id']}")).json()
    assert (grant["scope"], grant["reason"], grant["access_request_id"]) == ("content", "类案检索", request["id"])
    late = await lead.post(f"{path}/decision", {"decision": "refuse", "reason": "迟"})
    assert (late.status_code, late.json()["code"]) == (409, "already_decided")


async def test_refused_request_opens_nothing(firm: Firm) -> None:
    lead, other = await firm.person("lawyer"), await firm.person("lawyer")
    dossier = await firm.dossier(lead)
    request = await asked(other, dossier)
    refused = await lead.post(
        f"/v1/access-requests/{request['id']}/decision", {"decision": "refuse", "reason": "与本案无关"}
    )
    assert await firm.events(refused) == done("access.decided")
    assert (refused.json()["state"], refused.json()["grant_id"]) == ("refused", None)
    assert await firm.eyes.fetchval("SELECT count(*) FROM grants") == 0
    await asked(other, dossier)  # he may ask anew


async def test_requests_that_can_not_be(firm: Firm) -> None:
    lead, other = await firm.person("lawyer"), await firm.person("lawyer")
    dossier = await firm.dossier(lead)
    path = f"/v1/dossiers/{dossier['id']}/access-requests"
    await asked(other, dossier)
    third, stranger = await firm.person("lawyer"), await firm.person("finance")
    before = await firm.tables()
    for person, body, code, name in (
        (other, wish(), 409, "already_requested"),
        (lead, wish(), 409, "access_already"),
        (third, wish(scope="metadata"), 409, "access_already"),
        (third, wish(until=soon(-1)), 422, "invalid"),
        (third, wish(until=soon(200)), 422, "invalid"),
    ):
        answer = await person.post(path, body)
        assert (answer.status_code, answer.json()["code"]) == (code, name)
        assert await firm.events(answer) == []
    hidden = await stranger.post(path, wish())
    assert (hidden.status_code, await firm.events(hidden)) == (404, [Refusal])
    assert await firm.tables() == before


async def test_lead_does_not_decide_above_confidential(firm: Firm) -> None:
    lead, archivist, director = [await firm.person(role) for role in ("lawyer", "archivist", "director")]
    dossier = await firm.dossier(lead, confidentiality="restricted")
    request = await asked(archivist, dossier)
    path = f"/v1/access-requests/{request['id']}/decision"
    before = await firm.tables()
    refused = await lead.post(path, {"decision": "approve", "reason": "同意"})
    assert (refused.status_code, await firm.events(refused)) == (403, [Refusal])
    assert await firm.tables() == before
    approved = await director.post(path, {"decision": "approve", "reason": "同意"})
    assert await firm.events(approved) == done("access.decided", "grant.given")


async def test_lists_show_ones_own_and_those_one_decides_on(firm: Firm) -> None:
    lead, other, third = [await firm.person("lawyer") for _ in range(3)]
    dossier, elsewhere = await firm.dossier(lead), await firm.dossier(third)
    mine = [await asked(other, dossier), await asked(other, elsewhere)]
    listed = await other.get("/v1/access-requests")
    assert await firm.events(listed) == done("access.requests_listed")
    assert listed.json()["items"] == mine[::-1]
    assert (await lead.get("/v1/access-requests?state=pending")).json()["items"] == mine[:1]
    assert (await lead.get("/v1/access-requests?state=approved")).json()["items"] == []
    assert (await third.get(f"/v1/access-requests?dossier_id={dossier['id']}")).json()["items"] == []
    hidden = await third.get(f"/v1/access-requests/{mine[0]['id']}")
    assert (hidden.status_code, await firm.events(hidden)) == (404, [Refusal])
