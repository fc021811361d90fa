"""Examples of filing: the small civil case of the API pages at its end."""

from typing import Any

from app.api.examples import CONTENTS, DOSSIER
from app.api.examples.common import ID, PERSON_REF, TIME

_ARCHIVIST = {"id": ID(40), "display_name": "周敏"}
_DIRECTOR = {"id": ID(41), "display_name": "陈主任"}
_DIGEST = "sha-256:" + "0" * 64

CLOSURE: dict[str, Any] = {"closed_on": "2026-09-30", "result": "判决支持全部诉讼请求"}
REOPENING: dict[str, Any] = {"reason": "对方提起上诉"}
SUBMISSION_NEW: dict[str, Any] = {"retention": "D30", "retention_reason": "标的额较大", "declared_entries": 1}
SUBMISSION: dict[str, Any] = {
    "id": ID(42), "dossier_id": ID(5), "round": 1, "state": "pending", "submitted_by": PERSON_REF,
    "submitted_at": TIME, "compiler": PERSON_REF, "proposed_retention": "D30", "retention_reason": "标的额较大",
    "declared_entries": 1, "declared_pages": None, "note": None, "due_on": "2026-12-30", "late_reason": None,
    "late_decision": None, "late_decided_by": None, "late_decision_reason": None, "confirmed_retention": None,
    "retention_confirmed_by": None, "findings": [], "decided_by": None, "decided_at": None, "return_reasons": [],
}  # fmt: skip
LATE_DECISION: dict[str, Any] = {"decision": "approve", "reason": "承办律师住院"}
RETENTION: dict[str, Any] = {"retention": "D30"}
RETURN: dict[str, Any] = {"reasons": [{"text": "庭审笔录缺第 3 页"}]}
ACCEPTANCE: dict[str, Any] = {"note": "本卷材料齐全,页码连续,无缺损。"}
FILED: dict[str, Any] = {
    **DOSSIER, "state": "filed", "closed_on": "2026-09-30", "result": "判决支持全部诉讼请求",
    "filing_due_on": "2026-12-30", "filed_on": "2026-11-24", "archive_number": "2026-MS-D30-0001",
    "retention_code": "D30",
}  # fmt: skip
SEAL: dict[str, Any] = {
    "version": 1, "digest": _DIGEST, "records_digest": _DIGEST, "reason": "acceptance", "supplement_id": None,
    "sealed_by": _ARCHIVIST, "sealed_at": TIME,
}  # fmt: skip
SEALED_CONTENTS: dict[str, Any] = {
    **SEAL, "number": "2026-MS-L03-0001", "archive_number": "2026-MS-D30-0001", "volumes": CONTENTS["volumes"],
}  # fmt: skip
SEAL_CHECK: dict[str, Any] = {
    "dossier_id": ID(5), "version": 1, "intact": False, "hidden": 0, "checked_at": TIME,
    "differences": [{"what": "entry/pages", "entry_id": ID(8), "sealed": 6, "found": 7}],
}  # fmt: skip
NOTE_NEW: dict[str, Any] = {"kind": "custody", "text": "第 2 册书脊开裂,已修复。"}
NOTE: dict[str, Any] = {
    "id": ID(43), "dossier_id": ID(5), "kind": "custody", "text": "第 2 册书脊开裂,已修复。", "noted_on": "2026-11-24",
    "compiler": None, "inspector": None, "noted_by": _ARCHIVIST, "noted_at": TIME,
}  # fmt: skip
SUPPLEMENT_NEW: dict[str, Any] = {"kind": "addition", "reason": "法院补寄生效证明"}
SUPPLEMENT: dict[str, Any] = {
    "id": ID(44), "dossier_id": ID(5), "serial": 1, "kind": "addition", "reason": "法院补寄生效证明",
    "corrections": [], "state": "approved", "entry_ids": [], "proposed_by": PERSON_REF, "proposed_at": TIME,
    "decided_by": _DIRECTOR, "decision_reason": "同意", "completed_by": None, "completed_at": None,
    "seal_version": None,
}  # fmt: skip
SUPPLEMENT_DECISION: dict[str, Any] = {"decision": "approve", "reason": "同意"}
SUPPLEMENT_WITHDRAWAL: dict[str, Any] = {"reason": "材料已另案归档"}
