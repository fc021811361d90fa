"""The events, for those who may read them."""

from contextlib import aclosing
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, Field

from app.access.events import ACCESS_DENIED
from app.api import describe, examples
from app.api.answers import chosen_form, listed, shown
from app.api.context import App, Caller, ListQuery, page_request
from app.api.disposition import content_disposition
from app.api.examples.ledger import PROOF
from app.api.straight import StraightRoute
from app.api.transfer import Stream
from app.core.errors import Invalid
from app.core.pagination import Page
from app.events.vocabulary import Outcome
from app.reports.event_export import written
from app.reports.event_log import EventFilter, EventOut
from app.reports.events import EVENT_EXPORTED, EVENT_LISTED, EVENT_PROVEN, EVENT_VIEWED, PROOFS_EXPORTED

router = APIRouter(prefix="/v1/events", tags=["events"], route_class=StraightRoute)

Form = Literal["json", "csv", "ndjson"]
MEDIA_TYPES: dict[Form, str] = {"json": "application/json", "csv": "text/csv", "ndjson": "application/x-ndjson"}
_HEADERS: dict[Form, dict[str, str]] = {
    form: {
        "Content-Type": MEDIA_TYPES[form] + ("; charset=utf-8" if form == "csv" else ""),
        "Content-Disposition": content_disposition(f"events.{form}"), "Cache-Control": "private, no-store",
        "Vary": "Accept",
    }
    for form in MEDIA_TYPES
}  # fmt: skip


class EventQuery(ListQuery):
    """Narrows the list of events."""

    dossier_id: UUID | None = None
    entry_id: UUID | None = None
    actor_id: UUID | None = None
    type: Annotated[str | None, Field(max_length=100, pattern=r"^[a-z_]+\.[a-z_]+$", examples=["file.read"])] = None
    outcome: Outcome | None = None
    request_id: Annotated[str | None, Field(max_length=128, pattern=r"^[!-~]*$")] = None
    since: Annotated[AwareDatetime | None, Field(alias="from", description="Inclusive")] = None
    until: Annotated[AwareDatetime | None, Field(alias="to", description="Exclusive")] = None
    form: Annotated[Form | None, Field(alias="format", description="Goes before the Accept header")] = None

    def filter(self) -> EventFilter:
        """Give the filter for the log."""
        return EventFilter(**self.model_dump(exclude={"limit", "cursor", "form"}))

    def require_whole(self) -> None:
        """Refuse a page of a form that gives everything."""
        for name in ("limit", "cursor"):
            if name in self.model_fields_set:
                raise Invalid.field(
                    f"/query/{name}", "not_for_streams", f"These forms give all events of the filter: leave {name} out",
                    f"CSV 和 NDJSON 给出全部符合条件的事件,请去掉 {name}",
                )  # fmt: skip


def _described() -> dict[str, Any]:
    described = describe.read(
        "event.read", EVENT_LISTED, EVENT_EXPORTED, example=examples.page_of(examples.EVENT), also=(400, 406)
    )
    streams = {MEDIA_TYPES[form]: {"schema": {"type": "string", "format": "binary"}} for form in ("csv", "ndjson")}
    described["responses"][200]["content"].update(streams)
    return described


@router.get("", response_model=Page[EventOut], **_described())
async def list_events(request: Request, app: App, actor: Caller, query: Annotated[EventQuery, Query()]) -> Response:
    """List events, newest first; as CSV or NDJSON all of them in one stream. Reading them is an event too."""
    form = chosen_form(query.form, request.headers.get("accept"), MEDIA_TYPES)
    if form == "json":
        return listed(request, await app.events.page(actor, query.filter(), page_request(request, actor, query)))
    query.require_whole()
    groups = await app.events.export(actor, query.filter(), form)
    return Stream(aclosing(written(groups, form)), 200, _HEADERS[form])


_NDJSON = {MEDIA_TYPES["ndjson"]: {"schema": {"type": "string", "format": "binary"}}}
_PROOF = {"text/plain": {"schema": {"type": "string"}, "example": PROOF}}


@router.get(
    "/proofs",
    response_class=Response,
    **describe.paper("event.read", PROOFS_EXPORTED, content=_NDJSON, also=(409,), what="A line for each event"),
)
async def read_event_proofs(app: App, actor: Caller, dossier_id: UUID) -> Response:
    """Give the proofs of all sealed events of a dossier that the caller reads, under one checkpoint.

    NDJSON, a line for each event: `event_id`, and `proof`, which is what `GET /v1/events/{event_id}/proof` gives.
    """
    proofs = await app.event_proofs.of_dossier(actor, dossier_id)
    headers = _HEADERS["ndjson"] | {"Content-Disposition": content_disposition("proofs.ndjson")}
    return Stream(aclosing(proofs), 200, headers)


@router.get(
    "/{event_id}",
    response_model=EventOut,
    **describe.read("event.read", EVENT_VIEWED, ACCESS_DENIED, example=examples.EVENT),
)
async def read_event(request: Request, app: App, actor: Caller, event_id: UUID) -> Response:
    """Read one event."""
    return shown(request, await app.events.get(actor, event_id))


@router.get(
    "/{event_id}/proof",
    response_class=Response,
    **describe.paper("event.read", EVENT_PROVEN, ACCESS_DENIED, content=_PROOF, also=(409,), what="The proof"),
)
async def prove_event(app: App, actor: Caller, event_id: UUID) -> Response:
    """Prove that an event stands in the ledger (C2SP tlog-proof): checked offline, with the ledger's key alone."""
    made = await app.event_proofs.proof(actor, event_id)
    return Response(made, media_type="text/plain; charset=utf-8", headers={"Cache-Control": "private, no-store"})
