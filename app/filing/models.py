"""Tables of filing: submissions and what was decided on them, archive numbers, notes to file, supplements."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

NOTE_KINDS = ("filing", "custody", "supplement", "correction", "movement", "other")


class Submission(SQLModel, table=True):
    """A round of handing a dossier in (提交归档): the proposal, what was decided on it, and how it ended."""

    __tablename__ = "submissions"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'returned', 'accepted')", name="submissions_state"),
        CheckConstraint("late_decision IN ('approve', 'refuse')", name="submissions_late_decision"),
        CheckConstraint("late_reason IS NOT NULL OR late_decision IS NULL", name="submissions_late"),
        Index("submissions_dossier_id_round", "dossier_id", "round", unique=True),
        Index("submissions_pending", "dossier_id", unique=True, postgresql_where="state = 'pending'"),
    )

    id: UUID = Field(primary_key=True)
    dossier_id: UUID = Field(sa_column=Column(ForeignKey("dossiers.id"), nullable=False))
    round: int
    state: str = Field(sa_column=Column(Text, nullable=False))
    submitted_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    submitted_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    compiler_id: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    proposed_retention: str = Field(sa_column=Column(Text, nullable=False))
    retention_reason: str = Field(sa_column=Column(Text, nullable=False))
    declared_entries: int | None = None
    declared_pages: int | None = None
    note: str | None = Field(default=None, sa_column=Column(Text))
    rules_version: int
    due_on: date
    late_reason: str | None = Field(default=None, sa_column=Column(Text))
    late_decision: str | None = Field(default=None, sa_column=Column(Text))
    late_decided_by: UUID | None = Field(default=None, sa_column=Column(ForeignKey("users.id")))
    late_decided_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    late_decision_reason: str | None = Field(default=None, sa_column=Column(Text))
    confirmed_retention: str | None = Field(default=None, sa_column=Column(Text))
    retention_confirmed_by: UUID | None = Field(default=None, sa_column=Column(ForeignKey("users.id")))
    retention_confirmed_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    findings: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    decided_by: UUID | None = Field(default=None, sa_column=Column(ForeignKey("users.id")))
    decided_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    return_reasons: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))


class ArchiveNumber(SQLModel, table=True):
    """The register of archive numbers (档号): given once at acceptance, never changed, never given again."""

    __tablename__ = "archive_numbers"
    __table_args__ = (
        Index("archive_numbers_series_key_serial", "series_key", "serial", unique=True),
        Index("archive_numbers_dossier_id", "dossier_id", unique=True),
    )

    archive_number: str = Field(sa_column=Column(Text, primary_key=True))
    series_key: str = Field(sa_column=Column(ForeignKey("number_series.key"), nullable=False))
    serial: int
    dossier_id: UUID = Field(sa_column=Column(ForeignKey("dossiers.id"), nullable=False))
    rules_version: int
    given_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class FileNote(SQLModel, table=True):
    """A line of the note to file (备考表): only ever added."""

    __tablename__ = "notes_to_file"
    __table_args__ = (
        CheckConstraint(f"kind IN {NOTE_KINDS}", name="notes_to_file_kind"),
        Index("notes_to_file_dossier_id_id", "dossier_id", "id"),
    )

    id: UUID = Field(primary_key=True)
    dossier_id: UUID = Field(sa_column=Column(ForeignKey("dossiers.id"), nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    text: str = Field(sa_column=Column(Text, nullable=False))
    noted_on: date
    compiler_id: UUID | None = Field(default=None, sa_column=Column(ForeignKey("users.id")))
    inspector_id: UUID | None = Field(default=None, sa_column=Column(ForeignKey("users.id")))
    noted_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    noted_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class Supplement(SQLModel, table=True):
    """What is added to a filed dossier (补充), or corrected in its list (更正): dated, approved, sealed anew."""

    __tablename__ = "supplements"
    __table_args__ = (
        CheckConstraint("kind IN ('addition', 'correction')", name="supplements_kind"),
        CheckConstraint(
            "state IN ('proposed', 'refused', 'approved', 'completed', 'withdrawn')", name="supplements_state"
        ),
        Index("supplements_dossier_id_serial", "dossier_id", "serial", unique=True),
        Index("supplements_under_way", "dossier_id", unique=True, postgresql_where="state IN ('proposed', 'approved')"),
    )

    id: UUID = Field(primary_key=True)
    dossier_id: UUID = Field(sa_column=Column(ForeignKey("dossiers.id"), nullable=False))
    serial: int
    kind: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    corrections: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    proposed_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    proposed_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    decided_by: UUID | None = Field(default=None, sa_column=Column(ForeignKey("users.id")))
    decided_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    decision_reason: str | None = Field(default=None, sa_column=Column(Text))
    completed_by: UUID | None = Field(default=None, sa_column=Column(ForeignKey("users.id")))
    completed_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    seal_version: int | None = None


class FilingReminder(SQLModel, table=True):
    """A day before a deadline that was called to mind; for each deadline once."""

    __tablename__ = "filing_reminders"

    dossier_id: UUID = Field(sa_column=Column(ForeignKey("dossiers.id"), primary_key=True))
    due_on: date = Field(primary_key=True)
    days_before: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    reminded_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
