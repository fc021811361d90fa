"""SQL of receipts, off-volume objects and mails, and of what they call to mind."""

from datetime import date, datetime
from uuid import UUID

from app.access.standing import standing
from app.access.visibility import on_team, sees_dossier, sees_entry
from app.core.actor import Actor
from app.core.database import Connection, Database, Row, present
from app.core.sql import Where

_RECEIPT = """
r.id, r.dossier_id, d.number AS dossier_number, d.state AS dossier_state, r.serial, r.direction, r.counterparty,
r.capacity, r.client_id, r.passed_on, r.place, coalesce(r.signed_by, sg.signed_by) AS signed_by,
coalesce(r.signed_on, sg.signed_on) AS signed_on, sg.receipt_id IS NOT NULL AS signed_later, r.remarks, r.created_by,
a.display_name AS author_name, r.created_at, x.reason AS cancel_reason, x.cancelled_by, x.cancelled_at,
xa.display_name AS canceller_name
"""
_RECEIPTS = (
    "FROM receipts r JOIN dossiers d ON d.id = r.dossier_id JOIN users a ON a.id = r.created_by"
    " LEFT JOIN receipt_cancellations x ON x.receipt_id = r.id LEFT JOIN users xa ON xa.id = x.cancelled_by"
    " LEFT JOIN receipt_signatures sg ON sg.receipt_id = r.id"
)


def _select(actor: Actor, where: Where) -> str:
    seen = (
        "SELECT se.id FROM entries se WHERE se.id = coalesce(r.signature_entry_id, sg.entry_id)"
        f" AND {sees_entry(actor, where, 'se', 'd')}"
    )
    return f"SELECT {_RECEIPT}, ({seen}) AS signature_entry_id, {standing(actor, where)} {_RECEIPTS}"


async def find(source: Connection | Database, actor: Actor, receipt_id: UUID) -> Row | None:
    """Give a receipt of a dossier that the actor sees, with his standing to it."""
    where = Where(receipt_id)
    select = _select(actor, where)
    return await source.fetchrow(f"{select} WHERE r.id = $1 AND {sees_dossier(actor, where)}", *where.args)


async def reread(connection: Connection, actor: Actor, receipt_id: UUID) -> Row:
    """Give a receipt that this transaction has written."""
    return present(await find(connection, actor, receipt_id))


async def lock(connection: Connection, actor: Actor, receipt_id: UUID) -> Row | None:
    """Give a receipt as `find` does and hold its dossier, so that no original moves meanwhile."""
    where = Where(receipt_id)
    await connection.execute(
        "SELECT 1 FROM dossiers d JOIN receipts r ON r.dossier_id = d.id"
        f" WHERE r.id = $1 AND {sees_dossier(actor, where)} FOR NO KEY UPDATE OF d",
        *where.args,
    )
    return await find(connection, actor, receipt_id)


async def page(database: Database, actor: Actor, where: Where, order: str) -> list[Row]:
    """Give receipts of dossiers that the actor sees and that meet the conditions."""
    where.conditions.append(sees_dossier(actor, where))
    select = _select(actor, where)
    return await database.fetch(f"{select} WHERE {where.text} {order}", *where.args)


async def lines(source: Connection | Database, actor: Actor, receipt_ids: list[UUID]) -> list[Row]:
    """Give the lines of receipts in their order, each with the verdict `sees` on its entry."""
    where = Where(receipt_ids)
    copy = f"SELECT ce.id FROM entries ce WHERE ce.id = i.copy_entry_id AND {sees_entry(actor, where, 'ce', 'd')}"
    return await source.fetch(
        "SELECT i.receipt_id, i.position, i.entry_id, i.title, i.original, i.pages, i.copies, i.remarks, i.moves,"
        f" ({copy}) AS copy_entry_id, {sees_entry(actor, where)} AS sees"
        " FROM receipt_items i JOIN entries e ON e.id = i.entry_id JOIN dossiers d ON d.id = e.dossier_id"
        " WHERE i.receipt_id = ANY($1) ORDER BY i.receipt_id, i.position",
        *where.args,
    )


async def next_serial(connection: Connection, dossier_id: UUID) -> int:
    """Give the serial of the dossier's next receipt; the dossier's row is held already."""
    serial: int = await connection.fetchval(
        "SELECT coalesce(max(serial), 0) + 1 FROM receipts WHERE dossier_id = $1", dossier_id
    )
    return serial


async def known_entries(connection: Connection, actor: Actor, dossier_id: UUID, entry_ids: list[UUID]) -> list[Row]:
    """Give those of these entries that are in the dossier and that the actor sees."""
    where = Where(dossier_id, entry_ids)
    return await connection.fetch(
        "SELECT e.id, e.title, e.original, e.pages, e.confidentiality,"
        " EXISTS (SELECT 1 FROM files f WHERE f.entry_id = e.id) AS has_file"
        " FROM entries e JOIN dossiers d ON d.id = e.dossier_id"
        f" WHERE e.dossier_id = $1 AND e.id = ANY($2) AND {sees_entry(actor, where)}",
        *where.args,
    )


async def moves(
    source: Connection | Database, entry_ids: list[UUID], *, without: UUID | None = None
) -> dict[UUID, list[Row]]:
    """Give the moves of these entries' originals in their order, cancelled receipts and one more left out."""
    rows = await source.fetch(
        "SELECT i.entry_id, r.direction, r.capacity, r.counterparty, r.passed_on FROM receipt_items i"
        " JOIN receipts r ON r.id = i.receipt_id WHERE i.entry_id = ANY($1) AND i.moves"
        " AND r.id IS DISTINCT FROM $2::uuid"
        " AND NOT EXISTS (SELECT 1 FROM receipt_cancellations x WHERE x.receipt_id = r.id) ORDER BY r.serial",
        entry_ids,
        without,
    )
    found: dict[UUID, list[Row]] = {entry_id: [] for entry_id in entry_ids}
    for row in rows:
        found[row["entry_id"]].append(row)
    return found


async def is_client(connection: Connection, dossier_id: UUID, client_id: UUID) -> bool:
    """Tell whether a client is one of the dossier's."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT 1 FROM dossier_clients WHERE dossier_id = $1 AND client_id = $2)",
            dossier_id,
            client_id,
        )
    )


async def entry(database: Database, actor: Actor, entry_id: UUID) -> Row | None:
    """Give an entry that the actor sees, with his standing to its dossier."""
    where = Where(entry_id)
    return await database.fetchrow(
        f"SELECT e.id, e.title, e.original, e.dossier_id, {standing(actor, where)}"
        " FROM entries e JOIN dossiers d ON d.id = e.dossier_id"
        f" WHERE e.id = $1 AND {sees_entry(actor, where)}",
        *where.args,
    )


async def of_entry(database: Database, entry_id: UUID) -> list[Row]:
    """Give the receipts that name an entry, in the order they were made out."""
    return await database.fetch(
        "SELECT r.id, r.serial, r.direction, r.counterparty, r.capacity, r.client_id, r.passed_on, i.original,"
        " i.copies, x.receipt_id IS NOT NULL AS cancelled"
        " FROM receipt_items i JOIN receipts r ON r.id = i.receipt_id"
        " LEFT JOIN receipt_cancellations x ON x.receipt_id = r.id WHERE i.entry_id = $1 ORDER BY r.serial",
        entry_id,
    )


_OBJECT = """
o.id, o.dossier_id, d.number AS dossier_number, d.state AS dossier_state, o.name, o.quantity, o.specification,
o.features, o.kept_at, o.quality_certificate, o.entry_id, o.created_by, a.display_name AS author_name, o.created_at,
o.updated_at, e.confidentiality AS entry_level,
EXISTS (SELECT 1 FROM files f WHERE f.entry_id = o.entry_id) AS has_photo
"""
# Without an entry `e` is null: then the level of the dossier counts, and no fee document makes anybody see it.
_OBJECTS = (
    "FROM off_volume_objects o JOIN dossiers d ON d.id = o.dossier_id JOIN users a ON a.id = o.created_by"
    " LEFT JOIN entries e ON e.id = o.entry_id"
)


async def find_object(source: Connection | Database, actor: Actor, object_id: UUID) -> Row | None:
    """Give an object that the actor sees: as he sees the entry of its photo, else as entries of the dossier's level."""
    where = Where(object_id)
    return await source.fetchrow(
        f"SELECT {_OBJECT}, {standing(actor, where)} {_OBJECTS} WHERE o.id = $1 AND {sees_entry(actor, where)}",
        *where.args,
    )


async def lock_object(connection: Connection, actor: Actor, object_id: UUID) -> Row | None:
    """Give an object as `find_object` does and hold its dossier."""
    where = Where(object_id)
    await connection.execute(
        f"SELECT 1 {_OBJECTS} WHERE o.id = $1 AND {sees_entry(actor, where)} FOR NO KEY UPDATE OF d", *where.args
    )
    return await find_object(connection, actor, object_id)


async def reread_object(connection: Connection, actor: Actor, object_id: UUID) -> Row:
    """Give an object that this transaction has written."""
    where = Where(object_id)
    return present(
        await connection.fetchrow(f"SELECT {_OBJECT}, {standing(actor, where)} {_OBJECTS} WHERE o.id = $1", *where.args)
    )


async def objects(database: Database, actor: Actor, where: Where, order: str) -> list[Row]:
    """Give the objects that the actor sees and that meet the conditions."""
    where.conditions.append(sees_entry(actor, where))
    return await database.fetch(f"SELECT {_OBJECT} {_OBJECTS} WHERE {where.text} {order}", *where.args)


async def movements(database: Database, where: Where, order: str) -> list[Row]:
    """Give movements of an object."""
    return await database.fetch(
        "SELECT m.id, m.object_id, m.kept_at, m.moved_on, m.moved_by, m.remarks, m.recorded_by, m.recorded_at,"
        " a.display_name AS recorder_name FROM object_movements m JOIN users a ON a.id = m.recorded_by"
        f" WHERE {where.text} {order}",
        *where.args,
    )


async def last_movement(connection: Connection, object_id: UUID) -> Row:
    """Give the newest movement of an object; its dossier is held already."""
    return present(
        await connection.fetchrow(
            "SELECT m.kept_at, m.moved_on FROM object_movements m WHERE m.object_id = $1 ORDER BY m.id DESC LIMIT 1",
            object_id,
        )
    )


async def same_mail(connection: Connection, actor: Actor, dossier_id: UUID, message_id: str) -> list[UUID]:
    """Give the entries of the dossier that hold the mail of this Message-ID, as far as the actor sees them."""
    where = Where(dossier_id, message_id)
    rows = await connection.fetch(
        "SELECT e.id FROM mails m JOIN entries e ON e.id = m.entry_id JOIN dossiers d ON d.id = m.dossier_id"
        f" WHERE m.dossier_id = $1 AND m.message_id = $2 AND {sees_entry(actor, where)} ORDER BY e.id",
        *where.args,
    )
    return [row["id"] for row in rows]


_LAST_CAME = """
GREATEST(d.created_at, (SELECT max(qe.created_at) FROM entries qe WHERE qe.dossier_id = d.id),
 (SELECT max(qf.created_at) FROM files qf WHERE qf.dossier_id = d.id),
 (SELECT max(qr.created_at) FROM receipts qr WHERE qr.dossier_id = d.id))
"""


async def quiet(source: Connection | Database, actor: Actor, before: datetime, limit: int) -> list[Row]:
    """Give the dossiers in work of the actor's teams to which nothing has come since `before`, longest quiet first."""
    where = Where(before)
    team = on_team(f"{where.bind(actor.user_id)}::uuid")
    return await source.fetch(
        "SELECT * FROM (SELECT d.id, d.number, d.cause, d.lead_lawyer_id,"
        f" {_LAST_CAME} AS last_came_at FROM dossiers d"
        f" WHERE d.state IN ('open', 'returned') AND {team} AND {sees_dossier(actor, where)}) q"
        f" WHERE q.last_came_at < $1 ORDER BY q.last_came_at, q.id LIMIT {limit:d}",
        *where.args,
    )


async def away(source: Connection | Database, actor: Actor, before: date, limit: int) -> list[Row]:
    """Give the originals of the actor's teams that were handed over before a day and have not come back since."""
    where = Where(before)
    team = on_team(f"{where.bind(actor.user_id)}::uuid")
    return await source.fetch(
        "SELECT e.id AS entry_id, e.title, d.id AS dossier_id, d.number, r.id AS receipt_id, r.counterparty,"
        " r.capacity, r.passed_on FROM receipt_items i JOIN receipts r ON r.id = i.receipt_id"
        " JOIN entries e ON e.id = i.entry_id JOIN dossiers d ON d.id = e.dossier_id"
        " WHERE i.moves AND r.direction = 'handed_over' AND r.passed_on < $1"
        " AND NOT EXISTS (SELECT 1 FROM receipt_cancellations x WHERE x.receipt_id = r.id)"
        " AND NOT EXISTS (SELECT 1 FROM receipt_items li JOIN receipts lr ON lr.id = li.receipt_id"
        "  WHERE li.entry_id = i.entry_id AND li.moves AND lr.serial > r.serial"
        "  AND NOT EXISTS (SELECT 1 FROM receipt_cancellations lx WHERE lx.receipt_id = lr.id))"
        f" AND d.state NOT IN ('void', 'transferred', 'destroyed') AND {team} AND {sees_entry(actor, where)}"
        f" ORDER BY r.passed_on, e.id LIMIT {limit:d}",
        *where.args,
    )
