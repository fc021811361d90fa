"""What holds for every call: problem documents, languages, request ids, bad bodies, headers, methods."""

import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI, Request, Response

from app.config import HttpSettings, Settings
from app.factory import make_resources
from app.main import create_app
from tests.support.firm import Firm, Refusal, done

ABSENT = "/v1/dossiers/0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"
CLIENT = {"kind": "organization", "name": "北京示例科技有限公司"}
JSON = {"Content-Type": "application/json"}


def is_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Tell that an answer is a problem document of this kind; give it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert set(problem) >= {"type", "title", "status", "detail", "instance", "code", "request_id"}
    assert (problem["type"], problem["code"]) == (f"urn:anjuan:problem:{code}", code)
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"] == answer.request.url.path
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-store"
    return problem


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"), ("", "en"), ("zh", "zh"), ("zh-CN,zh;q=0.9", "zh"), ("ZH-hant", "zh"), ("en", "en"), ("fr", "en"),
        ("fr, zh;q=0.1", "zh"), ("en;q=0.3, zh;q=0.7", "zh"), ("zh;q=0.3, en;q=0.7", "en"), ("en, zh", "en"),
        ("zh, en", "zh"), ("zh;q=0", "en"), ("zh;q=x", "en"), ("zh;Q=0.2,en;Q=0.1", "zh"), ("zh;q=nan", "en"),
        ("*", "en"), (";;,,;q=,zh", "zh"), ("en, zh;q=9", "en"),
    ],
)  # fmt: skip
async def test_language_is_the_one_the_caller_prefers(firm: Firm, header: str | None, language: str) -> None:
    lawyer = await firm.person("lawyer")
    answer = await lawyer.get(ABSENT, headers={} if header is None else {"Accept-Language": header})
    problem = is_problem(answer, 404, "not_found")
    assert answer.headers["content-language"] == language
    assert bool(re.search("[\u4e00-\u9fff]", problem["title"] + problem["detail"])) == (language == "zh")
    assert await firm.events(answer) == [Refusal]


@pytest.mark.parametrize("given", ["a", "trace-1.2_3", "X" * 128, "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"])
async def test_request_id_is_taken(firm: Firm, given: str) -> None:
    lawyer = await firm.person("lawyer")
    answer = await lawyer.get("/v1/auth/me", headers={"X-Request-Id": given})
    assert answer.headers["x-request-id"] == given
    assert await firm.events(answer) == done("auth.identity_viewed")


async def test_event_tells_where_the_request_came_from(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    agent = [(b"user-agent", b"curl\x01\x9b/8" + b"x" * 500), (b"authorization", f"Bearer {lawyer.token}".encode())]
    event = await firm.event(await firm.http.get(ABSENT, headers=agent))
    assert (event["method"], event["route"], event["ip"]) == ("GET", "/v1/dossiers/{dossier_id}", "127.0.0.1")
    assert event["user_agent"] == ("curl??/8" + "x" * 500)[:300]
    assert (event["actor_id"], event["actor_name"], event["actor_roles"]) == (lawyer.id, lawyer.name, ["lawyer"])


@pytest.mark.parametrize("given", ["", " ", "-a", "X" * 129, "a b", "a;b", "<script>", "é", "a/b", "a\tb"])
async def test_ill_formed_request_id_is_replaced(firm: Firm, given: str) -> None:
    lawyer = await firm.person("lawyer")
    headers = [(b"x-request-id", given.encode("latin-1")), (b"authorization", f"Bearer {lawyer.token}".encode())]
    answer = await firm.http.get("/v1/auth/me", headers=headers)
    assert answer.status_code == 200
    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", answer.headers["x-request-id"]
    )
    assert await firm.events(answer) == done("auth.identity_viewed")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/nothing",
        "/v1/dossiers/",
        "/v2/dossiers",
        "/v1/%00",
        "/v1/../etc/passwd",
        "/docs/assets/no",
        "/%3Fx",
    ],
)
async def test_unknown_path_is_a_problem(firm: Firm, path: str) -> None:
    lawyer = await firm.person("lawyer")
    answer = await lawyer.get(path)
    is_problem(answer, 404, "not_found")
    assert await firm.events(answer) == []


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/users", {"GET", "POST"}), ("PUT", ABSENT, {"GET", "PATCH"}), ("GET", "/v1/auth/token", {"POST"}),
        ("HEAD", "/v1/users", {"GET", "POST"}), ("OPTIONS", "/v1/users", {"GET", "POST"}), ("TRACE", ABSENT, {"GET", "PATCH"}),
        ("BREW", "/v1/version", {"GET"}), ("POST", "/docs", {"GET"}),
    ],
)  # fmt: skip
async def test_method_that_is_not_there_is_a_problem(firm: Firm, method: str, path: str, allowed: set[str]) -> None:
    lawyer = await firm.person("lawyer")
    before = await firm.tables()
    answer = await lawyer.request(method, path)
    assert answer.status_code == 405
    if method != "HEAD":
        is_problem(answer, 405, "method_not_allowed")
    assert {name.strip() for name in answer.headers["allow"].split(",")} == allowed
    assert await firm.events(answer) == []
    assert await firm.tables() == before


WRONG_FIELDS: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown field": ({"colour": "red"}, "/body/colour", "extra_forbidden"),
    "unknown field with a stroke": ({"a/b~c": 1}, "/body/a~1b~0c", "extra_forbidden"),
    "unknown field no text": ({"\ud800": 1}, "/body", "string_unicode"),
    "unknown field within": ({"contacts": [{"kind": "phone", "value": "1", "x": 1}]}, "/body/contacts/0/x", "extra_forbidden"),
    "number for text": ({"name": 7}, "/body/name", "string_type"),
    "list for text": ({"name": ["x"]}, "/body/name", "string_type"),
    "null for text": ({"name": None}, "/body/name", "string_type"),
    "text for list": ({"former_names": "x"}, "/body/former_names", "list_type"),
    "other word": ({"kind": "animal"}, "/body/kind", "enum"),
    "no text": ({"name": ""}, "/body/name", "string_too_short"),
    "blanks": ({"name": " \u3000 "}, "/body/name", "string_too_short"),
    "too long": ({"name": "长" * 201}, "/body/name", "string_too_long"),
    "NUL": ({"name": "a\x00b"}, "/body/name", "value_error"),
    "control character": ({"name": "a\x1bb"}, "/body/name", "value_error"),
    "line end": ({"name": "a\nb"}, "/body/name", "value_error"),
    "bidi override": ({"name": "a\u202eb"}, "/body/name", "value_error"),
    "bidi isolate": ({"name": "a\u2066b"}, "/body/name", "value_error"),
    "nothing to see": ({"name": "a\u200bb"}, "/body/name", "value_error"),
    "lone surrogate": ({"name": "a\ud800b"}, "/body/name", "value_error"),
    "lone surrogate in an identifier": (
        {"identifiers": [{"scheme": "other", "value": "\udfff"}]}, "/body/identifiers/0/value", "string_unicode",
    ),
    "NUL in remarks": ({"remarks": "\x00"}, "/body/remarks", "value_error"),
    "date out of range": ({"registration": {"established_on": "2026-02-30"}}, "/body/registration/established_on", "date_from_datetime_parsing"),
    "not a number": ({"name": float("nan")}, "/body/name", "string_type"),
    "huge number": ({"name": 10**400}, "/body/name", "string_type"),
    "huge date": ({"registration": {"established_on": 10**300}}, "/body/registration/established_on", "date_from_datetime_parsing"),
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", WRONG_FIELDS)
async def test_wrong_field_is_named(firm: Firm, kind: str, language: str) -> None:
    lawyer = await firm.person("lawyer")
    before = await firm.tables()
    change, pointer, code = WRONG_FIELDS[kind]
    answer = await lawyer.post(
        "/v1/clients", content=json.dumps(CLIENT | change), headers=JSON | {"Accept-Language": language}
    )
    problem = is_problem(answer, 422, "invalid")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(pointer, code)]
    assert bool(re.search("[\u4e00-\u9fff]", problem["errors"][0]["detail"])) == (language == "zh")
    assert await firm.events(answer) == []
    assert await firm.tables() == before


async def test_errors_are_counted_up_to_a_limit(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    answer = await lawyer.post("/v1/clients", CLIENT | {f"{'x' * 500}{number}": number for number in range(1500)})
    assert len(is_problem(answer, 422, "invalid")["errors"]) == 100
    assert len(answer.content) < 64 * 1024
    assert await firm.events(answer) == []


BROKEN: dict[str, bytes] = {
    "nothing": b"", "not JSON": b"{", "single quotes": b"{'kind': 'person'}", "two values": b"{} {}",
    "broken UTF-8": b'{"kind": "person", "name": "\xff\xfe"}', "overlong UTF-8": b'{"kind": "person", "name": "\xc0\x80"}',
    "UTF-8 surrogate": b'{"kind": "person", "name": "\xed\xa0\x80"}', "nested lists": b"[" * 10_000,
    "nested objects": b'{"a":' * 10_000, "closed nested lists": b"[" * 10_000 + b"]" * 10_000,
    "number too long": b'{"kind": ' + b"9" * 5_000 + b"}", "list": b"[]", "text": b'"x"', "null": b"null", "NUL": b"\x00",
}  # fmt: skip


UNFIT = {"nothing", "list", "text", "null", "UTF-8 surrogate"}


@pytest.mark.parametrize("kind", BROKEN)
async def test_body_that_can_not_be_read(firm: Firm, kind: str) -> None:
    lawyer = await firm.person("lawyer")
    before = await firm.tables()
    for method, path in (("POST", "/v1/clients"), ("PATCH", f"/v1/clients/{ABSENT[-36:]}")):
        answer = await lawyer.request(method, path, content=BROKEN[kind], headers=JSON | {"If-Match": "*"})
        status, code = (422, "invalid") if kind in UNFIT else (400, "malformed")
        is_problem(answer, status, code)
        assert await firm.events(answer) == []
    assert await firm.tables() == before


@pytest.mark.parametrize(
    "kind", [None, "", "text/plain", "text/json", "multipart/form-data", "application/xml", ";", "json"]
)
async def test_other_content_types_are_not_taken(firm: Firm, kind: str | None) -> None:
    lawyer = await firm.person("lawyer")
    before = await firm.tables()
    headers = {"If-Match": "*"} | ({} if kind is None else {"Content-Type": kind})
    for method, path in (("POST", "/v1/clients"), ("PATCH", f"/v1/clients/{ABSENT[-36:]}"), ("POST", "/v1/auth/token")):
        if path == "/v1/auth/token" and kind == "multipart/form-data":
            continue  # not to be read without a boundary: 400
        answer = await lawyer.request(method, path, content=json.dumps(CLIENT), headers=headers)
        is_problem(answer, 415, "unsupported_media_type")
        assert await firm.events(answer) == []
    assert await firm.tables() == before


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.firm+json"])
async def test_json_by_other_names_is_taken(firm: Firm, kind: str) -> None:
    lawyer = await firm.person("lawyer")
    answer = await lawyer.post("/v1/clients", content=json.dumps(CLIENT), headers={"Content-Type": kind})
    assert answer.status_code == 201
    assert await firm.events(answer) == done("client.created")


async def chunks(size: int) -> AsyncIterator[bytes]:
    """Give a body in pieces, its length not told."""
    for _ in range(size // 65536):
        yield b" " * 65536


@pytest.mark.parametrize("path", ["/v1/clients", "/v1/auth/token", "/v1/nothing"])
async def test_body_over_the_limit(firm: Firm, path: str) -> None:
    lawyer = await firm.person("lawyer")
    before = await firm.tables()
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if path == "/v1/auth/token" else JSON
    answer = await lawyer.post(path, content=b" " * (1024 * 1024 + 1), headers=headers)
    is_problem(answer, 413, "too_large")
    assert await firm.events(answer) == []
    for told in ("9" * 5000, "18446744073709551616"):
        is_problem(await lawyer.post(path, content=b" ", headers=headers | {"Content-Length": told}), 413, "too_large")
    streamed = await lawyer.post(path, content=chunks(2 * 1024 * 1024), headers=headers)
    if path != "/v1/nothing":
        is_problem(streamed, 413, "too_large")
    assert await firm.events(streamed) == []
    assert await firm.tables() == before


@pytest.mark.parametrize("host", ["[", "a/b?c", "", "evil.example"])
async def test_host_that_was_made_up_changes_nothing(firm: Firm, host: str) -> None:
    lawyer = await firm.person("lawyer")
    for number in range(2):
        await firm.client(lawyer, f"甲{number}")
    answer = await lawyer.get("/v1/clients?limit=1", headers={"Host": host})
    assert answer.status_code == 200
    assert answer.headers["link"].startswith("</v1/clients?limit=1&cursor=")
    is_problem(await lawyer.get(ABSENT, headers={"Host": host}), 404, "not_found")


def secure(answer: httpx.Response) -> bool:
    """Tell whether an answer has the security headers."""
    return (
        answer.headers["x-content-type-options"] == "nosniff"
        and answer.headers["x-frame-options"] == "DENY"
        and answer.headers["referrer-policy"] == "no-referrer"
        and answer.headers["cross-origin-resource-policy"] == "same-origin"
        and "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        and "x-request-id" in answer.headers
    )


async def test_security_headers_are_on_all_answers(firm: Firm, app: FastAPI) -> None:
    async def bug(request: Request) -> Response:
        raise ZeroDivisionError("a secret of the inside")

    app.router.add_route("/bug", bug)
    lawyer = await firm.person("lawyer")
    calls: list[tuple[int, Callable[[], Any]]] = [
        (200, lambda: lawyer.get("/v1/auth/me")), (201, lambda: lawyer.post("/v1/clients", CLIENT)),
        (401, lambda: firm.http.get("/v1/auth/me")), (403, lambda: lawyer.get("/v1/users")), (404, lambda: lawyer.get(ABSENT)),
        (404, lambda: lawyer.get("/no")), (405, lambda: lawyer.put("/v1/users")), (413, lambda: lawyer.post("/v1/users", content=b" " * 2**21)),
        (415, lambda: lawyer.post("/v1/users", content=b"x")), (422, lambda: lawyer.get("/v1/clients?limit=0")),
        (200, lambda: lawyer.get("/docs")), (200, lambda: lawyer.get("/openapi.json")), (200, lambda: lawyer.get("/health/live")),
        (500, lambda: lawyer.get("/bug")),
    ]  # fmt: skip
    for status, call in calls:
        answer = await call()
        assert answer.status_code == status
        assert secure(answer), answer.headers
    is_problem(answer, 500, "internal")
    assert "secret" not in answer.text


async def test_cors_is_off_by_default(firm: Firm) -> None:
    preflight = {"Origin": "https://firm.example", "Access-Control-Request-Method": "POST"}
    for answer in (
        await firm.http.options("/v1/clients", headers=preflight),
        await firm.http.get("/v1/version", headers={"Origin": "https://firm.example"}),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_cors_is_for_the_origins_of_the_settings(settings: Settings) -> None:
    settings.http = HttpSettings(log_level="error", cors_origins=("https://firm.example",))
    application = create_app(settings, make_resources(settings))
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,if-match"}
    async with (
        LifespanManager(application),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=application), base_url="http://anjuan.test") as http,
    ):
        for origin, allowed in (("https://firm.example", True), ("https://evil.example", False), ("null", False)):
            asked = await http.options("/v1/clients", headers=preflight | {"Origin": origin})
            given = await http.get("/v1/auth/me", headers={"Origin": origin})
            assert asked.status_code == (200 if allowed else 400)
            assert given.status_code == 401
            exposed = given.headers.get("access-control-expose-headers", "").split(", ")
            assert {"ETag", "Location", "Upload-Offset", "Tus-Resumable", "Anjuan-File-Id"} <= {*exposed}
            for answer in (asked, given):
                assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
                assert "access-control-allow-credentials" not in answer.headers
                assert secure(answer)
