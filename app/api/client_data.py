"""What a client lacks, was told of his personal data, and agreed to."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.access.events import ACCESS_DENIED
from app.api import describe
from app.api.answers import act, answer, listed, shown
from app.api.context import App, Caller, Writer
from app.api.examples import intake as examples
from app.api.examples import page_of
from app.api.straight import StraightRoute
from app.api.transfer import BINARY, incoming_of, send
from app.clients.completeness import ClientCompletenessOut
from app.clients.consents import ConsentCreate, ConsentOut, ConsentWithdrawal, NoticeCreate, NoticeOut
from app.clients.events import (
    CLIENT_COMPLETENESS_VIEWED,
    CONSENT_COPY_ADDED,
    CONSENT_COPY_READ,
    CONSENT_COPY_REJECTED,
    CONSENT_GIVEN,
    CONSENT_WITHDRAWN,
    CONSENTS_LISTED,
    NOTICE_GIVEN,
    NOTICES_LISTED,
)
from app.core.pagination import Page

router = APIRouter(prefix="/v1", tags=["clients"], route_class=StraightRoute)


@router.get(
    "/clients/{client_id}/completeness",
    response_model=ClientCompletenessOut,
    **describe.read("client.read", CLIENT_COMPLETENESS_VIEWED, ACCESS_DENIED, example=examples.CLIENT_COMPLETENESS),
)
async def read_client_completeness(request: Request, app: App, actor: Caller, client_id: UUID) -> Response:
    """Tell what a client's data lack by the firm's rules, and which documents have expired or soon will."""
    return shown(request, await app.client_completeness.get(actor, client_id))


@router.post(
    "/clients/{client_id}/notices",
    response_model=NoticeOut,
    **describe.create(
        "client.inform", NOTICE_GIVEN, ACCESS_DENIED, example=examples.NOTICE, request=examples.NOTICE_NEW
    ),
)
async def record_notice(app: App, actor: Writer, client_id: UUID, data: NoticeCreate) -> Response:
    """Record that a client was told how his personal data are used (告知)."""
    notice, headers = await act(NoticeOut, app.consents.inform(actor, client_id, data))
    return answer(notice, status=201, location=f"/v1/clients/{client_id}/notices", headers=headers)


@router.get(
    "/clients/{client_id}/notices",
    response_model=Page[NoticeOut],
    **describe.read("client.read", NOTICES_LISTED, ACCESS_DENIED, example=page_of(examples.NOTICE)),
)
async def list_notices(request: Request, app: App, actor: Caller, client_id: UUID) -> Response:
    """List what a client was told."""
    return listed(request, Page[NoticeOut](items=await app.consents.notices(actor, client_id)))


@router.post(
    "/clients/{client_id}/consents",
    response_model=ConsentOut,
    **describe.create(
        "client.inform", CONSENT_GIVEN, ACCESS_DENIED, example=examples.CONSENT, request=examples.CONSENT_NEW
    ),
)
async def record_consent(app: App, actor: Writer, client_id: UUID, data: ConsentCreate) -> Response:
    """Record what a client agreed to (同意), and what that covers."""
    consent, headers = await act(ConsentOut, app.consents.give(actor, client_id, data))
    return answer(consent, status=201, location=f"/v1/clients/{client_id}/consents", headers=headers)


@router.get(
    "/clients/{client_id}/consents",
    response_model=Page[ConsentOut],
    **describe.read("client.read", CONSENTS_LISTED, ACCESS_DENIED, example=page_of(examples.CONSENT)),
)
async def list_consents(request: Request, app: App, actor: Caller, client_id: UUID) -> Response:
    """List what a client agreed to, and which of it is in force."""
    return listed(request, Page[ConsentOut](items=await app.consents.consents(actor, client_id)))


@router.post(
    "/consents/{consent_id}/withdrawal",
    response_model=ConsentOut,
    **describe.create(
        "client.inform", CONSENT_WITHDRAWN, ACCESS_DENIED,
        example=examples.WITHDRAWN, request=examples.WITHDRAWAL_NEW, success=200,
    ),
)  # fmt: skip
async def withdraw_consent(app: App, actor: Writer, consent_id: UUID, data: ConsentWithdrawal) -> Response:
    """Record that a client withdrew a consent (撤回同意), once."""
    consent, headers = await act(ConsentOut, app.consents.withdraw(actor, consent_id, data))
    return answer(consent, headers=headers)


@router.put(
    "/consents/{consent_id}/copy",
    response_model=ConsentOut,
    **describe.upload(
        "client.inform", CONSENT_COPY_ADDED, CONSENT_COPY_REJECTED, ACCESS_DENIED,
        example=examples.CONSENT, success=200,
    ),
)  # fmt: skip
async def add_consent_copy(request: Request, app: App, actor: Caller, consent_id: UUID) -> Response:
    """Store the scan of a signed consent: the raw bytes as body, once; it is never replaced."""
    return answer(await app.consent_copies.add(actor, consent_id, incoming_of(request)))


@router.get(
    "/consents/{consent_id}/copy",
    response_class=Response,
    **describe.download("client.read", CONSENT_COPY_READ, ACCESS_DENIED, content=BINARY, also=(409,)),
)
async def read_consent_copy(app: App, actor: Caller, consent_id: UUID) -> Response:
    """Read the scan of a signed consent; for those who see the client's identifiers whole."""
    delivery = await app.consent_copies.read(actor, consent_id)
    copy = delivery.copy
    return await send(
        delivery.chunks, name=copy.original_name, media_type=copy.media_type, size=copy.size, sha256=copy.sha256,
        warning=delivery.warning,
    )  # fmt: skip
