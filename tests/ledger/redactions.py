"""Redactions for tests: asked for, decided and carried out over HTTP and by the worker's job."""

from typing import Any
from uuid import UUID

from httpx import Response

from app.jobs.redaction import erase_personal_data
from tests.support.firm import Firm, Person, done

URL = "/v1/event-redactions"
AGENT = {"user-agent": "own-phone/MARK-7f3a"}


def body(**fields: Any) -> dict[str, Any]:
    """Give the body of a request."""
    return {"fields": ["actor_name", "user_agent"], "reason": "依本人申请删除", **fields}


async def asked(by: Person, **fields: Any) -> dict[str, Any]:
    """Ask for an erasure; give the request."""
    answer = await by.post(URL, body(**fields))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def decided(by: Person, redaction: dict[str, Any], decision: str = "approve") -> Response:
    """Decide on a request."""
    return await by.post(f"{URL}/{redaction['id']}/decision", {"decision": decision, "reason": "已核对"})


async def erased(firm: Firm, asking: Person, deciding: Person, **fields: Any) -> dict[str, Any]:
    """Ask, approve and carry out; give the request as it is then."""
    redaction = await asked(asking, **fields)
    assert await firm.events(await decided(deciding, redaction)) == done("event.redaction_decided")
    assert await erase_personal_data(firm.services) == redaction["event_count"]
    after: dict[str, Any] = (await asking.get(f"{URL}/{redaction['id']}")).json()
    assert after["state"] == "done"
    return after


async def rows(firm: Firm, ids: list[Any] | None = None) -> dict[UUID, dict[str, Any]]:
    """Give events with their salts by id; those of redactions themselves left out."""
    found = await firm.eyes.fetch(
        "SELECT v.*, l.salt FROM events v LEFT JOIN event_leaves l ON l.event_id = v.id"
        " WHERE ($1::uuid[] IS NULL OR v.id = ANY($1)) AND v.type NOT LIKE 'event.redact%' ORDER BY v.id",
        ids,
    )
    return {row["id"]: dict(row) for row in found}


async def told(firm: Firm) -> list[dict[str, Any]]:
    """Give the events of erasures, oldest first."""
    found = await firm.eyes.fetch("SELECT * FROM events WHERE type = 'event.redacted' ORDER BY id")
    return [dict(row) for row in found]
