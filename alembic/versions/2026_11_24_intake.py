"""Intakes, what clients were told and agreed to, records of clients that were merged, and until when documents are good."""

import json

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "2026_11_24_intake"
down_revision = "2026_11_24_filing_checks"
branch_labels = None
depends_on = None

_CLIENT_DATA = {
    "organization": {
        "fields": ["identifiers", "contacts", "legal_representative", "registration"],
        "originals": [
            {
                "any_of": ["营业执照", "事业单位法人证书", "社会团体法人登记证书", "民办非企业单位登记证书"],
                "scan": True,
            },
            {"any_of": ["法定代表人身份证明", "居民身份证", "护照"], "scan": True},
        ],
    },
    "person": {
        "fields": ["identifiers", "contacts"],
        "originals": [
            {
                "any_of": [
                    "居民身份证",
                    "护照",
                    "港澳居民来往内地通行证",
                    "台湾居民来往大陆通行证",
                    "外国人永久居留身份证",
                    "户口簿",
                ],
                "scan": True,
            }
        ],
    },
    "expiring_days": 30,
}
_RULES = sa.text(
    "INSERT INTO rule_versions (kind, version, body, source, verified, changed_at)"
    " VALUES ('client_data', 1, CAST(:body AS jsonb), :source, false, now())"
).bindparams(body=json.dumps(_CLIENT_DATA), source="行业惯例:核对客户身份证件原件并留存复印件,无统一的法定清单")


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "client_consents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("covers", sa.Text(), nullable=False),
        sa.Column("purposes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("sensitive_categories", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("guardian_name", sa.Text(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("paper_reference", sa.Text(), nullable=True),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.Column("withdrawal_reason", sa.Text(), nullable=True),
        sa.Column("withdrawn_by", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("copy_key", sa.Text(), nullable=True),
        sa.Column("copy_name", sa.Text(), nullable=True),
        sa.Column("copy_media_type", sa.Text(), nullable=True),
        sa.Column("copy_size", sa.BigInteger(), nullable=True),
        sa.Column("copy_sha256", sa.Text(), nullable=True),
        sa.CheckConstraint("(given_by = 'guardian') = (guardian_name IS NOT NULL)", name="client_consents_guardian"),
        sa.CheckConstraint("given_by IN ('self', 'guardian')", name="client_consents_given_by"),
        sa.CheckConstraint(
            "kind IN ('processing', 'sensitive', 'giving_to_others', 'export', 'other')", name="client_consents_kind"
        ),
        sa.CheckConstraint("(withdrawn_on IS NULL) = (withdrawn_by IS NULL)", name="client_consents_withdrawn"),
        sa.CheckConstraint("valid_until >= given_on AND withdrawn_on >= given_on", name="client_consents_period"),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"]),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"]),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("client_consents_client_id_id", "client_consents", ["client_id", "id"])
    op.create_index(
        "client_consents_copy_key",
        "client_consents",
        ["copy_key"],
        unique=True,
        postgresql_where="copy_key IS NOT NULL",
    )
    op.create_table(
        "client_notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("text_reference", sa.Text(), nullable=False),
        sa.Column("retention_told", sa.Text(), nullable=True),
        sa.Column("contact_told", sa.Text(), nullable=True),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("form IN ('written', 'electronic', 'oral')", name="client_notices_form"),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"]),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("client_notices_client_id_id", "client_notices", ["client_id", "id"])
    op.create_table(
        "intakes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("came_on", sa.Date(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("visitor_name", sa.Text(), nullable=False),
        sa.Column("visitor_contact", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("visitor_relation", sa.Text(), nullable=True),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("received_by", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("dossier_id", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(state = 'engaged') = (dossier_id IS NOT NULL)", name="intakes_dossier"),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="intakes_decided_at"),
        sa.CheckConstraint("(state = 'open') = (decided_by IS NULL)", name="intakes_decided"),
        sa.CheckConstraint(
            "channel IN ('visit', 'phone', 'letter', 'mail', 'referral', 'online', 'other')", name="intakes_channel"
        ),
        sa.CheckConstraint("state IN ('open', 'engaged', 'declined', 'withdrawn', 'referred')", name="intakes_state"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"]),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"]),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"]),
        sa.ForeignKeyConstraint(["received_by"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("intakes_created_by_id", "intakes", ["created_by", "id"])
    op.create_index("intakes_dossier_id", "intakes", ["dossier_id"], postgresql_where="dossier_id IS NOT NULL")
    op.create_index("intakes_received_by_id", "intakes", ["received_by", "id"])
    op.create_table(
        "intake_clients",
        sa.Column("intake_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"]),
        sa.ForeignKeyConstraint(["intake_id"], ["intakes.id"]),
        sa.PrimaryKeyConstraint("intake_id", "client_id"),
    )
    op.create_index("intake_clients_client_id", "intake_clients", ["client_id", "intake_id"])
    op.add_column("client_verifications", sa.Column("valid_until", sa.Date(), nullable=True))
    op.add_column("clients", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.create_index("clients_merged_into", "clients", ["merged_into"], postgresql_where="merged_into IS NOT NULL")
    op.create_foreign_key("clients_merged_into_fkey", "clients", "clients", ["merged_into"], ["id"])
    op.create_check_constraint("clients_merged_into_another", "clients", "merged_into <> id")
    op.execute(_RULES)


def downgrade() -> None:
    """Go back to the schema before."""
    op.execute("DELETE FROM rule_versions WHERE kind = 'client_data'")
    op.drop_constraint("clients_merged_into_another", "clients", type_="check")
    op.drop_column("clients", "merged_into")
    op.drop_column("client_verifications", "valid_until")
    for table in ("intake_clients", "intakes", "client_notices", "client_consents"):
        op.drop_table(table)
