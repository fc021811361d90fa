"""Which passwords may be set, one's own change, and the administrator's reset."""

import asyncio
import json
import unicodedata
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from app.config import AuthSettings, RunSettings, Settings
from app.embedded.processes import EmbeddedError
from app.factory import bootstrap_admin
from tests.api.test_identity import FAILED, SECRET, administrator, log_in, log_in_program, made, new_user
from tests.api.test_sessions import bearer, ended_because, logged_in, refresh
from tests.support.firm import Firm, Person, done

NEW = "purple lanterns over the ninth bridge"
BLOCKED = [("auth.rejected", "denied")]

REFUSED: dict[str, tuple[str, str]] = {
    "empty": ("", "password_too_short"),
    "fourteen": ("zq7!mv0#xk4&ty", "password_too_short"),
    "one sign that unfolds to many": ("\ufdfa" * 2, "password_too_short"),
    "letters and their marks": ("e\u0301" * 14, "password_too_short"),
    "one letter": ("a" * 20, "password_too_common"),
    "blanks": (" " * 20, "password_too_common"),
    "the word": ("passwordpassword1", "password_too_common"),
    "the word in disguise": ("P@ssw0rd" * 3, "password_too_common"),
    "the word in full width": ("ｐａｓｓｗｏｒｄ" * 3, "password_too_common"),
    "keys in a row": ("qwertyuiopasdfghjkl", "password_too_common"),
    "digits in a row": ("123456789012345678", "password_too_common"),
    "the user's name": ("wang.li wang.li wang.li", "password_too_common"),
    "the user's shown name": ("王丽王丽王丽王丽王丽王丽王丽王丽", "password_too_common"),
    "the department": ("诉讼一部诉讼一部诉讼一部诉讼一部", "password_too_common"),
    "the house": ("anjuananjuananjuan", "password_too_common"),
    "long but weak": ("ab" * 128, "password_too_common"),
    "too long": ("correct horse " * 19, "string_too_long"),
    "NUL": (SECRET + "\x00", "value_error"),
    "line end": (SECRET + "\n", "value_error"),
    "not assigned": (SECRET + "\u0378", "value_error"),
    "lone surrogate": (SECRET + "\ud800", "string_unicode"),
}
TAKEN = (
    SECRET, "a long sentence to remember", "律师事务所门口有两棵很老的银杏树", "Ünïcödé wörds größer als Bäume",
    "sch\u0308ne Aussicht auf sieben Seen", "🐢 slow turtles 🐢 win races", " blank at both ends counts ", "x9$kQ!v2Lm#7pRt", "seven quiet herons stood over the frozen canal " + "and counted trains until the evening " * 5,
)  # fmt: skip


def refused_field(answer: httpx.Response, pointer: str, code: str) -> None:
    """Tell that an answer refuses one field for this reason, and repeats nothing that was sent."""
    assert answer.status_code == 422, answer.text
    errors = answer.json()["errors"]
    assert [(error["pointer"], error["code"]) for error in errors] == [(pointer, code)]


def as_json(body: dict[str, Any]) -> dict[str, Any]:
    """Give the options that send a body with lone surrogates, too."""
    return {"content": json.dumps(body), "headers": {"Content-Type": "application/json", "If-Match": "*"}}


@pytest.mark.parametrize("kind", REFUSED)
async def test_password_that_would_be_guessed_is_refused_wherever_it_is_set(firm: Firm, kind: str) -> None:
    password, code = REFUSED[kind]
    admin = await administrator(firm)
    user = await made(admin, department="诉讼一部")
    person = bearer(firm, await logged_in(firm))
    before = await firm.tables()
    answers = [
        (
            await admin.post("/v1/users", **as_json(new_user(password=password, department="诉讼一部"))),
            "/body/password",
        ),
        (await admin.request("PATCH", f"/v1/users/{user['id']}", **as_json({"password": password})), "/body/password"),
        (
            await person.post("/v1/auth/password", **as_json({"current_password": SECRET, "new_password": password})),
            "/body/new_password",
        ),
    ]
    for answer, pointer in answers:
        refused_field(answer, pointer, code)
        assert not password.strip() or password not in answer.text
        assert await firm.events(answer) == []
    assert await firm.tables() == before


@pytest.mark.parametrize("password", TAKEN)
async def test_good_password_is_taken_and_logs_in(firm: Firm, password: str) -> None:
    admin = await administrator(firm)
    await made(admin, password=password)
    # The same password as another keyboard composes it.
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        answer = await log_in(firm, secret=unicodedata.normalize(form, password))
        assert answer.status_code == 200, form
    assert (await log_in(firm, secret=password + "x")).status_code == 401
    assert password not in str(await firm.eyes.fetch("SELECT * FROM events"))


async def test_refusal_says_what_to_do_in_both_languages(firm: Firm) -> None:
    admin = await administrator(firm)
    for password, en, zh in (
        ("short", "at least 15 characters", "至少 15 个字符"),
        ("a" * 20, "several words", "互不相关"),
    ):
        for language, words in (("en", en), ("zh", zh)):
            answer = await admin.post("/v1/users", new_user(password=password), headers={"Accept-Language": language})
            assert words in answer.json()["errors"][0]["detail"]


async def test_own_password_is_changed_and_other_sessions_end(firm: Firm) -> None:
    user = await made(await administrator(firm), roles=["lawyer"])
    other, tokens = await logged_in(firm), await logged_in(firm)
    person = bearer(firm, tokens)
    answer = await person.post("/v1/auth/password", {"current_password": SECRET, "new_password": NEW})
    assert (answer.status_code, answer.json()) == (200, {"sessions_ended": 1})
    assert answer.headers["cache-control"] == "no-store"
    assert await firm.events(answer) == done("auth.password_changed")
    event = await firm.event(answer)
    assert (str(event["actor_id"]), str(event["subject_id"])) == (user["id"], user["id"])
    assert NEW not in str(event)
    assert (await person.get("/v1/auth/me")).json()["roles"] == ["lawyer"]
    assert (await refresh(firm, tokens["refresh_token"])).status_code == 200
    assert (await bearer(firm, other).get("/v1/auth/me")).status_code == 401
    assert (await refresh(firm, other["refresh_token"])).status_code == 401
    assert await ended_because(firm) == ["password_changed", None]
    assert (await log_in(firm)).status_code == 401
    assert (await log_in(firm, secret=NEW)).status_code == 200


async def test_wrong_current_password_counts_like_a_failed_login(firm: Firm) -> None:
    await made(await administrator(firm))
    person = bearer(firm, await logged_in(firm))
    before = await firm.tables()
    wrong = {"current_password": "wrong", "new_password": NEW}
    for expected in (FAILED, FAILED, [*FAILED, ("auth.locked", "success")]):
        answer = await person.post("/v1/auth/password", wrong)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_password")
        assert answer.json()["errors"][0]["pointer"] == "/body/current_password"
        assert await firm.events(answer) == expected
    right = {"current_password": SECRET, "new_password": NEW}
    for body in (wrong, right):
        answer = await person.post("/v1/auth/password", body)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        assert await firm.events(answer) == FAILED
    assert (await log_in(firm)).status_code == 429
    assert await firm.tables() == before
    await asyncio.sleep(2.1)
    assert (await person.post("/v1/auth/password", right)).status_code == 200


async def test_failed_logins_lock_the_change_too(firm: Firm) -> None:
    await made(await administrator(firm))
    person = bearer(firm, await logged_in(firm))
    for _ in range(3):
        await log_in(firm, secret="wrong")
    answer = await person.post("/v1/auth/password", {"current_password": SECRET, "new_password": NEW})
    assert answer.status_code == 429


async def test_password_stays_the_same_is_refused(firm: Firm) -> None:
    await made(await administrator(firm))
    person = bearer(firm, await logged_in(firm))
    before = await firm.tables()
    answer = await person.post("/v1/auth/password", {"current_password": SECRET, "new_password": SECRET})
    refused_field(answer, "/body/new_password", "password_unchanged")
    assert await firm.events(answer) == []
    assert await firm.tables() == before


async def test_change_is_done_once_for_one_key(firm: Firm) -> None:
    await made(await administrator(firm))
    person = bearer(firm, await logged_in(firm))
    key = {"headers": {"Idempotency-Key": "change-1"}}
    body = {"current_password": SECRET, "new_password": NEW}
    wrong = await person.post("/v1/auth/password", body | {"current_password": "wrong"}, **key)
    assert (wrong.status_code, await firm.events(wrong)) == (403, FAILED)
    first = await person.post("/v1/auth/password", body, **key)
    assert first.status_code == 200
    before = await firm.tables()
    again = await person.post("/v1/auth/password", body, **key)
    assert (again.status_code, again.content, again.headers["idempotency-replayed"]) == (200, first.content, "true")
    assert await firm.events(again) == []
    assert await firm.tables() == before
    kept = str(await firm.eyes.fetch("SELECT * FROM idempotency_keys"))
    assert SECRET not in kept
    assert NEW not in kept


async def test_changes_at_once_leave_one_password(firm: Firm) -> None:
    await made(await administrator(firm))
    person = bearer(firm, await logged_in(firm))
    news = [f"{NEW} and tower {number}" for number in range(3)]
    answers = await asyncio.gather(
        *(person.post("/v1/auth/password", {"current_password": SECRET, "new_password": new}) for new in news)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 403, 403]
    await firm.eyes.execute("DELETE FROM login_throttle")
    opens = [(await log_in(firm, secret=new)).status_code == 200 for new in news]
    assert opens == [answer.status_code == 200 for answer in answers]


async def test_program_has_no_password_to_change(firm: Firm) -> None:
    admin = await administrator(firm)
    account = (await admin.post("/v1/service-accounts", {"name": "立案系统", "roles": ["integration"]})).json()
    program = bearer(firm, (await log_in_program(firm, account)).json())
    before = await firm.tables()
    body = {"current_password": account["client_secret"], "new_password": NEW}
    answer = await program.post("/v1/auth/password", body)
    assert (answer.status_code, await firm.events(answer)) == (403, FAILED)
    assert await firm.tables() == before


async def test_secret_of_a_program_is_replaced_by_the_administrator(firm: Firm) -> None:
    admin = await administrator(firm)
    account = (await admin.post("/v1/service-accounts", {"name": "立案系统", "roles": ["integration"]})).json()
    changed = await admin.change(f"/v1/users/{account['id']}", {"password": NEW})
    assert (changed.status_code, changed.json()["must_change_password"]) == (200, False)
    assert (await log_in_program(firm, account)).status_code == 401
    program = bearer(firm, (await log_in_program(firm, {**account, "client_secret": NEW})).json())
    assert (await program.get("/v1/auth/me")).json()["roles"] == ["integration"]


async def reset(firm: Firm, admin: Person, user: dict[str, Any]) -> dict[str, Any]:
    """Reset a password as administrator, and log in with it."""
    changed = await admin.change(f"/v1/users/{user['id']}", {"password": NEW})
    assert changed.status_code == 200
    assert changed.json()["must_change_password"] is True
    assert await firm.events(changed) == done("user.changed")
    answer = await log_in(firm, secret=NEW)
    assert answer.status_code == 200
    tokens: dict[str, Any] = answer.json()
    return tokens


async def test_reset_opens_nothing_but_the_change(firm: Firm) -> None:
    admin = await administrator(firm)
    user = await made(admin, roles=["lawyer", "partner"])
    old = await logged_in(firm)
    tokens = await reset(firm, admin, user)
    assert tokens["must_change_password"] is True
    assert await ended_because(firm) == ["password_reset", None]
    assert (await bearer(firm, old).get("/v1/auth/me")).status_code == 401
    person = bearer(firm, tokens)
    me = (await person.get("/v1/auth/me")).json()
    assert (me["roles"], me["clearance"], me["must_change_password"]) == ([], "public", True)

    before = await firm.tables()
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "/v1/directory", {}), ("GET", "/v1/dossiers", {}), ("GET", "/v1/auth/sessions", {}),
        ("DELETE", f"/v1/auth/sessions/{me['session_id']}", {}), ("GET", "/v1/events", {}),
        ("POST", "/v1/clients", {"json": {"kind": "person", "name": "王五"}}), ("POST", "/v1/clients", {"content": b"x"}),
        ("PATCH", f"/v1/users/{user['id']}", {"json": {"active": True}, "headers": {"If-Match": "*"}}),
        ("POST", f"/v1/entries/{user['id']}/files", {"content": b"x"}),
    ]  # fmt: skip
    for method, path, options in calls:
        answer = await person.request(method, path, **options)
        assert (answer.status_code, answer.json()["code"]) == (403, "password_change_required"), path
        assert await firm.events(answer) == BLOCKED
        assert (await firm.event(answer))["actor_id"] == UUID(user["id"])
    assert await firm.tables() == before
    tokens = (await refresh(firm, tokens["refresh_token"])).json()
    assert tokens["must_change_password"] is True
    assert (await bearer(firm, tokens).get("/v1/auth/me")).json()["roles"] == []

    changed = await person.post("/v1/auth/password", {"current_password": NEW, "new_password": SECRET})
    assert changed.status_code == 200, changed.text
    assert (await person.get("/v1/directory")).status_code == 200
    tokens = (await refresh(firm, tokens["refresh_token"])).json()
    assert tokens["must_change_password"] is False
    assert (await bearer(firm, tokens).get("/v1/auth/me")).json()["roles"] == ["lawyer", "partner"]


async def test_somebody_with_a_reset_password_can_log_out(firm: Firm) -> None:
    admin = await administrator(firm)
    person = bearer(firm, await reset(firm, admin, await made(admin)))
    answer = await person.post("/v1/auth/logout")
    assert (answer.status_code, await firm.events(answer)) == (204, done("auth.logged_out"))


async def test_reset_password_can_not_be_kept(firm: Firm) -> None:
    admin = await administrator(firm)
    person = bearer(firm, await reset(firm, admin, await made(admin)))
    answer = await person.post("/v1/auth/password", {"current_password": NEW, "new_password": NEW})
    refused_field(answer, "/body/new_password", "password_unchanged")
    assert (await person.get("/v1/auth/me")).json()["must_change_password"] is True


@pytest.mark.parametrize("must", [None, False, True])
async def test_first_password_need_not_be_changed_unless_the_administrator_says_so(
    firm: Firm, must: bool | None
) -> None:
    fields: dict[str, Any] = {} if must is None else {"must_change_password": must}
    user = await made(await administrator(firm), roles=["lawyer"], **fields)
    assert user["must_change_password"] is bool(must)
    tokens = await logged_in(firm)
    assert tokens["must_change_password"] is bool(must)
    assert (await bearer(firm, tokens).get("/v1/directory")).status_code == (403 if must else 200)


async def test_first_administrator_has_a_password_that_others_may_have(settings: Settings, tmp_path: Path) -> None:
    def set_to(password: str) -> Settings:
        return Settings(
            run=RunSettings(data_dir=tmp_path / "bootstrap"), database=settings.database, storage=settings.storage,
            auth=AuthSettings(admin_password=SecretStr(password)), http=settings.http,
        )  # fmt: skip

    (tmp_path / "bootstrap").mkdir()
    with pytest.raises(EmbeddedError, match=r"ANJUAN_ADMIN_PASSWORD: .*several words") as refused:
        await bootstrap_admin(set_to("administrator1234"))
    assert "administrator1234" not in str(refused.value)
    assert await bootstrap_admin(set_to(SECRET)) is None
