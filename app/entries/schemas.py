"""Entries, contents lists and files as they come in and go out."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.auth.roles import Level
from app.auth.schemas import PersonRef
from app.core.schema import Input, Output, Timestamp
from app.core.text import Name, Reason, Remarks, ShortText, Title
from app.dossiers import categories
from app.entries.arrangement import Mode
from app.entries.rules import RuleCode

# The classes are the templates' too, a room below.
Category = categories.Category


class Original(StrEnum):
    """What the firm holds: original (原件), copy (复印件), scan (扫描件), born digital (电子文件)."""

    ORIGINAL = "original"
    COPY = "copy"
    SCAN = "scan"
    BORN_DIGITAL = "born_digital"


class Judgement(StrEnum):
    """How a quality of the material was judged."""

    PASS = "pass"  # noqa: S105 - a word of the trade, no password
    DOUBT = "doubt"
    FAIL = "fail"


Pages = Annotated[int, Field(ge=1, le=100000)]


class EntryCreate(Input):
    """A piece of material to register."""

    title: Title = Field(examples=["委托代理合同"])
    category: Category
    document_number: ShortText | None = Field(None, description="文号")
    responsible_party: Name | None = Field(None, description="责任者")
    formed_on: date | None = Field(None, description="形成日期")
    pages: Pages | None = Field(None, description="Left out, the pages of a PDF are read from the file")
    original: Original
    confidentiality: Level | None = Field(None, description="Counts where it is higher than the dossier's")
    stage: ShortText | None = None
    slot: ShortText | None = Field(None, description="Slot code of the dossier's template")
    remarks: Remarks | None = None


class EntryChange(Input):
    """Fields to change; those left out stay."""

    title: Title | None = None
    category: Category | None = None
    document_number: ShortText | None = None
    responsible_party: Name | None = None
    formed_on: date | None = None
    pages: Pages | None = Field(None, description="null: count from the newest file")
    original: Original | None = None
    confidentiality: Level | None = None
    stage: ShortText | None = None
    slot: ShortText | None = None
    remarks: Remarks | None = None

    @model_validator(mode="after")
    def _no_nulls(self) -> Self:
        for name in ("title", "category", "original"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} can't be null: leave it out to keep it")
        return self


class ReviewCreate(Input):
    """A judgement of an entry (真实性、关联性、合法性) and what follows from it."""

    authenticity: Judgement
    relevance: Judgement
    legality: Judgement
    decision: Literal["keep", "exclude"]
    reason: Reason | None = None
    exclusion: RuleCode | None = Field(
        None, description="With decision `exclude`: a code of the rules `review` in force", examples=["duplicate"]
    )

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.decision == "exclude" and self.reason is None:
            raise ValueError("material is kept out only with a reason: set reason")
        if self.decision == "keep" and self.exclusion is not None:
            raise ValueError("exclusion goes with decision exclude")
        return self


class SupersessionIn(Input):
    """By which newer version an entry is superseded, and why.

    Judgements that are left out stay as in its newest review; where there is none, nothing speaks against it (`pass`).
    """

    by_entry_id: UUID
    reason: Reason
    authenticity: Judgement | None = None
    relevance: Judgement | None = None
    legality: Judgement | None = None


class ReviewOut(Output):
    """A judgement of an entry; `rules_version` of the rules `review`, null where it is older than they."""

    authenticity: Judgement
    relevance: Judgement
    legality: Judgement
    decision: Literal["keep", "exclude"]
    reason: str | None
    exclusion: str | None
    rules_version: int | None
    reviewed_by: PersonRef
    reviewed_at: Timestamp


class ReviewRecord(ReviewOut):
    """A judgement in the history of an entry; `superseded_by` as far as one sees that entry."""

    id: UUID
    superseded_by: UUID | None


class EntryOut(Output):
    """An entry; `pages_differ` points out that the newest file has another number of pages than was stated.

    `superseded_by` and `supersedes` name entries as far as one sees them.
    """

    id: UUID
    dossier_id: UUID
    title: str
    category: Category
    document_number: str | None
    responsible_party: str | None
    formed_on: date | None
    pages: int | None
    pages_in_file: int | None
    pages_differ: bool
    original: Original
    confidentiality: Level | None
    effective_confidentiality: Level
    stage: str | None
    slot: str | None
    remarks: str | None
    excluded: bool
    review: ReviewOut | None
    superseded_by: UUID | None
    supersedes: list[UUID]
    file_count: int
    created_by: PersonRef
    created_at: Timestamp
    updated_at: Timestamp


class ArrangementIn(Input):
    """How to order the entries; `order` lists entry ids for mode `manual`."""

    mode: Mode
    order: Annotated[list[UUID], Field(max_length=5000)] | None = None

    @model_validator(mode="after")
    def _order_fits(self) -> Self:
        if (self.mode is Mode.MANUAL) != (self.order is not None):
            raise ValueError("order goes with mode manual, and mode manual needs order")
        if self.order and len(set(self.order)) != len(self.order):
            raise ValueError("order names an entry twice")
        return self


class ContentsLine(Output):
    """A line of the contents list; a masked one has serial and pages and nothing else."""

    serial: int
    entry_id: UUID | None = None
    document_number: str | None
    responsible_party: str | None
    title: str | None
    formed_on: date | None
    page_from: int | None
    page_to: int | None
    pages: int | None
    remarks: str | None
    masked: bool = False


class ContentsVolume(Output):
    """A volume (册)."""

    volume: int
    pages: int
    items: list[ContentsLine]


class ContentsOut(Output):
    """The contents list (卷内目录); `incomplete` names entries whose pages are not known."""

    leave_out_unset: ClassVar[bool] = True

    dossier_id: UUID
    number: str
    arrangement_mode: Mode
    volumes: list[ContentsVolume]
    incomplete: list[UUID]
    sealed: bool
    digest: str | None


class FileOut(Output):
    """A version of a file; `sha256` in hex of its plain bytes, `size` in bytes."""

    id: UUID
    entry_id: UUID
    version: int
    original_name: str
    media_type: str
    size: int
    sha256: str
    pages: int | None
    scan: Literal["clean", "pending", "infected", "unscannable", "off"]
    duplicate_of: list[UUID]
    created_at: Timestamp
    created_by: PersonRef


class DocumentOut(Output):
    """An entry and its file, made in one act."""

    entry: EntryOut
    file: FileOut
