"""Dossiers, their teams, and the register of numbers."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, model_validator

from app.access.events import ACCESS_DENIED
from app.api import describe, examples
from app.api.answers import act, answer, listed, shown
from app.api.context import App, Caller, Changer, IfMatch, ListQuery, Writer, page_request
from app.api.straight import StraightRoute
from app.core.pagination import Page
from app.core.text import Name
from app.dossiers.events import (
    DOSSIER_CHANGED,
    DOSSIER_LISTED,
    DOSSIER_OPENED,
    DOSSIER_VIEWED,
    DOSSIER_VOIDED,
    NUMBERS_LISTED,
    TEAM_CHANGED,
    TEAM_VIEWED,
)
from app.dossiers.schemas import (
    DossierChange,
    DossierCreate,
    DossierOut,
    DossierState,
    DossierVoid,
    MatterTypeName,
    NumberOut,
    TeamChange,
    TeamOut,
)
from app.dossiers.service import DossierFilter

router = APIRouter(prefix="/v1", tags=["dossiers"], route_class=StraightRoute)


class DossierQuery(ListQuery):
    """Narrows and orders the list of dossiers."""

    state: DossierState | None = None
    matter_type: MatterTypeName | None = None
    client_id: UUID | None = None
    lead_lawyer_id: UUID | None = None
    number: Annotated[Name | None, Field(description="The exact number")] = None
    external_ref: Annotated[
        str | None, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,49}:[^\x00-\x1f]{1,100}$", examples=["case-manager:4711"])
    ] = None
    opened_from: date | None = None
    opened_to: date | None = None
    q: Annotated[Name | None, Field(description="Part of number, title, cause, case number or a client's name")] = None
    sort: Literal["opened_on", "-opened_on", "number"] = "-opened_on"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.opened_from and self.opened_to and self.opened_from > self.opened_to:
            raise ValueError("opened_from lies after opened_to")
        return self

    def filter(self) -> DossierFilter:
        """Give the filter for the service."""
        system, _, ref = (self.external_ref or "").partition(":")
        names = ("state", "matter_type", "client_id", "lead_lawyer_id", "number", "opened_from", "opened_to", "q")
        return DossierFilter(
            **{name: getattr(self, name) for name in names},
            external_ref=(system, ref) if self.external_ref is not None else None,
        )


class NumberQuery(ListQuery):
    """Narrows the register of numbers."""

    year: Annotated[int | None, Field(ge=1900, le=9999)] = None
    matter_type: MatterTypeName | None = None


@router.post(
    "/dossiers",
    response_model=DossierOut,
    **describe.create(
        "dossier.open", DOSSIER_OPENED, ACCESS_DENIED, example=examples.DOSSIER, request=examples.DOSSIER_NEW
    ),
)
async def open_dossier(app: App, actor: Writer, data: DossierCreate) -> Response:
    """Open a dossier (立卷): its number is drawn in the same act."""
    dossier, headers = await act(DossierOut, app.dossiers.open(actor, data))
    return answer(dossier, status=201, location=f"/v1/dossiers/{dossier.id}", headers=headers)


@router.get(
    "/dossiers",
    response_model=Page[DossierOut],
    **describe.read("dossier.list", DOSSIER_LISTED, example=examples.page_of(examples.DOSSIER), also=(400,)),
)
async def list_dossiers(request: Request, app: App, actor: Caller, query: Annotated[DossierQuery, Query()]) -> Response:
    """List the dossiers that one sees."""
    page = page_request(request, actor, query)
    return listed(request, await app.dossiers.page(actor, query.filter(), query.sort, page))


@router.get(
    "/dossiers/{dossier_id}",
    response_model=DossierOut,
    **describe.read("dossier.read", DOSSIER_VIEWED, ACCESS_DENIED, example=examples.DOSSIER),
)
async def read_dossier(request: Request, app: App, actor: Caller, dossier_id: UUID) -> Response:
    """Read a dossier."""
    return shown(request, await app.dossiers.get(actor, dossier_id))


@router.patch(
    "/dossiers/{dossier_id}",
    response_model=DossierOut,
    **describe.change(
        "dossier.change", DOSSIER_CHANGED, ACCESS_DENIED, example=examples.DOSSIER, request=examples.DOSSIER_CHANGE
    ),
)
async def change_dossier(
    app: App, actor: Changer, dossier_id: UUID, data: DossierChange, if_match: IfMatch = None
) -> Response:
    """Change cover, level or lead lawyer; only the director lowers the level."""
    return answer(await app.dossier_changes.change(actor, dossier_id, data, if_match))


@router.post(
    "/dossiers/{dossier_id}/void",
    response_model=DossierOut,
    **describe.create(
        "dossier.void", DOSSIER_VOIDED, ACCESS_DENIED,
        example=examples.DOSSIER, request=examples.DOSSIER_VOID, success=200,
    ),
)  # fmt: skip
async def void_dossier(app: App, actor: Writer, dossier_id: UUID, data: DossierVoid) -> Response:
    """Make a dossier that was opened by mistake void; its number stays in the register with the reason."""
    dossier, headers = await act(DossierOut, app.dossier_changes.void(actor, dossier_id, data))
    return answer(dossier, headers=headers)


@router.get(
    "/dossiers/{dossier_id}/team",
    response_model=TeamOut,
    **describe.read("dossier.read", TEAM_VIEWED, ACCESS_DENIED, example=examples.TEAM),
)
async def read_team(request: Request, app: App, actor: Caller, dossier_id: UUID) -> Response:
    """Tell who works on a dossier."""
    return shown(request, await app.dossier_changes.team(actor, dossier_id))


@router.put(
    "/dossiers/{dossier_id}/team",
    response_model=TeamOut,
    **describe.change("dossier.change", TEAM_CHANGED, ACCESS_DENIED, example=examples.TEAM, request=examples.TEAM_NEW),
)
async def change_team(
    app: App, actor: Changer, dossier_id: UUID, data: TeamChange, if_match: IfMatch = None
) -> Response:
    """Set the team but for the lead lawyer; who is left out loses access at once."""
    return answer(await app.dossier_changes.change_team(actor, dossier_id, data, if_match))


@router.get(
    "/numbers",
    response_model=Page[NumberOut],
    **describe.read(
        "number.read", NUMBERS_LISTED, ACCESS_DENIED, example=examples.page_of(examples.NUMBER), also=(400,)
    ),
)
async def list_numbers(request: Request, app: App, actor: Caller, query: Annotated[NumberQuery, Query()]) -> Response:
    """Read the register of numbers (案号登记簿): issued ones, and void ones with their reason."""
    page = page_request(request, actor, query)
    return listed(request, await app.dossiers.numbers(actor, query.year, query.matter_type, page))
