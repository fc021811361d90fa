"""What engagements lack, as a function: every gap can be mended, mending makes no other, and nothing hidden shows."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.dossiers.schemas import MatterTypeName
from app.engagements.gaps import WORDS, Gap, Held, Paper, gaps, untold
from app.engagements.rules import ENGAGEMENT, EngagementCheck, EngagementKind, EngagementRules
from app.engagements.schemas import Terms

DAY = date(2026, 11, 24)
RULES = ENGAGEMENT.first
ALL_CHECKS = RULES.model_copy(update={"checks": {kind: list(EngagementCheck) for kind in EngagementKind}})
RULE_SETS = st.sampled_from([RULES, ALL_CHECKS])
MATTERS = st.sampled_from(list(MatterTypeName))
# What may come to light once a gap is mended: the next thing to be asked of the same.
REVEALS = {
    "client_not_named": {"client_not_signed"}, "firm_not_named": {"firm_not_signed"}, "scope_missing": {"special_powers_missing"},
    "fee_missing": {"fee_incomplete"}, "entry_missing": {"file_missing", "entry_excluded"},
}  # fmt: skip

parties = st.lists(st.sampled_from(["client", "firm", "other"]), max_size=3)
fees = st.none() | st.builds(
    lambda mode, amount, terms: {"mode": mode, "amount": None if mode == "free" else amount, "terms": terms},
    st.sampled_from(["fixed", "hourly", "contingency", "staged", "free"]), st.none() | st.just("1"), st.none() | st.just("x"),
)  # fmt: skip
days = st.none() | st.integers(-400, 400).map(lambda ahead: (DAY + timedelta(ahead)).isoformat())


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    """Terms of any kind, whole or not."""
    roles = draw(parties)
    signers = [
        {"party": index, "name": "x", "capacity": "本人", "signed_on": draw(st.none() | st.just("2026-03-02"))}
        for index in range(len(roles)) if draw(st.booleans())
    ]  # fmt: skip
    return Terms.model_validate({
        "parties": [{"role": role, "name": "x"} for role in roles], "signers": signers, "dated_on": draw(days),
        "scope": draw(st.sampled_from([None, "general", "special"])), "fee": draw(fees), "ends_on": draw(days),
        "special_powers": draw(st.sampled_from([[], ["settle"]])), "starts_on": draw(days),
        "attorneys": draw(st.sampled_from([[], [{"name": "x"}]])), "contract_number": draw(st.sampled_from([None, "1"])),
    })  # fmt: skip


papers = st.none() | st.builds(Paper, st.booleans(), st.integers(0, 2))


@st.composite
def engagements(draw: st.DrawFn) -> list[Held]:
    """The engagements of a dossier, all of them seen."""
    found = []
    for number in range(draw(st.integers(0, 4))):
        said = draw(terms())
        bound = any(signer.signed_on for signer in said.signers) or draw(st.booleans())
        found.append(
            Held(
                UUID(int=number), draw(st.sampled_from(EngagementKind)), said, draw(st.booleans()), bound, draw(papers)
            )
        )
    return found


WHOLE: dict[str, Any] = {
    "dated_on": "2026-03-02", "scope": "general", "attorneys": [{"name": "王丽"}], "fee": {"mode": "free"},
    "special_powers": ["settle"], "starts_on": "2026-03-02", "ends_on": "2028-03-01", "contract_number": "12",
}  # fmt: skip


def mended(held: list[Held], gap: Gap) -> list[Held]:
    """Mend one gap as people would, and nothing else."""
    if gap.engagement_id is None:
        return [*held, Held(UUID(int=len(held)), gap.kinds[0], Terms(), ended=False, bound=False, paper=None)]
    return [_mended(one, gap) if one.id == gap.engagement_id else one for one in held]


def _mended(one: Held, gap: Gap) -> Held:
    said = one.terms.model_dump(mode="json")
    what, _, rest = gap.code.partition("_not_")
    if rest == "named":
        said["parties"].append({"role": what, "name": "x"})
    elif rest == "signed":
        index = int((gap.field or "").rpartition("/")[2])
        said["signers"].append({"party": index, "name": "x", "capacity": "本人", "signed_on": "2026-03-02"})
    elif gap.code == "fee_incomplete":
        said["fee"]["amount"] = "1"
    elif gap.code == "file_missing":
        return replace(one, paper=replace(one.paper or Paper(excluded=False, files=0), files=1))
    elif gap.code in {"entry_missing", "entry_excluded"}:
        return replace(one, paper=Paper(excluded=False, files=one.paper.files if one.paper else 0))
    else:
        name = (gap.field or "")[1:]
        said[name] = WHOLE[name]
    return replace(one, terms=Terms.model_validate(said))


def revealed(before: Gap, after: Gap) -> bool:
    """Tell whether a gap may come to light when another is mended."""
    if before.engagement_id is None:
        return after.engagement_id is not None
    return after.engagement_id == before.engagement_id and after.code in REVEALS.get(before.code, set())


@given(RULE_SETS, MATTERS, engagements(), st.data())
def test_mending_a_gap_makes_none_but_what_it_reveals(
    rules: EngagementRules, matter: MatterTypeName, held: list[Held], data: st.DataObject
) -> None:
    before = gaps(rules, matter, held, DAY)
    while before:
        gap = data.draw(st.sampled_from(before))
        held = mended(held, gap)
        after = gaps(rules, matter, held, DAY)
        assert gap not in after
        assert all(revealed(gap, one) for one in after if one not in before), (gap, after)
        assert {one for one in before if one not in after} == {gap} or gap.engagement_id is None
        before = after
    assert not untold(held)


@given(RULE_SETS, MATTERS, engagements())
def test_gaps_have_words_and_name_what_is_there(
    rules: EngagementRules, matter: MatterTypeName, held: list[Held]
) -> None:
    found = gaps(rules, matter, held, DAY)
    assert len(set(found)) == len(found)
    by_id = {one.id: one for one in held}
    for gap in found:
        assert all(WORDS[gap.code])
        if gap.engagement_id is None:
            assert gap.kinds in {tuple(group) for group in rules.needs[matter]}
            assert not any(one.kind in gap.kinds and not one.ended for one in held)
        else:
            assert not by_id[gap.engagement_id].ended


@given(RULE_SETS, MATTERS, engagements(), st.lists(st.booleans(), min_size=4, max_size=4), st.data())
def test_nothing_told_depends_on_what_is_hidden(
    rules: EngagementRules, matter: MatterTypeName, held: list[Held], masks: list[bool], data: st.DataObject
) -> None:
    masked = [replace(one, masked=mask) for one, mask in zip(held, masks, strict=False)]
    other = [
        replace(one, kind=data.draw(st.sampled_from(EngagementKind)), terms=data.draw(terms()), ended=data.draw(st.booleans()))
        if one.masked else one
        for one in masked
    ]  # fmt: skip
    found = gaps(rules, matter, masked, DAY)
    assert found == gaps(rules, matter, other, DAY)
    assert untold(masked) == untold(other) == any(one.masked for one in masked)
    assert set(found) <= set(gaps(rules, matter, held, DAY))
    hidden = [replace(one, fee_hidden=True, paper_hidden=True) for one in held]
    blind = [replace(one, terms=one.terms.model_copy(update={"fee": None}), paper=data.draw(papers)) for one in hidden]
    assert gaps(rules, matter, hidden, DAY) == gaps(rules, matter, blind, DAY)
    told = {gap.code for gap in gaps(rules, matter, hidden, DAY)}
    assert not told & {"fee_missing", "fee_incomplete", "entry_missing", "entry_excluded", "file_missing"}


@dataclass
class Case:
    """A kind with its whole terms."""

    kind: EngagementKind
    more: dict[str, Any] = field(default_factory=dict)


def whole(case: Case, number: int = 0, *, ended: bool = False) -> Held:
    """Give an engagement that lacks nothing."""
    said = WHOLE | {
        "parties": [{"role": "client", "name": "甲"}, {"role": "client", "name": "乙"}, {"role": "firm", "name": "所"}],
        "signers": [{"party": index, "name": "x", "capacity": "本人", "signed_on": "2026-03-02"} for index in range(3)],
    }  # fmt: skip
    return Held(
        UUID(int=number), case.kind, Terms.model_validate(said | case.more), ended, bound=True, paper=Paper(excluded=False, files=1)
    )  # fmt: skip


CONTRACT, POWER = Case(EngagementKind.CONTRACT), Case(EngagementKind.POWER_OF_ATTORNEY)
LETTER = Case(EngagementKind.RETAINER_LETTER)


def codes(held: list[Held], matter: MatterTypeName = MatterTypeName.CIVIL, rules: EngagementRules = RULES) -> list[str]:
    """Give the codes of what is missing."""
    return [gap.code for gap in gaps(rules, matter, held, DAY)]


def test_complete_engagements_lack_nothing() -> None:
    complete = [whole(CONTRACT), whole(POWER, 1)]
    for rules in (RULES, ALL_CHECKS):
        for matter in set(MatterTypeName) - {MatterTypeName.RETAINER}:
            assert codes(complete, matter, rules) == [], matter
        assert codes([*complete, whole(LETTER, 2)], MatterTypeName.RETAINER, rules) == []


def test_matters_need_what_the_trade_asks_for() -> None:
    missing = {
        matter: [[kind.value for kind in gap.kinds] for gap in gaps(RULES, matter, [], DAY)]
        for matter in MatterTypeName
    }
    assert missing[MatterTypeName.CIVIL] == [["contract", "appointment"], ["power_of_attorney"]]
    assert missing[MatterTypeName.CRIMINAL] == [["contract", "appointment"], ["power_of_attorney", "appointment"]]
    assert missing[MatterTypeName.RETAINER] == [["contract"], ["retainer_letter"]]
    assert missing[MatterTypeName.NON_LITIGATION] == [["contract"]]
    appointed = Held(UUID(int=9), EngagementKind.APPOINTMENT, Terms(), ended=False, bound=False, paper=None)
    assert "engagement_missing" not in codes([appointed], MatterTypeName.CRIMINAL)
    assert codes([appointed]).count("engagement_missing") == 1


def test_each_of_joint_clients_signs() -> None:
    contract = whole(CONTRACT)
    one = [signer for signer in contract.terms.signers if signer.party != 1]
    half = replace(contract, terms=contract.terms.model_copy(update={"signers": one}))
    found = gaps(RULES, MatterTypeName.NON_LITIGATION, [half], DAY)
    assert found == [Gap("client_not_signed", half.id, "/parties/1")]


def test_an_ended_mandate_asks_for_nothing_more_but_a_draft_that_was_dropped_does() -> None:
    ended = whole(CONTRACT, ended=True)
    assert codes([ended]) == []
    assert codes([ended, whole(POWER, 1)]) == []
    assert codes([replace(ended, bound=False)]) == ["engagement_missing"] * 2
    # The power alone was revoked: the mandate goes on and needs another.
    assert codes([whole(CONTRACT), whole(POWER, 1, ended=True)]) == ["engagement_missing"]
    assert codes([ended, whole(CONTRACT, 2)]) == ["engagement_missing"]


def test_a_term_that_ran_out_is_told_from_the_day_after() -> None:
    last = whole(Case(EngagementKind.CONTRACT, {"ends_on": DAY.isoformat()}))
    assert gaps(RULES, MatterTypeName.CONSULTING, [last], DAY) == []
    assert gaps(RULES, MatterTypeName.CONSULTING, [last], DAY + timedelta(1)) == [Gap("expired", last.id, "/ends_on")]


def test_what_the_rules_do_not_ask_for_is_no_gap() -> None:
    nothing = EngagementRules(needs={}, checks={}, special_powers=[])
    draft = Held(UUID(int=1), EngagementKind.CONTRACT, Terms(), ended=False, bound=False, paper=None)
    assert codes([draft], rules=nothing) == codes([], rules=nothing) == []
