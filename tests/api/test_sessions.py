"""Sessions: what a login begins and refreshing prolongs."""

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.core.database import present
from tests.api.test_identity import SECRET, administrator, log_in, log_in_program, made
from tests.support.firm import Firm, Person, done

REJECTED = [("auth.rejected", "denied")]
REFUSED = [("auth.refreshed", "denied")]
REUSED = [("auth.refresh_reused", "denied")]


async def refresh(firm: Firm, token: str) -> httpx.Response:
    """Ask for new tokens."""
    return await firm.http.post("/v1/auth/token", data={"grant_type": "refresh_token", "refresh_token": token})


def bearer(firm: Firm, tokens: dict[str, Any], http: httpx.AsyncClient | None = None) -> Person:
    """Give somebody who sends the access token of these tokens."""
    return Person(uuid4(), "", tokens["access_token"], http or firm.http)


async def logged_in(firm: Firm, name: str = "wang.li") -> dict[str, Any]:
    """Log in; give the tokens."""
    answer = await log_in(firm, name)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def ended_because(firm: Firm) -> list[str | None]:
    """Tell why the sessions of logins ended, in their order."""
    rows = await firm.eyes.fetch("SELECT ended_because FROM sessions WHERE ip IS NOT NULL ORDER BY id")
    return [row[0] for row in rows]


async def test_login_begins_a_session(firm: Firm) -> None:
    user = await made(await administrator(firm), roles=["lawyer"])
    answer = await firm.http.post(
        "/v1/auth/token", data={"grant_type": "password", "username": "wang.li", "password": SECRET},
        headers={"User-Agent": "firm/1"},
    )  # fmt: skip
    tokens = answer.json()
    assert set(tokens) == {
        "access_token", "token_type", "expires_in", "refresh_token", "refresh_expires_in", "must_change_password",
    }  # fmt: skip
    assert (tokens["expires_in"], tokens["must_change_password"]) == (900, False)
    assert tokens["refresh_expires_in"] == pytest.approx(12 * 3600, abs=3)
    assert await firm.events(answer) == done("auth.succeeded")
    me = (await bearer(firm, tokens).get("/v1/auth/me")).json()
    row = present(await firm.eyes.fetchrow("SELECT * FROM sessions WHERE id = $1", UUID(me["session_id"])))
    assert (str(row["user_id"]), row["ip"], row["user_agent"]) == (user["id"], "127.0.0.1", "firm/1")
    assert row["expires_at"] - row["began_at"] == timedelta(hours=12)
    event = await firm.event(answer)
    assert event["details"]["session_id"] == me["session_id"]
    kept = await firm.eyes.fetch("SELECT r.*, e.details FROM refresh_tokens r, events e")
    assert tokens["refresh_token"] not in str(kept)


async def test_program_gets_no_refresh_token_but_a_session(firm: Firm) -> None:
    admin = await administrator(firm)
    account = (await admin.post("/v1/service-accounts", {"name": "立案系统", "roles": ["integration"]})).json()
    answer = await log_in_program(firm, account)
    tokens = answer.json()
    assert set(tokens) == {"access_token", "token_type", "expires_in"}
    assert await firm.events(answer) == done("auth.succeeded")
    program = bearer(firm, tokens)
    (item,) = (await program.get("/v1/auth/sessions")).json()["items"]
    began, ends = (datetime.fromisoformat(item[name]) for name in ("began_at", "expires_at"))
    assert ends - began == timedelta(minutes=15)
    revoked = await admin.post(f"/v1/users/{account['id']}/revocation", {"reason": "密钥泄露"})
    assert revoked.json()["sessions_ended"] == 1
    assert (await program.get("/v1/auth/me")).status_code == 401
    assert (await log_in_program(firm, account)).status_code == 200


async def test_refresh_gives_new_tokens_of_the_same_session(firm: Firm) -> None:
    await made(await administrator(firm), roles=["lawyer"])
    first = await logged_in(firm)
    await firm.eyes.execute("UPDATE sessions SET expires_at = expires_at - interval '1 hour' WHERE ip IS NOT NULL")
    answer = await refresh(firm, first["refresh_token"])
    second = answer.json()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert await firm.events(answer) == done("auth.refreshed")
    assert set(second) == set(first)
    assert second["refresh_token"] != first["refresh_token"]
    assert second["refresh_expires_in"] == pytest.approx(11 * 3600, abs=3)
    seen = [(await bearer(firm, tokens).get("/v1/auth/me")).json() for tokens in (first, second)]
    assert seen[0]["session_id"] == seen[1]["session_id"]
    assert seen[1]["roles"] == ["lawyer"]
    row = present(await firm.eyes.fetchrow("SELECT * FROM sessions WHERE ip IS NOT NULL"))
    assert row["began_at"] < row["refreshed_at"] < row["expires_at"]
    for token in (first["refresh_token"], second["refresh_token"]):
        assert token not in str(await firm.event(answer))


async def test_session_ends_however_often_it_is_refreshed(firm: Firm) -> None:
    await made(await administrator(firm))
    tokens = await logged_in(firm)
    await firm.eyes.execute("UPDATE sessions SET expires_at = now() + interval '2.5 seconds' WHERE ip IS NOT NULL")
    answer = await refresh(firm, tokens["refresh_token"])
    assert answer.json()["expires_in"] <= 3
    assert (await bearer(firm, answer.json()).get("/v1/auth/me")).status_code == 200
    await asyncio.sleep(2.6)
    late = await refresh(firm, answer.json()["refresh_token"])
    assert late.status_code == 401
    assert await firm.events(late) == REFUSED
    for one in (tokens, answer.json()):
        assert (await bearer(firm, one).get("/v1/auth/me")).status_code == 401


async def test_roles_are_read_anew_at_refresh(firm: Firm) -> None:
    admin = await administrator(firm)
    user = await made(admin, roles=["lawyer"])
    tokens = await logged_in(firm)
    await admin.change(f"/v1/users/{user['id']}", {"roles": ["lawyer", "partner"]})
    assert (await bearer(firm, tokens).get("/v1/auth/me")).json()["roles"] == ["lawyer"]
    tokens = (await refresh(firm, tokens["refresh_token"])).json()
    assert (await bearer(firm, tokens).get("/v1/auth/me")).json()["roles"] == ["lawyer", "partner"]


async def test_used_refresh_token_ends_the_session(firm: Firm) -> None:
    await made(await administrator(firm))
    other, first = await logged_in(firm), await logged_in(firm)
    second = (await refresh(firm, first["refresh_token"])).json()
    stolen = await refresh(firm, first["refresh_token"])
    assert stolen.status_code == 401
    assert await firm.events(stolen) == REUSED
    event = await firm.event(stolen)
    assert (event["actor_id"], event["subject_label"], event["details"]["session_ended"]) == (None, "wang.li", True)
    for tokens in (first, second):
        assert (await bearer(firm, tokens).get("/v1/auth/me")).status_code == 401
    late = await refresh(firm, second["refresh_token"])
    assert (late.status_code, await firm.events(late)) == (401, REFUSED)
    again = await refresh(firm, first["refresh_token"])
    assert (again.status_code, await firm.events(again)) == (401, REUSED)
    assert await ended_because(firm) == [None, "refresh_reused"]
    assert (await bearer(firm, other).get("/v1/auth/me")).status_code == 200


async def test_refresh_at_once_lets_one_win_and_ends_the_session(firm: Firm) -> None:
    await made(await administrator(firm))
    for number in range(1, 6):
        tokens = await logged_in(firm)
        answers = await asyncio.gather(*(refresh(firm, tokens["refresh_token"]) for _ in range(2 + number % 3)))
        winners = [answer for answer in answers if answer.status_code == 200]
        assert len(winners) == 1
        assert await firm.events(winners[0]) == done("auth.refreshed")
        for loser in (answer for answer in answers if answer is not winners[0]):
            assert loser.status_code == 401
            assert await firm.events(loser) == REUSED
        assert (await bearer(firm, winners[0].json()).get("/v1/auth/me")).status_code == 401
        assert (await refresh(firm, winners[0].json()["refresh_token"])).status_code == 401
        assert await ended_because(firm) == ["refresh_reused"] * number


@pytest.mark.parametrize("seed", range(6))
async def test_any_order_of_refreshes_follows_the_rule(firm: Firm, seed: int) -> None:
    """Two sessions and any uses of their tokens: one is open until one of its tokens comes a second time."""
    await made(await administrator(firm))
    order = random.Random(seed)
    known: list[tuple[int, str]] = []
    used: set[str] = set()
    ended: set[int] = set()
    access: dict[int, dict[str, Any]] = {}
    for session in (0, 1):
        access[session] = await logged_in(firm)
        known.append((session, access[session]["refresh_token"]))
    for _ in range(14):
        fresh = [pair for pair in known if pair[1] not in used]
        session, token = order.choice(fresh if fresh and order.random() < 0.7 else known)
        answer = await refresh(firm, token)
        if token in used:
            expected, ended = (401, REUSED), ended | {session}
        elif session in ended:
            expected = (401, REFUSED)
        else:
            expected = (200, done("auth.refreshed"))
            used.add(token)
            access[session] = answer.json()
            known.append((session, access[session]["refresh_token"]))
        assert (answer.status_code, await firm.events(answer)) == expected
        for number, tokens in access.items():
            opens = (await bearer(firm, tokens).get("/v1/auth/me")).status_code == 200
            assert opens == (number not in ended)


@pytest.mark.parametrize(
    "token", ["x", "a" * 43, "a" * 256, "\x00", "é", "' OR 1=1 --", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"]
)  # fmt: skip
async def test_refresh_tokens_that_were_never_issued_look_alike(firm: Firm, token: str) -> None:
    await made(await administrator(firm))
    tokens = await logged_in(firm)
    await bearer(firm, tokens).post("/v1/auth/logout")
    before = await firm.tables()
    answers = [await refresh(firm, one) for one in (token, tokens["refresh_token"], tokens["access_token"][:256])]
    texts = []
    for answer in answers:
        assert answer.status_code == 401
        assert await firm.events(answer) == REFUSED
        texts.append({name: value for name, value in answer.json().items() if name != "request_id"})
    assert texts[0] == texts[1] == texts[2]
    assert await firm.tables() == before


@pytest.mark.parametrize("form", [{}, {"refresh_token": ""}, {"refresh_token": "x" * 257}])
async def test_broken_refresh_is_refused(firm: Firm, form: dict[str, str]) -> None:
    before = await firm.tables()
    answer = await firm.http.post("/v1/auth/token", data={"grant_type": "refresh_token", **form})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] in {"/body", "/body/refresh_token"}
    assert await firm.events(answer) == []
    assert await firm.tables() == before
