"""Where an original is by its receipts: against a model that knows no more than here and away."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.collection.places import Capacity, Direction, Move, NotPossible, Place, Whereabouts, after, follow

DAY = date(2026, 3, 1)
DAYS = st.integers(0, 3).map(lambda days: DAY + timedelta(days=days))
OTHERS = st.sampled_from([capacity for capacity in Capacity if capacity is not Capacity.CLIENT])


@st.composite
def moves(draw: st.DrawFn) -> Move:
    """Any move that a receipt may tell of, possible or not."""
    direction = draw(st.sampled_from(list(Direction)))
    capacity = Capacity.CLIENT
    if direction is Direction.HANDED_OVER:
        capacity = draw(OTHERS)
    elif direction is Direction.RECEIVED:
        capacity = draw(st.sampled_from(list(Capacity)))
    return Move(direction, capacity, draw(DAYS))


@given(st.lists(moves(), max_size=12))
def test_only_what_is_here_leaves_and_only_what_is_away_comes_back(history: list[Move]) -> None:
    kept, here = list[Move](), True
    for move in history:
        comes = move.direction is Direction.RECEIVED
        possible = comes != here and (not kept or kept[-1].on <= move.on)
        if possible:
            found = after(follow(kept), move)
            kept.append(move)
            here = comes
            assert (found.place is Place.HELD) is here
            assert found.by == move
        else:
            with pytest.raises(NotPossible) as caught:
                after(follow(kept), move)
            wrong = "already_here" if comes else "not_here"
            assert caught.value.code == (wrong if comes == here else "before_last_move")
    assert follow(kept).place is Place.HELD or not here


@given(OTHERS, DAYS)
def test_place_names_who_has_it(capacity: Capacity, day: date) -> None:
    assert follow([Move(Direction.HANDED_OVER, capacity, day)]).place == f"with_{capacity}"


def test_what_was_returned_may_come_again() -> None:
    returned = Move(Direction.RETURNED, Capacity.CLIENT, DAY)
    assert follow([]) == Whereabouts(Place.HELD, None)
    assert follow([returned]).place is Place.RETURNED
    again = Move(Direction.RECEIVED, Capacity.CLIENT, DAY)
    assert follow([returned, again]) == Whereabouts(Place.HELD, again)
    with pytest.raises(NotPossible):
        follow([returned, returned])
