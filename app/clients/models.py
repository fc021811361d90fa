"""Tables of clients, verified originals, intakes, notices and consents, and the index of all parties' names."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

CHANNELS = ("visit", "phone", "letter", "mail", "referral", "online", "other")
INTAKE_STATES = ("open", "engaged", "declined", "withdrawn", "referred")
CONSENT_KINDS = ("processing", "sensitive", "giving_to_others", "export", "other")


class Client(SQLModel, table=True):
    """A person or organisation whose matters the firm handles.

    `merged_into` is the client that this record turned out to be; never one that was merged itself.
    """

    __tablename__ = "clients"
    __table_args__ = (
        CheckConstraint("kind IN ('organization', 'person')", name="clients_kind"),
        Index("clients_name_id", "name", "id"),
        CheckConstraint("merged_into <> id", name="clients_merged_into_another"),
        Index("clients_created_by", "created_by"),
        Index("clients_merged_into", "merged_into", postgresql_where="merged_into IS NOT NULL"),
    )

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_column=Column(Text, nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    legal_representative: str | None = Field(default=None, sa_column=Column(Text))
    registration: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    former_names: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    contacts: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    remarks: str | None = Field(default=None, sa_column=Column(Text))
    created_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    merged_into: UUID | None = Field(default=None, sa_column=Column(ForeignKey("clients.id")))


class ClientIdentifier(SQLModel, table=True):
    """A number by which others know the client, e.g. 统一社会信用代码."""

    __tablename__ = "client_identifiers"
    __table_args__ = (
        CheckConstraint("scheme IN ('uscc', 'cn_id', 'passport', 'other')", name="client_identifiers_scheme"),
        Index("client_identifiers_scheme_value", "scheme", "value"),
    )

    client_id: UUID = Field(sa_column=Column(ForeignKey("clients.id"), primary_key=True))
    position: int = Field(primary_key=True)
    scheme: str = Field(sa_column=Column(Text, nullable=False))
    value: str = Field(sa_column=Column(Text, nullable=False))


class ClientVerification(SQLModel, table=True):
    """Who checked which original of a client, when; its scan is added once and never replaced.

    `valid_until` is the last day on which the document itself is good.
    """

    __tablename__ = "client_verifications"
    __table_args__ = (
        Index("client_verifications_client_id_id", "client_id", "id"),
        Index("client_verifications_copy_key", "copy_key", unique=True, postgresql_where="copy_key IS NOT NULL"),
    )

    id: UUID = Field(primary_key=True)
    client_id: UUID = Field(sa_column=Column(ForeignKey("clients.id"), nullable=False))
    document_type: str = Field(sa_column=Column(Text, nullable=False))
    document_number: str | None = Field(default=None, sa_column=Column(Text))
    verified_on: date
    verified_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    remarks: str | None = Field(default=None, sa_column=Column(Text))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    copy_key: str | None = Field(default=None, sa_column=Column(Text))
    copy_name: str | None = Field(default=None, sa_column=Column(Text))
    copy_media_type: str | None = Field(default=None, sa_column=Column(Text))
    copy_size: int | None = Field(default=None, sa_type=BigInteger)
    copy_sha256: str | None = Field(default=None, sa_column=Column(Text))
    valid_until: date | None = None


class Intake(SQLModel, table=True):
    """Somebody who came to the firm (接待登记): who, what about, who received him, and what came of it."""

    __tablename__ = "intakes"
    __table_args__ = (
        CheckConstraint(f"channel IN {CHANNELS}", name="intakes_channel"),
        CheckConstraint(f"state IN {INTAKE_STATES}", name="intakes_state"),
        CheckConstraint("(state = 'open') = (decided_by IS NULL)", name="intakes_decided"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="intakes_decided_at"),
        CheckConstraint("(state = 'engaged') = (dossier_id IS NOT NULL)", name="intakes_dossier"),
        Index("intakes_received_by_id", "received_by", "id"),
        Index("intakes_created_by_id", "created_by", "id"),
        Index("intakes_dossier_id", "dossier_id", postgresql_where="dossier_id IS NOT NULL"),
    )

    id: UUID = Field(primary_key=True)
    came_on: date
    channel: str = Field(sa_column=Column(Text, nullable=False))
    visitor_name: str = Field(sa_column=Column(Text, nullable=False))
    visitor_contact: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    visitor_relation: str | None = Field(default=None, sa_column=Column(Text))
    about: str = Field(sa_column=Column(Text, nullable=False))
    remarks: str | None = Field(default=None, sa_column=Column(Text))
    received_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    reason: str | None = Field(default=None, sa_column=Column(Text))
    dossier_id: UUID | None = Field(default=None, sa_column=Column(ForeignKey("dossiers.id")))
    decided_by: UUID | None = Field(default=None, sa_column=Column(ForeignKey("users.id")))
    decided_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    created_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class IntakeClient(SQLModel, table=True):
    """Whom an intake is about, as far as he is a client already; in the order given."""

    __tablename__ = "intake_clients"
    __table_args__ = (Index("intake_clients_client_id", "client_id", "intake_id"),)

    intake_id: UUID = Field(sa_column=Column(ForeignKey("intakes.id"), primary_key=True))
    client_id: UUID = Field(sa_column=Column(ForeignKey("clients.id"), primary_key=True))
    position: int


class ClientNotice(SQLModel, table=True):
    """What a client was told of the use of his personal data (告知), by which text; only ever added."""

    __tablename__ = "client_notices"
    __table_args__ = (
        CheckConstraint("form IN ('written', 'electronic', 'oral')", name="client_notices_form"),
        Index("client_notices_client_id_id", "client_id", "id"),
    )

    id: UUID = Field(primary_key=True)
    client_id: UUID = Field(sa_column=Column(ForeignKey("clients.id"), nullable=False))
    given_on: date
    form: str = Field(sa_column=Column(Text, nullable=False))
    text_reference: str = Field(sa_column=Column(Text, nullable=False))
    retention_told: str | None = Field(default=None, sa_column=Column(Text))
    contact_told: str | None = Field(default=None, sa_column=Column(Text))
    remarks: str | None = Field(default=None, sa_column=Column(Text))
    created_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class ClientConsent(SQLModel, table=True):
    """What a client agreed to (同意) and what that covers; only ever added, and withdrawn once."""

    __tablename__ = "client_consents"
    __table_args__ = (
        CheckConstraint(f"kind IN {CONSENT_KINDS}", name="client_consents_kind"),
        CheckConstraint("given_by IN ('self', 'guardian')", name="client_consents_given_by"),
        CheckConstraint("(given_by = 'guardian') = (guardian_name IS NOT NULL)", name="client_consents_guardian"),
        CheckConstraint("valid_until >= given_on AND withdrawn_on >= given_on", name="client_consents_period"),
        CheckConstraint("(withdrawn_on IS NULL) = (withdrawn_by IS NULL)", name="client_consents_withdrawn"),
        Index("client_consents_client_id_id", "client_id", "id"),
        Index("client_consents_copy_key", "copy_key", unique=True, postgresql_where="copy_key IS NOT NULL"),
    )

    id: UUID = Field(primary_key=True)
    client_id: UUID = Field(sa_column=Column(ForeignKey("clients.id"), nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    covers: str = Field(sa_column=Column(Text, nullable=False))
    purposes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    sensitive_categories: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    given_on: date
    given_by: str = Field(sa_column=Column(Text, nullable=False))
    guardian_name: str | None = Field(default=None, sa_column=Column(Text))
    valid_until: date | None = None
    paper_reference: str | None = Field(default=None, sa_column=Column(Text))
    remarks: str | None = Field(default=None, sa_column=Column(Text))
    created_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    withdrawn_on: date | None = None
    withdrawal_reason: str | None = Field(default=None, sa_column=Column(Text))
    withdrawn_by: UUID | None = Field(default=None, sa_column=Column(ForeignKey("users.id")))
    withdrawn_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    copy_key: str | None = Field(default=None, sa_column=Column(Text))
    copy_name: str | None = Field(default=None, sa_column=Column(Text))
    copy_media_type: str | None = Field(default=None, sa_column=Column(Text))
    copy_size: int | None = Field(default=None, sa_type=BigInteger)
    copy_sha256: str | None = Field(default=None, sa_column=Column(Text))


class PartyName(SQLModel, table=True):
    """A line of the index of parties: one name or number by which a client or a party of a dossier is known, or was.

    Lines are never removed, whatever becomes of client and dossier: `current` tells whether it is so today. A line of
    both a client and a dossier, without a name, says that he is or was client there. `party` is the party's own name,
    `key`, `core` and `grams` are made by `names.py`; the latter two of organisations only. `digest` is of a number.
    """

    __tablename__ = "party_names"
    __table_args__ = (
        CheckConstraint("side IN ('client', 'opposing', 'related')", name="party_names_side"),
        CheckConstraint("client_id IS NOT NULL OR dossier_id IS NOT NULL", name="party_names_of_something"),
        CheckConstraint(
            "what IN ('name', 'former_name', 'legal_representative', 'identifier', 'mandate')", name="party_names_what"
        ),
        CheckConstraint("(what = 'identifier') = (digest IS NOT NULL)", name="party_names_digest"),
        CheckConstraint("(what IN ('identifier', 'mandate')) = (key IS NULL)", name="party_names_key"),
        Index("party_names_client_id", "client_id", "dossier_id"),
        Index("party_names_dossier_id", "dossier_id"),
        Index("party_names_key", "key", postgresql_where="key IS NOT NULL"),
        # Whole: an index of those only that have one is taken for a filter where it is none.
        Index("party_names_core", "core", postgresql_ops={"core": "text_pattern_ops"}),
        Index("party_names_digest", "digest", postgresql_where="digest IS NOT NULL"),
        # Without a list of what waits to be sorted in: a check would have to read it through.
        Index("party_names_grams", "grams", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    side: str = Field(sa_column=Column(Text, nullable=False))
    what: str = Field(sa_column=Column(Text, nullable=False))
    party: str = Field(sa_column=Column(Text, nullable=False))
    key: str | None = Field(default=None, sa_column=Column(Text))
    core: str | None = Field(default=None, sa_column=Column(Text))
    grams: list[str] | None = Field(default=None, sa_column=Column(ARRAY(Text)))
    digest: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    client_id: UUID | None = Field(default=None, sa_column=Column(ForeignKey("clients.id")))
    dossier_id: UUID | None = Field(default=None, sa_column=Column(ForeignKey("dossiers.id")))
    current: bool
    named_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
