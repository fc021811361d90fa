"""SQL of grants, access requests and walls."""

from collections.abc import Sequence
from uuid import UUID

from app.access.models import WallClient, WallDossier, WallPerson
from app.access.standing import decides, standing
from app.access.visibility import sees_dossier
from app.auth.names import NAMED, person
from app.core.actor import Actor
from app.core.database import Connection, Database, Row, present
from app.core.sql import Where, insert

_GRANT = f"""
g.id, g.dossier_id, g.scope, g.reason, g.reaches, g.granted_as, g.granted_at, g.expires_at, g.awaits_approval,
g.approved_at, g.ended_at, g.end_reason, g.access_request_id, g.user_id, g.granted_by AS granted_by_id,
{person("g.user_id")} AS "user", {person("g.granted_by")} AS granted_by, {person("g.approved_by")} AS approved_by,
{person("g.ended_by")} AS ended_by,
CASE WHEN g.ended_at IS NOT NULL AND g.awaits_approval AND g.end_reason IS NOT NULL THEN 'refused'
     WHEN g.ended_at IS NOT NULL THEN 'revoked'
     WHEN g.expires_at <= now() THEN 'expired'
     WHEN g.awaits_approval THEN 'awaiting_approval' ELSE 'effective' END AS state
"""
_GRANTS = "FROM grants g JOIN dossiers d ON d.id = g.dossier_id"


def knows_grant(actor: Actor, where: Where) -> str:
    """Give the condition that the actor may know of grant `g`: it is his, or he decides on the dossier."""
    own = f"g.user_id = {where.bind(actor.user_id)}"
    return f"{sees_dossier(actor, where)} AND ({own} OR {decides(actor, where)})"


async def grant(source: Connection | Database, actor: Actor, grant_id: UUID) -> Row | None:
    """Give a grant that the actor may know of, with his standing to its dossier."""
    where = Where(grant_id)
    columns = f"{_GRANT}, d.number, {standing(actor, where)}"
    return await source.fetchrow(
        f"SELECT {columns} {_GRANTS} WHERE g.id = $1 AND {knows_grant(actor, where)}", *where.args
    )


async def lock_grant(connection: Connection, actor: Actor, grant_id: UUID) -> Row | None:
    """Give a grant as `grant` does and hold its row."""
    where = Where(grant_id)
    await connection.execute(
        f"SELECT 1 {_GRANTS} WHERE g.id = $1 AND {knows_grant(actor, where)} FOR UPDATE OF g", *where.args
    )
    return await grant(connection, actor, grant_id)


async def reread_grant(connection: Connection, grant_id: UUID) -> Row:
    """Give a grant that this transaction has written."""
    return present(await connection.fetchrow(f"SELECT {_GRANT} FROM grants g WHERE g.id = $1", grant_id))


async def grants(database: Database, where: Where, order: str) -> list[Row]:
    """Give the grants that meet the conditions."""
    return await database.fetch(f"SELECT {_GRANT} {_GRANTS} WHERE {where.text} {order}", *where.args)


_REQUEST = f"""
r.id, r.dossier_id, d.number, r.requested_at, r.scope, r.reason, r.until, r.state, r.decided_at, r.decision_reason,
r.requested_by AS requested_by_id, {person("r.requested_by")} AS requested_by, {person("r.decided_by")} AS decided_by,
(SELECT g.id FROM grants g WHERE g.access_request_id = r.id) AS grant_id
"""
_REQUESTS = "FROM access_requests r JOIN dossiers d ON d.id = r.dossier_id"


def knows_request(actor: Actor, where: Where) -> str:
    """Give the condition that the actor may know of request `r`: it is his, or he decides on the dossier."""
    own = f"r.requested_by = {where.bind(actor.user_id)}"
    return f"{sees_dossier(actor, where)} AND ({own} OR {decides(actor, where)})"


async def request(source: Connection | Database, actor: Actor, request_id: UUID) -> Row | None:
    """Give an access request that the actor may know of, with his standing to its dossier."""
    where = Where(request_id)
    return await source.fetchrow(
        f"SELECT {_REQUEST}, {standing(actor, where)} {_REQUESTS} WHERE r.id = $1 AND {knows_request(actor, where)}",
        *where.args,
    )


async def lock_request(connection: Connection, actor: Actor, request_id: UUID) -> Row | None:
    """Give an access request as `request` does and hold its row."""
    where = Where(request_id)
    await connection.execute(
        f"SELECT 1 {_REQUESTS} WHERE r.id = $1 AND {knows_request(actor, where)} FOR UPDATE OF r", *where.args
    )
    return await request(connection, actor, request_id)


async def reread_request(connection: Connection, request_id: UUID) -> Row:
    """Give a request that this transaction has written."""
    return present(await connection.fetchrow(f"SELECT {_REQUEST} {_REQUESTS} WHERE r.id = $1", request_id))


async def requests(database: Database, where: Where, order: str) -> list[Row]:
    """Give the access requests that meet the conditions."""
    return await database.fetch(f"SELECT {_REQUEST} {_REQUESTS} WHERE {where.text} {order}", *where.args)


_WALL = f"""
w.id, w.name, w.reason, w.state, w.effective_from, w.until, w.created_at, w.updated_at,
{person("w.created_by")} AS created_by,
ARRAY(SELECT wc.client_id FROM wall_clients wc WHERE wc.wall_id = w.id ORDER BY 1) AS client_ids,
ARRAY(SELECT wd.dossier_id FROM wall_dossiers wd WHERE wd.wall_id = w.id ORDER BY 1) AS dossier_ids,
(SELECT jsonb_agg({NAMED} ORDER BY p.display_name, p.id)
 FROM wall_people wp JOIN users p ON p.id = wp.user_id WHERE wp.wall_id = w.id) AS excluded_users
"""


async def wall(source: Connection | Database, wall_id: UUID) -> Row | None:
    """Give a wall."""
    return await source.fetchrow(f"SELECT {_WALL} FROM walls w WHERE w.id = $1", wall_id)


async def lock_wall(connection: Connection, wall_id: UUID) -> Row | None:
    """Give a wall and hold its row."""
    await connection.execute("SELECT 1 FROM walls WHERE id = $1 FOR UPDATE", wall_id)
    return await wall(connection, wall_id)


async def hold_clients(connection: Connection, client_ids: Sequence[UUID]) -> None:
    """Keep clients from being merged until the end of the transaction; in the order of their ids, before walls."""
    await connection.execute(
        "SELECT 1 FROM clients c WHERE c.id = ANY($1) ORDER BY c.id FOR KEY SHARE OF c", list(client_ids)
    )


async def lock_walls_around(connection: Connection, client_id: UUID) -> list[Row]:
    """Give the walls around a client, whatever their state, and hold their rows."""
    around = "w.id IN (SELECT wc.wall_id FROM wall_clients wc WHERE wc.client_id = $1)"
    await connection.execute(f"SELECT 1 FROM walls w WHERE {around} ORDER BY w.id FOR UPDATE", client_id)
    return await connection.fetch(f"SELECT {_WALL} FROM walls w WHERE {around} ORDER BY w.id", client_id)


async def move_walls(connection: Connection, client_id: UUID, into_id: UUID) -> None:
    """Let all walls around one client stand around another instead; their rows are held already."""
    await connection.execute(
        "INSERT INTO wall_clients (wall_id, client_id) SELECT wc.wall_id, $2 FROM wall_clients wc"
        " WHERE wc.client_id = $1 ON CONFLICT DO NOTHING",
        client_id,
        into_id,
    )
    await connection.execute(
        "UPDATE walls w SET updated_at = now() FROM wall_clients wc WHERE wc.wall_id = w.id AND wc.client_id = $1",
        client_id,
    )
    await connection.execute("DELETE FROM wall_clients WHERE client_id = $1", client_id)


async def walls(database: Database, where: Where, order: str) -> list[Row]:
    """Give the walls that meet the conditions."""
    return await database.fetch(f"SELECT {_WALL} FROM walls w WHERE {where.text} {order}", *where.args)


async def put_around(
    connection: Connection,
    wall_id: UUID,
    *,
    people: Sequence[UUID] | None = None,
    clients: Sequence[UUID] | None = None,
    dossiers: Sequence[UUID] | None = None,
) -> None:
    """Set whom a wall keeps out and what it stands around; None leaves a list as it is."""
    if people is not None:
        await connection.execute("DELETE FROM wall_people WHERE wall_id = $1", wall_id)
        await insert(connection, *(WallPerson(wall_id=wall_id, user_id=user_id) for user_id in people))
    if clients is not None:
        await connection.execute("DELETE FROM wall_clients WHERE wall_id = $1", wall_id)
        await insert(connection, *(WallClient(wall_id=wall_id, client_id=client_id) for client_id in clients))
    if dossiers is not None:
        await connection.execute("DELETE FROM wall_dossiers WHERE wall_id = $1", wall_id)
        await insert(connection, *(WallDossier(wall_id=wall_id, dossier_id=dossier_id) for dossier_id in dossiers))


async def existing(
    connection: Connection, table: str, where: Where, condition: str, *, hold: bool = False
) -> set[UUID]:
    """Tell which ids (the first parameter of `where`) a table (`users u` …) has under the condition.

    With `hold` these rows keep their ids and their standing until the end of the transaction.
    """
    alias = table.split()[1]
    held = f" ORDER BY {alias}.id FOR KEY SHARE OF {alias}" if hold else ""
    rows = await connection.fetch(
        f"SELECT {alias}.id FROM {table} WHERE {alias}.id = ANY($1) AND {condition}{held}", *where.args
    )
    return {row["id"] for row in rows}
