"""Filing (归档): closing a matter, handing its dossier in, and what is decided on it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from app.access.events import ACCESS_DENIED
from app.api import describe, examples
from app.api.answers import act, answer, listed, shown
from app.api.context import App, Caller, Writer
from app.api.examples import filing as given
from app.api.straight import StraightRoute
from app.core.pagination import Page
from app.dossiers.schemas import DossierOut
from app.filing.events import (
    DOSSIER_CLOSED,
    DOSSIER_FILED,
    DOSSIER_REOPENED,
    DOSSIER_RETURNED,
    DOSSIER_SUBMITTED,
    LATE_FILING_DECIDED,
    RETENTION_CONFIRMED,
    SUBMISSION_VIEWED,
    SUBMISSIONS_LISTED,
)
from app.filing.schemas import (
    Acceptance,
    Closure,
    DossierReturn,
    LateDecision,
    Reopening,
    RetentionConfirmation,
    SubmissionCreate,
    SubmissionOut,
)

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
router = APIRouter(prefix="/v1/dossiers/{dossier_id}", tags=["filing"], route_class=StraightRoute)


@router.post(
    "/closure",
    response_model=DossierOut,
    **describe.create(
        "dossier.close", DOSSIER_CLOSED, ACCESS_DENIED, example=examples.DOSSIER, request=given.CLOSURE, success=200
    ),
)
async def close_matter(app: App, actor: Writer, dossier_id: UUID, data: Closure) -> Response:
    """Close a matter (结案): from this day on the deadline of filing runs."""
    dossier, headers = await act(DossierOut, app.filing.closing.close(actor, dossier_id, data))
    return answer(dossier, headers=headers)


@router.post(
    "/reopen",
    response_model=DossierOut,
    **describe.create(
        "dossier.reopen",
        DOSSIER_REOPENED,
        ACCESS_DENIED,
        example=examples.DOSSIER,
        request=given.REOPENING,
        success=200,
    ),
)
async def reopen_matter(app: App, actor: Writer, dossier_id: UUID, data: Reopening) -> Response:
    """Take the closing of a matter back."""
    dossier, headers = await act(DossierOut, app.filing.closing.reopen(actor, dossier_id, data))
    return answer(dossier, headers=headers)


@router.post(
    "/submission",
    response_model=SubmissionOut,
    **describe.create(
        "dossier.submit", DOSSIER_SUBMITTED, ACCESS_DENIED, example=given.SUBMISSION, request=given.SUBMISSION_NEW
    ),
)
async def submit_dossier(app: App, actor: Writer, dossier_id: UUID, data: SubmissionCreate) -> Response:
    """Hand a dossier in for filing with the proposed retention; refused with what blocks, if anything does."""
    submission, headers = await act(SubmissionOut, app.filing.submissions.submit(actor, dossier_id, data))
    location = f"/v1/dossiers/{dossier_id}/submissions/{submission.round}"
    return answer(submission, status=201, location=location, headers=headers)


@router.get(
    "/submissions",
    response_model=Page[SubmissionOut],
    **describe.read("dossier.read", SUBMISSIONS_LISTED, ACCESS_DENIED, example=examples.page_of(given.SUBMISSION)),
)
async def list_submissions(request: Request, app: App, actor: Caller, dossier_id: UUID) -> Response:
    """Give all rounds of handing in, oldest first."""
    return listed(request, await app.filing.submissions.all_of(actor, dossier_id))


@router.get(
    "/submissions/{number}",
    response_model=SubmissionOut,
    **describe.read("dossier.read", SUBMISSION_VIEWED, ACCESS_DENIED, example=given.SUBMISSION),
)
async def read_submission(request: Request, app: App, actor: Caller, dossier_id: UUID, number: Number) -> Response:
    """Give one round of handing in."""
    return shown(request, await app.filing.submissions.get(actor, dossier_id, number))


@router.post(
    "/late-filing",
    response_model=SubmissionOut,
    **describe.create(
        "dossier.decide_late", LATE_FILING_DECIDED, ACCESS_DENIED,
        example=given.SUBMISSION, request=given.LATE_DECISION, success=200,
    ),
)  # fmt: skip
async def decide_late_filing(app: App, actor: Writer, dossier_id: UUID, data: LateDecision) -> Response:
    """Approve or refuse a late filing (超期归档审批)."""
    submission, headers = await act(SubmissionOut, app.filing.submissions.decide_late(actor, dossier_id, data))
    return answer(submission, headers=headers)


@router.post(
    "/retention",
    response_model=SubmissionOut,
    **describe.create(
        "dossier.confirm_retention", RETENTION_CONFIRMED, ACCESS_DENIED,
        example=given.SUBMISSION, request=given.RETENTION, success=200,
    ),
)  # fmt: skip
async def confirm_retention(app: App, actor: Writer, dossier_id: UUID, data: RetentionConfirmation) -> Response:
    """Confirm the retention class (审定保管期限), as proposed or another."""
    submission, headers = await act(SubmissionOut, app.filing.submissions.confirm_retention(actor, dossier_id, data))
    return answer(submission, headers=headers)


@router.post(
    "/return",
    response_model=DossierOut,
    **describe.create(
        "dossier.return", DOSSIER_RETURNED, ACCESS_DENIED, example=examples.DOSSIER, request=given.RETURN, success=200
    ),
)
async def return_dossier(app: App, actor: Writer, dossier_id: UUID, data: DossierReturn) -> Response:
    """Return a dossier to its compiler with reasons (退回立卷人)."""
    dossier, headers = await act(DossierOut, app.filing.acceptance.send_back(actor, dossier_id, data))
    return answer(dossier, headers=headers)


@router.post(
    "/acceptance",
    response_model=DossierOut,
    **describe.create(
        "dossier.accept", DOSSIER_FILED, ACCESS_DENIED, example=given.FILED, request=given.ACCEPTANCE, success=200
    ),
)
async def accept_dossier(app: App, actor: Writer, dossier_id: UUID, data: Acceptance) -> Response:
    """Take a dossier into the archive: archive number, sealed contents list, note to file, frozen content."""
    dossier, headers = await act(DossierOut, app.filing.acceptance.accept(actor, dossier_id, data))
    return answer(dossier, headers=headers)
