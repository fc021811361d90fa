"""Every operation says what it is: its name, permission, events, examples and errors; and holds to it."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from app.access.acts import ACTS, Need
from app.access.events import ACCESS_DENIED
from app.api import describe, operation
from app.auth.events import AUTH_REJECTED
from app.auth.roles import Role
from app.care.events import (
    FINDING_RESOLVED,
    OBJECT_CORRUPT,
    OBJECT_MISSING,
    ORPHANS_FOUND,
    ORPHANS_SWEPT,
    STORAGE_CHECKED,
)
from app.config import HttpSettings, Settings
from app.entries.events import FILE_SCANNED
from app.events.vocabulary import declared
from app.filing.events import FILING_REMINDED
from app.jobs.events import (
    KEYS_BACKED_UP,
    KEYS_RESTORED,
    LEDGER_KEY_ROTATED,
    LEDGER_VERIFIED,
    MASTER_KEYS_DROPPED,
    MASTER_KEYS_ROTATED,
    UPLOADS_SWEPT,
)
from app.main import create_app
from app.redaction.events import REDACTED, REDACTION_FINISHED
from app.reports.events import LOCK_FAILED, LOCK_LOST, LOCK_PROVEN, LOCK_UNSUPPORTED
from app.sample.events import FIRM_MADE
from tests.support.firm import Firm

ABSENT = "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
PUBLIC = {"issue_token", "read_jwks", "check_live", "check_ready", "read_metrics", "read_version", "read_tus"}

# Acts that are asked for within an operation that is named after another.
ACTS_WITHIN = {
    "user.change_own": "change_user, when it is about oneself",
    "user.set_roles": "create_user and change_user, when roles are given",
    "user.set_roles_own": "change_user, when it is about oneself",
    "dossier.open_sealed": "open_dossier, when it is sealed",
    "integration.on_behalf": "read_dossier and all others, with the header Anjuan-On-Behalf-Of",
    "duty.read_firm": "list_duties, with scope firm",
    "conflict.waive": "conclude_check, when a conflict is waived or an absolute one denied",
    "dossier.lower_level": "change_dossier, when the level is lowered",
    "entry.lower_level": "change_entry, when the level is lowered",
    "object.keep": "move_object, once the dossier was handed in",
}
EVENTS_WITHOUT_OPERATION: dict[str, str] = dict.fromkeys(
    (
        event.name
        for event in (
            ORPHANS_SWEPT,
            UPLOADS_SWEPT,
            FILING_REMINDED,
            FILE_SCANNED,
            LOCK_PROVEN,
            LOCK_UNSUPPORTED,
            LOCK_LOST,
            LOCK_FAILED,
            KEYS_BACKED_UP,
            MASTER_KEYS_DROPPED,
            REDACTED,
            REDACTION_FINISHED,
        )
    ),
    "the worker, which no caller asks",
) | dict.fromkeys(
    (
        event.name
        for event in (
            STORAGE_CHECKED,
            OBJECT_MISSING,
            OBJECT_CORRUPT,
            ORPHANS_FOUND,
            FINDING_RESOLVED,
            MASTER_KEYS_ROTATED,
            KEYS_RESTORED,
            LEDGER_VERIFIED,
            LEDGER_KEY_ROTATED,
            LEDGER_VERIFIED,
        )
    ),
    "the worker and a command, which no caller asks",
)
EVENTS_WITHOUT_OPERATION[FIRM_MADE.name] = "a command on an empty database, which no caller asks"

Operation = tuple[str, str, dict[str, Any]]


def operations(schema: dict[str, Any]) -> Iterator[Operation]:
    """Give all operations: method, path, description."""
    for path, item in schema["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def _examples(content: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    """Tell what is wrong with the examples of JSON bodies."""
    for media_type, body in content.items():
        if media_type != "application/json":
            continue
        if "example" not in body:
            yield "no example"
            continue
        shape = {**body.get("schema", {}), "components": schema["components"]}
        for error in jsonschema_rs.Draft202012Validator(shape, validate_formats=True).iter_errors(body["example"]):
            yield f"example {error.instance_path}: {error.message}"


def _permission(told: Any, public: bool) -> Iterator[str]:
    if public:
        if told != {"for": "everybody"}:
            yield "a public operation with a permission"
    elif not isinstance(told, dict) or set(told) != {"act", "for"}:
        yield "no permission"
    elif told["act"] not in ACTS:
        yield f"unknown act {told['act']!r}"
    elif told["for"] != ACTS[told["act"]].permission:
        yield "permission of another act"


def _events(told: Any, public: bool) -> Iterator[str]:
    if not isinstance(told, list) or (not told and not public):
        yield "no events"
        return
    yield from (f"unknown event {name!r}" for name in told if name not in declared())
    if not public and AUTH_REJECTED.name not in told:
        yield "does not tell of rejected tokens"


def _responses(one: dict[str, Any], schema: dict[str, Any], public: bool) -> Iterator[str]:
    successes = [status for status in one["responses"] if status.startswith("2")]
    if not successes:
        yield "no success"
    for status in successes:
        yield from (f"{status}: {wrong}" for wrong in _examples(one["responses"][status].get("content", {}), schema))
    needed = set() if public else {"401", "422", "503"}
    yield from (f"no problem {status}" for status in sorted(needed - set(one["responses"])))
    for status, response in one["responses"].items():
        if status.startswith(("4", "5")):
            content = response.get("content", {})
            if status == "503" and one["operationId"] == "check_ready" and "application/json" in content:
                continue
            shape = content.get("application/problem+json", {}).get("schema", {})
            if shape != {"$ref": "#/components/schemas/Problem"}:
                yield f"{status} is no problem document"


def findings(schema: dict[str, Any]) -> list[str]:
    """Tell everything that operations leave out."""
    found, ids = [], set()
    for method, path, one in operations(schema):
        name = one.get("operationId", "")
        public = name in PUBLIC
        wrong = [
            *_permission(one.get("x-permission"), public), *_events(one.get("x-events"), public),
            *_responses(one, schema, public), *_examples(one.get("requestBody", {}).get("content", {}), schema),
        ]  # fmt: skip
        if not re.fullmatch("[a-z][a-z_]*", name) or name in ids:
            wrong.append("no operationId of its own")
        ids.add(name)
        wrong += [f"no {part}" for part in ("tags", "summary", "description") if not one.get(part)]
        if not public and not one.get("security"):
            wrong.append("no security")
        found += [f"{method.upper()} {path}: {sentence}" for sentence in wrong]
    return found


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The API's description."""
    described: dict[str, Any] = create_app(Settings(http=HttpSettings(log_level="error"))).openapi()
    return described


def test_every_operation_is_described(schema: dict[str, Any]) -> None:
    assert findings(schema) == []
    assert len(list(operations(schema))) > 40
    problem = schema["components"]["schemas"]["Problem"]
    assert jsonschema_rs.is_valid(problem | {"components": schema["components"]}, problem["example"])


def test_public_operations_are_these_and_no_others(schema: dict[str, Any]) -> None:
    public = {one["operationId"] for _, _, one in operations(schema) if one["x-permission"].get("act") is None}
    assert public == PUBLIC


def test_every_act_is_of_use(schema: dict[str, Any]) -> None:
    used = {one["x-permission"].get("act") for _, _, one in operations(schema)} - {None}
    assert set(ACTS) - used == set(ACTS_WITHIN)
    ids = {one["operationId"] for _, _, one in operations(schema)}
    for reason in ACTS_WITHIN.values():
        assert set(re.findall(r"[a-z]+_[a-z]+", reason)) & ids


def test_every_event_is_of_use(schema: dict[str, Any]) -> None:
    named = {name for _, _, one in operations(schema) for name in one["x-events"]}
    assert set(declared()) - named == set(EVENTS_WITHOUT_OPERATION)


def test_refusals_are_told_where_the_act_is_not_for_everybody(schema: dict[str, Any]) -> None:
    for method, path, one in operations(schema):
        act = ACTS.get(one["x-permission"].get("act", ""))
        if act is not None and (act.roles is not None or act.need is not Need.NOTHING):
            assert ACCESS_DENIED.name in one["x-events"], (method, path)
            assert "403" in one["responses"], (method, path)


def test_acts_and_events_have_words() -> None:
    for name, act in ACTS.items():
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", name)
        assert act.what
        assert act.roles is None or act.roles <= set(Role)
    for event in declared().values():
        assert event.en
        assert re.search("[\u4e00-\u9fff]", event.zh)


def asked(one: dict[str, Any], ids: dict[str, str]) -> dict[str, str]:
    """Give the query parameters that an operation must have: ids by their name, else a number."""
    told = one.get("parameters", [])
    return {part["name"]: ids.get(part["name"], "1") for part in told if part["in"] == "query" and part["required"]}


def requests(schema: dict[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Give a request for each operation: id, method, path, options; bodies from the examples."""
    for method, path, one in operations(schema):
        content = one.get("requestBody", {}).get("content", {})
        options: dict[str, Any] = {"headers": {"If-Match": "*"}, "params": asked(one, {"dossier_id": ABSENT})}
        if "application/json" in content:
            options["json"] = content["application/json"]["example"]
        elif content:
            options["content"] = b"x"
        filled = path.replace("{matter_type}", "civil").replace("{form}", "cover")
        filled = re.sub(r"\{(number|serial|version|volume)\}", "1", filled)
        yield (
            one["operationId"],
            method.upper(),
            re.sub(r"\{[a-z_]+\}", ABSENT, filled),
            options,
        )


async def test_without_a_token_only_public_operations_answer(firm: Firm, schema: dict[str, Any]) -> None:
    before = await firm.tables()
    for name, method, path, options in requests(schema):
        answer = await firm.http.request(method, path, **options)
        if name in PUBLIC:
            assert answer.status_code in ({415} if name == "issue_token" else {200}), (name, answer.text)
            assert await firm.events(answer) == []
        else:
            assert answer.status_code == 401, (name, answer.text)
            assert "www-authenticate" in answer.headers
            assert await firm.events(answer) == [("auth.rejected", "denied")], name
    assert await firm.tables() == before


async def test_somebody_without_roles_does_nothing_that_is_for_roles(firm: Firm, schema: dict[str, Any]) -> None:
    nobody = await firm.person()
    before = await firm.tables()
    acts = {one["operationId"]: ACTS.get(one["x-permission"].get("act", "")) for _, _, one in operations(schema)}
    for name, method, path, options in requests(schema):
        act = acts[name]
        if act is None or act.roles is None:
            continue
        answer = await nobody.request(method, path, **options)
        assert answer.status_code in {403, 404}, (name, answer.text)
        assert await firm.events(answer) == [("access.denied", "denied")], name
    assert await firm.tables() == before


class Thing(BaseModel):
    """Something of an application that is described badly."""

    number: int


def bad_app() -> FastAPI:
    """Make an application whose routes leave something out, each its own."""
    router = APIRouter()

    def route(path: str, **changes: Any) -> None:
        async def serve(thing: Thing) -> Thing:
            """Do something."""
            return thing

        options = {
            "operation_id": path[1:].replace("/", "_"),
            "tags": ["x"],
            **describe.create("identity.read", AUTH_REJECTED, example={"number": 1}, request={"number": 1}),
            **changes,
        }
        router.add_api_route(path, serve, methods=["POST"], **options)

    extra = describe.create("identity.read", request={"number": 1})["openapi_extra"]
    route("/bare", responses={}, openapi_extra={})
    route("/unknown/act", openapi_extra={**extra, "x-permission": {"act": "thing.none", "for": "any user"}})
    route("/other/act", openapi_extra={**extra, "x-permission": {"act": "user.create", "for": "any user"}})
    route("/unknown/event", openapi_extra={**extra, "x-events": ["thing.happened", "auth.rejected"]})
    route("/wrong/request", **describe.create("identity.read", example={"number": 1}, request={"number": "one"}))
    route("/wrong/answer", **describe.create("identity.read", example={"count": 1}, request={"number": 1}))
    route("/no/tags", tags=[])
    route("/bare/again", operation_id="bare")
    app = FastAPI()
    app.include_router(router)
    return app


def test_what_is_left_out_is_found() -> None:
    with pytest.warns(UserWarning, match="Duplicate Operation ID bare"):
        found = findings(bad_app().openapi())
    for part in (
        "POST /bare: no permission", "POST /bare: no events", "POST /bare: 201: no example", "POST /bare: no example",
        "POST /bare: no problem 401", "POST /unknown/act: unknown act 'thing.none'",
        "POST /other/act: permission of another act", "POST /unknown/event: unknown event 'thing.happened'",
        "POST /wrong/request: example ['number']", "POST /wrong/answer: 201: example",
        "POST /no/tags: no tags", "POST /bare/again: no operationId of its own",
        "POST /bare: no security",
    ):  # fmt: skip
        assert any(sentence.startswith(part) for sentence in found), (part, found)


async def test_measures_are_for_this_machine_only(firm: Firm) -> None:
    here = await firm.http.get("/metrics")
    assert here.status_code == 200
    assert "anjuan_requests_total" in here.text
    firm.http._transport.client = ("192.0.2.7", 50000)  # type: ignore[attr-defined]
    away = await firm.http.get("/metrics")
    assert (away.status_code, away.json()["code"]) == (404, "not_found")
    assert operation.router.tags == ["operation"]
