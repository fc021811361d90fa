"""What a receipt must meet (pure): each fault is an Invalid with the pointer of the field or line that it is in.

Sources: domain/rules.md 1.3 (what is handed to court, arbitration or authority leaves its copy), workflow.md 2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from app.collection.places import Capacity, Direction, Move, NotPossible, Place, Whereabouts, after, follow
from app.collection.schemas import ReceiptCreate, ReceiptItemIn, Signature
from app.core.clock import today
from app.core.errors import Invalid
from app.entries.schemas import Original

_WORDS = {
    "not_here": ("The original of this entry is not here", "该材料的原件不在本所"),
    "already_here": ("The original of this entry is here already", "该材料的原件已在本所"),
    "before_last_move": (
        "The original of this entry changed hands on a later day already",
        "该材料的原件在此日期之后已有转移记录",
    ),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line that passed; `was` and `place` tell whence and whither the original moved, None where it didn't."""

    entry_id: UUID
    title: str
    original: Original
    pages: int | None
    copies: int
    remarks: str | None
    copy_entry_id: UUID | None = None
    was: Place | None = None
    place: Place | None = None


def require_days(**days: date | None) -> None:
    """Raise Invalid for days, by field, that have not come yet."""
    for name, day in days.items():
        if day is not None and day > today():
            raise Invalid.field(f"/body/{name}", "in_future", "This day has not come yet", "日期不能晚于今天")


def require_same_signature(data: Signature, signed_by: str | None, signed_on: date | None) -> None:
    """Raise Invalid unless a later record of a signature says what the receipt says already."""
    for name, told in (("signed_by", signed_by), ("signed_on", signed_on)):
        if told is not None and getattr(data, name) != told:
            raise Invalid.field(
                f"/body/{name}", "differs", "The receipt itself says otherwise: cancel it if it is wrong",
                "与收据所载不一致:收据有误应先作废",
            )  # fmt: skip


def require_counterparty(data: ReceiptCreate) -> None:
    """Raise Invalid unless material goes to those it can go to: back to the client, or on to others."""
    client = data.counterparty.capacity is Capacity.CLIENT
    problem = None
    if data.direction is Direction.RETURNED and not client:
        problem = ("What is returned goes to the client", "退还的对象应为委托人")
    elif data.direction is Direction.HANDED_OVER and client:
        problem = ("What goes to the client is returned to him", "交给委托人的应开具退还清单")
    elif data.counterparty.client_id is not None and not client:
        problem = ("client_id goes with the capacity client", "client_id 仅用于委托人")
    if problem is not None:
        raise Invalid.field("/body/counterparty/capacity", "wrong_capacity", *problem)


def require_signature(data: ReceiptCreate, lines: Sequence[Line]) -> None:
    """Raise Invalid where originals are returned and nobody signed for them."""
    originals = any(line.original is Original.ORIGINAL for line in lines)
    if data.direction is Direction.RETURNED and originals and data.signed_by is None:
        raise Invalid.field(
            "/body/signed_by", "signature_needed", "Originals are returned against signature: who signed, and when",
            "退还原件须由接收人签收:请填写签收人及日期",
        )  # fmt: skip


def known_line(data: ReceiptCreate, index: int, known: Mapping[UUID, Any], moves: Sequence[Move]) -> Line:
    """Give the line of an entry by its id; `known` are the rows of entries that may be named, `moves` its history.

    Raises Invalid for an entry that may not be named, an original that is none, one that is not where it would have
    to be, and one that would leave without a copy.
    """
    item, here = data.items[index], f"/body/items/{index}"
    entry_id, entry = _entry(item, here, known)
    original = item.original or Original(entry["original"])
    recorded = Original(entry["original"]) is Original.ORIGINAL
    was = place = None
    if original is Original.ORIGINAL:
        if not recorded:
            raise Invalid.field(
                f"{here}/original",
                "no_original",
                "No original of this entry is recorded here",
                "本所登记的不是该材料原件",
            )
        found = follow(moves)
        was, place = found.place, _moved(found, data, here)
    if data.direction is Direction.HANDED_OVER and original is Original.ORIGINAL:
        _require_copy(item, entry, known, here)
    return Line(
        entry_id, entry["title"], original, item.pages or entry["pages"], item.copies, item.remarks,
        item.copy_entry_id, was, place,
    )  # fmt: skip


def _entry(item: ReceiptItemIn, here: str, known: Mapping[UUID, Any]) -> tuple[UUID, Any]:
    for name in ("entry_id", "copy_entry_id"):
        named = getattr(item, name)
        if named is not None and named not in known:
            raise Invalid.field(
                f"{here}/{name}", "unknown_entry", "There is no such entry in the dossier", "案卷中没有该材料"
            )
    if item.entry_id is None:
        raise RuntimeError("a line without an entry is registered, not looked up")
    return item.entry_id, known[item.entry_id]


def _moved(found: Whereabouts, data: ReceiptCreate, here: str) -> Place:
    move = Move(data.direction, data.counterparty.capacity, data.on)
    try:
        return after(found, move).place
    except NotPossible as error:
        raise Invalid.field(f"{here}/entry_id", error.code, *_WORDS[error.code]) from error


def _require_copy(item: ReceiptItemIn, entry: Any, known: Mapping[UUID, Any], here: str) -> None:
    if item.copy_entry_id is None:
        if not entry["has_file"]:
            raise Invalid.field(
                here, "leaves_no_copy", "An original that is handed over leaves its copy: store a file or name one",
                "交出原件须留存复制件:请先上传文件或指明复制件",
            )  # fmt: skip
        return
    if item.copy_entry_id == item.entry_id or Original(known[item.copy_entry_id]["original"]) is Original.ORIGINAL:
        raise Invalid.field(f"{here}/copy_entry_id", "no_copy", "This entry is no copy", "该材料不是复制件")
