"""How entries and files are shown, made of rows as `repository.find` and `repository.find_file` give them."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from app.auth.roles import LEVELS
from app.core.database import Row
from app.core.plain import Plain, instant
from app.entries.schemas import EntryOut, FileOut, ReviewOut

_ENTRY, _REVIEW, _FILE = (tuple(shown.model_fields) for shown in (EntryOut, ReviewOut, FileOut))
# Those that no column has the name of keep their place with another, until they are made.
_PLACES = {"effective_confidentiality": "effective", "excluded": "review", "pages_differ": "pages"}
_of_entry = itemgetter(*(_PLACES.get(name, name) for name in _ENTRY))
_of_review, _of_file = itemgetter(*_REVIEW), itemgetter(*_FILE)


def new_row(entry: Mapping[str, Any], dossier_level: int, author_name: str) -> dict[str, Any]:
    """Give the row of an entry that was registered just now, as `repository.find` will give it."""
    nothing = dict.fromkeys(("pages_in_file", "decision", "superseded_by"))
    return {
        **entry, **nothing, "supersedes": [], "file_count": 0,
        "effective": max(entry["confidentiality"] or 0, dossier_level), "author_name": author_name,
    }  # fmt: skip


def entry_shown(row: Row | Mapping[str, Any]) -> Plain[EntryOut]:
    """Shape an entry for the answer."""
    own, counted = row["confidentiality"], row["pages_in_file"]
    fields: dict[str, Any] = dict(zip(_ENTRY, _of_entry(row), strict=True))
    fields["confidentiality"] = None if own is None else LEVELS[own]
    fields["effective_confidentiality"] = LEVELS[row["effective"]]
    fields["review"] = None if row["decision"] is None else _review(row)
    fields["excluded"] = row["review"] == "excluded"
    fields["pages_differ"] = row["pages"] is not None and counted is not None and row["pages"] != counted
    fields["created_by"] = {"id": row["created_by"], "display_name": row["author_name"]}
    fields["created_at"], fields["updated_at"] = instant(row["created_at"]), instant(row["updated_at"])
    return Plain(EntryOut, fields)


def entry_out(row: Row | Mapping[str, Any]) -> EntryOut:
    """Give an entry as its model, for acts that compare or record it."""
    return entry_shown(row).checked()


def file_shown(row: Row) -> Plain[FileOut]:
    """Shape a file for the answer."""
    fields: dict[str, Any] = dict(zip(_FILE, _of_file(row), strict=True))
    fields["created_at"] = instant(row["created_at"])
    fields["created_by"] = {"id": row["created_by"], "display_name": row["author_name"]}
    return Plain(FileOut, fields)


def file_out(row: Row) -> FileOut:
    """Give a file as its model, for acts that compare or record it."""
    return file_shown(row).checked()


def _review(row: Row | Mapping[str, Any]) -> dict[str, Any]:
    review: dict[str, Any] = dict(zip(_REVIEW, _of_review(row), strict=True))
    review["reviewed_by"] = {"id": row["reviewed_by"], "display_name": row["reviewer_name"]}
    review["reviewed_at"] = instant(row["reviewed_at"])
    return review
