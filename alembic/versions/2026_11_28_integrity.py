"""Integrity: runs of the check, what they found, and when each object was last read."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "2026_11_28_integrity"
down_revision = "2026_11_24_filing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "integrity_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("abandoned", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('quick', 'deep', 'scheduled')", name="integrity_runs_kind"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "integrity_runs_unfinished", "integrity_runs", ["kind"], unique=True, postgresql_where="finished_at IS NULL"
    )
    op.create_table(
        "integrity_findings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("last_run_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("dossier_id", sa.Uuid(), nullable=True),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('missing', 'corrupt', 'orphan')", name="integrity_findings_kind"),
        sa.ForeignKeyConstraint(["run_id"], ["integrity_runs.id"]),
        sa.ForeignKeyConstraint(["last_run_id"], ["integrity_runs.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "integrity_findings_open", "integrity_findings", ["object_key"], unique=True,
        postgresql_where="resolved_at IS NULL",
    )  # fmt: skip
    op.create_table(
        "object_checks",
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint("outcome IN ('sound', 'missing', 'corrupt')", name="object_checks_outcome"),
        sa.CheckConstraint("(checked_at IS NULL) = (outcome IS NULL)", name="object_checks_checked"),
        sa.PrimaryKeyConstraint("object_key"),
    )


def downgrade() -> None:
    """Go back to the schema before."""
    op.drop_table("object_checks")
    op.drop_table("integrity_findings")
    op.drop_table("integrity_runs")
