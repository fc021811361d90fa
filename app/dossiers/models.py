"""Tables of dossiers, their numbers, teams and the firm's rules."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

STATES = ("open", "submitted", "returned", "filed", "transferred", "destroyed", "void")


class MatterType(SQLModel, table=True):
    """A business type (业务类别): its code in numbers, and by which name of templates its dossiers are opened."""

    __tablename__ = "matter_types"
    __table_args__ = (Index("matter_types_number_code", "number_code", unique=True),)

    matter_type: str = Field(sa_column=Column(Text, primary_key=True))
    number_code: str = Field(sa_column=Column(Text, nullable=False))
    label_zh: str = Field(sa_column=Column(Text, nullable=False))
    label_en: str = Field(sa_column=Column(Text, nullable=False))
    template_name: str = Field(sa_column=Column(Text, nullable=False))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class FirmRules(SQLModel, table=True):
    """The firm's rules for numbers and volumes; a change is a new version, the highest is in force."""

    __tablename__ = "firm_rules"
    __table_args__ = (CheckConstraint("volume_page_limit BETWEEN 1 AND 10000", name="firm_rules_volume_page_limit"),)

    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    firm_name: str = Field(sa_column=Column(Text, nullable=False))
    number_rule: str = Field(sa_column=Column(Text, nullable=False))
    sealed_number_rule: str = Field(sa_column=Column(Text, nullable=False))
    serial_scope: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    volume_page_limit: int
    changed_by: UUID | None = Field(default=None, sa_column=Column(ForeignKey("users.id")))
    changed_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class Template(SQLModel, table=True):
    """What a dossier of a matter type holds, in order; versions run for each name, and dossiers keep theirs."""

    __tablename__ = "templates"
    __table_args__ = (Index("templates_matter_type_name_version", "matter_type", "name", "version", unique=True),)

    id: UUID = Field(primary_key=True)
    matter_type: str = Field(sa_column=Column(ForeignKey("matter_types.matter_type"), nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    version: int
    slots: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    stages: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    categories: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    source: str = Field(sa_column=Column(Text, nullable=False))
    verified: bool
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class NumberSeries(SQLModel, table=True):
    """The last serial drawn of each series; its row lock makes a series gapless."""

    __tablename__ = "number_series"

    key: str = Field(sa_column=Column(Text, primary_key=True))
    last_serial: int


class Dossier(SQLModel, table=True):
    """A client's matter and all that is kept of it (一案一卷、一卷一号)."""

    __tablename__ = "dossiers"
    __table_args__ = (
        CheckConstraint("confidentiality BETWEEN 0 AND 4", name="dossiers_confidentiality"),
        CheckConstraint(f"state IN {STATES}", name="dossiers_state"),
        CheckConstraint("entry_count >= 0 AND page_count >= 0 AND fee_count >= 0", name="dossiers_counts"),
        CheckConstraint("(closed_on IS NULL) = (filing_due_on IS NULL)", name="dossiers_closed"),
        CheckConstraint("(archive_number IS NULL) = (filed_on IS NULL)", name="dossiers_filed"),
        Index("dossiers_number", "number", unique=True),
        Index("dossiers_archive_number", "archive_number", unique=True),
        # What teams and grants repeat of a dossier, kept equal by the database itself.
        UniqueConstraint("id", "opened_on", "number", name="dossiers_id_opened_on_number"),
        Index(
            "dossiers_filing_due_on",
            "filing_due_on",
            postgresql_where="closed_on IS NOT NULL AND state IN ('open', 'returned')",
        ),
        # One for each way of access/paths.py and each order of the list.
        Index("dossiers_confidentiality_opened_on", "confidentiality", "opened_on", "id"),
        Index("dossiers_confidentiality_number", "confidentiality", "number"),
        Index("dossiers_created_by_opened_on", "created_by", "opened_on", "id"),
        Index("dossiers_fees_opened_on", "confidentiality", "opened_on", "id", postgresql_where="fee_count > 0"),
        Index("dossiers_fees_number", "confidentiality", "number", postgresql_where="fee_count > 0"),
        Index("dossiers_lead_lawyer_id_opened_on", "lead_lawyer_id", "confidentiality", "opened_on", "id"),
        Index("dossiers_lead_lawyer_id_number", "lead_lawyer_id", "confidentiality", "number"),
        Index("dossiers_conflict_check_due", "lead_lawyer_id", "id", postgresql_where="conflict_check_due"),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(sa_column=Column(Text, nullable=False))
    matter_type: str = Field(sa_column=Column(ForeignKey("matter_types.matter_type"), nullable=False))
    template_id: UUID = Field(sa_column=Column(ForeignKey("templates.id"), nullable=False))
    cause: str = Field(sa_column=Column(Text, nullable=False))
    title: str | None = Field(default=None, sa_column=Column(Text))
    court: str | None = Field(default=None, sa_column=Column(Text))
    instance: str | None = Field(default=None, sa_column=Column(Text))
    court_case_number: str | None = Field(default=None, sa_column=Column(Text))
    contract_number: str | None = Field(default=None, sa_column=Column(Text))
    remarks: str | None = Field(default=None, sa_column=Column(Text))
    lead_lawyer_id: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    opposing_parties: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    related_parties: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False, server_default="[]"))
    conflict_check_due: bool = Field(sa_column=Column(Boolean, nullable=False, server_default="false"))
    confidentiality: int = Field(sa_column=Column(SmallInteger, nullable=False))
    state_secret_level: str | None = Field(default=None, sa_column=Column(Text))
    state: str = Field(sa_column=Column(Text, nullable=False))
    on_hold: bool = False
    opened_on: date
    arrangement_mode: str = Field(sa_column=Column(Text, nullable=False))
    entry_count: int = 0
    page_count: int = 0
    fee_count: int = 0
    closed_on: date | None = None
    result: str | None = Field(default=None, sa_column=Column(Text))
    filing_due_on: date | None = None
    filing_rules_version: int | None = None
    filed_on: date | None = None
    archive_number: str | None = Field(default=None, sa_column=Column(Text))
    retention_code: str | None = Field(default=None, sa_column=Column(Text))
    open_supplement_id: UUID | None = None
    created_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class DossierNumber(SQLModel, table=True):
    """The register of numbers (案号登记簿): every number ever drawn, with the reason of a void one."""

    __tablename__ = "dossier_numbers"
    __table_args__ = (
        CheckConstraint("state IN ('issued', 'void')", name="dossier_numbers_state"),
        CheckConstraint("(state = 'void') = (void_reason IS NOT NULL)", name="dossier_numbers_void_reason"),
        Index("dossier_numbers_series_key_serial", "series_key", "serial", unique=True),
        Index("dossier_numbers_year_matter_type_number", "year", "matter_type", "number"),
        Index("dossier_numbers_dossier_id", "dossier_id", unique=True),
    )

    number: str = Field(sa_column=Column(Text, primary_key=True))
    series_key: str = Field(sa_column=Column(ForeignKey("number_series.key"), nullable=False))
    serial: int
    year: int
    matter_type: str = Field(sa_column=Column(ForeignKey("matter_types.matter_type"), nullable=False))
    dossier_id: UUID = Field(sa_column=Column(ForeignKey("dossiers.id"), nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    void_reason: str | None = Field(default=None, sa_column=Column(Text))
    issued_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    voided_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class DossierClient(SQLModel, table=True):
    """Whose dossier it is; joint clients in the order given."""

    __tablename__ = "dossier_clients"
    __table_args__ = (Index("dossier_clients_client_id", "client_id", "dossier_id"),)

    dossier_id: UUID = Field(sa_column=Column(ForeignKey("dossiers.id"), primary_key=True))
    client_id: UUID = Field(sa_column=Column(ForeignKey("clients.id"), primary_key=True))
    position: int


class DossierTeam(SQLModel, table=True):
    """Who works on a dossier; the lead lawyer (承办律师) is a member with the duty `lead`.

    Date and number are the dossier's: by them a person's own dossiers are listed in order (access/paths.py).
    """

    __tablename__ = "dossier_team"
    __table_args__ = (
        CheckConstraint("duty IN ('lead', 'lawyer', 'assistant', 'trainee', 'opener')", name="dossier_team_duty"),
        ForeignKeyConstraint(
            ["dossier_id", "opened_on", "number"],
            ["dossiers.id", "dossiers.opened_on", "dossiers.number"],
            name="dossier_team_dossier",
            onupdate="CASCADE",
        ),
        Index("dossier_team_user_id_opened_on", "user_id", "opened_on", "dossier_id"),
        Index("dossier_team_user_id_number", "user_id", "number"),
    )

    dossier_id: UUID = Field(primary_key=True)
    user_id: UUID = Field(sa_column=Column(ForeignKey("users.id"), primary_key=True))
    opened_on: date
    number: str = Field(sa_column=Column(Text, nullable=False))
    duty: str = Field(sa_column=Column(Text, nullable=False))
    added_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class ExternalRef(SQLModel, table=True):
    """The name of a dossier in another system."""

    __tablename__ = "external_refs"
    __table_args__ = (Index("external_refs_system_ref", "system", "ref"),)

    dossier_id: UUID = Field(sa_column=Column(ForeignKey("dossiers.id"), primary_key=True))
    system: str = Field(sa_column=Column(Text, primary_key=True))
    ref: str = Field(sa_column=Column(Text, primary_key=True))
