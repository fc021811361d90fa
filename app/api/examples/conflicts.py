"""Examples of conflict checks."""

from typing import Any

from app.api.examples.common import ID, PERSON_REF, TIME

CHECK_NEW: dict[str, Any] = {
    "clients": [{"name": "北京甲科技有限公司", "kind": "organization", "legal_representative": "张三"}],
    "opposing_parties": [{"name": "上海示例贸易有限公司", "kind": "organization", "former_names": ["上海示例商行"]}],
    "related_parties": [], "matter_type": "civil", "cause": "买卖合同纠纷", "lawyer_ids": [ID(1)],
}  # fmt: skip
_ASKED: dict[str, Any] = {
    "name": "北京甲科技有限公司", "kind": "organization", "client_id": None, "legal_representative": "张三",
    "former_names": [],
}  # fmt: skip
CHECK: dict[str, Any] = {
    "id": ID(40), "made_by": PERSON_REF, "made_at": TIME, "clients": [{"side": "client", **_ASKED}],
    "opposing_parties": [{
        "side": "opposing", "name": "上海示例贸易有限公司", "kind": "organization", "client_id": None,
        "legal_representative": None, "former_names": ["上海示例商行"],
    }],
    "related_parties": [], "matter_type": "civil", "cause": "买卖合同纠纷", "court_case_number": None,
    "lawyer_ids": [ID(1)],
    "hits": [{
        "id": ID(41), "refer": False, "asked_name": "上海示例贸易有限公司", "asked_side": "opposing",
        "matched_name": "上海示例贸易有限公司", "how": "same_name", "side": "client",
        "constellation": "opponent_is_client", "client_id": ID(42),
        "dossiers": [{"id": ID(5), "number": "2026-MS-L03-0001", "state": "open"}], "rule_code": "against-client",
        "rule_kind": "relative", "consent": None, "judgement": None, "reason": None,
    }],
    "incomplete": False, "refer": False, "rules_version": 1, "referral": None, "conclusion": None,
    "valid_until": None, "wall_advised": False, "dossier_id": None, "concerned": [],
}  # fmt: skip
CONCLUSION_NEW: dict[str, Any] = {
    "hits": [{"hit_id": ID(41), "judgement": "relative", "reason": "现有客户,与本案无关"}],
    "conclusion": "waived", "reason": "双方均已书面同意,并设置信息隔离",
}  # fmt: skip
REFERRAL_NEW: dict[str, Any] = {"judgement": "none", "reason": "并非同一主体"}
CHOICE: dict[str, Any] = {"conflict_check_id": ID(40)}
