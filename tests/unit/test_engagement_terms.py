"""Terms as functions: what only fills in, what a change makes of them, and what an event may tell."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.engagements.schemas import MandateChangeCreate, Terms
from app.engagements.terms import changed_terms, difference, merged, more_than_filled, without_fee
from tests.unit.test_engagement_gaps import terms

CHANGE: dict[str, Any] = {"on": "2026-06-30", "reason": "x", "by": "agreement"}


@given(terms(), terms())
def test_who_fills_in_takes_nothing_away(old: Terms, new: Terms) -> None:
    changed = difference(old, new)
    assert set(changed) == {name for name in Terms.model_fields if getattr(old, name) != getattr(new, name)}
    stated = {name for name in changed if getattr(old, name) not in (None, [])}
    beyond = set(more_than_filled(changed))
    assert beyond <= stated
    assert stated - beyond <= {"signers", "parties", "fee", "attorneys"}
    if "signers" in changed and "signers" not in beyond:
        for before, after in zip(old.signers, new.signers, strict=False):
            assert (before.party, before.name, before.signed_on) in {
                (after.party, after.name, after.signed_on), (after.party, after.name, None),
            }  # fmt: skip
        assert len(new.signers) >= len(old.signers)


@given(terms())
def test_filling_in_everything_that_is_empty_is_filling_in(old: Terms) -> None:
    whole = {
        "dated_on": "2026-03-01", "scope": "special", "contract_number": "9", "stages": ["一审"], "starts_on": "2026-03-01",
        "fee": {"mode": "free"}, "attorneys": [{"name": "乙"}], "special_powers": ["appeal"], "ends_on": "2029-01-01",
    }  # fmt: skip
    empty = {name: value for name, value in whole.items() if getattr(old, name) in (None, [])}
    new = merged(old, empty)
    assert set(difference(old, new)) == set(empty)
    assert more_than_filled(difference(old, new)) == []
    assert difference(new, new) == {}


@given(terms(), terms())
def test_an_event_never_tells_fee_terms(old: Terms, new: Terms) -> None:
    changed = difference(old, new)
    told = without_fee(changed)
    assert {name: values for name, values in told.items() if name != "fee"} == {
        name: values for name, values in changed.items() if name != "fee"
    }
    assert told.get("fee", []) in ([], ["stated", "stated"], [None, "stated"], ["stated", None])


@given(st.lists(st.sampled_from("abcdef"), unique=True), st.lists(st.sampled_from("abcdef"), min_size=1, unique=True))
def test_only_what_was_given_is_withdrawn(given_: list[str], withdrawn: list[str]) -> None:
    said = Terms(special_powers=given_, scope="special" if given_ else None)
    change = MandateChangeCreate.model_validate({**CHANGE, "kind": "partial_withdrawal", "withdrawn_powers": withdrawn})
    if set(withdrawn) <= set(given_):
        left = changed_terms(said, change).special_powers
        assert left == [power for power in given_ if power not in withdrawn]
    else:
        with pytest.raises(Invalid) as refused:
            changed_terms(said, change)
        first = next(index for index, power in enumerate(withdrawn) if power not in given_)
        assert refused.value.errors[0].pointer == f"/body/withdrawn_powers/{first}"


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("amendment", {}), ("amendment", {"values": {}, "ends_on": "2027-01-01"}), ("substitution", {"urgent_reason": "x"}),
        ("substitution", {"attorneys": []}), ("termination", {"attorneys": [{"name": "x"}]}), ("extension", {}),
        ("extension", {"ends_on": "2027-01-01", "consent_entry_id": "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"}),
        ("partial_withdrawal", {}), ("partial_withdrawal", {"withdrawn_stages": []}),
    ],
)  # fmt: skip
def test_a_change_says_what_its_kind_does(kind: str, more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"needs|has no|at least 1 item"):
        MandateChangeCreate.model_validate({**CHANGE, "kind": kind, **more})
