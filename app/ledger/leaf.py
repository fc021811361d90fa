"""What of an event stands in the ledger: who did what to what and when, by ids, and a salted digest of the rest.

Names, addresses and details are only committed to, so they can be erased from the database while every proof stays
valid. docs/ledger.md says the same in words for other implementers.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from app.core.schema import rfc3339
from app.ledger.canonical import canonical

VERSION = 1
SALT_BYTES = 16
# Columns of the table `events` that stand in the leaf, and those that it only commits to.
PLAIN = ("id", "recorded_at", "type", "outcome", "actor_id", "subject_type", "subject_id", "dossier_id")
COMMITTED = (
    "actor_name", "actor_roles", "via_id", "via_name", "subject_label", "entry_id", "request_id", "ip", "user_agent",
    "method", "route", "details",
)  # fmt: skip


def rest_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the leaf only commits to."""
    return {name: event[name] for name in COMMITTED}


def details_digest(event: Mapping[str, Any], salt: bytes) -> str:
    """Give the commitment, in hex: SHA-256 of the salt and the canonical JSON of the rest."""
    return sha256(salt + canonical(rest_of(event))).hexdigest()


def leaf_bytes(event: Mapping[str, Any], digest: str) -> bytes:
    """Give the bytes of an event's leaf: canonical JSON."""
    plain = {name: event[name] for name in PLAIN}
    plain["v"], plain["recorded_at"], plain["details_digest"] = VERSION, rfc3339(event["recorded_at"]), digest
    return canonical(plain)
