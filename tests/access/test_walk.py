"""All operations as every role: what the table of acts forbids is 403 or 404, recorded as denied, and changes nothing.

What is expected comes from the table and from the page of rules, not from the service.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from app.access.acts import ACTS, Need
from app.api.examples.intake import CONSENT_NEW, INTAKE_NEW
from app.auth.roles import SEPARATED, Role
from app.config import HttpSettings, Settings
from app.main import create_app
from tests.access.test_grants import given
from tests.access.test_requests import asked
from tests.access.test_walls import built
from tests.api.test_engagements import EXTENDED, made
from tests.api.test_off_volume import registered
from tests.api.test_receipts import handed_over
from tests.api.test_routes import PUBLIC, operations
from tests.api.test_routes import asked as required
from tests.ledger.redactions import asked as erasure_asked
from tests.support.firm import Firm, Person, Refusal
from tests.support.tus import BYTES, TUS, begun, encoded

# Operations whose refusal is no matter of roles or of a dossier: they are about the caller himself.
OWN = {"log_out", "list_sessions", "end_session", "change_password", "read_identity"}
# They answer everybody with what he may see, be it nothing.
LISTS = {
    "list_dossiers", "list_events", "read_event_proofs", "list_access_requests", "list_directory", "list_engagement_gaps",
}  # fmt: skip
# Grants and requests are known to those who have or decide them.
DECIDED = {"read_grant", "revoke_grant", "decide_grant", "read_access_request", "decide_access_request"}
# They name the event that did not happen instead of the refusal.
NAMED = {"read_integration", "change_integration", "renew_secret", "read_user", "change_user", "revoke_tokens"}
# Who sees a confidential dossier by his role alone.
BY_ROLE = {"archivist", "director"}
_OF_A_DOSSIER = {
    "dossier_id", "entry_id", "file_id", "grant_id", "request_id", "receipt_id", "object_id", "engagement_id",
    "upload_id",
}  # fmt: skip
Ids = dict[str, str]


@dataclass
class Call:
    """A request to an operation, its act, and whether its path leads to the dossier."""

    name: str
    act: str
    method: str
    path: str
    options: dict[str, Any]
    leads: bool


def calls(schema: dict[str, Any], ids: Ids) -> Iterator[Call]:
    """Give a request for each operation on the things of one dossier; bodies from the examples."""
    for method, path, one in operations(schema):
        if one["operationId"] in PUBLIC | OWN:
            continue
        content = one.get("requestBody", {}).get("content", {})
        options: dict[str, Any] = {"headers": {"If-Match": "*"}, "params": required(one, ids)}
        if "application/json" in content:
            options["json"] = content["application/json"]["example"]
        elif "multipart/form-data" in content and len(content) == 1:
            entry = '{"title": "x", "category": "evidence", "original": "copy"}'
            options["files"] = [("entry", (None, entry, "application/json")), ("file", ("a.txt", b"x", "text/plain"))]
        elif content:
            options |= {
                "content": b"x",
                "headers": {**options["headers"], "Content-Disposition": 'attachment; filename="a"'},
            }
        names = re.findall(r"\{([a-z_]+)\}", path)
        filled = re.sub(r"\{([a-z_]+)\}", lambda found: ids[found[1]], path)
        leads = bool(_OF_A_DOSSIER & set(names)) or path == "/v1/uploads"
        if path.startswith("/v1/uploads"):
            said = {"Upload-Length": "1", "Upload-Offset": "0", "Upload-Metadata": encoded(entry_id=ids["entry_id"])}
            options["headers"] |= {**TUS, **said, "Content-Type": BYTES}
        yield Call(one["operationId"], one["x-permission"]["act"], method.upper(), filled, options, leads)


async def things(firm: Firm) -> tuple[Person, Ids]:
    """Make a confidential dossier with everything that hangs on one; give its lead and the ids by parameter."""
    lead = await firm.person("lawyer", department="一部")
    client = await firm.client(lead)
    dossier = await firm.dossier(lead, client_ids=[client["id"]], confidentiality="confidential")
    entry = await firm.entry(lead, dossier["id"])
    file = await firm.file(lead, entry["id"])
    seen = await lead.post(
        f"/v1/clients/{client['id']}/verifications",
        {"document_type": "营业执照", "original_seen": True, "verified_on": "2026-03-01"},
    )
    grant = (await given(lead, dossier, await firm.person("lawyer"))).json()
    request = await asked(await firm.person("archivist"), dossier)
    wall = (
        await built(await firm.person("security_admin"), await firm.person("lawyer"), dossier_ids=[dossier["id"]])
    ).json()
    prepared = await lead.post(f"/v1/entries/{entry['id']}/preparations", {"acts": ["folded"]})
    engagement = await made(lead, dossier, entry_id=entry["id"])
    change = await lead.post(f"/v1/engagements/{engagement['id']}/changes", EXTENDED)
    receipt, thing = await handed_over(lead, dossier, entry), await registered(lead, dossier)
    consent = await lead.post(f"/v1/clients/{client['id']}/consents", CONSENT_NEW)
    intake = await lead.post("/v1/intakes", INTAKE_NEW | {"client_ids": [client["id"]]})
    check = await checked(lead, client)
    event = await firm.eyes.fetchval("SELECT id FROM events WHERE type = 'dossier.opened'")
    await firm.eyes.execute("INSERT INTO event_leaves VALUES ($1, 0, sha256(''))", event)
    redaction = await erasure_asked(await firm.person("director"), event_ids=[str(event)])
    scan = await firm.eyes.fetchval("SELECT id::text FROM scans")
    return lead, {
        "quarantine_id": scan, "dossier_id": dossier["id"], "client_id": client["id"], "entry_id": entry["id"], "file_id": file["id"],
        "verification_id": seen.json()["id"], "grant_id": grant["id"], "request_id": request["id"],
        "wall_id": wall["id"], "event_id": str(event), "user_id": str(lead.id), "matter_type": "civil",
        "template_id": dossier["template_id"], "path": "0/000", "number": "1", "serial": "1", "version": "1",
        "preparation_id": prepared.json()["id"], "engagement_id": engagement["id"], "change_id": change.json()["id"],
        "receipt_id": receipt["id"], "object_id": thing["id"],
        "volume": "1", "form": "cover",
        "consent_id": consent.json()["id"], "intake_id": intake.json()["id"],
        "upload_id": (await begun(lead, entry["id"], 1)).rpartition("/")[2],
        "redaction_id": redaction["id"], "check_id": check["id"], "hit_id": check["hits"][0]["id"],
    }  # fmt: skip


async def checked(by: Person, client: dict[str, Any]) -> dict[str, Any]:
    """Make a conflict check with a hit: somebody against himself."""
    other = {"name": client["name"], "kind": "organization"}
    body = {"clients": [other], "opposing_parties": [other], "matter_type": "civil", "cause": "x"}
    made = await by.post("/v1/conflict-checks", body)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


def known(call: Call, role: str) -> bool:
    """Tell whether a stranger of this role may know of what an operation is about.

    He is on no team, has no grant, and belongs to another department.
    """
    sees = role in BY_ROLE and role not in SEPARATED
    if call.act == "access.report":
        return sees or role in {"security_admin", "auditor"}
    if call.path.startswith("/v1/uploads/"):
        return False
    if call.name in DECIDED:
        return role == "director"
    if call.name in {"read_event", "prove_event"}:
        return role in {"director", "auditor"}
    if call.name == "list_duplicate_clients":
        return True
    of_clients = ("/v1/clients/", "/v1/consents/", "/v1/intakes/", "/v1/conflict-checks/")
    return sees if call.leads or call.path.startswith(of_clients) else True


def expected(call: Call, role: str) -> int | None:
    """Tell which refusal the table foretells for a stranger of this role; None for none."""
    act, director = ACTS[call.act], role == "director"
    if not known(call, role):
        return 404
    met = {
        Need.NOTHING: True, Need.SEES: True, Need.READS: director, Need.TEAM: False, Need.TEAM_LAWYER: False,
        Need.LEADS: director, Need.GRANTS: director, Need.DIRECTS: director, Need.HEADS: director,
        Need.TEAM_OR_ARCHIVIST: role == "archivist",
    }  # fmt: skip
    allowed = (act.roles is None or role in act.roles) and met[act.need]
    return None if allowed else 403


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The API's description."""
    described: dict[str, Any] = create_app(Settings(http=HttpSettings(log_level="error"))).openapi()
    return described


@pytest.mark.parametrize("role", ["", *sorted(role.value for role in Role)])
async def test_what_the_table_forbids_is_refused(firm: Firm, schema: dict[str, Any], role: str) -> None:
    _, ids = await things(firm)
    stranger = (
        await firm.person(*([role] if role else []), department="二部")
        if role not in {"integration", "backup"}
        else await program(firm, role)
    )
    refused = 0
    for call in calls(schema, ids):
        code = expected(call, role)
        if code is None or call.name in LISTS:
            continue
        before = await firm.tables()
        answer = await stranger.request(call.method, call.path, **call.options)
        assert answer.status_code == code, (call.name, answer.text)
        recorded = await firm.events(answer)
        assert [outcome for _, outcome in recorded] == ["denied"], (call.name, recorded)
        if call.name not in NAMED:
            assert recorded == [Refusal], call.name
        assert await firm.tables() == before, call.name
        refused += 1
    assert refused > 15


async def program(firm: Firm, role: str) -> Person:
    """Bring a program."""
    keeper = await firm.person("system_admin", "security_admin")
    account = (await keeper.post("/v1/service-accounts", {"name": "程序", "roles": [role]})).json()
    form = {
        "grant_type": "client_credentials", "client_id": account["client_id"], "client_secret": account["client_secret"],
    }  # fmt: skip
    token = (await firm.http.post("/v1/auth/token", data=form)).json()["access_token"]
    return Person(account["id"], "程序", token, firm.http, (role,))


async def test_every_operation_is_walked(schema: dict[str, Any], firm: Firm) -> None:
    _, ids = await things(firm)
    walked = {call.name for call in calls(schema, ids)}
    assert walked == {one["operationId"] for _, _, one in operations(schema)} - PUBLIC - OWN
    for call in calls(schema, ids):
        refusals = [role.value for role in Role if expected(call, role.value) is not None]
        everybodys = ACTS[call.act].roles is None and ACTS[call.act].need is Need.NOTHING
        assert refusals or everybodys or call.name in LISTS, call.name
