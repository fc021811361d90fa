"""Events as CSV and NDJSON for an outside auditor, written piece by piece so that memory does not grow with them.

Never decides who reads what: it is handed events that were masked and recorded as read already.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Literal

import orjson

from app.core.etag import to_json
from app.reports.csv import BOM, lines
from app.reports.event_log import EventOut
from app.reports.forms import Cell

ExportForm = Literal["csv", "ndjson"]
COLUMNS = (
    "id", "recorded_at", "type", "outcome", "actor_id", "actor_name", "actor_roles", "via_id", "via_name",
    "subject_type", "subject_id", "subject_label", "dossier_id", "entry_id", "request_id", "ip", "user_agent", "method",
    "route", "details", "masked",
)  # fmt: skip


async def written(groups: AsyncGenerator[list[EventOut], None], form: ExportForm) -> AsyncGenerator[bytes, None]:
    """Write groups of events, each as one piece."""
    if form == "csv":
        yield BOM + lines([COLUMNS])
    async with aclosing(groups):
        async for group in groups:
            if form == "csv":
                yield lines(_cells(event) for event in group)
            else:
                yield b"".join(to_json(event) + b"\n" for event in group)


def _cells(event: EventOut) -> tuple[Cell, ...]:
    plain = event.model_dump(mode="json")
    actor, via, subject = plain["actor"], plain["via"] or {}, plain["subject"]
    details = None if event.details is None else orjson.dumps(event.details, option=orjson.OPT_SORT_KEYS).decode()
    flat = {
        **plain, "actor_id": actor["id"], "actor_name": actor["display_name"], "actor_roles": " ".join(actor["roles"]),
        "via_id": via.get("id"), "via_name": via.get("name"), "subject_type": subject["type"],
        "subject_id": subject["id"], "subject_label": subject["label"], "details": details,
        "masked": str(event.masked).lower(),
    }  # fmt: skip
    return tuple(flat[column] for column in COLUMNS)
