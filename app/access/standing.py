"""How an actor stands to a dossier: what the gate judges single acts by, and the lock that acts are done under."""

from uuid import UUID

from app.access.visibility import heads_department, on_team, sees_dossier
from app.auth.roles import Role
from app.core.actor import Actor
from app.core.database import Connection, Row
from app.core.sql import Where
from app.core.statements import ActorStatement


def standing(actor: Actor, where: Where, d: str = "d") -> str:
    """Give the columns that tell how the actor stands to dossier `d`; `Gate.judge` reads them."""
    user = f"{where.bind(actor.user_id)}::uuid"
    return (
        f"{d}.confidentiality AS dossier_level, {on_team(user, d)} AS on_team, {d}.lead_lawyer_id = {user} AS leads,"
        f" {heads_department(actor, where, d)} AS heads, {d}.created_by = {user} AS created"
    )


def capacity(actor: Actor, row: Row) -> str | None:
    """Tell as what the actor decides on a dossier: director, partner of the department, lead; None for others."""
    if Role.DIRECTOR in actor.roles:
        return "director"
    if row["heads"]:
        return "partner"
    return "lead" if row["leads"] else None


def decides(actor: Actor, where: Where, d: str = "d") -> str:
    """Give the condition that the actor decides on dossier `d` in any capacity; only for dossiers that he sees."""
    if Role.DIRECTOR in actor.roles:
        return "TRUE"
    return f"({d}.lead_lawyer_id = {where.bind(actor.user_id)} OR {heads_department(actor, where, d)})"


async def hold(connection: Connection, actor: Actor, dossier_id: UUID) -> None:
    """Hold the row of a dossier that the actor sees until the end of the transaction.

    One that he does not see is left alone: he could neither tell by waiting that it is there, nor make others wait.
    """
    await _hold.row(connection, actor, dossier_id)


@ActorStatement
def _hold(actor: Actor, where: Where) -> str:
    return f"SELECT 1 FROM dossiers d WHERE d.id = $1 AND {sees_dossier(actor, where)} FOR NO KEY UPDATE OF d"


async def find_standing(connection: Connection, actor: Actor, dossier_id: UUID, *, lock: bool = True) -> Row | None:
    """Give the number and level of a dossier that the actor sees, and his standing to it; with `lock` as by `hold`."""
    if lock:
        await hold(connection, actor, dossier_id)
    where = Where(dossier_id)
    return await connection.fetchrow(
        f"SELECT d.id, d.number, d.opened_on, {standing(actor, where)} FROM dossiers d"
        f" WHERE d.id = $1 AND {sees_dossier(actor, where)}",
        *where.args,
    )
