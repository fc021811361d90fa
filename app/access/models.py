"""Tables of grants, access requests and walls.

Foreign keys by table name: dossiers and clients are rooms above this one. Rows are ended, never deleted, so that the
past can be asked about.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, ForeignKeyConstraint, Index, SmallInteger, Text
from sqlmodel import Field, SQLModel


class Grant(SQLModel, table=True):
    """Access of one person to one dossier for a time.

    `reaches` is the rank of the highest level that it opens, by who gave it: a lead lawyer up to confidential, a
    partner of his department or the director up to restricted, two people up to sealed. Date and number are the
    dossier's: by them a person's own grants are listed in order (`paths.py`).
    """

    __tablename__ = "grants"
    __table_args__ = (
        CheckConstraint("scope IN ('metadata', 'content')", name="grants_scope"),
        CheckConstraint("granted_as IN ('lead', 'partner', 'director')", name="grants_granted_as"),
        CheckConstraint("reaches BETWEEN 0 AND 4", name="grants_reaches"),
        CheckConstraint("granted_by <> user_id AND approved_by <> user_id", name="grants_not_to_oneself"),
        CheckConstraint("approved_by <> granted_by", name="grants_two_people"),
        CheckConstraint("reaches < 4 OR approved_by IS NOT NULL", name="grants_sealed_by_two"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="grants_ended"),
        Index("grants_dossier_id_id", "dossier_id", "id"),
        ForeignKeyConstraint(
            ["dossier_id", "opened_on", "number"],
            ["dossiers.id", "dossiers.opened_on", "dossiers.number"],
            name="grants_dossier",
            onupdate="CASCADE",
        ),
        Index("grants_user_id_dossier_id", "user_id", "dossier_id", postgresql_where="ended_at IS NULL"),
        Index("grants_user_id_opened_on", "user_id", "opened_on", "dossier_id", postgresql_where="ended_at IS NULL"),
        Index("grants_user_id_number", "user_id", "number", postgresql_where="ended_at IS NULL"),
        Index(
            "grants_access_request_id",
            "access_request_id",
            unique=True,
            postgresql_where="access_request_id IS NOT NULL",
        ),
    )

    id: UUID = Field(primary_key=True)
    dossier_id: UUID
    opened_on: date
    number: str = Field(sa_column=Column(Text, nullable=False))
    user_id: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    scope: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    reaches: int = Field(sa_column=Column(SmallInteger, nullable=False))
    granted_as: str = Field(sa_column=Column(Text, nullable=False))
    granted_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    granted_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    awaits_approval: bool = False
    approved_by: UUID | None = Field(default=None, sa_column=Column(ForeignKey("users.id")))
    approved_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    ended_by: UUID | None = Field(default=None, sa_column=Column(ForeignKey("users.id")))
    ended_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    end_reason: str | None = Field(default=None, sa_column=Column(Text))
    access_request_id: UUID | None = Field(default=None, sa_column=Column(ForeignKey("access_requests.id")))


class AccessRequest(SQLModel, table=True):
    """Somebody's wish to see or read a dossier, and what became of it."""

    __tablename__ = "access_requests"
    __table_args__ = (
        CheckConstraint("scope IN ('metadata', 'content')", name="access_requests_scope"),
        CheckConstraint("state IN ('pending', 'approved', 'refused')", name="access_requests_state"),
        CheckConstraint("(state = 'pending') = (decided_by IS NULL)", name="access_requests_decided"),
        CheckConstraint("decided_by <> requested_by", name="access_requests_two_people"),
        Index("access_requests_dossier_id_id", "dossier_id", "id"),
        Index("access_requests_requested_by_id", "requested_by", "id"),
        Index(
            "access_requests_pending", "dossier_id", "requested_by", unique=True, postgresql_where="state = 'pending'"
        ),
    )

    id: UUID = Field(primary_key=True)
    dossier_id: UUID = Field(sa_column=Column(ForeignKey("dossiers.id"), nullable=False))
    requested_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    requested_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    scope: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    until: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    decided_by: UUID | None = Field(default=None, sa_column=Column(ForeignKey("users.id")))
    decided_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    decision_reason: str | None = Field(default=None, sa_column=Column(Text))


class Wall(SQLModel, table=True):
    """An information barrier (信息隔离): people who are kept from clients and dossiers.

    `requested` ones keep nobody from anything until a security administrator puts them into force; `lifted` ones did.
    """

    __tablename__ = "walls"
    __table_args__ = (
        CheckConstraint("state IN ('requested', 'active', 'lifted')", name="walls_state"),
        CheckConstraint("until > effective_from", name="walls_period"),
        Index("walls_created_at_id", "created_at", "id"),
    )

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    effective_from: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    until: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    created_by: UUID = Field(sa_column=Column(ForeignKey("users.id"), nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class WallPerson(SQLModel, table=True):
    """Somebody who is kept out by a wall."""

    __tablename__ = "wall_people"
    __table_args__ = (Index("wall_people_user_id", "user_id", "wall_id"),)

    wall_id: UUID = Field(sa_column=Column(ForeignKey("walls.id"), primary_key=True))
    user_id: UUID = Field(sa_column=Column(ForeignKey("users.id"), primary_key=True))


class WallClient(SQLModel, table=True):
    """A client behind a wall, with all his dossiers."""

    __tablename__ = "wall_clients"
    __table_args__ = (Index("wall_clients_client_id", "client_id", "wall_id"),)

    wall_id: UUID = Field(sa_column=Column(ForeignKey("walls.id"), primary_key=True))
    client_id: UUID = Field(sa_column=Column(ForeignKey("clients.id"), primary_key=True))


class WallDossier(SQLModel, table=True):
    """A dossier behind a wall."""

    __tablename__ = "wall_dossiers"
    __table_args__ = (Index("wall_dossiers_dossier_id", "dossier_id", "wall_id"),)

    wall_id: UUID = Field(sa_column=Column(ForeignKey("walls.id"), primary_key=True))
    dossier_id: UUID = Field(sa_column=Column(ForeignKey("dossiers.id"), primary_key=True))
