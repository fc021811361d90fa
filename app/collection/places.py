"""Where an entry's original is (pure): a function of the receipts that moved it, in the order they were made out.

Only originals have a place: of a copy or an electronic file another can always be made. An original is held from its
registration on, leaves by a receipt of handing over or return, and comes back by a receipt of receiving.
Source: domain/rules.md 1.3; workflow.md 2.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Direction(StrEnum):
    """Which way material went: received (接收), handed over (送达、提交), returned to the client (退还)."""

    RECEIVED = "received"
    HANDED_OVER = "handed_over"
    RETURNED = "returned"


class Capacity(StrEnum):
    """What the other side of a receipt is: 委托人、法院、仲裁机构、行政机关、对方当事人、其他."""

    CLIENT = "client"
    COURT = "court"
    ARBITRATION = "arbitration"
    AUTHORITY = "authority"
    OPPONENT = "opponent"
    OTHER = "other"


class Place(StrEnum):
    """Where an original is."""

    HELD = "held"
    WITH_COURT = "with_court"
    WITH_ARBITRATION = "with_arbitration"
    WITH_AUTHORITY = "with_authority"
    WITH_OPPONENT = "with_opponent"
    WITH_OTHER = "with_other"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Move:
    """An original that changed hands."""

    direction: Direction
    capacity: Capacity
    on: date
    counterparty: str = ""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where an original is, by which move; None for one that never left."""

    place: Place
    by: Move | None


class NotPossible(ValueError):
    """A move that can't have been; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def after(found: Whereabouts, move: Move) -> Whereabouts:
    """Give where the original is after one more move; raises NotPossible.

    `not_here` for what is to leave and isn't held, `already_here` for what is to come back and is held,
    `before_last_move` for a day before the move that came before.
    """
    if move.direction is Direction.RECEIVED:
        if found.place is Place.HELD:
            raise NotPossible("already_here")
    elif found.place is not Place.HELD:
        raise NotPossible("not_here")
    if found.by is not None and move.on < found.by.on:
        raise NotPossible("before_last_move")
    match move.direction:
        case Direction.RECEIVED:
            place = Place.HELD
        case Direction.RETURNED:
            place = Place.RETURNED
        case Direction.HANDED_OVER:
            place = Place(f"with_{move.capacity.value}")
    return Whereabouts(place, move)


def follow(moves: Iterable[Move]) -> Whereabouts:
    """Give where an original is after all its moves; raises NotPossible for a history that can't have been."""
    found = Whereabouts(Place.HELD, None)
    for move in moves:
        found = after(found, move)
    return found
