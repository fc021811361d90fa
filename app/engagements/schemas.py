"""Engagements as they come in and go out."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from app.auth.schemas import PersonRef
from app.core.schema import Input, Output, Timestamp
from app.core.text import Name, Reason, Remarks, ShortText
from app.engagements.rules import EngagementKind, PowerCode


class EngagementPartyRole(StrEnum):
    """On which side a party stands: client (委托人), firm (受托人), other (第三人、法律援助机构 …)."""

    CLIENT = "client"
    FIRM = "firm"
    OTHER = "other"


class EngagementParty(Input):
    """A party of an engagement; a client is named by his id where he is a client of the dossier."""

    role: EngagementPartyRole
    name: Name
    client_id: UUID | None = None


class EngagementSigner(Input):
    """Who signs for a party, in which capacity (法定代表人、本人、代理人 …), and when; unsigned until `signed_on`."""

    party: Annotated[int, Field(ge=0, le=49, description="Index in `parties`")]
    name: Name
    capacity: ShortText
    signed_on: date | None = None


class Attorney(Input):
    """Whom a power names (受托律师): somebody of the firm by id, anybody else by name."""

    user_id: UUID | None = None
    name: Name | None = Field(None, description="Of somebody of the firm it is filled in")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.user_id is None and self.name is None:
            raise ValueError("an attorney is named by user_id or by name")
        return self


class AuthorityScope(StrEnum):
    """General authority (一般代理) or special authority (特别授权)."""

    GENERAL = "general"
    SPECIAL = "special"


class FeeMode(StrEnum):
    """How fees are reckoned: 固定、计时、风险代理、分阶段、免费."""

    FIXED = "fixed"
    HOURLY = "hourly"
    CONTINGENCY = "contingency"
    STAGED = "staged"
    FREE = "free"


class FeeTerms(Input):
    """Fee terms (收费条款): content, which is shown only to those who read the dossier's content, and to finance."""

    mode: FeeMode
    amount: Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,14})(\.[0-9]{1,4})?$", examples=["30000.00"])] | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "CNY"
    terms: Remarks | None = None

    @model_validator(mode="after")
    def _free(self) -> Self:
        if self.mode is FeeMode.FREE and self.amount is not None:
            raise ValueError("what is free has no amount")
        return self


def _each_once(values: list[str]) -> list[str]:
    if len(set(values)) != len(values):
        raise ValueError("the same is named twice")
    return values


Parties = Annotated[list[EngagementParty], Field(max_length=50)]
Signers = Annotated[list[EngagementSigner], Field(max_length=50)]
Attorneys = Annotated[list[Attorney], Field(max_length=50)]
Powers = Annotated[list[PowerCode], Field(max_length=50), AfterValidator(_each_once)]
Stages = Annotated[list[ShortText], Field(max_length=50), AfterValidator(_each_once)]


class Terms(Input):
    """What an engagement says; much of it may still be missing (listed as gaps until it is mended)."""

    entry_id: UUID | None = Field(None, description="The paper: an entry of this dossier")
    parties: Parties = []
    signers: Signers = []
    dated_on: date | None = None
    scope: AuthorityScope | None = Field(None, description="Of a power of attorney")
    special_powers: Powers = Field([], description="Codes of `/v1/rules/engagement`, where the scope is special")
    attorneys: Attorneys = Field([], description="Of a power of attorney or an appointment")
    stages: Stages = Field([], description="Stages or instances that it covers (审级)", examples=[["一审", "二审"]])
    fee: FeeTerms | None = Field(None, description="Of a contract")
    starts_on: date | None = None
    ends_on: date | None = None
    contract_number: ShortText | None = None


class EngagementCreate(Terms):
    """An engagement to record."""

    kind: EngagementKind


class _Some(Input):
    """Some of the terms; lists have no null."""

    lists: ClassVar[tuple[str, ...]] = ("parties", "signers", "special_powers", "attorneys", "stages")

    @model_validator(mode="after")
    def _no_nulls(self) -> Self:
        for name in self.lists:
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} can't be null: leave it out to keep it")
        return self


class AmendedTerms(_Some):
    """Terms as they are from now on; those left out stay."""

    parties: Parties | None = None
    signers: Signers | None = None
    dated_on: date | None = None
    scope: AuthorityScope | None = None
    special_powers: Powers | None = None
    attorneys: Attorneys | None = None
    stages: Stages | None = None
    fee: FeeTerms | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    contract_number: ShortText | None = None


class EngagementPatch(AmendedTerms):
    """Fields to change; those left out stay. After the first signature only what is empty is filled in."""

    entry_id: UUID | None = None


class EngagementOut(Output):
    """An engagement as it stands; `bound_since` is when the first signature was recorded."""

    masked: Literal[False] = False
    id: UUID
    dossier_id: UUID
    serial: int
    kind: EngagementKind
    state: Literal["in_force", "ended"]
    entry_id: UUID | None = Field(description="null also where the caller does not see the entry")
    parties: list[EngagementParty]
    signers: list[EngagementSigner]
    dated_on: date | None
    scope: AuthorityScope | None
    special_powers: list[str]
    attorneys: list[Attorney]
    stages: list[str]
    fee: FeeTerms | None
    fee_hidden: bool = Field(description="The caller does not read fee terms, if there are any")
    starts_on: date | None
    ends_on: date | None
    contract_number: str | None
    rules_version: int = Field(description="Version of `/v1/rules/engagement` that names the special powers")
    bound_since: Timestamp | None
    ended_on: date | None
    change_count: int
    created_by: PersonRef
    created_at: Timestamp
    updated_at: Timestamp


class MaskedEngagement(Output):
    """An engagement that names an entry which the caller does not see: it is there, and nothing else is told."""

    masked: Literal[True] = True
    dossier_id: UUID
    serial: int


class MandateChangeKind(StrEnum):
    """Changes of a mandate: 变更, 转委托, 终止, 延期, 部分撤回."""

    AMENDMENT = "amendment"
    SUBSTITUTION = "substitution"
    TERMINATION = "termination"
    EXTENSION = "extension"
    PARTIAL_WITHDRAWAL = "partial_withdrawal"


class MandateSide(StrEnum):
    """By whose will the mandate changes."""

    CLIENT = "client"
    FIRM = "firm"
    AGREEMENT = "agreement"
    LAW = "law"


# What a kind of change must say, and what it may.
_SAYS: dict[MandateChangeKind, tuple[frozenset[str], frozenset[str]]] = {
    MandateChangeKind.AMENDMENT: (frozenset({"values"}), frozenset()),
    MandateChangeKind.SUBSTITUTION: (frozenset({"attorneys"}), frozenset({"consent_entry_id", "urgent_reason"})),
    MandateChangeKind.TERMINATION: (frozenset(), frozenset()),
    MandateChangeKind.EXTENSION: (frozenset({"ends_on"}), frozenset()),
    MandateChangeKind.PARTIAL_WITHDRAWAL: (frozenset(), frozenset({"withdrawn_powers", "withdrawn_stages"})),
}
_SOME = frozenset({"values", "attorneys", "consent_entry_id", "urgent_reason", "ends_on"}) | {
    "withdrawn_powers",
    "withdrawn_stages",
}


class MandateChangeCreate(Input):
    """A change of the mandate: on which day, by whose will, why, and by which paper."""

    kind: MandateChangeKind
    on: date
    reason: Reason
    by: MandateSide
    entry_id: UUID | None = Field(None, description="The paper of the change: an entry of this dossier")
    values: AmendedTerms | None = Field(None, description="Of an amendment")
    attorneys: Annotated[Attorneys, Field(min_length=1)] | None = Field(None, description="Of a substitution (转委托)")
    consent_entry_id: UUID | None = Field(None, description="The client's consent to a substitution")
    urgent_reason: Reason | None = Field(None, description="Why a substitution could not wait for his consent")
    ends_on: date | None = Field(None, description="Of an extension")
    withdrawn_powers: Annotated[Powers, Field(min_length=1)] | None = None
    withdrawn_stages: Annotated[Stages, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _says_what_its_kind_does(self) -> Self:
        must, may = _SAYS[self.kind]
        given = {name for name in _SOME if getattr(self, name) is not None}
        if missing := sorted(must - given):
            raise ValueError(f"{self.kind.value} needs {', '.join(missing)}")
        if foreign := sorted(given - must - may):
            raise ValueError(f"{self.kind.value} has no {', '.join(foreign)}")
        if self.kind is MandateChangeKind.PARTIAL_WITHDRAWAL and not given:
            raise ValueError("partial_withdrawal needs withdrawn_powers or withdrawn_stages")
        return self


class MandateChangedField(Output):
    """A field before and after; of fee terms that the caller does not read it says no more than that they changed."""

    field: str
    hidden: bool
    old: Any
    new: Any


class MandateChangeOut(Output):
    """A change of the mandate."""

    id: UUID
    engagement_id: UUID
    serial: int
    kind: MandateChangeKind
    on: date
    reason: str
    by: MandateSide
    entry_id: UUID | None
    consent_entry_id: UUID | None
    urgent_reason: str | None
    changed: list[MandateChangedField]
    recorded_by: PersonRef
    recorded_at: Timestamp
