"""SQL of entries, reviews and files."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.access.standing import standing
from app.access.visibility import effective_level, reads_entry, sees_beside, sees_entry
from app.core.actor import Actor
from app.core.database import Connection, Database, Row, present
from app.core.sql import Where, insert_statement
from app.core.statements import ActorStatement
from app.entries.models import Entry
from app.storage.scans import scan_columns

_ENTRY = f"""
e.id, e.dossier_id, e.title, e.category, e.document_number, e.responsible_party, e.formed_on, e.pages, e.pages_stated,
e.original, e.confidentiality, {effective_level("e", "d")} AS effective, e.stage, e.slot, e.remarks, e.review,
e.position, e.created_by, a.display_name AS author_name, e.created_at, e.updated_at, d.number AS dossier_number,
d.state AS dossier_state, d.open_supplement_id, e.supplement_id, d.template_id,
(SELECT count(*) FROM files f WHERE f.entry_id = e.id) AS file_count,
(SELECT f.pages FROM files f WHERE f.entry_id = e.id ORDER BY f.version DESC LIMIT 1) AS pages_in_file,
v.authenticity, v.relevance, v.legality, v.decision, v.reason, v.exclusion, v.rules_version, v.reviewed_by,
v.display_name AS reviewer_name, v.reviewed_at, v.successor_id IS NOT NULL AS superseded
"""
# The newest review is the verdict in force: a link to the successor lasts as long as the review that made it.
_ENTRIES = """
FROM entries e JOIN dossiers d ON d.id = e.dossier_id JOIN users a ON a.id = e.created_by LEFT JOIN LATERAL
(SELECT r.authenticity, r.relevance, r.legality, r.decision, r.reason, r.exclusion, r.rules_version, r.reviewed_by,
  ru.display_name, r.reviewed_at, r.superseded_by AS successor_id
 FROM entry_reviews r JOIN users ru ON ru.id = r.reviewed_by
 WHERE r.entry_id = e.id ORDER BY r.id DESC LIMIT 1) v ON TRUE
"""


def _columns(actor: Actor, where: Where) -> str:
    """Give the columns of an entry that the actor sees; what stands before and after it as far as he sees that too.

    All in one statement: a second one, for entries with links only, would tell by its time of links that are hidden.
    """
    return (
        f"{_ENTRY}, (SELECT n.id FROM entries n WHERE n.id = v.successor_id AND {sees_beside(actor, where, 'n')})"
        " AS superseded_by,"
        " ARRAY(SELECT o.id FROM entry_reviews r JOIN entries o ON o.id = r.entry_id WHERE r.superseded_by = e.id"
        " AND NOT EXISTS (SELECT 1 FROM entry_reviews l WHERE l.entry_id = r.entry_id AND l.id > r.id)"
        f" AND {sees_beside(actor, where, 'o')} ORDER BY o.id) AS supersedes"
    )


async def find(source: Connection | Database, actor: Actor, entry_id: UUID) -> Row | None:
    """Give an entry that the actor sees, with his standing to its dossier."""
    return await _find.row(source, actor, entry_id)


@ActorStatement
def _find(actor: Actor, where: Where) -> str:
    return (
        f"SELECT {_columns(actor, where)}, {standing(actor, where)} {_ENTRIES}"
        f" WHERE e.id = $1 AND {sees_entry(actor, where)}"
    )


async def reread(connection: Connection, actor: Actor, entry_id: UUID) -> Row:
    """Give an entry that this transaction has written, also to an actor who has just closed it to himself."""
    return present(await _reread.row(connection, actor, entry_id))


@ActorStatement
def _reread(actor: Actor, where: Where) -> str:
    return f"SELECT {_columns(actor, where)}, {standing(actor, where)} {_ENTRIES} WHERE e.id = $1"


async def lock(connection: Connection, actor: Actor, entry_id: UUID) -> Row | None:
    """Give an entry as `find` does and hold its dossier, so that state, counts and entries stay as they are read.

    The dossier of an entry that the actor does not see is left alone, as in `access.standing.hold`.
    """
    where = Where(entry_id)
    await connection.execute(
        "SELECT 1 FROM dossiers d JOIN entries e ON e.dossier_id = d.id"
        f" WHERE e.id = $1 AND {sees_entry(actor, where)} FOR NO KEY UPDATE OF d",
        *where.args,
    )
    return await find(connection, actor, entry_id)


async def page(database: Database, actor: Actor, where: Where, order: str) -> list[Row]:
    """Give the entries that the actor sees and that meet the conditions."""
    where.conditions.append(sees_entry(actor, where))
    columns = _columns(actor, where)
    return await database.fetch(f"SELECT {columns} {_ENTRIES} WHERE {where.text} {order}", *where.args)


async def pieces(source: Connection | Database, actor: Actor, dossier_id: UUID) -> list[Row]:
    """Give all kept entries of a dossier for its contents list, each with the verdict `sees`."""
    where = Where(dossier_id)
    return await source.fetch(
        f"SELECT {_PIECE}, {sees_entry(actor, where)} AS sees"
        " FROM entries e JOIN dossiers d ON d.id = e.dossier_id"
        " WHERE e.dossier_id = $1 AND e.review <> 'excluded' ORDER BY e.id",
        *where.args,
    )


_PIECE = """
e.id, e.title, e.category, e.document_number, e.responsible_party, e.formed_on, e.pages, e.stage, e.slot, e.position,
e.created_at, e.remarks
"""


async def all_pieces(connection: Connection, dossier_id: UUID, supplement_id: UUID | None = None) -> list[Row]:
    """Give all kept entries of a dossier, or of one of its supplements, whoever may see them; for sealing."""
    return await connection.fetch(
        f"SELECT {_PIECE} FROM entries e WHERE e.dossier_id = $1 AND e.review <> 'excluded'"
        " AND e.supplement_id IS NOT DISTINCT FROM $2 ORDER BY e.id",
        dossier_id,
        supplement_id,
    )


async def seen_entries(source: Connection | Database, actor: Actor, dossier_id: UUID) -> set[UUID]:
    """Give the ids of those entries of a dossier that the actor sees."""
    where = Where(dossier_id)
    rows = await source.fetch(
        "SELECT e.id FROM entries e JOIN dossiers d ON d.id = e.dossier_id"
        f" WHERE e.dossier_id = $1 AND {sees_entry(actor, where)}",
        *where.args,
    )
    return {row["id"] for row in rows}


async def hides_entry(source: Connection | Database, actor: Actor, dossier_id: UUID) -> bool:
    """Tell whether a dossier has an entry that the actor does not see."""
    where = Where(dossier_id)
    return bool(
        await source.fetchval(
            "SELECT EXISTS (SELECT 1 FROM entries e JOIN dossiers d ON d.id = e.dossier_id"
            f" WHERE e.dossier_id = $1 AND NOT ({sees_entry(actor, where)}))",
            *where.args,
        )
    )


async def plain_dossier(connection: Connection, dossier_id: UUID) -> Row:
    """Give what the contents list needs of a dossier that this transaction holds."""
    return present(
        await connection.fetchrow(
            "SELECT id, number, state, arrangement_mode, template_id FROM dossiers WHERE id = $1", dossier_id
        )
    )


async def places(source: Connection | Database, actor: Actor, dossier_id: UUID) -> list[Row]:
    """Give the slots of all kept entries of a dossier, each with the verdict `sees`."""
    where = Where(dossier_id)
    return await source.fetch(
        f"SELECT e.id, e.slot, {sees_entry(actor, where)} AS sees FROM entries e JOIN dossiers d ON d.id = e.dossier_id"
        " WHERE e.dossier_id = $1 AND e.review <> 'excluded' ORDER BY e.id",
        *where.args,
    )


async def template(source: Connection | Database, template_id: UUID) -> Row:
    """Give slots, stages and categories of a dossier's template."""
    return present(await source.fetchrow("SELECT slots, stages, categories FROM templates WHERE id = $1", template_id))


async def add(connection: Connection, entry: Mapping[str, Any], *, fees: int) -> None:
    """Insert an entry and count it in its dossier, whose row is held already."""
    statement, columns = insert_statement(Entry)
    values = [entry[name] for name in columns]
    pages, fee_count, dossier_id = (f"${len(values) + place}" for place in (1, 2, 3))
    await connection.execute(
        f"WITH added AS ({statement}) UPDATE dossiers SET entry_count = entry_count + 1,"
        f" page_count = page_count + {pages}, fee_count = fee_count + {fee_count} WHERE id = {dossier_id}",
        *values, entry["pages"] or 0, fees, entry["dossier_id"],
    )  # fmt: skip


async def count(connection: Connection, dossier_id: UUID, *, entries: int = 0, pages: int = 0, fees: int = 0) -> None:
    """Keep the dossier's counts of kept entries and their pages, and of fee documents; its row is held already."""
    await connection.execute(
        "UPDATE dossiers SET entry_count = entry_count + $2, page_count = page_count + $3, fee_count = fee_count + $4"
        " WHERE id = $1",
        dossier_id,
        entries,
        pages,
        fees,
    )


async def set_arrangement(connection: Connection, dossier_id: UUID, mode: str, order: list[UUID]) -> None:
    """Keep how the dossier is arranged; `order` gives positions from 1, the rest have none."""
    await connection.execute("UPDATE dossiers SET arrangement_mode = $2 WHERE id = $1", dossier_id, mode)
    await connection.execute(
        "UPDATE entries SET position = array_position($2::uuid[], id)"
        " WHERE dossier_id = $1 AND position IS DISTINCT FROM array_position($2::uuid[], id)",
        dossier_id,
        order,
    )


_SCAN, _SCANS = scan_columns("f.object_key")
_FILE = f"""
f.id, f.entry_id, f.dossier_id, f.version, f.original_name, f.media_type, f.size, f.sha256, f.pages, f.object_key,
{_SCAN}, f.created_at, f.created_by, a.display_name AS author_name
"""
_FILES = (
    "FROM files f JOIN entries e ON e.id = f.entry_id JOIN dossiers d ON d.id = f.dossier_id"
    f" JOIN users a ON a.id = f.created_by {_SCANS}"
)


def _duplicates(actor: Actor, where: Where) -> str:
    """Give the column that names the same bytes elsewhere in the dossier, as far as the actor sees them."""
    return (
        "(SELECT coalesce(array_agg(o.id ORDER BY o.id), '{}') FROM files o JOIN entries oe ON oe.id = o.entry_id"
        " WHERE o.dossier_id = f.dossier_id AND o.sha256 = f.sha256 AND o.id < f.id"
        f" AND {sees_entry(actor, where, 'oe', 'd')}) AS duplicate_of"
    )


def _select_file(actor: Actor, where: Where) -> str:
    return (
        f"SELECT {_FILE}, e.title AS entry_title, d.number AS dossier_number, {_duplicates(actor, where)},"
        f" {reads_entry(actor, where)} AS reads, {standing(actor, where)} {_FILES} WHERE f.id = $1"
    )


_reread_file = ActorStatement(_select_file)


async def find_file(source: Connection | Database, actor: Actor, file_id: UUID) -> Row | None:
    """Give a file whose entry the actor sees, with the verdict `reads` and his standing to its dossier."""
    return await _find_file.row(source, actor, file_id)


@ActorStatement
def _find_file(actor: Actor, where: Where) -> str:
    return f"{_select_file(actor, where)} AND {sees_entry(actor, where)}"


async def reread_file(connection: Connection, actor: Actor, file_id: UUID) -> Row:
    """Give a file that this transaction has written."""
    return present(await _reread_file.row(connection, actor, file_id))


async def files_of(database: Database, actor: Actor, entry_id: UUID) -> list[Row]:
    """Give the versions of an entry's file, oldest first."""
    where = Where(entry_id)
    return await database.fetch(
        f"SELECT {_FILE}, {_duplicates(actor, where)} {_FILES} WHERE f.entry_id = $1 ORDER BY f.version",
        *where.args,
    )


async def newest_files(source: Database, actor: Actor, dossier_id: UUID, entry_ids: list[UUID]) -> list[Row]:
    """Give the newest file of each of these entries that the actor sees and that has one, with the verdict `reads`."""
    where = Where(dossier_id, entry_ids)
    return await source.fetch(
        "SELECT f.id, f.entry_id, f.dossier_id, f.version, f.media_type, f.size, f.sha256, f.pages, f.object_key,"
        f" e.title AS entry_title, {_SCAN}, {reads_entry(actor, where)} AS reads, {standing(actor, where)}"
        " FROM entries e JOIN dossiers d ON d.id = e.dossier_id JOIN LATERAL"
        " (SELECT * FROM files n WHERE n.entry_id = e.id ORDER BY n.version DESC LIMIT 1) f ON TRUE"
        f" {_SCANS}"
        f" WHERE e.dossier_id = $1 AND e.id = ANY($2::uuid[]) AND {sees_entry(actor, where)}",
        *where.args,
    )


async def next_version(connection: Connection, entry_id: UUID) -> int:
    """Give the number of the next version; the dossier's row is held already."""
    number: int = await connection.fetchval(
        "SELECT coalesce(max(version), 0) + 1 FROM files WHERE entry_id = $1", entry_id
    )
    return number


async def set_pages(connection: Connection, entry_id: UUID, pages: int | None, moment: datetime) -> None:
    """Set the pages of an entry."""
    await connection.execute("UPDATE entries SET pages = $2, updated_at = $3 WHERE id = $1", entry_id, pages, moment)


# What files keep in the store (`KeptRows`).
KEPT = "SELECT object_key AS key, size, sha256, 'file' AS kind, id, dossier_id, entry_id FROM files"
