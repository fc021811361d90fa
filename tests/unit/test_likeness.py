"""What is proposed as a duplicate: against the plain comparison of all with all, page by page, and in bounded time."""

import itertools
import time
import tracemalloc
from datetime import date, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from app.entries.likeness import Candidate, Likeness, Two, comparable, propose
from app.entries.rules import REVIEW, DuplicateRules

FIRST = REVIEW.first.duplicates
DAY = date(2026, 3, 1)


def candidate(number: int, title: str, formed_on: date | None = DAY, *digests: str) -> Candidate:
    """Make an entry."""
    return Candidate(UUID(int=number), title, formed_on, frozenset(digests))


def numbers(pairs: list[Likeness]) -> list[tuple[int, int]]:
    """Name pairs by the numbers of their entries."""
    return [(pair.first.entry_id.int, pair.second.entry_id.int) for pair in pairs]


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("委托代理合同(复印件)", "委托代理合同"), ("委托\u3000代理合同\uff08复印件\uff09", "委托代理合同"), ("证据 1 扫描件", "证据1"),
        ("Power of Attorney", "powerofattorney"), ("复印件", ""), ("《起诉状》—— 副本", "起诉状"), ("!?", ""),
    ],
)  # fmt: skip
def test_titles_are_compared_without_what_has_no_weight(title: str, key: str) -> None:
    assert comparable(title, FIRST.ignored) == key


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("委托代理合同", "委托代理合同(复印件)", True), ("买卖合同", "买卖合同书", True), ("买卖合同", "租赁合同", False),
        ("证据1", "证据1", True), ("证据1", "证据2", False), ("庭审笔录(一)", "庭审笔录(二)", False), ("!", "?", False),
        ("民事起诉状", "民事起诉状副本", True), ("复印件", "扫描件", False), ("张某某证人证言", "张某某证人证词", True),
    ],
)  # fmt: skip
def test_titles_that_are_alike(one: str, other: str, *, alike: bool) -> None:
    found = propose([candidate(1, one), candidate(2, other)], FIRST, set(), after=None, most=9)
    assert numbers(found) == ([(1, 2)] if alike else [])


def test_numbers_count_only_where_the_rules_say_so() -> None:
    rules = FIRST.model_copy(update={"numbers_count": False})
    entries = [candidate(1, "借款合同第1号附件"), candidate(2, "借款合同第2号附件")]
    (found,) = propose(entries, rules, set(), after=None, most=9)
    assert found.similarity == pytest.approx(88.9, abs=0.1)
    assert (found.days, found.digest) == (0, None)
    assert propose(entries, FIRST, set(), after=None, most=9) == []


@pytest.mark.parametrize(
    ("one", "other", "days"), [(0, 7, 7), (0, 8, None), (7, 0, 7), (8, 15, 7), (0, None, None), (3, 3, 0)]
)
def test_near_dates_and_undated_ones_among_themselves(one: int, other: int | None, days: int | None) -> None:
    later = None if other is None else DAY + timedelta(days=other)
    entries = [candidate(1, "合同", DAY + timedelta(days=one)), candidate(2, "合同", later)]
    found = propose(entries, FIRST, set(), after=None, most=9)
    assert [pair.days for pair in found] == ([] if days is None else [days])
    undated = propose([candidate(1, "合同", None), candidate(2, "合同", None)], FIRST, set(), after=None, most=9)
    assert [pair.days for pair in undated] == [None]


def test_same_bytes_are_alike_whatever_they_are_called() -> None:
    entries = [candidate(1, "甲", DAY, "a", "b"), candidate(2, "乙", None, "b"), candidate(3, "丙", DAY, "c")]
    (found,) = propose(entries, FIRST, set(), after=None, most=9)
    assert (numbers([found]), found.digest, found.similarity) == ([(1, 2)], "b", None)


def test_long_titles_are_compared_by_their_head_and_all_their_numbers() -> None:
    head = "关于确认合同效力及返还已付价款并赔偿损失纠纷" * 3
    assert len(head) > 64
    entries = [candidate(1, head + "起诉状"), candidate(2, head + "答辩状"), candidate(3, head + "答辩状2")]
    (found,) = propose(entries, FIRST, set(), after=None, most=9)
    assert (numbers([found]), found.similarity) == ([(1, 2)], 100)


titles = st.text(st.sampled_from("合同书证据12一 ()副本"), min_size=1, max_size=7)
dates = st.none() | st.dates(date(2026, 1, 1), date(2026, 2, 10))
entries_made = st.lists(st.tuples(titles, dates, st.sets(st.sampled_from("ab"), max_size=2)), max_size=14).map(
    lambda made: [
        candidate(number, title, formed, *digests) for number, (title, formed, digests) in enumerate(made, start=1)
    ]
)
rules_made = st.builds(
    DuplicateRules, similarity=st.integers(50, 100), days=st.integers(0, 40), numbers_count=st.booleans(),
    ignored=st.sampled_from([[], ["副本"]]),
)  # fmt: skip


def plainly(entries: list[Candidate], rules: DuplicateRules) -> list[Two]:
    """Compare all with all, by the rules as they read."""
    found = []
    for one, other in itertools.combinations(entries, 2):
        keys = [comparable(entry.title, rules.ignored) for entry in (one, other)]
        told = [_numbers(key) for key in keys]
        near = one.formed_on is other.formed_on is None or (
            one.formed_on is not None
            and other.formed_on is not None
            and abs((one.formed_on - other.formed_on).days) <= rules.days
        )
        alike = all(keys) and fuzz.ratio(*keys) >= rules.similarity and (not rules.numbers_count or told[0] == told[1])
        if one.digests & other.digests or (near and alike):
            found.append((one.entry_id, other.entry_id))
    return found


def _numbers(key: str) -> list[str]:
    kinds = [(kind, "".join(run)) for kind, run in itertools.groupby(key, _kind)]
    return [run for kind, run in kinds if kind is not None]


def _kind(character: str) -> str | None:
    return "digits" if character in "12" else "words" if character == "一" else None


@given(entries_made, rules_made)
def test_nothing_is_missed_and_nothing_made_up(entries: list[Candidate], rules: DuplicateRules) -> None:
    found = propose(entries, rules, set(), after=None, most=1000)
    assert [pair.ids for pair in found] == plainly(entries, rules)


@given(entries_made, rules_made, st.randoms(use_true_random=False), st.integers(1, 5))
def test_judged_pairs_are_left_out_and_pages_are_whole(
    entries: list[Candidate], rules: DuplicateRules, random: Random, size: int
) -> None:
    every = plainly(entries, rules)
    judged = {pair for pair in every if random.random() < 0.3}
    random.shuffle(entries)
    walked: list[Two] = []
    while page := propose(entries, rules, judged, after=walked[-1] if walked else None, most=size):
        walked += [pair.ids for pair in page]
    assert walked == [pair for pair in every if pair not in judged]


def dossier(kind: str) -> list[Candidate]:
    """Make a dossier of 2,000 entries of one day that is as hard as can be in one way."""
    random = Random(1)
    letters = [chr(code) for code in range(0x4E8D, 0x9FA5) if chr(code) not in "二三四五六七八九十百千零"]
    made = []
    for number in range(1, 2001):
        own = "".join(random.choices(letters, k=500 if kind == "long" else 8))
        title = {"one title": "证据", "one file": own, "one number": f"{own}1", "long": own}[kind]
        made.append(candidate(number, title, DAY, *(["same"] if kind == "one file" else [])))
    return made


@pytest.mark.parametrize(("kind", "found"), [("one title", 201), ("one file", 201), ("one number", 0), ("long", 0)])
def test_hard_dossiers_take_no_more_than_a_moment(kind: str, found: int) -> None:
    entries = dossier(kind)
    began = time.process_time()
    assert len(propose(entries, FIRST, set(), after=None, most=201)) == found
    # Comparing whole titles, all with all, takes minutes.
    assert time.process_time() - began < 5


@pytest.mark.parametrize("kind", ["one title", "one file", "one number"])
def test_hard_dossiers_take_little_memory(kind: str) -> None:
    entries = dossier(kind)
    tracemalloc.start()
    try:
        propose(entries, FIRST, set(), after=None, most=201)
        # Two million pairs would be hundreds of megabytes.
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
