"""What the database itself holds of erasing: whoever has the service's own role erases nothing that two did not let go.

And the worker: batches, each whole or not at all, also when it is ended in the middle.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from app.config import Settings
from app.core.actor import service_actor
from app.core.errors import AppError
from app.core.ids import new_id
from app.jobs.redaction import erase_personal_data
from app.ledger.leaf import details_digest
from app.ledger.sealer import Sealer
from app.redaction import work
from app.redaction.fields import ERASED
from tests.ledger.common import app_url
from tests.ledger.redactions import AGENT, asked, decided, erased, rows, told
from tests.support.firm import Firm, Person
from tests.support.server import environment

_ERASE = "SELECT anjuan_erase_event($1, $2)"
_ASK = """
INSERT INTO event_redactions (id, requested_by, requested_at, expires_at, reason, fields, event_count, state, decided_by,
  decided_at) VALUES ($1, $2, now(), now() + interval '1 day', 'x', '{ip}', 1, $3, $4, CASE WHEN $4::uuid IS NULL THEN NULL ELSE now() END)
"""
_COVER = "INSERT INTO event_redaction_items (redaction_id, event_id, fields) VALUES ($1, $2, '{ip,actor_name}')"
_APPROVE = "UPDATE event_redactions SET state = 'approved', decided_by = $2, decided_at = now() WHERE id = $1"


@pytest.fixture
async def role(firm: Firm) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection of the application's role."""
    connection = await asyncpg.connect(app_url(firm))
    yield connection
    await connection.close()


async def people(firm: Firm) -> tuple[Person, Person, Person]:
    """Give a director, an auditor, and a lawyer who did one thing."""
    director, auditor, lawyer = [await firm.person(name) for name in ("director", "auditor", "lawyer")]
    assert (await lawyer.get("/v1/auth/me", headers=AGENT)).status_code == 200
    return director, auditor, lawyer


async def refused(role: Any, sql: str, *args: object) -> None:
    """See the database refuse a statement."""
    with pytest.raises(
        (
            asyncpg.ObjectNotInPrerequisiteStateError,
            asyncpg.InsufficientPrivilegeError,
            asyncpg.CheckViolationError,
        )
    ):
        await role.execute(sql, *args)


async def test_the_application_erases_nothing_by_itself(firm: Firm, sealer: Sealer, role: Any) -> None:
    director, auditor, lawyer = await people(firm)
    await sealer.seal_all()
    event = await firm.eyes.fetchval("SELECT id FROM events WHERE actor_id = $1", lawyer.id)
    other = await firm.eyes.fetchval("SELECT id FROM events WHERE id <> $1 LIMIT 1", event)
    before = await rows(firm)
    mine = new_id()
    await refused(role, _ERASE, mine, event)  # no such request
    await refused(role, _ASK, mine, director.id, "approved", auditor.id)  # born approved
    await refused(role, _ASK, mine, director.id, "pending", auditor.id)
    await role.execute(_ASK, mine, director.id, "pending", None)
    await role.execute(_COVER, mine, event)
    await refused(role, _ERASE, mine, event)  # not approved
    await refused(role, _APPROVE, mine, director.id)  # by who asked
    for sql in (
        "UPDATE event_redactions SET requested_by = $2 WHERE id = $1",
        "UPDATE event_redactions SET fields = ARRAY['details', $2::text] WHERE id = $1",
        "UPDATE event_redactions SET expires_at = expires_at + interval '1 day' WHERE id = $1 AND $2::uuid IS NULL",
        "UPDATE event_redaction_items SET fields = '{details}' WHERE redaction_id = $1 AND event_id = $2",
        "UPDATE event_redaction_items SET erased_at = NULL WHERE redaction_id = $1 AND event_id = $2",
        "DELETE FROM event_redaction_items WHERE redaction_id = $1 AND event_id = $2",
        "DELETE FROM event_redactions WHERE id = $1 AND $2::uuid IS NULL",
    ):  # fmt: skip
        await refused(role, sql, mine, str(event) if "fields = ARRAY" in sql else event)
    await refused(role, "UPDATE event_redactions SET state = 'done', finished_at = now() WHERE id = $1", mine)
    assert await rows(firm) == before

    await role.execute(_APPROVE, mine, auditor.id)
    await refused(role, _COVER, mine, other)  # fixed by now
    await refused(role, _ERASE, mine, other)  # not covered
    await refused(role, "UPDATE event_redactions SET decided_by = $2 WHERE id = $1", mine, lawyer.id)
    await refused(role, "UPDATE event_redactions SET state = 'pending', decided_by = NULL WHERE id = $1", mine)
    assert await rows(firm) == before
    assert await role.fetchval(_ERASE, mine, event) == ["ip", "actor_name"]
    await refused(role, _ERASE, mine, event)  # once
    after = await rows(firm)
    assert after.pop(event) == before.pop(event) | {"ip": ERASED, "actor_name": ERASED, "salt": await salt(firm, event)}
    assert after == before


async def salt(firm: Firm, event: Any) -> Any:
    """Give the salt of an event."""
    return await firm.eyes.fetchval("SELECT salt FROM event_leaves WHERE event_id = $1", event)


async def test_what_stays_whoever_approves(firm: Firm, sealer: Sealer, role: Any) -> None:
    """Unsealed events, events that tell of an erasure, and those of who asked or approved; expired requests."""
    director, auditor, lawyer = await people(firm)
    await auditor.get("/v1/auth/me")
    await sealer.seal_all()
    await erased(firm, director, auditor, filter={"actor_id": str(lawyer.id)})
    await sealer.seal_all()
    await lawyer.get("/v1/auth/me", headers={"user-agent": "unsealed"})
    events = [
        await firm.eyes.fetchval(f"SELECT id FROM events WHERE {condition} ORDER BY id LIMIT 1")
        for condition in ("user_agent = 'unsealed'", "type = 'event.redacted'", f"actor_id = '{auditor.id}'")
    ]
    before = await rows(firm)
    for event in events:
        request = new_id()
        await role.execute(_ASK, request, director.id, "pending", None)
        await role.execute(_COVER, request, event)
        await role.execute(_APPROVE, request, auditor.id)
        await refused(role, _ERASE, request, event)
    assert await rows(firm) == before
    late = new_id()
    await role.execute(_ASK.replace("'1 day'", "'-1 day'"), late, director.id, "pending", None)
    await refused(role, _APPROVE, late, auditor.id)


async def test_a_worker_that_is_ended_goes_on(firm: Firm, sealer: Sealer, monkeypatch: pytest.MonkeyPatch) -> None:
    """One batch was done, the next broke in the middle: each event is erased once, with its event, by the next run."""
    director, auditor, lawyer = await people(firm)
    for _ in range(4):
        await lawyer.get("/v1/auth/me", headers=AGENT)
    await sealer.seal_all()
    monkeypatch.setattr(work, "BATCH", 2)
    request = await asked(director, filter={"actor_id": str(lawyer.id)}, fields=["user_agent"])
    await decided(auditor, request)
    left = "SELECT count(*) FROM events WHERE user_agent = $1"
    agent = AGENT["user-agent"]
    await firm.services.redaction.erasing._batch(service_actor("JOB", "test", "r"))
    assert (await firm.eyes.fetchval(left, agent), len(await told(firm))) == (3, 2)

    await firm.eyes.execute("REVOKE INSERT ON events FROM anjuan_app")
    with pytest.raises((AppError, ExceptionGroup)):
        await erase_personal_data(firm.services)
    assert (await firm.eyes.fetchval(left, agent), len(await told(firm))) == (3, 2)
    await firm.eyes.execute("GRANT INSERT ON events TO anjuan_app")

    assert await erase_personal_data(firm.services) == 3
    assert await firm.eyes.fetchval(left, agent) == 0
    events = await told(firm)
    assert len({event["subject_id"] for event in events}) == len(events) == request["event_count"] == 5
    for event in events:
        row = (await rows(firm, [event["subject_id"]]))[event["subject_id"]]
        assert event["details"]["digest"] == details_digest(row, row["salt"])
    assert await firm.eyes.fetchval("SELECT count(*) FROM events WHERE type = 'event.redaction_finished'") == 1


async def test_what_the_database_refuses_holds_up_nothing_else(firm: Firm, sealer: Sealer, role: Any) -> None:
    """An approved request that covers an event of who approved it: the later one is carried out, the first is told."""
    director, auditor, lawyer = await people(firm)
    await auditor.get("/v1/auth/me")
    await sealer.seal_all()
    stuck = new_id()
    event = await firm.eyes.fetchval("SELECT id FROM events WHERE actor_id = $1 ORDER BY id LIMIT 1", auditor.id)
    await role.execute(_ASK, stuck, director.id, "pending", None)
    await role.execute(_COVER, stuck, event)
    await role.execute(_APPROVE, stuck, auditor.id)
    request = await asked(director, filter={"actor_id": str(lawyer.id)}, fields=["user_agent"])
    await decided(auditor, request)
    before = await rows(firm, [event])
    for _ in range(2):
        with pytest.raises(ExceptionGroup, match=str(stuck)) as caught:
            await erase_personal_data(firm.services)
        assert [type(error) for error in caught.value.exceptions] == [asyncpg.ObjectNotInPrerequisiteStateError]
    assert len(await told(firm)) == request["event_count"] > 0
    states = await firm.eyes.fetch("SELECT id::text, state FROM event_redactions ORDER BY id")
    assert [tuple(row) for row in states] == [(str(stuck), "approved"), (request["id"], "done")]
    assert await rows(firm, [event]) == before


_WORKER = """
import asyncio
from app.config import Settings
from app.factory import make_resources, make_services
from app.jobs.redaction import erase_personal_data
from app.redaction import work

async def main():
    resources = make_resources(Settings())
    await resources.open()
    await erase_personal_data(make_services(resources))

work.BATCH = 3
asyncio.run(main())
"""


async def test_a_worker_that_is_killed_leaves_whole_batches(firm: Firm, sealer: Sealer, settings: Settings) -> None:
    """Two batches are done, the third stands still in its middle when the process is killed."""
    director, auditor, lawyer = await people(firm)
    for _ in range(10):
        await lawyer.get("/v1/auth/me", headers=AGENT)
    await sealer.seal_all()
    request = await asked(director, filter={"actor_id": str(lawyer.id)}, fields=["user_agent"])
    await decided(auditor, request)
    ids = [id_ for id_, row in (await rows(firm)).items() if row["user_agent"] == AGENT["user-agent"]]
    async with firm.eyes.transaction():
        await firm.eyes.execute("SELECT 1 FROM event_redaction_items WHERE event_id = $1 FOR UPDATE", ids[7])
        worker = await asyncio.create_subprocess_exec(sys.executable, "-c", _WORKER, env=environment(settings))
        while len(await told(firm)) < 6 and worker.returncode is None:  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.05)
        worker.kill()
        await worker.wait()
    assert [event["subject_id"] for event in await told(firm)] == ids[:6]
    assert await erase_personal_data(firm.services) == 5
    assert [event["subject_id"] for event in await told(firm)] == ids
    after = await rows(firm, ids)
    assert {row["user_agent"] for row in after.values()} == {ERASED}
    digests = [details_digest(row, row["salt"]) for row in after.values()]
    assert [event["details"]["digest"] for event in await told(firm)] == digests


async def test_what_another_request_has_erased_is_left(
    firm: Firm, sealer: Sealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of two like requests finds nothing, changes nothing, and ends all the same."""
    director, auditor, lawyer = await people(firm)
    await sealer.seal_all()
    monkeypatch.setattr(work, "BATCH", 1)
    wish = {"filter": {"actor_id": str(lawyer.id)}, "fields": ["user_agent"]}
    for request in [await asked(director, **wish), await asked(director, **wish)]:
        await decided(auditor, request)
    assert await erase_personal_data(firm.services) == 1
    assert len(await told(firm)) == 1
    assert await firm.eyes.fetchval("SELECT count(*) FROM event_redactions WHERE state = 'done'") == 2
    after = await rows(firm)
    assert await erase_personal_data(firm.services) == 0
    assert await rows(firm) == after
