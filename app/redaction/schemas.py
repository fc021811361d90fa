"""Requests to erase as they come in and go out."""

from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from app.auth.schemas import PersonRef
from app.core.schema import Input, Output, Timestamp
from app.core.text import Reason
from app.events.vocabulary import Outcome
from app.redaction.fields import PATTERN
from app.reports.event_log import EventFilter

MOST_IDS = 1_000
ErasedField = Annotated[str, Field(max_length=300, pattern=PATTERN)]


class ChosenEvents(Input):
    """Events chosen as `GET /v1/events` chooses them; the set is fixed when it is asked for."""

    dossier_id: UUID | None = None
    entry_id: UUID | None = None
    actor_id: UUID | None = None
    type: Annotated[str | None, Field(max_length=100, pattern=r"^[a-z_]+\.[a-z_]+$")] = None
    outcome: Outcome | None = None
    request_id: Annotated[str | None, Field(max_length=128, pattern=r"^[\x21-\x7e]+$")] = None
    since: Annotated[AwareDatetime | None, Field(alias="from", description="Inclusive")] = None
    until: Annotated[AwareDatetime | None, Field(alias="to", description="Exclusive")] = None

    @model_validator(mode="after")
    def _about_something(self) -> Self:
        if not (self.dossier_id or self.entry_id or self.actor_id or self.request_id):
            raise ValueError("name at least one of dossier_id, entry_id, actor_id or request_id")
        return self

    def filter(self) -> EventFilter:
        """Give the filter for the log."""
        return EventFilter(**self.model_dump(by_alias=False))

    def told(self) -> dict[str, Any]:
        """Give it as it came."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class RedactionCreate(Input):
    """What is to be erased of which events, and why; the reason stays for ever, so it names nobody."""

    event_ids: Annotated[list[UUID] | None, Field(min_length=1, max_length=MOST_IDS)] = None
    filter: ChosenEvents | None = None
    fields: Annotated[
        list[ErasedField],
        Field(min_length=1, max_length=50, description="`actor_name`, …, `details`, or `details` and a JSON pointer"),
    ]
    reason: Reason

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.event_ids is None) == (self.filter is None):
            raise ValueError("choose events either by event_ids or by filter")
        for name in ("event_ids", "fields"):
            values = getattr(self, name) or []
            if len(values) != len(set(values)):
                raise ValueError(f"{name} names the same one twice")
        return self


class RedactionState(StrEnum):
    """Where a request stands; the events of an approved one are erased one batch after the other until it is done."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"
    DONE = "done"


class RedactionOut(Output):
    """A request to erase, and what became of it; its events are a list of their own."""

    id: UUID
    state: RedactionState
    fields: list[str]
    filter: dict[str, Any] | None
    event_count: int
    reason: str
    requested_by: PersonRef
    requested_at: Timestamp
    expires_at: Timestamp
    decided_by: PersonRef | None
    decided_at: Timestamp | None
    decision_reason: str | None
    finished_at: Timestamp | None


class RedactionEventOut(Output):
    """An event of a request, what of it is erased, and since when."""

    event_id: UUID
    fields: list[str]
    erased_at: Timestamp | None
