"""What OpenAPI tells of an operation beside its shapes: permission, events, errors, examples."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from app.access.acts import ACTS
from app.api.problems import Problem
from app.auth.events import AUTH_ACCEPTED, AUTH_REJECTED, USER_PROVISIONED, USER_ROLES_FOLLOWED
from app.events.vocabulary import EventType

_WORDS = {
    400: "Malformed request",
    401: "No valid token",
    403: "Known but not permitted",
    404: "Not there, or not to be known",
    406: "No acceptable form",
    409: "State or uniqueness forbids it",
    410: "Ended, and not to be gone on with",
    412: "If-Match is stale",
    413: "Body too large",
    415: "Media type not taken",
    416: "Range outside the file",
    422: "Input not valid",
    423: "Just being finished",
    428: "If-Match needed",
    429: "Too many attempts",
    460: "Checksum differs",
    503: "A store can't take the act; nothing happened",
}
# Whatever the operation: a token that is refused, and the first or a newer one of somebody of an outside issuer.
_COMING = (AUTH_REJECTED, AUTH_ACCEPTED, USER_PROVISIONED, USER_ROLES_FOLLOWED)
_READ = (401, 403, 404, 422, 503)
_WRITE = (400, 401, 403, 404, 409, 413, 415, 422, 503)
_CHANGE = (*_WRITE, 412, 428)
_REMOVE = (*_READ, 409, 412, 428)


def _problem(status: int) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": _WORDS[status], "content": content}


def share_problem_schema(app: FastAPI) -> None:
    """Put the shape of problem documents into the description once, where all operations point to it."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        document = make()
        _put_nulls_back(app, document)
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        document["components"]["schemas"] |= {**schema.pop("$defs", {}), "Problem": schema}
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _put_nulls_back(app: FastAPI, document: dict[str, Any]) -> None:
    """Give examples their nulls again: the framework leaves them out, and with them fields that must be there."""
    for route in iter_route_contexts(app.routes):
        for method in route.methods or ():
            told = document["paths"].get(route.path_format, {}).get(method.lower(), {})
            for status, response in getattr(route, "responses", {}).items() if told else ():
                for media_type, content in response.get("content", {}).items():
                    if "example" in content:
                        told["responses"][str(status)]["content"][media_type]["example"] = content["example"]
            sent = (getattr(route, "openapi_extra", None) or {}).get("requestBody", {}) if told else {}
            for media_type, content in sent.get("content", {}).items():
                if "example" in content:
                    told["requestBody"]["content"][media_type]["example"] = content["example"]


def _describe(
    act: str, events: Sequence[EventType], statuses: Sequence[int], example: Any, request: Any, success: int
) -> dict[str, Any]:
    responses: dict[int | str, dict[str, Any]] = {status: _problem(status) for status in sorted(set(statuses))}
    if example is not None:
        responses[success] = {"content": {"application/json": {"example": example}}}
    extra: dict[str, Any] = {
        "x-permission": {"act": act, "for": ACTS[act].permission},
        "x-events": [event.name for event in (*events, *_COMING)],
    }
    if request is not None:
        extra["requestBody"] = {"content": {"application/json": {"example": request}}}
    return {"responses": responses, "openapi_extra": extra, "status_code": success}


def read(act: str, *events: EventType, example: Any = None, also: Sequence[int] = ()) -> dict[str, Any]:
    """Describe an operation that shows something."""
    described = _describe(act, events, (*_READ, *also), example, None, 200)
    described["responses"][304] = {"description": "The caller has it already; a recorded read all the same"}
    return described


def create(
    act: str, *events: EventType, example: Any = None, request: Any = None, success: int = 201, also: Sequence[int] = ()
) -> dict[str, Any]:
    """Describe a POST."""
    return _describe(act, events, (*_WRITE, *also), example, request, success)


def change(act: str, *events: EventType, example: Any = None, request: Any = None) -> dict[str, Any]:
    """Describe a PATCH or PUT with If-Match."""
    return _describe(act, events, _CHANGE, example, request, 200)


def remove(act: str, *events: EventType) -> dict[str, Any]:
    """Describe a DELETE with If-Match: 204 without a body."""
    return _describe(act, events, _REMOVE, None, None, 204)


def end(act: str, *events: EventType, also: Sequence[int] = ()) -> dict[str, Any]:
    """Describe an operation that ends something and answers nothing (204)."""
    return _describe(act, events, (401, 403, 422, 503, *also), None, None, 204)


def public(*events: EventType, example: Any = None, also: Sequence[int] = ()) -> dict[str, Any]:
    """Describe an operation that needs no token."""
    responses: dict[int | str, dict[str, Any]] = {status: _problem(status) for status in also}
    if example is not None:
        responses[200] = {"content": {"application/json": {"example": example}}}
    extra = {"x-permission": {"for": "everybody"}, "x-events": [event.name for event in events]}
    return {"responses": responses, "openapi_extra": extra, "status_code": 200}


def upload(
    act: str, *events: EventType, example: Any, success: int = 201, form: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Describe an operation whose body is a file; `form` are the parts of the multipart form that it takes too."""
    described = _describe(act, events, _WRITE, example, None, success)
    binary: dict[str, Any] = {"type": "string", "format": "binary"}
    content: dict[str, Any] = {}
    if form is None or "entry" not in form:
        content["application/octet-stream"] = {"schema": binary}
    if form is not None:
        parts = {"type": "object", "properties": {**form, "file": binary}, "required": [*form, "file"]}
        content["multipart/form-data"] = {"schema": parts}
    described["openapi_extra"]["requestBody"] = {"required": True, "content": content}
    return described


def tus(
    act: str,
    *events: EventType,
    success: int,
    refusals: Sequence[int] = (*_WRITE, 412),
    example: Any = None,
    body: str | None = None,
) -> dict[str, Any]:
    """Describe an operation of the protocol of resumable uploads; `body` is the media type of the bytes it takes."""
    described = _describe(act, events, refusals, example, None, success)
    if body is not None:
        content = {body: {"schema": {"type": "string", "format": "binary"}}}
        described["openapi_extra"]["requestBody"] = {"required": True, "content": content}
    return described


def download(act: str, *events: EventType, content: dict[str, Any], also: Sequence[int] = ()) -> dict[str, Any]:
    """Describe an operation that gives bytes."""
    described = _describe(act, events, (*_READ, *also), None, None, 200)
    described["responses"] |= {
        200: {"description": "The bytes", "content": content},
        206: {"description": "The range", "content": content},
        304: {"description": "The caller has it already; a recorded read all the same"},
    }
    return described


def paper(
    act: str, *events: EventType, content: dict[str, Any], also: Sequence[int] = (), what: str = "The paper"
) -> dict[str, Any]:
    """Describe an operation that gives `what` it makes or finds for this caller at this moment, so never 304."""
    described = _describe(act, events, (*_READ, *also), None, None, 200)
    described["responses"][200] = {"description": what, "content": content}
    return described
