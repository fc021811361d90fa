"""What the checks before filing (归档前检查) look at, as plain values: the facts of one dossier, and what may be found.

Whoever fills these has asked the gate before. Nothing here reads a database, a store or a clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from app.dossiers.templates import Slot
from app.entries.arrangement import ContentsList


class FindingCode(StrEnum):
    """What the filing check finds; which of it blocks is the firm's rule, but for a virus."""

    DOSSIER_EMPTY = "dossier_empty"
    COVER_FIELD_MISSING = "cover_field_missing"
    SLOT_EMPTY = "slot_empty"
    ENGAGEMENT_GAP = "engagement_gap"
    ENTRY_UNREVIEWED = "entry_unreviewed"
    DOUBT_UNEXPLAINED = "doubt_unexplained"
    PAGES_MISSING = "pages_missing"
    PAGES_DIFFER = "pages_differ"
    PAGE_BREAK = "page_break"
    DATED_IN_FUTURE = "dated_in_future"
    DATED_AFTER_CLOSING = "dated_after_closing"
    DUPLICATE_TITLE = "duplicate_title"
    DUPLICATE_DOCUMENT_NUMBER = "duplicate_document_number"
    FILE_ABSENT = "file_absent"
    FORMAT_UNLISTED = "format_unlisted"
    FILE_INFECTED = "file_infected"
    FILE_UNSCANNED = "file_unscanned"
    FILE_UNSCANNABLE = "file_unscannable"
    OBJECT_MISSING = "object_missing"
    OBJECT_DAMAGED = "object_damaged"
    FOUR_PROPERTY_FAILED = "four_property_failed"


class CoverField(StrEnum):
    """A field of the cover (案卷封面) that can be asked for."""

    TITLE = "title"
    CAUSE = "cause"
    CLIENTS = "clients"
    OPPOSING_PARTIES = "opposing_parties"
    LEAD_LAWYER = "lead_lawyer"
    CONTRACT_NUMBER = "contract_number"
    OPENED_ON = "opened_on"
    COURT = "court"
    INSTANCE = "instance"
    COURT_CASE_NUMBER = "court_case_number"
    CLOSED_ON = "closed_on"
    RESULT = "result"


class Gap(Protocol):
    """What is unsigned or missing of an engagement (委托), in words."""

    @property
    def code(self) -> str:
        """Its stable code."""
        ...

    @property
    def en(self) -> str:
        """What is missing, in English."""
        ...

    @property
    def zh(self) -> str:
        """What is missing, in Chinese."""
        ...


class GapsTold(Protocol):
    """The gaps of a dossier's engagements as far as somebody may know; `untold` when there may be others."""

    @property
    def gaps(self) -> Sequence[Gap]:
        """Those that he is told of."""
        ...

    @property
    def untold(self) -> bool:
        """Whether there may be some that he is not told of."""
        ...


@dataclass(frozen=True, slots=True)
class Closing:
    """How and when a matter was closed (结案); None for what is not known yet."""

    closed_on: date | None
    result: str | None


@dataclass(frozen=True, slots=True)
class Judged:
    """The newest review of an entry; `firm` when no quality of it was doubted or denied."""

    firm: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """A kept entry (卷内材料)."""

    id: UUID
    title: str
    category: str
    document_number: str | None
    responsible_party: str | None
    formed_on: date | None
    pages: int | None
    original: str
    confidentiality: int | None
    slot: str | None
    remarks: str | None
    review: str
    judged: Judged | None
    created_by: UUID
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A version of a kept entry's file as it is recorded; `size` in bytes, `sha256` in hex."""

    id: UUID
    entry_id: UUID
    version: int
    original_name: str
    media_type: str
    size: int
    sha256: str
    pages: int | None
    object_key: str
    scan: str
    created_by: UUID


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store holds of a file: `size` is None when it holds nothing.

    The rest is known only of bytes that were read: `media_type` by their head, `sha256`, and whether they open, which
    stays None for formats that no program here opens.
    """

    size: int | None
    media_type: str | None = None
    sha256: str | None = None
    opens: bool | None = None

    @property
    def read(self) -> bool:
        """Whether all that there is of it was read."""
        return self.size is None or self.sha256 is not None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file as the event of its arrival tells of it, all as texts."""

    original_name: str | None
    media_type: str | None
    size: str | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Traces:
    """What the events of a dossier tell: who did what to which subject, and of files how they came."""

    actors: Mapping[tuple[str, UUID], UUID | None]
    arrivals: Mapping[UUID, Arrival]


@dataclass(frozen=True, slots=True)
class Registered:
    """The line of a dossier's number in the register (案号登记簿)."""

    number: str
    serial: int
    year: int
    sealed: bool
    void: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the checks of one dossier look at.

    `declared` is the number of kept entries that the dossier counts, `counted` that of the rows of its table, `entries`
    are those that were read. `excluded` counts what was kept out with a reason, as far as the caller sees it. `stored`
    is by object key. `gaps` and `closing` are None where nobody could be asked.
    """

    id: UUID
    number: str
    matter_type: str
    confidentiality: int
    firm_name: str
    cover: Mapping[str, object]
    slots: tuple[Slot, ...]
    entries: tuple[EntryFacts, ...]
    declared: int
    counted: int
    excluded: int
    files: tuple[FileFacts, ...]
    contents: ContentsList
    registered: Registered | None
    number_rules: tuple[tuple[str, str], ...]
    traces: Traces
    today: date
    scanning: bool = False
    deep: bool = False
    stored: Mapping[str, Stored] | None = None
    gaps: tuple[Gap, ...] | None = None
    gaps_untold: bool = False
    closing: Closing | None = None

    def found(self, file: FileFacts) -> Stored:
        """Give what the store holds of a file."""
        return (self.stored or {})[file.object_key]

    def newest_files(self) -> dict[UUID, FileFacts]:
        """Give the newest file of each entry that has one."""
        return {file.entry_id: file for file in sorted(self.files, key=lambda file: file.version)}
