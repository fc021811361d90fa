"""What happens around every request: its id, the limit of its body, security headers, metrics, one line of log."""

import logging
import re
import time
from functools import lru_cache
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api import tus
from app.api.problems import Bug, answer_error
from app.core.errors import TooLarge
from app.core.ids import new_id

_log = structlog.get_logger()
_root_log = logging.getLogger()  # knows the level without making a logger for each question
_DIGITS, _MOST_DIGITS = re.compile(r"^[0-9]+$"), 18
_REQUEST_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")
# Bodies that are files: their limit is the upload limit, held while they stream.
_FILE_BODIES = re.compile(
    r"^/v1/(entries/[^/]+/files|dossiers/[^/]+/(documents|mail)|clients/[^/]+/verifications/[^/]+/copy|uploads/[^/]+)$"
)
_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
# The API pages load their own script and style, and nothing from elsewhere.
_PAGES_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; frame-ancestors 'none'"
)

REGISTRY = CollectorRegistry()
_REQUESTS = Counter("anjuan_requests", "Requests", ("method", "route", "status"), registry=REGISTRY)
_SECONDS = Histogram("anjuan_request_seconds", "Time to the end of the answer", ("method", "route"), registry=REGISTRY)


class Envelope:
    """Pure ASGI middleware, outermost.

    Parameters: `body_limit` is the most bytes of a body that is not a file.
    """

    def __init__(self, app: ASGIApp, body_limit: int) -> None:
        self._app, self._body_limit = app, body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with everything around it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.match(given) else str(new_id())
        scope.setdefault("state", {})["request_id"] = request_id
        observed = _Observed(scope, send, request_id)
        if _FILE_BODIES.match(scope["path"]):
            await self._run(scope, receive, observed)
            return
        limit = self._body_limit
        error = TooLarge(f"A body that is not a file may have at most {limit} bytes", f"请求体最大 {limit} 字节")
        length = headers.get("content-length", "")
        if _DIGITS.match(length) and (len(length) > _MOST_DIGITS or int(length) > limit):
            await answer_error(scope, receive, observed, error)
            observed.finish()
            return
        await self._run(scope, _limited(receive, limit, error), observed)

    async def _run(self, scope: Scope, receive: Receive, observed: "_Observed") -> None:
        try:
            await self._app(scope, receive, observed)
        except Exception as error:  # whatever a bug of ours raises: the caller gets an answer of the usual form
            _log.error("bug", error=repr(error), exc_info=error, request_id=scope["state"]["request_id"])
            if observed.begun:
                raise  # the connection breaks, so that nobody takes a part for the whole
            await answer_error(scope, receive, observed, Bug())
        finally:
            observed.finish()


def _limited(receive: Receive, limit: int, error: TooLarge) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit:
                raise error
        return message

    return counted


class _Observed:
    """The way out: adds headers, remembers the status."""

    def __init__(self, scope: Scope, send: Send, request_id: str) -> None:
        self._scope, self._send, self._request_id = scope, send, request_id
        self._began, self._status = time.perf_counter(), 0

    async def __call__(self, message: Message) -> None:
        """Send a piece of the answer on; what is everywhere in its head is added to what the answer itself says."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            said: list[tuple[bytes, bytes]] = list(message["headers"])
            names = {name.lower() for name, _ in said}
            said.append((b"x-request-id", self._request_id.encode()))
            said += [pair for pair in _SECURITY if pair[0] not in names]
            path = self._scope["path"]
            if tus.speaks(path):
                MutableHeaders(raw=said).update(tus.ON_ALL)
            elif path.startswith("/docs"):
                MutableHeaders(raw=said)["Content-Security-Policy"] = _PAGES_POLICY
            message = {**message, "headers": said}
        await self._send(message)

    @property
    def begun(self) -> bool:
        """Tell whether the answer is under way."""
        return self._status != 0

    def finish(self) -> None:
        """Count and log the request."""
        route: Any = self._scope.get("route")
        method, path = self._scope["method"], getattr(route, "path", "unknown")
        seconds = time.perf_counter() - self._began
        counted, timed = _meters(method, path, self._status)
        counted.inc()
        timed.observe(seconds)
        if _root_log.isEnabledFor(logging.DEBUG):
            _log.debug(
                "request", method=method, route=path, status=self._status, milliseconds=round(seconds * 1000, 1),
                request_id=self._request_id,
            )  # fmt: skip


# Kept, because looking a meter up by its labels costs more than counting. Callers choose method and status within few.
@lru_cache(maxsize=4096)
def _meters(method: str, path: str, status: int) -> tuple[Counter, Histogram]:
    return _REQUESTS.labels(method, path, str(status)), _SECONDS.labels(method, path)
