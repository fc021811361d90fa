"""Tables of the ledger. None has a foreign key: the ledger outlives what it speaks of."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, DateTime, Float, LargeBinary, SmallInteger, Text
from sqlalchemy.sql import expression
from sqlmodel import Field, SQLModel


class QueuedEvent(SQLModel, table=True):
    """An event that waits to be sealed; written by a trigger in the transaction of the event itself."""

    __tablename__ = "event_queue"

    event_id: UUID = Field(primary_key=True)


class EventLeaf(SQLModel, table=True):
    """Where an event stands in the ledger, and its salt; INSERT and SELECT only for the application's role."""

    __tablename__ = "event_leaves"
    __table_args__ = (CheckConstraint("leaf_index >= 0", name="event_leaves_index"),)

    event_id: UUID = Field(primary_key=True)
    leaf_index: int = Field(sa_column=Column(BigInteger, nullable=False, unique=True))
    salt: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class LedgerHead(SQLModel, table=True):
    """How far sealing is, in one row: what is sealed, what of it is published, and what waits in between.

    `pending` holds the leaves from `published` to `size` until they are in the bucket; `root` is of the published tree.
    `fault` says why sealing has stopped for good, `seal_seconds` how long the last batch took.
    """

    __tablename__ = "ledger_head"
    __table_args__ = (
        CheckConstraint("id = 1", name="ledger_head_one"),
        CheckConstraint("0 <= published AND published <= size", name="ledger_head_size"),
        CheckConstraint("(published < size) = (pending IS NOT NULL)", name="ledger_head_pending"),
        CheckConstraint("octet_length(root) = 32", name="ledger_head_root"),
    )

    id: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    published: int = Field(sa_column=Column(BigInteger, nullable=False))
    root: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    pending: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    sealed_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    seal_seconds: float | None = Field(default=None, sa_column=Column(Float))
    fault: str | None = Field(default=None, sa_column=Column(Text))


class LedgerWitness(SQLModel, table=True):
    """How a witness stands: the newest size that it has cosigned, and why the last asking gave nothing."""

    __tablename__ = "ledger_witnesses"
    __table_args__ = (CheckConstraint("size >= 0", name="ledger_witnesses_size"),)

    name: str = Field(sa_column=Column(Text, primary_key=True))
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    cosigned_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    fault: str | None = Field(default=None, sa_column=Column(Text))
    other_history: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=expression.false())
    )
