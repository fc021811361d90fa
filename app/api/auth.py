"""Tokens, sessions, one's password, and who one is."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response

from app.api import describe, examples
from app.api.answers import act, listed, secret
from app.api.context import App, Entrant, EntrantWriter, Himself, ListQuery, origin_of, page_request, require_form
from app.api.straight import StraightRoute
from app.auth.events import (
    AUTH_FAILED,
    AUTH_IDENTITY_VIEWED,
    AUTH_LOCKED,
    AUTH_LOGGED_OUT,
    AUTH_PASSWORD_CHANGED,
    AUTH_REFRESH_REUSED,
    AUTH_REFRESHED,
    AUTH_SESSION_ENDED,
    AUTH_SESSIONS_LISTED,
    AUTH_SUCCEEDED,
)
from app.auth.schemas import MeOut, PasswordChange, PasswordChangedOut, SessionOut, TokenForm, TokenOut
from app.core.pagination import Page

router = APIRouter(tags=["identity"], route_class=StraightRoute)


@router.post(
    "/v1/auth/token",
    response_model=TokenOut,
    dependencies=[Depends(require_form)],
    **describe.public(
        AUTH_SUCCEEDED, AUTH_FAILED, AUTH_LOCKED, AUTH_REFRESHED, AUTH_REFRESH_REUSED,
        example=examples.TOKEN, also=(400, 401, 413, 415, 422, 429, 503),
    ),
)  # fmt: skip
async def issue_token(request: Request, app: App, form: Annotated[TokenForm, Form()]) -> Response:
    """Log in, or refresh.

    With `grant_type=password` a person, with `client_credentials` a program, with `refresh_token` again without a
    password. Wrong name and wrong password look alike. A refresh token is good once; used twice it ends its session.
    """
    return secret(await app.logins.token(origin_of(request), form))


@router.post("/v1/auth/logout", response_class=Response, **describe.end("session.end", AUTH_LOGGED_OUT, also=(409,)))
async def log_out(app: App, actor: Entrant) -> Response:
    """Log out: end the session of the token that is sent, with all its tokens."""
    await app.sessions.log_out(actor)
    return Response(status_code=204)


@router.get(
    "/v1/auth/sessions",
    response_model=Page[SessionOut],
    **describe.read("session.read", AUTH_SESSIONS_LISTED, example=examples.page_of(examples.SESSION), also=(400,)),
)
async def list_sessions(request: Request, app: App, actor: Himself, query: Annotated[ListQuery, Query()]) -> Response:
    """List one's own running sessions, the newest first."""
    return listed(request, await app.sessions.page(actor, page_request(request, actor, query)))


@router.delete(
    "/v1/auth/sessions/{session_id}",
    response_class=Response,
    **describe.end("session.end", AUTH_SESSION_ENDED, also=(404,)),
)
async def end_session(app: App, actor: Himself, session_id: UUID) -> Response:
    """End one of one's own sessions, e.g. on a machine that was lost."""
    await app.sessions.end(actor, session_id)
    return Response(status_code=204)


@router.post(
    "/v1/auth/password",
    response_model=PasswordChangedOut,
    **describe.create(
        "password.change", AUTH_PASSWORD_CHANGED, AUTH_FAILED, AUTH_LOCKED,
        example=examples.PASSWORD_CHANGED, request=examples.PASSWORD_CHANGE, success=200, also=(429,),
    ),
)  # fmt: skip
async def change_password(app: App, actor: EntrantWriter, data: PasswordChange) -> Response:
    """Change one's own password; all other sessions end. Refresh afterwards to get the roles that a reset took."""
    changed, headers = await act(PasswordChangedOut, app.logins.change_password(actor, data))
    return secret(changed, headers=headers)


@router.get(
    "/v1/auth/me",
    response_model=MeOut,
    **describe.read("identity.read", AUTH_IDENTITY_VIEWED, example=examples.ME),
)
async def read_identity(app: App, actor: Entrant) -> Response:
    """Tell who the caller is here."""
    return secret(await app.auth.me(actor))


@router.get("/.well-known/jwks.json", **describe.public(example=examples.JWKS))
async def read_jwks(app: App) -> dict[str, list[dict[str, Any]]]:
    """Give the public keys of the tokens that are issued here (RFC 7517)."""
    return app.tokens.keys.jwks()
