"""Tables of conflict checks. Rows are only ever added: what was found, judged and concluded stays as it was.

Foreign keys by table name: dossiers are a room above this one.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, ForeignKeyConstraint, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import Uuid
from sqlmodel import Field, SQLModel

_JUDGEMENTS = "judgement IN ('none', 'absolute', 'relative')"


class ConflictCheck(SQLModel, table=True):
    """A search for conflicts of interest (利益冲突审查): who was asked about, in which matter, under which rules.

    `client_ids` are those that were named by id, `about_client_ids` all clients that the parties are by name or number.
    `refer_id` stands for all that its reader may not know of. `incomplete`: a name was found too often to tell all.
    """

    __tablename__ = "conflict_checks"
    __table_args__ = (Index("conflict_checks_made_by_id", "made_by", "id"),)

    id: UUID = Field(primary_key=True)
    made_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    made_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    asked: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    client_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    about_client_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    lawyer_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    matter_type: str = Field(sa_column=Column(Text, nullable=False))
    cause: str = Field(sa_column=Column(Text, nullable=False))
    court_case_number: str | None = Field(default=None, sa_column=Column(Text))
    rules_version: int
    incomplete: bool
    refer_id: UUID


class ConflictHit(SQLModel, table=True):
    """Something that a check found: a party asked about stands, or stood, somewhere else too.

    `asked` is the place of the party in the check. `hidden`: whoever made the check may not know of it.
    """

    __tablename__ = "conflict_hits"
    __table_args__ = (Index("conflict_hits_check_id_id", "check_id", "id", unique=True),)

    id: UUID = Field(primary_key=True)
    check_id: UUID = Field(sa_column=Column(ForeignKey("conflict_checks.id"), nullable=False))
    asked: int
    matched_name: str = Field(sa_column=Column(Text, nullable=False))
    how: str = Field(sa_column=Column(Text, nullable=False))
    side: str | None = Field(default=None, sa_column=Column(Text))
    constellation: str = Field(sa_column=Column(Text, nullable=False))
    client_id: UUID | None = Field(default=None, sa_column=Column(ForeignKey("clients.id")))
    dossier_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    rule_code: str | None = Field(default=None, sa_column=Column(Text))
    rule_kind: str | None = Field(default=None, sa_column=Column(Text))
    hidden: bool


class ConflictConsent(SQLModel, table=True):
    """The signed informed consent (知情同意书) to a hit, or to what the maker was referred about; kept once."""

    __tablename__ = "conflict_consents"
    __table_args__ = (Index("conflict_consents_key", "key", unique=True),)

    check_id: UUID = Field(sa_column=Column(ForeignKey("conflict_checks.id"), primary_key=True))
    hit_id: UUID = Field(primary_key=True)
    added_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    added_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    key: str = Field(sa_column=Column(Text, nullable=False))
    original_name: str = Field(sa_column=Column(Text, nullable=False))
    media_type: str = Field(sa_column=Column(Text, nullable=False))
    size: int = Field(sa_type=BigInteger)
    sha256: str = Field(sa_column=Column(Text, nullable=False))


class ConflictReferral(SQLModel, table=True):
    """What somebody who may judged of that which the maker of a check may not know of."""

    __tablename__ = "conflict_referrals"
    __table_args__ = (CheckConstraint(_JUDGEMENTS, name="conflict_referrals_judgement"),)

    check_id: UUID = Field(sa_column=Column(ForeignKey("conflict_checks.id"), primary_key=True))
    judgement: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    judged_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    judged_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class ConflictConclusion(SQLModel, table=True):
    """What a check came to, by a person: the firm may act, may act with consent, or may not."""

    __tablename__ = "conflict_conclusions"
    __table_args__ = (
        CheckConstraint("conclusion IN ('clear', 'waived', 'conflict')", name="conflict_conclusions_conclusion"),
    )

    check_id: UUID = Field(sa_column=Column(ForeignKey("conflict_checks.id"), primary_key=True))
    conclusion: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    concluded_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    concluded_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class ConflictJudgement(SQLModel, table=True):
    """What was judged of a hit, with the conclusion of its check."""

    __tablename__ = "conflict_judgements"
    __table_args__ = (
        CheckConstraint(_JUDGEMENTS, name="conflict_judgements_judgement"),
        ForeignKeyConstraint(
            ["check_id", "hit_id"], ["conflict_hits.check_id", "conflict_hits.id"], name="conflict_judgements_hit"
        ),
    )

    hit_id: UUID = Field(primary_key=True)
    check_id: UUID = Field(sa_column=Column(ForeignKey("conflict_conclusions.check_id"), nullable=False))
    judgement: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))


class ConflictUse(SQLModel, table=True):
    """The dossier that was opened after a check, or that it was made for; a check serves once."""

    __tablename__ = "conflict_uses"
    __table_args__ = (Index("conflict_uses_dossier_id", "dossier_id", "used_at"),)

    check_id: UUID = Field(sa_column=Column(ForeignKey("conflict_conclusions.check_id"), primary_key=True))
    dossier_id: UUID = Field(sa_column=Column(ForeignKey("dossiers.id"), nullable=False))
    used_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    used_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
