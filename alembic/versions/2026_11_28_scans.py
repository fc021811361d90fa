"""Verdicts of the virus scanner on all stored objects, in a table of their own."""

import sqlalchemy as sa

from alembic import op

revision = "2026_11_28_scans"
down_revision = "2026_11_28_lock_looks"
branch_labels = None
depends_on = None

_JUDGED = "state IN ('clean', 'infected', 'unscannable')"
# What is there already has been shown to no scanner yet; once one is set up, it is.
_THERE_ALREADY = """
INSERT INTO scans (id, object_key, size, sha256, state, tries, next_try_at)
SELECT gen_random_uuid(), o.key, o.size, o.sha256, o.scan, 0, now() FROM (
 SELECT object_key AS key, size, sha256, scan FROM files
 UNION ALL SELECT copy_key, copy_size, copy_sha256, 'off' FROM client_verifications WHERE copy_key IS NOT NULL
 UNION ALL SELECT copy_key, copy_size, copy_sha256, 'off' FROM client_consents WHERE copy_key IS NOT NULL
 UNION ALL SELECT key, size, sha256, 'off' FROM conflict_consents) o
"""


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "scans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("engine", sa.Text(), nullable=True),
        sa.Column("database_version", sa.Integer(), nullable=True),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.Uuid(), nullable=True),
        sa.Column("release_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('clean', 'pending', 'infected', 'unscannable', 'off')", name="scans_state"),
        sa.CheckConstraint(
            "(released_at IS NULL) = (released_by IS NULL) AND (released_at IS NULL) = (release_reason IS NULL)",
            name="scans_release",
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("scans_object_key", "scans", ["object_key"], unique=True)
    op.create_index(
        "scans_waiting", "scans", ["state", "next_try_at"], postgresql_where=sa.text("state IN ('pending', 'off')")
    )
    op.create_index(
        "scans_judged", "scans", ["database_version", "scanned_at", "id"], postgresql_where=sa.text(_JUDGED)
    )
    op.create_index("scans_infected", "scans", ["id"], postgresql_where=sa.text("state = 'infected'"))
    op.execute(_THERE_ALREADY)
    op.drop_constraint("files_scan", "files", type_="check")
    op.drop_column("files", "scan")


def downgrade() -> None:
    """Go back to the schema before."""
    op.add_column("files", sa.Column("scan", sa.Text(), nullable=False, server_default="off"))
    # The state of a file is no part of what is frozen.
    op.execute("ALTER TABLE files DISABLE TRIGGER frozen")
    op.execute("UPDATE files f SET scan = s.state FROM scans s WHERE s.object_key = f.object_key AND s.state <> 'off'")
    op.execute("ALTER TABLE files ENABLE TRIGGER frozen")
    op.alter_column("files", "scan", server_default=None)
    op.create_check_constraint("files_scan", "files", "scan IN ('clean', 'pending', 'infected', 'unscannable', 'off')")
    op.drop_table("scans")
