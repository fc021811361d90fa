"""SQL of redactions."""

from collections.abc import Sequence
from uuid import UUID

from app.auth.names import person
from app.auth.roles import SEPARATED, Rank
from app.core.actor import Actor
from app.core.database import Connection, Database, Row, present
from app.core.sql import Where
from app.redaction.fields import COLUMNS, DETAILS, ERASED, HOLE, place_of
from app.redaction.models import RedactionItem
from app.reports.event_sight import masked, readable

_STATE = "CASE WHEN r.state = 'pending' AND r.expires_at <= now() THEN 'expired' ELSE r.state END"
_REDACTION = f"""
r.id, r.fields, r.filter, r.event_count, r.reason, r.dossier_id, r.requested_at, r.expires_at, r.decided_at,
r.decision_reason, r.finished_at, r.requested_by AS requested_by_id, {person("r.requested_by")} AS requested_by,
{person("r.decided_by")} AS decided_by, {_STATE} AS state
"""
# Shorter values are in every sentence.
_TELLING = 2


def in_state(where: Where, state: str | None) -> None:
    """Narrow a list of redactions `r` to a state."""
    where.optional(f"{_STATE} = {{}}", state)


def knows(actor: Actor, where: Where) -> str:
    """Give the condition that the actor reads every event of redaction `r`; the role is the gate's to judge.

    Whom no wall names and no level is closed to reads them all, so they need not be looked at.
    """
    unread = (
        "EXISTS (SELECT 1 FROM event_redaction_items i JOIN events v ON v.id = i.event_id"
        f" WHERE i.redaction_id = r.id AND NOT ({readable(actor, where)}))"
    )
    if not actor.roles & SEPARATED and actor.clearance < Rank.SEALED:
        return f"NOT {unread}"
    user = where.bind(actor.user_id)
    return f"(NOT EXISTS (SELECT 1 FROM wall_people p WHERE p.user_id = {user}) OR NOT {unread})"


async def redaction(source: Connection | Database, actor: Actor, redaction_id: UUID) -> Row | None:
    """Give a redaction that the actor may know of."""
    where = Where(redaction_id)
    return await source.fetchrow(
        f"SELECT {_REDACTION} FROM event_redactions r WHERE r.id = $1 AND {knows(actor, where)}", *where.args
    )


async def lock(connection: Connection, actor: Actor, redaction_id: UUID) -> Row | None:
    """Give a redaction as `redaction` does and hold its row."""
    await connection.execute("SELECT 1 FROM event_redactions r WHERE r.id = $1 FOR UPDATE", redaction_id)
    return await redaction(connection, actor, redaction_id)


async def reread(connection: Connection, redaction_id: UUID) -> Row:
    """Give a redaction that this transaction has written."""
    return present(
        await connection.fetchrow(f"SELECT {_REDACTION} FROM event_redactions r WHERE r.id = $1", redaction_id)
    )


async def redactions(database: Database, where: Where, order: str) -> list[Row]:
    """Give the redactions that meet the conditions."""
    return await database.fetch(f"SELECT {_REDACTION} FROM event_redactions r WHERE {where.text} {order}", *where.args)


async def items(database: Database, where: Where, order: str) -> list[Row]:
    """Give the events of redactions that meet the conditions."""
    return await database.fetch(
        f"SELECT i.event_id, i.fields, i.erased_at FROM event_redaction_items i WHERE {where.text} {order}",
        *where.args,
    )


def holding(where: Where, field: str) -> str:
    """Give the condition that a field of event `v` holds something that is not erased yet."""
    if field in COLUMNS:
        return f"(v.{field} IS NOT NULL AND v.{field} <> {where.bind(ERASED)})"
    if field == DETAILS:
        return f"v.details NOT IN ('{{}}', {where.bind(HOLE)}::jsonb)"
    return f"coalesce(v.details #> {where.bind(place_of(field))}::text[] <> {where.bind(HOLE)}::jsonb, false)"


def _repeated(actor: Actor, where: Where, fields: Sequence[str], text: str) -> str:
    """Give the condition that a text repeats what is to be erased in a column of event `v`.

    Not of one that is masked for the actor, who could guess at it by reasons.
    """
    columns = [field for field in fields if field in COLUMNS]
    if not columns:
        return "false"
    mark = where.bind(text)
    parts = [f"(char_length(v.{name}) >= {_TELLING} AND position(v.{name} IN {mark}::text) > 0)" for name in columns]
    return f"coalesce(({' OR '.join(parts)}) AND NOT {masked(actor, where)}, false)"


def _about(user: str) -> str:
    """Give the condition that event `v` tells of a user: he did it, had it done, or was what it was about."""
    return f"({user} IN (v.actor_id, v.via_id, v.subject_id)) IS TRUE"


async def candidates(
    connection: Connection, actor: Actor, where: Where, fields: Sequence[str], reason: str, limit: int
) -> list[Row]:
    """Give the events under the conditions that the actor reads, and what a redaction must know of each."""
    user = f"{where.bind(actor.user_id)}::uuid"
    where.conditions.append(readable(actor, where))
    held = ", ".join(holding(where, field) for field in fields)
    return await connection.fetch(
        f"SELECT v.id, v.type, v.dossier_id, {_about(user)} AS own, ARRAY[{held}] AS held,"
        f" {_repeated(actor, where, fields, reason)} AS repeated, l.event_id IS NOT NULL AS sealed"
        f" FROM events v LEFT JOIN event_leaves l ON l.event_id = v.id WHERE {where.text} ORDER BY v.id LIMIT {limit}",
        *where.args,
    )


async def cover(connection: Connection, found: Sequence[RedactionItem]) -> None:
    """Write down the events of a redaction."""
    await connection.copy_records_to_table(
        "event_redaction_items",
        columns=["redaction_id", "event_id", "fields"],
        records=[(item.redaction_id, item.event_id, item.fields) for item in found],
    )


async def covered(connection: Connection, actor: Actor, redaction_id: UUID, fields: Sequence[str], reason: str) -> Row:
    """Tell of the events of a redaction whether any is about the actor (`own`), and whether a text repeats any."""
    where = Where(redaction_id, actor.user_id)
    return present(
        await connection.fetchrow(
            f"SELECT coalesce(bool_or({_about('$2::uuid')}), false) AS own,"
            f" coalesce(bool_or({_repeated(actor, where, fields, reason)}), false) AS repeated"
            " FROM event_redaction_items i JOIN events v ON v.id = i.event_id WHERE i.redaction_id = $1",
            *where.args,
        )
    )


async def next_approved(
    source: Connection | Database, without: Sequence[UUID] = (), *, hold: bool = False
) -> Row | None:
    """Give the oldest approved redaction; with `hold` nobody changes it until the end of the transaction."""
    return await source.fetchrow(
        "SELECT id, reason, requested_by, decided_by, dossier_id FROM event_redactions WHERE state = 'approved'"
        f" AND id <> ALL($1::uuid[]) ORDER BY id LIMIT 1 {'FOR UPDATE' if hold else ''}",
        list(without),
    )


async def erase_some(connection: Connection, redaction_id: UUID, limit: int) -> dict[UUID, list[str]]:
    """Erase the next events of an approved redaction; give of each what was erased, nothing where nothing was left."""
    rows = await connection.fetch(
        "SELECT n.event_id, anjuan_erase_event($1, n.event_id) AS erased FROM (SELECT i.event_id"
        " FROM event_redaction_items i WHERE i.redaction_id = $1 AND i.erased_at IS NULL ORDER BY 1 LIMIT $2) n",
        redaction_id,
        limit,
    )
    return {row["event_id"]: row["erased"] for row in rows}


async def as_they_are(connection: Connection, event_ids: Sequence[UUID]) -> list[Row]:
    """Give events with their salts, in the order of their ids; bounds on these spare the partitions of other months."""
    if not event_ids:
        return []
    return await connection.fetch(
        "SELECT v.*, l.salt FROM events v JOIN event_leaves l ON l.event_id = v.id"
        " WHERE v.id = ANY($1) AND v.id BETWEEN $2 AND $3 ORDER BY v.id",
        list(event_ids),
        min(event_ids),
        max(event_ids),
    )


async def finish(connection: Connection, redaction_id: UUID) -> None:
    """Note that all events of a redaction are erased."""
    await connection.execute(
        "UPDATE event_redactions SET state = 'done', finished_at = now() WHERE id = $1", redaction_id
    )
