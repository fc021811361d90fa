"""Facts of a dossier that passes every item of the checks before filing, to be spoilt one at a time."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from app.dossiers.events import DOSSIER_OPENED
from app.dossiers.templates import Slot
from app.entries.arrangement import ContentsList, Mode, Piece, arrange
from app.entries.events import ENTRY_CREATED, ENTRY_REVIEWED, FILE_ADDED
from app.filing.check_model import Arrival, Closing, EntryFacts, Facts, FileFacts, Judged, Registered, Stored, Traces
from app.filing.check_rules import FILING_CHECK

RULES = FILING_CHECK.first
TODAY = date(2026, 11, 24)
DOSSIER, LAWYER = UUID(int=5), UUID(int=1)
DIGEST = "0" * 64
SLOTS = (Slot(code="a-1", label="批办单", required=True), Slot(code="a-2", label="其他", required=False))


def entry(number: int, **fields: Any) -> EntryFacts:
    """Make an entry that nothing is wrong with."""
    given: dict[str, Any] = {
        "id": UUID(int=100 + number), "title": f"材料{number}", "category": "evidence", "document_number": f"文{number}",
        "responsible_party": "甲公司", "formed_on": date(2026, 3, number), "pages": 2, "original": "scan",
        "confidentiality": None, "slot": "a-1", "remarks": None, "review": "kept",
        "judged": Judged(firm=True, reason=None), "created_by": LAWYER,
        "created_at": datetime(2026, 3, 1, number, tzinfo=UTC),
    }  # fmt: skip
    return EntryFacts(**{**given, **fields})


def file(number: int, **fields: Any) -> FileFacts:
    """Make the file of an entry."""
    given: dict[str, Any] = {
        "id": UUID(int=200 + number), "entry_id": UUID(int=100 + number), "version": 1,
        "original_name": f"{number}.pdf", "media_type": "application/pdf", "size": 10, "sha256": DIGEST, "pages": 2,
        "object_key": f"files/{number}", "scan": "clean", "created_by": LAWYER,
    }  # fmt: skip
    return FileFacts(**{**given, **fields})


def listed(*entries: EntryFacts) -> ContentsList:
    """Arrange entries by time."""
    same = [name for name in Piece.__slots__ if name in EntryFacts.__slots__]
    pieces = [
        Piece(
            entry_id=one.id, registered_at=one.created_at, stage=None, position=None,
            **{name: getattr(one, name) for name in same},
        )
        for one in entries
    ]  # fmt: skip
    return arrange(pieces, Mode.TIME, stages=(), slots=(), page_limit=200)


def arrival(of: FileFacts) -> Arrival:
    """Make what the event of a file's arrival tells."""
    return Arrival(of.original_name, of.media_type, str(of.size), of.sha256)


def traces(entries: tuple[EntryFacts, ...], files: tuple[FileFacts, ...]) -> Traces:
    """Make the events that these have left."""
    actors: dict[tuple[str, UUID], UUID | None] = {(DOSSIER_OPENED.name, DOSSIER): LAWYER}
    for one in entries:
        actors |= {(ENTRY_CREATED.name, one.id): one.created_by, (ENTRY_REVIEWED.name, one.id): LAWYER}
    actors |= {(FILE_ADDED.name, one.id): one.created_by for one in files}
    return Traces(actors, {one.id: arrival(one) for one in files})


def facts(
    entries: tuple[EntryFacts, ...] | None = None, files: tuple[FileFacts, ...] | None = None, **fields: Any
) -> Facts:
    """Make the facts of a dossier, by default of two entries with a file each, whose bytes were all read."""
    entries = (entry(1), entry(2)) if entries is None else entries
    files = tuple(file(number) for number in (1, 2)) if files is None else files
    cover = {
        "title": None, "cause": "买卖合同纠纷", "lead_lawyer": "王丽", "contract_number": None,
        "opened_on": date(2026, 3, 1), "court": None, "instance": None, "court_case_number": None,
        "clients": ["北京示例科技有限公司"], "opposing_parties": [],
    }  # fmt: skip
    made = Facts(
        id=DOSSIER, number="2026-MS-L03-0001", matter_type="civil", confidentiality=1, firm_name="示例律师事务所",
        cover=cover, slots=SLOTS, entries=entries, declared=len(entries), counted=len(entries), excluded=0,
        files=files, contents=listed(*entries), registered=Registered("2026-MS-L03-0001", 1, 2026, False, False),
        number_rules=(("{year}-{type}-{lawyer}-{serial:04d}", "{year}-{type}-M{serial:04d}"),),
        traces=traces(entries, files), today=TODAY, scanning=True, deep=True,
        stored={one.object_key: Stored(one.size, one.media_type, one.sha256, True) for one in files}, gaps=(),
        closing=Closing(date(2026, 11, 1), "调解结案"),
    )  # fmt: skip
    return replace(made, **fields)
