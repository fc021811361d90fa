"""Entity tags: one tag for one representation, compared as RFC 9110 says."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from app.core.errors import PreconditionFailed, PreconditionRequired
from app.core.etag import etag_of, none_match, require_match
from app.core.schema import Output


class Shown(BaseModel):
    """A representation."""

    name: str = "王丽"
    number: int = 1


class Partly(Output):
    """A representation that leaves out what was not set."""

    leave_out_unset = True
    name: str = "王丽"
    number: int = 1


others = st.text(st.characters(min_codepoint=0x23, max_codepoint=0x7E, exclude_characters=","), max_size=30).map(
    '"{}"'.format
)


@given(st.binary(), st.binary())
def test_tags_are_equal_exactly_when_representations_are(one: bytes, other: bytes) -> None:
    assert (etag_of(one) == etag_of(other)) == (one == other)
    assert etag_of(one).startswith('"')
    assert etag_of(one).endswith('"')
    assert etag_of(one).isascii()


@given(st.text(), st.integers(0, 5), st.text(), st.integers(0, 5))
def test_every_field_counts(name: str, number: int, other_name: str, other_number: int) -> None:
    one, other = Shown(name=name, number=number), Shown(name=other_name, number=other_number)
    assert (etag_of(one) == etag_of(other)) == (one == other)


def test_what_is_left_out_counts_too() -> None:
    assert etag_of(Partly(name="王丽")) != etag_of(Partly(name="王丽", number=1))
    assert etag_of(Shown(name="王丽")) == etag_of(Shown(name="王丽", number=1))


@given(st.lists(others, max_size=4), st.integers(0, 4), st.sampled_from([",", ", ", " ,\t", ",,"]))
def test_right_tag_passes_wherever_it_stands(tags: list[str], place: int, comma: str) -> None:
    current = Shown()
    tags.insert(place, etag_of(current))
    require_match(comma.join(tags), current)
    assert none_match(comma.join(tags), etag_of(current))


@given(st.lists(others, max_size=4))
def test_other_tags_do_not_pass(tags: list[str]) -> None:
    current = Shown()
    header = ", ".join(tags)
    with pytest.raises(PreconditionFailed):
        require_match(header, current)
    assert not none_match(header, etag_of(current))


def test_star_is_any_present_representation() -> None:
    require_match("*", Shown())
    assert none_match("*", etag_of(Shown()))


def test_without_the_header_a_change_is_refused_and_a_reading_is_not() -> None:
    with pytest.raises(PreconditionRequired):
        require_match(None, Shown())
    assert not none_match(None, etag_of(Shown()))


@pytest.mark.parametrize(
    "change", [str.upper, lambda tag: tag.strip('"'), "W/{}".format, lambda tag: f"x{tag}", lambda tag: tag[:-2] + '"']
)
def test_changes_are_compared_strongly(change: Callable[[str], str]) -> None:
    with pytest.raises(PreconditionFailed):
        require_match(change(etag_of(Shown())), Shown())


def test_readings_are_compared_weakly() -> None:
    assert none_match(f"W/{etag_of(Shown())}", etag_of(Shown()))
