"""Answers: serialised once, with ETag, Location and the next page's link."""

from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from fastapi import Request, Response
from pydantic import BaseModel

from app.core.errors import AppError
from app.core.etag import etag_of, none_match, to_json
from app.core.idempotency import Replay
from app.core.pagination import Page, PlainPage
from app.core.plain import Plain

T = TypeVar("T", bound=BaseModel)
F = TypeVar("F", bound=str)

_JSON = "application/json"


class NotAcceptable(AppError):
    """None of the forms that the caller takes can be given."""

    code, status, title_en, title_zh = "not_acceptable", 406, "No acceptable form", "没有可接受的格式"


def chosen_form(form: F | None, accept: str | None, media_types: Mapping[F, str]) -> F:
    """Choose the form of the answer: the one asked for, else by `Accept`; the first for a caller who takes anything."""
    if form is not None and form in media_types:
        return form
    wanted = sorted(map(_weighed, (accept or "*/*").split(",")), key=lambda item: -item[1])
    for media_type, weight in wanted if form is None else ():
        if weight <= 0:
            continue
        for name, offered in media_types.items():
            if media_type in {"*/*", offered, f"{offered.partition('/')[0]}/*"}:
                return name
    forms = ", ".join(media_types.values())
    raise NotAcceptable(f"This is given as {forms}", f"可提供的格式:{forms}")


def _weighed(part: str) -> tuple[str, float]:
    media_type, *parameters = (piece.strip() for piece in part.split(";"))
    weight = 1.0
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                weight = float(parameter[2:])
            except ValueError:
                weight = 0.0
    return media_type.lower(), weight


async def act(kind: type[T], work: Awaitable[T]) -> tuple[T, dict[str, str]]:
    """Carry out an act; when it was done before under this Idempotency-Key give the first result and say so."""
    try:
        return await work, {}
    except Replay as replay:
        return kind.model_validate_json(replay.result), {"Idempotency-Replayed": "true"}


def _json(out: BaseModel | Plain[Any] | PlainPage[Any]) -> bytes:
    return to_json(out) if isinstance(out, BaseModel) else out.to_json()


def answer(
    out: BaseModel, *, status: int = 200, location: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    """Give a resource that was written, with its strong ETag."""
    body = to_json(out)
    sent = {"ETag": etag_of(body), "Cache-Control": "private, no-cache", **(headers or {})}
    if location is not None:
        sent["Location"] = location
    return Response(body, status, sent, media_type=_JSON)


def shown(request: Request, out: BaseModel | Plain[Any]) -> Response:
    """Give a resource that was read, with its strong ETag, or 304 to a caller who has it already."""
    body = _json(out)
    headers = {"ETag": etag_of(body), "Cache-Control": "private, no-cache"}
    if none_match(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, media_type=_JSON)


def secret(out: BaseModel, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Give something that must not be kept on the way."""
    return Response(to_json(out), status, {"Cache-Control": "no-store", **(headers or {})}, media_type=_JSON)


def listed(request: Request, page: Page[T] | PlainPage[Any]) -> Response:
    """Give a page of a list, with the link to the next."""
    headers = {"Cache-Control": "private, no-store"}
    if page.next is not None:
        query = urlencode(
            [
                *((name, value) for name, value in request.query_params.multi_items() if name != "cursor"),
                ("cursor", page.next),
            ]
        )
        headers["Link"] = f'<{quote(request.scope["path"])}?{query}>; rel="next"'
    return Response(_json(page), 200, headers, media_type=_JSON)
