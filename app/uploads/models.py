"""Tables of uploads under way."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, Index, Text, text
from sqlmodel import Field, SQLModel


class Upload(SQLModel, table=True):
    """A file of an entry on its way in; `received` of its `length` bytes are safe.

    `digest` is the announced SHA-256; `metadata_header` the header Upload-Metadata as the client sent it.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'finished', 'ended')", name="uploads_state"),
        CheckConstraint("received BETWEEN 0 AND length", name="uploads_received"),
        CheckConstraint("digest IS NULL OR octet_length(digest) = 32", name="uploads_digest"),
        CheckConstraint(
            "(state = 'finished') = (file_id IS NOT NULL) AND (state = 'ended') = (end_reason IS NOT NULL)"
            " AND (state = 'open') = (ended_at IS NULL)",
            name="uploads_ended",
        ),
        # The last byte is acknowledged together with the file.
        CheckConstraint("state <> 'finished' OR received = length", name="uploads_whole"),
        Index("uploads_expires_at", "expires_at", postgresql_where=text("state = 'open'")),
    )

    id: UUID = Field(primary_key=True)
    entry_id: UUID = Field(sa_column=Column(ForeignKey("entries.id"), nullable=False))
    dossier_id: UUID = Field(sa_column=Column(ForeignKey("dossiers.id"), nullable=False))
    created_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    length: int = Field(sa_column=Column(BigInteger, nullable=False))
    received: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    original_name: str = Field(sa_column=Column(Text, nullable=False))
    declared_type: str = Field(sa_column=Column(Text, nullable=False))
    digest: bytes | None = None
    metadata_header: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    end_reason: str | None = Field(default=None, sa_column=Column(Text))
    file_id: UUID | None = Field(default=None, sa_column=Column(ForeignKey("files.id")))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class UploadPiece(SQLModel, table=True):
    """Bytes of an upload that are safe: `size` from `start` on are the object `object_key`."""

    __tablename__ = "upload_pieces"
    __table_args__ = (
        CheckConstraint("start >= 0 AND size > 0", name="upload_pieces_size"),
        Index("upload_pieces_object_key", "object_key", unique=True),
    )

    upload_id: UUID = Field(sa_column=Column(ForeignKey("uploads.id"), primary_key=True))
    start: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    sha256: str = Field(sa_column=Column(Text, nullable=False))
    object_key: str = Field(sa_column=Column(Text, nullable=False))
