"""Filing: submissions, archive numbers, seals, notes to file, supplements; frozen content is kept so by the database."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "2026_11_24_filing"
down_revision = "2026_11_24_conflicts"
branch_labels = None
depends_on = None

# Whatever comes past the service: material of a dossier that was handed in does not change. It shows nothing but that
# to whoever tries, and is lifted by nobody but who may alter the tables themselves; then the seal's check tells.
_FUNCTIONS = (
    """
CREATE FUNCTION anjuan_require_taking(about uuid, supplement uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE held record;
BEGIN
  SELECT d.number, d.state, d.open_supplement_id INTO held FROM dossiers d WHERE d.id = about;
  IF held.state IN ('open', 'returned') THEN RETURN; END IF;
  IF held.state = 'filed' AND supplement = held.open_supplement_id THEN RETURN; END IF;
  RAISE EXCEPTION 'dossier % is %: its material is frozen', held.number, held.state USING ERRCODE = 'AJ001';
END $$
""",
    """
CREATE FUNCTION anjuan_freeze_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN PERFORM anjuan_require_taking(OLD.dossier_id, OLD.supplement_id); END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  PERFORM anjuan_require_taking(NEW.dossier_id, NEW.supplement_id);
  RETURN NEW;
END $$
""",
    """
CREATE FUNCTION anjuan_freeze_parts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    PERFORM anjuan_require_taking(e.dossier_id, e.supplement_id) FROM entries e WHERE e.id = OLD.entry_id;
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  PERFORM anjuan_require_taking(e.dossier_id, e.supplement_id) FROM entries e WHERE e.id = NEW.entry_id;
  RETURN NEW;
END $$
""",
    """
CREATE FUNCTION anjuan_freeze_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN PERFORM anjuan_require_taking(OLD.dossier_id, NULL); END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  PERFORM anjuan_require_taking(NEW.dossier_id, NULL);
  RETURN NEW;
END $$
""",
    """
CREATE FUNCTION anjuan_freeze_mandates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    PERFORM anjuan_require_taking(g.dossier_id, NULL) FROM engagements g WHERE g.id = OLD.engagement_id;
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  PERFORM anjuan_require_taking(g.dossier_id, NULL) FROM engagements g WHERE g.id = NEW.engagement_id;
  RETURN NEW;
END $$
""",
    """
CREATE FUNCTION anjuan_freeze_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state IN ('returned', 'accepted', 'refused', 'completed', 'withdrawn') THEN
    RAISE EXCEPTION '% of dossier % is %: what was decided is frozen', TG_TABLE_NAME, OLD.dossier_id, OLD.state
      USING ERRCODE = 'AJ001';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$
""",
    """
CREATE FUNCTION anjuan_freeze_dossiers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.number <> OLD.number OR NEW.archive_number IS DISTINCT FROM OLD.archive_number
     AND OLD.archive_number IS NOT NULL THEN
    RAISE EXCEPTION 'dossier %: numbers never change', OLD.number USING ERRCODE = 'AJ002';
  END IF;
  IF OLD.state IN ('filed', 'transferred', 'destroyed') AND NEW.state NOT IN ('filed', 'transferred', 'destroyed') THEN
    RAISE EXCEPTION 'dossier % is %: it stays in the archive', OLD.number, OLD.state USING ERRCODE = 'AJ002';
  END IF;
  IF OLD.state NOT IN ('open', 'returned') AND
     (NEW.matter_type, NEW.cause, NEW.title, NEW.court, NEW.instance, NEW.court_case_number, NEW.contract_number,
      NEW.remarks, NEW.opposing_parties, NEW.related_parties, NEW.opened_on, NEW.closed_on, NEW.result,
      NEW.arrangement_mode, NEW.template_id) IS DISTINCT FROM
     (OLD.matter_type, OLD.cause, OLD.title, OLD.court, OLD.instance, OLD.court_case_number, OLD.contract_number,
      OLD.remarks, OLD.opposing_parties, OLD.related_parties, OLD.opened_on, OLD.closed_on, OLD.result,
      OLD.arrangement_mode, OLD.template_id) THEN
    RAISE EXCEPTION 'dossier % is %: its cover is frozen', OLD.number, OLD.state USING ERRCODE = 'AJ001';
  END IF;
  RETURN NEW;
END $$
""",
)
_EVERY = "INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}"
# A receipt of what comes back, a signature and a cancellation may still be written down; where an object is kept goes on.
_TRIGGERS = {
    "entries": _EVERY.format(table="entries", function="anjuan_freeze_entries()"),
    "files": _EVERY.format(table="files", function="anjuan_freeze_parts()"),
    "entry_reviews": _EVERY.format(table="entry_reviews", function="anjuan_freeze_parts()"),
    "entry_preparations": _EVERY.format(table="entry_preparations", function="anjuan_freeze_parts()"),
    "mails": _EVERY.format(table="mails", function="anjuan_freeze_parts()"),
    "mail_attachments": _EVERY.format(table="mail_attachments", function="anjuan_freeze_parts()"),
    "receipt_items": "UPDATE OR DELETE ON receipt_items FOR EACH ROW EXECUTE FUNCTION anjuan_freeze_parts()",
    "receipts": "UPDATE OR DELETE ON receipts FOR EACH ROW EXECUTE FUNCTION anjuan_freeze_held()",
    "duplicate_dismissals": _EVERY.format(table="duplicate_dismissals", function="anjuan_freeze_held()"),
    "engagements": _EVERY.format(table="engagements", function="anjuan_freeze_held()"),
    "engagement_changes": _EVERY.format(table="engagement_changes", function="anjuan_freeze_mandates()"),
    "off_volume_objects": (
        "INSERT OR DELETE OR UPDATE OF dossier_id, name, quantity, specification, features, quality_certificate,"
        " entry_id, created_by, created_at ON off_volume_objects FOR EACH ROW EXECUTE FUNCTION anjuan_freeze_held()"
    ),
    "submissions": "UPDATE OR DELETE ON submissions FOR EACH ROW EXECUTE FUNCTION anjuan_freeze_decided()",
    "supplements": "UPDATE OR DELETE ON supplements FOR EACH ROW EXECUTE FUNCTION anjuan_freeze_decided()",
    "dossiers": "UPDATE ON dossiers FOR EACH ROW EXECUTE FUNCTION anjuan_freeze_dossiers()",
}
# Nothing leaves by a receipt once a dossier was handed in.
_LEAVING = "INSERT ON receipts FOR EACH ROW WHEN (NEW.direction <> 'received') EXECUTE FUNCTION anjuan_freeze_held()"
_THAW = (
    "anjuan_freeze_decided()",
    "anjuan_freeze_mandates()",
    "anjuan_freeze_held()",
    "anjuan_freeze_dossiers()",
    "anjuan_freeze_parts()",
    "anjuan_freeze_entries()",
    "anjuan_require_taking(uuid, uuid)",
)


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "archive_numbers",
        sa.Column("archive_number", sa.Text(), nullable=False),
        sa.Column("series_key", sa.Text(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["dossier_id"],
            ["dossiers.id"],
        ),
        sa.ForeignKeyConstraint(
            ["series_key"],
            ["number_series.key"],
        ),
        sa.PrimaryKeyConstraint("archive_number"),
    )
    op.create_index("archive_numbers_dossier_id", "archive_numbers", ["dossier_id"], unique=True)
    op.create_index("archive_numbers_series_key_serial", "archive_numbers", ["series_key", "serial"], unique=True)
    op.create_table(
        "notes_to_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("noted_on", sa.Date(), nullable=False),
        sa.Column("compiler_id", sa.Uuid(), nullable=True),
        sa.Column("inspector_id", sa.Uuid(), nullable=True),
        sa.Column("noted_by", sa.Uuid(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('filing', 'custody', 'supplement', 'correction', 'movement', 'other')", name="notes_to_file_kind"
        ),
        sa.ForeignKeyConstraint(
            ["compiler_id"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["dossier_id"],
            ["dossiers.id"],
        ),
        sa.ForeignKeyConstraint(
            ["inspector_id"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["noted_by"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("notes_to_file_dossier_id_id", "notes_to_file", ["dossier_id", "id"], unique=False)
    op.create_table(
        "sealed_lists",
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("contents", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("records", sa.LargeBinary(), nullable=False),
        sa.Column("records_digest", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("supplement_id", sa.Uuid(), nullable=True),
        sa.Column("sealed_by", sa.Uuid(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason IN ('acceptance', 'supplement', 'correction')", name="sealed_lists_reason"),
        sa.ForeignKeyConstraint(
            ["dossier_id"],
            ["dossiers.id"],
        ),
        sa.ForeignKeyConstraint(
            ["sealed_by"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("dossier_id", "version"),
    )
    op.create_table(
        "submissions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("submitted_by", sa.Uuid(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("compiler_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_retention", sa.Text(), nullable=False),
        sa.Column("retention_reason", sa.Text(), nullable=False),
        sa.Column("declared_entries", sa.Integer(), nullable=True),
        sa.Column("declared_pages", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("late_reason", sa.Text(), nullable=True),
        sa.Column("late_decision", sa.Text(), nullable=True),
        sa.Column("late_decided_by", sa.Uuid(), nullable=True),
        sa.Column("late_decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("late_decision_reason", sa.Text(), nullable=True),
        sa.Column("confirmed_retention", sa.Text(), nullable=True),
        sa.Column("retention_confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("retention_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("return_reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("late_decision IN ('approve', 'refuse')", name="submissions_late_decision"),
        sa.CheckConstraint("state IN ('pending', 'returned', 'accepted')", name="submissions_state"),
        sa.CheckConstraint("late_reason IS NOT NULL OR late_decision IS NULL", name="submissions_late"),
        sa.ForeignKeyConstraint(
            ["compiler_id"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["dossier_id"],
            ["dossiers.id"],
        ),
        sa.ForeignKeyConstraint(
            ["late_decided_by"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["retention_confirmed_by"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("submissions_dossier_id_round", "submissions", ["dossier_id", "round"], unique=True)
    op.create_index(
        "submissions_pending", "submissions", ["dossier_id"], unique=True, postgresql_where="state = 'pending'"
    )
    op.create_table(
        "supplements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("corrections", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("completed_by", sa.Uuid(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seal_version", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind IN ('addition', 'correction')", name="supplements_kind"),
        sa.CheckConstraint(
            "state IN ('proposed', 'refused', 'approved', 'completed', 'withdrawn')", name="supplements_state"
        ),
        sa.ForeignKeyConstraint(
            ["completed_by"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["dossier_id"],
            ["dossiers.id"],
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("supplements_dossier_id_serial", "supplements", ["dossier_id", "serial"], unique=True)
    op.create_index(
        "supplements_under_way",
        "supplements",
        ["dossier_id"],
        unique=True,
        postgresql_where="state IN ('proposed', 'approved')",
    )
    op.create_table(
        "filing_reminders",
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("days_before", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"]),
        sa.PrimaryKeyConstraint("dossier_id", "due_on", "days_before"),
    )
    op.add_column("dossiers", sa.Column("closed_on", sa.Date(), nullable=True))
    op.add_column("dossiers", sa.Column("result", sa.Text(), nullable=True))
    op.add_column("dossiers", sa.Column("filing_due_on", sa.Date(), nullable=True))
    op.add_column("dossiers", sa.Column("filing_rules_version", sa.Integer(), nullable=True))
    op.add_column("dossiers", sa.Column("filed_on", sa.Date(), nullable=True))
    op.add_column("dossiers", sa.Column("archive_number", sa.Text(), nullable=True))
    op.add_column("dossiers", sa.Column("retention_code", sa.Text(), nullable=True))
    op.add_column("dossiers", sa.Column("open_supplement_id", sa.Uuid(), nullable=True))
    op.create_index("dossiers_archive_number", "dossiers", ["archive_number"], unique=True)
    op.add_column("entries", sa.Column("supplement_id", sa.Uuid(), nullable=True))
    op.create_index(
        "dossiers_filing_due_on", "dossiers", ["filing_due_on"],
        postgresql_where="closed_on IS NOT NULL AND state IN ('open', 'returned')",
    )  # fmt: skip
    op.create_check_constraint("dossiers_closed", "dossiers", "(closed_on IS NULL) = (filing_due_on IS NULL)")
    op.create_check_constraint("dossiers_filed", "dossiers", "(archive_number IS NULL) = (filed_on IS NULL)")
    for function in _FUNCTIONS:
        op.execute(function)
    for trigger in _TRIGGERS.values():
        op.execute(f"CREATE TRIGGER frozen BEFORE {trigger}")
    op.execute(f"CREATE TRIGGER frozen_leaving BEFORE {_LEAVING}")


def downgrade() -> None:
    """Go back to the schema before."""
    op.execute("DROP TRIGGER frozen_leaving ON receipts")
    for table in _TRIGGERS:
        op.execute(f"DROP TRIGGER frozen ON {table}")
    for function in _THAW:
        op.execute(f"DROP FUNCTION {function}")
    op.drop_constraint("dossiers_filed", "dossiers")
    op.drop_index("dossiers_filing_due_on", table_name="dossiers")
    op.drop_constraint("dossiers_closed", "dossiers")
    op.drop_column("entries", "supplement_id")
    op.drop_index("dossiers_archive_number", table_name="dossiers")
    op.drop_column("dossiers", "open_supplement_id")
    op.drop_column("dossiers", "retention_code")
    op.drop_column("dossiers", "archive_number")
    op.drop_column("dossiers", "filed_on")
    op.drop_column("dossiers", "filing_rules_version")
    op.drop_column("dossiers", "filing_due_on")
    op.drop_column("dossiers", "result")
    op.drop_column("dossiers", "closed_on")
    op.drop_table("filing_reminders")
    op.drop_index(
        "supplements_under_way", table_name="supplements", postgresql_where="state IN ('proposed', 'approved')"
    )
    op.drop_index("supplements_dossier_id_serial", table_name="supplements")
    op.drop_table("supplements")
    op.drop_index("submissions_pending", table_name="submissions", postgresql_where="state = 'pending'")
    op.drop_index("submissions_dossier_id_round", table_name="submissions")
    op.drop_table("submissions")
    op.drop_table("sealed_lists")
    op.drop_index("notes_to_file_dossier_id_id", table_name="notes_to_file")
    op.drop_table("notes_to_file")
    op.drop_index("archive_numbers_series_key_serial", table_name="archive_numbers")
    op.drop_index("archive_numbers_dossier_id", table_name="archive_numbers")
    op.drop_table("archive_numbers")
