"""Rows of receipts shaped for the answer; lines whose entry the reader does not see are masked here, nowhere else."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.collection.places import Whereabouts
from app.collection.schemas import EntryReceiptsOut, ReceiptItemOut, ReceiptOfEntry, ReceiptOut
from app.core.database import Row

_PLAIN = (
    "id", "dossier_id", "dossier_number", "serial", "direction", "place", "signed_by", "signed_on",
    "signature_entry_id", "created_at",
)  # fmt: skip
_OF_LINE = ("entry_id", "title", "original", "copies", "remarks", "copy_entry_id")


def receipt_out(row: Row, lines: Sequence[Row]) -> ReceiptOut:
    """Shape a receipt; `lines` carry the verdict `sees`."""
    whole = all(line["sees"] for line in lines)
    cancelled = None
    if row["cancelled_at"] is not None:
        who = {"id": row["cancelled_by"], "display_name": row["canceller_name"]}
        cancelled = {"reason": row["cancel_reason"], "cancelled_by": who, "cancelled_at": row["cancelled_at"]}
    return ReceiptOut.model_validate(
        {
            **{name: row[name] for name in _PLAIN},
            "on": row["passed_on"],
            "counterparty": _counterparty(row),
            "items": [_line(line) for line in lines],
            "remarks": row["remarks"] if whole else None,
            "cancelled": cancelled,
            "created_by": {"id": row["created_by"], "display_name": row["author_name"]},
        }
    )


def _line(line: Row) -> ReceiptItemOut:
    sees = line["sees"]
    told: dict[str, Any] = {name: line[name] if sees else None for name in _OF_LINE}
    return ReceiptItemOut(serial=line["position"], pages=line["pages"], masked=not sees, **told)


def _counterparty(row: Row) -> dict[str, Any]:
    return {"name": row["counterparty"], "capacity": row["capacity"], "client_id": row["client_id"]}


def entry_receipts_out(entry_id: UUID, found: Whereabouts | None, rows: Sequence[Row]) -> EntryReceiptsOut:
    """Shape the receipts of an entry; `found` is None where the entry is no original."""
    by = None if found is None else found.by
    items = [
        ReceiptOfEntry.model_validate(
            {
                **{name: row[name] for name in ("serial", "direction", "original", "copies", "cancelled")},
                "receipt_id": row["id"],
                "on": row["passed_on"],
                "counterparty": _counterparty(row),
            }
        )
        for row in rows
    ]
    return EntryReceiptsOut(
        entry_id=entry_id,
        original_is=None if found is None else found.place,
        holder=None if found is None or by is None or found.place == "held" else by.counterparty,
        since=None if by is None else by.on,
        items=items,
    )
