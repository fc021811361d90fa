"""Examples of reviews, supersession, likely duplicates and physical preparation."""

from typing import Any

from app.api.examples.common import ID, PERSON_REF, TIME

REVIEW: dict[str, Any] = {
    "id": ID(16), "authenticity": "pass", "relevance": "fail", "legality": "pass", "decision": "exclude",
    "reason": "与本案无关", "exclusion": "irrelevant", "rules_version": 1, "reviewed_by": PERSON_REF,
    "reviewed_at": TIME, "superseded_by": None,
}  # fmt: skip
SUPERSESSION_NEW: dict[str, Any] = {"by_entry_id": ID(17), "reason": "以定稿取代第二稿"}
DUPLICATE: dict[str, Any] = {
    "entries": [
        {"entry_id": ID(8), "title": "委托代理合同", "formed_on": "2026-03-01"},
        {"entry_id": ID(17), "title": "委托代理合同(复印件)", "formed_on": "2026-03-01"},
    ],
    "reasons": ["similar_title"], "sha256": None, "similarity": 100.0, "days_apart": 0,
}  # fmt: skip
DISMISSAL_NEW: dict[str, Any] = {"entry_ids": [ID(8), ID(17)], "reason": "两份合同分属不同项目"}
DISMISSAL: dict[str, Any] = {
    "id": ID(18), "dossier_id": ID(5), **DISMISSAL_NEW, "dismissed_by": PERSON_REF, "dismissed_at": TIME,
}  # fmt: skip
PREPARATION_NEW: dict[str, Any] = {"acts": ["metal_removed", "folded"], "note": "A3 图纸折叠", "on": "2026-03-02"}
PREPARATION: dict[str, Any] = {
    "id": ID(19), "entry_id": ID(8), **PREPARATION_NEW, "rules_version": 1, "noted_by": PERSON_REF, "noted_at": TIME,
}  # fmt: skip
