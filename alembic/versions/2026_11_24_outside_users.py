"""Users of an outside OpenID Connect issuer: who they are there, and which token their roles are those of."""

import sqlalchemy as sa

from alembic import op

revision = "2026_11_24_outside_users"
down_revision = "2026_11_24_sessions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("users", sa.Column("issuer", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("subject", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("roles_as_of", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        "users_outside",
        "users",
        "(issuer IS NULL) = (subject IS NULL) AND (issuer IS NULL) = (roles_as_of IS NULL)",
    )
    op.create_check_constraint("users_outside_password", "users", "issuer IS NULL OR password_hash IS NULL")
    op.create_index(
        "users_issuer_subject", "users", ["issuer", "subject"], unique=True, postgresql_where="issuer IS NOT NULL"
    )


def downgrade() -> None:
    """Go back to the schema before; users of the outside issuer stay, without a way to log in."""
    op.drop_index("users_issuer_subject", table_name="users", postgresql_where="issuer IS NOT NULL")
    op.drop_constraint("users_outside_password", "users", type_="check")
    op.drop_constraint("users_outside", "users", type_="check")
    op.drop_column("users", "roles_as_of")
    op.drop_column("users", "subject")
    op.drop_column("users", "issuer")
