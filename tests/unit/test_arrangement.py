"""Arrangement of entries: checked against the rules by means other than those of the code."""

from datetime import UTC, date, datetime
from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.entries.arrangement import CATEGORIES, ContentsList, Line, Mode, Piece, arrange

STAGES = ["收案", "立案", "庭审"]
SLOTS = ["ms-01", "ms-02", "ms-03"]
DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 4))
MOMENTS = st.datetimes(datetime(2026, 2, 1), datetime(2026, 2, 1, 0, 0, 3)).map(
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
)


@st.composite
def piece_lists(draw: st.DrawFn) -> list[Piece]:
    ids = draw(st.lists(st.integers(0, 2**20), unique=True, max_size=14))
    return [
        Piece(
            entry_id=UUID(int=number),
            title=f"材料{number}",
            document_number=None,
            responsible_party=None,
            formed_on=draw(st.none() | DAYS),
            pages=draw(st.none() | st.integers(1, 12)),
            stage=draw(st.sampled_from([None, "别的", *STAGES])),
            category=draw(st.sampled_from([*CATEGORIES, "unheard_of"])),
            slot=draw(st.sampled_from([None, "xx-99", *SLOTS])),
            position=draw(st.none() | st.integers(1, 5)),
            registered_at=draw(MOMENTS),
            remarks=None,
        )
        for number in ids
    ]


MODES = st.sampled_from(Mode)
LIMITS = st.integers(1, 15)


def listed(pieces: list[Piece], mode: Mode, limit: int) -> ContentsList:
    return arrange(pieces, mode, stages=STAGES, slots=SLOTS, page_limit=limit)


def lines_of(contents: ContentsList) -> list[Line]:
    return [line for volume in contents.volumes for line in volume.items]


def piece(number: int, pages: int | None = 1, **fields: object) -> Piece:
    plain: dict[str, object] = {
        "entry_id": UUID(int=number), "title": str(number), "document_number": None, "responsible_party": None,
        "formed_on": None, "pages": pages, "stage": None, "category": "other", "slot": None, "position": None,
        "registered_at": datetime(2026, 1, 1, tzinfo=UTC), "remarks": None,
    }  # fmt: skip
    return Piece(**{**plain, **fields})  # type: ignore[arg-type]


@given(piece_lists(), MODES, LIMITS)
def test_no_piece_is_lost_split_or_doubled(pieces: list[Piece], mode: Mode, limit: int) -> None:
    lines = lines_of(listed(pieces, mode, limit))
    assert sorted((line.piece for line in lines), key=lambda one: one.entry_id) == sorted(
        pieces, key=lambda one: one.entry_id
    )


@given(piece_lists(), MODES, LIMITS, st.randoms(use_true_random=False))
def test_the_order_of_coming_in_does_not_count(pieces: list[Piece], mode: Mode, limit: int, random: Random) -> None:
    shuffled = list(pieces)
    random.shuffle(shuffled)
    assert listed(shuffled, mode, limit) == listed(pieces, mode, limit)


@given(piece_lists(), MODES, LIMITS)
def test_serials_and_pages_run_from_one_without_a_gap(pieces: list[Piece], mode: Mode, limit: int) -> None:
    contents = listed(pieces, mode, limit)
    assert [volume.volume for volume in contents.volumes] == list(range(1, len(contents.volumes) + 1))
    for volume in contents.volumes:
        assert [line.serial for line in volume.items] == list(range(1, len(volume.items) + 1))
        numbered: list[int] = []
        for line in volume.items:
            if line.piece.pages is None:
                assert line.page_from is line.page_to is None
                continue
            assert line.page_from is not None
            assert line.page_to is not None
            run = list(range(line.page_from, line.page_to + 1))
            assert len(run) == line.piece.pages
            numbered += run
        assert numbered == list(range(1, volume.pages + 1))


@given(piece_lists(), MODES, LIMITS)
def test_only_a_single_over_long_entry_passes_the_limit(pieces: list[Piece], mode: Mode, limit: int) -> None:
    for volume in listed(pieces, mode, limit).volumes:
        assert volume.items
        assert volume.pages <= limit or len(volume.items) == 1


@given(piece_lists(), MODES, LIMITS)
def test_a_volume_ends_only_where_the_next_entry_would_pass_the_limit(
    pieces: list[Piece], mode: Mode, limit: int
) -> None:
    for volume, following in pairwise(listed(pieces, mode, limit).volumes):
        assert volume.pages + (following.items[0].piece.pages or 0) > limit


@given(piece_lists(), MODES, LIMITS)
def test_incomplete_names_what_has_no_pages(pieces: list[Piece], mode: Mode, limit: int) -> None:
    contents = listed(pieces, mode, limit)
    assert list(contents.incomplete) == [line.piece.entry_id for line in lines_of(contents) if line.piece.pages is None]


def _not_after(one: Piece, two: Piece) -> bool:
    """Whether two equals stand right: dated before undated, earlier before later, then registering, then id."""
    if (one.formed_on is None) != (two.formed_on is None):
        return one.formed_on is not None
    if one.formed_on is not None and two.formed_on is not None and one.formed_on != two.formed_on:
        return one.formed_on < two.formed_on
    if one.registered_at != two.registered_at:
        return one.registered_at < two.registered_at
    return str(one.entry_id) < str(two.entry_id)


def _group(mode: Mode, one: Piece) -> int:
    """The group of a piece, counted by hand."""
    choices: dict[Mode, tuple[Any, list[Any]]] = {
        Mode.TIME: ("", [""]),
        Mode.STAGE: (one.stage, [*STAGES]),
        Mode.TEMPLATE: (one.slot, [*SLOTS]),
        Mode.MANUAL: (one.position, [1, 2, 3, 4, 5]),
        Mode.CATEGORY: (one.category, [
            "client_information", "evidence", "legal_instrument", "correspondence", "court_document", "fee_document",
            "internal_discussion", "other",
        ]),
    }  # fmt: skip
    value, order = choices[mode]
    return order.index(value) if value in order else 99


@given(piece_lists(), MODES, LIMITS)
def test_groups_follow_their_order_and_equals_theirs(pieces: list[Piece], mode: Mode, limit: int) -> None:
    for before, after in pairwise(line.piece for line in lines_of(listed(pieces, mode, limit))):
        first, second = _group(mode, before), _group(mode, after)
        assert first < second or (first == second and _not_after(before, after))


def test_an_over_long_entry_stands_alone() -> None:
    contents = listed([piece(1, 2), piece(2, 30), piece(3, None), piece(4, 3)], Mode.TIME, 10)
    assert [[line.piece.title for line in volume.items] for volume in contents.volumes] == [["1"], ["2"], ["3", "4"]]
    assert [volume.pages for volume in contents.volumes] == [2, 30, 3]


def test_it_stands_alone_after_one_without_pages_too() -> None:
    contents = listed([piece(1, None), piece(2, 30)], Mode.TIME, 10)
    assert [[line.piece.title for line in volume.items] for volume in contents.volumes] == [["1"], ["2"]]
    assert contents.incomplete == (UUID(int=1),)


def test_a_volume_may_be_full_to_the_last_page() -> None:
    contents = listed([piece(1, 4), piece(2, 6), piece(3, 1)], Mode.TIME, 10)
    assert [volume.pages for volume in contents.volumes] == [10, 1]


def test_nothing_gives_nothing() -> None:
    assert listed([], Mode.TEMPLATE, 200) == ContentsList((), ())


@pytest.mark.parametrize("mode", Mode)
def test_without_stages_and_slots_time_decides(mode: Mode) -> None:
    pieces = [piece(1, formed_on=date(2026, 2, 1), slot="ms-01", stage="收案"), piece(2, formed_on=date(2026, 1, 1))]
    contents = arrange(pieces, mode, stages=[], slots=[], page_limit=200)
    assert [line.piece.title for line in contents.volumes[0].items] == ["2", "1"]
