"""Example of what is known of the store's locks."""

from typing import Any

from app.api.examples.common import ID, TIME

STORE_LOCKS: dict[str, Any] = {
    "status": "lost", "en": "The store could lock files and no longer can", "zh": "文件存储的锁定配置已丢失",
    "looks": [
        {"id": ID(9), "looked_at": TIME, "result": "lost", "versions": False, "failure": None},
        {"id": ID(8), "looked_at": TIME, "result": "proven", "versions": True, "failure": None},
    ],
}  # fmt: skip
