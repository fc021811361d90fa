"""Tables of entries, their reviews, preparation and files."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel


class Entry(SQLModel, table=True):
    """One piece of material (材料), a line of the contents list."""

    __tablename__ = "entries"
    __table_args__ = (
        CheckConstraint("confidentiality BETWEEN 0 AND 4", name="entries_confidentiality"),
        CheckConstraint("pages BETWEEN 1 AND 100000", name="entries_pages"),
        CheckConstraint("review IN ('unreviewed', 'kept', 'excluded')", name="entries_review"),
        Index("entries_dossier_id_id", "dossier_id", "id"),
        Index("entries_unreviewed", "dossier_id", postgresql_where=text("review = 'unreviewed'")),
    )

    id: UUID = Field(primary_key=True)
    dossier_id: UUID = Field(sa_column=Column(ForeignKey("dossiers.id"), nullable=False))
    title: str = Field(sa_column=Column(Text, nullable=False))
    category: str = Field(sa_column=Column(Text, nullable=False))
    document_number: str | None = Field(default=None, sa_column=Column(Text))
    responsible_party: str | None = Field(default=None, sa_column=Column(Text))
    formed_on: date | None = None
    pages: int | None = None
    pages_stated: bool = False
    original: str = Field(sa_column=Column(Text, nullable=False))
    confidentiality: int | None = Field(default=None, sa_column=Column(SmallInteger))
    stage: str | None = Field(default=None, sa_column=Column(Text))
    slot: str | None = Field(default=None, sa_column=Column(Text))
    position: int | None = None
    supplement_id: UUID | None = None
    remarks: str | None = Field(default=None, sa_column=Column(Text))
    review: str = Field(sa_column=Column(Text, nullable=False))
    created_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class EntryReview(SQLModel, table=True):
    """A judgement of an entry's authenticity, relevance and legality; later ones stand beside earlier ones.

    The newest one counts: an entry is superseded as long as it is that one which names the successor.
    """

    __tablename__ = "entry_reviews"
    __table_args__ = (
        CheckConstraint(
            "authenticity IN ('pass', 'doubt', 'fail') AND relevance IN ('pass', 'doubt', 'fail')"
            " AND legality IN ('pass', 'doubt', 'fail')",
            name="entry_reviews_judgements",
        ),
        CheckConstraint("decision IN ('keep', 'exclude')", name="entry_reviews_decision"),
        CheckConstraint("decision = 'keep' OR reason IS NOT NULL", name="entry_reviews_reason"),
        CheckConstraint("exclusion IS NULL OR decision = 'exclude'", name="entry_reviews_exclusion"),
        CheckConstraint(
            "superseded_by IS NULL OR (exclusion = 'superseded' AND superseded_by <> entry_id)",
            name="entry_reviews_superseded_by",
        ),
        Index("entry_reviews_entry_id_id", "entry_id", "id"),
        Index("entry_reviews_superseded_by", "superseded_by", postgresql_where=text("superseded_by IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    entry_id: UUID = Field(sa_column=Column(ForeignKey("entries.id"), nullable=False))
    authenticity: str = Field(sa_column=Column(Text, nullable=False))
    relevance: str = Field(sa_column=Column(Text, nullable=False))
    legality: str = Field(sa_column=Column(Text, nullable=False))
    decision: str = Field(sa_column=Column(Text, nullable=False))
    reason: str | None = Field(default=None, sa_column=Column(Text))
    exclusion: str | None = Field(default=None, sa_column=Column(Text))
    superseded_by: UUID | None = Field(default=None, sa_column=Column(ForeignKey("entries.id")))
    rules_version: int | None = None
    reviewed_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    reviewed_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class DuplicateDismissal(SQLModel, table=True):
    """Entries that a person judged to be no duplicates of each other; no two of them are proposed again."""

    __tablename__ = "duplicate_dismissals"
    __table_args__ = (
        CheckConstraint("cardinality(entry_ids) >= 2", name="duplicate_dismissals_entry_ids"),
        Index("duplicate_dismissals_dossier_id", "dossier_id"),
    )

    id: UUID = Field(primary_key=True)
    dossier_id: UUID = Field(sa_column=Column(ForeignKey("dossiers.id"), nullable=False))
    entry_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    dismissed_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    dismissed_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class EntryPreparation(SQLModel, table=True):
    """What was done to the paper of an entry before binding; `acts` are codes of the rules `preparation`."""

    __tablename__ = "entry_preparations"
    __table_args__ = (
        CheckConstraint("cardinality(acts) >= 1", name="entry_preparations_acts"),
        Index("entry_preparations_entry_id_id", "entry_id", "id"),
    )

    id: UUID = Field(primary_key=True)
    entry_id: UUID = Field(sa_column=Column(ForeignKey("entries.id"), nullable=False))
    acts: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    note: str | None = Field(default=None, sa_column=Column(Text))
    done_on: date
    rules_version: int
    noted_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    noted_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class FileVersion(SQLModel, table=True):
    """A version of an entry's file; the bytes are the object `object_key`, `sha256` is of the plain bytes."""

    __tablename__ = "files"
    __table_args__ = (
        CheckConstraint("size >= 0", name="files_size"),
        Index("files_entry_id_version", "entry_id", "version", unique=True),
        Index("files_dossier_id_sha256", "dossier_id", "sha256"),
        Index("files_object_key", "object_key", unique=True),
    )

    id: UUID = Field(primary_key=True)
    entry_id: UUID = Field(sa_column=Column(ForeignKey("entries.id"), nullable=False))
    dossier_id: UUID = Field(sa_column=Column(ForeignKey("dossiers.id"), nullable=False))
    version: int
    original_name: str = Field(sa_column=Column(Text, nullable=False))
    media_type: str = Field(sa_column=Column(Text, nullable=False))
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    sha256: str = Field(sa_column=Column(Text, nullable=False))
    pages: int | None = None
    object_key: str = Field(sa_column=Column(Text, nullable=False))
    created_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class SealedList(SQLModel, table=True):
    """A sealed contents list (封存的卷内目录): canonical bytes of the list and of all records that it stands for.

    Only ever added: a supplement or a correction makes the next version, earlier ones stay readable.
    """

    __tablename__ = "sealed_lists"
    __table_args__ = (
        CheckConstraint("reason IN ('acceptance', 'supplement', 'correction')", name="sealed_lists_reason"),
    )

    dossier_id: UUID = Field(sa_column=Column(ForeignKey("dossiers.id"), primary_key=True))
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    contents: bytes
    digest: str = Field(sa_column=Column(Text, nullable=False))
    records: bytes
    records_digest: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    supplement_id: UUID | None = None
    sealed_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    sealed_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
