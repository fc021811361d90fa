"""SQL of intakes: who sees them, and what of their clients and dossier he sees."""

from uuid import UUID

from app.access.visibility import FIRM, no_wall, no_wall_around_intake, on_team, sees_client, sees_dossier
from app.auth.names import person
from app.auth.roles import SEPARATED, Role
from app.clients.models import IntakeClient
from app.core.actor import Actor
from app.core.database import Connection, Database, Row, present
from app.core.sql import Where, insert

_KEEPERS = frozenset({Role.ARCHIVIST, Role.DIRECTOR})


def sees_intake(actor: Actor, where: Where) -> str:
    """Give the condition under which the actor sees intake `i`.

    He received or registered it, sees the dossier that it led to, or is archivist or director while it led to none.
    Neither wall nor clearance may keep him from its dossier, nor a wall from any of its clients.
    """
    if actor.roles & SEPARATED or not actor.roles & {*FIRM, Role.INTEGRATION}:
        return "FALSE"
    user = f"{where.bind(actor.user_id)}::uuid"
    known = [
        f"i.received_by = {user}",
        f"i.created_by = {user}",
        f"EXISTS (SELECT 1 FROM dossiers sd WHERE sd.id = i.dossier_id AND {sees_dossier(actor, where, 'sd')})",
    ]
    if actor.roles & _KEEPERS:
        known.append("i.dossier_id IS NULL")
    above = f"SELECT 1 FROM dossiers ad WHERE ad.id = i.dossier_id AND ad.confidentiality > {actor.clearance:d}"
    outside = f"{no_wall_around_intake(user, 'i.id')} AND {no_wall(user, 'i.dossier_id')}"
    return f"(({' OR '.join(known)}) AND NOT EXISTS ({above}) AND {outside})"


def _select(actor: Actor, where: Where) -> str:
    """Give the columns of an intake; `handles` who may change it, `whole` to whom the contact is shown."""
    user = f"{where.bind(actor.user_id)}::uuid"
    handles = "TRUE" if actor.roles & _KEEPERS else f"(i.received_by = {user} OR i.created_by = {user})"
    team = f"EXISTS (SELECT 1 FROM dossiers td WHERE td.id = i.dossier_id AND {on_team(user, 'td')})"
    return f"""
SELECT i.id, i.came_on, i.channel, i.visitor_name, i.visitor_contact, i.visitor_relation, i.about, i.remarks, i.state,
 i.reason, i.decided_at, i.created_at, i.updated_at, {person("i.received_by")} AS received_by,
 {person("i.decided_by")} AS decided_by, {person("i.created_by")} AS created_by,
 (SELECT vd.id FROM dossiers vd WHERE vd.id = i.dossier_id AND {sees_dossier(actor, where, "vd")}) AS dossier_id,
 (SELECT coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'name', c.name) ORDER BY ic.position), '[]'::jsonb)
  FROM intake_clients ic JOIN clients c ON c.id = ic.client_id
  WHERE ic.intake_id = i.id AND {sees_client(actor, where)}) AS clients,
 {handles} AS handles, ({handles} OR {team}) AS whole
FROM intakes i
"""


async def find(source: Connection | Database, actor: Actor, intake_id: UUID) -> Row | None:
    """Give an intake that the actor sees."""
    where = Where(intake_id)
    select = _select(actor, where)
    return await source.fetchrow(f"{select} WHERE i.id = $1 AND {sees_intake(actor, where)}", *where.args)


async def lock(connection: Connection, actor: Actor, intake_id: UUID) -> Row | None:
    """Give an intake as `find` does and hold its row; one that the actor does not see is left alone."""
    where = Where(intake_id)
    await connection.execute(
        f"SELECT 1 FROM intakes i WHERE i.id = $1 AND {sees_intake(actor, where)} FOR UPDATE OF i", *where.args
    )
    return await find(connection, actor, intake_id)


async def reread(connection: Connection, actor: Actor, intake_id: UUID) -> Row:
    """Give an intake that this transaction has written, also to an actor who has just handed it on."""
    where = Where(intake_id)
    return present(await connection.fetchrow(f"{_select(actor, where)} WHERE i.id = $1", *where.args))


async def page(database: Database, actor: Actor, where: Where, order: str) -> list[Row]:
    """Give the intakes that the actor sees and that meet the conditions."""
    select = _select(actor, where)
    where.conditions.append(sees_intake(actor, where))
    return await database.fetch(f"{select} WHERE {where.text} {order}", *where.args)


def about_client(actor: Actor, where: Where, client_id: UUID) -> str:
    """Give the condition that intake `i` is about a client whom the actor sees."""
    return (
        "EXISTS (SELECT 1 FROM intake_clients fc JOIN clients c ON c.id = fc.client_id"
        f" WHERE fc.intake_id = i.id AND fc.client_id = {where.bind(client_id)} AND {sees_client(actor, where)})"
    )


async def dossier_state(connection: Connection, actor: Actor, dossier_id: UUID) -> str | None:
    """Give the state of a dossier that the actor sees."""
    where = Where(dossier_id)
    state: str | None = await connection.fetchval(
        f"SELECT d.state FROM dossiers d WHERE d.id = $1 AND {sees_dossier(actor, where)}", *where.args
    )
    return state


async def client_ids(connection: Connection, intake_id: UUID) -> list[UUID]:
    """Give the ids of all clients whom an intake is about, in their order."""
    rows = await connection.fetch(
        "SELECT client_id FROM intake_clients WHERE intake_id = $1 ORDER BY position", intake_id
    )
    return [row["client_id"] for row in rows]


async def replace_clients(connection: Connection, intake_id: UUID, client_ids: list[UUID]) -> None:
    """Set whom an intake is about."""
    await connection.execute("DELETE FROM intake_clients WHERE intake_id = $1", intake_id)
    rows = [
        IntakeClient(intake_id=intake_id, client_id=client_id, position=position)
        for position, client_id in enumerate(client_ids)
    ]
    await insert(connection, *rows)


async def lock_of_client(connection: Connection, client_id: UUID) -> list[Row]:
    """Give the intakes about a client with the ids of all their clients, and hold their rows."""
    about = "i.id IN (SELECT ic.intake_id FROM intake_clients ic WHERE ic.client_id = $1)"
    await connection.execute(f"SELECT 1 FROM intakes i WHERE {about} ORDER BY i.id FOR UPDATE OF i", client_id)
    return await connection.fetch(
        "SELECT i.id, i.visitor_name, i.dossier_id, ARRAY(SELECT oc.client_id FROM intake_clients oc"
        f" WHERE oc.intake_id = i.id ORDER BY oc.position) AS client_ids FROM intakes i WHERE {about} ORDER BY i.id",
        client_id,
    )
