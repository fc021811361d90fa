"""Errors as RFC 9457 problem documents in the caller's language; the one place that renders them."""

from http import HTTPStatus
from typing import Any, cast

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from app.api.words import translate
from app.core.errors import AppError, FieldError, Language, Malformed, type_prefix

_log = structlog.get_logger()
_MOST_ERRORS, _LONGEST_DETAIL = 100, 1000


class FieldProblem(BaseModel):
    """One thing wrong with one field."""

    pointer: str
    code: str
    detail: str


class Problem(BaseModel):
    """An error (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:anjuan:problem:not_found",
                "title": "Not found",
                "status": 404,
                "detail": "There is nothing here under this id",
                "instance": "/v1/dossiers/0199c0de-7b1e-7cc0-8000-3f0e5d3a9a05",
                "code": "not_found",
                "request_id": "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11",
            }
        }
    )

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    errors: list[FieldProblem] | None = None


def language_of(accept_language: str | None) -> Language:
    """Choose `zh` or `en`: the one that the header names first by weight; English when it names neither."""
    best: tuple[float, Language] = (0.0, "en")
    for part in (accept_language or "").split(","):
        tag, _, parameter = part.strip().partition(";")
        weight = 1.0
        if parameter.strip().lower().startswith("q="):
            try:
                weight = min(float(parameter.strip()[2:]), 1.0)
            except ValueError:
                weight = 0.0
        primary = tag.strip().lower().partition("-")[0]
        if primary == "zh" and weight > best[0]:
            best = (weight, "zh")
        elif primary == "en" and weight > best[0]:
            best = (weight, "en")
    return best[1]


def render(error: AppError, *, language: Language, instance: str, request_id: str) -> Response:
    """Make the answer for an error."""
    chinese = language == "zh"
    body: dict[str, Any] = {
        "type": type_prefix + error.code,
        "title": error.title_zh if chinese else error.title_en,
        "status": error.status,
        "detail": error.zh if chinese else error.en,
        "instance": instance,
        "code": error.code,
        "request_id": request_id,
        **error.extra,
    }
    if error.errors:
        body["errors"] = [item.render(language) for item in error.errors]
    headers = {"Content-Language": language, "Cache-Control": "no-store"}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="anjuan"'
    if error.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and "content_range" in error.extra:
        headers["Content-Range"] = str(error.extra["content_range"])
    return Response(orjson.dumps(body), error.status, headers, media_type="application/problem+json")


def _answer(request: Request, error: AppError) -> Response:
    return render(
        error,
        language=language_of(request.headers.get("accept-language")),
        # Not `request.url`: that is made with the Host header, which anybody may fill with anything.
        instance=request.scope["path"],
        request_id=request.state.request_id,
    )


async def answer_error(scope: Scope, receive: Receive, send: Send, error: AppError) -> None:
    """Answer with an error from outside the application."""
    response = _answer(Request(scope), error)
    await response(scope, receive, send)


def _framework_error(status: int) -> AppError:
    phrase = HTTPStatus(status).phrase
    kind = type(
        f"Http{status}",
        (AppError,),
        {
            "code": phrase.lower().replace(" ", "_").replace("-", "_"),
            "status": status,
            "title_en": phrase,
            "title_zh": translate(phrase),
        },
    )
    error: AppError = kind()
    error.zh = translate(phrase)
    return error


async def _on_app_error(request: Request, error: Exception) -> Response:
    error = cast("AppError", error)
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        cause = error.__cause__
        _log.warning(
            "refused", code=error.code, detail=str(error), cause=f"{type(cause).__name__}: {cause}" if cause else None,
            request_id=request.state.request_id,
        )  # fmt: skip
    return _answer(request, error)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    error = cast("HTTPException", error)
    if isinstance(error.__cause__, AppError):
        return _answer(request, error.__cause__)
    if error.status_code == HTTPStatus.BAD_REQUEST:
        answer = _answer(request, Malformed("The body can't be read", "请求体无法读取"))
    else:
        answer = _answer(request, _framework_error(error.status_code))
    answer.headers.update(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["Allow"] = ", ".join(_methods(request))
    return answer


def _methods(request: Request) -> list[str]:
    """Name the methods of all routes with this path; the framework names those of the first only."""
    found: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return sorted(found)


async def _on_invalid(request: Request, error: Exception) -> Response:
    error = cast("RequestValidationError", error)
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return _answer(request, Malformed("The body is not JSON", "请求体不是有效的 JSON"))
    return _answer(request, InputInvalid(field_errors([dict(item) for item in found])))


class InputInvalid(AppError):
    """The request does not have the form that the operation needs."""

    code, status, title_en, title_zh = "invalid", 422, "Input not valid", "输入无效"

    def __init__(self, errors: list[FieldError]) -> None:
        en = "; ".join(f"{item.pointer}: {item.en}" for item in errors[:5])
        zh = ";".join(f"{item.pointer}:{item.zh}" for item in errors[:5])
        super().__init__(en[:_LONGEST_DETAIL], zh[:_LONGEST_DETAIL], errors=errors[:_MOST_ERRORS])


def field_errors(found: list[dict[str, Any]], at: tuple[str, ...] = ()) -> list[FieldError]:
    """Turn what pydantic found wrong into field errors; `at` leads to the model that it looked at."""
    return [_field_error(item, (*at, *item["loc"])) for item in found]


def _field_error(item: dict[str, Any], location: tuple[str | int, ...]) -> FieldError:
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)
    message = str(item["msg"]).removeprefix("Value error, ")
    return FieldError(pointer, str(item["type"]), message, translate(message, item["type"], item.get("ctx")))


class Bug(AppError):
    """Something that should not happen; what went wrong is for the log, not for the caller."""

    def __init__(self) -> None:
        super().__init__("Something went wrong here; nothing was done", "服务内部出错,未执行任何操作")


def install(app: FastAPI) -> None:
    """Make every error of the application a problem document."""
    app.add_exception_handler(AppError, _on_app_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    # A path with a stroke too many is unknown too: no redirect to an address made of the caller's Host header.
    app.router.redirect_slashes = False
