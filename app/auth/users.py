"""Users and service accounts: made, changed and disabled, never deleted."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.auth import passwords, repository
from app.auth.events import (
    DIRECTORY_LISTED,
    SERVICE_ACCOUNT_CREATED,
    USER_CHANGED,
    USER_CREATED,
    USER_LISTED,
    USER_TOKENS_REVOKED,
    USER_VIEWED,
)
from app.auth.guard import Guard
from app.auth.integrations import configure_new
from app.auth.models import User
from app.auth.password_rules import PasswordRules
from app.auth.roles import Role
from app.auth.schemas import (
    IntegrationIn,
    PersonOut,
    Revocation,
    ServiceAccountCreate,
    ServiceAccountOut,
    TokensRevokedOut,
    UserChange,
    UserCreate,
    UserOut,
)
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Connection, Database, Row
from app.core.errors import Conflict, NotFound
from app.core.etag import require_match
from app.core.ids import new_id
from app.core.pagination import Cursors, Page, PageRequest, SortKey, parse_uuid
from app.core.sql import Where, insert, like_pattern, update
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import EventType, Subject

_ADMINISTRATOR = "系统管理员"
_ORDER = (SortKey("u.display_name", "display_name", str), SortKey("u.id", "id", parse_uuid))


class OutsideUser(Conflict):
    """Password and roles of a person of the outside issuer are not kept here."""

    code, title_en, title_zh = "outside_user", "Kept by the outside issuer", "由外部签发方管理"


@dataclass(frozen=True, slots=True)
class UserFilter:
    """What a list of users is narrowed to."""

    q: str | None = None
    role: Role | None = None
    active: bool | None = None


class UserService:
    """What administrators do with users, and what everybody may know of colleagues."""

    def __init__(
        self, database: Database, uow: UnitOfWork, recorder: Recorder, guard: Guard, cursors: Cursors,
        rules: PasswordRules,
    ) -> None:  # fmt: skip
        self._database, self._uow, self._recorder = database, uow, recorder
        self._guard, self._cursors, self._rules = guard, cursors, rules

    async def create(self, actor: Actor, data: UserCreate) -> UserOut:
        """Make a user; giving roles needs the right to give roles. Conflict when name or code is taken."""
        subject = Subject("user", label=data.username)
        await self._guard.require(actor, "user.create", subject)
        if data.roles:
            await self._guard.require(actor, "user.set_roles", subject)
        password_hash = await self._hash(data.password, data.username, data.display_name, data.department)
        async with self._uow.begin(actor) as tx:
            user = _new_user(actor, kind="person", username=data.username.casefold(), display_name=data.display_name)
            user.password_hash, user.roles, user.active = password_hash, [*data.roles], data.active
            user.department, user.lawyer_code = data.department, data.lawyer_code
            user.must_change_password = data.must_change_password
            await _refuse_taken(tx.connection, user.username, user.lawyer_code, user.id)
            await insert(tx.connection, user)
            tx.record(USER_CREATED, Subject("user", user.id, user.username), new=_trace(user.model_dump()))
            return tx.result(_out(user.model_dump()))

    async def create_service_account(self, actor: Actor, data: ServiceAccountCreate) -> ServiceAccountOut:
        """Make an account for a program; its secret is in this answer and nowhere else."""
        subject = Subject("user", label=data.name)
        await self._guard.require(actor, "service_account.create", subject)
        await self._guard.require(actor, "user.set_roles", subject)
        secret = passwords.new_secret()
        password_hash = await passwords.hash_password(secret)
        async with self._uow.begin(actor) as tx:
            user = _new_user(actor, kind="service", username="", display_name=data.name)
            user.username, user.password_hash, user.roles = f"svc-{user.id.hex}", password_hash, [*data.roles]
            await insert(tx.connection, user)
            trace = _trace(user.model_dump())
            if Role.INTEGRATION in data.roles:
                integration = data.integration or IntegrationIn()
                await configure_new(tx.connection, user.id, integration)
                trace["integration"] = integration.model_dump(mode="json")
            tx.record(SERVICE_ACCOUNT_CREATED, Subject("user", user.id, user.username), new=trace)
            out = ServiceAccountOut(
                id=user.id, name=data.name, roles=data.roles, client_id=user.username, client_secret=secret
            )
            # What is kept for a repeated request must not hold the secret.
            tx.result(out.model_copy(update={"client_secret": "shown once, in the first answer"}))
            return out

    async def _hash(self, password: str | None, *about: str | None) -> str | None:
        if password is None:
            return None
        await self._rules.check(password, *about)
        return await passwords.hash_password(password)

    async def change(self, actor: Actor, user_id: UUID, data: UserChange, if_match: str | None) -> UserOut:
        """Change a user; nobody changes his own rights, a reset of the password or a disabling ends all his tokens."""
        await self._allow_change(actor, user_id, data)
        password_hash = None
        if data.password is not None and (user := await repository.find(self._database, user_id)) is not None:
            password_hash = await self._hash(
                data.password, user["username"], data.display_name or user["display_name"], user["department"]
            )
        async with self._uow.begin(actor) as tx:
            before = await repository.lock(tx.connection, user_id)
            if before is None or (data.password is not None and password_hash is None):
                raise await self._unknown(actor, USER_CHANGED, user_id)
            require_match(if_match, _out(before))
            await self._refuse_outside(actor, before, data)
            changes: dict[str, Any] = data.model_dump(exclude_unset=True, exclude={"password"})
            await _refuse_taken(tx.connection, None, changes.get("lawyer_code"), user_id)
            trace = {name: [before[name], value] for name, value in changes.items() if before[name] != value}
            if password_hash is not None:
                # Of a program it is the secret, which nobody but the administrator can change.
                changes |= {"password_hash": password_hash, "must_change_password": before["kind"] == "person"}
                trace["password"] = ["…", "…"]
            changes["updated_at"] = now()
            if password_hash is not None or data.active is False:
                changes["tokens_valid_from"] = now()
                because = "user_disabled" if data.active is False else "password_reset"
                await repository.end_sessions(tx.connection, user_id, because)
            await update(tx.connection, User, user_id, changes)
            tx.record(USER_CHANGED, Subject("user", user_id, before["username"]), changed=trace)
            return tx.result(_out({**before, **changes}))

    async def revoke_tokens(self, actor: Actor, user_id: UUID, data: Revocation) -> TokensRevokedOut:
        """End all sessions and tokens of a user at once; he may log in again."""
        await self._guard.require(actor, "user.revoke_tokens", Subject("user", user_id))
        async with self._uow.begin(actor) as tx:
            user = await repository.lock(tx.connection, user_id)
            if user is None:
                raise await self._unknown(actor, USER_TOKENS_REVOKED, user_id)
            moment = now()
            ended = await repository.end_sessions(tx.connection, user_id, "revoked")
            await update(tx.connection, User, user_id, {"tokens_valid_from": moment})
            tx.record(
                USER_TOKENS_REVOKED,
                Subject("user", user_id, user["username"]),
                reason=data.reason,
                sessions_ended=ended,
            )
            return tx.result(TokensRevokedOut(user_id=user_id, sessions_ended=ended, revoked_at=moment))

    async def _allow_change(self, actor: Actor, user_id: UUID, data: UserChange) -> None:
        subject, fields = Subject("user", user_id), data.model_fields_set
        own = "_own" if actor.user_id == user_id else ""
        if fields - {"roles"} or not fields:
            sensitive = own if fields & {"active"} else ""
            await self._guard.require(actor, f"user.change{sensitive}", subject)
        if "roles" in fields:
            await self._guard.require(actor, f"user.set_roles{own}", subject)

    async def _refuse_outside(self, actor: Actor, user: Row, data: UserChange) -> None:
        """Refuse (recorded) to change what the outside issuer decides on."""
        fields = data.model_fields_set & {"password", "roles"}
        if user["issuer"] is None or not fields:
            return
        subject = Subject("user", user["id"], user["username"])
        await self._recorder.refused(actor, USER_CHANGED, subject, rule="outside user", fields=sorted(fields))
        raise OutsideUser(
            f"{' and '.join(sorted(fields))} of this user come from {user['issuer']}: change them there",
            f"该用户的 {'、'.join(sorted(fields))} 由 {user['issuer']} 管理,请在该处修改",
        )

    async def get(self, actor: Actor, user_id: UUID) -> UserOut:
        """Give a user to an administrator."""
        await self._guard.require(actor, "user.read", Subject("user", user_id))
        user = await repository.find(self._database, user_id)
        if user is None:
            raise await self._unknown(actor, USER_VIEWED, user_id)
        await self._recorder.read(actor, USER_VIEWED, Subject("user", user_id, user["username"]))
        return _out(user)

    async def _unknown(self, actor: Actor, type_: EventType, user_id: UUID) -> NotFound:
        await self._recorder.refused(actor, type_, Subject("user", user_id), rule="no such user")
        return NotFound("There is no such user", "用户不存在")

    async def page(self, actor: Actor, filter_: UserFilter, page: PageRequest) -> Page[UserOut]:
        """List users for an administrator."""
        await self._guard.require(actor, "user.read", Subject("user"))
        rows, cursor = await self._page(filter_, page)
        await self._recorder.read(
            actor, USER_LISTED, Subject("user"), filter=_filter(filter_), returned=[str(row["id"]) for row in rows]
        )
        return Page(items=[_out(row) for row in rows], next=cursor)

    async def directory(self, actor: Actor, q: str | None, page: PageRequest) -> Page[PersonOut]:
        """List active people by name and department; open to every user."""
        await self._guard.require(actor, "directory.read", Subject("user"))
        filter_ = UserFilter(q=q, active=True)
        rows, cursor = await self._page(filter_, page, people_only=True)
        await self._recorder.read(
            actor, DIRECTORY_LISTED, Subject("user"), filter=_filter(filter_), returned=[str(row["id"]) for row in rows]
        )
        items = [
            PersonOut(id=row["id"], display_name=row["display_name"], department=row["department"]) for row in rows
        ]
        return Page(items=items, next=cursor)

    async def _page(
        self, filter_: UserFilter, page: PageRequest, *, people_only: bool = False
    ) -> tuple[list[Row], str | None]:
        where = Where()
        if filter_.q is not None:
            pattern = like_pattern(filter_.q)
            names = "u.display_name ILIKE {}" if people_only else "u.display_name ILIKE {0} OR u.username ILIKE {0}"
            where.conditions.append(names.replace("{0}", "{}").replace("{}", where.bind(pattern)))
        where.optional("{} = ANY(u.roles)", filter_.role)
        where.optional("u.active = {}", filter_.active)
        if people_only:
            where.conditions.append("u.kind = 'person'")
        order = page.apply(self._cursors, where, _ORDER)
        rows = await repository.list_users(self._database, where.text, order, where.args)
        kept, cursor = page.page_of(self._cursors, rows, _ORDER)
        return list(kept), cursor


async def bootstrap_administrator(
    database: Database, uow: UnitOfWork, actor: Actor, rules: PasswordRules, password: str
) -> bool:
    """Make the first administrator (user `admin`) of an empty installation; tells whether it was made.

    He runs the system and gives roles until the firm splits these powers (三员分立). Raises Invalid for a password that
    would not be taken from anybody else.
    """
    if await repository.any_user(database):
        return False
    await rules.check(password, "admin", _ADMINISTRATOR)
    password_hash = await passwords.hash_password(password)
    async with uow.begin(actor) as tx:
        user = _new_user(actor, kind="person", username="admin", display_name=_ADMINISTRATOR)
        user.password_hash, user.roles = password_hash, [Role.SECURITY_ADMIN, Role.SYSTEM_ADMIN]
        # The unique login name lets only one of two first starts win.
        await insert(tx.connection, user)
        tx.record(USER_CREATED, Subject("user", user.id, user.username), new=_trace(user.model_dump()))
    return True


def _new_user(actor: Actor, *, kind: str, username: str, display_name: str) -> User:
    moment = now()
    return User(
        id=new_id(), kind=kind, username=username, display_name=display_name, roles=[], active=True,
        tokens_valid_from=moment, created_by=actor.user_id, created_at=moment, updated_at=moment,
    )  # fmt: skip


async def _refuse_taken(connection: Connection, username: str | None, code: str | None, user_id: UUID) -> None:
    field = await repository.taken(connection, username=username, lawyer_code=code, other_than=user_id)
    if field is not None:
        raise Conflict(f"Another user has this {field}", f"该 {field} 已被其他用户使用", extra={"field": field})


def _filter(filter_: UserFilter) -> dict[str, object]:
    return {"q": filter_.q, "role": filter_.role, "active": filter_.active}


def _trace(user: dict[str, Any]) -> dict[str, Any]:
    return {
        name: user[name]
        for name in ("kind", "username", "display_name", "roles", "department", "lawyer_code", "active")
    }


def _out(user: Any) -> UserOut:
    return UserOut.model_validate({name: user[name] for name in UserOut.model_fields})
