"""What comes in and goes out in filing."""

from datetime import date
from typing import Annotated, Any, ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from app.auth.schemas import PersonRef
from app.core.clock import today
from app.core.schema import Input, Output, Timestamp
from app.core.text import Code, Name, Reason, Remarks, ShortText, Title
from app.entries.schemas import ContentsVolume

Decision = Literal["approve", "refuse"]


class Closure(Input):
    """The end of a matter (结案)."""

    closed_on: date
    result: Title = Field(description="How it ended (审/办结果)", examples=["判决支持全部诉讼请求"])

    @field_validator("closed_on")
    @classmethod
    def _not_in_the_future(cls, value: date) -> date:
        if value > today():
            raise ValueError("a matter can't be closed in the future")
        return value


class Reopening(Input):
    """Why the closing of a matter is taken back."""

    reason: Reason


class SubmissionCreate(Input):
    """A dossier handed in for filing, with the proposed retention."""

    retention: Code = Field(description="Code of a retention class of the firm's rules", examples=["D30"])
    retention_reason: Reason
    compiler_id: UUID | None = Field(None, description="立卷人, on the team; the lead lawyer when left out")
    declared_entries: Annotated[int | None, Field(ge=0, le=100_000, description="Entries handed in, as counted")] = None
    declared_pages: Annotated[int | None, Field(ge=0, le=10_000_000, description="Pages handed in")] = None
    late_reason: Reason | None = Field(None, description="Why the deadline has passed; needed once it has")
    note: Remarks | None = None


class LateDecision(Input):
    """Whether a late filing is approved (超期归档审批)."""

    decision: Decision
    reason: Reason


class RetentionConfirmation(Input):
    """The retention class as confirmed, which may differ from the proposed one."""

    retention: Code
    reason: Reason | None = None


class ReturnReason(Input):
    """Why a dossier goes back; about one entry, or about the whole."""

    entry_id: UUID | None = None
    text: Reason


class DossierReturn(Input):
    """Why a dossier goes back to its compiler."""

    reasons: Annotated[list[ReturnReason], Field(min_length=1, max_length=500)]


class Acceptance(Input):
    """What the archivist notes on acceptance (本卷情况说明)."""

    note: Reason = Field(examples=["本卷材料齐全,页码连续,无缺损。"])


class FindingOut(Output):
    """Something that the checks by program found at submission."""

    code: str
    severity: str
    entry_id: UUID | None
    en: str
    zh: str


class ReturnReasonOut(Output):
    """Why a dossier went back."""

    entry_id: UUID | None
    text: str


class SubmissionOut(Output):
    """A round of handing in. What is about an entry that the reader does not see is left out."""

    id: UUID
    dossier_id: UUID
    round: int
    state: Literal["pending", "returned", "accepted"]
    submitted_by: PersonRef
    submitted_at: Timestamp
    compiler: PersonRef
    proposed_retention: str
    retention_reason: str
    declared_entries: int | None
    declared_pages: int | None
    note: str | None
    due_on: date
    late_reason: str | None
    late_decision: Decision | None
    late_decided_by: PersonRef | None
    late_decision_reason: str | None
    confirmed_retention: str | None
    retention_confirmed_by: PersonRef | None
    findings: list[FindingOut]
    decided_by: PersonRef | None
    decided_at: Timestamp | None
    return_reasons: list[ReturnReasonOut]


class SealOut(Output):
    """A seal: both digests are `sha-256:` and hex, and null for readers from whom something in it is hidden."""

    version: int
    digest: str | None
    records_digest: str | None
    reason: Literal["acceptance", "supplement", "correction"]
    supplement_id: UUID | None
    sealed_by: PersonRef
    sealed_at: Timestamp


class SealedContentsOut(SealOut):
    """A sealed contents list; `digest` can be recomputed over the RFC 8785 form of `{number, volumes}` if unmasked."""

    leave_out_unset: ClassVar[bool] = True

    number: str
    archive_number: str
    volumes: list[ContentsVolume]


class DifferenceOut(Output):
    """Something that is not as it was sealed."""

    what: str
    entry_id: UUID | None
    sealed: Any
    found: Any


class SealCheckOut(Output):
    """Whether the seal in force is intact: its digests, the event that told them, and all records behind it.

    Differences in entries that the reader does not see are counted in `hidden` only.
    """

    dossier_id: UUID
    version: int
    intact: bool
    differences: list[DifferenceOut]
    hidden: int
    checked_at: Timestamp


class NoteCreate(Input):
    """A line for the note to file (备考表)."""

    kind: Literal["custody", "movement", "other"]
    text: Reason
    noted_on: date | None = Field(None, description="Today when left out")

    @field_validator("noted_on")
    @classmethod
    def _not_in_the_future(cls, value: date | None) -> date | None:
        if value is not None and value > today():
            raise ValueError("a note can't be dated in the future")
        return value


class NoteOut(Output):
    """A line of the note to file."""

    id: UUID
    dossier_id: UUID
    kind: str
    text: str
    noted_on: date
    compiler: PersonRef | None
    inspector: PersonRef | None
    noted_by: PersonRef
    noted_at: Timestamp


class Correction(Input):
    """What a line of the sealed list is to say; what is left out stays. The entry itself is not touched."""

    entry_id: UUID
    title: Title | None = None
    document_number: ShortText | None = None
    responsible_party: Name | None = None
    formed_on: date | None = None
    remarks: Remarks | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.model_fields_set <= {"entry_id"}:
            raise ValueError("name at least one field to correct")
        if "title" in self.model_fields_set and self.title is None:
            raise ValueError("a line can't lose its title")
        return self


class SupplementCreate(Input):
    """Material to be added to a filed dossier, or errors of its sealed list to be corrected."""

    kind: Literal["addition", "correction"]
    reason: Reason
    corrections: Annotated[list[Correction], Field(max_length=200)] = []

    @model_validator(mode="after")
    def _fits_kind(self) -> Self:
        if (self.kind == "correction") != bool(self.corrections):
            raise ValueError("corrections go with kind correction, and kind correction needs corrections")
        if len({correction.entry_id for correction in self.corrections}) != len(self.corrections):
            raise ValueError("corrections names an entry twice")
        return self


class SupplementDecision(Input):
    """Whether a supplement or correction is approved."""

    decision: Decision
    reason: Reason


class SupplementWithdrawal(Input):
    """Why a supplement is withdrawn."""

    reason: Reason


class CorrectionOut(Output):
    """A corrected line: old and new value by field."""

    entry_id: UUID
    changed: dict[str, list[Any]]


class SupplementOut(Output):
    """A supplement or correction. Corrections of entries that the reader does not see are left out."""

    id: UUID
    dossier_id: UUID
    serial: int
    kind: Literal["addition", "correction"]
    reason: str
    corrections: list[CorrectionOut]
    state: Literal["proposed", "refused", "approved", "completed", "withdrawn"]
    entry_ids: list[UUID]
    proposed_by: PersonRef
    proposed_at: Timestamp
    decided_by: PersonRef | None
    decision_reason: str | None
    completed_by: PersonRef | None
    completed_at: Timestamp | None
    seal_version: int | None
