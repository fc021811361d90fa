"""Calls as a server hands them to the application, for what no client library does: going away in the middle."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.support.firm import Firm, Person

Message = dict[str, Any]


async def called(
    firm: Firm, by: Person, method: str, path: str, receive: Callable[[], Awaitable[Message]], request_id: str,
    more: dict[str, str] | None = None,
) -> list[Message]:  # fmt: skip
    """Call the application, with `more` headers; give every message that it sent."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"authorization", f"Bearer {by.token}".encode()), (b"x-request-id", request_id.encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in (more or {}).items()]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
        "raw_path": path.encode(), "query_string": b"", "headers": headers, "scheme": "http", "root_path": "",
        "server": ("anjuan.test", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    await firm.http._transport.app(scope, receive, send)  # type: ignore[attr-defined]
    return sent
