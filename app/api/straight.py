"""The straight way into an operation that asks for no more than its caller, ids and a query.

The framework works out anew for each request what the function of a route asks for. Where that is no more than the
request, the services, the caller, ids in the path and a query, it is known beforehand. Whatever is not plain (an id of
another spelling, a name twice in the query, a value that does not fit) goes the framework's way, which judges it.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import UUID

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.context import ON_BEHALF_OF, act_as, caller, services

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class StraightRoute(APIRoute):
    """A route that goes the straight way where it can."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if _is_plain(self.dependant):
            self.app = _straight(self.dependant, self.app)


def _is_plain(asked: Dependant) -> bool:
    return (
        not any((asked.header_params, asked.cookie_params, asked.body_params))
        and {dependency.call for dependency in asked.dependencies} == {services, caller}
        and all(param.field_info.annotation is UUID for param in asked.path_params)
        and (_query_model(asked) is not None or not any(param.field_info.is_required() for param in asked.query_params))
    )


def _query_model(asked: Dependant) -> type[BaseModel] | None:
    """Give the model of the query, where a single one describes it all."""
    kinds = [param.field_info.annotation for param in asked.query_params]
    return kinds[0] if len(kinds) == 1 and isinstance(kinds[0], type) and issubclass(kinds[0], BaseModel) else None


def _query(asked: Dependant) -> Callable[[Request], dict[str, Any] | None]:
    """Give what reads the query of a request: parameters by name, None for what is not plain."""
    model = _query_model(asked)
    left_out = {param.name: param.field_info.default for param in asked.query_params}

    def by_model(request: Request) -> dict[str, Any] | None:
        given = request.query_params.multi_items()
        values = dict(given)
        if len(values) != len(given):
            return None
        try:
            return {asked.query_params[0].name: cast("type[BaseModel]", model).model_validate(values)}
        except ValidationError:
            return None

    def by_defaults(request: Request) -> dict[str, Any] | None:
        return None if request.scope["query_string"] and left_out else left_out

    return by_defaults if model is None else by_model


def _straight(asked: Dependant, usual: ASGIApp) -> ASGIApp:
    function = cast("Callable[..., Awaitable[Response]]", asked.call)
    names = {dependency.call: str(dependency.name) for dependency in asked.dependencies}
    of_app, of_caller, of_request = names[services], names[caller], asked.request_param_name
    ids, query = [param.name for param in asked.path_params], _query(asked)

    async def straight(scope: Scope, receive: Receive, send: Send) -> None:
        given, request = scope["path_params"], Request(scope, receive, send)
        queried = query(request)
        if queried is None or not all(_ID.fullmatch(given[name]) for name in ids):
            await usual(scope, receive, send)
            return
        values: dict[str, Any] = {name: UUID(given[name]) for name in ids}
        values[of_caller] = await act_as(request, request.headers.get(ON_BEHALF_OF))
        values[of_app] = request.app.state.services
        if of_request is not None:
            values[of_request] = request
        response = await function(**values, **queried)
        await response(scope, receive, send)

    return straight
