"""Examples of erasing personal data in events."""

from typing import Any

from app.api.examples.common import ID, PERSON_REF, TIME

REDACTION_NEW: dict[str, Any] = {
    "filter": {"actor_id": ID(16), "to": "2026-01-01T00:00:00Z"},
    "fields": ["actor_name", "ip", "user_agent", "details/new/phone"],
    "reason": "该人员已离职,依其本人申请删除个人信息",
}  # fmt: skip
REDACTION: dict[str, Any] = {
    "id": ID(17), "state": "pending", "fields": REDACTION_NEW["fields"], "filter": REDACTION_NEW["filter"],
    "event_count": 4711, "reason": REDACTION_NEW["reason"], "requested_by": PERSON_REF, "requested_at": TIME,
    "expires_at": "2026-12-24T04:00:00.123456Z", "decided_by": None, "decided_at": None, "decision_reason": None,
    "finished_at": None,
}  # fmt: skip
REDACTION_EVENT: dict[str, Any] = {"event_id": ID(10), "fields": ["actor_name", "ip"], "erased_at": TIME}
