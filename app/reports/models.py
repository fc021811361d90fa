"""Table of the looks at the store's locks; only ever added to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, Text
from sqlmodel import Field, SQLModel


class LockLook(SQLModel, table=True):
    """What one look at the locks of the store found, and why they were not proven."""

    __tablename__ = "lock_looks"
    __table_args__ = (
        CheckConstraint("result IN ('proven', 'unable', 'lost', 'failed')", name="lock_looks_result"),
        CheckConstraint("(result = 'failed') = (failure IS NOT NULL)", name="lock_looks_failure"),
    )

    id: UUID = Field(primary_key=True)
    looked_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    result: str = Field(sa_column=Column(Text, nullable=False))
    versions: bool
    failure: str | None = Field(default=None, sa_column=Column(Text))
