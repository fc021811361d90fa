"""Engagements (委托), changes of the mandate, and what is unsigned or missing."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.access.events import ACCESS_DENIED
from app.api import describe
from app.api.answers import act, answer, listed, shown
from app.api.context import App, Caller, Changer, IfMatch, ListQuery, Writer, page_request
from app.api.examples import engagements as examples
from app.api.examples import page_of
from app.api.straight import StraightRoute
from app.core.pagination import Page
from app.engagements.completeness import EngagementGapsOut
from app.engagements.events import (
    ENGAGEMENT_CREATED,
    ENGAGEMENT_FILLED,
    ENGAGEMENT_LISTED,
    ENGAGEMENT_VIEWED,
    GAPS_LISTED,
    GAPS_VIEWED,
    MANDATE_CHANGE_VIEWED,
    MANDATE_CHANGED,
    MANDATE_CHANGES_LISTED,
)
from app.engagements.schemas import (
    EngagementCreate,
    EngagementOut,
    EngagementPatch,
    MandateChangeCreate,
    MandateChangeOut,
    MaskedEngagement,
)

router = APIRouter(prefix="/v1", tags=["engagements"], route_class=StraightRoute)


@router.post(
    "/dossiers/{dossier_id}/engagements",
    response_model=EngagementOut,
    **describe.create(
        "engagement.create", ENGAGEMENT_CREATED, ACCESS_DENIED,
        example=examples.ENGAGEMENT, request=examples.ENGAGEMENT_NEW,
    ),
)  # fmt: skip
async def create_engagement(app: App, actor: Writer, dossier_id: UUID, data: EngagementCreate) -> Response:
    """Record a contract, a power of attorney, an appointment or a retainer letter, be it still incomplete."""
    made, headers = await act(EngagementOut, app.engagements.create(actor, dossier_id, data))
    return answer(made, status=201, location=f"/v1/engagements/{made.id}", headers=headers)


@router.get(
    "/dossiers/{dossier_id}/engagements",
    response_model=Page[EngagementOut | MaskedEngagement],
    **describe.read(
        "engagement.read", ENGAGEMENT_LISTED, ACCESS_DENIED, example=page_of(examples.ENGAGEMENT), also=(400,)
    ),
)
async def list_engagements(
    request: Request, app: App, actor: Caller, dossier_id: UUID, query: Annotated[ListQuery, Query()]
) -> Response:
    """List the engagements of a dossier; one whose entry the caller does not see keeps its serial and nothing else."""
    return listed(request, await app.engagements.page(actor, dossier_id, page_request(request, actor, query)))


@router.get(
    "/dossiers/{dossier_id}/engagement-gaps",
    response_model=EngagementGapsOut,
    **describe.read("engagement.read", GAPS_VIEWED, ACCESS_DENIED, example=examples.ENGAGEMENT_GAPS),
)
async def read_engagement_gaps(request: Request, app: App, actor: Caller, dossier_id: UUID) -> Response:
    """Tell what the engagements of a dossier lack, by the rules in force; it stays listed until it is mended."""
    return shown(request, await app.engagement_gaps.get(actor, dossier_id))


# Before the path with an id, which would take this for one.
@router.get(
    "/engagements/gaps",
    response_model=Page[EngagementGapsOut],
    **describe.read("engagement.list_gaps", GAPS_LISTED, example=page_of(examples.ENGAGEMENT_GAPS), also=(400,)),
)
async def list_engagement_gaps(
    request: Request, app: App, actor: Caller, query: Annotated[ListQuery, Query()]
) -> Response:
    """List the open dossiers that one works on or decides on and whose engagements lack something, newest first.

    A page may be short although more follow: go on by `next` until it is null.
    """
    return listed(request, await app.engagement_gaps.page(actor, page_request(request, actor, query)))


@router.get(
    "/engagements/{engagement_id}",
    response_model=EngagementOut,
    **describe.read("engagement.read", ENGAGEMENT_VIEWED, ACCESS_DENIED, example=examples.ENGAGEMENT),
)
async def read_engagement(request: Request, app: App, actor: Caller, engagement_id: UUID) -> Response:
    """Read an engagement as it stands."""
    return shown(request, await app.engagements.get(actor, engagement_id))


@router.patch(
    "/engagements/{engagement_id}",
    response_model=EngagementOut,
    **describe.change(
        "engagement.change", ENGAGEMENT_FILLED, ACCESS_DENIED,
        example=examples.ENGAGEMENT, request=examples.ENGAGEMENT_CHANGE,
    ),
)  # fmt: skip
async def change_engagement(
    app: App, actor: Changer, engagement_id: UUID, data: EngagementPatch, if_match: IfMatch = None
) -> Response:
    """Change what is recorded; after the first signature only what is empty is filled in."""
    return answer(await app.engagements.change(actor, engagement_id, data, if_match))


@router.post(
    "/engagements/{engagement_id}/changes",
    response_model=MandateChangeOut,
    **describe.create(
        "engagement.change", MANDATE_CHANGED, ACCESS_DENIED,
        example=examples.MANDATE_CHANGE, request=examples.MANDATE_CHANGE_NEW, also=(412,),
    ),
)  # fmt: skip
async def change_mandate(
    app: App, actor: Writer, engagement_id: UUID, data: MandateChangeCreate, if_match: IfMatch = None
) -> Response:
    """Amend, extend, end or in part withdraw the mandate, or substitute attorneys; If-Match may name the engagement."""
    work = app.mandate_changes.make(actor, engagement_id, data, if_match)
    made, headers = await act(MandateChangeOut, work)
    return answer(made, status=201, location=f"/v1/engagements/{engagement_id}/changes/{made.id}", headers=headers)


@router.get(
    "/engagements/{engagement_id}/changes",
    response_model=Page[MandateChangeOut],
    **describe.read(
        "engagement.read", MANDATE_CHANGES_LISTED, ACCESS_DENIED, example=page_of(examples.MANDATE_CHANGE), also=(400,)
    ),
)
async def list_mandate_changes(
    request: Request, app: App, actor: Caller, engagement_id: UUID, query: Annotated[ListQuery, Query()]
) -> Response:
    """List what became of a mandate, in the order of recording."""
    return listed(request, await app.mandate_changes.page(actor, engagement_id, page_request(request, actor, query)))


@router.get(
    "/engagements/{engagement_id}/changes/{change_id}",
    response_model=MandateChangeOut,
    **describe.read("engagement.read", MANDATE_CHANGE_VIEWED, ACCESS_DENIED, example=examples.MANDATE_CHANGE),
)
async def read_mandate_change(
    request: Request, app: App, actor: Caller, engagement_id: UUID, change_id: UUID
) -> Response:
    """Read a change of a mandate."""
    return shown(request, await app.mandate_changes.get(actor, engagement_id, change_id))
