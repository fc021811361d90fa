"""What happens around every request: its id, the limit of its body, security headers, metrics, one line of log."""

import re
import time
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
_DIGITS, _MOST_DIGITS = re.compile(r"^[0-9]+$"), 18
_REQUEST_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")
# Bodies that are files: their limit is the upload limit, held while they stream.
_FILE_BODIES = re.compile(
    r"^/v1/(entries/[^/]+/files|dossiers/[^/]+/(documents|mail)|clients/[^/]+/verifications/[^/]+/copy|uploads/[^/]+)$"
)
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
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
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self._request_id
            for name, value in _SECURITY.items():
                headers.setdefault(name, value)
            if tus.speaks(self._scope["path"]):
                headers.update(tus.ON_ALL)
            if self._scope["path"].startswith("/docs"):
                headers["Content-Security-Policy"] = _PAGES_POLICY
        await self._send(message)

    @property
    def begun(self) -> bool:
        """Tell whether the answer is under way."""
        return self._status != 0

    def finish(self) -> None:
        """Count and log the request."""
        route: Any = self._scope.get("route")
        path = getattr(route, "path", "unknown")
        seconds = time.perf_counter() - self._began
        _REQUESTS.labels(self._scope["method"], path, str(self._status)).inc()
        _SECONDS.labels(self._scope["method"], path).observe(seconds)
        _log.debug(
            "request", method=self._scope["method"], route=path, status=self._status,
            milliseconds=round(seconds * 1000, 1), request_id=self._request_id,
        )  # fmt: skip
