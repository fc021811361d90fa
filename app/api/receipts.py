"""Receipts (材料收据、送达清单、退还清单) of a dossier, as JSON and as paper, and where originals are."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.access.events import ACCESS_DENIED
from app.api import describe, examples
from app.api.answers import act, answer, chosen_form, listed, shown
from app.api.context import App, Caller, ListQuery, Writer, page_request
from app.api.disposition import content_disposition
from app.api.examples.collection import (
    CANCELLATION,
    CANCELLED,
    ENTRY_RECEIPTS,
    RECEIPT,
    RECEIPT_NEW,
    SIGNATURE,
    SIGNED,
)
from app.api.straight import StraightRoute
from app.collection.events import (
    ORIGINAL_MOVED,
    ORIGINAL_TRACED,
    RECEIPT_CANCELLED,
    RECEIPT_CREATED,
    RECEIPT_LISTED,
    RECEIPT_SIGNED,
    RECEIPT_VIEWED,
)
from app.collection.places import Direction
from app.collection.schemas import Cancellation, EntryReceiptsOut, ReceiptCreate, ReceiptOut, Signature
from app.core.pagination import Page
from app.entries.events import ENTRY_CREATED

router = APIRouter(prefix="/v1", tags=["collection"], route_class=StraightRoute)

Form = Literal["json", "pdf"]
MEDIA_TYPES: dict[Form, str] = {"json": "application/json", "pdf": "application/pdf"}
FormQuery = Annotated[Form | None, Query(alias="format", description="Goes before the Accept header")]


class ReceiptQuery(ListQuery):
    """Narrows the list of receipts."""

    direction: Annotated[Direction | None, Field(description="Only what went this way")] = None


def _described() -> dict[str, Any]:
    described = describe.read("receipt.read", RECEIPT_VIEWED, ACCESS_DENIED, example=RECEIPT, also=(406,))
    described["responses"][200]["content"][MEDIA_TYPES["pdf"]] = {"schema": {"type": "string", "format": "binary"}}
    return described


@router.post(
    "/dossiers/{dossier_id}/receipts",
    response_model=ReceiptOut,
    **describe.create(
        "receipt.create", RECEIPT_CREATED, ENTRY_CREATED, ORIGINAL_MOVED, ACCESS_DENIED,
        example=RECEIPT, request=RECEIPT_NEW,
    ),
)  # fmt: skip
async def create_receipt(app: App, actor: Writer, dossier_id: UUID, data: ReceiptCreate) -> Response:
    """Make out a receipt for what was received, handed over or returned; new material is registered in the same act.

    An original that is handed over leaves a copy; originals are returned against signature; what is not here can't
    leave.
    """
    receipt, headers = await act(ReceiptOut, app.collection.receipts.create(actor, dossier_id, data))
    return answer(receipt, status=201, location=f"/v1/receipts/{receipt.id}", headers=headers)


@router.get(
    "/dossiers/{dossier_id}/receipts",
    response_model=Page[ReceiptOut],
    **describe.read("receipt.read", RECEIPT_LISTED, ACCESS_DENIED, example=examples.page_of(RECEIPT), also=(400,)),
)
async def list_receipts(
    request: Request, app: App, actor: Caller, dossier_id: UUID, query: Annotated[ReceiptQuery, Query()]
) -> Response:
    """List the receipts of a dossier in their order; lines of entries that one does not see are masked."""
    page = page_request(request, actor, query)
    return listed(request, await app.collection.receipts.page(actor, dossier_id, query.direction, page))


@router.get("/receipts/{receipt_id}", response_model=ReceiptOut, **_described())
async def read_receipt(
    request: Request, app: App, actor: Caller, receipt_id: UUID, format_: FormQuery = None
) -> Response:
    """Give a receipt, as JSON or as the paper that both sides sign (PDF)."""
    form = chosen_form(format_, request.headers.get("accept"), MEDIA_TYPES)
    if form == "json":
        return shown(request, await app.collection.receipts.get(actor, receipt_id))
    printed = await app.collection.papers.receipt(actor, receipt_id)
    headers = {"Content-Disposition": content_disposition(printed.name), "Cache-Control": "private, no-store"}
    return Response(printed.content, 200, {**headers, "Vary": "Accept"}, media_type=MEDIA_TYPES[form])


@router.post(
    "/receipts/{receipt_id}/cancellation",
    response_model=ReceiptOut,
    **describe.create(
        "receipt.cancel", RECEIPT_CANCELLED, ORIGINAL_MOVED, ACCESS_DENIED,
        example=CANCELLED, request=CANCELLATION, success=200,
    ),
)  # fmt: skip
async def cancel_receipt(app: App, actor: Writer, receipt_id: UUID, data: Cancellation) -> Response:
    """Cancel a wrong receipt with a reason; it stays, and its originals are again where they were before."""
    receipt, headers = await act(ReceiptOut, app.collection.receipts.cancel(actor, receipt_id, data))
    return answer(receipt, headers=headers)


@router.post(
    "/receipts/{receipt_id}/signature",
    response_model=ReceiptOut,
    **describe.create("receipt.sign", RECEIPT_SIGNED, ACCESS_DENIED, example=SIGNED, request=SIGNATURE, success=200),
)
async def sign_receipt(app: App, actor: Writer, receipt_id: UUID, data: Signature) -> Response:
    """Record, once, who signed the printed receipt and when, and the entry of the signed paper."""
    receipt, headers = await act(ReceiptOut, app.collection.receipts.sign(actor, receipt_id, data))
    return answer(receipt, headers=headers)


@router.get(
    "/entries/{entry_id}/receipts",
    response_model=EntryReceiptsOut,
    **describe.read("receipt.read", ORIGINAL_TRACED, ACCESS_DENIED, example=ENTRY_RECEIPTS),
)
async def list_receipts_of_entry(request: Request, app: App, actor: Caller, entry_id: UUID) -> Response:
    """Give the receipts that name an entry, and where its original is by them."""
    return shown(request, await app.collection.receipts.of_entry(actor, entry_id))
