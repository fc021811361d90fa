"""Clients and the originals that were verified of them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.access.events import ACCESS_DENIED
from app.api import describe, examples
from app.api.answers import act, answer, listed, shown
from app.api.context import App, Caller, Changer, IfMatch, ListQuery, Writer, page_request
from app.api.straight import StraightRoute
from app.api.transfer import BINARY, incoming_of, send
from app.clients.events import (
    CLIENT_CHANGED,
    CLIENT_CREATED,
    CLIENT_DUPLICATE_SUSPECTED,
    CLIENT_LISTED,
    CLIENT_VERIFIED,
    CLIENT_VIEWED,
    VERIFICATION_COPY_ADDED,
    VERIFICATION_COPY_READ,
    VERIFICATION_COPY_REJECTED,
    VERIFICATION_LISTED,
)
from app.clients.schemas import ClientChange, ClientCreate, ClientOut, VerificationCreate, VerificationOut
from app.core.pagination import Page
from app.core.text import Name

router = APIRouter(prefix="/v1/clients", tags=["clients"], route_class=StraightRoute)


class ClientQuery(ListQuery):
    """Narrows the list of clients."""

    q: Annotated[Name | None, Field(description="Part of the name or of a former name")] = None
    merged: Annotated[bool, Field(description="Records that were merged into others, too")] = False


@router.post(
    "",
    response_model=ClientOut,
    **describe.create(
        "client.create", CLIENT_CREATED, CLIENT_DUPLICATE_SUSPECTED, ACCESS_DENIED,
        example=examples.CLIENT, request=examples.CLIENT_NEW,
    ),
)  # fmt: skip
async def create_client(app: App, actor: Writer, data: ClientCreate) -> Response:
    """Create a client; USCC and resident id are checked by their check digits."""
    client, headers = await act(ClientOut, app.clients.create(actor, data))
    return answer(client, status=201, location=f"/v1/clients/{client.id}", headers=headers)


@router.get(
    "",
    response_model=Page[ClientOut],
    **describe.read(
        "client.read", CLIENT_LISTED, ACCESS_DENIED, example=examples.page_of(examples.CLIENT), also=(400,)
    ),
)
async def list_clients(request: Request, app: App, actor: Caller, query: Annotated[ClientQuery, Query()]) -> Response:
    """List the clients that one may know of, by name."""
    page = page_request(request, actor, query)
    return listed(request, await app.clients.page(actor, query.q, page, merged=query.merged))


@router.get(
    "/{client_id}",
    response_model=ClientOut,
    **describe.read("client.read", CLIENT_VIEWED, ACCESS_DENIED, example=examples.CLIENT),
)
async def read_client(request: Request, app: App, actor: Caller, client_id: UUID) -> Response:
    """Read a client; identifiers and contacts are masked for those who do not work for him."""
    return shown(request, await app.clients.get(actor, client_id))


@router.patch(
    "/{client_id}",
    response_model=ClientOut,
    **describe.change(
        "client.change", CLIENT_CHANGED, CLIENT_DUPLICATE_SUSPECTED, ACCESS_DENIED,
        example=examples.CLIENT, request={"remarks": "续聘客户"},
    ),
)  # fmt: skip
async def change_client(
    app: App, actor: Changer, client_id: UUID, data: ClientChange, if_match: IfMatch = None
) -> Response:
    """Change a client."""
    return answer(await app.clients.change(actor, client_id, data, if_match))


@router.post(
    "/{client_id}/verifications",
    response_model=VerificationOut,
    **describe.create(
        "client.verify", CLIENT_VERIFIED, ACCESS_DENIED,
        example=examples.VERIFICATION, request=examples.VERIFICATION_NEW,
    ),
)  # fmt: skip
async def record_verification(app: App, actor: Writer, client_id: UUID, data: VerificationCreate) -> Response:
    """Record that the caller checked an original of the client (核对原件)."""
    made, headers = await act(VerificationOut, app.verifications.record(actor, client_id, data))
    return answer(made, status=201, location=f"/v1/clients/{client_id}/verifications", headers=headers)


@router.get(
    "/{client_id}/verifications",
    response_model=Page[VerificationOut],
    **describe.read("client.read", VERIFICATION_LISTED, ACCESS_DENIED, example=examples.page_of(examples.VERIFICATION)),
)
async def list_verifications(request: Request, app: App, actor: Caller, client_id: UUID) -> Response:
    """List who checked which originals of the client."""
    return listed(request, Page[VerificationOut](items=await app.verifications.all_of(actor, client_id)))


@router.put(
    "/{client_id}/verifications/{verification_id}/copy",
    response_model=VerificationOut,
    **describe.upload(
        "client.verify", VERIFICATION_COPY_ADDED, VERIFICATION_COPY_REJECTED, ACCESS_DENIED,
        example=examples.VERIFICATION, success=200,
    ),
)  # fmt: skip
async def add_verification_copy(
    request: Request, app: App, actor: Caller, client_id: UUID, verification_id: UUID
) -> Response:
    """Store the scan of a verified original: the raw bytes as body, once; it is never replaced."""
    incoming = incoming_of(request)
    return answer(await app.verifications.add_copy(actor, client_id, verification_id, incoming))


@router.get(
    "/{client_id}/verifications/{verification_id}/copy",
    response_class=Response,
    **describe.download("client.read", VERIFICATION_COPY_READ, ACCESS_DENIED, content=BINARY, also=(409,)),
)
async def read_verification_copy(app: App, actor: Caller, client_id: UUID, verification_id: UUID) -> Response:
    """Read the scan of a verified original; for those who see the client's identifiers whole."""
    delivery = await app.verifications.read_copy(actor, client_id, verification_id)
    copy = delivery.copy
    return await send(
        delivery.chunks, name=copy.original_name, media_type=copy.media_type, size=copy.size, sha256=copy.sha256,
        warning=delivery.warning,
    )  # fmt: skip
