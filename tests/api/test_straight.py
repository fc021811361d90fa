"""The straight way into an operation and the framework's own way answer alike, and leave the same events."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import httpx
import pytest
from fastapi import FastAPI, Response
from fastapi.routing import APIRoute

from app.api import straight
from app.api.context import ListQuery, act_as
from app.api.signpost import Signpost
from app.api.straight import StraightRoute
from app.config import Settings
from app.main import _ROOMS, create_app
from tests.access.test_programs import keeper_and_program
from tests.access.test_walk import Ids, things
from tests.api.test_routes import ABSENT
from tests.support.firm import Firm, Person

PLAIN = [
    route
    for room in _ROOMS
    for route in room.router.routes
    if isinstance(route, StraightRoute) and straight._is_plain(route.dependant)
]
READS = [route for route in PLAIN if route.methods and route.methods <= {"GET", "HEAD"}]
# What these tell of changes by each request, or they tell the time: what they give is compared as far as both are asked
# for the same moment, else how it is made.
MOMENTS = {
    "/v1/events": "to", "/v1/dossiers/{dossier_id}/readers": "to", "/v1/dossiers/{dossier_id}/access": "at",
    "/v1/duties": None,
}  # fmt: skip
SHAPES = ("{{{}}}", "urn:uuid:{}", "{}x", "{}%0A", "x", "%20{}")
NOW = re.compile(rb'(?<="computed_at":")[^"]+')
Header = tuple[str, str]
VALUES = ("", "1", "%FF%00", "%E6%A1%88" * 300)
FEW = 8  # one of so many operations stands for all where they have no part in it


class Sent(NamedTuple):
    """A request to an operation."""

    route: APIRoute
    path: str
    query: str
    headers: list[tuple[str, str]]

    @property
    def method(self) -> str:
        return next(iter(self.route.methods or ()))

    @property
    def tells_the_moment(self) -> bool:
        """Whether the answer depends on when it is asked for."""
        by = MOMENTS.get(self.route.path, "")
        return by is None or (by != "" and not self.query.startswith(f"{by}=20"))


class Ways:
    """The running application twice, on the same services: with the straight way, and by the framework alone."""

    def __init__(self, firm: Firm, app: FastAPI, settings: Settings) -> None:
        usual = create_app(settings)
        assert isinstance(usual.router.routes.pop(0), Signpost)
        usual.state.services = app.state.services
        self.firm, self.went_straight, self.differences = firm, 0, list[Any]()
        self.request_ids = dict[str, Sent]()
        self.clients = [self._client(app), self._client(usual)]

    def _client(self, app: FastAPI) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=("127.0.0.1", 50000))
        return httpx.AsyncClient(transport=transport, base_url="http://anjuan.test")

    async def alike(self, sent: Sent, *, goes_straight: bool | None = None) -> httpx.Response:
        """Send a request both ways and compare what comes of it; tell whether the straight way was really gone."""
        told, before = [], self.went_straight
        for client in self.clients:
            url = f"{sent.path}?{sent.query}" if sent.query else sent.path
            answer = await client.request(sent.method, url, headers=sent.headers)
            request_id = answer.headers.pop("x-request-id")
            told.append(self._comparable(sent, answer, request_id))
            self.request_ids[request_id] = sent
            if client is self.clients[0]:
                straight_first = self.went_straight - before
        assert answer.status_code < 500, sent
        if told[0] != told[1]:
            differ = [(one, other) for one, other in zip(*told, strict=True) if one != other]
            self.differences.append((sent.method, sent.path, sent.query, sent.headers[1:], differ))
        assert self.went_straight - before == straight_first, "the framework's way is its own"
        assert goes_straight is None or straight_first == int(goes_straight), sent
        return answer

    def _comparable(self, sent: Sent, answer: httpx.Response, request_id: str) -> tuple[int, Any, Any]:
        body, dated = NOW.subn(b"-", answer.content.replace(request_id.encode(), b"-"))
        headers = answer.headers.multi_items()
        if dated or (sent.tells_the_moment and answer.is_success):
            headers = [(name, value) for name, value in headers if name not in {"etag", "content-length", "link"}]
        if sent.tells_the_moment and answer.is_success:
            return answer.status_code, sorted(answer.json()), headers
        return answer.status_code, body, headers

    async def events_alike(self) -> None:
        """Compare what was recorded of each request both ways, but for ids and times."""
        recorded: dict[str, list[Any]] = {request_id: [] for request_id in self.request_ids}
        for request_id, *row in await self.firm.eyes.fetch(
            "SELECT request_id, type, outcome, actor_id, actor_name, actor_roles, via_id, subject_type, subject_id,"
            " subject_label, dossier_id, entry_id, ip, user_agent, method, route, details FROM events"
            " WHERE request_id = ANY($1) ORDER BY id", list(self.request_ids),
        ):  # fmt: skip
            recorded[request_id].append(row[:-1] if self.request_ids[request_id].tells_the_moment else row)
        assert sum(map(len, recorded.values())) >= len(recorded) * 0.5
        both = list(recorded)
        for one, other in zip(both[::2], both[1::2], strict=True):
            assert self.request_ids[one] is self.request_ids[other]
            assert recorded[one] == recorded[other], self.request_ids[one]


@pytest.fixture
async def ways(firm: Firm, app: FastAPI, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Ways:
    """Both ways."""
    ways = Ways(firm, app, settings)

    async def counted(*args: Any) -> Any:
        ways.went_straight += 1
        return await act_as(*args)

    monkeypatch.setattr(straight, "act_as", counted)
    return ways


def bearer(token: str) -> list[tuple[str, str]]:
    """Give the header that carries a token."""
    return [("Authorization", f"Bearer {token}")]


def filled(route: APIRoute, ids: Ids, shape: str = "{}") -> str:
    """Fill the ids into a path, each in this shape."""
    return re.sub(r"\{(\w+)\}", lambda found: shape.format(ids[found[1]]), route.path)


def upper(route: APIRoute, ids: Ids) -> str:
    """Fill in the ids in capitals."""
    return filled(route, {name: value.upper() for name, value in ids.items()})


def names(route: APIRoute) -> list[str]:
    """Name the parameters of the query."""
    model = straight._query_model(route.dependant)
    if model is None:
        return [param.alias for param in route.dependant.query_params]
    return [field.alias or name for name, field in model.model_fields.items()]


def queries(route: APIRoute, *, all_kinds: bool) -> Iterator[str]:
    """Give queries that fit and that don't."""
    yield "nobody=1"
    if all_kinds:
        yield from ("nobody", "&", "%", "limit=2", "limit=2&limit=2")
    for name in names(route):
        if all_kinds or name not in ListQuery.model_fields:
            yield from (f"{name}={value}" for value in VALUES)
            yield f"{name}=1&{name}=2"


@pytest.mark.parametrize("route", PLAIN, ids=lambda route: f"{''.join(route.methods)} {route.path}")
def test_the_straight_way_gives_all_that_is_asked_for(route: StraightRoute) -> None:
    """The rest of what the framework could give, and a result that it would have to serialise, are not plain."""
    asked = route.dependant
    given = {param.name for param in (*asked.path_params, *asked.query_params)}
    given |= {str(dependency.name) for dependency in asked.dependencies}
    signature = inspect.signature(route.endpoint, eval_str=True)
    assert set(signature.parameters) == given | ({asked.request_param_name} - {None})
    assert issubclass(signature.return_annotation, Response)
    if straight._query_model(asked) is None:
        assert all(param.field_info.default_factory is None for param in asked.query_params)


@dataclass
class Office:
    """A firm with something of everything, and for each operation somebody who is answered, if there is anybody."""

    ids: Ids
    stranger: Person
    program: Person
    who: dict[str, Person]
    moment: str
    answered: int = 0

    def sent(self, route: APIRoute, path: str | None = None, query: str | None = None, *headers: Header) -> Sent:
        """Make a request to an operation, as somebody who is answered unless `headers` say who."""
        by = MOMENTS.get(route.path)
        return Sent(
            route,
            filled(route, self.ids) if path is None else path,
            query if query is not None else f"{by}={self.moment}" if by else "",
            list(headers) or bearer(self.who.get(route.path, self.stranger).token),
        )


async def office(firm: Firm, ways: Ways) -> Office:
    """Make it."""
    lead, ids = await things(firm)
    _, program = await keeper_and_program(firm, level="confidential", on_behalf=True)
    others = [await firm.person(role) for role in ("director", "security_admin", "system_admin", "auditor")]
    moment = await firm.eyes.fetchval("SELECT now() AT TIME ZONE 'UTC'")
    made = Office(ids, others[-1], program, {}, f"{moment.isoformat()}Z")
    for route in READS:
        for person in (lead, *others):
            made.who[route.path] = person
            if (await ways.alike(made.sent(route), goes_straight=True)).is_success:
                made.answered += 1
                break
    return made


async def test_both_ways_answer_alike(firm: Firm, ways: Ways) -> None:
    here = await office(firm, ways)
    assert here.answered > len(READS) * 0.8, "most are compared by what they give, not by how they refuse"
    for number, route in enumerate(READS):
        all_kinds = number % FEW == 0
        await callers(ways, here, route, all_kinds=all_kinds)
        await ids_of_all_kinds(ways, here, route, all_kinds=all_kinds)
        await queries_of_all_kinds(ways, here, route, all_kinds=all_kinds)
    for route in PLAIN:
        if route not in READS:
            await ways.alike(here.sent(route, None, None, ("X-Nothing", "1")), goes_straight=True)
            await ways.alike(here.sent(route, upper(route, dict.fromkeys(here.ids, ABSENT))), goes_straight=False)
    assert ways.differences == []
    await ways.events_alike()


@pytest.mark.parametrize("asked", ["/v1/events?request_id=a%00", "/v1/dossiers?external_ref=a:%00"])
async def test_zero_bytes_in_a_query_are_refused(firm: Firm, asked: str) -> None:
    """PostgreSQL takes none."""
    assert (await (await firm.person("director")).get(asked)).status_code == 422


async def callers(ways: Ways, here: Office, route: APIRoute, *, all_kinds: bool) -> None:
    """Ask on behalf of somebody, without a token, with one that is none, as a stranger."""
    program, behalf = bearer(here.program.token)[0], "Anjuan-On-Behalf-Of"
    lead, stranger = here.ids["user_id"], bearer(here.stranger.token)[0]
    other = str(here.stranger.id)
    cases: list[tuple[Header, ...]] = [(program, (behalf, lead)), (("X-Nothing", "1"),)]
    if all_kinds:
        cases += [
            (("Authorization", "Bearer nonsense"),), (("Authorization", "Basic eDp4"),), (stranger,), (program,),
            (program, (behalf, "x")), (program, (behalf, "")), (program, (behalf, other)),
            (program, (behalf, lead), (behalf, other)), (program, (behalf, other), (behalf, lead)),
            (stranger, (behalf, lead)), (program, stranger), (stranger, program),
        ]  # fmt: skip
    for headers in cases:
        await ways.alike(here.sent(route, None, None, *headers), goes_straight=True)


async def ids_of_all_kinds(ways: Ways, here: Office, route: APIRoute, *, all_kinds: bool) -> None:
    """Ask for ids that are written in another way, or are none."""
    if "{" not in route.path:
        return
    plain = filled(route, {name: value.replace("-", "") for name, value in here.ids.items()})
    shaped = (filled(route, here.ids, shape) for shape in SHAPES)
    for path in (upper(route, here.ids), *((plain, *shaped) if all_kinds else ())):
        await ways.alike(here.sent(route, path), goes_straight=False)
    nobody = filled(route, dict.fromkeys(here.ids, ABSENT))
    await ways.alike(here.sent(route, nobody), goes_straight=True)


async def queries_of_all_kinds(ways: Ways, here: Office, route: APIRoute, *, all_kinds: bool) -> None:
    """Ask with queries that fit and that don't; an operation that asks for none goes straight with any."""
    if not names(route) and not all_kinds:
        return
    for query in queries(route, all_kinds=all_kinds):
        await ways.alike(here.sent(route, None, query), goes_straight=None if names(route) else True)
