"""Arrangement (整理) of a dossier's entries into volumes (pure): the same entries give the same list.

Sources: domain/rules.md section 1.4 (order), 1.6 (page numbers begin at 1 in every volume 册; cover, contents list and
note to file carry none; about 200 pages a volume), domain/workflow.md section 3.
Never reads a clock, a database or anything but its arguments.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.dossiers.categories import Category

# The classes of material in the order of the contract.
CATEGORIES: tuple[str, ...] = tuple(category.value for category in Category)


class Mode(StrEnum):
    """What the order goes by."""

    TIME = "time"
    STAGE = "stage"
    CATEGORY = "category"
    TEMPLATE = "template"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Piece:
    """An entry as far as its place in the list is concerned; `position` is its place by hand, from 1."""

    entry_id: UUID
    title: str
    document_number: str | None
    responsible_party: str | None
    formed_on: date | None
    pages: int | None
    stage: str | None
    category: str
    slot: str | None
    position: int | None
    registered_at: datetime
    remarks: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the contents list; without a page count it takes no pages."""

    serial: int
    piece: Piece
    page_from: int | None
    page_to: int | None


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume (册); `pages` is the sum of its lines'."""

    volume: int
    pages: int
    items: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class ContentsList:
    """The contents list (卷内目录); `incomplete` names entries whose pages are not known, in the order of the list."""

    volumes: tuple[Volume, ...]
    incomplete: tuple[UUID, ...]


def arrange(
    pieces: Iterable[Piece],
    mode: Mode,
    *,
    stages: Sequence[str],
    slots: Sequence[str],
    page_limit: int,
    categories: Sequence[str] = CATEGORIES,
) -> ContentsList:
    """Order the pieces and lay them into volumes of at most `page_limit` pages.

    An entry is never split: a new volume begins when the next would pass the limit, and one that is longer than the
    limit fills a volume of its own. One without a page count keeps its line, so that nothing vanishes from the list.
    """
    ordered = sorted(pieces, key=_sort_key(mode, stages, slots, categories))
    volumes: list[Volume] = []
    lines, page = list[Line](), 0
    for piece in ordered:
        if lines and page + (piece.pages or 0) > page_limit:
            volumes.append(_volume(volumes, lines, page))
            lines, page = [], 0
        last = page + piece.pages if piece.pages else None
        lines.append(Line(len(lines) + 1, piece, page + 1 if last else None, last))
        page = last or page
    if lines:
        volumes.append(_volume(volumes, lines, page))
    return ContentsList(tuple(volumes), tuple(piece.entry_id for piece in ordered if piece.pages is None))


def _volume(before: Sequence[Volume], lines: Sequence[Line], pages: int) -> Volume:
    return Volume(len(before) + 1, pages, tuple(lines))


def _sort_key(
    mode: Mode, stages: Sequence[str], slots: Sequence[str], categories: Sequence[str]
) -> Callable[[Piece], Any]:
    rank: Callable[[Piece], int]
    match mode:
        case Mode.TIME:
            rank = lambda _: 0  # noqa: E731
        case Mode.STAGE:
            rank = _place(stages, lambda piece: piece.stage)
        case Mode.CATEGORY:
            rank = _place(categories, lambda piece: piece.category)
        case Mode.TEMPLATE:
            rank = _place(slots, lambda piece: piece.slot)
        case Mode.MANUAL:
            rank = lambda piece: piece.position if piece.position is not None else 1 << 31  # noqa: E731
    return lambda piece: (rank(piece), *_equal_key(piece))


def _place(order: Sequence[str], of: Callable[[Piece], str | None]) -> Callable[[Piece], int]:
    """Rank by place in an order; what has no place there comes last."""
    places = {name: place for place, name in enumerate(order)}
    return lambda piece: places.get(of(piece) or "", len(order))


def _equal_key(piece: Piece) -> tuple[bool, date, datetime, UUID]:
    """Order among equals: date of forming, undated last, then time of registering."""
    return (piece.formed_on is None, piece.formed_on or date.min, piece.registered_at, piece.entry_id)
