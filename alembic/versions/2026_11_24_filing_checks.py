"""The first rules of the checks before filing."""

import json

import sqlalchemy as sa

from alembic import op

revision = "2026_11_24_filing_checks"
down_revision = "2026_11_24_collection"
branch_labels = None
depends_on = None

_FILING_CHECK = {
    "blocking": [
        "dossier_empty", "cover_field_missing", "slot_empty", "engagement_gap", "entry_unreviewed", "doubt_unexplained",
        "pages_missing", "page_break", "dated_in_future", "file_infected", "file_unscanned", "object_missing",
        "object_damaged",
    ],
    "blocking_items": [
        "1-1", "1-10", "1-11", "1-14", "2-1", "2-2", "2-7", "2-11", "4-2",
    ],
    "cover_fields": [
        "cause", "clients", "lead_lawyer", "opened_on",
    ],
    "cover_fields_by_matter_type": {},
    "formats": [
        "application/pdf", "application/ofd", "image/tiff", "image/jpeg", "image/png", "text/plain", "text/csv",
        "message/rfc822", "application/msword", "application/vnd.ms-excel",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation", "audio/mpeg", "audio/wav",
        "audio/x-wav", "video/mp4",
    ],
    "opaque_formats": [
        "application/zip", "application/x-zip-compressed", "application/vnd.rar", "application/x-rar-compressed",
        "application/x-7z-compressed", "application/gzip", "application/pgp-encrypted",
    ],
    "metadata_items": [
        "dossier.number", "dossier.title", "dossier.firm", "dossier.matter_type", "dossier.lead_lawyer",
        "dossier.clients", "dossier.opened_on", "dossier.level", "entry.title", "entry.document_number",
        "entry.responsible_party", "entry.formed_on", "entry.pages", "entry.category", "entry.original",
        "entry.remarks", "file.original_name", "file.media_type", "file.size", "file.sha256",
    ],
    "required_metadata": [
        "dossier.number", "dossier.title", "dossier.firm", "dossier.matter_type", "dossier.lead_lawyer",
        "dossier.clients", "dossier.opened_on", "dossier.level", "entry.title", "entry.category", "entry.original",
        "entry.pages", "file.original_name", "file.media_type", "file.size", "file.sha256",
    ],
    "duplicate_keys": [["title", "formed_on", "document_number"]],
    "earliest_date": "1949-10-01",
}  # fmt: skip
_INSERT = sa.text(
    "INSERT INTO rule_versions (kind, version, body, source, verified, changed_at)"
    " VALUES ('filing_check', 1, CAST(:body AS jsonb), :source, :verified, now())"
)
_SOURCE = "参照 DA/T 70-2018 归档环节检测项目(据二手资料);阻断项、格式和封面必填项为本所约定"


def upgrade() -> None:
    """Bring the rules in."""
    op.execute(_INSERT.bindparams(body=json.dumps(_FILING_CHECK), source=_SOURCE, verified=False))


def downgrade() -> None:
    """Take the rules of this kind out again, with all versions of them: the code before knows no such kind."""
    op.execute("DELETE FROM rule_versions WHERE kind = 'filing_check'")
