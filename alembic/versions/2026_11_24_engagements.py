"""Engagements, the changes of a mandate, and the rules of what they need."""

import json

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "2026_11_24_engagements"
down_revision = "2026_11_24_review"
branch_labels = None
depends_on = None

_INSTRUCTED = ["contract", "appointment"]
_TRIBUNAL = [_INSTRUCTED, ["power_of_attorney"]]
_PAPER = ["dated", "entry", "file"]
_RULES = {
    "needs": {
        "criminal": [_INSTRUCTED, ["power_of_attorney", "appointment"]],
        "civil": _TRIBUNAL, "administrative": _TRIBUNAL, "arbitration": _TRIBUNAL, "enforcement": _TRIBUNAL,
        "intellectual_property": _TRIBUNAL, "non_litigation": [["contract"]], "consulting": [["contract"]],
        "foreign": [["contract"]], "retainer": [["contract"], ["retainer_letter"]],
    },
    "checks": {
        "contract": ["client_signed", "firm_signed", "fee", "not_expired", *_PAPER],
        "power_of_attorney": [
            "client_signed", "attorneys", "scope", "special_powers", "not_expired", *_PAPER,
        ],
        "appointment": ["attorneys", *_PAPER],
        "retainer_letter": ["client_signed", *_PAPER],
    },
    "special_powers": [
        {"code": "admit_claims", "en": "Admit claims", "zh": "承认诉讼请求"},
        {"code": "change_claims", "en": "Change claims", "zh": "变更诉讼请求"},
        {"code": "waive_claims", "en": "Waive claims", "zh": "放弃诉讼请求"},
        {"code": "settle", "en": "Settle", "zh": "进行和解"},
        {"code": "counterclaim", "en": "Bring a counterclaim", "zh": "提起反诉"},
        {"code": "appeal", "en": "Appeal", "zh": "提起上诉"},
    ],
}  # fmt: skip
_INSERT = sa.text(
    "INSERT INTO rule_versions (kind, version, body, source, verified, changed_at)"
    " VALUES (:kind, 1, CAST(:body AS jsonb), :source, :verified, now())"
)


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "engagements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("parties", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("signers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("dated_on", sa.Date(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("special_powers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("attorneys", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stages", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("fee", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("contract_number", sa.Text(), nullable=True),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(state = 'ended') = (ended_on IS NOT NULL)", name="engagements_ended_on"),
        sa.CheckConstraint(
            "kind IN ('contract', 'power_of_attorney', 'appointment', 'retainer_letter')", name="engagements_kind"
        ),
        sa.CheckConstraint("scope IN ('general', 'special')", name="engagements_scope"),
        sa.CheckConstraint("state IN ('in_force', 'ended')", name="engagements_state"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"]),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"]),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("engagements_dossier_id_serial", "engagements", ["dossier_id", "serial"], unique=True)
    op.create_table(
        "engagement_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("engagement_id", sa.Uuid(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_whom", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("consent_entry_id", sa.Uuid(), nullable=True),
        sa.Column("urgent_reason", sa.Text(), nullable=True),
        sa.Column("changed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("by_whom IN ('client', 'firm', 'agreement', 'law')", name="engagement_changes_by_whom"),
        sa.CheckConstraint(
            "kind IN ('amendment', 'substitution', 'termination', 'extension', 'partial_withdrawal')",
            name="engagement_changes_kind",
        ),
        sa.ForeignKeyConstraint(["consent_entry_id"], ["entries.id"]),
        sa.ForeignKeyConstraint(["engagement_id"], ["engagements.id"]),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "engagement_changes_engagement_id_serial", "engagement_changes", ["engagement_id", "serial"], unique=True
    )
    op.execute(
        _INSERT.bindparams(
            kind="engagement", body=json.dumps(_RULES),
            source="律师法第二十五条;律师业务档案立卷归档办法(1991)第十二条;民事诉讼法关于特别授权的规定", verified=False,
        )
    )  # fmt: skip


def downgrade() -> None:
    """Go back to the schema before."""
    op.drop_table("engagement_changes")
    op.drop_table("engagements")
    op.execute("DELETE FROM rule_versions WHERE kind = 'engagement'")
