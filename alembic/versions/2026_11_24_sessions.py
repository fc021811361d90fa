"""Sessions and refresh tokens; passwords that must be changed; failed logins counted by name and by address."""

import sqlalchemy as sa

from alembic import op

revision = "2026_11_24_sessions"
down_revision = "2026_11_24_access"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this schema; who is logged in logs in anew, for his token belongs to no session."""
    op.add_column(
        "users", sa.Column("must_change_password", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "ended_because IN ('logged_out', 'ended_by_user', 'refresh_reused', 'password_changed', 'password_reset',"
            " 'user_disabled', 'revoked')",
            name="sessions_ended_because",
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name="sessions_ended"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("sessions_user_id_id", "sessions", ["user_id", "id"], postgresql_where="ended_at IS NULL")
    op.create_index("sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "refresh_tokens",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("octet_length(digest) = 32", name="refresh_tokens_digest"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"]),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("refresh_tokens_session_id", "refresh_tokens", ["session_id"])
    # Counts of a day at most, by names in clear: they are not worth taking over.
    op.drop_table("login_throttle")
    op.create_table(
        "login_throttle",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locks", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('name', 'address')", name="login_throttle_kind"),
        sa.PrimaryKeyConstraint("kind", "key"),
    )


def downgrade() -> None:
    """Go back; all sessions and counts are forgotten."""
    op.drop_table("login_throttle")
    op.create_table(
        "login_throttle",
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("username"),
    )
    op.drop_table("refresh_tokens")
    op.drop_table("sessions")
    op.drop_column("users", "must_change_password")
