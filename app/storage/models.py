"""The table of what a virus scanner says of stored objects."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Index, Text, text
from sqlmodel import Field, SQLModel


class Scan(SQLModel, table=True):
    """The newest verdict on one object, whatever record the object belongs to; all earlier ones are events.

    Apart from those records, for a verdict changes long after the dossier is frozen.
    """

    __tablename__ = "scans"
    __table_args__ = (
        CheckConstraint("state IN ('clean', 'pending', 'infected', 'unscannable', 'off')", name="scans_state"),
        CheckConstraint(
            "(released_at IS NULL) = (released_by IS NULL) AND (released_at IS NULL) = (release_reason IS NULL)",
            name="scans_release",
        ),
        Index("scans_object_key", "object_key", unique=True),
        Index("scans_waiting", "state", "next_try_at", postgresql_where=text("state IN ('pending', 'off')")),
        Index(
            "scans_judged", "database_version", "scanned_at", "id",
            postgresql_where=text("state IN ('clean', 'infected', 'unscannable')"),
        ),
        Index("scans_infected", "id", postgresql_where=text("state = 'infected'")),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    object_key: str = Field(sa_column=Column(Text, nullable=False))
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    sha256: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    detail: str | None = Field(default=None, sa_column=Column(Text))
    engine: str | None = Field(default=None, sa_column=Column(Text))
    database_version: int | None = None
    scanned_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    tries: int = 0
    next_try_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    released_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    released_by: UUID | None = None
    release_reason: str | None = Field(default=None, sa_column=Column(Text))
