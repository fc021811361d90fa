"""Conflict checks before a dossier opens (利益冲突审查)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.access.events import ACCESS_DENIED
from app.api import describe, examples
from app.api.answers import act, answer, listed, shown
from app.api.context import App, Caller, ListQuery, Writer, page_request
from app.api.examples import conflicts as samples
from app.api.straight import StraightRoute
from app.api.transfer import BINARY, incoming_of, send
from app.conflicts.events import (
    CONFLICT_CHECKED,
    CONFLICT_CONCLUDED,
    CONFLICT_LISTED,
    CONFLICT_REFERRAL_JUDGED,
    CONFLICT_VIEWED,
    CONSENT_ADDED,
    CONSENT_READ,
    CONSENT_REJECTED,
)
from app.conflicts.schemas import (
    CheckChoice,
    CheckMade,
    ConclusionCreate,
    ConflictCheckCreate,
    ConflictCheckOut,
    ReferralCreate,
)
from app.conflicts.service import CheckFilter
from app.core.pagination import Page
from app.dossiers.events import DOSSIER_CHECK_ATTACHED
from app.dossiers.schemas import DossierOut

router = APIRouter(prefix="/v1", tags=["conflicts"], route_class=StraightRoute)


class CheckQuery(ListQuery):
    """Narrows the list of conflict checks."""

    concluded: bool | None = None
    client_id: UUID | None = None


@router.post(
    "/conflict-checks",
    response_model=ConflictCheckOut,
    **describe.create(
        "conflict.check", CONFLICT_CHECKED, ACCESS_DENIED, example=samples.CHECK, request=samples.CHECK_NEW
    ),
)
async def create_conflict_check(app: App, actor: Writer, data: ConflictCheckCreate) -> Response:
    """Look for conflicts of interest in a matter that may become a dossier.

    What one may not know of is one line `refer`, however much there is behind it.
    """
    made, headers = await act(CheckMade, app.conflicts.checks.check(actor, data))
    check = await app.conflicts.checks.shown(actor, made.id)
    return answer(check, status=201, location=f"/v1/conflict-checks/{check.id}", headers=headers)


@router.get(
    "/conflict-checks",
    response_model=Page[ConflictCheckOut],
    **describe.read(
        "conflict.read", CONFLICT_LISTED, ACCESS_DENIED, example=examples.page_of(samples.CHECK), also=(400,)
    ),
)
async def list_conflict_checks(
    request: Request, app: App, actor: Caller, query: Annotated[CheckQuery, Query()]
) -> Response:
    """List the conflict checks that one sees, newest first."""
    filter_ = CheckFilter(query.concluded, query.client_id)
    return listed(request, await app.conflicts.checks.page(actor, filter_, page_request(request, actor, query)))


@router.get(
    "/conflict-checks/{check_id}",
    response_model=ConflictCheckOut,
    **describe.read("conflict.read", CONFLICT_VIEWED, ACCESS_DENIED, example=samples.CHECK),
)
async def read_conflict_check(request: Request, app: App, actor: Caller, check_id: UUID) -> Response:
    """Read a conflict check as far as one may know of what it found."""
    return shown(request, await app.conflicts.checks.get(actor, check_id))


@router.post(
    "/conflict-checks/{check_id}/conclusion",
    response_model=ConflictCheckOut,
    **describe.create(
        "conflict.conclude", CONFLICT_CONCLUDED, ACCESS_DENIED,
        example=samples.CHECK, request=samples.CONCLUSION_NEW, success=200,
    ),
)  # fmt: skip
async def conclude_check(app: App, actor: Writer, check_id: UUID, data: ConclusionCreate) -> Response:
    """Conclude a conflict check, once: every hit is judged, and the conclusion follows from what was judged."""
    made, headers = await act(CheckMade, app.conflicts.conclusions.conclude(actor, check_id, data))
    return answer(await app.conflicts.checks.shown(actor, made.id), headers=headers)


@router.post(
    "/conflict-checks/{check_id}/referral",
    response_model=ConflictCheckOut,
    **describe.create(
        "conflict.judge_referral", CONFLICT_REFERRAL_JUDGED, ACCESS_DENIED,
        example=samples.CHECK, request=samples.REFERRAL_NEW, success=200,
    ),
)  # fmt: skip
async def judge_conflict_referral(app: App, actor: Writer, check_id: UUID, data: ReferralCreate) -> Response:
    """Judge what the maker of a conflict check may not know of."""
    made, headers = await act(CheckMade, app.conflicts.conclusions.judge_referral(actor, check_id, data))
    return answer(await app.conflicts.checks.shown(actor, made.id), headers=headers)


@router.put(
    "/conflict-checks/{check_id}/consents/{hit_id}",
    response_model=ConflictCheckOut,
    **describe.upload(
        "conflict.consent", CONSENT_ADDED, CONSENT_REJECTED, ACCESS_DENIED, example=samples.CHECK, success=200
    ),
)
async def add_conflict_consent(request: Request, app: App, actor: Caller, check_id: UUID, hit_id: UUID) -> Response:
    """Store the signed informed consent (知情同意书) to a hit: the raw bytes as body, once; it is never replaced."""
    await app.conflicts.consents.add(actor, check_id, hit_id, incoming_of(request))
    return answer(await app.conflicts.checks.shown(actor, check_id))


@router.get(
    "/conflict-checks/{check_id}/consents/{hit_id}",
    response_class=Response,
    **describe.download("conflict.read_consent", CONSENT_READ, ACCESS_DENIED, content=BINARY, also=(409,)),
)
async def read_conflict_consent(app: App, actor: Caller, check_id: UUID, hit_id: UUID) -> Response:
    """Read the signed informed consent to a hit."""
    delivery = await app.conflicts.consents.read(actor, check_id, hit_id)
    copy = delivery.copy
    return await send(
        delivery.chunks, name=copy.original_name, media_type=copy.media_type, size=copy.size, sha256=copy.sha256,
        warning=delivery.warning,
    )  # fmt: skip


@router.post(
    "/dossiers/{dossier_id}/conflict-check",
    response_model=DossierOut,
    **describe.create(
        "conflict.attach", DOSSIER_CHECK_ATTACHED, ACCESS_DENIED,
        example=examples.DOSSIER, request=samples.CHOICE, success=200,
    ),
)  # fmt: skip
async def attach_conflict_check(app: App, actor: Writer, dossier_id: UUID, data: CheckChoice) -> Response:
    """Let a conflict check that was made after the opening carry the dossier, so that none is due."""
    dossier, headers = await act(DossierOut, app.dossier_changes.attach_check(actor, dossier_id, data))
    return answer(dossier, headers=headers)
