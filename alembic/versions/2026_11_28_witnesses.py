"""Witnesses of the ledger: what each has cosigned."""

import sqlalchemy as sa

from alembic import op

revision = "2026_11_28_witnesses"
down_revision = "2026_11_28_ledger"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_witnesses",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("cosigned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("other_history", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.CheckConstraint("size >= 0", name="ledger_witnesses_size"),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    op.drop_table("ledger_witnesses")
