"""The straight way into an operation that asks for no more than its caller and ids.

The framework works out anew for each request what the function of a route asks for. Where that is no more than the
request, the services, the caller and ids in the path, it is known beforehand. An id of another spelling than the usual
one goes the framework's way, which judges it.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import UUID

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
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
    more = (asked.query_params, asked.header_params, asked.cookie_params, asked.body_params)
    return (
        not any(more)
        and {dependency.call for dependency in asked.dependencies} == {services, caller}
        and all(param.field_info.annotation is UUID for param in asked.path_params)
    )


def _straight(asked: Dependant, usual: ASGIApp) -> ASGIApp:
    function = cast("Callable[..., Awaitable[Response]]", asked.call)
    names = {dependency.call: str(dependency.name) for dependency in asked.dependencies}
    of_app, of_caller, of_request = names[services], names[caller], asked.request_param_name
    ids = [param.name for param in asked.path_params]

    async def straight(scope: Scope, receive: Receive, send: Send) -> None:
        given = scope["path_params"]
        if not all(_ID.fullmatch(given[name]) for name in ids):
            await usual(scope, receive, send)
            return
        request = Request(scope, receive, send)
        values: dict[str, Any] = {name: UUID(given[name]) for name in ids}
        values[of_caller] = await act_as(request, request.headers.get(ON_BEHALF_OF))
        values[of_app] = request.app.state.services
        if of_request is not None:
            values[of_request] = request
        response = await function(**values)
        await response(scope, receive, send)

    return straight
