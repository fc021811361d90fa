"""Examples of receipts, off-volume objects and mails."""

from typing import Any

from app.api.examples import DOCUMENT, ENTRY, FILE
from app.api.examples.common import ID, PERSON_REF, TIME

_COURT: dict[str, Any] = {"name": "北京市海淀区人民法院", "capacity": "court", "client_id": None}
RECEIPT_NEW: dict[str, Any] = {
    "direction": "handed_over", "counterparty": {"name": _COURT["name"], "capacity": "court"}, "on": "2026-03-02",
    "place": "立案大厅", "items": [{"entry_id": ID(8), "original": "original", "copies": 1}],
    "signed_by": "立案庭 赵某", "signed_on": "2026-03-02",
}  # fmt: skip
RECEIPT: dict[str, Any] = {
    "id": ID(20), "dossier_id": ID(5), "dossier_number": "2026-MS-L03-0001", "serial": 1, "direction": "handed_over",
    "counterparty": _COURT, "on": "2026-03-02", "place": "立案大厅",
    "items": [{
        "serial": 1, "entry_id": ID(8), "title": "委托代理合同", "original": "original", "pages": 6, "copies": 1,
        "remarks": None, "copy_entry_id": None, "masked": False,
    }],
    "signed_by": "立案庭 赵某", "signed_on": "2026-03-02", "signature_entry_id": None, "remarks": None,
    "cancelled": None, "created_by": PERSON_REF, "created_at": TIME,
}  # fmt: skip
SIGNATURE: dict[str, Any] = {"signed_by": "立案庭 赵某", "signed_on": "2026-03-02", "signature_entry_id": ID(23)}
SIGNED: dict[str, Any] = {**RECEIPT, "signature_entry_id": ID(23)}
CANCELLATION: dict[str, Any] = {"reason": "份数填写有误"}
CANCELLED: dict[str, Any] = {
    **RECEIPT, "cancelled": {"reason": "份数填写有误", "cancelled_by": PERSON_REF, "cancelled_at": TIME},
}  # fmt: skip
ENTRY_RECEIPTS: dict[str, Any] = {
    "entry_id": ID(8), "original_is": "with_court", "holder": "北京市海淀区人民法院", "since": "2026-03-02",
    "items": [{
        "receipt_id": ID(20), "serial": 1, "direction": "handed_over", "counterparty": _COURT, "on": "2026-03-02",
        "original": "original", "copies": 1, "cancelled": False,
    }],
}  # fmt: skip
OBJECT_NEW: dict[str, Any] = {
    "name": "涉案电机", "quantity": "2 台", "specification": "Y2-132M-4,7.5 kW", "features": "外壳有裂纹,铭牌完整",
    "kept_at": "物证室 3 号柜", "quality_certificate": "质检报告〔2026〕第 15 号", "kept_since": "2026-03-02",
}  # fmt: skip
OBJECT: dict[str, Any] = {
    **{name: value for name, value in OBJECT_NEW.items() if name != "kept_since"},
    "id": ID(21), "dossier_id": ID(5), "entry_id": None, "missing": ["photo"], "created_by": PERSON_REF,
    "created_at": TIME, "updated_at": TIME,
}  # fmt: skip
OBJECT_CHANGE: dict[str, Any] = {"features": "外壳有裂纹,铭牌缺损"}
MOVEMENT_NEW: dict[str, Any] = {"kept_at": "司法鉴定中心", "moved_on": "2026-03-05", "moved_by": "李明"}
MOVEMENT: dict[str, Any] = {
    **MOVEMENT_NEW, "id": ID(22), "object_id": ID(21), "remarks": None, "recorded_by": PERSON_REF, "recorded_at": TIME,
}  # fmt: skip
_MAIL: dict[str, Any] = {
    "entry": {**ENTRY, "title": "关于举证期限", "category": "correspondence", "original": "born_digital"},
    "file": {**FILE, "original_name": "关于举证期限.eml", "media_type": "message/rfc822", "pages": None},
}  # fmt: skip
MAIL: dict[str, Any] = {
    "mail": _MAIL, "message_id": "<20260301.4711@example.cn>", "sent_at": TIME, "attachments": [DOCUMENT],
    "left_in_mail": [{"name": "logo.png", "why": "inline_image"}], "problem": None, "duplicate_of": [],
}  # fmt: skip
