"""Erasing personal data in sealed events: what was asked and decided, and the one function that erases."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "2026_11_28_redaction"
down_revision = "2026_11_28_witnesses"
branch_labels = None
depends_on = None

# The only way by which a sealed event is changed. It takes no text: what is erased was fixed when it was asked for, the
# marks are constants, the salt is drawn here. Once for each event of a request that somebody else has approved.
ERASE = """
CREATE FUNCTION anjuan_erase_event(redaction uuid, event uuid) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  mark CONSTANT text := '⟨erased⟩';
  hole CONSTANT jsonb := '{"erased": true}';
  asked public.event_redactions;
  was public.events;
  wanted text[];
  field text;
  place text[];
  erased text[] := '{}';
BEGIN
  SELECT * INTO asked FROM public.event_redactions r WHERE r.id = redaction FOR SHARE;
  IF asked.state IS DISTINCT FROM 'approved' THEN
    RAISE EXCEPTION 'redaction % is not approved', redaction USING ERRCODE = '55000';
  END IF;
  UPDATE public.event_redaction_items i SET erased_at = now()
    WHERE i.redaction_id = redaction AND i.event_id = event AND i.erased_at IS NULL RETURNING i.fields INTO wanted;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'redaction % does not cover event %, or has erased it', redaction, event USING ERRCODE = '55000';
  END IF;
  SELECT * INTO was FROM public.events v WHERE v.id = event FOR UPDATE;
  IF NOT FOUND THEN
    RETURN erased;
  END IF;
  IF was.type = 'event.redacted' THEN
    RAISE EXCEPTION 'event % tells of an erasure', event USING ERRCODE = '55000';
  END IF;
  IF NOT EXISTS (SELECT FROM public.event_leaves l WHERE l.event_id = event) THEN
    RAISE EXCEPTION 'event % is not sealed', event USING ERRCODE = '55000';
  END IF;
  IF ARRAY[asked.requested_by, asked.decided_by] && ARRAY[was.actor_id, was.via_id, was.subject_id] THEN
    RAISE EXCEPTION 'event % is of somebody who asked or approved', event USING ERRCODE = '55000';
  END IF;
  FOREACH field IN ARRAY wanted LOOP
    IF field = 'actor_name' AND was.actor_name <> mark THEN
      was.actor_name := mark;
    ELSIF field = 'via_name' AND was.via_name <> mark THEN
      was.via_name := mark;
    ELSIF field = 'subject_label' AND was.subject_label <> mark THEN
      was.subject_label := mark;
    ELSIF field = 'ip' AND was.ip <> mark THEN
      was.ip := mark;
    ELSIF field = 'user_agent' AND was.user_agent <> mark THEN
      was.user_agent := mark;
    ELSIF field = 'details' AND was.details NOT IN ('{}', hole) THEN
      was.details := hole;
    ELSIF starts_with(field, 'details/') THEN
      SELECT array_agg(replace(replace(part, '~1', '/'), '~0', '~') ORDER BY n) INTO place
        FROM unnest(string_to_array(substr(field, 9), '/')) WITH ORDINALITY AS parts (part, n);
      CONTINUE WHEN (was.details #> place <> hole) IS NOT TRUE;
      was.details := jsonb_set(was.details, place, hole, false);
    ELSE
      CONTINUE;
    END IF;
    erased := array_append(erased, field);
  END LOOP;
  IF erased <> '{}' THEN
    UPDATE public.events v SET actor_name = was.actor_name, via_name = was.via_name,
      subject_label = was.subject_label, ip = was.ip, user_agent = was.user_agent, details = was.details
      WHERE v.id = event;
    UPDATE public.event_leaves l
      SET salt = substr(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 1, 16)
      WHERE l.event_id = event;
  END IF;
  RETURN erased;
END $$
"""
# What two people decided stays decided, also for whoever has the application's role.
STEPS = """
CREATE FUNCTION anjuan_redaction_steps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'pending' THEN
      RAISE EXCEPTION 'a redaction begins as pending' USING ERRCODE = '55000';
    END IF;
  ELSIF OLD.state || ' ' || NEW.state NOT IN ('pending approved', 'pending refused', 'approved done')
      OR OLD.state = 'approved' AND (OLD.decided_by, OLD.decided_at) IS DISTINCT FROM (NEW.decided_by, NEW.decided_at)
      OR OLD.state = 'pending' AND OLD.expires_at <= now() THEN
    RAISE EXCEPTION 'redaction % can not become %', OLD.id, NEW.state USING ERRCODE = '55000';
  END IF;
  RETURN NEW;
END $$
"""
COVERED = """
CREATE FUNCTION anjuan_redaction_covered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Held, so that nothing joins while somebody decides.
  PERFORM FROM public.event_redactions r WHERE r.id = NEW.redaction_id AND r.state = 'pending' FOR SHARE;
  IF NOT FOUND OR NEW.erased_at IS NOT NULL THEN
    RAISE EXCEPTION 'what redaction % covers was fixed', NEW.redaction_id USING ERRCODE = '55000';
  END IF;
  RETURN NEW;
END $$
"""
# A month whose first events lie in the default partition stays there: making its partition would fail, and with it
# those of all months behind it, for ever.
PARTITIONS = """
CREATE OR REPLACE FUNCTION anjuan_make_event_partitions(ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  month timestamptz;
  partition text;
  bounds uuid[];
  made integer := 0;
BEGIN
  IF ahead NOT BETWEEN 0 AND 120 THEN
    RAISE EXCEPTION 'ahead is a number of months from 0 to 120';
  END IF;
  FOR step IN 0..ahead LOOP
    month := date_trunc('month', now(), 'UTC') + make_interval(months => step);
    partition := 'events_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
    IF to_regclass('public.' || partition) IS NULL THEN
      SELECT array_agg((lpad(to_hex((extract(epoch FROM edge) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid)
        INTO bounds FROM (VALUES (month), (month + interval '1 month')) AS edges (edge);
      BEGIN
        EXECUTE format(
          'CREATE TABLE public.%I PARTITION OF public.events FOR VALUES FROM (%L) TO (%L)',
          partition, bounds[1], bounds[2]);
        made := made + 1;
      EXCEPTION WHEN check_violation THEN
        RAISE NOTICE 'events of % lie in the default partition', partition;
      END;
    END IF;
  END LOOP;
  RETURN made;
END $$
"""


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "event_redactions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("filter", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("dossier_id", sa.Uuid(), nullable=True),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'approved', 'refused', 'done')", name="event_redactions_state"),
        sa.CheckConstraint("(state = 'pending') = (decided_by IS NULL)", name="event_redactions_decided"),
        sa.CheckConstraint("decided_by <> requested_by", name="event_redactions_two_people"),
        sa.CheckConstraint("(state = 'done') = (finished_at IS NOT NULL)", name="event_redactions_finished"),
        sa.ForeignKeyConstraint(["requested_by"], ["users.id"]),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "event_redaction_items",
        sa.Column("redaction_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["redaction_id"], ["event_redactions.id"]),
        sa.PrimaryKeyConstraint("redaction_id", "event_id"),
    )
    op.create_index(
        "event_redaction_items_left",
        "event_redaction_items",
        ["redaction_id", "event_id"],
        unique=False,
        postgresql_where="erased_at IS NULL",
    )
    for function in (ERASE, STEPS, COVERED, PARTITIONS):
        op.execute(function)
    op.execute("REVOKE ALL ON FUNCTION anjuan_erase_event FROM PUBLIC")
    op.execute(
        "CREATE TRIGGER event_redactions_steps BEFORE INSERT OR UPDATE ON event_redactions"
        " FOR EACH ROW EXECUTE FUNCTION anjuan_redaction_steps()"
    )
    op.execute(
        "CREATE TRIGGER event_redaction_items_covered BEFORE INSERT ON event_redaction_items"
        " FOR EACH ROW EXECUTE FUNCTION anjuan_redaction_covered()"
    )


def downgrade() -> None:
    """Go back to the schema before; how partitions are made stays mended."""
    op.execute("DROP FUNCTION anjuan_erase_event")
    op.drop_table("event_redaction_items")
    op.drop_table("event_redactions")
    op.execute("DROP FUNCTION anjuan_redaction_covered")
    op.execute("DROP FUNCTION anjuan_redaction_steps")
