"""A client of the service's HTTP API as any program would write one; knows nothing of the service's inside."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import aiohttp

_TIMEOUT = aiohttp.ClientTimeout(total=120, sock_connect=10)
_PROBLEM = "application/problem+json"


class CallError(Exception):
    """A call was answered with something else than expected; says which, and what the problem document says."""

    def __init__(self, step: str, answer: "Answer") -> None:
        self.step, self.status, self.problem = step, answer.status, answer.problem()
        super().__init__(f"{step}: HTTP {answer.status}: {_sentence(self.problem)}")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was read to its end."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """Give the body as JSON."""
        return json.loads(self.content)

    def problem(self) -> dict[str, Any]:
        """Give the problem document (RFC 9457), or what stands in its place."""
        if self.headers.get("Content-Type", "").startswith(_PROBLEM):
            return dict(self.json())
        return {"detail": self.content[:500].decode("utf-8", "replace") or "no body"}


class Caller:
    """Somebody who is logged in; every POST carries an `Idempotency-Key` of its own."""

    def __init__(self, session: aiohttp.ClientSession, token: str | None = None) -> None:
        self._session, self._token = session, token

    async def login(self, username: str, password: str) -> "Caller":
        """Log in and give the caller who this user then is."""
        form = {"grant_type": "password", "username": username, "password": password}
        answer = await self.call(f"log in {username}", "POST", "/v1/auth/token", data=form)
        return Caller(self._session, str(answer.json()["access_token"]))

    async def call(
        self,
        step: str,
        method: str,
        path: str,
        *,
        expect: tuple[int, ...] = (HTTPStatus.OK, HTTPStatus.CREATED),
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Answer:
        """Call the service and read the answer; `options` are those of aiohttp.

        Raises CallError when the status isn't among those expected, or nobody answers.
        """
        sent = dict(headers or {})
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        if method == "POST":
            sent["Idempotency-Key"] = str(uuid4())
        try:
            async with self._session.request(method, path, headers=sent, **options) as response:
                answer = Answer(response.status, response.headers, await response.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise CallError(step, Answer(0, {}, f"no answer: {error!r}".encode())) from error
        if answer.status not in expect:
            raise CallError(step, answer)
        return answer

    async def post(self, step: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send JSON by POST and give the JSON answered."""
        return dict((await self.call(step, "POST", path, json=body)).json())

    async def get(self, step: str, path: str) -> dict[str, Any]:
        """Give the JSON of a resource."""
        return dict((await self.call(step, "GET", path)).json())

    async def change(self, step: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change a resource as it stands now: its ETag goes along as `If-Match`."""
        now = await self.call(step, "GET", path)
        match = {"If-Match": now.headers["ETag"]}
        return dict((await self.call(step, "PATCH", path, json=body, headers=match)).json())

    async def count(self, step: str, path: str) -> int:
        """Count the items of a list through all its pages; `path` has a query already."""
        found, cursor = 0, ""
        while True:
            page = await self.get(step, f"{path}&limit=200{cursor}")
            found += len(page["items"])
            if page["next"] is None:
                return found
            cursor = f"&cursor={quote(page['next'], safe='')}"

    async def put_file(self, step: str, path: str, file: Path, media_type: str) -> dict[str, Any]:
        """Send a file's raw bytes; its name goes along by RFC 8187."""
        headers = {
            "Content-Type": media_type,
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        }
        with file.open("rb") as stream:
            return dict((await self.call(step, "PUT", path, data=stream, headers=headers)).json())

    async def post_document(
        self, step: str, path: str, entry: Mapping[str, Any], file: Path, media_type: str
    ) -> dict[str, Any]:
        """Send an entry and its file as a form: part `entry`, then part `file`, named as browsers name it."""
        with file.open("rb") as stream:
            form = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
            form.add_field("entry", json.dumps(entry, ensure_ascii=False), content_type="application/json")
            form.add_field("file", stream, filename=file.name, content_type=media_type)
            return dict((await self.call(step, "POST", path, data=form)).json())


@asynccontextmanager
async def visitor(base_url: str) -> AsyncIterator[Caller]:
    """Open a connection to the service as nobody yet; log in to become somebody."""
    async with aiohttp.ClientSession(base_url, timeout=_TIMEOUT) as session:
        yield Caller(session)


def _sentence(problem: Mapping[str, Any]) -> str:
    parts = [str(problem[name]) for name in ("code", "title", "detail") if problem.get(name)]
    parts += [f"{error.get('pointer')}: {error.get('detail')}" for error in problem.get("errors") or ()]
    if problem.get("request_id"):
        parts.append(f"request {problem['request_id']}")
    return "; ".join(parts)
