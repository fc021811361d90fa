"""SQL of what follows from reviewing: histories, likely duplicates, notes of preparation, what is left to do."""

from uuid import UUID

from app.access.visibility import sees_entry
from app.core.actor import Actor
from app.core.database import Connection, Database, Row
from app.core.sql import Where

_REVIEWS = """
r.id, r.authenticity, r.relevance, r.legality, r.decision, r.reason, r.exclusion, r.rules_version, r.reviewed_at,
jsonb_build_object('id', r.reviewed_by, 'display_name', u.display_name) AS reviewed_by
"""
_PREPARATIONS = """
SELECT p.id, p.entry_id, p.acts, p.note, p.done_on, p.rules_version, p.noted_at,
 jsonb_build_object('id', p.noted_by, 'display_name', u.display_name) AS noted_by
FROM entry_preparations p JOIN users u ON u.id = p.noted_by
"""


async def reviews(database: Database, actor: Actor, where: Where, order: str) -> list[Row]:
    """Give the reviews that meet the conditions; the successor's id where the actor sees it."""
    successor = f"CASE WHEN {sees_entry(actor, where, 'n')} THEN n.id END AS superseded_by"
    return await database.fetch(
        f"SELECT {_REVIEWS}, {successor} FROM entry_reviews r JOIN users u ON u.id = r.reviewed_by"
        " JOIN entries e ON e.id = r.entry_id JOIN dossiers d ON d.id = e.dossier_id"
        f" LEFT JOIN entries n ON n.id = r.superseded_by WHERE {where.text} {order}",
        *where.args,
    )


async def candidates(database: Database, actor: Actor, dossier_id: UUID) -> list[Row]:
    """Give the kept entries of a dossier that the actor sees, each with the digests of all versions of its file."""
    where = Where(dossier_id)
    return await database.fetch(
        "SELECT e.id, e.title, e.formed_on,"
        " ARRAY(SELECT DISTINCT f.sha256 FROM files f WHERE f.entry_id = e.id ORDER BY 1) AS digests"
        " FROM entries e JOIN dossiers d ON d.id = e.dossier_id"
        f" WHERE e.dossier_id = $1 AND e.review <> 'excluded' AND {sees_entry(actor, where)} ORDER BY e.id",
        *where.args,
    )


async def dismissals(database: Database, dossier_id: UUID) -> list[list[UUID]]:
    """Give the sets of entries that were judged to be no duplicates of each other."""
    rows = await database.fetch("SELECT entry_ids FROM duplicate_dismissals WHERE dossier_id = $1", dossier_id)
    return [row["entry_ids"] for row in rows]


async def seen(connection: Connection, actor: Actor, dossier_id: UUID, entry_ids: list[UUID]) -> set[UUID]:
    """Tell which of these are entries of the dossier that the actor sees."""
    where = Where(dossier_id, entry_ids)
    rows = await connection.fetch(
        "SELECT e.id FROM entries e JOIN dossiers d ON d.id = e.dossier_id"
        f" WHERE e.dossier_id = $1 AND e.id = ANY($2) AND {sees_entry(actor, where)}",
        *where.args,
    )
    return {row["id"] for row in rows}


async def preparations(source: Connection | Database, where: Where, order: str = "") -> list[Row]:
    """Give the notes of preparation that meet the conditions."""
    return await source.fetch(f"{_PREPARATIONS} WHERE {where.text} {order}", *where.args)
