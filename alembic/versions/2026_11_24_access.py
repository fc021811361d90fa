"""Grants, access requests, walls, clearances that the firm edits, and what programs may see."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "2026_11_24_access"
down_revision = "2026_11_24_first_rules"
branch_labels = None
depends_on = None

NOW = datetime.now(UTC)
CLEARANCES = (
    ("lawyer", 4), ("partner", 4), ("director", 4), ("assistant", 3), ("archivist", 3), ("finance", 2),
    ("integration", 0), ("auditor", 0), ("system_admin", 0), ("security_admin", 0), ("backup", 0),
)  # fmt: skip


def upgrade() -> None:
    """Go to this schema."""
    _extend_dossiers()
    clearances = op.create_table(
        "role_clearances",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("level BETWEEN 0 AND 4", name="role_clearances_level"),
        sa.PrimaryKeyConstraint("role"),
    )
    # Source: docs/access.md, Levels. A program's level is in its configuration; the lowest stands here for it.
    op.bulk_insert(clearances, [{"role": role, "level": level, "updated_at": NOW} for role, level in CLEARANCES])
    op.create_table(
        "integrations",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("sees", sa.Text(), nullable=False),
        sa.Column("matter_types", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("departments", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("content", sa.Boolean(), nullable=False),
        sa.Column("on_behalf", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("sees IN ('created', 'matching')", name="integrations_sees"),
        sa.CheckConstraint("level BETWEEN 0 AND 4", name="integrations_level"),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_table(
        "walls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('requested', 'active', 'lifted')", name="walls_state"),
        sa.CheckConstraint("until > effective_from", name="walls_period"),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("walls_created_at_id", "walls", ["created_at", "id"], unique=False)
    op.create_table(
        "wall_clients",
        sa.Column("wall_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["clients.id"],
        ),
        sa.ForeignKeyConstraint(
            ["wall_id"],
            ["walls.id"],
        ),
        sa.PrimaryKeyConstraint("wall_id", "client_id"),
    )
    op.create_index("wall_clients_client_id", "wall_clients", ["client_id", "wall_id"], unique=False)
    op.create_table(
        "wall_people",
        sa.Column("wall_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["wall_id"],
            ["walls.id"],
        ),
        sa.PrimaryKeyConstraint("wall_id", "user_id"),
    )
    op.create_index("wall_people_user_id", "wall_people", ["user_id", "wall_id"], unique=False)
    op.create_table(
        "access_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'pending') = (decided_by IS NULL)", name="access_requests_decided"),
        sa.CheckConstraint("scope IN ('metadata', 'content')", name="access_requests_scope"),
        sa.CheckConstraint("state IN ('pending', 'approved', 'refused')", name="access_requests_state"),
        sa.CheckConstraint("decided_by <> requested_by", name="access_requests_two_people"),
        sa.ForeignKeyConstraint(
            ["decided_by"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["dossier_id"],
            ["dossiers.id"],
        ),
        sa.ForeignKeyConstraint(
            ["requested_by"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("access_requests_dossier_id_id", "access_requests", ["dossier_id", "id"], unique=False)
    op.create_index(
        "access_requests_pending",
        "access_requests",
        ["dossier_id", "requested_by"],
        unique=True,
        postgresql_where="state = 'pending'",
    )
    op.create_index("access_requests_requested_by_id", "access_requests", ["requested_by", "id"], unique=False)
    op.create_table(
        "wall_dossiers",
        sa.Column("wall_id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dossier_id"],
            ["dossiers.id"],
        ),
        sa.ForeignKeyConstraint(
            ["wall_id"],
            ["walls.id"],
        ),
        sa.PrimaryKeyConstraint("wall_id", "dossier_id"),
    )
    op.create_index("wall_dossiers_dossier_id", "wall_dossiers", ["dossier_id", "wall_id"], unique=False)
    op.create_table(
        "grants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reaches", sa.SmallInteger(), nullable=False),
        sa.Column("granted_as", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.Uuid(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("awaits_approval", sa.Boolean(), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("access_request_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("granted_as IN ('lead', 'partner', 'director')", name="grants_granted_as"),
        sa.CheckConstraint("scope IN ('metadata', 'content')", name="grants_scope"),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="grants_ended"),
        sa.CheckConstraint("approved_by <> granted_by", name="grants_two_people"),
        sa.CheckConstraint("granted_by <> user_id AND approved_by <> user_id", name="grants_not_to_oneself"),
        sa.CheckConstraint("reaches < 4 OR approved_by IS NOT NULL", name="grants_sealed_by_two"),
        sa.CheckConstraint("reaches BETWEEN 0 AND 4", name="grants_reaches"),
        sa.ForeignKeyConstraint(
            ["access_request_id"],
            ["access_requests.id"],
        ),
        sa.ForeignKeyConstraint(
            ["approved_by"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["dossier_id", "opened_on", "number"],
            ["dossiers.id", "dossiers.opened_on", "dossiers.number"],
            name="grants_dossier",
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["ended_by"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["granted_by"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "grants_access_request_id",
        "grants",
        ["access_request_id"],
        unique=True,
        postgresql_where="access_request_id IS NOT NULL",
    )
    op.create_index("grants_dossier_id_id", "grants", ["dossier_id", "id"], unique=False)
    op.create_index(
        "grants_user_id_dossier_id",
        "grants",
        ["user_id", "dossier_id"],
        unique=False,
        postgresql_where="ended_at IS NULL",
    )
    op.create_index(
        "grants_user_id_number", "grants", ["user_id", "number"], unique=False, postgresql_where="ended_at IS NULL"
    )
    op.create_index(
        "grants_user_id_opened_on",
        "grants",
        ["user_id", "opened_on", "dossier_id"],
        unique=False,
        postgresql_where="ended_at IS NULL",
    )
    op.add_column("idempotency_keys", sa.Column("dossier_id", sa.Uuid(), nullable=True))
    op.add_column("idempotency_keys", sa.Column("client_id", sa.Uuid(), nullable=True))
    op.add_column("events", sa.Column("via_id", sa.Uuid(), nullable=True))
    op.add_column("events", sa.Column("via_name", sa.Text(), nullable=True))
    # Programs that are there already see what they did before: what they created themselves, up to internal.
    op.execute(
        "INSERT INTO integrations (user_id, level, sees, matter_types, departments, content, on_behalf, updated_at)"
        " SELECT id, 1, 'created', '{}', '{}', false, false, now() FROM users WHERE 'integration' = ANY(roles)"
    )


def _extend_dossiers() -> None:
    """Count fee documents, and let teams repeat what dossiers are listed by."""
    op.add_column("dossiers", sa.Column("fee_count", sa.Integer(), nullable=False, server_default="0"))
    op.alter_column("dossiers", "fee_count", server_default=None)
    op.execute(
        "UPDATE dossiers SET fee_count = c.fees FROM (SELECT dossier_id, count(*) AS fees FROM entries"
        " WHERE category = 'fee_document' GROUP BY dossier_id) c WHERE c.dossier_id = id"
    )
    op.drop_constraint("dossiers_counts", "dossiers", type_="check")
    op.create_check_constraint("dossiers_counts", "dossiers", "entry_count >= 0 AND page_count >= 0 AND fee_count >= 0")
    op.create_unique_constraint("dossiers_id_opened_on_number", "dossiers", ["id", "opened_on", "number"])
    op.add_column("dossier_team", sa.Column("opened_on", sa.Date(), nullable=True))
    op.add_column("dossier_team", sa.Column("number", sa.Text(), nullable=True))
    op.execute(
        "UPDATE dossier_team t SET opened_on = d.opened_on, number = d.number FROM dossiers d WHERE d.id = t.dossier_id"
    )
    op.alter_column("dossier_team", "opened_on", nullable=False)
    op.alter_column("dossier_team", "number", nullable=False)
    op.drop_index("dossier_team_user_id", table_name="dossier_team")
    op.create_index("dossier_team_user_id_number", "dossier_team", ["user_id", "number"], unique=False)
    op.create_index(
        "dossier_team_user_id_opened_on", "dossier_team", ["user_id", "opened_on", "dossier_id"], unique=False
    )
    op.drop_constraint("dossier_team_dossier_id_fkey", "dossier_team", type_="foreignkey")
    op.create_foreign_key(
        "dossier_team_dossier",
        "dossier_team",
        "dossiers",
        ["dossier_id", "opened_on", "number"],
        ["id", "opened_on", "number"],
        onupdate="CASCADE",
    )
    op.drop_index("dossiers_lead_lawyer_id_opened_on", table_name="dossiers")
    op.create_index(
        "dossiers_lead_lawyer_id_opened_on", "dossiers", ["lead_lawyer_id", "confidentiality", "opened_on", "id"]
    )
    op.create_index("dossiers_lead_lawyer_id_number", "dossiers", ["lead_lawyer_id", "confidentiality", "number"])
    op.drop_index("dossiers_opened_on_id", table_name="dossiers")
    op.create_index("dossiers_confidentiality_number", "dossiers", ["confidentiality", "number"], unique=False)
    op.create_index(
        "dossiers_confidentiality_opened_on", "dossiers", ["confidentiality", "opened_on", "id"], unique=False
    )
    op.create_index("dossiers_created_by_opened_on", "dossiers", ["created_by", "opened_on", "id"], unique=False)
    op.create_index(
        "dossiers_fees_number",
        "dossiers",
        ["confidentiality", "number"],
        unique=False,
        postgresql_where="fee_count > 0",
    )
    op.create_index(
        "dossiers_fees_opened_on",
        "dossiers",
        ["confidentiality", "opened_on", "id"],
        unique=False,
        postgresql_where="fee_count > 0",
    )


def downgrade() -> None:
    """Go back to the schema before."""
    op.drop_column("idempotency_keys", "client_id")
    op.drop_column("idempotency_keys", "dossier_id")
    op.drop_column("events", "via_name")
    op.drop_column("events", "via_id")
    op.drop_constraint("dossiers_counts", "dossiers", type_="check")
    op.create_check_constraint("dossiers_counts", "dossiers", "entry_count >= 0 AND page_count >= 0")
    op.drop_index("dossiers_fees_opened_on", table_name="dossiers", postgresql_where="fee_count > 0")
    op.drop_index("dossiers_fees_number", table_name="dossiers", postgresql_where="fee_count > 0")
    op.drop_index("dossiers_created_by_opened_on", table_name="dossiers")
    op.drop_index("dossiers_confidentiality_opened_on", table_name="dossiers")
    op.drop_index("dossiers_confidentiality_number", table_name="dossiers")
    op.drop_index("dossiers_lead_lawyer_id_number", table_name="dossiers")
    op.drop_index("dossiers_lead_lawyer_id_opened_on", table_name="dossiers")
    op.create_index("dossiers_lead_lawyer_id_opened_on", "dossiers", ["lead_lawyer_id", "opened_on", "id"])
    op.create_index("dossiers_opened_on_id", "dossiers", ["opened_on", "id"], unique=False)
    op.drop_column("dossiers", "fee_count")
    op.drop_constraint("dossier_team_dossier", "dossier_team", type_="foreignkey")
    op.create_foreign_key("dossier_team_dossier_id_fkey", "dossier_team", "dossiers", ["dossier_id"], ["id"])
    op.drop_index("dossier_team_user_id_opened_on", table_name="dossier_team")
    op.drop_index("dossier_team_user_id_number", table_name="dossier_team")
    op.create_index("dossier_team_user_id", "dossier_team", ["user_id", "dossier_id"], unique=False)
    op.drop_column("dossier_team", "number")
    op.drop_column("dossier_team", "opened_on")
    op.drop_index("grants_user_id_opened_on", table_name="grants", postgresql_where="ended_at IS NULL")
    op.drop_index("grants_user_id_number", table_name="grants", postgresql_where="ended_at IS NULL")
    op.drop_index("grants_user_id_dossier_id", table_name="grants", postgresql_where="ended_at IS NULL")
    op.drop_index("grants_dossier_id_id", table_name="grants")
    op.drop_index("grants_access_request_id", table_name="grants", postgresql_where="access_request_id IS NOT NULL")
    op.drop_table("grants")
    op.drop_index("wall_dossiers_dossier_id", table_name="wall_dossiers")
    op.drop_table("wall_dossiers")
    op.drop_index("access_requests_requested_by_id", table_name="access_requests")
    op.drop_index("access_requests_pending", table_name="access_requests", postgresql_where="state = 'pending'")
    op.drop_index("access_requests_dossier_id_id", table_name="access_requests")
    op.drop_table("access_requests")
    op.drop_index("wall_people_user_id", table_name="wall_people")
    op.drop_table("wall_people")
    op.drop_index("wall_clients_client_id", table_name="wall_clients")
    op.drop_table("wall_clients")
    op.drop_index("walls_created_at_id", table_name="walls")
    op.drop_table("walls")
    op.drop_table("integrations")
    op.drop_table("role_clearances")
    op.drop_constraint("dossiers_id_opened_on_number", "dossiers", type_="unique")
