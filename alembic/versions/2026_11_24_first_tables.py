"""First tables: users, clients, dossiers, entries, files, and the events in monthly partitions."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "2026_11_24_first_tables"
down_revision = None
branch_labels = None
depends_on = None


# The worker calls this each day as the application's role, which owns no table: the function runs as the owner. A month
# is a range of UUIDv7 ids, whose first 48 bits are milliseconds since 1970.
PARTITIONS = """
CREATE FUNCTION anjuan_make_event_partitions(ahead integer) RETURNS integer
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
      EXECUTE format(
        'CREATE TABLE public.%I PARTITION OF public.events FOR VALUES FROM (%L) TO (%L)',
        partition, bounds[1], bounds[2]);
      made := made + 1;
    END IF;
  END LOOP;
  RETURN made;
END $$
"""


def upgrade() -> None:
    """Go to this schema."""
    op.create_table(
        "events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("actor_roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("subject_label", sa.Text(), nullable=True),
        sa.Column("dossier_id", sa.Uuid(), nullable=True),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("outcome IN ('success', 'denied', 'failed')", name="events_outcome"),
        sa.PrimaryKeyConstraint("id"),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index(
        "events_actor_id_id", "events", ["actor_id", "id"], unique=False, postgresql_where="actor_id IS NOT NULL"
    )
    op.create_index(
        "events_dossier_id_id", "events", ["dossier_id", "id"], unique=False, postgresql_where="dossier_id IS NOT NULL"
    )
    op.create_index(
        "events_entry_id_id", "events", ["entry_id", "id"], unique=False, postgresql_where="entry_id IS NOT NULL"
    )
    op.create_index("events_request_id", "events", ["request_id"], unique=False)
    op.create_index("events_type_id", "events", ["type", "id"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(fingerprint) = 32", name="idempotency_keys_fingerprint"),
        sa.PrimaryKeyConstraint("actor_id", "key"),
    )
    op.create_index("idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "login_throttle",
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("username"),
    )
    op.create_table(
        "matter_types",
        sa.Column("matter_type", sa.Text(), nullable=False),
        sa.Column("number_code", sa.Text(), nullable=False),
        sa.Column("label_zh", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("matter_type"),
    )
    op.create_index("matter_types_number_code", "matter_types", ["number_code"], unique=True)
    op.create_table(
        "number_series",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("last_serial", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("department", sa.Text(), nullable=True),
        sa.Column("lawyer_code", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("tokens_valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('person', 'service')", name="users_kind"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("users_display_name_id", "users", ["display_name", "id"], unique=False)
    op.create_index(
        "users_lawyer_code", "users", ["lawyer_code"], unique=True, postgresql_where="lawyer_code IS NOT NULL"
    )
    op.create_index("users_username", "users", ["username"], unique=True)
    op.create_table(
        "clients",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("legal_representative", sa.Text(), nullable=True),
        sa.Column("registration", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("former_names", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("contacts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('organization', 'person')", name="clients_kind"),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("clients_created_by", "clients", ["created_by"], unique=False)
    op.create_index("clients_name_id", "clients", ["name", "id"], unique=False)
    op.create_table(
        "firm_rules",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("firm_name", sa.Text(), nullable=False),
        sa.Column("number_rule", sa.Text(), nullable=False),
        sa.Column("sealed_number_rule", sa.Text(), nullable=False),
        sa.Column("serial_scope", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("volume_page_limit", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("volume_page_limit BETWEEN 1 AND 10000", name="firm_rules_volume_page_limit"),
        sa.ForeignKeyConstraint(
            ["changed_by"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "templates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("matter_type", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("slots", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stages", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["matter_type"],
            ["matter_types.matter_type"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("templates_matter_type_version", "templates", ["matter_type", "version"], unique=True)
    op.create_table(
        "client_identifiers",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.CheckConstraint("scheme IN ('uscc', 'cn_id', 'passport', 'other')", name="client_identifiers_scheme"),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["clients.id"],
        ),
        sa.PrimaryKeyConstraint("client_id", "position"),
    )
    op.create_index("client_identifiers_scheme_value", "client_identifiers", ["scheme", "value"], unique=False)
    op.create_table(
        "client_verifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("document_type", sa.Text(), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=True),
        sa.Column("verified_on", sa.Date(), nullable=False),
        sa.Column("verified_by", sa.Uuid(), nullable=False),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("copy_key", sa.Text(), nullable=True),
        sa.Column("copy_name", sa.Text(), nullable=True),
        sa.Column("copy_media_type", sa.Text(), nullable=True),
        sa.Column("copy_size", sa.BigInteger(), nullable=True),
        sa.Column("copy_sha256", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["clients.id"],
        ),
        sa.ForeignKeyConstraint(
            ["verified_by"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("client_verifications_client_id_id", "client_verifications", ["client_id", "id"], unique=False)
    op.create_index(
        "client_verifications_copy_key",
        "client_verifications",
        ["copy_key"],
        unique=True,
        postgresql_where="copy_key IS NOT NULL",
    )
    op.create_table(
        "dossiers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("matter_type", sa.Text(), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("court", sa.Text(), nullable=True),
        sa.Column("instance", sa.Text(), nullable=True),
        sa.Column("court_case_number", sa.Text(), nullable=True),
        sa.Column("contract_number", sa.Text(), nullable=True),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("lead_lawyer_id", sa.Uuid(), nullable=False),
        sa.Column("opposing_parties", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("confidentiality", sa.SmallInteger(), nullable=False),
        sa.Column("state_secret_level", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("on_hold", sa.Boolean(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("arrangement_mode", sa.Text(), nullable=False),
        sa.Column("entry_count", sa.Integer(), nullable=False),
        sa.Column("page_count", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'submitted', 'returned', 'filed', 'transferred', 'destroyed', 'void')",
            name="dossiers_state",
        ),
        sa.CheckConstraint("confidentiality BETWEEN 0 AND 4", name="dossiers_confidentiality"),
        sa.CheckConstraint("entry_count >= 0 AND page_count >= 0", name="dossiers_counts"),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["lead_lawyer_id"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["matter_type"],
            ["matter_types.matter_type"],
        ),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["templates.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "dossiers_lead_lawyer_id_opened_on", "dossiers", ["lead_lawyer_id", "opened_on", "id"], unique=False
    )
    op.create_index("dossiers_number", "dossiers", ["number"], unique=True)
    op.create_index("dossiers_opened_on_id", "dossiers", ["opened_on", "id"], unique=False)
    op.create_table(
        "dossier_clients",
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["clients.id"],
        ),
        sa.ForeignKeyConstraint(
            ["dossier_id"],
            ["dossiers.id"],
        ),
        sa.PrimaryKeyConstraint("dossier_id", "client_id"),
    )
    op.create_index("dossier_clients_client_id", "dossier_clients", ["client_id", "dossier_id"], unique=False)
    op.create_table(
        "dossier_numbers",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("series_key", sa.Text(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("matter_type", sa.Text(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'void') = (void_reason IS NOT NULL)", name="dossier_numbers_void_reason"),
        sa.CheckConstraint("state IN ('issued', 'void')", name="dossier_numbers_state"),
        sa.ForeignKeyConstraint(
            ["dossier_id"],
            ["dossiers.id"],
        ),
        sa.ForeignKeyConstraint(
            ["matter_type"],
            ["matter_types.matter_type"],
        ),
        sa.ForeignKeyConstraint(
            ["series_key"],
            ["number_series.key"],
        ),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("dossier_numbers_dossier_id", "dossier_numbers", ["dossier_id"], unique=True)
    op.create_index("dossier_numbers_series_key_serial", "dossier_numbers", ["series_key", "serial"], unique=True)
    op.create_index(
        "dossier_numbers_year_matter_type_number", "dossier_numbers", ["year", "matter_type", "number"], unique=False
    )
    op.create_table(
        "dossier_team",
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("duty", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("duty IN ('lead', 'lawyer', 'assistant', 'trainee', 'opener')", name="dossier_team_duty"),
        sa.ForeignKeyConstraint(
            ["dossier_id"],
            ["dossiers.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("dossier_id", "user_id"),
    )
    op.create_index("dossier_team_user_id", "dossier_team", ["user_id", "dossier_id"], unique=False)
    op.create_table(
        "entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=True),
        sa.Column("responsible_party", sa.Text(), nullable=True),
        sa.Column("formed_on", sa.Date(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("pages_stated", sa.Boolean(), nullable=False),
        sa.Column("original", sa.Text(), nullable=False),
        sa.Column("confidentiality", sa.SmallInteger(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("slot", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("review", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("review IN ('unreviewed', 'kept', 'excluded')", name="entries_review"),
        sa.CheckConstraint("confidentiality BETWEEN 0 AND 4", name="entries_confidentiality"),
        sa.CheckConstraint("pages BETWEEN 1 AND 100000", name="entries_pages"),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["dossier_id"],
            ["dossiers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("entries_dossier_id_id", "entries", ["dossier_id", "id"], unique=False)
    op.create_table(
        "external_refs",
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dossier_id"],
            ["dossiers.id"],
        ),
        sa.PrimaryKeyConstraint("dossier_id", "system", "ref"),
    )
    op.create_index("external_refs_system_ref", "external_refs", ["system", "ref"], unique=False)
    op.create_table(
        "entry_reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("authenticity", sa.Text(), nullable=False),
        sa.Column("relevance", sa.Text(), nullable=False),
        sa.Column("legality", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "authenticity IN ('pass', 'doubt', 'fail') AND relevance IN ('pass', 'doubt', 'fail') AND legality IN ('pass', 'doubt', 'fail')",
            name="entry_reviews_judgements",
        ),
        sa.CheckConstraint("decision = 'keep' OR reason IS NOT NULL", name="entry_reviews_reason"),
        sa.CheckConstraint("decision IN ('keep', 'exclude')", name="entry_reviews_decision"),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["entries.id"],
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("entry_reviews_entry_id_id", "entry_reviews", ["entry_id", "id"], unique=False)
    op.create_table(
        "files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("original_name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("scan", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("scan IN ('clean', 'pending', 'infected', 'unscannable', 'off')", name="files_scan"),
        sa.CheckConstraint("size >= 0", name="files_size"),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["dossier_id"],
            ["dossiers.id"],
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["entries.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("files_dossier_id_sha256", "files", ["dossier_id", "sha256"], unique=False)
    op.create_index("files_entry_id_version", "files", ["entry_id", "version"], unique=True)
    op.create_index("files_object_key", "files", ["object_key"], unique=True)
    op.execute(PARTITIONS)
    op.execute("REVOKE ALL ON FUNCTION anjuan_make_event_partitions FROM PUBLIC")
    op.execute("CREATE TABLE events_default PARTITION OF events DEFAULT")
    op.execute("SELECT anjuan_make_event_partitions(12)")


def downgrade() -> None:
    """Go back to the schema before."""
    op.drop_index("files_object_key", table_name="files")
    op.drop_index("files_entry_id_version", table_name="files")
    op.drop_index("files_dossier_id_sha256", table_name="files")
    op.drop_table("files")
    op.drop_index("entry_reviews_entry_id_id", table_name="entry_reviews")
    op.drop_table("entry_reviews")
    op.drop_index("external_refs_system_ref", table_name="external_refs")
    op.drop_table("external_refs")
    op.drop_index("entries_dossier_id_id", table_name="entries")
    op.drop_table("entries")
    op.drop_index("dossier_team_user_id", table_name="dossier_team")
    op.drop_table("dossier_team")
    op.drop_index("dossier_numbers_year_matter_type_number", table_name="dossier_numbers")
    op.drop_index("dossier_numbers_series_key_serial", table_name="dossier_numbers")
    op.drop_index("dossier_numbers_dossier_id", table_name="dossier_numbers")
    op.drop_table("dossier_numbers")
    op.drop_index("dossier_clients_client_id", table_name="dossier_clients")
    op.drop_table("dossier_clients")
    op.drop_index("dossiers_opened_on_id", table_name="dossiers")
    op.drop_index("dossiers_number", table_name="dossiers")
    op.drop_index("dossiers_lead_lawyer_id_opened_on", table_name="dossiers")
    op.drop_table("dossiers")
    op.drop_index(
        "client_verifications_copy_key", table_name="client_verifications", postgresql_where="copy_key IS NOT NULL"
    )
    op.drop_index("client_verifications_client_id_id", table_name="client_verifications")
    op.drop_table("client_verifications")
    op.drop_index("client_identifiers_scheme_value", table_name="client_identifiers")
    op.drop_table("client_identifiers")
    op.drop_index("templates_matter_type_version", table_name="templates")
    op.drop_table("templates")
    op.drop_table("firm_rules")
    op.drop_index("clients_name_id", table_name="clients")
    op.drop_index("clients_created_by", table_name="clients")
    op.drop_table("clients")
    op.drop_index("users_username", table_name="users")
    op.drop_index("users_lawyer_code", table_name="users", postgresql_where="lawyer_code IS NOT NULL")
    op.drop_index("users_display_name_id", table_name="users")
    op.drop_table("users")
    op.drop_table("number_series")
    op.drop_index("matter_types_number_code", table_name="matter_types")
    op.drop_table("matter_types")
    op.drop_table("login_throttle")
    op.drop_index("idempotency_keys_created_at", table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_index("events_type_id", table_name="events")
    op.drop_index("events_request_id", table_name="events")
    op.drop_index("events_entry_id_id", table_name="events", postgresql_where="entry_id IS NOT NULL")
    op.drop_index("events_dossier_id_id", table_name="events", postgresql_where="dossier_id IS NOT NULL")
    op.drop_index("events_actor_id_id", table_name="events", postgresql_where="actor_id IS NOT NULL")
    op.drop_table("events")
    op.execute("DROP FUNCTION anjuan_make_event_partitions")
