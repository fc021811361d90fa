"""Tables of receipts, off-volume objects and mails. Lines of receipts and movements are only ever added."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, ForeignKey, Index, Text
from sqlmodel import Field, SQLModel


class Receipt(SQLModel, table=True):
    """A receipt (收据): what was received, handed over or returned, numbered within its dossier; never changed."""

    __tablename__ = "receipts"
    __table_args__ = (
        CheckConstraint("direction IN ('received', 'handed_over', 'returned')", name="receipts_direction"),
        CheckConstraint(
            "capacity IN ('client', 'court', 'arbitration', 'authority', 'opponent', 'other')",
            name="receipts_capacity",
        ),
        CheckConstraint("(signed_by IS NULL) = (signed_on IS NULL)", name="receipts_signature"),
        Index("receipts_dossier_id_serial", "dossier_id", "serial", unique=True),
    )

    id: UUID = Field(primary_key=True)
    dossier_id: UUID = Field(sa_column=Column(ForeignKey("dossiers.id"), nullable=False))
    serial: int
    direction: str = Field(sa_column=Column(Text, nullable=False))
    counterparty: str = Field(sa_column=Column(Text, nullable=False))
    capacity: str = Field(sa_column=Column(Text, nullable=False))
    client_id: UUID | None = Field(default=None, sa_column=Column(ForeignKey("clients.id")))
    passed_on: date
    place: str | None = Field(default=None, sa_column=Column(Text))
    signed_by: str | None = Field(default=None, sa_column=Column(Text))
    signed_on: date | None = None
    signature_entry_id: UUID | None = Field(default=None, sa_column=Column(ForeignKey("entries.id")))
    remarks: str | None = Field(default=None, sa_column=Column(Text))
    created_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class ReceiptItem(SQLModel, table=True):
    """A line of a receipt; `title` as it was signed for, `moves` where the entry's original changed hands."""

    __tablename__ = "receipt_items"
    __table_args__ = (Index("receipt_items_entry_id", "entry_id"),)

    receipt_id: UUID = Field(sa_column=Column(ForeignKey("receipts.id"), primary_key=True))
    position: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    entry_id: UUID = Field(sa_column=Column(ForeignKey("entries.id"), nullable=False))
    title: str = Field(sa_column=Column(Text, nullable=False))
    original: str = Field(sa_column=Column(Text, nullable=False))
    pages: int | None = None
    copies: int
    remarks: str | None = Field(default=None, sa_column=Column(Text))
    copy_entry_id: UUID | None = Field(default=None, sa_column=Column(ForeignKey("entries.id")))
    moves: bool = Field(sa_column=Column(Boolean, nullable=False))


class ReceiptCancellation(SQLModel, table=True):
    """That a receipt is wrong, and why; the receipt stays as it is."""

    __tablename__ = "receipt_cancellations"

    receipt_id: UUID = Field(sa_column=Column(ForeignKey("receipts.id"), primary_key=True))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    cancelled_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    cancelled_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class ReceiptSignature(SQLModel, table=True):
    """That a receipt was signed after it was printed; written once, beside the receipt."""

    __tablename__ = "receipt_signatures"

    receipt_id: UUID = Field(sa_column=Column(ForeignKey("receipts.id"), primary_key=True))
    signed_by: str = Field(sa_column=Column(Text, nullable=False))
    signed_on: date
    entry_id: UUID | None = Field(default=None, sa_column=Column(ForeignKey("entries.id")))
    recorded_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    recorded_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class OffVolumeObject(SQLModel, table=True):
    """An object that cannot be bound (卷外实物); `kept_at` is what its newest movement says."""

    __tablename__ = "off_volume_objects"
    __table_args__ = (Index("off_volume_objects_dossier_id_id", "dossier_id", "id"),)

    id: UUID = Field(primary_key=True)
    dossier_id: UUID = Field(sa_column=Column(ForeignKey("dossiers.id"), nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    quantity: str = Field(sa_column=Column(Text, nullable=False))
    specification: str | None = Field(default=None, sa_column=Column(Text))
    features: str | None = Field(default=None, sa_column=Column(Text))
    kept_at: str = Field(sa_column=Column(Text, nullable=False))
    quality_certificate: str | None = Field(default=None, sa_column=Column(Text))
    entry_id: UUID | None = Field(default=None, sa_column=Column(ForeignKey("entries.id")))
    created_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class ObjectMovement(SQLModel, table=True):
    """Where an off-volume object went, when, and in whose hands."""

    __tablename__ = "object_movements"
    __table_args__ = (Index("object_movements_object_id_id", "object_id", "id"),)

    id: UUID = Field(primary_key=True)
    object_id: UUID = Field(sa_column=Column(ForeignKey("off_volume_objects.id"), nullable=False))
    kept_at: str = Field(sa_column=Column(Text, nullable=False))
    moved_on: date
    moved_by: str = Field(sa_column=Column(Text, nullable=False))
    remarks: str | None = Field(default=None, sa_column=Column(Text))
    recorded_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    recorded_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class Mail(SQLModel, table=True):
    """An e-mail that was opened into entries; the message itself is the file of `entry_id`."""

    __tablename__ = "mails"
    __table_args__ = (Index("mails_dossier_id_message_id", "dossier_id", "message_id"),)

    entry_id: UUID = Field(sa_column=Column(ForeignKey("entries.id"), primary_key=True))
    dossier_id: UUID = Field(sa_column=Column(ForeignKey("dossiers.id"), nullable=False))
    message_id: str | None = Field(default=None, sa_column=Column(Text))
    sent_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    problem: str | None = Field(default=None, sa_column=Column(Text))


class MailAttachment(SQLModel, table=True):
    """That an entry is the attachment of a mail."""

    __tablename__ = "mail_attachments"
    __table_args__ = (Index("mail_attachments_mail_entry_id", "mail_entry_id", "position", unique=True),)

    entry_id: UUID = Field(sa_column=Column(ForeignKey("entries.id"), primary_key=True))
    mail_entry_id: UUID = Field(sa_column=Column(ForeignKey("mails.entry_id"), nullable=False))
    position: int
