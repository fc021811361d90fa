"""Logging in with a password or a client secret, and changing one's own password: all that is judged by a secret.

Never tells whether a name exists, in words or in time, and never answers faster than the throttle allows.
"""

from dataclasses import replace

from app.auth import passwords, repository
from app.auth.actors import anonymous
from app.auth.events import AUTH_PASSWORD_CHANGED, AUTH_SUCCEEDED
from app.auth.models import User
from app.auth.password_rules import PasswordRules
from app.auth.schemas import PasswordChange, PasswordChangedOut, TokenForm, TokenOut
from app.auth.sessions import SessionService
from app.auth.throttle import LoginTry, Throttle
from app.core.actor import Actor, Origin
from app.core.clock import now
from app.core.database import Database, Row, present
from app.core.errors import AppError, FieldError, Invalid, Unauthenticated
from app.core.sql import update
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import Subject


class WrongPassword(AppError):
    """The current password that was given is not the caller's."""

    code, status = "wrong_password", 403
    title_en, title_zh = "The current password is wrong", "当前密码错误"

    def __init__(self) -> None:
        field = FieldError("/body/current_password", self.code, self.title_en, self.title_zh)
        en, zh = "The current password is wrong; that counts as a failed login", "当前密码错误,计入登录失败次数"
        super().__init__(en, zh, errors=[field])


class _Changed(Exception):
    """The user was changed between the check of his secret and the transaction that rests on it."""


class LoginService:
    """Judges secrets."""

    def __init__(
        self, database: Database, uow: UnitOfWork, throttle: Throttle, rules: PasswordRules, sessions: SessionService
    ) -> None:
        self._database, self._uow = database, uow
        self._throttle, self._rules, self._sessions = throttle, rules, sessions

    async def token(self, origin: Origin, form: TokenForm) -> TokenOut:
        """Give tokens for a password, a client secret or a refresh token.

        Raises Unauthenticated for a wrong name and a wrong secret alike (in words and in time), TooManyRequests while
        the name or the address pauses after repeated failures, whether the secret is right or wrong.
        """
        if form.grant_type == "refresh_token":
            return await self._sessions.refresh(origin, form.refresh_token or "")
        service = form.grant_type == "client_credentials"
        # PostgreSQL has no text with NUL; no user's name has one, so such a name fails like any unknown one.
        name = ((form.client_id if service else form.username) or "").casefold().replace("\0", "\ufffd")
        secret = (form.client_secret if service else form.password) or ""
        login = LoginTry(name, origin)
        await self._throttle.refuse_paused(login)
        user = await repository.find_by_name(self._database, name)
        right = await passwords.verify(secret, _usable_hash(user, "service" if service else "person"))
        if user is not None and right and (answer := await self._enter(login, user)) is not None:
            return answer
        # The typed name is recorded only when it is a user's: people type passwords into the wrong field.
        subject = Subject("user", user["id"], user["username"]) if user is not None else Subject("user")
        await self._count(login, anonymous(origin), subject, "wrong name or secret")
        raise Unauthenticated("Name or secret is wrong", "用户名或密码错误")

    async def _enter(self, login: LoginTry, user: Row) -> TokenOut | None:
        """Begin a session; None when the secret was right a moment ago and is no longer."""
        admission = self._sessions.admit(login.origin, user)
        try:
            async with self._uow.begin(admission.actor) as tx:
                await self._throttle.judge(tx, login)
                _require_unchanged(await repository.hold(tx.connection, user["id"]), user)
                await self._throttle.succeeded(tx, login)
                answer = await self._sessions.begin(tx.connection, admission, user)
                tx.record(
                    AUTH_SUCCEEDED, Subject("user", user["id"], user["username"]),
                    token_id=admission.claims.token_id, session_id=admission.session.id,
                )  # fmt: skip
                return answer
        except _Changed:
            return None

    async def _count(self, login: LoginTry, actor: Actor, subject: Subject, reason: str) -> None:
        async with self._uow.begin(actor) as tx:
            await self._throttle.judge(tx, login)
            await self._throttle.failed(tx, login, subject, reason)

    async def change_password(self, actor: Actor, data: PasswordChange) -> PasswordChangedOut:
        """Change the caller's own password and end all his other sessions.

        Raises WrongPassword, which counts like a failed login, TooManyRequests while his name or address pauses, and
        Invalid for a new password that is too short, too common, or the old one.
        """
        login = LoginTry(actor.username or "", actor.origin)
        await self._rules.check(
            data.new_password, actor.username, actor.display_name, actor.department, pointer="/body/new_password"
        )
        await self._throttle.refuse_paused(login)
        user = present(await repository.find(self._database, actor.id))
        right = await passwords.verify(data.current_password, _usable_hash(user, "person"))
        password_hash = await passwords.hash_password(data.new_password)
        try:
            return await self._change(actor, login, user, data, password_hash if right else None)
        except _Changed:
            unclaimed = replace(actor, origin=replace(actor.origin, idempotency=None))
            subject = Subject("user", actor.id, actor.username)
            await self._count(login, unclaimed, subject, "wrong current password")
            raise WrongPassword from None

    async def _change(
        self, actor: Actor, login: LoginTry, user: Row, data: PasswordChange, password_hash: str | None
    ) -> PasswordChangedOut:
        # Also with a wrong password: `begin` knows a repeated request, whose current password is right no more.
        async with self._uow.begin(actor) as tx:
            await self._throttle.judge(tx, login)
            _require_unchanged(await repository.lock(tx.connection, actor.id), user)
            if password_hash is None:
                raise _Changed
            if passwords.normal(data.new_password) == passwords.normal(data.current_password):
                raise Invalid.field(
                    "/body/new_password", "password_unchanged", "This is the password that you have already",
                    "新密码不得与当前密码相同",
                )  # fmt: skip
            await self._throttle.succeeded(tx, login)
            changes = {"password_hash": password_hash, "must_change_password": False, "updated_at": now()}
            await update(tx.connection, User, actor.id, changes)
            ended = await repository.end_sessions(tx.connection, actor.id, "password_changed", but=actor.session_id)
            tx.record(AUTH_PASSWORD_CHANGED, Subject("user", actor.id, actor.username), sessions_ended=ended)
            return tx.result(PasswordChangedOut(sessions_ended=ended))


def _usable_hash(user: Row | None, kind: str) -> str | None:
    """Give the hash that a secret must fit; None, which nothing fits, for whom may not log in this way."""
    if user is None or not user["active"] or user["kind"] != kind:
        return None
    found: str | None = user["password_hash"]
    return found


def _require_unchanged(current: Row | None, user: Row) -> None:
    """Make sure that nobody has disabled the user or changed his secret since it was checked."""
    if current is None or not current["active"] or current["password_hash"] != user["password_hash"]:
        raise _Changed
