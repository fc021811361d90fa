"""The short way to a route: by a table, where the framework tries one pattern after the other, and each twice.

It leads only where method and path fit whole, to the very route that the framework would have found. All else (no such
path, another method, a slash too many) it leaves to the framework.
"""

from collections import defaultdict
from collections.abc import Iterable

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

# What tells paths apart: method, number of segments, and the word after the version.
_Key = tuple[str, int, str]


class Signpost(BaseRoute):
    """Stands before all routes and leads to one of them.

    Parameters: `routes` in the order of the framework; of several that fit, the first counts there and here.
    """

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._ways: defaultdict[_Key, list[APIRoute]] = defaultdict(list)
        for route in routes:
            if isinstance(route, APIRoute) and "{" not in "/".join(route.path.split("/")[:3]) and ":" not in route.path:
                for method in route.methods or ():
                    self._ways[_key(method, route.path)].append(route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Find the route of a request; none where the framework shall look itself."""
        if scope["type"] == "http":
            for route in self._ways.get(_key(scope["method"], scope["path"]), ()):
                match, child = route.matches(scope)
                if match is Match.FULL:
                    return match, child
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on to the route that was found."""
        await scope["route"].handle(scope, receive, send)


def _key(method: str, path: str) -> _Key:
    word = path.split("/", 3)[2:3]
    return method, path.count("/"), word[0] if word else path
