"""Examples of verdicts of the virus scanner."""

from typing import Any

from app.api.examples.common import ID, PERSON_REF, TIME

SCAN: dict[str, Any] = {
    "file_id": ID(6), "scan": "unscannable", "detail": "larger than 104857600 bytes (ANJUAN_CLAMAV_MAX_BYTES)",
    "engine": "ClamAV 1.4.3", "database_version": 27831, "scanned_at": TIME, "released_at": TIME,
    "released_by": PERSON_REF, "release_reason": "法院送达的庭审录像",
}  # fmt: skip
RELEASE: dict[str, Any] = {"reason": "法院送达的庭审录像"}
QUARANTINED: dict[str, Any] = {
    "id": ID(60), "kind": "file", "size": 48213, "sha256": "0" * 64, "signature": "Win.Test.EICAR_HDB-1",
    "engine": "ClamAV 1.4.3", "database_version": 27831, "scanned_at": TIME,
}  # fmt: skip
