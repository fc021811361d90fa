"""Intakes as they come in and go out."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from app.auth.schemas import PersonRef
from app.clients.schemas import ClientRef, Contact, ContactOut
from app.core.clock import today
from app.core.schema import Input, Output, Timestamp
from app.core.text import Name, Reason, Remarks, ShortText

_NOT_NULL = ("came_on", "channel", "visitor", "about", "client_ids", "received_by")


class Channel(StrEnum):
    """How somebody came to the firm: 来访、来电、来函、电子邮件、转介绍、网上咨询."""

    VISIT = "visit"
    PHONE = "phone"
    LETTER = "letter"
    MAIL = "mail"
    REFERRAL = "referral"
    ONLINE = "online"
    OTHER = "other"


class IntakeState(StrEnum):
    """What came of it: 待定、建立委托、不予受理、当事人撤回、转介他处."""

    OPEN = "open"
    ENGAGED = "engaged"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    REFERRED = "referred"


def _not_later(value: date) -> date:
    if value > today():
        raise ValueError("this can't lie in the future")
    return value


def _each_once(values: list[UUID]) -> list[UUID]:
    if len(values) != len(set(values)):
        raise ValueError("client_ids names the same one twice")
    return values


PastDay = Annotated[date, AfterValidator(_not_later)]
IntakeClients = Annotated[list[UUID], Field(max_length=20), AfterValidator(_each_once)]


class Visitor(Input):
    """Who came: name, a way to reach him, and what he is to the client."""

    name: Name
    contact: Contact | None = None
    relation: ShortText | None = Field(None, description="To the client, e.g. 本人、法定代表人、亲属")


class IntakeCreate(Input):
    """Somebody came to the firm (接待、咨询)."""

    came_on: PastDay
    channel: Channel
    visitor: Visitor
    about: Reason = Field(description="What it is about (咨询事项)", examples=["货款拖欠,拟起诉"])
    client_ids: IntakeClients = []
    remarks: Remarks | None = None
    received_by: UUID | None = Field(None, description="Who received him; the caller when left out")


class IntakeChange(Input):
    """Fields to change; those left out stay."""

    came_on: PastDay | None = None
    channel: Channel | None = None
    visitor: Visitor | None = None
    about: Reason | None = None
    client_ids: IntakeClients | None = None
    remarks: Remarks | None = None
    received_by: UUID | None = None

    @model_validator(mode="after")
    def _no_nulls(self) -> Self:
        for name in _NOT_NULL:
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} can't be null: leave it out to keep it")
        return self


class IntakeOutcome(Input):
    """What came of an intake; `engaged` names the dossier that it led to."""

    outcome: Literal[IntakeState.ENGAGED, IntakeState.DECLINED, IntakeState.WITHDRAWN, IntakeState.REFERRED]
    reason: Reason | None = None
    dossier_id: UUID | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.outcome is IntakeState.ENGAGED) != (self.dossier_id is not None):
            raise ValueError("dossier_id stands with engaged, and only there")
        return self


class VisitorOut(Output):
    """Who came."""

    name: str
    contact: ContactOut | None
    relation: str | None


class IntakeOut(Output):
    """An intake; of its clients and its dossier those are named that the reader sees."""

    id: UUID
    came_on: date
    channel: Channel
    visitor: VisitorOut
    about: str
    client_ids: list[UUID]
    clients: list[ClientRef]
    remarks: str | None
    received_by: PersonRef
    state: IntakeState
    reason: str | None
    dossier_id: UUID | None
    decided_by: PersonRef | None
    decided_at: Timestamp | None
    created_by: PersonRef
    created_at: Timestamp
    updated_at: Timestamp


@dataclass(frozen=True, slots=True)
class IntakeFilter:
    """What a list of intakes is narrowed to; both days are inclusive."""

    state: IntakeState | None = None
    client_id: UUID | None = None
    received_by: UUID | None = None
    came_from: date | None = None
    came_to: date | None = None
