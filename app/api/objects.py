"""Off-volume objects (卷外实物) of a dossier and where they were kept."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.access.events import ACCESS_DENIED
from app.api import describe, examples
from app.api.answers import act, answer, listed, shown
from app.api.context import App, Caller, Changer, IfMatch, ListQuery, Writer, page_request
from app.api.examples.collection import MOVEMENT, MOVEMENT_NEW, OBJECT, OBJECT_CHANGE, OBJECT_NEW
from app.api.straight import StraightRoute
from app.collection.events import (
    MOVEMENTS_LISTED,
    OBJECT_CHANGED,
    OBJECT_CREATED,
    OBJECT_LISTED,
    OBJECT_MOVED,
    OBJECT_VIEWED,
)
from app.collection.objects import MovementCreate, MovementOut, ObjectChange, ObjectCreate, ObjectOut
from app.core.pagination import Page

router = APIRouter(prefix="/v1", tags=["collection"], route_class=StraightRoute)


class ObjectQuery(ListQuery):
    """Narrows the list of objects."""

    photo_missing: Annotated[bool, Field(description="Only those whose photo is not stored")] = False


@router.post(
    "/dossiers/{dossier_id}/off-volume-objects",
    response_model=ObjectOut,
    **describe.create("object.create", OBJECT_CREATED, ACCESS_DENIED, example=OBJECT, request=OBJECT_NEW),
)
async def create_object(app: App, actor: Writer, dossier_id: UUID, data: ObjectCreate) -> Response:
    """Register an object that cannot be bound, with its six fields; what is missing of them is listed."""
    made, headers = await act(ObjectOut, app.collection.objects.create(actor, dossier_id, data))
    return answer(made, status=201, location=f"/v1/off-volume-objects/{made.id}", headers=headers)


@router.get(
    "/dossiers/{dossier_id}/off-volume-objects",
    response_model=Page[ObjectOut],
    **describe.read("object.read", OBJECT_LISTED, ACCESS_DENIED, example=examples.page_of(OBJECT), also=(400,)),
)
async def list_objects(
    request: Request, app: App, actor: Caller, dossier_id: UUID, query: Annotated[ObjectQuery, Query()]
) -> Response:
    """List the objects that one sees, in the order of registering."""
    page = page_request(request, actor, query)
    found = await app.collection.objects.page(actor, dossier_id, photo_missing=query.photo_missing, page=page)
    return listed(request, found)


@router.get(
    "/off-volume-objects/{object_id}",
    response_model=ObjectOut,
    **describe.read("object.read", OBJECT_VIEWED, ACCESS_DENIED, example=OBJECT),
)
async def read_object(request: Request, app: App, actor: Caller, object_id: UUID) -> Response:
    """Read an object."""
    return shown(request, await app.collection.objects.get(actor, object_id))


@router.patch(
    "/off-volume-objects/{object_id}",
    response_model=ObjectOut,
    **describe.change("object.change", OBJECT_CHANGED, ACCESS_DENIED, example=OBJECT, request=OBJECT_CHANGE),
)
async def change_object(
    app: App, actor: Changer, object_id: UUID, data: ObjectChange, if_match: IfMatch = None
) -> Response:
    """Change what is recorded of an object, but for where it is kept: that changes by a movement."""
    return answer(await app.collection.objects.change(actor, object_id, data, if_match))


@router.post(
    "/off-volume-objects/{object_id}/movements",
    response_model=MovementOut,
    **describe.create("object.move", OBJECT_MOVED, ACCESS_DENIED, example=MOVEMENT, request=MOVEMENT_NEW),
)
async def move_object(app: App, actor: Writer, object_id: UUID, data: MovementCreate) -> Response:
    """Record where an object went, when and in whose hands; from the handing in of its dossier on for the archivist."""
    made, headers = await act(MovementOut, app.collection.objects.move(actor, object_id, data))
    location = f"/v1/off-volume-objects/{object_id}/movements"
    return answer(made, status=201, location=location, headers=headers)


@router.get(
    "/off-volume-objects/{object_id}/movements",
    response_model=Page[MovementOut],
    **describe.read("object.read", MOVEMENTS_LISTED, ACCESS_DENIED, example=examples.page_of(MOVEMENT), also=(400,)),
)
async def list_movements(
    request: Request, app: App, actor: Caller, object_id: UUID, query: Annotated[ListQuery, Query()]
) -> Response:
    """List where an object was kept, oldest first."""
    return listed(
        request, await app.collection.objects.movements(actor, object_id, page_request(request, actor, query))
    )
