"""Grants and requests for access."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.access.events import (
    ACCESS_DECIDED,
    ACCESS_DENIED,
    ACCESS_REQUEST_LISTED,
    ACCESS_REQUEST_VIEWED,
    ACCESS_REQUESTED,
    GRANT_APPROVED,
    GRANT_GIVEN,
    GRANT_LISTED,
    GRANT_REFUSED,
    GRANT_REVOKED,
    GRANT_VIEWED,
)
from app.access.schemas import AccessRequestCreate, AccessRequestOut, Decision, GrantCreate, GrantOut
from app.api import describe, examples
from app.api.answers import act, answer, listed, shown
from app.api.context import App, Caller, IfMatch, ListQuery, Writer, page_request
from app.api.straight import StraightRoute
from app.core.pagination import Page

router = APIRouter(prefix="/v1", tags=["access"], route_class=StraightRoute)


class AccessRequestQuery(ListQuery):
    """Narrows the list of requests for access."""

    dossier_id: UUID | None = None
    state: Literal["pending", "approved", "refused"] | None = None


@router.post(
    "/dossiers/{dossier_id}/grants",
    response_model=GrantOut,
    **describe.create("grant.give", GRANT_GIVEN, ACCESS_DENIED, example=examples.GRANT, request=examples.GRANT_NEW),
)
async def give_grant(app: App, actor: Writer, dossier_id: UUID, data: GrantCreate) -> Response:
    """Grant one person access for a time; on a sealed dossier it opens nothing until a second person approves."""
    grant, headers = await act(GrantOut, app.grants.give(actor, dossier_id, data))
    return answer(grant, status=201, location=f"/v1/grants/{grant.id}", headers=headers)


@router.get(
    "/dossiers/{dossier_id}/grants",
    response_model=Page[GrantOut],
    **describe.read("grant.read", GRANT_LISTED, ACCESS_DENIED, example=examples.page_of(examples.GRANT), also=(400,)),
)
async def list_grants(
    request: Request, app: App, actor: Caller, dossier_id: UUID, query: Annotated[ListQuery, Query()]
) -> Response:
    """List the grants of a dossier: all for those who decide on it, else one's own."""
    return listed(request, await app.grants.page(actor, dossier_id, page_request(request, actor, query)))


@router.get(
    "/grants/{grant_id}",
    response_model=GrantOut,
    **describe.read("grant.read", GRANT_VIEWED, ACCESS_DENIED, example=examples.GRANT),
)
async def read_grant(request: Request, app: App, actor: Caller, grant_id: UUID) -> Response:
    """Read a grant."""
    return shown(request, await app.grants.get(actor, grant_id))


@router.delete("/grants/{grant_id}", **describe.remove("grant.revoke", GRANT_REVOKED, ACCESS_DENIED))
async def revoke_grant(app: App, actor: Caller, grant_id: UUID, if_match: IfMatch = None) -> Response:
    """Revoke a grant; it bites on the next request."""
    await app.grants.revoke(actor, grant_id, if_match)
    return Response(status_code=204)


@router.post(
    "/grants/{grant_id}/decision",
    response_model=GrantOut,
    **describe.create(
        "grant.decide", GRANT_APPROVED, GRANT_REFUSED, ACCESS_DENIED,
        example=examples.GRANT, request=examples.DECISION, success=200,
    ),
)  # fmt: skip
async def decide_grant(app: App, actor: Writer, grant_id: UUID, data: Decision) -> Response:
    """Approve or refuse, as the second person, a grant for a sealed dossier."""
    grant, headers = await act(GrantOut, app.grants.decide(actor, grant_id, data))
    return answer(grant, headers=headers)


@router.post(
    "/dossiers/{dossier_id}/access-requests",
    response_model=AccessRequestOut,
    **describe.create(
        "access.request", ACCESS_REQUESTED, ACCESS_DENIED,
        example=examples.ACCESS_REQUEST, request=examples.ACCESS_REQUEST_NEW,
    ),
)  # fmt: skip
async def request_access(app: App, actor: Writer, dossier_id: UUID, data: AccessRequestCreate) -> Response:
    """Ask for access to a dossier that one knows of."""
    asked, headers = await act(AccessRequestOut, app.access_requests.make(actor, dossier_id, data))
    return answer(asked, status=201, location=f"/v1/access-requests/{asked.id}", headers=headers)


@router.get(
    "/access-requests",
    response_model=Page[AccessRequestOut],
    **describe.read(
        "access.read_request", ACCESS_REQUEST_LISTED, ACCESS_DENIED,
        example=examples.page_of(examples.ACCESS_REQUEST), also=(400,),
    ),
)  # fmt: skip
async def list_access_requests(
    request: Request, app: App, actor: Caller, query: Annotated[AccessRequestQuery, Query()]
) -> Response:
    """List one's own requests and those that one decides on."""
    page = page_request(request, actor, query)
    return listed(request, await app.access_requests.page(actor, query.dossier_id, query.state, page))


@router.get(
    "/access-requests/{request_id}",
    response_model=AccessRequestOut,
    **describe.read("access.read_request", ACCESS_REQUEST_VIEWED, ACCESS_DENIED, example=examples.ACCESS_REQUEST),
)
async def read_access_request(request: Request, app: App, actor: Caller, request_id: UUID) -> Response:
    """Read a request for access."""
    return shown(request, await app.access_requests.get(actor, request_id))


@router.post(
    "/access-requests/{request_id}/decision",
    response_model=AccessRequestOut,
    **describe.create(
        "access.decide", ACCESS_DECIDED, GRANT_GIVEN, ACCESS_DENIED,
        example=examples.ACCESS_REQUEST, request=examples.DECISION, success=200,
    ),
)  # fmt: skip
async def decide_access_request(app: App, actor: Writer, request_id: UUID, data: Decision) -> Response:
    """Approve a request, which gives a grant, or refuse it."""
    decided, headers = await act(AccessRequestOut, app.access_requests.decide(actor, request_id, data))
    return answer(decided, headers=headers)
