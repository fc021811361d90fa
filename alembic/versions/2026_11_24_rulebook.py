"""Rules that are no law become versioned data of declared kinds; the rules of filing are the first."""

import json

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "2026_11_24_rulebook"
down_revision = "2026_11_24_templates"
branch_labels = None
depends_on = None

_FILING = {
    "deadline_months": 3,
    "deadline_days": 0,
    "reminder_days": [30, 7, 0],
    "retention_classes": [
        {"code": "Y", "label": "永久", "years": None},
        {"code": "D30", "label": "长期(30年)", "years": 30},
        {"code": "D10", "label": "短期(10年)", "years": 10},
    ],
    "archive_number_rule": "{year}-{type}-{retention}-{serial:04d}",
    "sealed_archive_number_rule": "{year}-{type}-{retention}-M{serial:04d}",
    "archive_serial_scope": ["retention", "type", "year"],
}
_INSERT = sa.text(
    "INSERT INTO rule_versions (kind, version, body, source, verified, changed_at)"
    " VALUES (:kind, 1, CAST(:body AS jsonb), :source, :verified, now())"
)


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "rule_versions",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["changed_by"], ["users.id"]),
        sa.PrimaryKeyConstraint("kind", "version"),
    )
    op.execute(
        _INSERT.bindparams(
            kind="filing", body=json.dumps(_FILING), source="律师业务档案立卷归档办法(1991),办结后三个月内;保管期限代码参照 DA/T 13-2022",
            verified=False,
        )
    )  # fmt: skip


def downgrade() -> None:
    """Go back to the schema before."""
    op.drop_table("rule_versions")
