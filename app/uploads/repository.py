"""SQL of resumable uploads."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.core.database import Connection, Database, Row

_UPLOAD = """
u.id, u.entry_id, u.dossier_id, u.created_by, u.length, u.received, u.original_name, u.declared_type, u.digest,
u.metadata_header, u.state, u.end_reason, u.file_id, u.created_at, u.expires_at
"""


async def find(database: Database | Connection, upload_id: UUID, user_id: UUID) -> Row | None:
    """Give an upload that this user has begun."""
    return await database.fetchrow(
        f"SELECT {_UPLOAD} FROM uploads u WHERE u.id = $1 AND u.created_by = $2", upload_id, user_id
    )


async def advance(connection: Connection, upload_id: UUID, start: int, end: int) -> bool:
    """Move an upload on from `start` to `end`; False when it is not, or no longer, at `start`.

    Of two who come at the same time the second waits for the first one's row and then finds it moved.
    """
    moved = await connection.fetchval(
        "UPDATE uploads SET received = $3 WHERE id = $1 AND received = $2 AND state = 'open' RETURNING id",
        upload_id,
        start,
        end,
    )
    return moved is not None


async def finish(connection: Connection, upload_id: UUID, start: int, file_id: UUID, moment: datetime) -> bool:
    """Mark an upload as the file that it became; False when it is not, or no longer, at `start`."""
    moved = await connection.fetchval(
        "UPDATE uploads SET received = length, state = 'finished', file_id = $3, ended_at = $4"
        " WHERE id = $1 AND received = $2 AND state = 'open' RETURNING id",
        upload_id,
        start,
        file_id,
        moment,
    )
    return moved is not None


async def end(connection: Connection, upload_id: UUID, reason: str, moment: datetime) -> bool:
    """End an upload that is under way; False when it isn't."""
    ended = await connection.fetchval(
        "UPDATE uploads SET state = 'ended', end_reason = $2, ended_at = $3"
        " WHERE id = $1 AND state = 'open' RETURNING id",
        upload_id,
        reason,
        moment,
    )
    return ended is not None


async def pieces(database: Database, upload_id: UUID, before: int) -> list[Row]:
    """Give the pieces of an upload that begin before this offset, in the order of their bytes."""
    return await database.fetch(
        "SELECT start, size, sha256, object_key FROM upload_pieces WHERE upload_id = $1 AND start < $2 ORDER BY start",
        upload_id,
        before,
    )


async def drop_pieces(connection: Connection, upload_id: UUID) -> list[str]:
    """Forget the pieces of an upload; give the keys of their objects."""
    rows = await connection.fetch("DELETE FROM upload_pieces WHERE upload_id = $1 RETURNING object_key", upload_id)
    return [row["object_key"] for row in rows]


async def known_keys(database: Database, keys: Sequence[str]) -> set[str]:
    """Tell which of these object keys a piece refers to."""
    rows = await database.fetch("SELECT object_key FROM upload_pieces WHERE object_key = ANY($1)", list(keys))
    return {row["object_key"] for row in rows}


async def expired(database: Database, moment: datetime, limit: int) -> list[Row]:
    """Give uploads under way whose time is over, with the titles of their entries."""
    return await database.fetch(
        f"SELECT {_UPLOAD}, e.title AS entry_title FROM uploads u JOIN entries e ON e.id = u.entry_id"
        " WHERE u.state = 'open' AND u.expires_at <= $1 ORDER BY u.expires_at LIMIT $2",
        moment,
        limit,
    )


async def forget(database: Database, before: datetime) -> None:
    """Forget uploads that ended before `before`; what they became and the events stay."""
    await database.execute("DELETE FROM uploads WHERE state <> 'open' AND ended_at < $1", before)
