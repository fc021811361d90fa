"""Knowing who sends a request. Tokens are issued in `login.py` and `sessions.py`."""

import asyncio
import time
from collections import OrderedDict
from datetime import UTC, datetime
from uuid import UUID

from app.auth import repository
from app.auth.actors import actor_of, anonymous, on_behalf
from app.auth.events import AUTH_IDENTITY_VIEWED, AUTH_REJECTED
from app.auth.guard import Guard
from app.auth.provisioning import OutsideUsers
from app.auth.roles import SEPARATED, Rank, Role
from app.auth.schemas import MeOut, Reminder
from app.auth.tokens import Claims, TokenInvalid, Tokens
from app.core.actor import Actor, Origin
from app.core.database import Database, Row
from app.core.errors import AppError, Invalid, Unauthenticated
from app.events.recorder import Recorder
from app.events.vocabulary import Subject

_KNOWN_USERS = 10_000
_POWERS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN})


class PasswordChangeRequired(AppError):
    """Somebody whose password was reset must change it before anything else."""

    code, status = "password_change_required", 403
    title_en, title_zh = "The password must be changed first", "须先修改密码"


class AuthService:
    """Turns a token into the actor of a request.

    Parameters: `trust_seconds` is how long a process may go without asking the database about a user and his session;
    a disabled user, an ended session or a role taken away counts within that time. `outside` knows
    the people of an outside issuer.
    """

    def __init__(
        self,
        database: Database,
        recorder: Recorder,
        guard: Guard,
        tokens: Tokens,
        trust_seconds: float,
        outside: OutsideUsers | None = None,
    ) -> None:
        self._database, self._recorder, self._guard, self._tokens = database, recorder, guard, tokens
        self._trust_seconds, self._outside = trust_seconds, outside
        self._users: OrderedDict[tuple[UUID, UUID | None], tuple[float, Row | None]] = OrderedDict()
        self._asking: dict[tuple[UUID, UUID | None], tuple[float, asyncio.Task[Row | None]]] = {}

    async def identify(self, token: str | None, origin: Origin) -> Actor:
        """Give the actor whose token this is; Unauthenticated (recorded) when it can't be trusted.

        The actor has the roles that are in the token *and* still given to the user.
        """
        if token is None:
            raise await self._rejected(origin, "no token", None)
        if self._outside is not None and self._outside.claims_to_be(token):
            return await self._identify_outside(self._outside, token, origin)
        try:
            claims = self._tokens.check(token)
        except TokenInvalid as error:
            raise await self._rejected(origin, str(error), None) from None
        user = await self._user(claims.subject, claims.session_id)
        if user is None or not _opens(claims, user):
            self._tokens.forget(token)
            raise await self._rejected(origin, "user disabled, session or token ended", claims.subject)
        return actor_of(claims, user, origin)

    async def _identify_outside(self, outside: OutsideUsers, token: str, origin: Origin) -> Actor:
        try:
            claims, user = await outside.recognise(token, origin)
        except TokenInvalid as error:
            raise await self._rejected(origin, str(error), error.subject) from None
        return actor_of(claims, user, origin)

    async def act_for(self, program: Actor, named: str) -> Actor:
        """Give the actor of an act that a program does for the person whose id is `named`.

        Raises Invalid for what is no id, Forbidden (recorded) for a caller who may not act for people, and for
        somebody who can't be acted for: unknown, disabled, or one who runs, guards or audits the system.
        """
        act = "integration.on_behalf"
        try:
            user_id = UUID(named)
        except ValueError:
            raise Invalid.field(
                "/header/anjuan-on-behalf-of", "uuid_parsing", "This names a user by his id", "须为用户标识"
            ) from None
        subject = Subject("user", user_id)
        await self._guard.require(program, act, subject)
        if not program.acts_for_people:
            await self._guard.forbid(program, act, subject, "not_configured")
        user = await self._user(user_id, None)
        fit = user is not None and user["active"] and user["kind"] == "person"
        if user is None or not fit or frozenset(user["roles"]) & SEPARATED:
            await self._guard.forbid(program, act, subject, "not_for_this_person")
        return on_behalf(program, user)

    async def _user(self, user_id: UUID, session_id: UUID | None) -> Row | None:
        key = (user_id, session_id)
        known = self._users.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        # Many requests of a user find him out of date at once: one asks for all that come within the time of trust,
        # which counts from before the question, for that may take its time.
        trusted_until, asking = self._asking.get(key, (0.0, None))
        if asking is None or trusted_until <= time.monotonic():
            trusted_until = time.monotonic() + self._trust_seconds
            asking = asyncio.create_task(self._ask(key, trusted_until))
            self._asking[key] = (trusted_until, asking)
        return await asyncio.shield(asking)

    async def _ask(self, key: tuple[UUID, UUID | None], trusted_until: float) -> Row | None:
        try:
            user = await repository.find_with_session(self._database, *key)
        finally:
            if self._asking.get(key, (None,))[0] == trusted_until:  # a later question has a later time
                del self._asking[key]
        self._users[key] = (trusted_until, user)
        self._users.move_to_end(key)
        if len(self._users) > _KNOWN_USERS:
            self._users.popitem(last=False)
        return user

    async def require_own_password(self, actor: Actor) -> None:
        """Refuse (recorded) somebody who must change a password that an administrator gave him."""
        if actor.must_change_password:
            await self._recorder.refused(actor, AUTH_REJECTED, Subject("token"), reason="password change required")
            raise PasswordChangeRequired(
                "Change your password by POST /v1/auth/password first", "请先通过 POST /v1/auth/password 修改密码"
            )

    async def _rejected(self, origin: Origin, reason: str, subject: UUID | None) -> Unauthenticated:
        await self._recorder.refused(anonymous(origin), AUTH_REJECTED, Subject("token", subject), reason=reason)
        return Unauthenticated(
            "Send a valid token as `Authorization: Bearer …`", "请以 Authorization: Bearer 携带有效令牌"
        )

    async def me(self, actor: Actor) -> MeOut:
        """Tell the caller who he is here."""
        await self._recorder.read(actor, AUTH_IDENTITY_VIEWED, Subject("user", actor.user_id, actor.username))
        return MeOut(
            user_id=actor.id,
            username=actor.username or "",
            display_name=actor.display_name,
            roles=[Role(role) for role in sorted(actor.roles)],
            clearance=Rank(actor.clearance).level,
            department=actor.department,
            lawyer_code=actor.lawyer_code,
            token_expires_at=datetime.fromtimestamp(actor.token_expires_at or 0, UTC),
            session_id=actor.session_id,
            must_change_password=actor.must_change_password,
            reminders=[Reminder.SPLIT_POWERS] if actor.roles >= _POWERS else [],
        )


def _opens(claims: Claims, user: Row) -> bool:
    """Tell whether a token may still be used, by what the table of users and that of sessions say now."""
    if not user["active"] or claims.issued_at < user["tokens_valid_from"].timestamp():
        return False
    return claims.session_id is None or bool(user["session_runs"])
