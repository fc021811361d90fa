"""Examples for the API pages: one small civil case, with invented people."""

from typing import Any

from app.api.examples.common import ID, PERSON_REF, TIME

ME: dict[str, Any] = {
    "user_id": ID(1), "username": "wang.li", "display_name": "王丽", "roles": ["lawyer"], "clearance": "sealed",
    "department": "诉讼一部", "lawyer_code": "L03", "token_expires_at": TIME, "session_id": ID(12),
    "must_change_password": False, "reminders": [],
}  # fmt: skip
TOKEN: dict[str, Any] = {
    "access_token": "eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "token_type": "Bearer", "expires_in": 900,
    "refresh_token": "pXq1yC0e", "refresh_expires_in": 43200, "must_change_password": False,
}  # fmt: skip
SESSION: dict[str, Any] = {
    "id": ID(12), "began_at": TIME, "refreshed_at": None, "expires_at": "2026-11-24T16:00:00.123456Z",
    "ip": "192.0.2.7", "user_agent": "curl/8", "current": True,
}  # fmt: skip
PASSWORD_CHANGE: dict[str, Any] = {
    "current_password": "correct horse battery staple", "new_password": "purple lanterns over the ninth bridge",
}  # fmt: skip
PASSWORD_CHANGED: dict[str, Any] = {"sessions_ended": 1}
REVOCATION_NEW: dict[str, Any] = {"reason": "笔记本电脑遗失"}
REVOCATION: dict[str, Any] = {"user_id": ID(1), "sessions_ended": 2, "revoked_at": TIME}
JWKS: dict[str, Any] = {
    "keys": [
        {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2", "y": "x_FEzRu9", "kid": "5b2f", "use": "sig", "alg": "ES256"}
    ]
}
USER_NEW: dict[str, Any] = {
    "username": "wang.li", "display_name": "王丽", "password": "correct horse battery staple", "roles": ["lawyer"],
    "department": "诉讼一部", "lawyer_code": "L03",
}  # fmt: skip
USER: dict[str, Any] = {
    "id": ID(1), "kind": "person", "username": "wang.li", "display_name": "王丽", "roles": ["lawyer"],
    "department": "诉讼一部", "lawyer_code": "L03", "active": True, "must_change_password": False, "issuer": None,
    "created_at": TIME, "updated_at": TIME,
}  # fmt: skip
PERSON: dict[str, Any] = {**PERSON_REF, "department": "诉讼一部"}
SERVICE_ACCOUNT_NEW: dict[str, Any] = {"name": "案件管理系统", "roles": ["integration"]}
SERVICE_ACCOUNT: dict[str, Any] = {
    "id": ID(2), "name": "案件管理系统", "roles": ["integration"], "client_id": "svc-0199c0de", "client_secret": "…",
}  # fmt: skip
CLIENT_NEW: dict[str, Any] = {
    "kind": "organization", "name": "北京示例科技有限公司", "legal_representative": "张三",
    "identifiers": [{"scheme": "other", "value": "示例-0001"}],
    "contacts": [{"kind": "phone", "value": "010-00000000"}],
}  # fmt: skip
CLIENT: dict[str, Any] = {
    "id": ID(3), "kind": "organization", "name": "北京示例科技有限公司",
    "identifiers": [{"scheme": "uscc", "value": "9111************5X", "masked": True}], "legal_representative": "张三",
    "registration": None, "former_names": [], "contacts": [], "remarks": None, "merged_into": None, "created_at": TIME,
    "updated_at": TIME,
}  # fmt: skip
VERIFICATION_NEW: dict[str, Any] = {"document_type": "营业执照", "original_seen": True, "verified_on": "2026-03-01"}
VERIFICATION: dict[str, Any] = {
    "id": ID(4), "client_id": ID(3), "document_type": "营业执照", "document_number": None, "original_seen": True,
    "verified_on": "2026-03-01", "valid_until": None, "verified_by": PERSON_REF, "remarks": None, "scan": None,
    "created_at": TIME,
}  # fmt: skip
DOSSIER_NEW: dict[str, Any] = {
    "client_ids": [ID(3)], "matter_type": "civil", "cause": "买卖合同纠纷", "lead_lawyer_id": ID(1),
    "opposing_parties": [{"name": "上海示例贸易有限公司", "kind": "organization"}], "confidentiality": "internal",
    "opened_on": "2026-03-01", "external_refs": [{"system": "case-manager", "id": "4711"}],
}  # fmt: skip
DOSSIER: dict[str, Any] = {
    "id": ID(5), "number": "2026-MS-L03-0001", "state": "open", "client_ids": [ID(3)],
    "clients": [{"id": ID(3), "name": "北京示例科技有限公司"}], "matter_type": "civil", "cause": "买卖合同纠纷",
    "title": None, "court": None, "instance": None, "court_case_number": None, "contract_number": None,
    "remarks": None, "lead_lawyer_id": ID(1), "lead_lawyer": PERSON_REF, "team": [],
    "opposing_parties": [{"name": "上海示例贸易有限公司", "kind": "organization"}], "related_parties": [],
    "conflict_check": None, "conflict_check_due": True, "wall_advised": False, "confidentiality": "internal",
    "state_secret_level": None, "opened_on": "2026-03-01", "external_refs": [{"system": "case-manager", "id": "4711"}],
    "arrangement_mode": "time", "template_id": ID(6), "entry_count": 0, "page_count": 0, "closed_on": None,
    "result": None, "filing_due_on": None, "filed_on": None, "archive_number": None, "retention_code": None,
    "on_hold": False, "created_at": TIME, "updated_at": TIME,
}  # fmt: skip
DOSSIER_CHANGE: dict[str, Any] = {"court_case_number": "(2026)京0108民初123号"}
DOSSIER_VOID: dict[str, Any] = {"reason": "重复立卷"}
TEAM_NEW: dict[str, Any] = {"members": [{"user_id": ID(7), "duty": "assistant"}]}
TEAM: dict[str, Any] = {
    "lead_lawyer": PERSON_REF, "members": [{"user_id": ID(7), "display_name": "李明", "duty": "assistant"}],
}  # fmt: skip
NUMBER: dict[str, Any] = {
    "number": "2026-MS-L03-0001", "year": 2026, "matter_type": "civil", "state": "issued", "void_reason": None,
    "dossier_id": ID(5), "issued_at": TIME, "voided_at": None,
}  # fmt: skip
FIRM_RULES_NEW: dict[str, Any] = {
    "firm_name": "示例律师事务所", "number_rule": "{year}-{type}-{lawyer}-{serial:04d}",
    "sealed_number_rule": "{year}-{type}-{lawyer}-M{serial:04d}", "serial_scope": ["type", "year"],
    "volume_page_limit": 200,
}  # fmt: skip
FIRM_RULES: dict[str, Any] = {**FIRM_RULES_NEW, "version": 1, "changed_at": TIME}
MATTER_TYPE_NEW: dict[str, Any] = {"number_code": "MS", "label_zh": "民事", "label_en": "Civil"}
MATTER_TYPE: dict[str, Any] = {"matter_type": "civil", **MATTER_TYPE_NEW, "template_name": "statutory"}
TEMPLATE_NEW: dict[str, Any] = {
    "matter_type": "civil", "name": "statutory",
    "slots": [
        {"code": "ms-01", "label": "批办单(收案审批)", "required": True},
        {"code": "ms-05", "label": "阅卷笔录", "required": False},
    ],
    "stages": ["收案", "立案"], "categories": [{"code": "evidence", "label": "证据材料"}],
    "source": "律师业务档案立卷归档办法 第十二条", "verified": True, "in_use": True,
}  # fmt: skip
TEMPLATE: dict[str, Any] = {"id": ID(6), "version": 2, "created_at": TIME, **TEMPLATE_NEW}
TEMPLATE_CHOICE: dict[str, Any] = {"template_id": ID(6), "reason": "改用本所新版立卷顺序"}
COMPLETENESS: dict[str, Any] = {
    "dossier_id": ID(5), "template_id": ID(6),
    "slots": [
        {"code": "ms-01", "label": "批办单(收案审批)", "required": True, "filled": False},
        {"code": "ms-05", "label": "阅卷笔录", "required": False, "filled": True},
    ],
    "missing": ["ms-01"], "unplaced": [ID(8)],
}  # fmt: skip
ENTRY_NEW: dict[str, Any] = {
    "title": "委托代理合同", "category": "client_information", "responsible_party": "北京示例科技有限公司",
    "formed_on": "2026-03-01", "original": "original", "slot": "ms-03", "stage": "收案",
}  # fmt: skip
ENTRY: dict[str, Any] = {
    "id": ID(8), "dossier_id": ID(5), "title": "委托代理合同", "category": "client_information",
    "document_number": None, "responsible_party": "北京示例科技有限公司", "formed_on": "2026-03-01", "pages": 6,
    "pages_in_file": 6, "pages_differ": False, "original": "original", "confidentiality": None,
    "effective_confidentiality": "internal", "stage": "收案", "slot": "ms-03", "remarks": None, "excluded": False,
    "review": None, "superseded_by": None, "supersedes": [], "file_count": 1,
    "created_by": PERSON_REF, "created_at": TIME, "updated_at": TIME,
}  # fmt: skip
ENTRY_CHANGE: dict[str, Any] = {"document_number": "2026民代字第12号"}
REVIEW_NEW: dict[str, Any] = {"authenticity": "pass", "relevance": "pass", "legality": "pass", "decision": "keep"}
ARRANGEMENT: dict[str, Any] = {"mode": "template"}
CONTENTS: dict[str, Any] = {
    "dossier_id": ID(5), "number": "2026-MS-L03-0001", "arrangement_mode": "template",
    "volumes": [{"volume": 1, "pages": 6, "items": [{
        "serial": 1, "entry_id": ID(8), "document_number": None, "responsible_party": "北京示例科技有限公司",
        "title": "委托代理合同", "formed_on": "2026-03-01", "page_from": 1, "page_to": 6, "pages": 6, "remarks": None,
    }]}],
    "incomplete": [], "sealed": False, "digest": "sha-256:" + "0" * 64,
}  # fmt: skip
COVER: dict[str, Any] = {
    "dossier_id": ID(5), "firm_name": "示例律师事务所", "number": "2026-MS-L03-0001", "matter_type": "民事",
    "contract_number": None, "lead_lawyer": "王丽", "clients": ["北京示例科技有限公司"],
    "opposing_parties": ["上海示例贸易有限公司"], "cause": "买卖合同纠纷", "title": None, "opened_on": "2026-03-01",
    "court": None, "instance": None, "court_case_number": None, "confidentiality": "internal", "volumes": 1,
    "pages": 6, "remarks": None,
}  # fmt: skip
FILE: dict[str, Any] = {
    "id": ID(9), "entry_id": ID(8), "version": 1, "original_name": "委托代理合同.pdf",
    "media_type": "application/pdf", "size": 48213, "sha256": "0" * 64, "pages": 6, "scan": "off", "duplicate_of": [],
    "created_at": TIME, "created_by": PERSON_REF,
}  # fmt: skip
UPLOAD: dict[str, Any] = {
    "id": ID(16), "entry_id": ID(8), "state": "open", "original_name": "庭审录像.mp4", "length": 734003200,
    "offset": 268435456, "file_id": None, "end_reason": None,
    "metadata": "entry_id MDE5OWMwZGUtN2IxZS03Y2MwLTgwMDAtM2YwZTVkM2E5YTA4,filename 5bqt5a6h5b2V5YOPLm1wNA==",
    "created_at": TIME, "expires_at": "2026-12-01T04:00:00.123456Z",
}  # fmt: skip
DOCUMENT: dict[str, Any] = {"entry": ENTRY, "file": FILE}
EVENT: dict[str, Any] = {
    "id": ID(10), "recorded_at": TIME, "type": "entry.viewed", "outcome": "success",
    "actor": {**PERSON_REF, "roles": ["lawyer"]}, "via": None,
    "subject": {"type": "entry", "id": ID(8), "label": "委托代理合同"}, "dossier_id": ID(5), "entry_id": ID(8),
    "request_id": ID(11), "ip": "192.0.2.7", "user_agent": "curl/8", "method": "GET",
    "route": "/v1/entries/{entry_id}", "details": {}, "masked": False,
}  # fmt: skip
GRANT_NEW: dict[str, Any] = {
    "user_id": ID(12), "scope": "content", "reason": "接手庭审准备", "expires_at": "2027-01-31T16:00:00Z",
}  # fmt: skip
GRANT: dict[str, Any] = {
    "id": ID(13), "dossier_id": ID(5), "user": {"id": ID(12), "display_name": "李娜"}, "scope": "content",
    "reason": "接手庭审准备", "reaches": "confidential", "state": "effective", "granted_by": PERSON_REF,
    "granted_as": "lead", "granted_at": TIME, "expires_at": "2027-01-31T16:00:00.000000Z", "approved_by": None,
    "approved_at": None, "ended_by": None, "ended_at": None, "end_reason": None, "access_request_id": None,
}  # fmt: skip
DECISION: dict[str, Any] = {"decision": "approve", "reason": "为办案所必需"}
ACCESS_REQUEST_NEW: dict[str, Any] = {"scope": "content", "reason": "类案检索", "until": "2026-12-31T16:00:00Z"}
ACCESS_REQUEST: dict[str, Any] = {
    "id": ID(14), "dossier_id": ID(5), "number": "2026-MS-L03-0001",
    "requested_by": {"id": ID(12), "display_name": "李娜"}, "requested_at": TIME, "scope": "content",
    "reason": "类案检索", "until": "2026-12-31T16:00:00.000000Z", "state": "pending", "decided_by": None,
    "decided_at": None, "decision_reason": None, "grant_id": None,
}  # fmt: skip
WALL_NEW: dict[str, Any] = {
    "name": "示例科技并购项目", "reason": "律师曾任对方法律顾问", "client_ids": [ID(3)],
    "excluded_user_ids": [ID(12)],
}  # fmt: skip
WALL_CHANGE: dict[str, Any] = {"state": "lifted"}
WALL: dict[str, Any] = {
    "id": ID(15), "name": "示例科技并购项目", "reason": "律师曾任对方法律顾问", "state": "active",
    "client_ids": [ID(3)], "dossier_ids": [], "excluded_users": [{"id": ID(12), "display_name": "李娜"}],
    "effective_from": TIME, "until": None, "created_by": PERSON_REF, "created_at": TIME, "updated_at": TIME,
}  # fmt: skip

ACCESS_REPORT: dict[str, Any] = {
    "dossier_id": ID(5), "at": TIME, "reconstructed": False,
    "people": [{
        "user": PERSON_REF, "kind": "person", "roles": ["lawyer"], "sees": "team", "reads": "team", "until": None,
    }],
}  # fmt: skip
READERS: dict[str, Any] = {
    "dossier_id": ID(5), "since": TIME, "until": TIME,
    "people": [{
        "user": PERSON_REF, "via": None, "first_at": TIME, "last_at": TIME,
        "acts": {"dossier.viewed": 3, "file.read": 1},
    }],
}  # fmt: skip
CLEARANCES_NEW: dict[str, Any] = {"assistant": "confidential"}
CLEARANCES: dict[str, Any] = {
    "levels": {
        "archivist": "restricted", "assistant": "confidential", "director": "sealed", "finance": "confidential",
        "lawyer": "sealed", "partner": "sealed",
    },
}  # fmt: skip
INTEGRATION_NEW: dict[str, Any] = {
    "level": "confidential", "sees": "matching", "matter_types": ["civil"], "departments": [], "content": False,
    "on_behalf": True,
}  # fmt: skip
INTEGRATION: dict[str, Any] = {**INTEGRATION_NEW, "id": ID(2), "name": "案件管理系统"}
SECRET_NEW: dict[str, Any] = {"reason": "程序迁移到新服务器"}
SECRET: dict[str, Any] = {"id": ID(2), "client_id": "svc-0199c0de", "client_secret": "…"}


def page_of(item: dict[str, Any]) -> dict[str, Any]:
    """Give the example of a list."""
    return {"items": [item], "next": None}
