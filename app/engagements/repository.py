"""SQL of engagements.

An engagement stands as high as the highest entry that it or one of its changes names: what those papers say is in it.
"""

from collections.abc import Sequence
from uuid import UUID

from app.access.paths import visible_dossiers
from app.access.standing import standing
from app.access.visibility import reads_fee_terms, sees_dossier, sees_engagement, sees_entry
from app.core.actor import Actor
from app.core.database import Connection, Database, Row, present
from app.core.pagination import SortKey
from app.core.sql import Where

_COLUMNS = """
g.id, g.dossier_id, g.serial, g.kind, g.entry_id, g.parties, g.signers, g.dated_on, g.scope, g.special_powers,
g.attorneys, g.stages, g.fee, g.starts_on, g.ends_on, g.contract_number, g.rules_version, g.state, g.ended_on,
g.bound_at, g.created_by, a.display_name AS author_name, g.created_at, g.updated_at, d.number AS dossier_number,
d.state AS dossier_state, d.matter_type, e.id AS named_entry_id,
coalesce(o.review = 'excluded', false) AS entry_excluded,
(SELECT count(*) FROM files f WHERE f.entry_id = g.entry_id) AS entry_files,
(SELECT count(*) FROM engagement_changes n WHERE n.engagement_id = g.id) AS change_count
"""
# `o` is its own paper, `e` the highest of all that it names.
_NAMED = """
LEFT JOIN entries o ON o.id = g.entry_id
LEFT JOIN LATERAL (
 SELECT x.id, x.confidentiality FROM (
  SELECT g.entry_id AS id
  UNION ALL SELECT c.entry_id FROM engagement_changes c WHERE c.engagement_id = g.id
  UNION ALL SELECT c.consent_entry_id FROM engagement_changes c WHERE c.engagement_id = g.id
 ) named JOIN entries x ON x.id = named.id ORDER BY x.confidentiality DESC NULLS LAST, x.id LIMIT 1
) e ON TRUE
"""
_ENGAGEMENTS = f"FROM engagements g JOIN dossiers d ON d.id = g.dossier_id JOIN users a ON a.id = g.created_by {_NAMED}"


def _verdicts(actor: Actor, where: Where) -> str:
    """Give the columns that tell how much of an engagement the actor sees."""
    return (
        f"{sees_engagement(actor, where)} AS sees, {reads_fee_terms(actor, where)} AS reads_fee,"
        f" coalesce({sees_entry(actor, where, 'o')}, false) AS sees_entry"
    )


def _seen(actor: Actor, where: Where) -> str:
    return f"{sees_dossier(actor, where)} AND {sees_engagement(actor, where)}"


async def find(source: Connection | Database, actor: Actor, engagement_id: UUID) -> Row | None:
    """Give an engagement that the actor sees, with his standing to its dossier."""
    where = Where(engagement_id)
    columns = f"{_COLUMNS}, {_verdicts(actor, where)}, {standing(actor, where)}"
    return await source.fetchrow(
        f"SELECT {columns} {_ENGAGEMENTS} WHERE g.id = $1 AND {_seen(actor, where)}", *where.args
    )


async def reread(connection: Connection, actor: Actor, engagement_id: UUID) -> Row:
    """Give an engagement that this transaction has written."""
    where = Where(engagement_id)
    columns = f"{_COLUMNS}, {_verdicts(actor, where)}, {standing(actor, where)}"
    return present(await connection.fetchrow(f"SELECT {columns} {_ENGAGEMENTS} WHERE g.id = $1", *where.args))


async def lock(connection: Connection, actor: Actor, engagement_id: UUID) -> Row | None:
    """Give an engagement as `find` does and hold its dossier, under whose lock all of its parts are written."""
    where = Where(engagement_id)
    await connection.execute(
        f"SELECT 1 {_ENGAGEMENTS} WHERE g.id = $1 AND {_seen(actor, where)} FOR NO KEY UPDATE OF d", *where.args
    )
    return await find(connection, actor, engagement_id)


async def page(database: Database, actor: Actor, where: Where, order: str) -> list[Row]:
    """Give the engagements of dossiers that the actor sees and that meet the conditions, with the verdict `sees`."""
    where.conditions.append(sees_dossier(actor, where))
    return await database.fetch(
        f"SELECT {_COLUMNS}, {_verdicts(actor, where)} {_ENGAGEMENTS} WHERE {where.text} {order}", *where.args
    )


async def of_dossiers(source: Connection | Database, actor: Actor, dossier_ids: Sequence[UUID]) -> list[Row]:
    """Give all engagements of those of the dossiers that the actor sees, each with the verdict `sees`."""
    where = Where(list(dossier_ids))
    return await source.fetch(
        f"SELECT {_COLUMNS}, {_verdicts(actor, where)} {_ENGAGEMENTS} WHERE g.dossier_id = ANY($1)"
        f" AND {sees_dossier(actor, where)} ORDER BY g.dossier_id, g.serial",
        *where.args,
    )


async def matters(source: Connection | Database, actor: Actor, dossier_ids: Sequence[UUID]) -> list[Row]:
    """Give number, cause and matter type of those of the dossiers that the actor sees."""
    where = Where(list(dossier_ids))
    return await source.fetch(
        "SELECT d.id, d.number, d.cause, d.matter_type, d.opened_on FROM dossiers d"
        f" WHERE d.id = ANY($1) AND {sees_dossier(actor, where)}",
        *where.args,
    )


async def own_dossiers(
    database: Database, actor: Actor, where: Where, keys: Sequence[SortKey], order: str
) -> list[Row]:
    """Give ids and keys of the dossiers that the actor works on or decides on and that meet the conditions."""
    return await database.fetch(visible_dossiers(actor, where, keys, order, own=True), *where.args)


async def next_serial(connection: Connection, dossier_id: UUID) -> int:
    """Give the serial after the last engagement of a dossier, whose row is held already."""
    serial: int = await connection.fetchval(
        "SELECT coalesce(max(serial), 0) + 1 FROM engagements WHERE dossier_id = $1", dossier_id
    )
    return serial


async def seen_entries(connection: Connection, actor: Actor, dossier_id: UUID, entry_ids: list[UUID]) -> set[UUID]:
    """Tell which of these are entries of the dossier that the actor sees."""
    where = Where(entry_ids, dossier_id)
    rows = await connection.fetch(
        "SELECT e.id FROM entries e JOIN dossiers d ON d.id = e.dossier_id"
        f" WHERE e.id = ANY($1) AND e.dossier_id = $2 AND {sees_entry(actor, where)}",
        *where.args,
    )
    return {row["id"] for row in rows}


async def clients_of(connection: Connection, dossier_id: UUID) -> set[UUID]:
    """Give the ids of the dossier's clients."""
    rows = await connection.fetch("SELECT client_id FROM dossier_clients WHERE dossier_id = $1", dossier_id)
    return {row["client_id"] for row in rows}


async def names_of(connection: Connection, user_ids: list[UUID]) -> dict[UUID, str]:
    """Give the names of people of the firm, also of those who have left: they were attorneys all the same."""
    rows = await connection.fetch("SELECT id, display_name FROM users WHERE id = ANY($1) AND kind = 'person'", user_ids)
    return {row["id"]: row["display_name"] for row in rows}


_CHANGE = """
c.id, c.engagement_id, c.serial, c.kind, c.effective_on, c.reason, c.by_whom, c.entry_id, c.consent_entry_id,
c.urgent_reason, c.changed, c.recorded_by, r.display_name AS recorder_name, c.recorded_at
"""


async def next_change(connection: Connection, engagement_id: UUID) -> int:
    """Give the serial after the last change of an engagement, whose dossier is held already."""
    serial: int = await connection.fetchval(
        "SELECT coalesce(max(serial), 0) + 1 FROM engagement_changes WHERE engagement_id = $1", engagement_id
    )
    return serial


async def changes(source: Connection | Database, actor: Actor, where: Where, order: str) -> list[Row]:
    """Give changes of an engagement that the actor sees, each telling which of its entries he sees."""
    own, consent = sees_entry(actor, where, "o"), sees_entry(actor, where, "p")
    return await source.fetch(
        f"SELECT {_CHANGE}, {own} AS sees_entry, {consent} AS sees_consent FROM engagement_changes c"
        " JOIN engagements g ON g.id = c.engagement_id JOIN dossiers d ON d.id = g.dossier_id"
        " JOIN users r ON r.id = c.recorded_by LEFT JOIN entries o ON o.id = c.entry_id"
        f" LEFT JOIN entries p ON p.id = c.consent_entry_id WHERE {where.text} {order}",
        *where.args,
    )
