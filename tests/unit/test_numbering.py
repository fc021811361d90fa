"""Numbers by the firm's rule: what a rule may be, and that it never gives two dossiers one number."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dossiers.numbering import NumberingError, NumberRule

USUAL = "{year}-{type}-{lawyer}-{serial:04d}"
SCOPES = [
    frozenset(part) for part in ((), ("year",), ("year", "type"), ("year", "type", "lawyer"), ("decade", "lawyer"))
]
CODES = st.from_regex(r"[A-Z][A-Z0-9]{0,3}", fullmatch=True)
SIGNS = st.sampled_from(["-", "_", "/", "·", "〕第", "(", "-M", "号-"])
FACTS = st.fixed_dictionaries({"year": st.integers(2020, 2035).map(str), "type": CODES, "lawyer": CODES})
FIELDS = frozenset({"year", "type", "lawyer"})
VALUES = {"year": "2026", "type": "MS", "lawyer": "L03"}


def rule_of(text: str, scope: frozenset[str] = frozenset()) -> NumberRule:
    return NumberRule(text, FIELDS, scope)


def test_the_usual_rule() -> None:
    rule = rule_of(USUAL, FIELDS)
    rule.check()
    assert rule.render(1, VALUES) == "2026-MS-L03-0001"
    assert rule.render(12345, VALUES) == "2026-MS-L03-12345"
    assert rule.series_key("ordinary", VALUES) == "ordinary;lawyer=L03;type=MS;year=2026"
    assert rule.has("lawyer")
    assert not rule_of("{year}-{serial}").has("lawyer")


def test_the_usual_rule_of_archive_numbers() -> None:
    rule = NumberRule(
        "{year}-{type}-{retention}-{serial:04d}", frozenset({"year", "type", "retention"}), frozenset({"year"})
    )
    rule.check()
    assert rule.render(3, {"year": "2026", "type": "MS", "retention": "D30"}) == "2026-MS-D30-0003"
    with pytest.raises(NumberingError, match="no field"):
        NumberRule(USUAL, rule.fields, rule.scope).check()


def test_a_chinese_rule() -> None:
    rule = rule_of("〔{year}〕{type}·{lawyer}第{serial}号", frozenset({"year", "type"}))
    rule.check()
    assert rule.render(7, {**VALUES, "type": "民代"}) == "〔2026〕民代·L03第7号"


@pytest.mark.parametrize(
    "rule",
    ["", "{year}", "2026-0001", "{serial}-{serial}", "{serial:04d}-{serial}", "{serial.__class__}", "{serial!r}",
     "{serial:>4}", "{serial:4d}", "{serial:00d}", "{serial:04x}", "{0}-{serial}", "{}-{serial}", "{client}-{serial}",
     "{year.real}-{serial}", "{year[0]}-{serial}", "{year:04d}-{serial}", "{{serial}}", "{serial", "serial}", "{ serial}",
     "{serial}\n", "{serial\n}", "%s-{serial}", "{serial};", "{serial}'", "{serial}\u202e", "{serial}*", "{serial}" + "x" * 93,
     "{year}{serial}", "{lawyer}1{serial}", "{lawyer}X{serial}", "{Year}-{serial}", "{serial:{year}d}"],
)  # fmt: skip
def test_rules_that_are_refused(rule: str) -> None:
    with pytest.raises(NumberingError) as raised:
        rule_of(rule).check()
    assert raised.value.en == str(raised.value)
    assert raised.value.zh
    assert raised.value.zh != raised.value.en


@pytest.mark.parametrize("part", ["year", "decade", "type", "lawyer"])
def test_what_parts_series_stands_in_the_number(part: str) -> None:
    field = "year" if part == "decade" else part
    rule = USUAL.replace(f"{{{field}}}-", "")
    rule_of(rule).check()
    with pytest.raises(NumberingError, match=part):
        rule_of(rule, frozenset({part})).check()


def test_unknown_scope() -> None:
    with pytest.raises(NumberingError, match="scope"):
        rule_of(USUAL, frozenset({"client"})).check()


@given(st.text(st.sampled_from("{}yearserialtypelawyer:04d-_/!.[]0 \n号第"), max_size=40), st.sampled_from(SCOPES))
def test_any_text_is_checked_without_a_crash(rule: str, scope: frozenset[str]) -> None:
    try:
        rule_of(rule, scope).check()
    except NumberingError:
        return
    number = rule_of(rule, scope).render(1, VALUES)
    assert "{" not in number
    assert "\n" not in number


@st.composite
def rules(draw: st.DrawFn) -> str:
    fields = draw(
        st.permutations(["{year}", "{type}", "{lawyer}", draw(st.sampled_from(["{serial}", "{serial:03d}"]))])
    )
    parts = [draw(st.sampled_from(["", "所-"]))]
    for field in fields:
        parts += [field, draw(SIGNS)]
    return "".join(parts[:-1])


@given(rules(), st.sampled_from(SCOPES), FACTS, FACTS, st.integers(1, 30), st.integers(1, 30))
def test_different_places_in_the_series_give_different_numbers(
    rule: str, scope: frozenset[str], one: dict[str, str], two: dict[str, str], a: int, b: int
) -> None:
    checked = rule_of(rule, scope)
    checked.check()
    places = [(checked.series_key("ordinary", facts), serial) for facts, serial in ((one, a), (two, b))]
    numbers = [checked.render(serial, facts) for facts, serial in ((one, a), (two, b))]
    if places[0] != places[1]:
        assert numbers[0] != numbers[1]
    if (one, a) == (two, b):
        assert numbers[0] == numbers[1]


@given(FACTS, FACTS)
def test_series_are_parted_by_scope_and_by_kind_only(one: dict[str, str], two: dict[str, str]) -> None:
    for scope, kind, other in product(SCOPES[:4], ("ordinary", "sealed"), ("ordinary", "sealed")):
        first = rule_of(USUAL, scope).series_key(kind, one)
        second = rule_of(USUAL, scope).series_key(other, two)
        same = kind == other and all(one[part] == two[part] for part in scope)
        assert (first == second) == same


def test_numbers_break_every_ten_years() -> None:
    rule = rule_of(USUAL, frozenset({"decade"}))
    keys = {year: rule.series_key("ordinary", {**VALUES, "year": str(year)}) for year in range(2018, 2032)}
    assert keys[2020] == keys[2029]
    assert len({keys[2019], keys[2020], keys[2030]}) == 3
