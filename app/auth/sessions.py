"""Sessions: what a login begins, refreshing prolongs, and logging out, a reset or a theft ends.

A refresh token is an opaque random text that is kept as its SHA-256 only and is good for one use (RFC 9700, section
4.14.2). Never prolongs a session beyond its end, and never tells why a refresh token is refused.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from app.auth import passwords, repository
from app.auth.actors import actor_of, anonymous, roles_of
from app.auth.events import (
    AUTH_LOGGED_OUT,
    AUTH_REFRESH_REUSED,
    AUTH_REFRESHED,
    AUTH_SESSION_ENDED,
    AUTH_SESSIONS_LISTED,
)
from app.auth.models import RefreshToken, UserSession
from app.auth.schemas import SessionOut, TokenOut
from app.auth.tokens import Claims, Tokens
from app.core.actor import Actor, Origin
from app.core.clock import now
from app.core.database import Connection, Database, Row
from app.core.errors import Conflict, NotFound, Unauthenticated
from app.core.ids import new_id
from app.core.pagination import Cursors, Page, PageRequest, SortKey, parse_uuid
from app.core.sql import Where, insert
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import Outcome, Subject

_BEARER: Final = "Bearer"
_ORDER = (SortKey("s.id", "id", parse_uuid, descending=True),)


class _Reused(Exception):
    """The refresh token was used before."""


class _Ended(Exception):
    """The refresh token's session has ended."""


@dataclass(frozen=True, slots=True)
class Admission:
    """A session that is about to begin, with its first access token."""

    session: UserSession
    access_token: str
    claims: Claims
    actor: Actor


class SessionService:
    """Begins, prolongs, lists and ends sessions.

    Parameters: `lifetime` is the longest life of a session; that of a program lasts as long as its one token.
    """

    def __init__(
        self, database: Database, uow: UnitOfWork, recorder: Recorder, tokens: Tokens, cursors: Cursors,
        lifetime: timedelta,
    ) -> None:  # fmt: skip
        self._database, self._uow, self._recorder = database, uow, recorder
        self._tokens, self._cursors, self._lifetime = tokens, cursors, lifetime

    def admit(self, origin: Origin, user: Row) -> Admission:
        """Prepare a session of somebody who has proved who he is; nothing is written yet."""
        moment = now()
        lifetime = self._lifetime
        if user["kind"] == "service":
            lifetime = min(lifetime, timedelta(seconds=self._tokens.lifetime_seconds))
        session = UserSession(
            id=new_id(), user_id=user["id"], began_at=moment, expires_at=moment + lifetime, ip=origin.ip,
            user_agent=origin.user_agent,
        )  # fmt: skip
        token, claims = self._issue(user, session.id, session.expires_at)
        return Admission(session, token, claims, actor_of(claims, user, origin))

    def _issue(self, user: Row, session_id: UUID, until: datetime) -> tuple[str, Claims]:
        return self._tokens.issue(user["id"], roles_of(user), session_id, until=until.timestamp())

    async def begin(self, connection: Connection, admission: Admission, user: Row) -> TokenOut:
        """Begin the session within the transaction of the login, and give its tokens."""
        await insert(connection, admission.session)
        if user["kind"] == "service":  # RFC 6749, section 4.4.3: a program has its secret and needs no refresh token
            return TokenOut(
                access_token=admission.access_token,
                token_type=_BEARER,
                expires_in=_life(admission.claims),
            )
        refresh = await self._new_refresh(connection, admission.session.id)
        return _answer(user, admission.access_token, admission.claims, refresh, admission.session.expires_at)

    async def _new_refresh(self, connection: Connection, session_id: UUID) -> str:
        token = passwords.new_secret()
        await insert(connection, RefreshToken(digest=_digest(token), session_id=session_id, issued_at=now()))
        return token

    async def refresh(self, origin: Origin, token: str) -> TokenOut:
        """Give new tokens for a refresh token, with the roles that the user has now, and use it up.

        Raises Unauthenticated for one that is unknown, of an ended session or a disabled user, and for a used one,
        which ends its session: either its user or a thief has used it, and nobody can tell which.
        """
        user = await repository.find_refresh(self._database, _digest(token))
        if user is None:
            raise await self._refused(origin, Subject("user"), "unknown refresh token")
        access, claims = self._issue(user, user["session_id"], user["session_expires_at"])
        subject = Subject("user", user["id"], user["username"])
        try:
            async with self._uow.begin(actor_of(claims, user, origin)) as tx:
                await self._spend(tx.connection, token, user)
                fresh = await self._new_refresh(tx.connection, user["session_id"])
                tx.record(AUTH_REFRESHED, subject, token_id=claims.token_id, session_id=user["session_id"])
        except _Reused:
            raise await self._reused(origin, subject, user) from None
        except _Ended:
            raise await self._refused(origin, subject, "user disabled or session ended") from None
        return _answer(user, access, claims, fresh, user["session_expires_at"])

    async def _spend(self, connection: Connection, token: str, user: Row) -> None:
        if not await repository.spend_refresh(connection, _digest(token)):
            raise _Reused
        # Whatever disables a user or resets his password ends his sessions in the same transaction.
        if not user["active"] or not await repository.touch_session(connection, user["session_id"]):
            raise _Ended

    async def _reused(self, origin: Origin, subject: Subject, user: Row) -> Unauthenticated:
        async with self._uow.begin(anonymous(origin)) as tx:
            ended = await repository.end_session(tx.connection, user["session_id"], user["id"], "refresh_reused")
            tx.record(AUTH_REFRESH_REUSED, subject, Outcome.DENIED, session_id=user["session_id"], session_ended=ended)
        return _not_taken()

    async def _refused(self, origin: Origin, subject: Subject, reason: str) -> Unauthenticated:
        await self._recorder.refused(anonymous(origin), AUTH_REFRESHED, subject, reason=reason)
        return _not_taken()

    async def log_out(self, actor: Actor) -> None:
        """End the session of the caller's token; Conflict when the token was issued elsewhere."""
        if actor.session_id is None:
            raise Conflict("This token was issued elsewhere: log out there", "该令牌由外部签发,请在签发方退出")
        async with self._uow.begin(actor) as tx:
            # It may have ended since the token was looked at; logged out is logged out.
            await repository.end_session(tx.connection, actor.session_id, actor.id, "logged_out")
            tx.record(AUTH_LOGGED_OUT, Subject("session", actor.session_id))

    async def page(self, actor: Actor, page: PageRequest) -> Page[SessionOut]:
        """List the caller's running sessions, the newest first."""
        where = Where()
        where.add("s.user_id = {}", actor.id)
        order = page.apply(self._cursors, where, _ORDER)
        rows = await repository.list_sessions(self._database, where.text, order, where.args)
        kept, cursor = page.page_of(self._cursors, rows, _ORDER)
        returned = [str(row["id"]) for row in kept]
        await self._recorder.read(actor, AUTH_SESSIONS_LISTED, Subject("session"), returned=returned)
        items = [SessionOut(**dict(row), current=row["id"] == actor.session_id) for row in kept]
        return Page(items=items, next=cursor)

    async def end(self, actor: Actor, session_id: UUID) -> None:
        """End a running session of the caller's own; NotFound (recorded) for any other."""
        async with self._uow.begin(actor) as tx:
            if not await repository.end_session(tx.connection, session_id, actor.id, "ended_by_user"):
                await self._recorder.refused(
                    actor, AUTH_SESSION_ENDED, Subject("session", session_id), rule="no such session"
                )
                raise NotFound("You have no running session of this id", "本人没有该会话,或会话已结束")
            tx.record(AUTH_SESSION_ENDED, Subject("session", session_id))


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def _left(until: float) -> int:
    return max(0, int(until - now().timestamp()))


def _life(claims: Claims) -> int:
    return int(claims.expires_at - int(claims.issued_at))


def _answer(user: Row, access_token: str, claims: Claims, refresh_token: str, until: datetime) -> TokenOut:
    return TokenOut(
        access_token=access_token,
        token_type=_BEARER,
        expires_in=_life(claims),
        refresh_token=refresh_token,
        refresh_expires_in=_left(until.timestamp()),
        must_change_password=user["must_change_password"],
    )


def _not_taken() -> Unauthenticated:
    return Unauthenticated("This refresh token is not valid: log in again", "刷新令牌无效,请重新登录")
