"""The ledger: the queue that every event joins in its own transaction, leaves, and the head."""

import sqlalchemy as sa

from alembic import op

revision = "2026_11_28_ledger"
down_revision = "2026_11_28_uploads"
branch_labels = None
depends_on = None

# One call for each statement, not for each row; it runs as the owner, so nobody adds an event without it.
QUEUE = """
CREATE FUNCTION anjuan_queue_events() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO public.event_queue (event_id) SELECT id FROM fresh;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "event_queue",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
    )
    # Every row is removed within a second, so the table is nothing but dead rows unless they are cleared often.
    op.execute("ALTER TABLE event_queue SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000)")
    op.create_table(
        "event_leaves",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("leaf_index >= 0", name="event_leaves_index"),
        sa.PrimaryKeyConstraint("event_id"),
        sa.UniqueConstraint("leaf_index"),
    )
    op.create_table(
        "ledger_head",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("pending", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seal_seconds", sa.Float(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.CheckConstraint("id = 1", name="ledger_head_one"),
        sa.CheckConstraint("0 <= published AND published <= size", name="ledger_head_size"),
        sa.CheckConstraint("(published < size) = (pending IS NOT NULL)", name="ledger_head_pending"),
        sa.CheckConstraint("octet_length(root) = 32", name="ledger_head_root"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute("INSERT INTO ledger_head (id, size, published, root) VALUES (1, 0, 0, sha256(''))")
    op.execute(QUEUE)
    op.execute("REVOKE ALL ON FUNCTION anjuan_queue_events FROM PUBLIC")
    op.execute(
        "CREATE TRIGGER events_queue AFTER INSERT ON events REFERENCING NEW TABLE AS fresh"
        " FOR EACH STATEMENT EXECUTE FUNCTION anjuan_queue_events()"
    )
    op.execute("INSERT INTO event_queue (event_id) SELECT id FROM events")


def downgrade() -> None:
    op.execute("DROP TRIGGER events_queue ON events")
    op.execute("DROP FUNCTION anjuan_queue_events")
    op.drop_table("ledger_head")
    op.drop_table("event_leaves")
    op.drop_table("event_queue")
