"""How entries and files are shown, made of rows as `repository.find` and `repository.find_file` give them."""

from datetime import datetime
from operator import itemgetter
from typing import Any

from app.auth.roles import LEVELS
from app.core.database import Row
from app.core.plain import Plain
from app.core.schema import rfc3339
from app.entries.schemas import EntryOut, FileOut

_ENTRY = dict.fromkeys(EntryOut.model_fields)
_SHAPED = {
    "confidentiality", "effective_confidentiality", "review", "excluded", "pages_differ", "created_by", "created_at",
    "updated_at",
}  # fmt: skip
_ENTRY_AS_IT_IS = tuple(name for name in _ENTRY if name not in _SHAPED)
_of_entry = itemgetter(*_ENTRY_AS_IT_IS)

_FILE = dict.fromkeys(FileOut.model_fields)
_FILE_AS_IT_IS = tuple(name for name in _FILE if name not in {"created_by", "created_at"})
_of_file = itemgetter(*_FILE_AS_IT_IS)


def entry_shown(row: Row) -> Plain[EntryOut]:
    """Shape an entry for the answer."""
    own, counted = row["confidentiality"], row["pages_in_file"]
    # The order of the fields is that of the model; those that have no value yet keep their place.
    fields: dict[str, Any] = {**_ENTRY, **dict(zip(_ENTRY_AS_IT_IS, _of_entry(row), strict=True))}
    fields["confidentiality"] = None if own is None else LEVELS[own]
    fields["effective_confidentiality"] = LEVELS[row["effective"]]
    fields["review"] = _review(row["newest_review"])
    fields["excluded"] = row["review"] == "excluded"
    fields["pages_differ"] = row["pages"] is not None and counted is not None and row["pages"] != counted
    fields["created_by"] = {"id": row["created_by"], "display_name": row["author_name"]}
    fields["created_at"], fields["updated_at"] = rfc3339(row["created_at"]), rfc3339(row["updated_at"])
    return Plain(EntryOut, fields)


def entry_out(row: Row) -> EntryOut:
    """Give an entry as its model, for acts that compare or record it."""
    return entry_shown(row).checked()


def file_shown(row: Row) -> Plain[FileOut]:
    """Shape a file for the answer."""
    fields: dict[str, Any] = {**_FILE, **dict(zip(_FILE_AS_IT_IS, _of_file(row), strict=True))}
    fields["created_at"] = rfc3339(row["created_at"])
    fields["created_by"] = {"id": row["created_by"], "display_name": row["author_name"]}
    return Plain(FileOut, fields)


def file_out(row: Row) -> FileOut:
    """Give a file as its model, for acts that compare or record it."""
    return file_shown(row).checked()


def _review(review: dict[str, Any] | None) -> dict[str, Any] | None:
    if review is not None:
        # Within JSON, PostgreSQL leaves zeros off the fraction of a second.
        review["reviewed_at"] = rfc3339(datetime.fromisoformat(review["reviewed_at"]))
    return review
