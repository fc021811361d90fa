"""Receipts as they come in and go out."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.auth.roles import Level
from app.auth.schemas import PersonRef
from app.collection.places import Capacity, Direction, Place
from app.core.schema import Input, Output, Timestamp
from app.core.text import Name, Reason, Remarks, ShortText, Title
from app.entries.schemas import Category, Original, Pages

Copies = Annotated[int, Field(ge=1, le=1000)]
_OF_NEW = ("category", "stage", "slot", "formed_on", "confidentiality")


class Counterparty(Input):
    """The other side: who gave the material, or took it."""

    name: Name
    capacity: Capacity
    client_id: UUID | None = Field(None, description="One of the dossier's clients")


class ReceiptItemIn(Input):
    """A line: an entry by its id, or (in a receipt of what was received) new material, registered in the same act."""

    entry_id: UUID | None = None
    copy_entry_id: UUID | None = Field(None, description="The entry of the copy that stays when an original leaves")
    title: Title | None = Field(None, description="Of new material")
    category: Category | None = None
    original: Original | None = Field(None, description="What passes; left out, what the entry is recorded as")
    pages: Pages | None = Field(None, description="Left out, those of the entry")
    copies: Copies = 1
    formed_on: date | None = None
    confidentiality: Level | None = None
    stage: ShortText | None = None
    slot: ShortText | None = None
    remarks: Remarks | None = None

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if (self.entry_id is None) == (self.title is None):
            raise ValueError("name an entry by entry_id, or new material by title")
        if self.title is not None and (self.category is None or self.original is None):
            raise ValueError("new material needs category and original")
        if self.title is not None and self.copy_entry_id is not None:
            raise ValueError("copy_entry_id goes with what leaves")
        if self.entry_id is not None and any(getattr(self, name) is not None for name in _OF_NEW):
            raise ValueError(f"{', '.join(_OF_NEW)} are of new material: change the entry itself")
        return self


class ReceiptCreate(Input):
    """A receipt to make out (材料收据、送达清单、退还清单)."""

    direction: Direction
    counterparty: Counterparty
    on: date = Field(description="The day on which the material passed")
    place: ShortText | None = None
    items: Annotated[list[ReceiptItemIn], Field(min_length=1, max_length=200)]
    signed_by: Name | None = Field(None, description="Who signed for it; needed where originals are returned")
    signed_on: date | None = None
    signature_entry_id: UUID | None = Field(None, description="The entry of the signed paper")
    remarks: Remarks | None = None

    @model_validator(mode="after")
    def _signature_is_whole(self) -> Self:
        if (self.signed_by is None) != (self.signed_on is None):
            raise ValueError("signed_by and signed_on go together")
        return self


class Signature(Input):
    """Who signed a printed receipt, when, and the entry of the signed paper."""

    signed_by: Name
    signed_on: date
    signature_entry_id: UUID | None = None


class Cancellation(Input):
    """Why a receipt is wrong."""

    reason: Reason


class CounterpartyOut(Output):
    """The other side of a receipt."""

    name: str
    capacity: Capacity
    client_id: UUID | None


class ReceiptItemOut(Output):
    """A line of a receipt; a masked one has its serial and pages and nothing else."""

    serial: int
    entry_id: UUID | None
    title: str | None
    original: Original | None
    pages: int | None
    copies: int | None
    remarks: str | None
    copy_entry_id: UUID | None
    masked: bool


class CancellationOut(Output):
    """Who cancelled a receipt, and why."""

    reason: str
    cancelled_by: PersonRef
    cancelled_at: Timestamp


class ReceiptOut(Output):
    """A receipt; with masked lines its remarks are left out, for they may tell of them."""

    id: UUID
    dossier_id: UUID
    dossier_number: str
    serial: int
    direction: Direction
    counterparty: CounterpartyOut
    on: date
    place: str | None
    items: list[ReceiptItemOut]
    signed_by: str | None
    signed_on: date | None
    signature_entry_id: UUID | None
    remarks: str | None
    cancelled: CancellationOut | None
    created_by: PersonRef
    created_at: Timestamp


class ReceiptOfEntry(Output):
    """A receipt that names an entry, and what it says of it."""

    receipt_id: UUID
    serial: int
    direction: Direction
    counterparty: CounterpartyOut
    on: date
    original: Original
    copies: int
    cancelled: bool


class EntryReceiptsOut(Output):
    """The receipts of an entry, and where its original is; null where the entry is no original."""

    entry_id: UUID
    original_is: Place | None = Field(description="From the receipts that are not cancelled")
    holder: str | None = Field(description="Who has the original, when it is not held here")
    since: date | None = Field(description="Since when; null for an original that never left")
    items: list[ReceiptOfEntry]
