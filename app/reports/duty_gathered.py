"""Duties that other rooms compute rather than select: by rules over what they hold, bounded, in the order of urgency.

They come as rows of the columns of `duty_sources.py`, so that all are listed as one; what is shown of them is recorded
with the list.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.auth.roles import SEPARATED
from app.clients.completeness import ClientCompletenessService
from app.clients.completeness import DutyKind as ClientDutyKind
from app.collection.reminders import originals_away, quiet_dossiers
from app.core.actor import Actor
from app.core.clock import FIRM_ZONE, now
from app.core.database import Database
from app.core.pagination import PageRequest
from app.engagements.completeness import EngagementGapService

_MOST = 200
_CLIENT_KINDS = {
    ClientDutyKind.EXPIRED: "client_document", ClientDutyKind.EXPIRING: "client_document",
    ClientDutyKind.INCOMPLETE: "client_data",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class GatheredDuties:
    """Asks the rooms for what they compute."""

    database: Database
    engagements: EngagementGapService
    clients: ClientCompletenessService

    async def of(self, actor: Actor) -> list[dict[str, Any]]:
        """Give at most some hundreds of an actor's computed duties."""
        if actor.roles & SEPARATED:
            return []
        return [*await self._engagements(actor), *await self._collection(actor), *await self._clients(actor)]

    async def _engagements(self, actor: Actor) -> Iterator[dict[str, Any]]:
        items, _ = await self.engagements.lacking(actor, PageRequest(_MOST, None, b"duties"))
        return (
            _row("engagement", actor, item.dossier_id, item.number, count=len(item.gaps), about=item.dossier_id)
            for item in items
        )

    async def _collection(self, actor: Actor) -> list[dict[str, Any]]:
        quiet = await quiet_dossiers(self.database, actor, limit=_MOST)
        away = await originals_away(self.database, actor, limit=_MOST)
        return [
            *(_row("collect", actor, one.dossier_id, one.number, since=one.last_came_at) for one in quiet),
            *(
                _row("fetch_back", actor, one.dossier_id, one.number, since=_at(one.handed_over_on), about=one.entry_id)
                for one in away
            ),
        ]

    async def _clients(self, actor: Actor) -> Iterator[dict[str, Any]]:
        return (
            _row(
                _CLIENT_KINDS[one.kind], actor, None, None, due=one.due_on, count=len(one.missing) or None,
                about=one.client_id, client=(one.client_id, one.client_name), apart=one.document_type or "",
            )
            for one in await self.clients.due(actor, _MOST)
        )  # fmt: skip


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=FIRM_ZONE)


def _row(
    kind: str,
    actor: Actor,
    dossier_id: UUID | None,
    number: str | None,
    *,
    since: datetime | None = None,
    due: date | None = None,
    count: int | None = None,
    about: UUID | None = None,
    client: tuple[UUID | None, str | None] = (None, None),
    apart: str = "",
) -> dict[str, Any]:
    return {
        "kind": kind, "dossier_id": dossier_id, "number": number, "owner_id": actor.user_id, "since": since or now(),
        "due_on": due, "count": count, "subject_id": f"{about or dossier_id}{apart}", "client_id": client[0],
        "client_name": client[1],
    }  # fmt: skip
