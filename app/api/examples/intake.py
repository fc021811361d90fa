"""Examples of intakes, of what clients lack, were told and agreed to, and of merging."""

from typing import Any

from app.api.examples.common import ID, PERSON_REF, TIME

INTAKE_NEW: dict[str, Any] = {
    "came_on": "2026-03-01", "channel": "visit", "about": "货款拖欠,拟起诉",
    "visitor": {
        "name": "张三", "contact": {"kind": "phone", "value": "010-00000000"}, "relation": "法定代表人",
    },
}  # fmt: skip
INTAKE: dict[str, Any] = {
    "id": ID(16), "came_on": "2026-03-01", "channel": "visit", "about": "货款拖欠,拟起诉",
    "visitor": {
        "name": "张三", "contact": {"kind": "phone", "value": "010-00000000", "masked": False},
        "relation": "法定代表人",
    },
    "client_ids": [ID(3)], "clients": [{"id": ID(3), "name": "北京示例科技有限公司"}], "remarks": None,
    "received_by": PERSON_REF, "state": "open", "reason": None, "dossier_id": None, "decided_by": None,
    "decided_at": None, "created_by": PERSON_REF, "created_at": TIME, "updated_at": TIME,
}  # fmt: skip
INTAKE_CHANGE: dict[str, Any] = {"remarks": "已约下周复谈"}
OUTCOME_NEW: dict[str, Any] = {"outcome": "declined", "reason": "存在利益冲突"}
OUTCOME: dict[str, Any] = {
    **INTAKE, "state": "declined", "reason": "存在利益冲突", "decided_by": PERSON_REF, "decided_at": TIME,
}  # fmt: skip
CLIENT_COMPLETENESS: dict[str, Any] = {
    "client_id": ID(3), "kind": "organization", "rules_version": 1, "complete": False,
    "missing_fields": ["registration"],
    "missing_originals": [{"any_of": ["法定代表人身份证明", "居民身份证", "护照"]}],
    "without_scan": [], "expired": [],
    "expiring": [{
        "verification_id": ID(4), "document_type": "营业执照", "valid_until": "2026-12-20", "scanned": True,
    }],
}  # fmt: skip
MERGE_NEW: dict[str, Any] = {"into_client_id": ID(17), "reason": "同一单位重复建档"}
DUPLICATE: dict[str, Any] = {
    "first": {"id": ID(3), "name": "北京示例科技有限公司"}, "second": {"id": ID(17), "name": "示例科技"},
    "identifiers": [{"scheme": "other", "value": "示例-0001", "masked": False}],
}  # fmt: skip
NOTICE_NEW: dict[str, Any] = {
    "given_on": "2026-03-01", "form": "written", "text_reference": "个人信息处理告知书 2026-01 版",
    "retention_told": "结案后按保管期限表", "contact_told": "本所档案室 010-00000000",
}  # fmt: skip
NOTICE: dict[str, Any] = {
    "id": ID(18), "client_id": ID(3), **NOTICE_NEW, "lacks": [], "remarks": None, "recorded_by": PERSON_REF,
    "created_at": TIME,
}  # fmt: skip
CONSENT_NEW: dict[str, Any] = {
    "kind": "sensitive", "covers": {"text": "为办理医疗损害纠纷使用病历", "purposes": ["起诉", "鉴定"]},
    "sensitive_categories": ["medical"], "given_on": "2026-03-01", "given_by": "self",
    "paper_reference": "同意书 2026-017",
}  # fmt: skip
CONSENT: dict[str, Any] = {
    "id": ID(19), "client_id": ID(3), **CONSENT_NEW, "guardian_name": None, "valid_until": None, "scan": None,
    "remarks": None, "in_force": True, "withdrawn_on": None, "withdrawal_reason": None, "withdrawn_by": None,
    "recorded_by": PERSON_REF, "created_at": TIME, "masked": False,
}  # fmt: skip
WITHDRAWAL_NEW: dict[str, Any] = {"on": "2026-06-01", "reason": "委托终止"}
WITHDRAWN: dict[str, Any] = {
    **CONSENT, "in_force": False, "withdrawn_on": "2026-06-01", "withdrawal_reason": "委托终止",
    "withdrawn_by": PERSON_REF,
}  # fmt: skip
