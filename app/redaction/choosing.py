"""Which events a request covers, and what of each: fixed when it is asked for, so that who approves knows what."""

from collections.abc import Sequence
from uuid import UUID

from app.core.actor import Actor
from app.core.database import Connection, Row
from app.core.errors import Invalid
from app.core.sql import Where
from app.redaction import repository
from app.redaction.errors import NotSealedYet
from app.redaction.events import REDACTED
from app.redaction.fields import is_read_back
from app.redaction.models import RedactionItem
from app.redaction.schemas import ChosenEvents, RedactionCreate
from app.reports.event_log import conditions
from app.reports.event_sight import of_dossier

# A person's events of about a year; more are asked for by months.
MOST_EVENTS = 20_000


class Chosen:
    """The events of a request.

    `own` when any is about who asks, `repeated` when his reason holds what is to be erased of any, `dossier_id` when
    all are of one dossier.
    """

    def __init__(self, rows: Sequence[Row], fields: Sequence[str]) -> None:
        self._rows, self._fields = rows, fields
        self.count = len(rows)
        self.own, self.repeated = (any(row[name] for row in rows) for name in ("own", "repeated"))
        dossiers = {row["dossier_id"] for row in rows}
        self.dossier_id: UUID | None = dossiers.pop() if len(dossiers) == 1 else None

    def items(self, redaction_id: UUID) -> list[RedactionItem]:
        """Give the events as rows of a redaction, each with what it holds of the fields."""
        return [
            RedactionItem(redaction_id=redaction_id, event_id=row["id"], fields=_erasable(row, self._fields))
            for row in self._rows
        ]


async def choose(connection: Connection, actor: Actor, data: RedactionCreate) -> Chosen:
    """Find the events that are asked for, of those that the actor reads.

    Raises Invalid for events that are not there, hold nothing of the fields, tell of an erasure or are read back by
    the service, and for too many; NotSealedYet.
    """
    if data.filter is not None:
        rows = await _filtered(connection, actor, data, data.filter)
    else:
        rows = await _named(connection, actor, data, data.event_ids or [])
    return Chosen(rows, data.fields)


async def _named(connection: Connection, actor: Actor, data: RedactionCreate, event_ids: list[UUID]) -> list[Row]:
    where = Where()
    where.add("v.id = ANY({}) AND v.id BETWEEN {} AND {}", event_ids, min(event_ids), max(event_ids))
    rows = await repository.candidates(connection, actor, where, data.fields, data.reason, len(event_ids))
    found = {row["id"]: row for row in rows}
    for index, event_id in enumerate(event_ids):
        _check_named(f"/body/event_ids/{index}", found.get(event_id), data.fields)
    return rows


def _check_named(pointer: str, row: Row | None, fields: Sequence[str]) -> None:
    if row is None:
        raise Invalid.field(pointer, "unknown_event", "There is no such event", "没有此事件")
    if row["type"] == REDACTED.name:
        raise Invalid.field(
            pointer, "tells_of_erasure", "Events that tell of an erasure stay as they are", "清除记录事件不得清除"
        )
    if not row["sealed"]:
        raise NotSealedYet("An event is not sealed yet: ask again in a moment", "事件尚未封入账本,请稍后重试")
    if any(is_read_back(row["type"], field) for field in fields):
        raise Invalid.field(
            pointer, "read_back", f"The service reads these details of {row['type']} back: erase others of them",
            f"{row['type']} 的这些明细为系统所需,请另选字段",
        )  # fmt: skip
    if not any(row["held"]):
        raise Invalid.field(
            pointer, "nothing_to_erase", "The event holds nothing of these fields", "事件中没有这些字段的内容"
        )


async def _filtered(connection: Connection, actor: Actor, data: RedactionCreate, chosen: ChosenEvents) -> list[Row]:
    filter_ = chosen.filter()
    where = conditions(filter_)
    if filter_.dossier_id is not None:
        where.conditions.append(of_dossier(actor, where, filter_.dossier_id))
    where.add("v.type <> {} AND l.event_id IS NOT NULL", REDACTED.name)
    where.conditions.append(" OR ".join(repository.holding(where, field) for field in data.fields))
    rows = await repository.candidates(connection, actor, where, data.fields, data.reason, MOST_EVENTS + 1)
    if len(rows) > MOST_EVENTS:
        raise Invalid.field(
            "/body/filter", "too_many", f"These are more than {MOST_EVENTS} events: narrow them by from and to",
            f"符合条件的事件超过 {MOST_EVENTS} 条,请用 from 和 to 缩小范围",
        )  # fmt: skip
    rows = [row for row in rows if _erasable(row, data.fields)]
    if not rows:
        raise Invalid.field(
            "/body/filter", "nothing_to_erase", "No sealed event of the filter holds anything of these fields",
            "没有可清除的事件",
        )  # fmt: skip
    return rows


def _erasable(row: Row, fields: Sequence[str]) -> list[str]:
    return [
        field for field, held in zip(fields, row["held"], strict=True) if held and not is_read_back(row["type"], field)
    ]
