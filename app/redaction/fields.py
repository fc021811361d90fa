"""What of an event may be erased, and what stands in its place.

What happened stays: ids, types, times, outcome, roles, the request and its route. Who and what it was *named* as goes.
Details can be erased whole or by JSON pointer (RFC 6901), but for those that the service reads back: they say who could
see what on a past day, what a seal covered, what a file was when it came.
"""

from collections.abc import Sequence

from app.access.events import ACCESS_DENIED, WALL_CHANGED
from app.auth.events import CLEARANCES_CHANGED, INTEGRATION_CHANGED, USER_CHANGED, USER_ROLES_FOLLOWED
from app.clients.events import CLIENT_DUPLICATE_SUSPECTED
from app.dossiers.events import (
    DOSSIER_CHANGED,
    DOSSIER_CLIENT_MERGED,
    DOSSIER_LISTED,
    NUMBERS_LISTED,
    TEAM_CHANGED,
)
from app.entries.events import FILE_ADDED
from app.filing.events import (
    DOSSIER_FILED,
    DOSSIER_RETURNED,
    DOSSIER_SUBMITTED,
    SUPPLEMENT_COMPLETED,
    SUPPLEMENT_DECIDED,
)

# The same marks stand in the database's function (the migration `redaction`).
ERASED = "⟨erased⟩"
HOLE = {"erased": True}
COLUMNS = ("actor_name", "via_name", "subject_label", "ip", "user_agent")
DETAILS = "details"
PATTERN = rf"^(?:{'|'.join(COLUMNS)}|{DETAILS}(?:/(?:[^/~\x00-\x1f]|~[01])+)*)$"

_SEAL = ("seal_version", "digest", "records_digest")
# Where what is read back lies in the details of an event, by its type.
READ_BACK: dict[str, tuple[str, ...]] = {
    ACCESS_DENIED.name: ("rule",),
    CLEARANCES_CHANGED.name: ("changed",),
    CLIENT_DUPLICATE_SUSPECTED.name: ("other_client_id",),
    DOSSIER_CHANGED.name: (
        "changed/confidentiality", "changed/lead_lawyer_id", "changed/team", "changed/client_ids",
    ),
    DOSSIER_CLIENT_MERGED.name: ("changed/client_ids",),
    DOSSIER_FILED.name: ("was", *_SEAL),
    DOSSIER_LISTED.name: ("returned",),
    DOSSIER_RETURNED.name: ("was",),
    DOSSIER_SUBMITTED.name: ("was",),
    FILE_ADDED.name: ("new/original_name", "new/media_type", "new/size", "new/sha256"),
    INTEGRATION_CHANGED.name: ("old",),
    NUMBERS_LISTED.name: ("returned",),
    SUPPLEMENT_COMPLETED.name: _SEAL,
    SUPPLEMENT_DECIDED.name: _SEAL,
    TEAM_CHANGED.name: ("old/members",),
    USER_CHANGED.name: ("changed/roles", "changed/department", "changed/active"),
    USER_ROLES_FOLLOWED.name: ("changed/roles", "changed/department", "changed/active"),
    WALL_CHANGED.name: (
        "changed/excluded_users", "changed/client_ids", "changed/dossier_ids", "changed/until", "changed/state",
    ),
}  # fmt: skip
# People stand there by id and name; the name is read back by nobody.
_NAMES = frozenset({"display_name", "name"})


def place_of(field: str) -> list[str] | None:
    """Give the place within the details that a field names, as the database takes it; None for a column."""
    column, *parts = field.split("/")
    return [part.replace("~1", "/").replace("~0", "~") for part in parts] if column == DETAILS else None


def is_read_back(type_: str, field: str) -> bool:
    """Tell whether erasing a field of an event of this type would take what the service reads back."""
    place = place_of(field)
    return place is not None and any(_meets(place, kept.split("/")) for kept in READ_BACK.get(type_, ()))


def _meets(place: Sequence[str], kept: Sequence[str]) -> bool:
    """Tell whether one lies in the other, names of people within what is kept left aside."""
    if any(one != other for one, other in zip(place, kept, strict=False)):
        return False
    return len(place) <= len(kept) or place[-1] not in _NAMES
