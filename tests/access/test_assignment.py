"""Mass assignment: fields that nobody may set, unknown ones among them, are refused, and nothing is done."""

import copy
from typing import Any

import pytest

from app.config import HttpSettings, Settings
from app.main import create_app
from tests.access.test_walk import calls, things
from tests.support.firm import Firm

FORBIDDEN = {
    "id": "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11", "number": "2026-MS-L01-9999", "state": "filed", "created_by": "x",
    "created_at": "2020-01-01T00:00:00Z", "clearance": "sealed", "reaches": "sealed", "approved_by": "x",
    "awaits_approval": False, "granted_by": "x", "on_hold": False, "fee_count": 1, "entry_count": 0, "kind": "service",
    "tokens_valid_from": "2020-01-01T00:00:00Z", "password_hash": "x", "issuer": "x", "dossier_id": "x", "no_such": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The API's description."""
    described: dict[str, Any] = create_app(Settings(http=HttpSettings(log_level="error"))).openapi()
    return described


async def test_fields_that_are_not_the_callers_are_refused(firm: Firm, schema: dict[str, Any]) -> None:
    lead, ids = await things(firm)
    admin = await firm.person("system_admin", "security_admin")
    before, tried = await firm.tables(), 0
    for call in calls(schema, ids):
        body = call.options.get("json")
        if body is None:
            continue
        for name, value in FORBIDDEN.items():
            if (
                name in body
                or (name == "state" and call.name == "change_wall")
                or (name == "kind" and "client" in call.name)
            ):
                continue
            for person in (lead, admin):
                options = {**copy.deepcopy(call.options), "json": {**body, name: value}}
                answer = await person.request(call.method, call.path, **options)
                assert answer.status_code == 422, (call.name, name, answer.text)
                assert f"/body/{name}" in {error["pointer"] for error in answer.json()["errors"]}, (call.name, name)
                tried += 1
    assert tried > 500
    assert await firm.tables() == before
