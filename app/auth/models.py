"""Tables of users, their sessions and refresh tokens, failed logins, and what roles and programs may reach."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, LargeBinary, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel


class User(SQLModel, table=True):
    """A person or a program that may log in. Never deleted: events and dossiers name it for decades.

    `issuer` and `subject` name a person of an outside issuer there; `roles_as_of` is the time of the newest token,
    whose roles he has.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("kind IN ('person', 'service')", name="users_kind"),
        CheckConstraint(
            "(issuer IS NULL) = (subject IS NULL) AND (issuer IS NULL) = (roles_as_of IS NULL)", name="users_outside"
        ),
        CheckConstraint("issuer IS NULL OR password_hash IS NULL", name="users_outside_password"),
        Index("users_username", "username", unique=True),
        Index("users_issuer_subject", "issuer", "subject", unique=True, postgresql_where="issuer IS NOT NULL"),
        Index("users_lawyer_code", "lawyer_code", unique=True, postgresql_where="lawyer_code IS NOT NULL"),
        Index("users_display_name_id", "display_name", "id"),
    )

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_column=Column(Text, nullable=False))
    username: str = Field(sa_column=Column(Text, nullable=False))
    display_name: str = Field(sa_column=Column(Text, nullable=False))
    password_hash: str | None = Field(default=None, sa_column=Column(Text))
    roles: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    department: str | None = Field(default=None, sa_column=Column(Text))
    lawyer_code: str | None = Field(default=None, sa_column=Column(Text))
    active: bool = True
    must_change_password: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    issuer: str | None = Field(default=None, sa_column=Column(Text))
    subject: str | None = Field(default=None, sa_column=Column(Text))
    roles_as_of: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    tokens_valid_from: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    created_by: UUID | None = None
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class UserSession(SQLModel, table=True):
    """One login and all tokens that came of it; kept some days after its end, so that it can be looked into."""

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint(
            "ended_because IN ('logged_out', 'ended_by_user', 'refresh_reused', 'password_changed', 'password_reset',"
            " 'user_disabled', 'revoked')",
            name="sessions_ended_because",
        ),
        CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name="sessions_ended"),
        Index("sessions_user_id_id", "user_id", "id", postgresql_where="ended_at IS NULL"),
        Index("sessions_expires_at", "expires_at"),
    )

    id: UUID = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="users.id")
    began_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    refreshed_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    ended_because: str | None = Field(default=None, sa_column=Column(Text))
    ip: str | None = Field(default=None, sa_column=Column(Text))
    user_agent: str | None = Field(default=None, sa_column=Column(Text))


class RefreshToken(SQLModel, table=True):
    """A refresh token's SHA-256, never the token; used ones stay as long as their session, to know them again."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        CheckConstraint("octet_length(digest) = 32", name="refresh_tokens_digest"),
        Index("refresh_tokens_session_id", "session_id"),
    )

    digest: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    session_id: UUID = Field(foreign_key="sessions.id")
    issued_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class LoginThrottle(SQLModel, table=True):
    """Failures of a login name or of an address in a row; kept for unknown names too, so that they look alike.

    A name is kept as its SHA-256 in hex: people type passwords into the wrong field.
    """

    __tablename__ = "login_throttle"
    __table_args__ = (CheckConstraint("kind IN ('name', 'address')", name="login_throttle_kind"),)

    kind: str = Field(sa_column=Column(Text, primary_key=True))
    key: str = Field(sa_column=Column(Text, primary_key=True))
    failures: int
    locks: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    paused_until: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class RoleClearance(SQLModel, table=True):
    """The highest level that a role opens; the firm edits it."""

    __tablename__ = "role_clearances"
    __table_args__ = (CheckConstraint("level BETWEEN 0 AND 4", name="role_clearances_level"),)

    role: str = Field(sa_column=Column(Text, primary_key=True))
    level: int = Field(sa_column=Column(SmallInteger, nullable=False))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class Integration(SQLModel, table=True):
    """What a program with the role `integration` may see and do, as the firm configured it."""

    __tablename__ = "integrations"
    __table_args__ = (
        CheckConstraint("level BETWEEN 0 AND 4", name="integrations_level"),
        CheckConstraint("sees IN ('created', 'matching')", name="integrations_sees"),
    )

    user_id: UUID = Field(sa_column=Column(ForeignKey("users.id"), primary_key=True))
    level: int = Field(sa_column=Column(SmallInteger, nullable=False))
    sees: str = Field(sa_column=Column(Text, nullable=False))
    matter_types: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    departments: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    content: bool
    on_behalf: bool
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
