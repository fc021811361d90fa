"""What programs may see and do: configured by the security administrator, never by the program.

A program sees what it created itself, up to its level, and beside that what its configuration names. With `on_behalf`
it may act for people: then it is checked as that person, below its own level, and both are recorded.
"""

from uuid import UUID

from app.auth import passwords, repository
from app.auth.events import INTEGRATION_CHANGED, INTEGRATION_VIEWED, SECRET_RENEWED
from app.auth.guard import Guard
from app.auth.models import Integration
from app.auth.roles import Rank
from app.auth.schemas import IntegrationIn, IntegrationOut, SecretOut, SecretRenewal
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Connection, Database, Row
from app.core.errors import NotFound
from app.core.etag import require_match
from app.core.sql import insert
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import EventType, Subject

_FIND = """
SELECT i.user_id, i.level, i.sees, i.matter_types, i.departments, i.content, i.on_behalf, u.display_name, u.username
FROM integrations i JOIN users u ON u.id = i.user_id WHERE i.user_id = $1
"""
_CHANGE = """
UPDATE integrations SET level = $2, sees = $3, matter_types = $4, departments = $5, content = $6, on_behalf = $7,
  updated_at = $8 WHERE user_id = $1
"""


async def configure_new(connection: Connection, user_id: UUID, data: IntegrationIn) -> None:
    """Write the configuration of a program that is being made."""
    plain = data.model_dump(mode="json", exclude={"level"})
    await insert(connection, Integration(user_id=user_id, level=int(data.level.rank), updated_at=now(), **plain))


class IntegrationService:
    """Shows and changes the configuration of programs, and renews their secrets."""

    def __init__(self, database: Database, uow: UnitOfWork, recorder: Recorder, guard: Guard) -> None:
        self._database, self._uow, self._recorder, self._guard = database, uow, recorder, guard

    async def get(self, actor: Actor, user_id: UUID) -> IntegrationOut:
        """Give a program's configuration."""
        await self._guard.require(actor, "integration.read", Subject("user", user_id))
        row = await self._database.fetchrow(_FIND, user_id)
        if row is None:
            raise await self._unknown(actor, INTEGRATION_VIEWED, user_id)
        await self._recorder.read(actor, INTEGRATION_VIEWED, Subject("user", user_id, row["username"]))
        return _out(row)

    async def change(self, actor: Actor, user_id: UUID, data: IntegrationIn, if_match: str | None) -> IntegrationOut:
        """Set what a program may see and do; it bites on its next request."""
        await self._guard.require(actor, "integration.change", Subject("user", user_id))
        async with self._uow.begin(actor) as tx:
            row = await tx.connection.fetchrow(f"{_FIND} FOR UPDATE OF i", user_id)
            if row is None:
                raise await self._unknown(actor, INTEGRATION_CHANGED, user_id)
            before = _out(row)
            require_match(if_match, before)
            await tx.connection.execute(
                _CHANGE, user_id, int(data.level.rank), data.sees, data.matter_types,
                data.departments, data.content, data.on_behalf, now(),
            )  # fmt: skip
            tx.record(
                INTEGRATION_CHANGED, Subject("user", user_id, row["username"]),
                old=before.model_dump(mode="json", exclude={"id", "name"}), new=data.model_dump(mode="json"),
            )  # fmt: skip
            return tx.result(IntegrationOut(id=user_id, name=row["display_name"], **data.model_dump()))

    async def renew_secret(self, actor: Actor, user_id: UUID, data: SecretRenewal) -> SecretOut:
        """Give a program a new secret; the old one and all its tokens end with this act."""
        await self._guard.require(actor, "service_account.create", Subject("user", user_id))
        secret = passwords.new_secret()
        password_hash = await passwords.hash_password(secret)
        async with self._uow.begin(actor) as tx:
            user = await repository.lock(tx.connection, user_id)
            if user is None or user["kind"] != "service":
                raise await self._unknown(actor, SECRET_RENEWED, user_id)
            await tx.connection.execute(
                "UPDATE users SET password_hash = $2, tokens_valid_from = $3, updated_at = $3 WHERE id = $1",
                user_id, password_hash, now(),
            )  # fmt: skip
            tx.record(SECRET_RENEWED, Subject("user", user_id, user["username"]), reason=data.reason)
            out = SecretOut(id=user_id, client_id=user["username"], client_secret=secret)
            tx.result(out.model_copy(update={"client_secret": "shown once, in the first answer"}))
            return out

    async def _unknown(self, actor: Actor, type_: EventType, user_id: UUID) -> NotFound:
        await self._recorder.refused(actor, type_, Subject("user", user_id), rule="no such program")
        return NotFound("There is no such service account", "服务账号不存在")


def _out(row: Row) -> IntegrationOut:
    return IntegrationOut(
        id=row["user_id"], name=row["display_name"], level=Rank(row["level"]).level, sees=row["sees"],
        matter_types=row["matter_types"], departments=row["departments"], content=row["content"],
        on_behalf=row["on_behalf"],
    )  # fmt: skip
