"""What calls for collection (及时归档): dossiers in work to which nothing came, originals that have not come back.

For a calendar of duties: the caller records that it was read. Tells of nothing but the dossiers that somebody works on.
"""

from datetime import date, timedelta
from uuid import UUID

from app.collection import repository
from app.collection.places import Capacity
from app.collection.rules import COLLECTION
from app.core.actor import Actor
from app.core.clock import now, today
from app.core.database import Connection, Database
from app.core.schema import Output, Timestamp
from app.rulebook.kinds import in_force


class QuietDossier(Output):
    """A dossier in work to which neither entry, file nor receipt has come since `last_came_at`."""

    dossier_id: UUID
    number: str
    cause: str
    lead_lawyer_id: UUID
    last_came_at: Timestamp


class OriginalAway(Output):
    """An original that was handed over and has not come back."""

    dossier_id: UUID
    number: str
    entry_id: UUID
    title: str
    receipt_id: UUID
    counterparty: str
    capacity: Capacity
    handed_over_on: date


async def quiet_dossiers(source: Connection | Database, actor: Actor, *, limit: int = 200) -> list[QuietDossier]:
    """Give the dossiers of the actor's teams that have been quiet for longer than the firm's rule, longest first."""
    rules = (await in_force(source, COLLECTION)).body
    rows = await repository.quiet(source, actor, now() - timedelta(days=rules.quiet_days), limit)
    return [QuietDossier.model_validate({**row, "dossier_id": row["id"]}) for row in rows]


async def originals_away(source: Connection | Database, actor: Actor, *, limit: int = 200) -> list[OriginalAway]:
    """Give the originals of the actor's teams that have been away for longer than the firm's rule, longest first."""
    rules = (await in_force(source, COLLECTION)).body
    rows = await repository.away(source, actor, today() - timedelta(days=rules.original_away_days), limit)
    return [OriginalAway.model_validate({**row, "handed_over_on": row["passed_on"]}) for row in rows]
