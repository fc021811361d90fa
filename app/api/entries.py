"""Entries of a dossier and their review."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.access.events import ACCESS_DENIED
from app.api import describe, examples
from app.api.answers import act, answer, listed, shown
from app.api.context import App, Caller, Changer, IfMatch, ListQuery, Writer, page_request
from app.api.straight import StraightRoute
from app.core.pagination import Page
from app.entries.events import ENTRY_CHANGED, ENTRY_CREATED, ENTRY_LISTED, ENTRY_REVIEWED, ENTRY_VIEWED
from app.entries.schemas import Category, EntryChange, EntryCreate, EntryOut, ReviewCreate
from app.entries.service import EntryFilter

router = APIRouter(prefix="/v1", tags=["entries"], route_class=StraightRoute)


class EntryQuery(ListQuery):
    """Narrows the list of entries."""

    include: Annotated[Literal["excluded"] | None, Field(description="`excluded` lists what was kept out too")] = None
    category: Category | None = None


@router.post(
    "/dossiers/{dossier_id}/entries",
    response_model=EntryOut,
    **describe.create("entry.create", ENTRY_CREATED, ACCESS_DENIED, example=examples.ENTRY, request=examples.ENTRY_NEW),
)
async def create_entry(app: App, actor: Writer, dossier_id: UUID, data: EntryCreate) -> Response:
    """Register a piece of material (一事一收)."""
    entry, headers = await act(EntryOut, app.entries.create(actor, dossier_id, data))
    return answer(entry, status=201, location=f"/v1/entries/{entry.id}", headers=headers)


@router.get(
    "/dossiers/{dossier_id}/entries",
    response_model=Page[EntryOut],
    **describe.read("dossier.read", ENTRY_LISTED, ACCESS_DENIED, example=examples.page_of(examples.ENTRY), also=(400,)),
)
async def list_entries(
    request: Request, app: App, actor: Caller, dossier_id: UUID, query: Annotated[EntryQuery, Query()]
) -> Response:
    """List the entries that one sees, in the order of registering."""
    filter_ = EntryFilter(excluded=query.include == "excluded", category=query.category)
    page = page_request(request, actor, query)
    return listed(request, await app.entries.page(actor, dossier_id, filter_, page))


@router.get(
    "/entries/{entry_id}",
    response_model=EntryOut,
    **describe.read("entry.read", ENTRY_VIEWED, ACCESS_DENIED, example=examples.ENTRY),
)
async def read_entry(request: Request, app: App, actor: Caller, entry_id: UUID) -> Response:
    """Read an entry."""
    return shown(request, await app.entries.get(actor, entry_id))


@router.patch(
    "/entries/{entry_id}",
    response_model=EntryOut,
    **describe.change(
        "entry.change", ENTRY_CHANGED, ACCESS_DENIED, example=examples.ENTRY, request=examples.ENTRY_CHANGE
    ),
)
async def change_entry(
    app: App, actor: Changer, entry_id: UUID, data: EntryChange, if_match: IfMatch = None
) -> Response:
    """Change what is recorded of an entry."""
    return answer(await app.entries.change(actor, entry_id, data, if_match))


@router.post(
    "/entries/{entry_id}/review",
    response_model=EntryOut,
    **describe.create(
        "entry.review", ENTRY_REVIEWED, ACCESS_DENIED,
        example=examples.ENTRY, request=examples.REVIEW_NEW, success=200,
    ),
)  # fmt: skip
async def review_entry(app: App, actor: Writer, entry_id: UUID, data: ReviewCreate) -> Response:
    """Judge authenticity, relevance and legality; keep the entry, or keep it out with a reason."""
    entry, headers = await act(EntryOut, app.entries.review(actor, entry_id, data))
    return answer(entry, headers=headers)
