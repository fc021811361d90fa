"""Duties (待办): what somebody has to do, and by when."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.access.events import ACCESS_DENIED
from app.api import describe, examples
from app.api.answers import listed
from app.api.context import App, Caller, ListQuery, page_request
from app.api.examples.duties import DUTY
from app.api.straight import StraightRoute
from app.core.pagination import Page
from app.reports.duties import DutyFilter, DutyKind, DutyOut
from app.reports.events import DUTIES_LISTED

router = APIRouter(prefix="/v1", tags=["duties"], route_class=StraightRoute)


class DutyQuery(ListQuery):
    """Narrows the list of duties."""

    scope: Annotated[
        Literal["own", "firm"],
        Field(description="`firm`: what is to be filed by all whose dossiers one answers for"),
    ] = "own"
    kind: Annotated[list[DutyKind], Field(max_length=len(DutyKind), description="Several are taken")] = []
    overdue: Annotated[bool, Field(description="Only those whose day has passed")] = False
    until: Annotated[date | None, Field(description="Only those with a day up to this one")] = None


@router.get(
    "/duties",
    response_model=Page[DutyOut],
    **describe.read("duty.read", DUTIES_LISTED, ACCESS_DENIED, example=examples.page_of(DUTY), also=(400,)),
)
async def list_duties(request: Request, app: App, actor: Caller, query: Annotated[DutyQuery, Query()]) -> Response:
    """List one's duties, the most urgent first: to file, to mend, to review, to decide."""
    filter_ = DutyFilter(scope=query.scope, kinds=tuple(query.kind), overdue=query.overdue, until=query.until)
    return listed(request, await app.duties.page(actor, filter_, page_request(request, actor, query)))
