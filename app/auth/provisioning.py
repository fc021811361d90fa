"""People of the outside issuer as users here: made at first sight, their roles as the newest token says.

Never gives one a password, and never brings one back whom an administrator has disabled. Name and department are taken
once; later the administrators keep them.
"""

import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.auth import repository
from app.auth.events import AUTH_ACCEPTED, USER_PROVISIONED, USER_ROLES_FOLLOWED
from app.auth.models import User
from app.auth.outside import OutsideClaims, OutsideTokens
from app.auth.tokens import Claims, TokenInvalid
from app.core.actor import Actor, Origin
from app.core.clock import now
from app.core.database import Database, Row, present
from app.core.errors import Conflict
from app.core.ids import new_id
from app.core.sql import insert, update
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject

_KNOWN_USERS = 10_000
# Nothing was ended yet: a token that was issued before the first one seen here is as good as that one.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class _Overtaken(Exception):
    """Another request did the same in the same instant: there is nothing left to do."""


class OutsideUsers:
    """Recognises people by tokens of the outside issuer.

    Parameters: `trust_seconds` is how long a process may go without asking the database about a user.
    """

    def __init__(self, database: Database, uow: UnitOfWork, tokens: OutsideTokens, trust_seconds: float) -> None:
        self._database, self._uow, self._tokens = database, uow, tokens
        self._trust_seconds = trust_seconds
        self._users: OrderedDict[str, tuple[float, Row]] = OrderedDict()

    def claims_to_be(self, token: str) -> bool:
        """Tell whether a token says that it is the outside issuer's; it proves nothing."""
        return self._tokens.claims_to_be(token)

    async def recognise(self, token: str, origin: Origin) -> tuple[Claims, Row]:
        """Give what a token says and whose it is, made a user at first sight.

        Raises TokenInvalid when the token or the user can't be trusted, Unavailable when the issuer's keys or the
        database are out of reach.
        """
        said = await self._tokens.check(token)
        user = await self._find(said)
        if user is None:
            user = await self._provision(said, origin)
        _refuse_ended(said, user)
        if _news(said, user):
            user = await self._follow(said, user, origin)
        claims = Claims(
            user["id"], said.roles, said.token_id, said.issued_at, said.expires_at, clearance=said.clearance
        )
        return claims, user

    async def _find(self, said: OutsideClaims, *, anew: bool = False) -> Row | None:
        known = self._users.get(said.subject)
        if known is not None and known[0] > time.monotonic() and not anew:
            return known[1]
        trusted_until = time.monotonic() + self._trust_seconds
        user = await repository.find_outside(self._database, said.issuer, said.subject)
        if user is not None:
            self._users[said.subject] = (trusted_until, user)
            self._users.move_to_end(said.subject)
            if len(self._users) > _KNOWN_USERS:
                self._users.popitem(last=False)
        return user

    async def _provision(self, said: OutsideClaims, origin: Origin) -> Row:
        """Make the user; of two first requests at once the unique pair of issuer and subject lets one win."""
        user = _new_user(said)
        names = ("issuer", "subject", "display_name", "roles", "department")
        new = {name: getattr(user, name) for name in names}
        try:
            async with self._uow.begin(_newcomer(user.model_dump(), user.roles, origin)) as tx:
                await insert(tx.connection, user)
                subject = Subject("user", user.id, user.username)
                tx.record(USER_PROVISIONED, subject, new=new, client=said.client, token_id=said.token_id)
        except Conflict:
            # He is there now; whatever else this token brings is for `_follow`.
            pass
        return present(await self._find(said, anew=True))

    async def _follow(self, said: OutsideClaims, user: Row, origin: Origin) -> Row:
        """Take note of a newer token, and give the row the roles that it has."""
        try:
            async with self._uow.begin(_newcomer(dict(user), said.roles, origin)) as tx:
                await _take_note(tx, said, user["id"])
        except _Overtaken:
            pass
        return present(await self._find(said, anew=True))


async def _take_note(tx: Transaction, said: OutsideClaims, user_id: UUID) -> None:
    """Do what `_follow` is for; _Overtaken when another request has done it, TokenInvalid when the user was ended."""
    before = present(await repository.lock(tx.connection, user_id))
    _refuse_ended(said, before)
    if not _news(said, before):
        raise _Overtaken
    changes: dict[str, object] = {"roles_as_of": _moment(said)}
    subject = Subject("user", user_id, before["username"])
    if frozenset(before["roles"]) == said.roles:
        tx.record(AUTH_ACCEPTED, subject, client=said.client, token_id=said.token_id)
    else:
        changes |= {"roles": sorted(said.roles), "updated_at": now()}
        trace = {"roles": [before["roles"], sorted(said.roles)]}
        tx.record(USER_ROLES_FOLLOWED, subject, changed=trace, client=said.client, token_id=said.token_id)
    await update(tx.connection, User, user_id, changes)


def _new_user(said: OutsideClaims) -> User:
    user_id, moment = new_id(), now()
    # A login name has no colon, so nobody can be made who is taken for this one.
    username = f"oidc:{user_id.hex}"
    return User(
        id=user_id, kind="person", username=username, display_name=said.display_name or username,
        roles=sorted(said.roles), department=said.department, active=True, tokens_valid_from=_NEVER,
        issuer=said.issuer, subject=said.subject, roles_as_of=_moment(said), created_at=moment, updated_at=moment,
    )  # fmt: skip


def _refuse_ended(said: OutsideClaims, user: Row) -> None:
    if not user["active"] or said.issued_at < user["tokens_valid_from"].timestamp():
        raise TokenInvalid("user disabled or token ended", user["id"])


def _news(said: OutsideClaims, user: Row) -> bool:
    """Tell whether the row must follow this token: a newer one, or one of the same second with other roles."""
    moment = _moment(said)
    if moment == user["roles_as_of"]:
        return frozenset(user["roles"]) != said.roles
    return bool(moment > user["roles_as_of"])


def _moment(said: OutsideClaims) -> datetime:
    return datetime.fromtimestamp(said.issued_at, UTC)


def _newcomer(user: Mapping[str, Any], roles: Iterable[str], origin: Origin) -> Actor:
    """Make the actor of a user's own coming; it is not what the request asks for, so it takes no Idempotency-Key."""
    return Actor(
        user_id=user["id"], display_name=user["display_name"], roles=frozenset(roles), clearance=0,
        origin=replace(origin, idempotency=None), username=user["username"],
    )  # fmt: skip
