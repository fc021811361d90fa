"""Actors made of what a token and the table of users say."""

from dataclasses import replace
from typing import Any

from app.auth.roles import SEPARATED, Role
from app.auth.tokens import Claims
from app.core.actor import Actor, Origin, Program, Reach
from app.core.database import Row


def anonymous(origin: Origin) -> Actor:
    """Make the actor of a request that has not proved who sends it."""
    return Actor(user_id=None, display_name="", roles=frozenset(), clearance=0, origin=origin)


def roles_of(user: Row) -> frozenset[str]:
    """Give the roles that a user may use now: none before he has changed a password that another one gave him."""
    return frozenset() if user["must_change_password"] else frozenset(user["roles"])


def actor_of(claims: Claims, user: Row, origin: Origin) -> Actor:
    """Make the actor of a trusted token: with the roles that are in it *and* still given to the user.

    A separated role (三员分立) that is given but not in the token voids the others all the same: an older token, or
    one that leaves it out, is no way around it. His clearance is the highest that the firm gives these roles, or less
    if the token says so; a program has its own.
    """
    roles = claims.roles & roles_of(user)
    if not roles & SEPARATED and frozenset(user["roles"]) & SEPARATED:
        roles = frozenset()
    return _actor(roles, user, origin, claims)


def on_behalf(program: Actor, user: Row) -> Actor:
    """Make the actor of an act that a program does for a person: his rights, below the program's level."""
    actor = _actor(roles_of(user), user, program.origin)
    return replace(
        actor, clearance=min(actor.clearance, program.clearance), via=Program(program.id, program.display_name)
    )


def _actor(roles: frozenset[str], user: Row, origin: Origin, claims: Claims | None = None) -> Actor:
    # All in one go: each `replace` would cost every request of the service as much again.
    integration: dict[str, Any] | None = user["integration"] if Role.INTEGRATION in roles else None
    clearance = max((user["clearances"].get(role, 0) for role in roles), default=0)
    reach = None
    if integration is not None:
        clearance = integration["level"]
        if integration["sees"] == "matching":
            reach = Reach(tuple(integration["matter_types"]), tuple(integration["departments"]), integration["content"])
    if claims is not None and claims.clearance is not None:
        clearance = min(clearance, int(claims.clearance.rank))
    return Actor(
        user_id=user["id"], display_name=user["display_name"], roles=roles, clearance=clearance, origin=origin,
        department=user["department"], username=user["username"], lawyer_code=user["lawyer_code"],
        must_change_password=user["must_change_password"], reach=reach,
        acts_for_people=integration is not None and integration["on_behalf"],
        token_id=claims.token_id if claims else None, token_expires_at=claims.expires_at if claims else None,
        session_id=claims.session_id if claims else None,
    )  # fmt: skip
