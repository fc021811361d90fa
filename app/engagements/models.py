"""Tables of engagements and of what became of them; both keep every line for ever."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Date, DateTime, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

KINDS = ("contract", "power_of_attorney", "appointment", "retainer_letter")
CHANGE_KINDS = ("amendment", "substitution", "termination", "extension", "partial_withdrawal")
SIDES = ("client", "firm", "agreement", "law")


class Engagement(SQLModel, table=True):
    """An engagement (委托) as it stands: who instructs whom, for what, signed by whom; `entry_id` is its paper.

    From `bound_at` on, its first signature, only what was empty is filled in; all else is an EngagementChange.
    """

    __tablename__ = "engagements"
    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="engagements_kind"),
        CheckConstraint("scope IN ('general', 'special')", name="engagements_scope"),
        CheckConstraint("state IN ('in_force', 'ended')", name="engagements_state"),
        CheckConstraint("(state = 'ended') = (ended_on IS NOT NULL)", name="engagements_ended_on"),
        Index("engagements_dossier_id_serial", "dossier_id", "serial", unique=True),
    )

    id: UUID = Field(primary_key=True)
    dossier_id: UUID = Field(sa_column=Column(ForeignKey("dossiers.id"), nullable=False))
    serial: int
    kind: str = Field(sa_column=Column(Text, nullable=False))
    entry_id: UUID | None = Field(default=None, sa_column=Column(ForeignKey("entries.id")))
    parties: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    signers: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    dated_on: date | None = None
    scope: str | None = Field(default=None, sa_column=Column(Text))
    special_powers: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    attorneys: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    stages: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    fee: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    starts_on: date | None = None
    ends_on: date | None = None
    contract_number: str | None = Field(default=None, sa_column=Column(Text))
    rules_version: int
    state: str = Field(sa_column=Column(Text, nullable=False))
    ended_on: date | None = None
    bound_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    created_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class EngagementChange(SQLModel, table=True):
    """A change of the mandate (委托变更): what was changed, from what to what, by whose will, and why."""

    __tablename__ = "engagement_changes"
    __table_args__ = (
        CheckConstraint(f"kind IN {CHANGE_KINDS}", name="engagement_changes_kind"),
        CheckConstraint(f"by_whom IN {SIDES}", name="engagement_changes_by_whom"),
        Index("engagement_changes_engagement_id_serial", "engagement_id", "serial", unique=True),
    )

    id: UUID = Field(primary_key=True)
    engagement_id: UUID = Field(sa_column=Column(ForeignKey("engagements.id"), nullable=False))
    serial: int
    kind: str = Field(sa_column=Column(Text, nullable=False))
    effective_on: date = Field(sa_column=Column(Date, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    by_whom: str = Field(sa_column=Column(Text, nullable=False))
    entry_id: UUID | None = Field(default=None, sa_column=Column(ForeignKey("entries.id")))
    consent_entry_id: UUID | None = Field(default=None, sa_column=Column(ForeignKey("entries.id")))
    urgent_reason: str | None = Field(default=None, sa_column=Column(Text))
    changed: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    recorded_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    recorded_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
