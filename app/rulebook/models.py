"""The table of rules; a change is a new version, the highest of a kind is in force."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime, ForeignKey, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class RuleVersion(SQLModel, table=True):
    """One version of the rules of a kind; never changed, for acts were done under it."""

    __tablename__ = "rule_versions"

    kind: str = Field(sa_column=Column(Text, primary_key=True))
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    source: str = Field(sa_column=Column(Text, nullable=False))
    verified: bool
    changed_by: UUID | None = Field(default=None, sa_column=Column(ForeignKey("users.id")))
    changed_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
