"""What follows from reviewing: the history of an entry's reviews, newer versions, likely duplicates."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.access.events import ACCESS_DENIED
from app.api import describe, examples
from app.api.answers import act, answer, listed
from app.api.context import App, Caller, ListQuery, Writer, page_request
from app.api.examples import reviews as shown_as
from app.api.straight import StraightRoute
from app.core.pagination import Page
from app.entries.duplicates import DismissalIn, DismissalOut, DuplicateOut
from app.entries.events import DUPLICATES_DISMISSED, DUPLICATES_LISTED, ENTRY_SUPERSEDED, REVIEWS_LISTED
from app.entries.schemas import EntryOut, ReviewRecord, SupersessionIn

router = APIRouter(prefix="/v1", tags=["entries"], route_class=StraightRoute)


@router.get(
    "/entries/{entry_id}/reviews",
    response_model=Page[ReviewRecord],
    **describe.read(
        "entry.read", REVIEWS_LISTED, ACCESS_DENIED, example=examples.page_of(shown_as.REVIEW), also=(400,)
    ),
)
async def list_reviews(
    request: Request, app: App, actor: Caller, entry_id: UUID, query: Annotated[ListQuery, Query()]
) -> Response:
    """List how an entry was judged over time, oldest first."""
    return listed(request, await app.reviewing.reviews.page(actor, entry_id, page_request(request, actor, query)))


@router.post(
    "/entries/{entry_id}/supersession",
    response_model=EntryOut,
    **describe.create(
        "entry.review", ENTRY_SUPERSEDED, ACCESS_DENIED,
        example=examples.ENTRY, request=shown_as.SUPERSESSION_NEW, success=200,
    ),
)  # fmt: skip
async def supersede_entry(app: App, actor: Writer, entry_id: UUID, data: SupersessionIn) -> Response:
    """Keep an entry out because a newer version of it is kept; a later review that keeps it ends the link."""
    entry, headers = await act(EntryOut, app.reviewing.reviews.supersede(actor, entry_id, data))
    return answer(entry, headers=headers)


@router.get(
    "/dossiers/{dossier_id}/duplicates",
    response_model=Page[DuplicateOut],
    **describe.read(
        "dossier.read", DUPLICATES_LISTED, ACCESS_DENIED, example=examples.page_of(shown_as.DUPLICATE), also=(400,)
    ),
)
async def list_duplicates(
    request: Request, app: App, actor: Caller, dossier_id: UUID, query: Annotated[ListQuery, Query()]
) -> Response:
    """List pairs of kept entries that look alike (same file, or similar title and near date); a person decides."""
    return listed(request, await app.reviewing.duplicates.page(actor, dossier_id, page_request(request, actor, query)))


@router.post(
    "/dossiers/{dossier_id}/duplicates/dismissal",
    response_model=DismissalOut,
    **describe.create(
        "entry.review", DUPLICATES_DISMISSED, ACCESS_DENIED,
        example=shown_as.DISMISSAL, request=shown_as.DISMISSAL_NEW, success=200,
    ),
)  # fmt: skip
async def dismiss_duplicates(app: App, actor: Writer, dossier_id: UUID, data: DismissalIn) -> Response:
    """Judge that entries are no duplicates of each other: no two of them are proposed again."""
    dismissal, headers = await act(DismissalOut, app.reviewing.duplicates.dismiss(actor, dossier_id, data))
    return answer(dismissal, headers=headers)
