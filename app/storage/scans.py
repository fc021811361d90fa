"""What may leave the store while it is not known to be free of viruses, and the record of what is known.

The one place that decides: whoever gives bytes of an object out asks here first. Never lets an infected one pass.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.core.clock import now
from app.core.database import Connection, Database, Row
from app.core.errors import Conflict
from app.core.ids import new_id
from app.core.sql import insert
from app.storage.intake import Received
from app.storage.models import Scan

Unscanned = Literal["closed", "team"]
_NEVER_LOOKED_AT = frozenset({"pending", "off"})
_RETRY_SECONDS = 10


class FileInfected(Conflict):
    """The file holds a virus: its bytes are kept, and go to nobody but the security administrator."""

    code, title_en, title_zh = "file_infected", "File holds a virus", "文件感染病毒"


class FileUnscanned(Conflict):
    """The scanner has not told of the file yet, and until then it is closed."""

    code, title_en, title_zh = "file_unscanned", "File not scanned yet", "文件尚未完成病毒扫描"


class FileUnscannable(Conflict):
    """The scanner can't look into the file, and nobody has released it."""

    code, title_en, title_zh = "file_unscannable", "File can't be scanned", "文件无法进行病毒扫描"


def scan_columns(key: str, alias: str = "s") -> tuple[str, str]:
    """Give the columns `scan` and `scan_released` of an object, and the join that they come from.

    `key` is the column of the object's key.
    """
    return (
        f"coalesce({alias}.state, 'off') AS scan, {alias}.released_at IS NOT NULL AS scan_released",
        f"LEFT JOIN scans {alias} ON {alias}.object_key = {key}",
    )


@dataclass(frozen=True, slots=True)
class ScanPolicy:
    """The firm's rule: `scanning` tells whether there is a scanner, `unscanned` who reads what it has not judged.

    `closed` is nobody, `team` the people who work on the dossier, with a warning.
    """

    scanning: bool = False
    unscanned: Unscanned = "closed"

    async def expect(self, connection: Connection, received: Received) -> None:
        """Put an object that has just come on the scanner's list, in the transaction that makes its record."""
        moment = now()
        row = Scan(
            id=new_id(), object_key=received.key, size=received.size, sha256=received.sha256,
            state="pending" if self.scanning else "off", next_try_at=moment,
        )  # fmt: skip
        await insert(connection, row)

    def judge(self, row: Row | Mapping[str, Any], *, team: bool) -> str | None:
        """Let an object with these `scan_columns` be read: give its state where the reader must be warned, else None.

        `team` tells whether the reader works with it. Raises FileInfected, FileUnscanned, FileUnscannable.
        """
        state: str = row["scan"]
        if state == "infected":
            raise FileInfected(
                "The virus scanner found a virus: the file is in quarantine. Ask its sender for a clean one",
                "病毒扫描发现病毒,文件已隔离,请向提供者索取无毒版本",
            )
        # Without a scanner nobody will ever judge, and a firm that ends scanning would be locked out of its files.
        if not self.scanning or state == "clean":
            return None
        if (state == "unscannable" and row["scan_released"]) or (self.unscanned == "team" and team):
            return state
        if state in _NEVER_LOOKED_AT:
            raise FileUnscanned(
                "The virus scanner has not told of this file yet: try again soon",
                "文件尚未完成病毒扫描,请稍后重试",
                retry_after=_RETRY_SECONDS,
            )
        raise FileUnscannable(
            "The virus scanner can't look into this file: the director may release it with a reason",
            "病毒扫描无法检查此文件,可由主任说明理由后放行",
        )

    async def admit(self, source: Connection | Database, key: str) -> str | None:
        """Judge an object that belongs to no dossier, for somebody who may read it; as `judge`."""
        row = await source.fetchrow(
            "SELECT state AS scan, released_at IS NOT NULL AS scan_released FROM scans WHERE object_key = $1", key
        )
        return self.judge({"scan": "off", "scan_released": False} if row is None else row, team=True)
