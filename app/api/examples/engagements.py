"""Examples of engagements: contract and power of attorney of the small civil case."""

from typing import Any

from app.api.examples.common import ID, PERSON_REF, TIME

_FEE = {"mode": "fixed", "amount": "30000.00", "currency": "CNY", "terms": "签约后三日内一次付清"}
_PARTIES = [
    {"role": "client", "name": "北京示例科技有限公司", "client_id": ID(3)},
    {"role": "firm", "name": "示例律师事务所", "client_id": None},
]
ENGAGEMENT_NEW: dict[str, Any] = {
    "kind": "contract", "entry_id": ID(8), "parties": _PARTIES,
    "signers": [{"party": 0, "name": "张三", "capacity": "法定代表人", "signed_on": "2026-03-02"}],
    "dated_on": "2026-03-02", "stages": ["一审"], "fee": _FEE, "contract_number": "2026民代字第12号",
}  # fmt: skip
ENGAGEMENT: dict[str, Any] = {
    "masked": False, "id": ID(16), "dossier_id": ID(5), "serial": 1, "state": "in_force", **ENGAGEMENT_NEW,
    "scope": None, "special_powers": [], "attorneys": [], "fee_hidden": False, "starts_on": None, "ends_on": None,
    "rules_version": 1, "bound_since": TIME, "ended_on": None, "change_count": 0, "created_by": PERSON_REF,
    "created_at": TIME, "updated_at": TIME,
}  # fmt: skip
ENGAGEMENT_CHANGE: dict[str, Any] = {
    "signers": [
        {"party": 0, "name": "张三", "capacity": "法定代表人", "signed_on": "2026-03-02"},
        {"party": 1, "name": "王丽", "capacity": "代理人", "signed_on": "2026-03-03"},
    ]
}
MANDATE_CHANGE_NEW: dict[str, Any] = {
    "kind": "extension", "on": "2026-06-30", "reason": "二审继续委托", "by": "agreement", "ends_on": "2027-12-31",
}  # fmt: skip
MANDATE_CHANGE: dict[str, Any] = {
    "id": ID(17), "engagement_id": ID(16), "serial": 1, "kind": "extension", "on": "2026-06-30",
    "reason": "二审继续委托", "by": "agreement", "entry_id": None, "consent_entry_id": None, "urgent_reason": None,
    "changed": [{"field": "ends_on", "hidden": False, "old": None, "new": "2027-12-31"}], "recorded_by": PERSON_REF,
    "recorded_at": TIME,
}  # fmt: skip
ENGAGEMENT_GAPS: dict[str, Any] = {
    "dossier_id": ID(5), "number": "2026-MS-L03-0001", "rules_version": 1,
    "gaps": [
        {
            "code": "engagement_missing", "engagement_id": None, "kinds": ["power_of_attorney"], "field": None,
            "en": "No engagement of this kind is in force: power_of_attorney", "zh": "缺少有效的委托手续:授权委托书",
        },
        {
            "code": "firm_not_signed", "engagement_id": ID(16), "kinds": [], "field": "/parties/1",
            "en": "The firm has not signed", "zh": "律师事务所尚未签署",
        },
    ],
    "untold": False,
}  # fmt: skip
