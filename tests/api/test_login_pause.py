"""Guessing is slow: a name or an address pauses after failures, for users and unknown names alike, however they come."""

import asyncio
import statistics
import time
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.auth import passwords
from app.auth.throttle import Limit, Throttle
from tests.api.test_identity import FAILED, SECRET, administrator, log_in, log_in_program, made, told
from tests.support.firm import Firm, done

LOCKED = [*FAILED, ("auth.locked", "success")]


def limits(firm: Firm, *, name: Limit | None = None, address: Limit | None = None) -> None:
    """Give the service other limits than those of the tests' settings."""
    throttle: Throttle = firm.services.logins._throttle
    if name is not None:
        throttle._limits["name"] = name
    if address is not None:
        throttle._limits["address"] = address


async def elapse(firm: Firm, seconds: float) -> None:
    """Let time pass for the counts."""
    await firm.eyes.execute(
        "UPDATE login_throttle SET paused_until = paused_until - $1::interval, updated_at = updated_at - $1::interval",
        timedelta(seconds=seconds),
    )


def pause_of(answer: httpx.Response) -> int:
    """Give the seconds that an answer tells to wait; it is of the usual form."""
    assert answer.status_code == 429, answer.text
    assert answer.json()["code"] == "too_many_requests"
    assert answer.headers["retry-after"] in answer.json()["detail"]
    return int(answer.headers["retry-after"])


def from_address(firm: Firm, ip: str) -> None:
    """Send what follows from another address."""
    firm.http._transport.client = (ip, 50000)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["wang.li", "nobody"])
async def test_failures_in_a_row_lock_a_name(firm: Firm, name: str) -> None:
    await made(await administrator(firm))
    for expected in (FAILED, FAILED, LOCKED):
        answer = await log_in(firm, name, "wrong")
        assert answer.status_code == 401
        assert await firm.events(answer) == expected
    before = await firm.tables()
    paused = await log_in(firm, name.upper())
    assert 1 <= pause_of(paused) <= 2
    assert await firm.events(paused) == FAILED
    assert (await firm.event(paused))["details"] == {"reason": "paused"}
    assert await firm.tables() == before
    assert (await log_in(firm, "another", "wrong")).status_code == 401
    await asyncio.sleep(pause_of(paused))
    again = await log_in(firm, name)
    assert again.status_code == (200 if name == "wang.li" else 401)
    assert await firm.events(again) == (done("auth.succeeded") if name == "wang.li" else FAILED)


async def test_lock_tells_what_is_locked_and_until_when(firm: Firm) -> None:
    user = await made(await administrator(firm))
    for _ in range(3):
        answer = await log_in(firm, secret="wrong")
    rows = await firm.eyes.fetch(
        "SELECT * FROM events WHERE request_id = $1 ORDER BY id", answer.headers["x-request-id"]
    )
    failed, locked = rows
    assert failed["details"] == {"reason": "wrong name or secret", "failures": {"name": 3, "address": 3}}
    assert (str(locked["subject_id"]), locked["subject_label"]) == (user["id"], "wang.li")
    assert (locked["details"]["kind"], locked["details"]["locks"]) == ("name", 1)
    assert locked["details"]["until"] > locked["recorded_at"].isoformat()


async def test_right_password_during_a_lock_is_refused_like_a_wrong_one(firm: Firm) -> None:
    await made(await administrator(firm))
    limits(firm, name=Limit.of_name(3, 300))
    for _ in range(3):
        await log_in(firm, secret="wrong")
    right, wrong = await log_in(firm), await log_in(firm, secret="wrong")
    assert abs(pause_of(right) - pause_of(wrong)) <= 1
    texts = [told(answer).replace(answer.headers["retry-after"], "N") for answer in (right, wrong)]
    assert texts[0] == texts[1]
    assert [await firm.events(answer) for answer in (right, wrong)] == [FAILED, FAILED]
    assert await firm.eyes.fetchval("SELECT count(*) FROM sessions WHERE ip IS NOT NULL") == 0


async def test_each_further_try_waits_twice_as_long(firm: Firm) -> None:
    await made(await administrator(firm))
    limits(firm, name=Limit.of_name(10, 300))
    waits = []
    for failure in range(1, 11):
        assert (await log_in(firm, secret="wrong")).status_code == 401
        if failure >= 3:
            waits.append(pause_of(await log_in(firm)))
            await elapse(firm, waits[-1])
    assert waits == [1, 2, 4, 8, 16, 32, 64, 300]
    assert (await log_in(firm)).status_code == 200


async def test_further_locks_last_longer_up_to_an_hour(firm: Firm) -> None:
    limits(firm, name=Limit.of_name(1, 300))
    waits = []
    for _ in range(6):
        assert (await log_in(firm, "nobody", "wrong")).status_code == 401
        waits.append(pause_of(await log_in(firm, "nobody", "wrong")))
        await elapse(firm, waits[-1])
    assert waits == [300, 600, 1200, 2400, 3600, 3600]


async def test_address_is_locked_for_all_names(firm: Firm) -> None:
    await made(await administrator(firm))
    limits(firm, address=Limit.of_address(3, 300))
    for number in range(3):
        answer = await log_in(firm, f"name{number}", "wrong")
    assert await firm.events(answer) == LOCKED
    label = await firm.eyes.fetchval("SELECT subject_label FROM events WHERE type = 'auth.locked'")
    assert label == "127.0.0.1"
    assert pause_of(await log_in(firm)) >= 299
    from_address(firm, "192.0.2.7")
    assert (await log_in(firm)).status_code == 200


async def test_addresses_of_one_customer_are_one(firm: Firm) -> None:
    limits(firm, address=Limit.of_address(3, 300))
    for number in range(1, 4):
        from_address(firm, f"2001:db8:1:2::{number}")
        assert (await log_in(firm, f"name{number}", "wrong")).status_code == 401
    from_address(firm, "2001:db8:1:2:ffff::1")
    pause_of(await log_in(firm, "another", "wrong"))
    from_address(firm, "2001:db8:1:3::1")
    assert (await log_in(firm, "another", "wrong")).status_code == 401


async def test_success_forgets_failures_of_the_name_and_not_of_the_address(firm: Firm) -> None:
    await made(await administrator(firm))
    for secret in ("wrong", "wrong", SECRET, "wrong", "wrong", SECRET):
        assert (await log_in(firm, secret=secret)).status_code == (200 if secret == SECRET else 401)
    rows = await firm.eyes.fetch("SELECT kind, failures FROM login_throttle")
    assert [tuple(row) for row in rows] == [("address", 4)]


async def test_secrets_of_programs_are_counted_too(firm: Firm) -> None:
    admin = await administrator(firm)
    account = (await admin.post("/v1/service-accounts", {"name": "立案系统", "roles": ["integration"]})).json()
    for _ in range(3):
        assert (await log_in_program(firm, {**account, "client_secret": "wrong"})).status_code == 401
    pause_of(await log_in_program(firm, account))


async def test_guesses_at_once_are_answered_like_guesses_in_a_row(firm: Firm) -> None:
    await made(await administrator(firm))
    guesses = [f"guess {number}" for number in range(23)] + [SECRET]
    answers = await asyncio.gather(*(log_in(firm, secret=guess) for guess in guesses))
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) <= {200, 401, 429}
    # A right guess that comes before the lock begins the count anew, so at most twice the limit is answered.
    assert statuses.count(401) == 3 or (200 in statuses and statuses.count(401) <= 5)
    assert (await log_in(firm)).status_code == 429


async def test_guesses_at_once_from_one_address_are_answered_like_guesses_in_a_row(firm: Firm) -> None:
    limits(firm, address=Limit.of_address(5, 300))
    answers = await asyncio.gather(*(log_in(firm, f"name{number}", "wrong") for number in range(24)))
    statuses = [answer.status_code for answer in answers]
    # The third failure begins a wait of a second, and no more are let through within it.
    assert 3 <= statuses.count(401) <= 4
    assert statuses.count(429) == 24 - statuses.count(401)


async def test_names_that_were_typed_are_not_kept(firm: Firm) -> None:
    await log_in(firm, "my-secret-in-the-wrong-field", "x")
    kept = await firm.eyes.fetch("SELECT * FROM login_throttle WHERE kind = 'name'")
    assert len(kept) == 1
    assert "my-secret" not in str(kept)


async def test_unknown_name_takes_as_long_as_a_wrong_password(firm: Firm) -> None:
    """Medians of interleaved tries, with bounds that hold on a busy machine; unequal work would differ tenfold."""
    admin = await administrator(firm)
    await made(admin)
    await made(admin, "disabled", active=False)
    limits(firm, name=Limit(1000, 1000, 1), address=Limit(1000, 1000, 1))
    taken: dict[str, list[float]] = {"wang.li": [], "nobody": [], "disabled": []}
    for round_ in range(25):
        for name, times in taken.items():
            began = time.perf_counter()
            answer = await log_in(firm, name, "wrong")
            if round_ >= 3:  # the first ones make connections and the dummy hash
                times.append(time.perf_counter() - began)
            assert answer.status_code == 401
    medians = {name: statistics.median(times) for name, times in taken.items()}
    assert max(medians.values()) < 1.5 * min(medians.values()), medians


async def test_dummy_verification_does_the_work_of_a_real_one() -> None:
    real = await passwords.hash_password(SECRET)
    assert await passwords.verify("x", None) is False

    async def median(password_hash: str | None) -> float:
        times: list[float] = []
        for _ in range(15):
            began = time.perf_counter()
            await passwords.verify("wrong", password_hash)
            times.append(time.perf_counter() - began)
        return statistics.median(times)

    pair: list[Any] = [await median(real), await median(None)]
    assert max(pair) < 1.5 * min(pair), pair
