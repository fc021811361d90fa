"""Templates have names, versions run for each of them, and matter types say with which name dossiers are opened."""

import sqlalchemy as sa

from alembic import op

revision = "2026_11_24_templates"
down_revision = "2026_11_24_outside_users"
branch_labels = None
depends_on = None

# Versions run on over all names; those of the name in use come last, so that dossiers go on being opened with the same.
_RENUMBER = """
UPDATE templates t SET version = n.version FROM (
  SELECT x.id, row_number() OVER (
    PARTITION BY x.matter_type ORDER BY x.name = m.template_name, x.name, x.version
  ) AS version
  FROM templates x JOIN matter_types m ON m.matter_type = x.matter_type
) n WHERE n.id = t.id
"""


def upgrade() -> None:
    """Bring the schema forward; what was there is the statutory order."""
    op.add_column("matter_types", sa.Column("template_name", sa.Text(), nullable=False, server_default="statutory"))
    op.alter_column("matter_types", "template_name", server_default=None)
    op.add_column("templates", sa.Column("name", sa.Text(), nullable=False, server_default="statutory"))
    op.alter_column("templates", "name", server_default=None)
    op.create_index("templates_matter_type_name_version", "templates", ["matter_type", "name", "version"], unique=True)
    op.drop_index("templates_matter_type_version", table_name="templates")


def downgrade() -> None:
    """Go back to the schema before; all versions stay, for dossiers follow them."""
    op.drop_index("templates_matter_type_name_version", table_name="templates")
    op.execute(_RENUMBER)
    op.create_index("templates_matter_type_version", "templates", ["matter_type", "version"], unique=True)
    op.drop_column("templates", "name")
    op.drop_column("matter_types", "template_name")
