"""The filing check: what it finds, what blocks, and page continuity against a plain model."""

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dossiers.schemas import MatterTypeName
from app.entries.arrangement import Line, Mode, Volume, arrange
from app.filing.check_model import Closing, CoverField, Facts, FindingCode, Judged, Stored
from app.filing.check_rules import FilingCheckRules
from app.filing.check_schemas import Finding, Severity
from app.filing.checks import findings, not_checked, of_items
from app.filing.continuity import breaks
from app.filing.file_heads import opens_by_head
from app.filing.four_properties import four_properties
from tests.support.filing_facts import DIGEST, RULES, entry, facts, file, listed

GAP = SimpleNamespace(code="unsigned", en="The client has not signed", zh="委托人未签署")
LATE = facts(entries=(entry(1), entry(2, formed_on=date(2026, 11, 25))))
FIRST, SECOND = UUID(int=101), UUID(int=102)


def stored(**first: Any) -> dict[str, Stored]:
    """What the store holds, the first file changed."""
    return {"files/1": Stored(**{"size": 10, "sha256": DIGEST, **first}), "files/2": Stored(10, sha256=DIGEST)}


def found(facts_: Facts, rules: FilingCheckRules = RULES) -> list[tuple[str, UUID | str | None]]:
    """Give the code of each finding and where it is."""
    return [(one.code.value, one.entry_id or one.slot) for one in findings(facts_, rules)]


def late_page() -> Facts:
    """A contents list whose second entry begins a page late."""
    (volume,) = listed(entry(1), entry(2)).volumes
    late = replace(volume.items[1], page_from=4, page_to=5)
    return facts(contents=replace(listed(), volumes=(replace(volume, pages=5, items=(volume.items[0], late)),)))


CASES: list[tuple[Facts, list[tuple[str, UUID | str | None]]]] = [
    (facts(), []),
    (facts(entries=(), files=(), slots=()), [("dossier_empty", None)]),
    (facts(cover={**facts().cover, "cause": "", "clients": []}), [("cover_field_missing", None)] * 2),
    (facts(entries=(entry(1, slot="a-2"), entry(2, slot=None))), [("slot_empty", "a-1")]),
    (facts(gaps=(GAP, GAP)), [("engagement_gap", None)] * 2),
    (facts(entries=(entry(1), entry(2, review="unreviewed", judged=None))), [("entry_unreviewed", SECOND)]),
    (facts(entries=(entry(1, judged=Judged(firm=False, reason=None)), entry(2))), [("doubt_unexplained", FIRST)]),
    (facts(entries=(entry(1, judged=Judged(firm=False, reason="原件存法院")), entry(2))), []),
    (facts(entries=(entry(1, pages=None), entry(2))), [("pages_missing", FIRST)]),
    (facts(files=(file(1, pages=3), file(2, pages=None))), [("pages_differ", FIRST)]),
    # Of several versions the newest counts.
    (facts(files=(file(1, id=UUID(int=9), pages=3, object_key="files/2"), file(1, version=2), file(2))), []),
    (late_page(), [("page_break", SECOND)]),
    (LATE, [("dated_in_future", SECOND)]),
    (replace(facts(), closing=Closing(date(2026, 3, 1), None)), [("dated_after_closing", SECOND)]),
    (facts(entries=(entry(1), entry(2, title=" 材料１", formed_on=date(2026, 3, 1)))), [("duplicate_title", SECOND)]),
    # The same title on another day is another hearing.
    (facts(entries=(entry(1, title="庭审笔录"), entry(2, title="庭审笔录"))), []),
    (facts(entries=(entry(1), entry(2, document_number="文 1"))), [("duplicate_document_number", SECOND)]),
    (facts(entries=(entry(1, document_number=None), entry(2, document_number=None))), []),
    (facts(files=(file(1),)), [("file_absent", SECOND)]),
    (facts(entries=(entry(1, original="original"), entry(2, original="copy")), files=()), []),
    (facts(files=(file(1, media_type="image/gif"), file(2))), [("format_unlisted", FIRST)]),
    (facts(files=(file(1, scan="infected"), file(2))), [("file_infected", FIRST)]),
    (facts(files=(file(1, scan="pending"), file(2, scan="off"))), [("file_unscanned", FIRST), ("file_unscanned", SECOND)]),
    (facts(files=(file(1, scan="pending"), file(2, scan="off")), scanning=False), []),
    (facts(files=(file(1, scan="unscannable"), file(2))), [("file_unscannable", FIRST)]),
    (facts(stored=stored(size=None)), [("object_missing", FIRST)]),
    (facts(stored=stored(size=9)), [("object_damaged", FIRST)]),
    (facts(stored=stored(sha256="1" * 64)), [("object_damaged", FIRST)]),
    (facts(stored=stored(sha256=None), deep=False), []),
]  # fmt: skip


@pytest.mark.parametrize(("spoilt", "expected"), CASES)
def test_what_is_found(spoilt: Facts, expected: list[tuple[str, UUID | str | None]]) -> None:
    assert found(spoilt) == expected
    for one in findings(spoilt, RULES):
        assert one.en
        assert one.zh


def test_every_code_is_found_somewhere() -> None:
    told = {code for _, expected in CASES for code, _ in expected}
    assert told == {code.value for code in FindingCode} - {"four_property_failed"}


def severities(found_: list[Finding]) -> set[tuple[str, str]]:
    """Give codes with their severity."""
    return {(one.code.value, one.severity.value) for one in found_}


def test_what_blocks_is_the_firms_rule_but_for_a_virus() -> None:
    spoilt = facts(
        files=(file(1, scan="infected", media_type="image/gif"), file(2)), entries=(entry(1, pages=None), entry(2))
    )
    none = RULES.model_copy(update={"blocking": []})
    assert severities(findings(spoilt, none)) == {
        ("file_infected", "blocking"), ("pages_missing", "warning"), ("format_unlisted", "warning"),
    }  # fmt: skip
    every = RULES.model_copy(update={"blocking": list(FindingCode)})
    assert {severity for _, severity in severities(findings(spoilt, every))} == {"blocking"}


def test_cover_fields_follow_the_rules_and_the_matter_type() -> None:
    asked = RULES.model_copy(
        update={
            "cover_fields": [CoverField.CAUSE, CoverField.RESULT],
            "cover_fields_by_matter_type": {
                MatterTypeName.CIVIL: [CoverField.COURT, CoverField.CAUSE], MatterTypeName.RETAINER: [CoverField.TITLE],
            },
        }
    )  # fmt: skip
    assert [one.en for one in findings(facts(closing=Closing(None, None)), asked)] == [
        "The cover lacks result", "The cover lacks court",
    ]  # fmt: skip
    assert [one.en for one in findings(facts(), asked)] == ["The cover lacks court"]
    assert [one.en for one in findings(facts(matter_type="retainer"), asked)] == ["The cover lacks title"]


def test_failed_items_are_findings_of_their_own() -> None:
    spoilt = facts(stored=stored(size=9), counted=3)
    made = of_items(four_properties(spoilt, RULES), RULES)
    assert {(one.item, one.severity) for one in made} == {
        ("1-10", Severity.BLOCKING), ("2-2", Severity.BLOCKING), ("2-7", Severity.BLOCKING),
        ("3-2", Severity.WARNING),
    }  # fmt: skip
    assert of_items(four_properties(facts(), RULES), RULES) == []


def test_what_was_not_checked_is_named() -> None:
    assert not_checked(facts()) == []
    poor = facts(gaps=None, closing=None, scanning=False, deep=False)
    assert [one.code.value for one in not_checked(poor)] == [
        "engagement_gap", "file_unscanned", "dated_after_closing", "object_damaged",
    ]  # fmt: skip
    assert [one.code.value for one in not_checked(facts(gaps_untold=True))] == ["engagement_gap"]
    assert [one.code.value for one in not_checked(facts(closing=Closing(None, "撤诉")))] == ["dated_after_closing"]


PIECES = [listed(entry(1)).volumes[0].items[0].piece]


def model(volumes: list[Volume]) -> bool:
    """Write all page numbers down as they stand and look whether they are 1, 2, 3 and so on in each volume."""
    for place, volume in enumerate(volumes, start=1):
        pages = []
        for line in volume.items:
            if line.page_from is not None and line.page_to is not None:
                own = list(range(line.page_from, line.page_to + 1))
                if len(own) != line.piece.pages:
                    return False
                pages += own
        if pages != list(range(1, len(pages) + 1)) or volume.pages != len(pages) or volume.volume != place:
            return False
        if [line.serial for line in volume.items] != list(range(1, len(volume.items) + 1)):
            return False
    return True


SPAN = st.none() | st.tuples(st.integers(1, 6), st.integers(1, 3))
LINE = st.builds(
    lambda serial, span, pages: Line(
        serial, replace(PIECES[0], pages=pages), span and span[0], span and span[0] + span[1] - 1
    ),
    st.integers(1, 3), SPAN, st.integers(1, 3),
)  # fmt: skip
VOLUME = st.builds(Volume, st.integers(1, 2), st.integers(0, 6), st.lists(LINE, max_size=3).map(tuple))


@given(st.lists(VOLUME, max_size=2))
def test_breaks_are_found_where_a_plain_model_finds_them(volumes: list[Volume]) -> None:
    assert (breaks(volumes) == []) is model(volumes)


@given(
    st.lists(st.none() | st.integers(1, 9), max_size=12), st.integers(1, 12), st.data(), st.sampled_from([-2, -1, 1, 2])
)
def test_an_arranged_list_is_unbroken_and_every_shift_breaks_it(
    pages: list[int | None], limit: int, data: st.DataObject, shift: int
) -> None:
    pieces = [replace(PIECES[0], entry_id=UUID(int=at), pages=count) for at, count in enumerate(pages)]
    volumes = list(arrange(pieces, Mode.TIME, stages=(), slots=(), page_limit=limit).volumes)
    assert breaks(volumes) == []
    assert model(volumes)
    paged = [(at, to) for at, one in enumerate(volumes) for to, line in enumerate(one.items) if line.page_from]
    if not paged:
        return
    at, to = data.draw(st.sampled_from(paged))
    line = volumes[at].items[to]
    moved = replace(line, page_from=(line.page_from or 0) + shift, page_to=(line.page_to or 0) + shift)
    items = (*volumes[at].items[:to], moved, *volumes[at].items[to + 1 :])
    volumes[at] = replace(volumes[at], items=items)
    assert line.piece.entry_id in {one.entry_id for one in breaks(volumes)}


PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes([0, 0, 0, 9, 0, 0, 0, 7]) + b"\x08\x02"


@pytest.mark.parametrize(
    ("media_type", "head", "opens"),
    [
        ("image/png", PNG, True), ("image/png", PNG[:20], False), ("image/png", b"\x89PNG\r\n\x1a\n" + b"\0" * 64, False),
        ("image/png", PNG.replace(b"\x07", b"\0"), False), ("image/gif", b"GIF89a\x01\0\x01\0", True),
        ("image/gif", b"GIF89a\x01\0\0\0", False), ("image/gif", b"GIF89a", False),
        ("image/jpeg", b"\xff\xd8\xff\xe0", True), ("image/jpeg", b"\xff\xd8\xff\0", False),
        ("image/jpeg", b"\xff\xd8\xff", False), ("image/tiff", b"II*\0\x08\0\0\0", True),
        ("image/tiff", b"MM\0*\0\0\0\x08", True), ("image/tiff", b"MM\0*\x08\0\0\0", False),
        ("image/tiff", b"II*\0\x04\0\0\0", False), ("image/tiff", b"XX*\0\x08\0\0\0", False),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK\x03\x04", True),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"<html>", False),
        ("application/ofd", b"", False), ("text/plain", b"x", None), ("application/pdf", b"%PDF-", None),
    ],
)  # fmt: skip
def test_heads(media_type: str, head: bytes, opens: bool | None) -> None:
    assert opens_by_head(media_type, head, 100) is opens
