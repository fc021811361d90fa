"""Who can take which part in a dossier: leads are lawyers, members anybody who is fit."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.access.fitness import require_fit, unfit
from app.auth.roles import Level, Role
from app.core.database import Row

_LEADS = frozenset({Role.LAWYER, Role.PARTNER, Role.DIRECTOR})


def require_lead(people: Mapping[UUID, Row], user_id: UUID, level: Level) -> Row:
    """Give the lead lawyer; PersonUnfit unless he is an active lawyer, partner or director and fit for the level."""
    person = people.get(user_id)
    pointer = "/body/lead_lawyer_id"
    if person is None or not frozenset(person["roles"]) & _LEADS:
        raise unfit(pointer, "not_a_lawyer", "The lead lawyer must be an active lawyer", "承办律师须为在职律师")
    return require_fit(people, user_id, level, pointer)


def require_members(people: Mapping[UUID, Row], user_ids: Sequence[UUID], lead_id: UUID, level: Level, at: str) -> None:
    """PersonUnfit unless each is fit for the level and not the lead lawyer; `at` points to the list."""
    for index, user_id in enumerate(user_ids):
        pointer = f"{at}/{index}/user_id"
        if user_id == lead_id:
            raise unfit(pointer, "is_lead", "The lead lawyer is on the team already", "承办律师已在团队中")
        require_fit(people, user_id, level, pointer)
