"""Dossiers, teams and numbers as they come in and go out."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.auth.roles import Level
from app.auth.schemas import PersonRef
from app.clients.schemas import ClientRef, Party, PartyOut
from app.core.schema import Input, Output, Timestamp
from app.core.text import Name, Reason, Remarks, ShortText, Title


class MatterTypeName(StrEnum):
    """Business types (业务类别)."""

    CRIMINAL = "criminal"
    CIVIL = "civil"
    ADMINISTRATIVE = "administrative"
    ARBITRATION = "arbitration"
    NON_LITIGATION = "non_litigation"
    RETAINER = "retainer"
    CONSULTING = "consulting"
    INTELLECTUAL_PROPERTY = "intellectual_property"
    ENFORCEMENT = "enforcement"
    FOREIGN = "foreign"


class DossierState(StrEnum):
    """Where a dossier stands in its life; `void` was opened by mistake."""

    OPEN = "open"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    FILED = "filed"
    TRANSFERRED = "transferred"
    DESTROYED = "destroyed"
    VOID = "void"


class Duty(StrEnum):
    """What a team member does; the lead lawyer is named apart."""

    LAWYER = "lawyer"
    ASSISTANT = "assistant"
    TRAINEE = "trainee"
    OPENER = "opener"


class TeamMember(Input):
    """Somebody to work on the dossier."""

    user_id: UUID
    duty: Duty


class OpposingParty(Party):
    """The other side (对方当事人), or somebody concerned (关联方).

    Numbers are shown masked: in a change, those that are left out stay with the party of the same name.
    """


class ExternalRefIn(Input):
    """The name of the dossier in another system."""

    system: Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    id: ShortText


StateSecretLevel = Annotated[
    ShortText, Field(description="Mark of a state secret by law; normally null. Then electronic content is refused")
]
ClientIds = Annotated[list[UUID], Field(min_length=1, max_length=20)]
Team = Annotated[list[TeamMember], Field(max_length=100)]
OpposingParties = Annotated[list[OpposingParty], Field(max_length=100)]
RelatedParties = Annotated[
    list[OpposingParty],
    Field(max_length=100, description="Others whom the matter concerns (关联方): third parties, parent companies"),
]
ExternalRefs = Annotated[list[ExternalRefIn], Field(max_length=20)]


def _distinct(what: str, values: list[UUID]) -> None:
    if len(values) != len(set(values)):
        raise ValueError(f"{what} names the same one twice")


class DossierCreate(Input):
    """A dossier to open."""

    client_ids: ClientIds
    matter_type: MatterTypeName
    cause: Title = Field(description="Cause or matter (案由/事项)", examples=["买卖合同纠纷"])
    title: Title | None = None
    court: Name | None = Field(None, description="Court or tribunal (审理法院)")
    instance: ShortText | None = Field(None, description="Instance (审级)")
    court_case_number: ShortText | None = None
    contract_number: ShortText | None = None
    remarks: Remarks | None = None
    lead_lawyer_id: UUID
    team: Team = []
    opposing_parties: OpposingParties = []
    related_parties: RelatedParties = []
    conflict_check_id: UUID | None = Field(
        None, description="The conflict check (利益冲突审查) that it is opened after"
    )
    confidentiality: Level = Level.INTERNAL
    state_secret_level: StateSecretLevel | None = None
    opened_on: date | None = Field(None, description="Opening date (收案日期); today when left out")
    external_refs: ExternalRefs = []

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        _distinct("client_ids", self.client_ids)
        _distinct("team", [member.user_id for member in self.team])
        return self


class DossierChange(Input):
    """Fields to change; those left out stay. The number and the matter type never change."""

    client_ids: ClientIds | None = None
    cause: Title | None = None
    title: Title | None = None
    court: Name | None = None
    instance: ShortText | None = None
    court_case_number: ShortText | None = None
    contract_number: ShortText | None = None
    remarks: Remarks | None = None
    lead_lawyer_id: UUID | None = None
    opposing_parties: OpposingParties | None = None
    related_parties: RelatedParties | None = None
    confidentiality: Level | None = None
    state_secret_level: StateSecretLevel | None = None
    opened_on: date | None = None
    external_refs: ExternalRefs | None = None

    @model_validator(mode="after")
    def _no_nulls(self) -> Self:
        for name in (
            "client_ids", "cause", "lead_lawyer_id", "opposing_parties", "related_parties", "confidentiality",
            "opened_on", "external_refs",
        ):  # fmt: skip
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} can't be null: leave it out to keep it")
        if self.client_ids:
            _distinct("client_ids", self.client_ids)
        return self


class DossierVoid(Input):
    """Why a dossier and its number are void."""

    reason: Reason


class TeamChange(Input):
    """The whole team but the lead lawyer."""

    members: Team

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        _distinct("members", [member.user_id for member in self.members])
        return self


class TeamMemberOut(Output):
    """A team member."""

    user_id: UUID
    display_name: str
    duty: Duty


class TeamOut(Output):
    """Who works on a dossier."""

    lead_lawyer: PersonRef
    members: list[TeamMemberOut]


class DossierOut(Output):
    """A dossier as those see it who may know of it.

    `conflict_check` is the check that covers it, `conflict_check_due` that one is still to be made. `wall_advised`:
    informed consent was given, so that its lawyers have to be kept apart from the other client's.
    """

    id: UUID
    number: str
    state: DossierState
    client_ids: list[UUID]
    clients: list[ClientRef]
    matter_type: MatterTypeName
    cause: str
    title: str | None
    court: str | None
    instance: str | None
    court_case_number: str | None
    contract_number: str | None
    remarks: str | None
    lead_lawyer_id: UUID
    lead_lawyer: PersonRef
    team: list[TeamMemberOut]
    opposing_parties: list[PartyOut]
    related_parties: list[PartyOut]
    conflict_check: UUID | None
    conflict_check_due: bool
    wall_advised: bool
    confidentiality: Level
    state_secret_level: str | None
    opened_on: date
    external_refs: list[ExternalRefIn]
    arrangement_mode: str
    template_id: UUID
    entry_count: int
    page_count: int
    closed_on: date | None
    result: str | None
    filing_due_on: date | None
    filed_on: date | None
    archive_number: str | None
    retention_code: str | None
    on_hold: bool
    created_at: Timestamp
    updated_at: Timestamp


class NumberOut(Output):
    """A line of the register of numbers."""

    number: str
    year: int
    matter_type: MatterTypeName
    state: Literal["issued", "void"]
    void_reason: str | None
    dossier_id: UUID
    issued_at: Timestamp
    voided_at: Timestamp | None
