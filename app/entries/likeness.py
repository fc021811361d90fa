"""Which entries look like duplicates of each other (pure): same bytes, or like titles formed about the same day.

Only proposes: whether two pieces are one is a person's judgement. Titles are compared within shelves of the same
numbers and about the same day, longest against shortest never, each pair once, and only until a page of proposals is
full. Never reads a clock, a database or anything but its arguments.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import TypeAlias
from uuid import UUID

from rapidfuzz import fuzz, process

from app.entries.rules import DuplicateRules

Two: TypeAlias = tuple[UUID, UUID]
# By so many characters titles are compared: a machine word, past which comparing costs a hundred times as much.
_HEAD = 64
_NUMBER = re.compile(r"[0-9]+|[〇零一二三四五六七八九十百千]+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry as far as duplicates are concerned; `digests` are of all versions of its file."""

    entry_id: UUID
    title: str
    formed_on: date | None
    digests: frozenset[str]


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two entries that look alike, the earlier registered first, and why: the same file, or similar titles, or both."""

    first: Candidate
    second: Candidate
    digest: str | None
    similarity: float | None

    @property
    def ids(self) -> Two:
        """The ids of both."""
        return self.first.entry_id, self.second.entry_id

    @property
    def days(self) -> int | None:
        """Days between their dates of forming, where both are known."""
        if self.first.formed_on is None or self.second.formed_on is None:
            return None
        return abs((self.first.formed_on - self.second.formed_on).days)


@dataclass(frozen=True, slots=True)
class _Titled:
    """A candidate with its title as it is compared, and the numbers in it."""

    candidate: Candidate
    key: str
    numbers: tuple[str, ...]


class _Shelf:
    """Titles of one shelf, by length, each with those that bear it."""

    def __init__(self) -> None:
        self.bearers: dict[str, list[Candidate]] = defaultdict(list)
        self._keys: list[str] | None = None

    def take(self, one: _Titled) -> None:
        """Take off the shelf what was compared with all others."""
        self.bearers[one.key].remove(one.candidate)
        if not self.bearers[one.key]:
            del self.bearers[one.key]
            if self._keys is not None:
                self._keys.remove(one.key)

    def alike(self, key: str, least: int) -> Iterator[tuple[str, float]]:
        """Give the titles of the shelf that are at least so similar to `key`."""
        if self._keys is None:
            self._keys = sorted(self.bearers, key=len)
        # The shorter of two makes at most 200 * short / (short + long) of similarity.
        begin = bisect_left(self._keys, len(key) * least / (200 - least), key=len)
        end = bisect_right(self._keys, len(key) * (200 - least) / least, key=len)
        choices = self._keys[begin:end]
        found = process.extract(key, choices, scorer=fuzz.ratio, score_cutoff=least, limit=None)
        return ((other, score) for other, score, _ in found)


def comparable(title: str, ignored: Sequence[str]) -> str:
    """Give a title as it is compared: one width and case, without marks, blanks and the words without weight."""
    text = _bare(title)
    for word in sorted((_bare(word) for word in ignored), key=len, reverse=True):
        if word:
            text = text.replace(word, "")
    return text


def _bare(text: str) -> str:
    return "".join(character for character in unicodedata.normalize("NFKC", text).casefold() if character.isalnum())


def propose(
    candidates: Sequence[Candidate], rules: DuplicateRules, judged: set[Two], *, after: Two | None, most: int
) -> list[Likeness]:
    """Give at most `most` pairs that look alike and are not judged yet, in the order of their ids, behind `after`."""
    return list(islice(_proposals(candidates, rules, judged, after), most))


def _proposals(
    candidates: Sequence[Candidate], rules: DuplicateRules, judged: set[Two], after: Two | None
) -> Iterator[Likeness]:
    titled = [_titled(one, rules) for one in sorted(candidates, key=lambda one: one.entry_id)]
    shelves: dict[tuple[tuple[str, ...], int | None], _Shelf] = defaultdict(_Shelf)
    same_file: dict[str, list[Candidate]] = defaultdict(list)
    for one in titled:
        shelves[one.numbers, _week(one.candidate, rules)].bearers[one.key].append(one.candidate)
        for digest in one.candidate.digests:
            same_file[digest].append(one.candidate)
    for one in titled:
        shelves[one.numbers, _week(one.candidate, rules)].take(one)
        for digest in one.candidate.digests:
            same_file[digest].remove(one.candidate)
        if after is not None and one.candidate.entry_id < after[0]:
            continue
        files = {other: digest for digest in one.candidate.digests for other in same_file[digest]}
        titles = dict(_alike(one, rules, shelves))
        for other in sorted(files.keys() | titles.keys(), key=lambda other: other.entry_id):
            pair = Likeness(one.candidate, other, files.get(other), titles.get(other))
            if pair.ids not in judged and (after is None or pair.ids > after):
                yield pair


def _titled(candidate: Candidate, rules: DuplicateRules) -> _Titled:
    key = comparable(candidate.title, rules.ignored)
    return _Titled(candidate, key[:_HEAD], tuple(_NUMBER.findall(key)) if rules.numbers_count else ())


def _week(candidate: Candidate, rules: DuplicateRules) -> int | None:
    """Give the span of days that a candidate was formed in: what is near lies in the same or the next."""
    return None if candidate.formed_on is None else candidate.formed_on.toordinal() // (rules.days + 1)


def _alike(
    one: _Titled, rules: DuplicateRules, shelves: dict[tuple[tuple[str, ...], int | None], _Shelf]
) -> Iterator[tuple[Candidate, float]]:
    """Give the candidates with a similar title that were formed about the same day, or are undated like it."""
    week = _week(one.candidate, rules)
    for near in (None,) if week is None else (week - 1, week, week + 1):
        shelf = shelves.get((one.numbers, near))
        if shelf is None or not one.key:
            continue
        for key, score in shelf.alike(one.key, rules.similarity):
            for other in shelf.bearers[key]:
                days = Likeness(one.candidate, other, None, score).days
                if days is None or days <= rules.days:
                    yield other, score
