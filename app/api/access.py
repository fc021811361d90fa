"""Who may see a dossier and who did; clearances of roles; what programs may see."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.access.events import ACCESS_DENIED, ACCESS_REPORTED, READERS_REPORTED
from app.api import describe, examples
from app.api.answers import act, answer, secret, shown
from app.api.context import App, Caller, Changer, IfMatch, Writer
from app.api.straight import StraightRoute
from app.auth.events import (
    CLEARANCES_CHANGED,
    CLEARANCES_VIEWED,
    INTEGRATION_CHANGED,
    INTEGRATION_VIEWED,
    SECRET_RENEWED,
)
from app.auth.schemas import ClearancesIn, ClearancesOut, IntegrationIn, IntegrationOut, SecretOut, SecretRenewal
from app.reports.access_report import AccessReportOut, ReadersOut

router = APIRouter(prefix="/v1", tags=["access"], route_class=StraightRoute)


class MomentQuery(BaseModel):
    """A moment of the past."""

    model_config = ConfigDict(extra="forbid")

    at: Annotated[AwareDatetime | None, Field(description="A past moment; now when left out")] = None


class PeriodQuery(BaseModel):
    """A time of the past."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[AwareDatetime | None, Field(alias="from", description="Inclusive; since it was opened")] = None
    until: Annotated[AwareDatetime | None, Field(alias="to", description="Exclusive; until now")] = None


@router.get(
    "/dossiers/{dossier_id}/access",
    response_model=AccessReportOut,
    **describe.read("access.report", ACCESS_REPORTED, ACCESS_DENIED, example=examples.ACCESS_REPORT),
)
async def report_access(
    request: Request, app: App, actor: Caller, dossier_id: UUID, query: Annotated[MomentQuery, Query()]
) -> Response:
    """Tell who may, or at a past moment might have, see a dossier, and the rule that lets them."""
    return shown(request, await app.access_report.access(actor, dossier_id, query.at))


@router.get(
    "/dossiers/{dossier_id}/readers",
    response_model=ReadersOut,
    **describe.read("access.report", READERS_REPORTED, ACCESS_DENIED, example=examples.READERS),
)
async def report_readers(
    request: Request, app: App, actor: Caller, dossier_id: UUID, query: Annotated[PeriodQuery, Query()]
) -> Response:
    """Tell who saw a dossier, in itself or in a list, and how often."""
    return shown(request, await app.access_report.readers(actor, dossier_id, query.since, query.until))


@router.get(
    "/clearances",
    response_model=ClearancesOut,
    **describe.read("clearance.read", CLEARANCES_VIEWED, ACCESS_DENIED, example=examples.CLEARANCES),
)
async def read_clearances(request: Request, app: App, actor: Caller) -> Response:
    """Read the highest level that each role opens."""
    return shown(request, await app.clearances.get(actor))


@router.put(
    "/clearances",
    response_model=ClearancesOut,
    **describe.change(
        "clearance.change", CLEARANCES_CHANGED, ACCESS_DENIED,
        example=examples.CLEARANCES, request=examples.CLEARANCES_NEW,
    ),
)  # fmt: skip
async def change_clearances(app: App, actor: Changer, data: ClearancesIn, if_match: IfMatch = None) -> Response:
    """Set the highest level that roles open; roles left out stay."""
    return answer(await app.clearances.change(actor, data, if_match))


@router.get(
    "/service-accounts/{user_id}",
    response_model=IntegrationOut,
    **describe.read("integration.read", INTEGRATION_VIEWED, ACCESS_DENIED, example=examples.INTEGRATION),
)
async def read_integration(request: Request, app: App, actor: Caller, user_id: UUID) -> Response:
    """Read what a program may see and do."""
    return shown(request, await app.integrations.get(actor, user_id))


@router.put(
    "/service-accounts/{user_id}",
    response_model=IntegrationOut,
    **describe.change(
        "integration.change", INTEGRATION_CHANGED, ACCESS_DENIED,
        example=examples.INTEGRATION, request=examples.INTEGRATION_NEW,
    ),
)  # fmt: skip
async def change_integration(
    app: App, actor: Changer, user_id: UUID, data: IntegrationIn, if_match: IfMatch = None
) -> Response:
    """Set what a program may see and whether it acts for people."""
    return answer(await app.integrations.change(actor, user_id, data, if_match))


@router.post(
    "/service-accounts/{user_id}/secret",
    response_model=SecretOut,
    **describe.create(
        "service_account.create", SECRET_RENEWED, ACCESS_DENIED,
        example=examples.SECRET, request=examples.SECRET_NEW, success=200,
    ),
)  # fmt: skip
async def renew_secret(app: App, actor: Writer, user_id: UUID, data: SecretRenewal) -> Response:
    """Give a program a new secret; the old one and all its tokens end at once."""
    renewed, headers = await act(SecretOut, app.integrations.renew_secret(actor, user_id, data))
    return secret(renewed, headers=headers)
