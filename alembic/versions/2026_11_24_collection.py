"""Receipts and where originals are, off-volume objects and their movements, mails; and the first rules of collection."""

import json

import sqlalchemy as sa

from alembic import op

revision = "2026_11_24_collection"
down_revision = "2026_11_24_engagements"
branch_labels = None
depends_on = None

_COLLECTION = {"quiet_days": 60, "original_away_days": 180}
_INSERT = sa.text(
    "INSERT INTO rule_versions (kind, version, body, source, verified, changed_at)"
    " VALUES (:kind, 1, CAST(:body AS jsonb), :source, :verified, now())"
)


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "mails",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"]),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
        sa.PrimaryKeyConstraint("entry_id"),
    )
    op.create_index("mails_dossier_id_message_id", "mails", ["dossier_id", "message_id"], unique=False)
    op.create_table(
        "off_volume_objects",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("specification", sa.Text(), nullable=True),
        sa.Column("features", sa.Text(), nullable=True),
        sa.Column("kept_at", sa.Text(), nullable=False),
        sa.Column("quality_certificate", sa.Text(), nullable=True),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"]),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"]),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("off_volume_objects_dossier_id_id", "off_volume_objects", ["dossier_id", "id"], unique=False)
    op.create_table(
        "receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("counterparty", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("passed_on", sa.Date(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("signed_by", sa.Text(), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("signature_entry_id", sa.Uuid(), nullable=True),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "capacity IN ('client', 'court', 'arbitration', 'authority', 'opponent', 'other')", name="receipts_capacity"
        ),
        sa.CheckConstraint("direction IN ('received', 'handed_over', 'returned')", name="receipts_direction"),
        sa.CheckConstraint("(signed_by IS NULL) = (signed_on IS NULL)", name="receipts_signature"),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"]),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"]),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"]),
        sa.ForeignKeyConstraint(["signature_entry_id"], ["entries.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("receipts_dossier_id_serial", "receipts", ["dossier_id", "serial"], unique=True)
    op.create_table(
        "mail_attachments",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("mail_entry_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
        sa.ForeignKeyConstraint(["mail_entry_id"], ["mails.entry_id"]),
        sa.PrimaryKeyConstraint("entry_id"),
    )
    op.create_index("mail_attachments_mail_entry_id", "mail_attachments", ["mail_entry_id", "position"], unique=True)
    op.create_table(
        "object_movements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("kept_at", sa.Text(), nullable=False),
        sa.Column("moved_on", sa.Date(), nullable=False),
        sa.Column("moved_by", sa.Text(), nullable=False),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["object_id"], ["off_volume_objects.id"]),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("object_movements_object_id_id", "object_movements", ["object_id", "id"], unique=False)
    op.create_table(
        "receipt_cancellations",
        sa.Column("receipt_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cancelled_by", sa.Uuid(), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["cancelled_by"], ["users.id"]),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"]),
        sa.PrimaryKeyConstraint("receipt_id"),
    )
    op.create_table(
        "receipt_items",
        sa.Column("receipt_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("original", sa.Text(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("copy_entry_id", sa.Uuid(), nullable=True),
        sa.Column("moves", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["copy_entry_id"], ["entries.id"]),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"]),
        sa.PrimaryKeyConstraint("receipt_id", "position"),
    )
    op.create_table(
        "receipt_signatures",
        sa.Column("receipt_id", sa.Uuid(), nullable=False),
        sa.Column("signed_by", sa.Text(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"]),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"]),
        sa.PrimaryKeyConstraint("receipt_id"),
    )
    op.create_index("receipt_items_entry_id", "receipt_items", ["entry_id"], unique=False)
    op.execute(
        _INSERT.bindparams(
            kind="collection", body=json.dumps(_COLLECTION),
            source="本系统建议值,非法律规定(工作流程二:一事一收、及时归档)", verified=False,
        )
    )  # fmt: skip


def downgrade() -> None:
    """Go back to the schema before."""
    op.execute("DELETE FROM rule_versions WHERE kind = 'collection'")
    op.drop_table("receipt_signatures")
    op.drop_table("receipt_items")
    op.drop_table("receipt_cancellations")
    op.drop_table("object_movements")
    op.drop_table("mail_attachments")
    op.drop_table("receipts")
    op.drop_table("off_volume_objects")
    op.drop_table("mails")
