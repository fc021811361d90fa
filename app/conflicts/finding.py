"""What it means that a party stands somewhere else too (pure): the constellations of domain/rules.md 5.2.

Never looks anything up: it is told what the index of parties matched, and how things stand there.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from app.clients.names import key_of
from app.clients.parties import Known, lines_of
from app.conflicts.rules import ConflictRule, ConflictRules, Constellation
from app.conflicts.schemas import How, Side

_LIVE = frozenset({"open", "submitted", "returned"})
_ORDER = {how: place for place, how in enumerate(How)}


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody in the new matter."""

    side: Side
    party: Known
    client_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A line of the index that a party of the new matter matches; `asked` is the party's place."""

    asked: int
    how: How
    side: Side
    name: str
    client_id: UUID | None
    dossier_id: UUID | None


@dataclass(frozen=True, slots=True)
class Place:
    """A dossier in which somebody stands: how it stands, when it ended, and whether the asker sees it.

    Its state is `closed` from the end of the matter on, whatever becomes of the dossier.
    """

    state: str
    ended_on: date
    case_number: str | None
    sees: bool


@dataclass(frozen=True, slots=True)
class Mandate:
    """A dossier whose client somebody is, or was."""

    dossier_id: UUID
    current: bool


@dataclass(slots=True)
class Surroundings:
    """How things stand where the matches are: dossiers, clients by name and sight, mandates by client."""

    places: Mapping[UUID, Place]
    clients: Mapping[UUID, tuple[str, bool]]
    mandates: Mapping[UUID, Sequence[Mandate]]


@dataclass(frozen=True, slots=True)
class Matter:
    """The new matter, the rules that it is held against, and the day."""

    asked: Sequence[Asked]
    matter_type: str
    case_number: str | None
    rules: ConflictRules
    today: date


@dataclass(slots=True)
class Found:
    """A hit."""

    asked: int
    how: How
    side: Side | None
    name: str
    constellation: Constellation
    rule: ConflictRule | None
    client_id: UUID | None = None
    hidden: bool = False
    dossier_ids: list[UUID] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Stand:
    """A match in one dossier, or with a client who has none."""

    match: Match
    dossier_id: UUID | None
    current: bool


def how_of(found: str, asked_what: str, what: str, *, renamed: bool) -> How:
    """Tell how a name was found; `renamed`: a client is not called so any more."""
    if found == How.IDENTIFIER:
        return How.IDENTIFIER
    if How.LEGAL_REPRESENTATIVE in {asked_what, what}:
        return How.LEGAL_REPRESENTATIVE
    if renamed or How.FORMER_NAME in {asked_what, what}:
        return How.FORMER_NAME
    return How(found)


def find(matter: Matter, matches: Iterable[Match], around: Surroundings) -> list[Found]:
    """Give all hits, most telling first within a party; what the asker does not see is hidden."""
    stands = [stand for match in _best(matches) for stand in _stands(match, around)]
    same = _same_cases(matter, stands, around)
    grouped: dict[tuple[object, ...], Found] = {}
    for stand in stands:
        match, place = stand.match, around.places.get(stand.dossier_id) if stand.dossier_id else None
        constellation = _constellation(matter, stand, place, same=stand.dossier_id in same)
        if constellation is None:
            continue
        hidden = not _sees(match, place, around)
        who = match.client_id or key_of(match.name)
        group = grouped.setdefault(
            (match.asked, who, match.side, constellation, hidden),
            Found(
                match.asked, match.how, match.side, match.name, constellation,
                matter.rules.rule_for(constellation, matter.matter_type), match.client_id, hidden,
            ),
        )  # fmt: skip
        group.how = min(group.how, match.how, key=_ORDER.__getitem__)
        if stand.dossier_id is not None:
            group.dossier_ids.append(stand.dossier_id)
    found = [*_both_sides(matter), *grouped.values()]
    return sorted(found, key=lambda one: (one.asked, _ORDER[one.how]))


def _best(matches: Iterable[Match]) -> list[Match]:
    """Give the most telling match of each party with each other one."""
    best: dict[tuple[object, ...], Match] = {}
    for match in matches:
        who = (match.asked, match.side, match.client_id, match.dossier_id, match.client_id or match.name)
        if who not in best or _ORDER[match.how] < _ORDER[best[who].how]:
            best[who] = match
    return list(best.values())


def _stands(match: Match, around: Surroundings) -> Iterator[_Stand]:
    if match.client_id is None:
        if match.dossier_id in around.places:
            yield _Stand(match, match.dossier_id, current=True)
        return
    mandates = [one for one in around.mandates.get(match.client_id, ()) if one.dossier_id in around.places]
    for mandate in mandates:
        yield _Stand(match, mandate.dossier_id, mandate.current)
    if not mandates:
        yield _Stand(match, None, current=True)


def _same_cases(matter: Matter, stands: Iterable[_Stand], around: Surroundings) -> set[UUID | None]:
    """Tell which dossiers are about the same case: with the same number, or the same two parties against each other."""
    ours, theirs = set(), set()
    for stand in stands:
        sides = matter.asked[stand.match.asked].side, stand.match.side
        if sides == (Side.CLIENT, Side.OPPOSING):
            ours.add(stand.dossier_id)
        elif sides == (Side.OPPOSING, Side.CLIENT):
            theirs.add(stand.dossier_id)
    same = (ours & theirs) - {None}
    if matter.case_number is not None:
        number = key_of(matter.case_number)
        same |= {id_ for id_, place in around.places.items() if number == key_of(place.case_number or "")}
    return same


def _constellation(matter: Matter, stand: _Stand, place: Place | None, *, same: bool) -> Constellation | None:
    asked, other = matter.asked[stand.match.asked].side, stand.match.side
    live = place is None or (place.state in _LIVE and stand.current)
    if Side.RELATED in {asked, other}:
        return None if asked is other else Constellation.RELATED
    if asked is other:
        return None
    if same:
        return Constellation.SAME_CASE_OTHER_SIDE
    if asked is Side.CLIENT:
        return Constellation.CLIENT_IS_OPPONENT if live else Constellation.CLIENT_WAS_OPPONENT
    if live or place is None:
        return Constellation.OPPONENT_IS_CLIENT
    recent = place.state in _LIVE or matter.today < years_after(place.ended_on, matter.rules.within_years)
    return Constellation.OPPONENT_WAS_CLIENT if recent else Constellation.OPPONENT_WAS_CLIENT_LONG_AGO


def years_after(day: date, years: int) -> date:
    """Give the first day on which so many years have passed; of 29 February, 1 March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def _sees(match: Match, place: Place | None, around: Surroundings) -> bool:
    knows = match.client_id is None or around.clients[match.client_id][1]
    return knows and (place is None or place.sees)


def _both_sides(matter: Matter) -> Iterator[Found]:
    """Give those who stand on both sides of the new matter itself."""
    rule = matter.rules.rule_for(Constellation.BOTH_SIDES, matter.matter_type)
    known = [_known_by(asked.party) for asked in matter.asked]
    opposing: dict[object, list[int]] = defaultdict(list)
    for place, asked in enumerate(matter.asked):
        if asked.side is Side.OPPOSING:
            for what in known[place]:
                opposing[what].append(place)
    for place, asked in enumerate(matter.asked):
        if asked.side is Side.CLIENT:
            others = {other: what for what in known[place] for other in opposing.get(what, ())}
            for other, what in others.items():
                how = How.IDENTIFIER if isinstance(what, bytes) else How.SAME_NAME
                name = matter.asked[other].party.name
                yield Found(place, how, Side.OPPOSING, name, Constellation.BOTH_SIDES, rule)


def _known_by(party: Known) -> set[str | bytes]:
    found = (line.digest or line.key for line in lines_of(party) if line.what != How.LEGAL_REPRESENTATIVE)
    return {one for one in found if one is not None}
