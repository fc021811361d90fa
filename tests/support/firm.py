"""A law firm for tests: people who send requests, and eyes on the events and tables that these leave."""

from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import quote
from uuid import UUID, uuid4

import asyncpg
import httpx

from app.access.gate import Gate
from app.auth.roles import Role
from app.auth.schemas import UserCreate
from app.auth.users import UserService
from app.core.actor import Actor, service_actor
from app.events.unit_of_work import UnitOfWork
from app.factory import Services

Refusal = ("access.denied", "denied")


@dataclass
class Person:
    """Somebody with a token."""

    id: UUID
    name: str
    token: str
    http: httpx.AsyncClient
    roles: tuple[str, ...] = ()

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request as this person; JSON by `json=`."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.request("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        if json is not None:
            options["json"] = json
        return await self.request("POST", path, **options)

    async def put(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        if json is not None:
            options["json"] = json
        return await self.request("PUT", path, **options)

    async def patch(self, path: str, json: Any, **options: Any) -> httpx.Response:
        return await self.request("PATCH", path, json=json, **options)

    async def change(self, path: str, json: Any, method: str = "PATCH") -> httpx.Response:
        """Read, then change with the ETag that was read."""
        etag = (await self.get(path)).headers["etag"]
        return await self.request(method, path, json=json, headers={"If-Match": etag})


class _OpenGate:
    """Lets everything pass: the hand that puts people into a test firm."""

    async def require(self, actor: Actor, act: str, subject: object) -> None:
        return None

    async def forbid(self, actor: Actor, act: str, subject: object, rule: str) -> NoReturn:
        raise AssertionError(rule)


@dataclass
class Firm:
    """Everything a test of the API needs."""

    services: Services
    http: httpx.AsyncClient
    eyes: "asyncpg.Connection[asyncpg.Record]"
    _count: int = field(default=0)

    @property
    def gate(self) -> Gate:
        return Gate(self.services.resources.recorder)

    async def person(self, *roles: str, name: str | None = None, department: str | None = None) -> Person:
        """Bring a person with these roles; lawyers get a code for numbers."""
        self._count += 1
        name = name or f"{'·'.join(roles) or '无'}{self._count}"
        resources = self.services.resources
        users = UserService(
            resources.database,
            UnitOfWork(resources.database),
            resources.recorder,
            _OpenGate(),
            self.services.users._cursors,
            self.services.users._rules,
        )
        code = f"L{self._count:02d}" if {"lawyer", "partner", "director"} & set(roles) else None
        user = await users.create(
            service_actor("TEST", "firm", "setup"),
            UserCreate(
                username=f"person{self._count}", display_name=name, roles=[Role(role) for role in roles],
                department=department, lawyer_code=code,
            ),
        )  # fmt: skip
        return Person(user.id, name, await self.token(user.id, *roles), self.http, roles)

    async def token(self, user_id: UUID, *roles: str) -> str:
        """Give a token of a new session of a user, as after a login."""
        session_id = await self.eyes.fetchval(
            "INSERT INTO sessions (id, user_id, began_at, expires_at)"
            " VALUES ($1, $2, now(), now() + interval '12 hours') RETURNING id",
            uuid4(), user_id,
        )  # fmt: skip
        return self.services.tokens.issue(user_id, frozenset(roles), session_id)[0]

    async def client(self, by: Person, name: str = "北京示例科技有限公司", **fields: Any) -> dict[str, Any]:
        """Create a client as somebody."""
        made = await by.post("/v1/clients", {"kind": "organization", "name": name, **fields})
        assert made.status_code == 201, made.text
        return _json(made)

    async def dossier(self, by: Person, lead: Person | None = None, **fields: Any) -> dict[str, Any]:
        """Open a dossier as somebody, for a new client unless `client_ids` are given."""
        if "client_ids" not in fields:
            fields["client_ids"] = [(await self.client(by))["id"]]
        body = {"matter_type": "civil", "cause": "买卖合同纠纷", "lead_lawyer_id": str((lead or by).id), **fields}
        made = await by.post("/v1/dossiers", body)
        assert made.status_code == 201, made.text
        return _json(made)

    async def entry(self, by: Person, dossier_id: str, title: str = "委托代理合同", **fields: Any) -> dict[str, Any]:
        """Register an entry as somebody."""
        body = {"title": title, "category": "evidence", "original": "original", **fields}
        made = await by.post(f"/v1/dossiers/{dossier_id}/entries", body)
        assert made.status_code == 201, made.text
        return _json(made)

    async def file(
        self, by: Person, entry_id: str, content: bytes = b"%PDF-no pages", name: str = "a.pdf", **headers: str
    ) -> dict[str, Any]:
        """Store a file as somebody."""
        made = await by.post(
            f"/v1/entries/{entry_id}/files", content=content,
            headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", **headers},
        )  # fmt: skip
        assert made.status_code == 201, made.text
        return _json(made)

    async def events(self, answer: httpx.Response) -> list[tuple[str, str]]:
        """Give (type, outcome) of the events that a request left, in their order."""
        rows = await self.eyes.fetch(
            "SELECT type, outcome FROM events WHERE request_id = $1 ORDER BY id", answer.headers["x-request-id"]
        )
        return [(row["type"], row["outcome"]) for row in rows]

    async def event(self, answer: httpx.Response) -> dict[str, Any]:
        """Give the one event that a request left."""
        rows = await self.eyes.fetch("SELECT * FROM events WHERE request_id = $1", answer.headers["x-request-id"])
        assert len(rows) == 1, [row["type"] for row in rows]
        return dict(rows[0])

    async def tables(self) -> dict[str, str]:
        """Give a digest of every table but the events and their queue; equal before and after a call that changed nothing."""
        names = await self.eyes.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'events%'"
            " AND tablename NOT IN ('event_queue', 'login_throttle') ORDER BY 1"
        )
        digests = {}
        for (name,) in names:
            digests[name] = await self.eyes.fetchval(
                f"SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {name} t"
            )
        return digests


def _json(answer: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = answer.json()
    return found


def done(*types: str) -> list[tuple[str, str]]:
    """The events of acts that succeeded."""
    return [(type_, "success") for type_ in types]
