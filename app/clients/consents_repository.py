"""SQL of what clients were told of their data and agreed to."""

from uuid import UUID

from app.core.database import Connection, Database, Row, present

_CONSENT = """
SELECT k.*, c.name AS client_name, u.display_name AS recorder_name, w.display_name AS withdrawer_name
FROM client_consents k JOIN clients c ON c.id = k.client_id JOIN users u ON u.id = k.created_by
LEFT JOIN users w ON w.id = k.withdrawn_by
"""


async def notices(database: Database, client_id: UUID) -> list[Row]:
    """Give what a client was told, oldest first."""
    return await database.fetch(
        "SELECT n.*, u.display_name AS recorder_name FROM client_notices n JOIN users u ON u.id = n.created_by"
        " WHERE n.client_id = $1 ORDER BY n.id",
        client_id,
    )


async def notice(connection: Connection, notice_id: UUID) -> Row:
    """Give a notice that this transaction has written."""
    return present(
        await connection.fetchrow(
            "SELECT n.*, u.display_name AS recorder_name FROM client_notices n JOIN users u ON u.id = n.created_by"
            " WHERE n.id = $1",
            notice_id,
        )
    )


async def consents(database: Database, client_id: UUID) -> list[Row]:
    """Give the consents of a client, oldest first."""
    return await database.fetch(f"{_CONSENT} WHERE k.client_id = $1 ORDER BY k.id", client_id)


async def consent(source: Connection | Database, consent_id: UUID) -> Row:
    """Give a consent that is there for certain."""
    return present(await source.fetchrow(f"{_CONSENT} WHERE k.id = $1", consent_id))


_WITHDRAW = """
UPDATE client_consents SET withdrawn_on = $2, withdrawal_reason = $3, withdrawn_by = $4, withdrawn_at = now()
WHERE id = $1 AND withdrawn_on IS NULL RETURNING id
"""


async def withdraw(connection: Connection, consent_id: UUID, *values: object) -> bool:
    """Note the withdrawal of a consent unless it has one; tells whether it was noted."""
    return await connection.fetchval(_WITHDRAW, consent_id, *values) is not None


_KEEP_CONSENT_COPY = """
UPDATE client_consents SET copy_key = $2, copy_name = $3, copy_media_type = $4, copy_size = $5, copy_sha256 = $6
WHERE id = $1 AND copy_key IS NULL RETURNING id
"""


async def keep_consent_copy(connection: Connection, consent_id: UUID, *values: object) -> bool:
    """Note the scan of a consent unless it has one; tells whether it was noted."""
    return await connection.fetchval(_KEEP_CONSENT_COPY, consent_id, *values) is not None
