"""The table of events. No foreign keys: events outlive everything that they speak of.

Partitioned by month over the id: a UUIDv7 begins with its time, so the primary key needs no second column.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel


class EventRow(SQLModel, table=True):
    """One event as it is kept; INSERT and SELECT only for the application's role."""

    __tablename__ = "events"
    __table_args__ = (
        CheckConstraint("outcome IN ('success', 'denied', 'failed')", name="events_outcome"),
        Index("events_dossier_id_id", "dossier_id", "id", postgresql_where="dossier_id IS NOT NULL"),
        Index("events_actor_id_id", "actor_id", "id", postgresql_where="actor_id IS NOT NULL"),
        Index("events_entry_id_id", "entry_id", "id", postgresql_where="entry_id IS NOT NULL"),
        Index("events_type_id", "type", "id"),
        Index("events_request_id", "request_id"),
        {"postgresql_partition_by": "RANGE (id)"},
    )

    id: UUID = Field(primary_key=True)
    recorded_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    type: str = Field(sa_column=Column(Text, nullable=False))
    outcome: str = Field(sa_column=Column(Text, nullable=False))
    actor_id: UUID | None = None
    actor_name: str = Field(sa_column=Column(Text, nullable=False))
    actor_roles: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    via_id: UUID | None = None
    via_name: str | None = Field(default=None, sa_column=Column(Text))
    subject_type: str = Field(sa_column=Column(Text, nullable=False))
    subject_id: UUID | None = None
    subject_label: str | None = Field(default=None, sa_column=Column(Text))
    dossier_id: UUID | None = None
    entry_id: UUID | None = None
    request_id: str = Field(sa_column=Column(Text, nullable=False))
    ip: str | None = Field(default=None, sa_column=Column(Text))
    user_agent: str | None = Field(default=None, sa_column=Column(Text))
    method: str = Field(sa_column=Column(Text, nullable=False))
    route: str = Field(sa_column=Column(Text, nullable=False))
    details: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
