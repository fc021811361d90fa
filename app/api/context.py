"""What every route is handed: the caller, the services, the page asked for."""

import hmac
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Header, Request
from fastapi.security import HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect, HTTPConnection

from app.core.actor import Actor, IdempotencyClaim, Origin
from app.core.errors import AppError, Malformed, UnsupportedMediaType
from app.core.pagination import DEFAULT_LIMIT, MAX_LIMIT, PageRequest
from app.factory import Services

_KEY = re.compile(r"^[\x21-\x7e]{1,255}$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LONGEST_AGENT = 300
ON_BEHALF_OF = "Anjuan-On-Behalf-Of"
_FORM = "application/x-www-form-urlencoded"


class _Declared(HTTPBearer):
    """Tells OpenAPI of the token; `_enter` reads the header itself, so that a refusal is recorded."""

    async def __call__(self, request: HTTPConnection) -> None:
        """Ask nothing."""


bearer = _Declared(scheme_name="bearer", description="Access token of POST /v1/auth/token")
_Bearer = Annotated[None, Depends(bearer)]


def _services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


# Whatever is asked for by `Depends` is `async`, or each request would go to a thread and back for it. One function for
# each kind of caller, that calls the others itself: every step of a chain of dependencies is worked out anew.
async def services(request: Request) -> Services:
    """Give the services of this process."""
    return _services(request)


App = Annotated[Services, Depends(services)]


def origin_of(request: Request) -> Origin:
    """Say where a request came from."""
    route = request.scope.get("route")
    agent = request.headers.get("user-agent")
    return Origin(
        request_id=request.state.request_id,
        method=request.method,
        route=str(getattr(route, "path", request.scope["path"])),
        ip=request.client.host if request.client else None,
        user_agent=_CONTROL.sub("?", agent)[:_LONGEST_AGENT] if agent else None,
    )


async def _enter(request: Request) -> Actor:
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    known = token if scheme.lower() == "bearer" and token else None
    return await _services(request).auth.identify(known, origin_of(request))


async def entrant(request: Request, _: _Bearer) -> Actor:
    """Give the actor of this request, also one who must change his password; 401 (recorded) without a valid token."""
    return await _enter(request)


Entrant = Annotated[Actor, Depends(entrant)]


async def himself(request: Request, _: _Bearer) -> Actor:
    """Give the actor of this request as himself; 403 (recorded) for one who must change his password first."""
    return await act_as(request, None)


Himself = Annotated[Actor, Depends(himself)]

OnBehalfOf = Annotated[
    str | None,
    Header(
        alias=ON_BEHALF_OF,
        description="A program that may act for people names one by id: checked as he, recorded as both",
        json_schema_extra={"format": "uuid"},
    ),
]


async def caller(request: Request, _: _Bearer, on_behalf_of: OnBehalfOf = None) -> Actor:
    """Give the actor of this request, or the person whom a program acts for."""
    return await act_as(request, on_behalf_of)


async def act_as(request: Request, on_behalf_of: str | None) -> Actor:
    """Give the actor of this request as `caller` does."""
    actor = await _enter(request)
    await _services(request).auth.require_own_password(actor)
    return actor if on_behalf_of is None else await _services(request).auth.act_for(actor, on_behalf_of)


Caller = Annotated[Actor, Depends(caller)]

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Repeat a request with the same key to get the first answer and no second act",
        json_schema_extra={"minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    ),
]


def _claimed(actor: Actor, request: Request, key: str | None, body: bytes) -> Actor:
    if key is None:
        return actor
    if not _KEY.match(key):
        raise Malformed(
            "Idempotency-Key must be 1 to 255 visible ASCII characters",
            "Idempotency-Key 须为 1 至 255 个可见 ASCII 字符",
        )
    asked = f"{request.method} {request.scope['path']}?".encode() + request.scope["query_string"] + b"\n" + body
    if actor.via is not None:
        # What the person did himself may lie above the program that acts for him: it is not told of it by a key.
        asked = actor.via.id.bytes + asked
    # Keyed, for it is kept in the database and the body may hold a password.
    fingerprint = hmac.digest(_services(request).resources.keys.derive("idempotency"), asked, "sha256")
    return replace(actor, origin=replace(actor.origin, idempotency=IdempotencyClaim(key, fingerprint)))


def require_json(request: Request) -> None:
    """Refuse a body that does not say it is JSON."""
    essence = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if essence != "application/json" and not (essence.startswith("application/") and essence.endswith("+json")):
        raise UnsupportedMediaType("Send JSON with Content-Type: application/json", "请以 application/json 发送 JSON")


def require_form(request: Request) -> None:
    """Refuse a body that does not say it is a form (RFC 6749 §4.3.2)."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise UnsupportedMediaType(f"Send a form with Content-Type: {_FORM}", f"请以 {_FORM} 发送表单")


async def writer(request: Request, actor: Caller, key: IdempotencyKey = None) -> Actor:
    """Give the actor of a POST with a JSON body, with the idempotency claim."""
    require_json(request)
    return _claimed(actor, request, key, await request.body())


async def entrant_writer(request: Request, actor: Entrant, key: IdempotencyKey = None) -> Actor:
    """Give the actor of a POST that is open to one who must change his password, too."""
    return await writer(request, actor, key)


async def changer(request: Request, actor: Caller) -> Actor:
    """Give the actor of a PATCH or PUT with a JSON body."""
    require_json(request)
    return actor


async def uploader(request: Request, actor: Caller, key: IdempotencyKey = None) -> Actor:
    """Give the actor of a POST whose body is streamed; the service completes the claim with the body's digest."""
    return _claimed(actor, request, key, b"")


# What a resumable upload is to become stands in these.
_ASKED_BY = ("upload-length", "upload-metadata", "repr-digest")


async def beginner(request: Request, actor: Caller, key: IdempotencyKey = None) -> Actor:
    """Give the actor of a POST that says in its headers what is to begin, with the idempotency claim."""
    asked = "\n".join(request.headers.get(name, "") for name in _ASKED_BY)
    return _claimed(actor, request, key, asked.encode("latin-1"))


Writer = Annotated[Actor, Depends(writer)]
EntrantWriter = Annotated[Actor, Depends(entrant_writer)]
Changer = Annotated[Actor, Depends(changer)]
Uploader = Annotated[Actor, Depends(uploader)]
Beginner = Annotated[Actor, Depends(beginner)]
IfMatch = Annotated[str | None, Header(alias="If-Match", description="ETag of the representation that is changed")]


class UploadAborted(AppError):
    """The sender went away before the end of the body; nothing was kept."""

    code, status, title_en, title_zh = "upload_aborted", 400, "Body broke off", "请求体中断"


async def body_of(request: Request) -> AsyncIterator[bytes]:
    """Give the body as it arrives; UploadAborted when the sender goes away."""
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except ClientDisconnect as error:
        raise UploadAborted("The body broke off; nothing was kept", "请求体中断,未保存任何内容") from error


class ListQuery(BaseModel):
    """Which page of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    # The longest holds a name of 200 characters of 4 bytes each.
    cursor: Annotated[str | None, Field(max_length=2000, description="`next` of the page before")] = None


def page_request(request: Request, actor: Actor, query: ListQuery) -> PageRequest:
    """Name the page of this list for this caller with these filters."""
    filters = query.model_dump(mode="json", exclude={"limit", "cursor"}, exclude_none=True)
    scope = f"{request.scope['path']}?{urlencode(sorted(filters.items()))}#{actor.user_id}".encode()
    return PageRequest(limit=query.limit, cursor=query.cursor, scope=scope)
