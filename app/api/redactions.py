"""Erasing personal data in events: asked for by one, decided by another."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.access.events import ACCESS_DENIED
from app.access.schemas import Decision
from app.api import describe
from app.api.answers import act, answer, listed, shown
from app.api.context import App, Caller, ListQuery, Writer, page_request
from app.api.examples import DECISION, page_of
from app.api.examples.redaction import REDACTION, REDACTION_EVENT, REDACTION_NEW
from app.api.straight import StraightRoute
from app.core.pagination import Page
from app.redaction.events import (
    REDACTION_DECIDED,
    REDACTION_REQUESTED,
    REDACTION_VIEWED,
)
from app.redaction.schemas import RedactionCreate, RedactionEventOut, RedactionOut, RedactionState
from app.reports.events import REDACTION_EVENTS_LISTED, REDACTIONS_LISTED

router = APIRouter(prefix="/v1/event-redactions", tags=["events"], route_class=StraightRoute)


class RedactionQuery(ListQuery):
    """Narrows the list of requests to erase."""

    state: RedactionState | None = None


@router.post(
    "",
    response_model=RedactionOut,
    **describe.create("event.redact", REDACTION_REQUESTED, ACCESS_DENIED, example=REDACTION, request=REDACTION_NEW),
)
async def request_redaction(app: App, actor: Writer, data: RedactionCreate) -> Response:
    """Ask for fields of sealed events to be erased; nothing is, until an auditor who did not ask approves."""
    asked, headers = await act(RedactionOut, app.redaction.requests.ask(actor, data))
    return answer(asked, status=201, location=f"/v1/event-redactions/{asked.id}", headers=headers)


@router.get(
    "",
    response_model=Page[RedactionOut],
    **describe.read(
        "event.read_redaction", REDACTIONS_LISTED, ACCESS_DENIED, example=page_of(REDACTION), also=(400,)
    ),
)  # fmt: skip
async def list_redactions(
    request: Request, app: App, actor: Caller, query: Annotated[RedactionQuery, Query()]
) -> Response:
    """List requests to erase, newest first."""
    page = page_request(request, actor, query)
    return listed(request, await app.redaction.requests.page(actor, query.state, page))


@router.get(
    "/{redaction_id}",
    response_model=RedactionOut,
    **describe.read("event.read_redaction", REDACTION_VIEWED, ACCESS_DENIED, example=REDACTION),
)
async def read_redaction(request: Request, app: App, actor: Caller, redaction_id: UUID) -> Response:
    """Read a request to erase."""
    return shown(request, await app.redaction.requests.get(actor, redaction_id))


@router.get(
    "/{redaction_id}/events",
    response_model=Page[RedactionEventOut],
    **describe.read(
        "event.read_redaction", REDACTION_EVENTS_LISTED, ACCESS_DENIED, example=page_of(REDACTION_EVENT), also=(400,)
    ),
)
async def list_redaction_events(
    request: Request, app: App, actor: Caller, redaction_id: UUID, query: Annotated[ListQuery, Query()]
) -> Response:
    """List the events of a request, what of each is erased, and since when."""
    return listed(
        request, await app.redaction.requests.events(actor, redaction_id, page_request(request, actor, query))
    )


@router.post(
    "/{redaction_id}/decision",
    response_model=RedactionOut,
    **describe.create(
        "event.decide_redaction", REDACTION_DECIDED, ACCESS_DENIED,
        example=REDACTION, request=DECISION, success=200,
    ),
)  # fmt: skip
async def decide_redaction(app: App, actor: Writer, redaction_id: UUID, data: Decision) -> Response:
    """Approve a request, which then is carried out within seconds, or refuse it."""
    decided, headers = await act(RedactionOut, app.redaction.requests.decide(actor, redaction_id, data))
    return answer(decided, headers=headers)
