"""Grants over HTTP: given, approved by a second person, revoked, expired; each with its events."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.support.firm import Firm, Person, Refusal, done


def soon(days: float = 30) -> str:
    """Give a moment some days ahead."""
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def grant(to: Person, scope: str = "content", **fields: Any) -> dict[str, Any]:
    """Give the body of a new grant."""
    return {"user_id": str(to.id), "scope": scope, "reason": "接手庭审准备", "expires_at": soon(), **fields}


async def status(person: Person, path: str) -> int:
    """Give what a path answers somebody."""
    return (await person.get(path)).status_code


async def given(by: Person, dossier: dict[str, Any], to: Person, **fields: Any) -> httpx.Response:
    """Give a grant and its answer."""
    answer = await by.post(f"/v1/dossiers/{dossier['id']}/grants", grant(to, **fields))
    assert answer.status_code == 201, answer.text
    return answer


async def test_lead_grants_up_to_confidential(firm: Firm) -> None:
    lead, other = await firm.person("lawyer"), await firm.person("lawyer")
    dossier = await firm.dossier(lead, confidentiality="confidential")
    entry = await firm.entry(lead, dossier["id"])
    file = await firm.file(lead, entry["id"])
    path, content = f"/v1/dossiers/{dossier['id']}", f"/v1/files/{file['id']}/content"
    assert (await status(other, path), await status(other, content)) == (404, 404)

    answer = await given(lead, dossier, other, scope="metadata")
    assert await firm.events(answer) == done("grant.given")
    made = answer.json()
    assert answer.headers["location"] == f"/v1/grants/{made['id']}"
    assert (made["state"], made["reaches"], made["granted_as"]) == ("effective", "confidential", "lead")
    assert made["user"] == {"id": str(other.id), "display_name": other.name}
    assert (await status(other, path), await status(other, content)) == (200, 403)

    await given(lead, dossier, other)
    assert await status(other, content) == 200


async def test_grant_bites_until_it_ends(firm: Firm) -> None:
    lead, other = await firm.person("lawyer"), await firm.person("lawyer")
    dossier = await firm.dossier(lead, confidentiality="confidential")
    made = (await given(lead, dossier, other)).json()
    path = f"/v1/grants/{made['id']}"
    for reader in (lead, other):
        read = await reader.get(path)
        assert read.json() == made
        assert await firm.events(read) == done("grant.viewed")
    before = await firm.tables()
    assert (await lead.request("DELETE", path)).status_code == 428
    assert (await lead.request("DELETE", path, headers={"If-Match": '"stale"'})).status_code == 412
    refused = await other.request("DELETE", path, headers={"If-Match": "*"})
    assert (refused.status_code, await firm.events(refused)) == (403, [Refusal])
    assert await firm.tables() == before

    ended = await lead.request("DELETE", path, headers={"If-Match": read.headers["etag"]})
    assert (ended.status_code, ended.content) == (204, b"")
    assert await firm.events(ended) == done("grant.revoked")
    assert await status(other, f"/v1/dossiers/{dossier['id']}") == 404
    assert (await lead.get(path)).json()["state"] == "revoked"
    again = await lead.request("DELETE", path, headers={"If-Match": "*"})
    assert (again.status_code, again.json()["code"]) == (409, "already_decided")

    later = (await given(lead, dossier, other)).json()
    assert await status(other, f"/v1/dossiers/{dossier['id']}") == 200
    await firm.eyes.execute("UPDATE grants SET expires_at = now() WHERE id = $1", later["id"])
    assert await status(other, f"/v1/dossiers/{dossier['id']}") == 404
    assert (await lead.get(f"/v1/grants/{later['id']}")).json()["state"] == "expired"


async def test_who_gives_decides_how_high_it_reaches(firm: Firm) -> None:
    lead = await firm.person("lawyer", department="一部")
    partner = await firm.person("partner", department="一部")
    director, other = await firm.person("director"), await firm.person("lawyer")
    dossier = await firm.dossier(
        lead, confidentiality="confidential", team=[{"user_id": str(partner.id), "duty": "lawyer"}]
    )
    path = f"/v1/dossiers/{dossier['id']}"
    await given(lead, dossier, other)
    assert await status(other, path) == 200
    raised = await lead.change(path, {"confidentiality": "restricted"})
    assert raised.status_code == 200
    # What a lead lawyer gave does not open what is above him.
    assert await status(other, path) == 404
    before = await firm.tables()
    refused = await lead.post(f"{path}/grants", grant(other))
    assert (refused.status_code, await firm.events(refused)) == (403, [Refusal])
    assert await firm.tables() == before
    for above in (partner, director):
        made = (await given(above, dossier, other)).json()
        assert (made["reaches"], made["granted_as"]) == ("restricted", above.roles[0])
        assert await status(other, path) == 200
        await above.request("DELETE", f"/v1/grants/{made['id']}", headers={"If-Match": "*"})
        assert await status(other, path) == 404


async def test_sealed_dossiers_need_two_people(firm: Firm) -> None:
    lead, partner = await firm.person("lawyer", department="一部"), await firm.person("partner", department="一部")
    member, other = await firm.person("lawyer"), await firm.person("lawyer")
    team = [{"user_id": str(person.id), "duty": "lawyer"} for person in (partner, member)]
    dossier = await firm.dossier(lead, confidentiality="sealed", team=team)
    path = f"/v1/dossiers/{dossier['id']}"
    made = (await given(lead, dossier, other)).json()
    assert (made["state"], made["reaches"]) == ("awaiting_approval", "confidential")
    assert await status(other, path) == 404

    decision = f"/v1/grants/{made['id']}/decision"
    before = await firm.tables()
    for person, code in ((lead, 403), (member, 404), (other, 404)):
        refused = await person.post(decision, {"decision": "approve", "reason": "必要"})
        assert (refused.status_code, await firm.events(refused)) == (code, [Refusal]), person.name
    assert await firm.tables() == before
    approved = await partner.post(decision, {"decision": "approve", "reason": "必要"})
    assert await firm.events(approved) == done("grant.approved")
    out = approved.json()
    assert (out["state"], out["reaches"], out["approved_by"]["id"]) == ("effective", "sealed", str(partner.id))
    assert await status(other, path) == 200
    late = await partner.post(decision, {"decision": "refuse", "reason": "迟"})
    assert (late.status_code, late.json()["code"]) == (409, "already_decided")

    second = (await given(partner, dossier, await firm.person("lawyer"))).json()
    refused = await lead.post(f"/v1/grants/{second['id']}/decision", {"decision": "refuse", "reason": "不必要"})
    assert await firm.events(refused) == done("grant.refused")
    assert (refused.json()["state"], refused.json()["end_reason"]) == ("refused", "不必要")


async def test_two_leads_in_turn_are_not_two_people(firm: Firm) -> None:
    """Who proposed as lead lawyer and his follower are both leads: a partner or the director must be one of two."""
    first, second = await firm.person("lawyer"), await firm.person("lawyer")
    dossier = await firm.dossier(first, confidentiality="sealed", team=[{"user_id": str(second.id), "duty": "lawyer"}])
    made = (await given(first, dossier, await firm.person("lawyer"))).json()
    changed = await first.change(f"/v1/dossiers/{dossier['id']}", {"lead_lawyer_id": str(second.id)})
    assert changed.status_code == 200, changed.text
    refused = await second.post(f"/v1/grants/{made['id']}/decision", {"decision": "approve", "reason": "必要"})
    assert (refused.status_code, await firm.events(refused)) == (403, [Refusal])


@pytest.mark.parametrize(
    ("roles", "fields", "pointer", "code"),
    [
        (("assistant",), {}, "/body/user_id", "clearance_too_low"),
        (("auditor",), {}, "/body/user_id", "separated_role"),
        (("lawyer",), {"expires_at": soon(-1)}, "/body/expires_at", "in_past"),
        (("lawyer",), {"expires_at": soon(181)}, "/body/expires_at", "too_far"),
        (("lawyer",), {"expires_at": "2027-01-01T00:00:00"}, "/body/expires_at", "timezone_aware"),
        (("lawyer",), {"scope": "all"}, "/body/scope", "enum"),
        (("lawyer",), {"reason": " "}, "/body/reason", "string_too_short"),
        (("lawyer",), {"reaches": 4}, "/body/reaches", "extra_forbidden"),
        (("lawyer",), {"user_id": "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"}, "/body/user_id", "unknown_user"),
    ],
)
async def test_grants_that_can_not_be(
    firm: Firm, roles: tuple[str, ...], fields: dict[str, Any], pointer: str, code: str
) -> None:
    director, other = await firm.person("director"), await firm.person(*roles)
    dossier = await firm.dossier(director, confidentiality="sealed")
    before = await firm.tables()
    answer = await director.post(f"/v1/dossiers/{dossier['id']}/grants", {**grant(other), **fields})
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]
    assert await firm.events(answer) == []
    assert await firm.tables() == before


async def test_nobody_grants_to_himself(firm: Firm) -> None:
    lead = await firm.person("lawyer")
    dossier = await firm.dossier(lead, confidentiality="confidential")
    before = await firm.tables()
    answer = await lead.post(f"/v1/dossiers/{dossier['id']}/grants", grant(lead))
    assert (answer.status_code, await firm.events(answer)) == (403, [Refusal])
    assert (await firm.event(answer))["details"]["rule"] == "not_to_oneself"
    assert await firm.tables() == before


async def test_who_decides_sees_all_grants_others_their_own(firm: Firm) -> None:
    lead, one, two = [await firm.person("lawyer") for _ in range(3)]
    dossier = await firm.dossier(lead)
    grants = [(await given(lead, dossier, person)).json() for person in (one, two)]
    path = f"/v1/dossiers/{dossier['id']}/grants"
    listed = await lead.get(f"{path}?limit=1")
    assert await firm.events(listed) == done("grant.listed")
    rest = await lead.get(listed.headers["link"].partition(">")[0].lstrip("<"))
    assert [*listed.json()["items"], *rest.json()["items"]] == grants
    assert (await one.get(path)).json()["items"] == grants[:1]
    nobody = await firm.person("finance")
    hidden = await nobody.get(path)
    assert (hidden.status_code, await firm.events(hidden)) == (404, [Refusal])
    missed = await one.get(f"/v1/grants/{grants[1]['id']}")
    assert (missed.status_code, await firm.events(missed)) == (404, [Refusal])


async def test_repeated_grant_is_one(firm: Firm) -> None:
    lead, other = await firm.person("lawyer"), await firm.person("lawyer")
    dossier = await firm.dossier(lead)
    path, body, key = f"/v1/dossiers/{dossier['id']}/grants", grant(other), {"Idempotency-Key": "once"}
    first = await lead.post(path, body, headers=key)
    again = await lead.post(path, body, headers=key)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert len((await lead.get(path)).json()["items"]) == 1
