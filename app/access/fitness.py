"""Who can be given a part in a dossier: active, no administrator, cleared for its level, and behind no wall."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.access.errors import PersonUnfit
from app.access.visibility import no_wall, no_wall_around_client
from app.auth.repository import CLEARANCE
from app.auth.roles import SEPARATED, Level
from app.core.actor import Actor
from app.core.database import Connection, Row
from app.core.errors import FieldError, Invalid

_PERSON = f"u.id, u.display_name, u.roles, u.lawyer_code, {CLEARANCE.format(u='u')} AS clearance"


async def people_for_clients(
    connection: Connection, user_ids: Sequence[UUID], client_ids: Sequence[UUID]
) -> dict[UUID, Row]:
    """Give active people by id, each with his clearance and whether a wall keeps him from one of the clients."""
    return await _people(connection, no_wall_around_client("u.id", "ANY($2::uuid[])"), user_ids, list(client_ids))


async def people_for_dossier(connection: Connection, user_ids: Sequence[UUID], dossier_id: UUID) -> dict[UUID, Row]:
    """Give active people by id, each with his clearance and whether a wall keeps him from the dossier."""
    return await _people(connection, no_wall("u.id", "$2::uuid"), user_ids, dossier_id)


async def _people(connection: Connection, outside: str, user_ids: Sequence[UUID], about: object) -> dict[UUID, Row]:
    rows = await connection.fetch(
        f"SELECT {_PERSON}, NOT ({outside}) AS walled FROM users u"
        " WHERE u.id = ANY($1) AND u.active AND u.kind = 'person'",
        list(user_ids),
        about,
    )
    return {row["id"]: row for row in rows}


def require_own_reach(actor: Actor, level: Level | None, already: int = 0) -> None:
    """Raise Invalid when a level is above the actor's own clearance; what stands as high `already` may stay there."""
    if level is not None and level.rank > max(already, actor.clearance):
        raise Invalid.field(
            "/body/confidentiality", "above_own_clearance", "This level is above your own clearance",
            "该密级高于您的权限",
        )  # fmt: skip


def require_fit(people: Mapping[UUID, Row], user_id: UUID, level: Level, pointer: str) -> Row:
    """Give the person if he can be given access to a dossier of this level.

    Raises PersonUnfit at `pointer` otherwise. Of a wall it says no more than whom to ask.
    """
    person = people.get(user_id)
    if person is None:
        raise unfit(pointer, "unknown_user", "There is no such active user", "没有该在职用户")
    if frozenset(person["roles"]) & SEPARATED:
        raise unfit(
            pointer, "separated_role", "Administrators and auditors take no part in dossiers",
            "系统、安全管理员与审计员不得参与案卷",
        )  # fmt: skip
    if person["clearance"] < level.rank:
        raise unfit(
            pointer, "clearance_too_low", f"This person's clearance is below {level.value}",
            f"该人员的权限低于 {level.value}",
        )  # fmt: skip
    if person["walled"]:
        raise unfit(
            pointer, "walled_off", "This person can't be given access: ask the security administrator",
            "不能授予该人员权限,请咨询保密管理员",
        )  # fmt: skip
    return person


def unfit(pointer: str, code: str, en: str, zh: str) -> PersonUnfit:
    """Make the error that says at `pointer` why somebody can't take a part."""
    return PersonUnfit(en, zh, errors=[FieldError(pointer, code, en, zh)])
