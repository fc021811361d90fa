"""What each look at the locks of the store found."""

import sqlalchemy as sa

from alembic import op

revision = "2026_11_28_lock_looks"
down_revision = "2026_11_28_integrity"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "lock_looks",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("versions", sa.Boolean(), nullable=False),
        sa.Column("failure", sa.Text()),
        sa.CheckConstraint("result IN ('proven', 'unable', 'lost', 'failed')", name="lock_looks_result"),
        sa.CheckConstraint("(result = 'failed') = (failure IS NOT NULL)", name="lock_looks_failure"),
    )


def downgrade() -> None:
    """Go back to the schema before."""
    op.drop_table("lock_looks")
