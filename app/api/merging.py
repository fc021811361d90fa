"""Records that may be of one client, and merging them. Before the routes of single clients, whose ids come there."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.access.events import ACCESS_DENIED, WALL_CHANGED
from app.api import describe, examples
from app.api.answers import act, answer, listed
from app.api.context import App, Caller, ListQuery, Writer, page_request
from app.api.examples import intake as own
from app.api.straight import StraightRoute
from app.clients.events import CLIENT_MERGED, DUPLICATES_LISTED, INTAKE_CHANGED
from app.clients.merging import ClientMerge, DuplicateOut
from app.clients.schemas import ClientOut
from app.core.pagination import Page
from app.dossiers.events import DOSSIER_CLIENT_MERGED

router = APIRouter(prefix="/v1/clients", tags=["clients"], route_class=StraightRoute)


@router.get(
    "/duplicates",
    response_model=Page[DuplicateOut],
    **describe.read(
        "client.merge", DUPLICATES_LISTED, ACCESS_DENIED, example=examples.page_of(own.DUPLICATE), also=(400,)
    ),
)
async def list_duplicate_clients(
    request: Request, app: App, actor: Caller, query: Annotated[ListQuery, Query()]
) -> Response:
    """List pairs of clients with the same identifier, as far as one sees both."""
    return listed(request, await app.merging.duplicates(actor, page_request(request, actor, query)))


@router.post(
    "/{client_id}/merge",
    response_model=ClientOut,
    **describe.create(
        "client.merge", CLIENT_MERGED, DOSSIER_CLIENT_MERGED, INTAKE_CHANGED, WALL_CHANGED, ACCESS_DENIED,
        example=examples.CLIENT, request=own.MERGE_NEW, success=200,
    ),
)  # fmt: skip
async def merge_client(app: App, actor: Writer, client_id: UUID, data: ClientMerge) -> Response:
    """Merge a record of a client into another that one sees too; all that stands with it moves there."""
    client, headers = await act(ClientOut, app.merging.merge(actor, client_id, data))
    return answer(client, headers=headers)
