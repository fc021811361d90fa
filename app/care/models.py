"""Tables of checks. They tell of objects by their keys; the tables of the objects' owners stay as they are."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class IntegrityRun(SQLModel, table=True):
    """A check, or a day of the scheduled one; unfinished ones go on behind the key `position`."""

    __tablename__ = "integrity_runs"
    __table_args__ = (
        CheckConstraint("kind IN ('quick', 'deep', 'scheduled')", name="integrity_runs_kind"),
        Index("integrity_runs_unfinished", "kind", unique=True, postgresql_where="finished_at IS NULL"),
    )

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_column=Column(Text, nullable=False))
    started_by: str = Field(sa_column=Column(Text, nullable=False))
    started_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    position: str = Field(sa_column=Column(Text, nullable=False))
    counts: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    finished_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    abandoned: bool = False


class IntegrityFinding(SQLModel, table=True):
    """Something found; open until a later check finds that it no longer holds, and at most one open of an object."""

    __tablename__ = "integrity_findings"
    __table_args__ = (
        CheckConstraint("kind IN ('missing', 'corrupt', 'orphan')", name="integrity_findings_kind"),
        Index("integrity_findings_open", "object_key", unique=True, postgresql_where="resolved_at IS NULL"),
    )

    id: UUID = Field(primary_key=True)
    run_id: UUID = Field(sa_column=Column(ForeignKey("integrity_runs.id"), nullable=False))
    last_run_id: UUID = Field(sa_column=Column(ForeignKey("integrity_runs.id"), nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    object_key: str = Field(sa_column=Column(Text, nullable=False))
    subject_type: str = Field(sa_column=Column(Text, nullable=False))
    subject_id: UUID | None = None
    dossier_id: UUID | None = None
    entry_id: UUID | None = None
    detail: str = Field(sa_column=Column(Text, nullable=False))
    found_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    last_found_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    resolved_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class ObjectCheck(SQLModel, table=True):
    """When an object that a row names was last read whole, and what came of it; null: not yet."""

    __tablename__ = "object_checks"
    __table_args__ = (
        CheckConstraint("outcome IN ('sound', 'missing', 'corrupt')", name="object_checks_outcome"),
        CheckConstraint("(checked_at IS NULL) = (outcome IS NULL)", name="object_checks_checked"),
    )

    object_key: str = Field(sa_column=Column(Text, primary_key=True))
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    noted_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    checked_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    outcome: str | None = Field(default=None, sa_column=Column(Text))
