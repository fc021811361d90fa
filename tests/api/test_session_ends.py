"""How sessions end, and that their end bites on every process within a second."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from asgi_lifespan import LifespanManager
from pydantic import SecretStr

from app.config import AuthSettings, Settings
from app.factory import make_resources
from app.jobs.housekeeping import forget_old_sessions
from app.main import create_app
from tests.api.test_identity import SECRET, administrator, log_in, made
from tests.api.test_sessions import REFUSED, REJECTED, bearer, ended_because, logged_in, refresh
from tests.support.firm import Firm, Person, Refusal, done


async def test_logging_out_ends_the_session_and_no_other(firm: Firm) -> None:
    await made(await administrator(firm))
    one, other = await logged_in(firm), await logged_in(firm)
    answer = await bearer(firm, one).post("/v1/auth/logout")
    assert (answer.status_code, answer.content) == (204, b"")
    assert await firm.events(answer) == done("auth.logged_out")
    for gone in (await bearer(firm, one).get("/v1/auth/me"), await bearer(firm, one).post("/v1/auth/logout")):
        assert gone.status_code == 401
        assert await firm.events(gone) == REJECTED
    assert (await refresh(firm, one["refresh_token"])).status_code == 401
    assert (await bearer(firm, other).get("/v1/auth/me")).status_code == 200
    assert await ended_because(firm) == ["logged_out", None]


async def test_own_sessions_are_listed_and_ended(firm: Firm) -> None:
    admin = await administrator(firm)
    await made(admin)
    await made(admin, "li.ming")
    one, two, gone = await logged_in(firm), await logged_in(firm), await logged_in(firm)
    foreign = await logged_in(firm, "li.ming")
    await bearer(firm, gone).post("/v1/auth/logout")
    one = (await refresh(firm, one["refresh_token"])).json()
    person = bearer(firm, two)
    answer = await person.get("/v1/auth/sessions")
    assert await firm.events(answer) == done("auth.sessions_listed")
    items = answer.json()["items"]
    assert [item["current"] for item in items] == [True, False]
    assert [item["refreshed_at"] is not None for item in items] == [False, True]
    assert (items[0]["ip"], answer.json()["next"]) == ("127.0.0.1", None)
    assert (await firm.event(answer))["details"]["returned"] == [item["id"] for item in items]
    pages = [(await person.get("/v1/auth/sessions?limit=1")).json()]
    pages.append((await person.get("/v1/auth/sessions", params={"limit": 1, "cursor": pages[0]["next"]})).json())
    assert [page["items"][0]["id"] for page in pages] == [item["id"] for item in items]

    theirs = (await bearer(firm, foreign).get("/v1/auth/me")).json()["session_id"]
    before = await firm.tables()
    for unknown in (theirs, str(uuid4())):
        refused = await person.request("DELETE", f"/v1/auth/sessions/{unknown}")
        assert refused.status_code == 404
        assert await firm.events(refused) == [("auth.session_ended", "denied")]
    assert await firm.tables() == before
    ended = await person.request("DELETE", f"/v1/auth/sessions/{items[1]['id']}")
    assert (ended.status_code, ended.content) == (204, b"")
    assert await firm.events(ended) == done("auth.session_ended")
    assert (await bearer(firm, one).get("/v1/auth/me")).status_code == 401
    assert (await person.request("DELETE", f"/v1/auth/sessions/{items[1]['id']}")).status_code == 404
    assert (await person.get("/v1/auth/me")).status_code == 200


async def test_administrator_ends_all_tokens_of_a_user(firm: Firm) -> None:
    admin = await administrator(firm)
    user = await made(admin)
    path = f"/v1/users/{user['id']}/revocation"
    several = [await logged_in(firm), await logged_in(firm)]
    lawyer = await firm.person("lawyer")
    before = await firm.tables()
    for person in (lawyer, await firm.person("security_admin"), bearer(firm, several[0])):
        before = await firm.tables()
        refused = await person.post(path, {"reason": "x"})
        assert refused.status_code == 403
        assert await firm.events(refused) == [Refusal]
        assert await firm.tables() == before
    nobody = await admin.post(f"/v1/users/{uuid4()}/revocation", {"reason": "x"})
    assert (nobody.status_code, await firm.events(nobody)) == (404, [("user.tokens_revoked", "denied")])
    wrong = await admin.post(path, {"reason": " "})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/body/reason")
    assert await firm.tables() == before

    key = {"headers": {"Idempotency-Key": "lost"}}
    answer = await admin.post(path, {"reason": "笔记本电脑遗失"}, **key)
    assert answer.status_code == 200
    assert await firm.events(answer) == done("user.tokens_revoked")
    event = await firm.event(answer)
    assert (event["subject_label"], event["details"]) == ("wang.li", {"reason": "笔记本电脑遗失", "sessions_ended": 2})
    for tokens in several:
        assert (await bearer(firm, tokens).get("/v1/auth/me")).status_code == 401
        assert (await refresh(firm, tokens["refresh_token"])).status_code == 401
    fresh = await logged_in(firm)
    again = await admin.post(path, {"reason": "笔记本电脑遗失"}, **key)
    assert (again.content, again.headers["idempotency-replayed"]) == (answer.content, "true")
    assert (await bearer(firm, fresh).get("/v1/auth/me")).status_code == 200


async def test_disabled_user_refreshes_no_more(firm: Firm) -> None:
    admin = await administrator(firm)
    user = await made(admin)
    tokens = await logged_in(firm)
    await admin.change(f"/v1/users/{user['id']}", {"active": False})
    for _ in range(2):
        answer = await refresh(firm, tokens["refresh_token"])
        assert (answer.status_code, await firm.events(answer)) == (401, REFUSED)
    await admin.change(f"/v1/users/{user['id']}", {"active": True})
    answer = await refresh(firm, tokens["refresh_token"])
    assert (answer.status_code, await firm.events(answer)) == (401, REFUSED)
    assert await ended_because(firm) == ["user_disabled"]


async def test_login_that_races_a_reset_gets_no_session(firm: Firm) -> None:
    """The old password was right when it was looked at; the reset that commits meanwhile must not leave it a session."""
    admin = await administrator(firm)
    user = await made(admin)
    path = f"/v1/users/{user['id']}"
    for number in range(4):
        etag = {"If-Match": (await admin.get(path)).headers["etag"]}
        secret = SECRET if number == 0 else f"another long sentence {number - 1} to keep"
        reset = {"password": f"another long sentence {number} to keep"}
        changed, *logins = await asyncio.gather(
            admin.patch(path, reset, headers=etag), *(log_in(firm, secret=secret) for _ in range(2))
        )  # fmt: skip
        assert changed.status_code == 200, changed.text
        for login in logins:
            assert login.status_code in {200, 401}
            if login.status_code == 200:
                assert (await bearer(firm, login.json()).get("/v1/auth/me")).status_code == 401
        await firm.eyes.execute("DELETE FROM login_throttle")
    running = "SELECT count(*) FROM sessions WHERE ip IS NOT NULL AND ended_at IS NULL"
    assert await firm.eyes.fetchval(running) == 0


async def test_administrator_with_both_powers_is_reminded_to_split_them(firm: Firm) -> None:
    for roles, reminders in (
        (("system_admin", "security_admin"), ["split_powers"]), (("system_admin",), []), (("security_admin",), []),
    ):  # fmt: skip
        me = await (await firm.person(*roles)).get("/v1/auth/me")
        assert me.json()["reminders"] == reminders


@pytest.fixture
async def elsewhere(settings: Settings, firm: Firm) -> AsyncIterator[tuple[httpx.AsyncClient, Any]]:
    """Another process's application on the same database and keys, which trusts what it knows for half a second."""
    there = Settings(
        run=settings.run, database=settings.database, storage=settings.storage,
        auth=AuthSettings(actor_cache_seconds=0.5), http=settings.http,
    )  # fmt: skip
    application = create_app(there, make_resources(there))
    transport = httpx.ASGITransport(app=application, client=("127.0.0.1", 50001))
    async with (
        LifespanManager(application, startup_timeout=30, shutdown_timeout=30),
        httpx.AsyncClient(transport=transport, base_url="http://anjuan.test") as http,
    ):
        yield http, application.state.services


Ending = Callable[[Firm, Person, dict[str, Any], Person], Awaitable[httpx.Response]]
ENDINGS: dict[str, Ending] = {
    "logout": lambda firm, admin, user, person: person.post("/v1/auth/logout"),
    "disabled": lambda firm, admin, user, person: admin.change(f"/v1/users/{user['id']}", {"active": False}),
    "reset": lambda firm, admin, user, person: admin.change(
        f"/v1/users/{user['id']}", {"password": "a new and longer password"}
    ),
    "revoked": lambda firm, admin, user, person: admin.post(f"/v1/users/{user['id']}/revocation", {"reason": "x"}),
}


@pytest.mark.parametrize("kind", ENDINGS)
async def test_end_bites_on_another_process_within_a_second(
    firm: Firm, elsewhere: tuple[httpx.AsyncClient, Any], kind: str
) -> None:
    http, services = elsewhere
    admin = await administrator(firm)
    user = await made(admin, roles=["lawyer"])
    tokens = await logged_in(firm)
    here, there = bearer(firm, tokens), bearer(firm, tokens, http)
    for _ in range(3):
        assert (await there.get("/v1/auth/me")).status_code == 200
    assert len(services.tokens._verified) == 1
    ended = await ENDINGS[kind](firm, admin, user, here)
    assert ended.status_code in {200, 204}, ended.text
    began = time.monotonic()
    while (answer := await there.get("/v1/auth/me")).status_code == 200:
        assert time.monotonic() - began < 1
        await asyncio.sleep(0.02)
    assert answer.status_code == 401
    assert await firm.events(answer) == REJECTED
    assert len(services.tokens._verified) == 0
    assert (await here.get("/v1/auth/me")).status_code == 401


async def test_role_taken_bites_on_another_process_within_a_second(
    firm: Firm, elsewhere: tuple[httpx.AsyncClient, Any]
) -> None:
    http, _ = elsewhere
    admin = await administrator(firm)
    user = await made(admin, roles=["lawyer", "partner"])
    there = bearer(firm, await logged_in(firm), http)
    assert (await there.get("/v1/auth/me")).json()["roles"] == ["lawyer", "partner"]
    await admin.change(f"/v1/users/{user['id']}", {"roles": ["lawyer"]})
    began = time.monotonic()
    while (await there.get("/v1/auth/me")).json()["roles"] != ["lawyer"]:
        assert time.monotonic() - began < 1
        await asyncio.sleep(0.02)


async def test_what_is_remembered_of_tokens_is_bounded(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.auth.verified._SIZE", 3)
    monkeypatch.setattr("app.auth.service._KNOWN_USERS", 3)
    people = [await firm.person("lawyer") for _ in range(6)]
    for person in people * 2:
        assert (await person.get("/v1/auth/me")).status_code == 200
    assert len(firm.services.tokens._verified) == 3
    assert len(firm.services.auth._users) == 3
    assert all(person.token not in str(firm.services.tokens._verified._known) for person in people)


async def test_sessions_are_forgotten_a_month_after_their_end(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.jobs.housekeeping._MOST_AT_ONCE", 1)
    await made(await administrator(firm))
    kept, late, old, expired = [await logged_in(firm) for _ in range(4)]
    old = (await refresh(firm, old["refresh_token"])).json()
    sids = [
        UUID((await bearer(firm, one).get("/v1/auth/me")).json()["session_id"]) for one in (kept, late, old, expired)
    ]
    for sid, days in ((sids[1], 29), (sids[2], 31)):
        await firm.eyes.execute(
            "UPDATE sessions SET ended_at = now() - $2::interval, ended_because = 'logged_out' WHERE id = $1",
            sid, timedelta(days=days),
        )  # fmt: skip
    await firm.eyes.execute("UPDATE sessions SET expires_at = now() - interval '31 days' WHERE id = $1", sids[3])
    events = await firm.eyes.fetchval("SELECT count(*) FROM events")
    await forget_old_sessions(firm.services)
    rows = await firm.eyes.fetch("SELECT id FROM sessions WHERE ip IS NOT NULL ORDER BY id")
    assert [row["id"] for row in rows] == sids[:2]
    assert {row[0] for row in await firm.eyes.fetch("SELECT DISTINCT session_id FROM refresh_tokens")} == set(sids[:2])
    assert await firm.eyes.fetchval("SELECT count(*) FROM events") == events
    assert (await bearer(firm, old).get("/v1/auth/me")).status_code == 401
    assert (await bearer(firm, kept).get("/v1/auth/me")).status_code == 200


async def test_database_that_is_down_refuses_no_token_as_invalid(firm: Firm, settings: Settings) -> None:
    await made(await administrator(firm))
    tokens = await logged_in(firm)
    url = SecretStr("postgresql://anjuan_app:x@127.0.0.1:9/none")
    broken = Settings(
        run=settings.run, database=settings.database.model_copy(update={"database_url": url}),
        storage=settings.storage, auth=settings.auth, http=settings.http,
    )  # fmt: skip
    application = create_app(broken, make_resources(broken))
    transport = httpx.ASGITransport(app=application, client=("127.0.0.1", 50001))
    async with (
        LifespanManager(application, startup_timeout=30, shutdown_timeout=30),
        httpx.AsyncClient(transport=transport, base_url="http://anjuan.test") as http,
    ):
        answers = [
            await bearer(firm, tokens, http).get("/v1/auth/me"),
            await http.post("/v1/auth/token", data={"grant_type": "refresh_token", "refresh_token": "x"}),
            await http.post("/v1/auth/token", data={"grant_type": "password", "username": "a", "password": "b"}),
        ]
    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert (await bearer(firm, tokens).get("/v1/auth/me")).status_code == 200
