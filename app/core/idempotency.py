"""At most once: a repeated request gets the first answer and does nothing.

The result of an act is kept under the caller's key in the act's own transaction, so there is no moment at which the
act is done and the key is free, or the key taken and the act undone. A running act holds an advisory lock that dies
with its connection, so a crash frees the key too (docs/decisions/0003).
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from app.core.actor import Actor, IdempotencyClaim
from app.core.clock import now
from app.core.database import Connection, Row
from app.core.errors import IdempotencyInProgress, IdempotencyKeyReused

KEPT_DAYS = 7


class IdempotencyKey(SQLModel, table=True):
    """A key that a caller used, what for, and the result of the act as JSON."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        CheckConstraint("octet_length(fingerprint) = 32", name="idempotency_keys_fingerprint"),
        Index("idempotency_keys_created_at", "created_at"),
    )

    actor_id: UUID = Field(primary_key=True)
    key: str = Field(sa_column=Column(Text, primary_key=True))
    fingerprint: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    result: str = Field(sa_column=Column(Text, nullable=False))
    dossier_id: UUID | None = None
    client_id: UUID | None = None
    request_id: str = Field(sa_column=Column(Text, nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class Replay(Exception):
    """The act was done before; `result` is its JSON, `dossier_id` and `client_id` what it was about."""

    def __init__(self, result: str, dossier_id: UUID | None = None, client_id: UUID | None = None) -> None:
        super().__init__("the act was done before")
        self.result, self.dossier_id, self.client_id = result, dossier_id, client_id


_FIND = "SELECT fingerprint, result, dossier_id, client_id FROM idempotency_keys WHERE actor_id = $1 AND key = $2"
_KEEP = """
INSERT INTO idempotency_keys (actor_id, key, fingerprint, result, dossier_id, client_id, request_id, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


def _judge(row: Row, claim: IdempotencyClaim) -> Replay:
    if row["fingerprint"] != claim.fingerprint:
        raise IdempotencyKeyReused(
            "This Idempotency-Key belongs to another request: make a new key",
            "该 Idempotency-Key 已用于其他请求,请更换",
        )
    return Replay(row["result"], row["dossier_id"], row["client_id"])


async def take(connection: Connection, actor: Actor) -> None:
    """Take the caller's key for this transaction.

    Raises Replay when the act was done before, IdempotencyInProgress while it runs elsewhere, IdempotencyKeyReused
    when the key was used for something else.
    """
    claim = actor.origin.idempotency
    if claim is None:
        return
    name = f"{actor.id}:{claim.key}"
    if not await connection.fetchval("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 7))", name):
        raise IdempotencyInProgress(
            "A request with this Idempotency-Key is still running", "相同 Idempotency-Key 的请求仍在处理", retry_after=1
        )
    row = await connection.fetchrow(_FIND, actor.id, claim.key)
    if row is not None:
        raise _judge(row, claim)


async def keep(
    connection: Connection, actor: Actor, result: str, dossier_id: UUID | None, client_id: UUID | None
) -> None:
    """Keep the act's result under the caller's key, and what it was about."""
    claim = actor.origin.idempotency
    if claim is not None:
        await connection.execute(
            _KEEP, actor.id, claim.key, claim.fingerprint, result, dossier_id, client_id, actor.origin.request_id, now()
        )
