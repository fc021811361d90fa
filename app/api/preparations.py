"""Physical preparation of entries (装订前整理): noted, and read."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.access.events import ACCESS_DENIED
from app.api import describe, examples
from app.api.answers import act, answer, listed, shown
from app.api.context import App, Caller, ListQuery, Writer, page_request
from app.api.examples import reviews as shown_as
from app.api.straight import StraightRoute
from app.core.pagination import Page
from app.entries.events import ENTRY_PREPARED, PREPARATION_VIEWED, PREPARATIONS_LISTED
from app.entries.preparation import PreparationIn, PreparationOut

router = APIRouter(prefix="/v1/entries/{entry_id}/preparations", tags=["entries"], route_class=StraightRoute)


@router.post(
    "",
    response_model=PreparationOut,
    **describe.create(
        "entry.prepare", ENTRY_PREPARED, ACCESS_DENIED,
        example=shown_as.PREPARATION, request=shown_as.PREPARATION_NEW,
    ),
)  # fmt: skip
async def note_preparation(app: App, actor: Writer, entry_id: UUID, data: PreparationIn) -> Response:
    """Note what was done to the paper of an entry: metal removed, repaired, folded …; never changed afterwards."""
    made, headers = await act(PreparationOut, app.reviewing.preparations.note(actor, entry_id, data))
    return answer(made, status=201, location=f"/v1/entries/{entry_id}/preparations/{made.id}", headers=headers)


@router.get(
    "",
    response_model=Page[PreparationOut],
    **describe.read(
        "entry.read", PREPARATIONS_LISTED, ACCESS_DENIED, example=examples.page_of(shown_as.PREPARATION), also=(400,)
    ),
)
async def list_preparations(
    request: Request, app: App, actor: Caller, entry_id: UUID, query: Annotated[ListQuery, Query()]
) -> Response:
    """List what was done to the paper of an entry, oldest first."""
    return listed(request, await app.reviewing.preparations.page(actor, entry_id, page_request(request, actor, query)))


@router.get(
    "/{preparation_id}",
    response_model=PreparationOut,
    **describe.read("entry.read", PREPARATION_VIEWED, ACCESS_DENIED, example=shown_as.PREPARATION),
)
async def read_preparation(request: Request, app: App, actor: Caller, entry_id: UUID, preparation_id: UUID) -> Response:
    """Read one note of preparation."""
    return shown(request, await app.reviewing.preparations.get(actor, entry_id, preparation_id))
