"""Example of the report on stored files."""

from typing import Any

from app.api.examples.common import ID, TIME

INTEGRITY: dict[str, Any] = {
    "sound": False, "open": {"missing": 0, "corrupt": 1, "orphan": 0},
    "findings": [{
        "id": ID(40), "kind": "corrupt", "object_key": f"files/{ID(9)}", "subject_type": "file", "dossier_id": ID(5),
        "detail": "digest differs", "found_at": TIME, "last_found_at": TIME,
    }],
    "coverage": {
        "days": 30, "objects": 4711, "bytes": 8_589_934_592, "checked_within": 4711, "never_checked": 0, "overdue": 0,
        "oldest_check": TIME, "days_needed": 0.01, "keeps_up": True,
    },
    "runs": [{
        "id": ID(41), "kind": "deep", "started_by": "anjuan", "started_at": TIME, "updated_at": TIME,
        "finished_at": TIME, "abandoned": False,
        "counts": {
            "checked": 4711, "read": 8_589_934_592, "missing": 0, "corrupt": 1, "orphans": 0, "removed": 0,
            "on_the_way": 0, "resolved": 0,
        },
    }],
}  # fmt: skip
