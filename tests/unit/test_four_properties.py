"""The four-property test: for every item a dossier that passes and one that fails, or why it can only not apply."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.filing.authenticity import conforms
from app.filing.check_model import Facts, Registered, Stored
from app.filing.check_rules import FilingCheckRules, ItemNumber
from app.filing.check_schemas import Property, PropertyItem, Result
from app.filing.four_properties import ITEMS, four_properties
from app.filing.metadata_scheme import ELEMENTS, recorded
from tests.support.filing_facts import DIGEST, RULES, arrival, entry, facts, file, listed

PAGE = Path(__file__).parents[2] / "docs" / "filing-checks.md"
# In the order and with the gaps of domain/rules.md 3.4.
NUMBERS = [
    "1-1", "1-2", "1-3", "1-4", "1-5", "1-6", "1-7", "1-8", "1-10", "1-11", "1-12/13", "1-14",
    "2-1", "2-2", "2-3", "2-4", "2-5", "2-6", "2-7", "2-8", "2-9", "2-10", "2-11",
    "3-1", "3-2", "3-3", "3-4", "3-6", "3-8", "4-1", "4-2", "4-3..4-6", "4-7",
]  # fmt: skip
# No package before transfer, attachments are entries, machines and carriers are for people to look at.
NEVER = {"1-12/13", "2-8", "2-10", "3-1", "3-6", "4-3..4-6"}
LOST = {"files/1": Stored(None), "files/2": Stored(10, "application/pdf", DIGEST, True)}


def stored(**first: Any) -> dict[str, Stored]:
    """What the store holds, the first file changed."""
    given: dict[str, Any] = {"size": 10, "media_type": "application/pdf", "sha256": DIGEST, "opens": True}
    return {"files/1": Stored(**{**given, **first}), "files/2": Stored(**given)}


def broken() -> Facts:
    """A contents list whose second entry begins a page late."""
    (volume,) = listed(entry(1), entry(2)).volumes
    late = replace(volume.items[1], page_from=4, page_to=5)
    return facts(contents=replace(listed(), volumes=(replace(volume, pages=5, items=(volume.items[0], late)),)))


def traced(**changes: Any) -> Facts:
    """Facts with other traces."""
    made = facts()
    return replace(made, traces=replace(made.traces, **changes))


def came(**first: Any) -> Facts:
    """Facts whose first file came otherwise than it is recorded."""
    arrivals = facts().traces.arrivals
    return traced(arrivals={**arrivals, UUID(int=201): replace(arrivals[UUID(int=201)], **first)})


def rules(**changes: Any) -> FilingCheckRules:
    """The first rules, changed."""
    return RULES.model_copy(update=changes)


# Of each item what makes it fail; some by facts, two by rules that ask for more.
SPOILT: dict[str, list[tuple[Facts, FilingCheckRules]]] = {
    "1-1": [(traced(arrivals={UUID(int=201): arrival(file(1))}), RULES), (came(sha256="1" * 64), RULES)],
    "1-2": [
        (facts(entries=(entry(1, title="长" * 501), entry(2))), RULES),
        (facts(firm_name="所" * 201), RULES),
        (facts(cover={**facts().cover, "clients": ["甲", "乙" * 201]}), RULES),
    ],
    "1-3": [(facts(files=(file(1, sha256="x"), file(2))), RULES), (facts(files=(file(1, media_type="pdf"),)), RULES)],
    "1-4": [(facts(matter_type="unheard"), RULES), (facts(entries=(entry(1, original="fax"),)), RULES)],
    "1-5": [
        (facts(entries=(entry(1, formed_on=date(1900, 1, 1)),)), RULES),
        (facts(entries=(entry(1, formed_on=date(2026, 11, 25)),)), RULES),
        (facts(entries=(entry(1, pages=100_001),)), RULES),
        (facts(files=(file(1, size=-1),)), RULES),
        (facts(), rules(earliest_date=date(2026, 3, 2))),
    ],
    "1-6": [(facts(entries=(entry(1, title=f"甲{sign}乙"),)), RULES) for sign in "\u202e\u200b\x07\ufffe"]
    + [(facts(entries=(entry(1, remarks="e\u0301"),)), RULES)],
    "1-7": [(facts(registered=None), RULES), (facts(number="X-1"), RULES)],
    "1-8": [
        (facts(entries=(entry(1), entry(2, title="材 料1", formed_on=date(2026, 3, 1), document_number="文１"))), RULES),
        (facts(entries=(entry(1), entry(2, document_number="文1"))), rules(duplicate_keys=[["document_number"]])),
    ],
    "1-10": [
        (facts(stored=stored(size=9)), RULES), (facts(stored=stored(media_type="image/png")), RULES),
        (came(original_name="别的.pdf"), RULES), (came(size="11"), RULES), (came(media_type="text/plain"), RULES),
    ],
    "1-11": [(facts(stored=LOST), RULES)],
    "1-14": [(facts(stored=stored(sha256="1" * 64)), RULES), (facts(stored=LOST), RULES)],
    "2-1": [(facts(declared=3), RULES), (facts(contents=listed(entry(1))), RULES)],
    "2-2": [(facts(stored=stored(size=11)), RULES)],
    "2-3": [(facts(), rules(metadata_items=[*RULES.metadata_items, "entry.keywords"]))],
    "2-4": [
        (facts(entries=(entry(1, pages=None),)), RULES),
        (facts(), rules(required_metadata=["entry.remarks"])),
        (facts(), rules(required_metadata=["entry.keywords"])),
        (facts(cover={**facts().cover, "clients": []}), RULES),
    ],
    "2-5": [(traced(actors={}), RULES)],
    "2-6": [(broken(), RULES)],
    "2-7": [(facts(files=(file(1),)), RULES), (facts(stored=LOST), RULES)],
    "2-9": [(facts(entries=(entry(1, slot=None),)), RULES), (facts(entries=(entry(1, review="unreviewed"),)), RULES)],
    "2-11": [(facts(stored=LOST), RULES)],
    "3-2": [(facts(counted=3), RULES)],
    "3-3": [(facts(files=(file(1, media_type="application/x-ole-storage"),)), RULES), (facts(), rules(formats=[]))],
    "3-4": [(facts(stored=stored(opens=False)), RULES), (facts(stored=LOST), RULES)],
    "3-8": [(facts(files=(file(1, media_type="application/zip"),)), RULES), (facts(stored=stored(opens=False)), RULES)],
    "4-1": [(facts(files=(file(1, scan="off"),)), RULES)],
    "4-2": [
        (facts(files=(file(1, scan=scan),), scanning=scanning), RULES)
        for scan, scanning in (("infected", True), ("infected", False), ("pending", True), ("unscannable", True), ("off", True))
    ],
    "4-7": [(facts(entries=(entry(1), entry(2, created_by=UUID(int=9))), traces=facts().traces), RULES)],
}  # fmt: skip


def item(number: str, tested: list[PropertyItem]) -> PropertyItem:
    """Give the item of a number."""
    (found,) = (one for one in tested if one.number == number)
    return found


def test_all_items_stand_in_their_order() -> None:
    assert [one.number for one in ITEMS] == NUMBERS == list(ItemNumber.__args__)  # type: ignore[attr-defined]
    order = [one.property for one in ITEMS]
    assert order == sorted(order, key=list(Property).index)
    assert {one.number[0]: one.property for one in ITEMS} == dict(zip("1234", Property, strict=True))
    assert all(part for one in ITEMS for part in (*one.name, *one.method))
    assert set(SPOILT) == set(NUMBERS) - NEVER


def test_a_good_dossier_passes_every_item_that_can_be_tested() -> None:
    tested = four_properties(facts(), RULES)
    assert {one.number for one in tested if one.result is Result.NOT_APPLICABLE} == NEVER
    assert {one.number for one in tested if one.result is Result.PASSED} == set(NUMBERS) - NEVER
    for one in tested:
        assert one.en
        assert one.zh
        # Whatever passes has looked at something, and says at how much.
        assert (one.result is Result.PASSED) == bool(one.measured), one.number
        assert all(one.measured.get(name, 1) for name in ("looked", "declared")), one.number


@pytest.mark.parametrize(
    ("number", "spoilt", "by"), [(number, *case) for number, cases in SPOILT.items() for case in cases]
)
def test_what_is_wrong_fails_its_item(number: str, spoilt: Facts, by: FilingCheckRules) -> None:
    found = item(number, four_properties(spoilt, by))
    assert (found.result, found.number) == (Result.FAILED, number), found
    assert found.measured


def test_without_reading_nothing_of_the_bytes_passes() -> None:
    shallow = {key: Stored(10) for key in ("files/1", "files/2")}
    tested = four_properties(facts(stored=shallow, deep=False), RULES)
    untold = {one.number for one in tested if one.result is Result.NOT_APPLICABLE} - NEVER
    assert untold == {"1-10", "1-14", "3-4", "3-8"}
    assert all("deep=true" in item(number, tested).en for number in untold)
    # But what shows without reading fails all the same.
    wrong = four_properties(facts(stored=shallow | {"files/1": Stored(9)}, deep=False), RULES)
    assert item("1-10", wrong).result is Result.FAILED


def test_paper_alone_has_no_bytes_to_be_tested() -> None:
    paper = facts(entries=(entry(1, original="original"),), files=())
    tested = four_properties(paper, RULES)
    untold = {one.number for one in tested if one.result is Result.NOT_APPLICABLE} - NEVER
    assert untold == {"1-1", "1-10", "1-11", "1-14", "2-2", "2-7", "2-11", "3-3", "3-4", "3-8", "4-1", "4-2"}
    assert not [one.number for one in tested if one.result is Result.FAILED]


def test_an_empty_dossier_passes_nothing_that_is_about_material() -> None:
    tested = four_properties(facts(entries=(), files=(), slots=()), RULES)
    passed = {one.number for one in tested if one.result is Result.PASSED}
    assert passed == {"1-2", "1-3", "1-4", "1-5", "1-6", "1-7", "2-3", "2-4", "2-5"}
    assert not [one.number for one in tested if one.result is Result.FAILED]


def test_without_a_scanner_viruses_are_not_told() -> None:
    tested = four_properties(facts(scanning=False, files=(file(1, scan="off"), file(2, scan="off"))), RULES)
    for number in ("4-1", "4-2"):
        assert (item(number, tested).result, item(number, tested).zh) == (
            Result.NOT_APPLICABLE, "本系统未启用病毒扫描",
        )  # fmt: skip


def test_formats_that_no_program_opens_are_told_apart() -> None:
    audio = facts(files=(file(1, media_type="audio/mpeg"),), stored={"files/1": Stored(10, "audio/mpeg", DIGEST, None)})
    assert item("3-4", four_properties(audio, RULES)).result is Result.NOT_APPLICABLE
    mixed = facts(stored=stored(opens=None))
    found = item("3-4", four_properties(mixed, RULES))
    assert (found.result, found.measured["looked"], found.measured["not_opened_by_program"]) == (Result.PASSED, 1, 1)


def test_examples_are_few_and_named() -> None:
    many = tuple(entry(number, review="unreviewed", formed_on=date(2026, 3, 1)) for number in range(1, 20))
    found = item("2-9", four_properties(facts(entries=many, files=()), RULES))
    assert (found.measured["looked"], found.measured["wrong"]) == (20, 19)
    assert found.measured["examples"] == [str(UUID(int=101 + number)) for number in range(5)]


@pytest.mark.parametrize(
    ("number", "held", "good"),
    [
        ("2026-MS-L03-0001", Registered("2026-MS-L03-0001", 1, 2026, sealed=False, void=False), True),
        ("2026-MS-L03-0001", Registered("2026-MS-L03-0001", 2, 2026, sealed=False, void=False), False),
        ("2026-MS-L03-0001", Registered("2026-MS-L03-0001", 1, 2025, sealed=False, void=False), False),
        ("2026-MS-L03-0001", Registered("2026-MS-L03-0001", 1, 2026, sealed=True, void=False), False),
        ("2026-MS-L03-0001", Registered("2026-MS-L03-0001", 1, 2026, sealed=False, void=True), False),
        ("2026-MS-L03-0001", Registered("2026-MS-L03-0002", 1, 2026, sealed=False, void=False), False),
        ("2026-XS-M0012", Registered("2026-XS-M0012", 12, 2026, sealed=True, void=False), True),
        ("(2026)MS第7号", Registered("(2026)MS第7号", 7, 2026, sealed=False, void=False), True),
        ("(2026)MS第07号", Registered("(2026)MS第07号", 7, 2026, sealed=False, void=False), False),
    ],
)
def test_a_number_follows_some_rule_that_was_in_force(number: str, held: Registered, good: bool) -> None:
    both = (*facts().number_rules, ("({year}){type}第{serial}号", "({year}){type}密第{serial}号"))
    assert conforms(facts(number=number, registered=held, number_rules=both)) is good


def test_what_the_first_rules_ask_for_is_recorded() -> None:
    assert set(RULES.metadata_items) | set(RULES.required_metadata) <= recorded()


def test_the_page_on_the_checks_names_what_the_code_does() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9_.]+)` \| ([^|]+) \|", page, re.MULTILINE)
    assert rows == [(element.name, element.standard) for element in ELEMENTS]
    (never,) = re.findall(r"never applies here(.*?)\n\n", page, re.DOTALL)
    first = " ".join(row.split("|")[1] for row in never.splitlines()[2:])
    assert set(first.replace(",", " ").split()) == NEVER
