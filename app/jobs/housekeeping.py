"""Keeps small tables small and the months ahead ready. Nothing of a dossier or an event is ever removed here."""

from app.core.idempotency import KEPT_DAYS
from app.factory import Services

_MONTHS_AHEAD = 12
_SESSIONS_KEPT_DAYS = 30
_MOST_AT_ONCE = 2_000


async def forget_old_keys(services: Services) -> None:
    """Free Idempotency-Keys after their days, and forget failed logins of yesterday."""
    database = services.resources.database
    await database.execute(
        "DELETE FROM idempotency_keys WHERE created_at < now() - make_interval(days => $1)", KEPT_DAYS
    )
    await database.execute(
        "DELETE FROM login_throttle"
        " WHERE updated_at < now() - interval '1 day' AND (paused_until IS NULL OR paused_until < now())"
    )


async def forget_old_sessions(services: Services) -> None:
    """Forget sessions, with their refresh tokens, some days after their end; the events of them stay."""
    while await _forget_some_sessions(services) == _MOST_AT_ONCE:
        pass


async def _forget_some_sessions(services: Services) -> int:
    async with services.resources.database.connection() as connection, connection.transaction():
        old = await connection.fetch(
            "SELECT id FROM sessions WHERE least(ended_at, expires_at) < now() - make_interval(days => $1)"
            " LIMIT $2 FOR UPDATE",
            _SESSIONS_KEPT_DAYS,
            _MOST_AT_ONCE,
        )
        ids = [row["id"] for row in old]
        await connection.execute("DELETE FROM refresh_tokens WHERE session_id = ANY($1)", ids)
        await connection.execute("DELETE FROM sessions WHERE id = ANY($1)", ids)
    return len(ids)


async def make_partitions(services: Services) -> None:
    """Make the partitions of the events for the coming months."""
    await services.resources.database.execute("SELECT anjuan_make_event_partitions($1)", _MONTHS_AHEAD)
