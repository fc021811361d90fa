"""SQL of users, sessions, refresh tokens and failed logins."""

from datetime import datetime
from uuid import UUID

from app.core.database import Connection, Database, Row, present

_NAMES = (
    "id", "kind", "username", "display_name", "password_hash", "roles", "department", "lawyer_code", "active", "issuer",
    "subject", "roles_as_of", "must_change_password", "tokens_valid_from", "created_at", "updated_at",
)  # fmt: skip
# With what the firm lets roles and programs reach now, so that a change of that bites like one of the user.
_COLUMNS = (
    ", ".join(f"u.{name}" for name in _NAMES)
    + ", (SELECT jsonb_object_agg(rc.role, rc.level) FROM role_clearances rc) AS clearances,"
    " (SELECT to_jsonb(i) FROM integrations i WHERE i.user_id = u.id) AS integration"
)

# The highest level that the roles of user `u` open (docs/access.md, Levels).
CLEARANCE = "(SELECT coalesce(max(rc.level), 0) FROM role_clearances rc WHERE rc.role = ANY({u}.roles))"


async def find(database: Database, user_id: UUID) -> Row | None:
    """Give a user by id."""
    return await database.fetchrow(f"SELECT {_COLUMNS} FROM users u WHERE u.id = $1", user_id)


async def find_by_name(database: Database, username: str) -> Row | None:
    """Give a user by login name (names are kept casefolded)."""
    return await database.fetchrow(f"SELECT {_COLUMNS} FROM users u WHERE u.username = $1", username)


async def find_outside(database: Database, issuer: str, subject: str) -> Row | None:
    """Give the user that a person of an outside issuer is."""
    return await database.fetchrow(
        f"SELECT {_COLUMNS} FROM users u WHERE u.issuer = $1 AND u.subject = $2", issuer, subject
    )


async def lock(connection: Connection, user_id: UUID) -> Row | None:
    """Give a user by id and hold the row."""
    return await connection.fetchrow(f"SELECT {_COLUMNS} FROM users u WHERE u.id = $1 FOR UPDATE OF u", user_id)


async def hold(connection: Connection, user_id: UUID) -> Row | None:
    """Give a user by id and let nobody change him before this transaction ends."""
    return await connection.fetchrow(f"SELECT {_COLUMNS} FROM users u WHERE u.id = $1 FOR SHARE OF u", user_id)


async def find_with_session(database: Database, user_id: UUID, session_id: UUID | None) -> Row | None:
    """Give a user by id, and whether this session of his runs (`session_runs`, None when there is no such)."""
    return await database.fetchrow(
        f"SELECT {_COLUMNS}, s.ended_at IS NULL AND s.expires_at > now() AS session_runs"
        " FROM users u LEFT JOIN sessions s ON s.id = $2 AND s.user_id = u.id WHERE u.id = $1",
        user_id,
        session_id,
    )


async def list_users(database: Database, condition: str, order: str, args: list[object]) -> list[Row]:
    """Give users that meet a condition."""
    return await database.fetch(f"SELECT {_COLUMNS} FROM users u WHERE {condition} {order}", *args)


async def any_user(database: Database) -> bool:
    """Tell whether there is a user at all."""
    return bool(await database.fetchval("SELECT EXISTS (SELECT 1 FROM users)"))


async def taken(
    connection: Connection, *, username: str | None, lawyer_code: str | None, other_than: UUID
) -> str | None:
    """Tell which of these names another user has: `username`, `lawyer_code` or None."""
    row = await connection.fetchrow(
        "SELECT username = $1 AS name FROM users WHERE (username = $1 OR lawyer_code = $2) AND id <> $3 LIMIT 1",
        username,
        lawyer_code,
        other_than,
    )
    if row is None:
        return None
    return "username" if row["name"] else "lawyer_code"


_SESSION = "s.id, s.began_at, s.refreshed_at, s.expires_at, s.ip, s.user_agent"


async def list_sessions(database: Database, condition: str, order: str, args: list[object]) -> list[Row]:
    """Give running sessions that meet a condition."""
    return await database.fetch(
        f"SELECT {_SESSION} FROM sessions s WHERE s.ended_at IS NULL AND s.expires_at > now() AND {condition} {order}",
        *args,
    )


async def end_session(connection: Connection, session_id: UUID, user_id: UUID, because: str) -> bool:
    """End a running session of the user; tell whether there was one."""
    ended = await connection.fetchval(
        "UPDATE sessions SET ended_at = now(), ended_because = $3"
        " WHERE id = $1 AND user_id = $2 AND ended_at IS NULL AND expires_at > now() RETURNING id",
        session_id,
        user_id,
        because,
    )
    return ended is not None


async def end_sessions(connection: Connection, user_id: UUID, because: str, *, but: UUID | None = None) -> int:
    """End the running sessions of a user, but for one; give their number."""
    ended = await connection.fetch(
        "UPDATE sessions SET ended_at = now(), ended_because = $2"
        " WHERE user_id = $1 AND ended_at IS NULL AND expires_at > now() AND id IS DISTINCT FROM $3 RETURNING id",
        user_id,
        because,
        but,
    )
    return len(ended)


async def find_refresh(database: Database, digest: bytes) -> Row | None:
    """Give the user whose refresh token this is, with `session_id` and `session_expires_at`."""
    return await database.fetchrow(
        f"SELECT {_COLUMNS}, s.id AS session_id, s.expires_at AS session_expires_at FROM refresh_tokens r"
        " JOIN sessions s ON s.id = r.session_id JOIN users u ON u.id = s.user_id WHERE r.digest = $1",
        digest,
    )


async def spend_refresh(connection: Connection, digest: bytes) -> bool:
    """Use a refresh token up; False when that was done before. Of two at once the second waits for the first."""
    spent = await connection.fetchval(
        "UPDATE refresh_tokens SET used_at = now() WHERE digest = $1 AND used_at IS NULL RETURNING session_id", digest
    )
    return spent is not None


async def touch_session(connection: Connection, session_id: UUID) -> bool:
    """Note that a running session was refreshed; False when it has ended, by somebody or by itself."""
    touched = await connection.fetchval(
        "UPDATE sessions SET refreshed_at = now() WHERE id = $1 AND ended_at IS NULL AND expires_at > now()"
        " RETURNING id",
        session_id,
    )
    return touched is not None


_PAUSE = """
SELECT ceil(extract(epoch FROM max(paused_until) - clock_timestamp()))::int FROM login_throttle
WHERE (kind, key) IN (SELECT * FROM unnest($1::text[], $2::text[])) AND paused_until > clock_timestamp()
"""


async def pause_seconds(connection: Connection | Database, kinds: list[str], keys: list[str]) -> int | None:
    """Give how long the longest pause of these counts lasts yet; None when none of them pauses."""
    seconds: int | None = await connection.fetchval(_PAUSE, kinds, keys)
    return seconds


async def lock_counts(connection: Connection, kinds: list[str], keys: list[str]) -> None:
    """Let nobody else judge logins by these counts before this transaction ends, also where there is no row yet."""
    for kind, key in zip(kinds, keys, strict=True):
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 19))", f"{kind}:{key}")


async def read_count(connection: Connection, kind: str, key: str) -> Row:
    """Give a count and the time of the database (`moment`); a count without a row has no failures."""
    return present(
        await connection.fetchrow(
            "SELECT coalesce(t.failures, 0) AS failures, coalesce(t.locks, 0) AS locks, t.paused_until, t.updated_at,"
            " clock_timestamp() AS moment"
            " FROM (SELECT) one LEFT JOIN login_throttle t ON t.kind = $1 AND t.key = $2",
            kind,
            key,
        )
    )


_KEEP_COUNT = """
INSERT INTO login_throttle (kind, key, failures, locks, paused_until, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (kind, key) DO UPDATE SET failures = excluded.failures, locks = excluded.locks,
  paused_until = excluded.paused_until, updated_at = excluded.updated_at
"""


async def keep_count(
    connection: Connection, kind: str, key: str, *, failures: int, locks: int, paused_until: datetime | None,
    updated_at: datetime,
) -> None:  # fmt: skip
    """Write a count down; the caller has locked it."""
    await connection.execute(_KEEP_COUNT, kind, key, failures, locks, paused_until, updated_at)


async def forget_count(connection: Connection, kind: str, key: str) -> None:
    """Begin to count anew."""
    await connection.execute("DELETE FROM login_throttle WHERE kind = $1 AND key = $2", kind, key)
