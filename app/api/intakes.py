"""Intakes: who came to the firm, what about, and what came of it."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.access.events import ACCESS_DENIED
from app.api import describe
from app.api.answers import act, answer, listed, shown
from app.api.context import App, Caller, Changer, IfMatch, ListQuery, Writer, page_request
from app.api.examples import intake as examples
from app.api.examples import page_of
from app.api.straight import StraightRoute
from app.clients.events import INTAKE_CHANGED, INTAKE_CREATED, INTAKE_DECIDED, INTAKE_LISTED, INTAKE_VIEWED
from app.clients.intake_schemas import (
    IntakeChange,
    IntakeCreate,
    IntakeFilter,
    IntakeOut,
    IntakeOutcome,
    IntakeState,
)
from app.core.pagination import Page

router = APIRouter(prefix="/v1/intakes", tags=["intakes"], route_class=StraightRoute)


class IntakeQuery(ListQuery):
    """Narrows the list of intakes."""

    state: IntakeState | None = None
    client_id: UUID | None = None
    received_by: UUID | None = None
    came_from: Annotated[date | None, Field(description="Inclusive")] = None
    came_to: Annotated[date | None, Field(description="Inclusive")] = None


@router.post(
    "",
    response_model=IntakeOut,
    **describe.create(
        "intake.create", INTAKE_CREATED, ACCESS_DENIED, example=examples.INTAKE, request=examples.INTAKE_NEW
    ),
)
async def create_intake(app: App, actor: Writer, data: IntakeCreate) -> Response:
    """Register who came to the firm and what about (接待登记)."""
    intake, headers = await act(IntakeOut, app.intakes.create(actor, data))
    return answer(intake, status=201, location=f"/v1/intakes/{intake.id}", headers=headers)


@router.get(
    "",
    response_model=Page[IntakeOut],
    **describe.read("intake.read", INTAKE_LISTED, ACCESS_DENIED, example=page_of(examples.INTAKE), also=(400,)),
)
async def list_intakes(request: Request, app: App, actor: Caller, query: Annotated[IntakeQuery, Query()]) -> Response:
    """List the intakes that one sees, newest first."""
    filter_ = IntakeFilter(**query.model_dump(exclude={"limit", "cursor"}))
    return listed(request, await app.intakes.page(actor, filter_, page_request(request, actor, query)))


@router.get(
    "/{intake_id}",
    response_model=IntakeOut,
    **describe.read("intake.read", INTAKE_VIEWED, ACCESS_DENIED, example=examples.INTAKE),
)
async def read_intake(request: Request, app: App, actor: Caller, intake_id: UUID) -> Response:
    """Read an intake; its clients and its dossier as far as one sees them."""
    return shown(request, await app.intakes.get(actor, intake_id))


@router.patch(
    "/{intake_id}",
    response_model=IntakeOut,
    **describe.change(
        "intake.change", INTAKE_CHANGED, ACCESS_DENIED, example=examples.INTAKE, request=examples.INTAKE_CHANGE
    ),
)
async def change_intake(
    app: App, actor: Changer, intake_id: UUID, data: IntakeChange, if_match: IfMatch = None
) -> Response:
    """Change an intake that one received or registered, as long as nothing has come of it."""
    return answer(await app.intakes.change(actor, intake_id, data, if_match))


@router.post(
    "/{intake_id}/outcome",
    response_model=IntakeOut,
    **describe.create(
        "intake.decide", INTAKE_DECIDED, ACCESS_DENIED,
        example=examples.OUTCOME, request=examples.OUTCOME_NEW, success=200,
    ),
)  # fmt: skip
async def decide_intake(app: App, actor: Writer, intake_id: UUID, data: IntakeOutcome) -> Response:
    """Say what came of an intake, once: engaged with its dossier, declined, withdrawn or referred."""
    intake, headers = await act(IntakeOut, app.intakes.decide(actor, intake_id, data))
    return answer(intake, headers=headers)
