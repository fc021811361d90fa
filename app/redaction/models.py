"""Tables of redactions. The rows stay: they say who let what be erased, and hold nothing of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel


class EventRedaction(SQLModel, table=True):
    """A request to erase fields of events, and what became of it.

    `filter` says how the events were chosen (null: by their ids), `dossier_id` is the dossier of all of them, if one.
    """

    __tablename__ = "event_redactions"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'approved', 'refused', 'done')", name="event_redactions_state"),
        CheckConstraint("(state = 'pending') = (decided_by IS NULL)", name="event_redactions_decided"),
        CheckConstraint("decided_by <> requested_by", name="event_redactions_two_people"),
        CheckConstraint("(state = 'done') = (finished_at IS NOT NULL)", name="event_redactions_finished"),
    )

    id: UUID = Field(primary_key=True)
    requested_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    requested_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    fields: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    filter: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    dossier_id: UUID | None = None
    event_count: int
    state: str = Field(sa_column=Column(Text, nullable=False))
    decided_by: UUID | None = Field(default=None, sa_column=Column(ForeignKey("users.id")))
    decided_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    decision_reason: str | None = Field(default=None, sa_column=Column(Text))
    finished_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class RedactionItem(SQLModel, table=True):
    """An event of a request and what of it is to be erased; only the database's function sets `erased_at`."""

    __tablename__ = "event_redaction_items"
    __table_args__ = (
        Index("event_redaction_items_left", "redaction_id", "event_id", postgresql_where="erased_at IS NULL"),
    )

    redaction_id: UUID = Field(sa_column=Column(ForeignKey("event_redactions.id"), primary_key=True))
    event_id: UUID = Field(primary_key=True)
    fields: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    erased_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
