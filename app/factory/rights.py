"""What the application's role may do in the database."""

from app.care.services import CARE_RIGHTS
from app.conflicts.services import CONFLICT_RIGHTS
from app.redaction.services import REDACTION_RIGHTS

# What becomes of a consent once it is given: withdrawn, its scan added, moved to the survivor of a merge.
_CONSENT_LATER = (
    "client_id, withdrawn_on, withdrawal_reason, withdrawn_by, withdrawn_at, copy_key, copy_name, copy_media_type,"
    " copy_size, copy_sha256"
)
# What the application's role may do. Events and reviews are only ever added; nothing of a dossier is deleted.
RIGHTS = {
    **CARE_RIGHTS,
    **CONFLICT_RIGHTS,
    **REDACTION_RIGHTS,
    "access_requests": "SELECT, INSERT, UPDATE",
    "alembic_version": "SELECT",
    "archive_numbers": "SELECT, INSERT",
    "client_consents": f"SELECT, INSERT, UPDATE ({_CONSENT_LATER})",
    "client_identifiers": "SELECT, INSERT, DELETE",
    "client_notices": "SELECT, INSERT, UPDATE (client_id)",
    "client_verifications": "SELECT, INSERT, UPDATE",
    "clients": "SELECT, INSERT, UPDATE",
    "dossier_clients": "SELECT, INSERT, DELETE",
    "dossier_numbers": "SELECT, INSERT, UPDATE",
    "dossier_team": "SELECT, INSERT, UPDATE, DELETE",
    "dossiers": "SELECT, INSERT, UPDATE",
    "duplicate_dismissals": "SELECT, INSERT",
    "engagement_changes": "SELECT, INSERT",
    "engagements": "SELECT, INSERT, UPDATE",
    "entries": "SELECT, INSERT, UPDATE",
    "entry_preparations": "SELECT, INSERT",
    "entry_reviews": "SELECT, INSERT",
    "event_leaves": "SELECT, INSERT",
    "event_queue": "SELECT, DELETE",
    "events": "SELECT, INSERT",
    "external_refs": "SELECT, INSERT, DELETE",
    "files": "SELECT, INSERT",
    "filing_reminders": "SELECT, INSERT",
    "firm_rules": "SELECT, INSERT",
    "grants": "SELECT, INSERT, UPDATE",
    "idempotency_keys": "SELECT, INSERT, DELETE",
    "intake_clients": "SELECT, INSERT, DELETE",
    "intakes": "SELECT, INSERT, UPDATE",
    "integrations": "SELECT, INSERT, UPDATE",
    "ledger_head": "SELECT, UPDATE",
    "ledger_witnesses": "SELECT, INSERT, UPDATE, DELETE",
    "lock_looks": "SELECT, INSERT",
    "login_throttle": "SELECT, INSERT, UPDATE, DELETE",
    "mail_attachments": "SELECT, INSERT",
    "mails": "SELECT, INSERT",
    "matter_types": "SELECT, UPDATE",
    "notes_to_file": "SELECT, INSERT",
    "number_series": "SELECT, INSERT, UPDATE",
    "object_movements": "SELECT, INSERT",
    "off_volume_objects": "SELECT, INSERT, UPDATE",
    "receipt_cancellations": "SELECT, INSERT",
    "receipt_items": "SELECT, INSERT",
    "receipt_signatures": "SELECT, INSERT",
    "receipts": "SELECT, INSERT",
    "role_clearances": "SELECT, UPDATE",
    "rule_versions": "SELECT, INSERT",
    "refresh_tokens": "SELECT, INSERT, UPDATE, DELETE",
    "scans": "SELECT, INSERT, UPDATE",
    "sealed_lists": "SELECT, INSERT",
    "sessions": "SELECT, INSERT, UPDATE, DELETE",
    "submissions": "SELECT, INSERT, UPDATE",
    "supplements": "SELECT, INSERT, UPDATE",
    "templates": "SELECT, INSERT",
    "upload_pieces": "SELECT, INSERT, DELETE",
    "uploads": "SELECT, INSERT, UPDATE, DELETE",
    "users": "SELECT, INSERT, UPDATE",
    "wall_clients": "SELECT, INSERT, DELETE",
    "wall_dossiers": "SELECT, INSERT, DELETE",
    "wall_people": "SELECT, INSERT, DELETE",
    "walls": "SELECT, INSERT, UPDATE",
}
FUNCTIONS = ("anjuan_erase_event(uuid, uuid)", "anjuan_make_event_partitions(integer)")
