"""The short way leads to the very route that the framework's own search finds, or to none."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from app.api.signpost import Signpost
from app.main import create_app

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
ID = "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"
UNUSUAL = (ID.upper(), f"{{{ID}}}", "x", "0", "案", "a.b", "a:b", "a b", "%2F", "a\n", ".", "..")
PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


class Found(NamedTuple):
    """Where a request came to: a route with what was read of the path, or an answer of the framework."""

    route: APIRoute | None
    ids: dict[str, Any]
    answer: tuple[int, bytes | None] | None


class Ways:
    """Both ways of one application; no request gets further than its route."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.all: list[BaseRoute] = app.router.routes
        first = self.all[0]
        assert isinstance(first, Signpost)
        self.signpost, self.rest = first, self.all[1:]
        self.routes = [
            route for one in iter_route_contexts(self.rest) if isinstance(route := one.original_route, APIRoute)
        ]

    def asked(self, method: str, path: str) -> Scope:
        """Make a request as a server does."""
        return {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": [(b"host", b"anjuan.test")], "root_path": "", "scheme": "http", "server": ("anjuan.test", 80),
            "app": self.app,
        }  # fmt: skip

    async def found(self, routes: list[BaseRoute], method: str, path: str) -> Found:
        """Tell where the framework brings a request to with these routes."""
        scope, answers = self.asked(method, path), list[tuple[int, bytes | None]]()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answers.append((message["status"], dict(message["headers"]).get(b"location")))

        self.app.router.routes = routes
        try:
            await self.app.router(scope, nothing, send)
        except Exception as error:  # noqa: BLE001 - the framework's 404 and 405 are raised
            answers.append((getattr(error, "status_code", 0), None))
        finally:
            self.app.router.routes = self.all
        reached: APIRoute | None = scope.get("reached")
        return Found(reached, scope.get("path_params", {}), answers[0] if answers else None)


async def nothing() -> Any:
    """No request here has a body."""
    raise AssertionError("no route was to be carried out")


@pytest.fixture(scope="module")
def ways() -> Iterator[Ways]:
    """The application, not running."""

    async def reached(self: APIRoute, scope: Scope, receive: Receive, send: Send) -> None:
        scope["reached"] = self

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(APIRoute, "handle", reached)
        yield Ways(create_app())


def concrete(route: APIRoute, value: str) -> str:
    """Fill all parameters of a path."""
    return PARAMETER.sub(lambda _: value, route.path)


def _words(routes: Iterable[APIRoute]) -> set[str]:
    return {word for route in routes for word in route.path.split("/") if word and not PARAMETER.search(word)}


def paths(route: APIRoute, words: Iterable[str]) -> Iterator[str]:
    """Give paths that fit or nearly fit; `words` are those that stand in the place of an id in other routes."""
    usual = concrete(route, ID)
    yield from (f"{usual}/", f"/{usual}", usual[1:], usual.replace("/", "//", 2)[1:], f"{usual}/x", usual.upper())
    head, _, _ = usual.rpartition("/")
    yield from (head, f"{head}/", f"{head}//{usual.rpartition('/')[2]}")
    if PARAMETER.search(route.path):
        yield from (concrete(route, value) for value in (*UNUSUAL, *words, ""))


async def test_every_route_is_found_by_both_with_every_method(ways: Ways) -> None:
    """Whatever has a plain path goes the short way."""
    assert len(ways.routes) > 150
    for route in ways.routes:
        path = concrete(route, ID)
        for method in METHODS:
            match, child = ways.signpost.matches(ways.asked(method, path))
            found = await ways.found(ways.all, method, path)
            assert found == await ways.found(ways.rest, method, path), (method, path)
            if match is Match.FULL:
                assert found.route is not None
                assert (child["route"], child["path_params"], found.answer) == (found.route, found.ids, None)
                assert method in (found.route.methods or ())
            if method in (route.methods or ()) and ":" not in route.path and route.path.startswith("/v1/"):
                assert (match, found.route and found.route.path) == (Match.FULL, route.path), (method, path)


async def test_paths_that_nearly_fit_are_found_alike(ways: Ways) -> None:
    words = sorted(_words(ways.routes))
    nowhere = reached = 0
    for number, route in enumerate(ways.routes):
        # All words for each route would take long; each word comes by at several.
        for path in paths(route, words[number % 7 :: 7]):
            for method in route.methods or ():
                found = await ways.found(ways.all, method, path)
                assert found == await ways.found(ways.rest, method, path), (method, path)
                reached += found.route is not None
                nowhere += found.route is None
    assert min(reached, nowhere) > len(ways.routes)


def test_other_kinds_of_connections_are_left_to_the_framework(ways: Ways) -> None:
    for kind in ("websocket", "lifespan"):
        assert ways.signpost.matches({**ways.asked("GET", "/v1/dossiers"), "type": kind}) == (Match.NONE, {})
