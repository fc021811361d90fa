"""Walls around clients and dossiers."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.access.events import ACCESS_DENIED, WALL_CHANGED, WALL_CREATED, WALL_LISTED, WALL_REQUESTED, WALL_VIEWED
from app.access.schemas import WallChange, WallCreate, WallOut, WallState
from app.api import describe, examples
from app.api.answers import act, answer, listed, shown
from app.api.context import App, Caller, Changer, IfMatch, ListQuery, Writer, page_request
from app.api.straight import StraightRoute
from app.core.pagination import Page

router = APIRouter(prefix="/v1/walls", tags=["access"], route_class=StraightRoute)


class WallQuery(ListQuery):
    """Narrows the list of walls."""

    state: WallState | None = None


@router.post(
    "",
    response_model=WallOut,
    **describe.create(
        "wall.create", WALL_CREATED, WALL_REQUESTED, ACCESS_DENIED, example=examples.WALL, request=examples.WALL_NEW
    ),
)
async def create_wall(app: App, actor: Writer, data: WallCreate) -> Response:
    """Put up a wall; one that the director asks for waits until the security administrator puts it into force."""
    wall, headers = await act(WallOut, app.walls.create(actor, data))
    return answer(wall, status=201, location=f"/v1/walls/{wall.id}", headers=headers)


@router.get(
    "",
    response_model=Page[WallOut],
    **describe.read("wall.read", WALL_LISTED, ACCESS_DENIED, example=examples.page_of(examples.WALL), also=(400,)),
)
async def list_walls(request: Request, app: App, actor: Caller, query: Annotated[WallQuery, Query()]) -> Response:
    """List walls; a director does not see those about him."""
    return listed(request, await app.walls.page(actor, query.state, page_request(request, actor, query)))


@router.get(
    "/{wall_id}",
    response_model=WallOut,
    **describe.read("wall.read", WALL_VIEWED, ACCESS_DENIED, example=examples.WALL),
)
async def read_wall(request: Request, app: App, actor: Caller, wall_id: UUID) -> Response:
    """Read a wall."""
    return shown(request, await app.walls.get(actor, wall_id))


@router.patch(
    "/{wall_id}",
    response_model=WallOut,
    **describe.change("wall.change", WALL_CHANGED, ACCESS_DENIED, example=examples.WALL, request=examples.WALL_CHANGE),
)
async def change_wall(app: App, actor: Changer, wall_id: UUID, data: WallChange, if_match: IfMatch = None) -> Response:
    """Change a wall, put a requested one into force (`active`), or lift it (`lifted`)."""
    return answer(await app.walls.change(actor, wall_id, data, if_match))
