"""What it means that a party of a new matter stands somewhere else: the constellations, one by one."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clients.parties import Known
from app.conflicts.finding import Asked, Found, Mandate, Match, Matter, Place, Surroundings, find, how_of, years_after
from app.conflicts.rules import CONFLICT, ConflictRules, Constellation
from app.conflicts.schemas import How, Side

CLIENT, DOSSIER, OTHER = (UUID(int=number) for number in range(3))
TODAY = date(2026, 11, 24)
LONG_AGO, LATELY = date(2025, 11, 24), date(2025, 11, 25)


def matter(*sides: Side, matter_type: str = "civil", number: str | None = None, **names: str) -> Matter:
    """Make a new matter with somebody on each of these sides."""
    asked = [Asked(side, Known(names.get(side.value, f"{side}{place}"), "person")) for place, side in enumerate(sides)]
    return Matter(asked, matter_type, number, CONFLICT.first, TODAY)


def around(state: str = "open", ended: date = TODAY, *, number: str | None = None, **fields: Any) -> Surroundings:
    """Make one dossier and one client whose dossier it is."""
    sees_dossier, sees_client = fields.get("sees_dossier", True), fields.get("sees_client", True)
    return Surroundings(
        places={DOSSIER: Place(state, ended, number, sees_dossier)},
        clients={CLIENT: ("甲", sees_client)},
        mandates={CLIENT: [Mandate(DOSSIER, fields.get("current", True))]},
    )


def client(asked: int = 0, how: How = How.SAME_NAME) -> Match:
    return Match(asked, how, Side.CLIENT, "甲", CLIENT, None)


def party(side: Side, asked: int = 0, how: How = How.SAME_NAME, dossier: UUID = DOSSIER) -> Match:
    return Match(asked, how, side, "乙", None, dossier)


def told(found: list[Found]) -> list[tuple[str, str | None, str | None]]:
    rules = [(one.constellation.value, one.rule) for one in found]
    return [(where, rule.code if rule else None, rule.kind if rule else None) for where, rule in rules]


@pytest.mark.parametrize(
    ("side", "match", "surroundings", "expected"),
    [
        (Side.OPPOSING, client(), around(), ("opponent_is_client", "against-client", "relative")),
        (Side.OPPOSING, client(), around("returned"), ("opponent_is_client", "against-client", "relative")),
        (Side.OPPOSING, client(), around("filed", LATELY), ("opponent_was_client", "against-former", "relative")),
        (Side.OPPOSING, client(), around("filed", LONG_AGO), ("opponent_was_client_long_ago", None, None)),
        (Side.OPPOSING, client(), around("destroyed", LONG_AGO), ("opponent_was_client_long_ago", None, None)),
        (Side.OPPOSING, client(), around(current=False), ("opponent_was_client", "against-former", "relative")),
        (Side.CLIENT, party(Side.OPPOSING), around(), ("client_is_opponent", "opponent-as-client", "relative")),
        (Side.CLIENT, party(Side.OPPOSING), around("filed"), ("client_was_opponent", None, None)),
        (Side.RELATED, client(), around(), ("related", "related-party", "relative")),
        (Side.OPPOSING, party(Side.RELATED), around(), ("related", "related-party", "relative")),
    ],
)  # fmt: skip
def test_constellations(side: Side, match: Match, surroundings: Surroundings, expected: tuple[str, ...]) -> None:
    found = find(matter(side), [match], surroundings)
    assert told(found) == [expected]
    assert (found[0].dossier_ids, found[0].hidden) == ([DOSSIER], False)


@pytest.mark.parametrize(("side", "match"), [
    (Side.CLIENT, client()), (Side.OPPOSING, party(Side.OPPOSING)), (Side.RELATED, party(Side.RELATED)),
])  # fmt: skip
def test_the_same_side_is_no_conflict(side: Side, match: Match) -> None:
    assert find(matter(side), [match], around()) == []


def test_the_same_two_against_each_other_are_the_same_case() -> None:
    both = [client(1), party(Side.OPPOSING, 0)]
    found = find(matter(Side.CLIENT, Side.OPPOSING), both, around("filed", LONG_AGO))
    assert told(found) == [("same_case_other_side", "same-case", "absolute")] * 2
    found = find(matter(Side.CLIENT, Side.OPPOSING, matter_type="criminal"), both, around())
    assert told(found) == [("same_case_other_side", "victim-and-suspect", "absolute")] * 2


def test_the_same_number_is_the_same_case() -> None:
    found = find(matter(Side.OPPOSING, number="(2026)京01民初1号"), [client()], around(number="(2026)京01民初1号"))
    assert told(found) == [("same_case_other_side", "same-case", "absolute")]
    other = find(matter(Side.OPPOSING, number="(2026)京01民初1号"), [client()], around(number="(2026)京01民初2号"))
    assert told(other) == [("opponent_is_client", "against-client", "relative")]


def test_a_client_without_a_dossier_is_one_all_the_same() -> None:
    found = find(matter(Side.OPPOSING), [client()], Surroundings({}, {CLIENT: ("甲", True)}, {}))
    assert told(found) == [("opponent_is_client", "against-client", "relative")]
    assert found[0].dossier_ids == []


def test_both_sides_of_one_matter() -> None:
    nothing = Surroundings({}, {}, {})
    found = find(matter(Side.CLIENT, Side.OPPOSING, client="甲 公司", opposing="甲公司"), [], nothing)
    assert told(found) == [("both_sides", "both-sides", "absolute")]
    assert find(matter(Side.CLIENT, Side.OPPOSING), [], nothing) == []
    asked = [
        Asked(side, Known(side.value, "person", identifiers=[("other", "1")])) for side in (Side.CLIENT, Side.OPPOSING)
    ]
    found = find(Matter(asked, "civil", None, CONFLICT.first, TODAY), [], nothing)
    assert [(one.how, one.constellation) for one in found] == [(How.IDENTIFIER, Constellation.BOTH_SIDES)]


def test_what_is_not_seen_is_hidden_and_apart() -> None:
    assert [one.hidden for one in find(matter(Side.OPPOSING), [client()], around(sees_client=False))] == [True]
    assert [one.hidden for one in find(matter(Side.OPPOSING), [client()], around(sees_dossier=False))] == [True]
    surroundings = around()
    surroundings.places = {**surroundings.places, OTHER: Place("open", TODAY, None, sees=False)}
    surroundings.mandates = {CLIENT: [Mandate(DOSSIER, current=True), Mandate(OTHER, current=True)]}
    found = find(matter(Side.OPPOSING), [client()], surroundings)
    assert [(one.hidden, one.dossier_ids) for one in found] == [(False, [DOSSIER]), (True, [OTHER])]


def test_the_most_telling_way_of_being_found_counts() -> None:
    matches = [client(how=How.CONTAINS), client(how=How.IDENTIFIER), client(how=How.SAME_NAME)]
    assert [one.how for one in find(matter(Side.OPPOSING), matches, around())] == [How.IDENTIFIER]


@pytest.mark.parametrize(
    ("found", "asked", "what", "renamed", "how"),
    [
        ("identifier", "identifier", "identifier", False, How.IDENTIFIER),
        ("same_name", "name", "name", False, How.SAME_NAME), ("contains", "name", "name", False, How.CONTAINS),
        ("contains", "name", "name", True, How.FORMER_NAME), ("same_name", "former_name", "name", False, How.FORMER_NAME),
        ("same_name", "name", "former_name", False, How.FORMER_NAME),
        ("same_name", "legal_representative", "former_name", True, How.LEGAL_REPRESENTATIVE),
        ("same_name", "name", "legal_representative", False, How.LEGAL_REPRESENTATIVE),
    ],
)  # fmt: skip
def test_ways_of_being_found(found: str, asked: str, what: str, renamed: bool, how: How) -> None:
    assert how_of(found, asked, what, renamed=renamed) is how


@given(st.dates(date(1950, 1, 1), date(2100, 1, 1)), st.integers(0, 50))
def test_years_after_a_day(day: date, years: int) -> None:
    after = years_after(day, years)
    expected = (day.month, day.day) if (after.month, after.day) != (3, 1) else (3, 1)
    assert after.year == day.year + years
    assert (after.month, after.day) == expected
    assert years_after(date(2024, 2, 29), 1) == date(2025, 3, 1)


def test_of_rules_that_apply_the_first_counts_and_codes_are_once() -> None:
    body = CONFLICT.first.model_dump()
    with pytest.raises(ValueError, match="the same code twice"):
        ConflictRules.model_validate({**body, "rules": [*body["rules"], body["rules"][0]]})
    rule = CONFLICT.first.rule_for(Constellation.SAME_CASE_OTHER_SIDE, "civil")
    assert rule is not None
    assert rule.code == "same-case"
    assert CONFLICT.first.rule_for(Constellation.CLIENT_WAS_OPPONENT, "civil") is None
