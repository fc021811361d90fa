"""Conflict checks as they come in and go out."""

from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.auth.schemas import PersonRef
from app.clients.schemas import ClientKind, CopyOut, Identifiers, Party
from app.conflicts.rules import Constellation, Kind
from app.core.schema import Input, Output, Timestamp
from app.core.text import Code, Name, Reason, ShortText, Title

_MOST_PARTIES = 50


class Side(StrEnum):
    """Where somebody stands in a matter."""

    CLIENT = "client"
    OPPOSING = "opposing"
    RELATED = "related"


class How(StrEnum):
    """How a party was found, most telling first."""

    IDENTIFIER = "identifier"
    SAME_NAME = "same_name"
    FORMER_NAME = "former_name"
    CONTAINS = "contains"
    LEGAL_REPRESENTATIVE = "legal_representative"


class Judgement(StrEnum):
    """What a hit is: no conflict, one that no consent helps, or one that informed consent does."""

    NONE = "none"
    ABSOLUTE = "absolute"
    RELATIVE = "relative"


class Outcome(StrEnum):
    """What a check comes to: the firm may act, may with consent and a wall, or may not."""

    CLEAR = "clear"
    WAIVED = "waived"
    CONFLICT = "conflict"


class ClientAsked(Input):
    """The client to be: one whom the firm has, by `client_id`, or somebody new by name and kind."""

    client_id: UUID | None = None
    name: Name | None = None
    kind: ClientKind | None = None
    legal_representative: Name | None = None
    former_names: Annotated[list[Name], Field(max_length=50)] = []
    identifiers: Identifiers = []

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        by_id = self.client_id is not None
        if by_id and self.model_fields_set - {"client_id"}:
            raise ValueError("a client who is named by client_id is not described besides")
        if not by_id and (self.name is None or self.kind is None):
            raise ValueError("a client is named by client_id, or by name and kind")
        if self.kind is ClientKind.PERSON and self.legal_representative:
            raise ValueError("a person has no legal_representative")
        return self


Parties = Annotated[list[Party], Field(max_length=_MOST_PARTIES)]


class ConflictCheckCreate(Input):
    """A matter that may become a dossier: who is in it, on which side."""

    clients: Annotated[list[ClientAsked], Field(min_length=1, max_length=20)]
    opposing_parties: Parties = []
    related_parties: Parties = []
    matter_type: Code = Field(examples=["civil"])
    cause: Title = Field(description="Cause or matter (案由/事项)", examples=["买卖合同纠纷"])
    court_case_number: ShortText | None = None
    lawyer_ids: Annotated[list[UUID], Field(max_length=20, description="Who is to act")] = []

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        ids = [client.client_id for client in self.clients if client.client_id is not None]
        for what, values in (("clients", ids), ("lawyer_ids", self.lawyer_ids)):
            if len(values) != len(set(values)):
                raise ValueError(f"{what} names the same one twice")
        return self


class HitJudgement(Input):
    """What a hit is, and why."""

    hit_id: UUID
    judgement: Judgement
    reason: Reason


class ConclusionCreate(Input):
    """What the check comes to: each hit that one sees is judged."""

    hits: Annotated[list[HitJudgement], Field(max_length=2000)] = []
    conclusion: Outcome
    reason: Reason

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({hit.hit_id for hit in self.hits}) != len(self.hits):
            raise ValueError("hits names the same one twice")
        return self


class ReferralCreate(Input):
    """What that is which the maker of the check may not know of. The reason is for those only who may judge it."""

    judgement: Judgement
    reason: Reason


class CheckChoice(Input):
    """The conflict check that was made for a dossier."""

    conflict_check_id: UUID


class AskedOut(Output):
    """Somebody who was asked about; `client_id` of one whom the firm has."""

    side: Side
    name: str
    kind: ClientKind
    client_id: UUID | None
    legal_representative: str | None
    former_names: list[str]


class DossierHit(Output):
    """A dossier in which the party stands or stood."""

    id: UUID
    number: str
    state: str


class HitOut(Output):
    """Something that was found. With `refer` somebody else has to judge it, and nothing more is told."""

    id: UUID
    refer: bool
    asked_name: str | None
    asked_side: Side | None
    matched_name: str | None
    how: How | None
    side: Side | None
    constellation: Constellation | None
    client_id: UUID | None
    dossiers: list[DossierHit]
    rule_code: str | None
    rule_kind: Kind | None
    consent: CopyOut | None
    judgement: Judgement | None
    reason: str | None


class ReferralOut(Output):
    """What was judged of what the maker may not know of; the reason is shown to those who may judge it."""

    judgement: Judgement
    reason: str | None
    judged_by: PersonRef
    judged_at: Timestamp


class ConclusionOut(Output):
    """What the check came to."""

    conclusion: Outcome
    reason: str | None
    concluded_by: PersonRef
    concluded_at: Timestamp


class ConcernedOut(PersonRef):
    """Somebody whom the security administrator may have to ask, or to keep apart."""

    part: Literal["maker", "lawyer", "lead"]


class ConflictCheckOut(Output):
    """A conflict check.

    `incomplete`: a name was found too often to show all. `concerned` is shown, instead of everything else, to the
    security administrator when there is something to refer.
    """

    id: UUID
    made_by: PersonRef
    made_at: Timestamp
    clients: list[AskedOut]
    opposing_parties: list[AskedOut]
    related_parties: list[AskedOut]
    matter_type: str | None
    cause: str | None
    court_case_number: str | None
    lawyer_ids: list[UUID]
    hits: list[HitOut]
    incomplete: bool
    refer: bool
    rules_version: int
    referral: ReferralOut | None
    conclusion: ConclusionOut | None
    valid_until: Timestamp | None
    wall_advised: bool
    dossier_id: UUID | None
    concerned: list[ConcernedOut]


class CheckMade(Output):
    """What is kept of an act on a check for a repeated request: which one. The rest is told as one may know it then."""

    id: UUID
