"""Example of a duty."""

from typing import Any

from app.api.examples.common import ID, PERSON_REF, TIME

DUTY: dict[str, Any] = {
    "kind": "file", "en": "Hand the dossier in for filing", "zh": "提交归档",
    "dossier": {"id": ID(5), "number": "2026-MS-L03-0001"}, "client": None, "owner": PERSON_REF, "since": TIME,
    "due_on": "2026-12-30", "overdue": False, "count": None,
}  # fmt: skip
