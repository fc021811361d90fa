"""Resumable uploads and the pieces of them that are safe."""

import sqlalchemy as sa

from alembic import op

revision = "2026_11_28_uploads"
down_revision = "2026_11_28_scans"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("original_name", sa.Text(), nullable=False),
        sa.Column("declared_type", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("metadata_header", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('open', 'finished', 'ended')", name="uploads_state"),
        sa.CheckConstraint("received BETWEEN 0 AND length", name="uploads_received"),
        sa.CheckConstraint("digest IS NULL OR octet_length(digest) = 32", name="uploads_digest"),
        sa.CheckConstraint(
            "(state = 'finished') = (file_id IS NOT NULL) AND (state = 'ended') = (end_reason IS NOT NULL)"
            " AND (state = 'open') = (ended_at IS NULL)",
            name="uploads_ended",
        ),
        sa.CheckConstraint("state <> 'finished' OR received = length", name="uploads_whole"),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"]),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"]),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "uploads_expires_at", "uploads", ["expires_at"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.create_table(
        "upload_pieces",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.CheckConstraint("start >= 0 AND size > 0", name="upload_pieces_size"),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"]),
        sa.PrimaryKeyConstraint("upload_id", "start"),
    )
    op.create_index("upload_pieces_object_key", "upload_pieces", ["object_key"], unique=True)


def downgrade() -> None:
    op.drop_table("upload_pieces")
    op.drop_table("uploads")
