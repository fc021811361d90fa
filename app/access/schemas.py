"""Grants, access requests and walls as they come in and go out."""

from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from app.auth.roles import Level
from app.auth.schemas import PersonRef
from app.core.schema import Input, Output, Timestamp
from app.core.text import Name, Reason


class Scope(StrEnum):
    """What a grant opens: metadata only, or content too."""

    METADATA = "metadata"
    CONTENT = "content"


class GrantCreate(Input):
    """Access for one person, for a reason and a time."""

    user_id: UUID
    scope: Scope
    reason: Reason
    expires_at: AwareDatetime = Field(description="At most 180 days ahead unless configured")


class Decision(Input):
    """What a second person decides, and why."""

    decision: Literal["approve", "refuse"]
    reason: Reason


class GrantState(StrEnum):
    """Where a grant stands; `awaiting_approval` and all later ones open nothing."""

    EFFECTIVE = "effective"
    AWAITING_APPROVAL = "awaiting_approval"
    REFUSED = "refused"
    REVOKED = "revoked"
    EXPIRED = "expired"


class GrantOut(Output):
    """A grant; `reaches` is the highest level that it opens."""

    id: UUID
    dossier_id: UUID
    user: PersonRef
    scope: Scope
    reason: str
    reaches: Level
    state: GrantState
    granted_by: PersonRef
    granted_as: Literal["lead", "partner", "director"]
    granted_at: Timestamp
    expires_at: Timestamp
    approved_by: PersonRef | None
    approved_at: Timestamp | None
    ended_by: PersonRef | None
    ended_at: Timestamp | None
    end_reason: str | None
    access_request_id: UUID | None


class AccessRequestCreate(Input):
    """A wish for access to a dossier that one knows of."""

    scope: Scope
    reason: Reason
    until: AwareDatetime = Field(description="At most 180 days ahead unless configured")


class AccessRequestOut(Output):
    """A request for access, and what became of it."""

    id: UUID
    dossier_id: UUID
    number: str
    requested_by: PersonRef
    requested_at: Timestamp
    scope: Scope
    reason: str
    until: Timestamp
    state: Literal["pending", "approved", "refused"]
    decided_by: PersonRef | None
    decided_at: Timestamp | None
    decision_reason: str | None
    grant_id: UUID | None


class WallState(StrEnum):
    """`requested` by the director and without effect until `active`; `lifted` keeps nobody out any more."""

    REQUESTED = "requested"
    ACTIVE = "active"
    LIFTED = "lifted"


Ids = Annotated[list[UUID], Field(max_length=1000)]


def _distinct(values: list[UUID], name: str) -> None:
    if len(values) != len(set(values)):
        raise ValueError(f"{name} names the same one twice")


class WallCreate(Input):
    """An information barrier: who is kept from which clients and dossiers."""

    name: Name
    reason: Reason
    client_ids: Ids = []
    dossier_ids: Ids = []
    excluded_user_ids: Annotated[list[UUID], Field(min_length=1, max_length=1000)]
    effective_from: AwareDatetime | None = Field(None, description="Now when left out")
    until: AwareDatetime | None = Field(None, description="Stands until lifted when left out")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.client_ids and not self.dossier_ids:
            raise ValueError("a wall stands around at least one of client_ids or dossier_ids")
        for name in ("client_ids", "dossier_ids", "excluded_user_ids"):
            _distinct(getattr(self, name), name)
        if self.until and self.effective_from and self.until <= self.effective_from:
            raise ValueError("until must lie after effective_from")
        return self


class WallChange(Input):
    """Fields to change; those left out stay. `state` puts a requested wall into force or lifts one."""

    name: Name | None = None
    reason: Reason | None = None
    client_ids: Ids | None = None
    dossier_ids: Ids | None = None
    excluded_user_ids: Annotated[list[UUID], Field(min_length=1, max_length=1000)] | None = None
    until: AwareDatetime | None = None
    state: Literal[WallState.ACTIVE, WallState.LIFTED] | None = None

    @model_validator(mode="after")
    def _no_nulls(self) -> Self:
        for name in self.model_fields_set - {"until"}:
            value = getattr(self, name)
            if value is None:
                raise ValueError(f"{name} can't be null: leave it out to keep it")
            if isinstance(value, list):
                _distinct(value, name)
        return self


class WallOut(Output):
    """A wall. Clients and dossiers are named by id only: its keepers do not see into them."""

    id: UUID
    name: str
    reason: str
    state: WallState
    client_ids: list[UUID]
    dossier_ids: list[UUID]
    excluded_users: list[PersonRef]
    effective_from: Timestamp
    until: Timestamp | None
    created_by: PersonRef
    created_at: Timestamp
    updated_at: Timestamp
