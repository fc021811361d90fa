"""What a client lacks by the rules, on made-up rules and documents."""

from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.clients.completeness import SeenDocument, assess, complete
from app.clients.rules import CLIENT_DATA, ClientDataRules, ClientField, KindRules, OriginalRule
from app.clients.schemas import ClientKind

TODAY = date(2026, 11, 24)
TYPES = ("营业执照", "居民身份证", "护照", "户口簿")
DAYS = st.integers(-400, 400).map(lambda days: TODAY + timedelta(days=days))

originals = st.builds(
    OriginalRule, any_of=st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True), scan=st.booleans()
)
kinds = st.builds(
    KindRules,
    fields=st.lists(st.sampled_from((ClientField.IDENTIFIERS, ClientField.CONTACTS)), unique=True),
    originals=st.lists(originals, max_size=4),
)
rules = st.builds(ClientDataRules, organization=kinds, person=kinds, expiring_days=st.integers(0, 366))
documents = st.dictionaries(st.sampled_from(TYPES), st.tuples(st.none() | DAYS, st.booleans())).map(
    lambda made: [
        SeenDocument(verification_id=UUID(int=number), document_type=type_, valid_until=until, scanned=scanned)
        for number, (type_, (until, scanned)) in enumerate(made.items())
    ]
)
filled = st.lists(st.sampled_from([field.value for field in ClientField]), unique=True)


def on(*seen: tuple[str, int | None, bool]) -> list[SeenDocument]:
    """Make documents by type, days from today to their end, and whether they were scanned."""
    return [
        SeenDocument(
            verification_id=UUID(int=number), document_type=type_, scanned=scanned,
            valid_until=None if days is None else TODAY + timedelta(days=days),
        )
        for number, (type_, days, scanned) in enumerate(seen)
    ]  # fmt: skip


@given(rules, st.sampled_from(ClientKind), filled, documents)
def test_every_asked_thing_is_there_or_told(
    asked: ClientDataRules, kind: ClientKind, fields: list[str], seen: list[SeenDocument]
) -> None:
    found = assess(asked, kind, fields, seen, TODAY)
    own = asked.organization if kind is ClientKind.ORGANIZATION else asked.person
    for field in own.fields:
        assert (field in found.missing_fields) != (field.value in fields)
    told = [one.any_of for one in found.missing_originals]
    for original in own.originals:
        good = [
            one for one in seen
            if one.document_type in original.any_of and not (one.valid_until and one.valid_until < TODAY)
        ]  # fmt: skip
        assert (original.any_of in told) == (not good)
        if good and original.scan and not any(one.scanned for one in good):
            assert all(one in found.without_scan for one in good)
    assert complete(found) == (not found.missing_fields and not told and not found.without_scan)


@given(rules, st.sampled_from(ClientKind), documents)
def test_every_document_with_an_end_has_expired_or_will_or_is_good_for_long(
    asked: ClientDataRules, kind: ClientKind, seen: list[SeenDocument]
) -> None:
    found = assess(asked, kind, [], seen, TODAY)
    for one in seen:
        days = None if one.valid_until is None else (one.valid_until - TODAY).days
        assert (one in found.expired) == (days is not None and days < 0)
        assert (one in found.expiring) == (days is not None and 0 <= days <= asked.expiring_days)


@given(rules, st.sampled_from(ClientKind), filled, documents)
def test_a_further_good_document_never_makes_more_lack(
    asked: ClientDataRules, kind: ClientKind, fields: list[str], seen: list[SeenDocument]
) -> None:
    before = assess(asked, kind, fields, seen, TODAY)
    further = SeenDocument(verification_id=UUID(int=99), document_type="户口簿", valid_until=None, scanned=True)
    after = assess(asked, kind, fields, [*(one for one in seen if one.document_type != "户口簿"), further], TODAY)
    assert len(after.missing_originals) <= len(before.missing_originals)
    assert not complete(before) or complete(after)


def test_shipped_rules_ask_an_organisation_for_licence_and_representative() -> None:
    shipped, everything = CLIENT_DATA.first, [field.value for field in ClientField]
    found = assess(shipped, ClientKind.ORGANIZATION, everything, on(("营业执照", 30, True)), TODAY)
    assert [one.any_of[0] for one in found.missing_originals] == ["法定代表人身份证明"]
    assert [one.document_type for one in found.expiring] == ["营业执照"]
    whole = assess(
        shipped, ClientKind.ORGANIZATION, everything, on(("营业执照", 31, True), ("居民身份证", None, True)), TODAY
    )
    assert (complete(whole), whole.expiring) == (True, [])


def test_a_document_is_good_on_its_last_day_and_not_on_the_next() -> None:
    fields = ["identifiers", "contacts"]
    for days, good in ((0, True), (-1, False)):
        found = assess(CLIENT_DATA.first, ClientKind.PERSON, fields, on(("居民身份证", days, True)), TODAY)
        assert (complete(found), bool(found.expired), bool(found.expiring)) == (good, not good, good)
    unscanned = assess(CLIENT_DATA.first, ClientKind.PERSON, fields, on(("护照", None, False)), TODAY)
    assert [one.document_type for one in unscanned.without_scan] == ["护照"]
    assert not complete(unscanned)
