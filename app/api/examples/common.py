"""What all examples share: invented ids, one moment, one person."""

from typing import Any

ID = "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a{:02x}".format
TIME = "2026-11-24T04:00:00.123456Z"
PERSON_REF: dict[str, Any] = {"id": ID(1), "display_name": "王丽"}
