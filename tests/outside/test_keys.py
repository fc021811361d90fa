"""How the keys of an outside issuer are come by: rotation, bounds, faults."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.auth.jwks import IssuerKeys, IssuerOptions
from app.config import Settings, safe_url
from app.core.errors import Unavailable
from tests.api.test_tokens import REJECTED
from tests.outside.common import REFETCH, SEEN, known, me, reason, refused
from tests.support.firm import Firm
from tests.support.issuer import Issuer, SigningKey


async def test_unknown_key_is_asked_for_once(firm: Firm, issuer: Issuer) -> None:
    await known(firm, issuer)
    assert issuer.hits["keys"] == 1
    answer = await refused(firm, issuer.token(key=SigningKey()))
    assert await reason(firm, answer) == "unknown key of the outside issuer"
    assert issuer.hits["keys"] == 2


async def test_forged_key_ids_do_not_hammer_the_issuer(firm: Firm, issuer: Issuer) -> None:
    person = await known(firm, issuer)
    key, began = SigningKey(), time.monotonic()
    for _ in range(3):
        forged = [issuer.token(key=key, headers={"kid": f"forged-{number}"}) for number in range(20)]
        answers = await asyncio.gather(*(me(firm, token) for token in forged), person.get("/v1/auth/me"))
        assert [answer.status_code for answer in answers] == [401] * 20 + [200]
    elapsed = time.monotonic() - began
    assert issuer.hits["keys"] <= 2 + elapsed / REFETCH


async def test_requests_at_once_share_one_fetch(firm: Firm, issuer: Issuer) -> None:
    issuer.slow = 0.2
    tokens = [issuer.token(sub=f"person-{number}") for number in range(20)]
    answers = await asyncio.gather(*(me(firm, token) for token in tokens))
    assert {answer.status_code for answer in answers} == {200}
    assert issuer.hits == {"discovery": 1, "keys": 1}


async def test_keys_rotate_while_requests_run(firm: Firm, issuer: Issuer) -> None:
    """Whoever comes with a token of the newest key is let in, also right after a fetch that did not bring it."""
    statuses: list[int] = []
    began = time.monotonic()

    async def work(number: int) -> None:
        for _ in range(12):
            statuses.append((await me(firm, issuer.token(sub=f"person-{number}"))).status_code)
            await asyncio.sleep(0.05)

    async def rotate() -> None:
        for _ in range(4):
            await asyncio.sleep(0.2)
            issuer.rotate(SigningKey("ES256"), keep=4)

    await asyncio.gather(rotate(), *(work(number) for number in range(6)))
    assert statuses == [200] * 72
    assert issuer.hits["keys"] <= 2 + (time.monotonic() - began) / REFETCH


async def test_key_that_appears_behind_a_running_fetch_is_found_by_the_next(firm: Firm, issuer: Issuer) -> None:
    await known(firm, issuer)
    old = issuer.keys[0]
    new = SigningKey()

    def answer_with_the_old_set() -> None:
        issuer.keys_body = json.dumps({"keys": [old.jwk]}).encode()
        issuer.on_keys = lambda: setattr(issuer, "keys_body", None)

    issuer.on_keys = answer_with_the_old_set
    issuer.slow = 0.3
    forged = asyncio.create_task(me(firm, issuer.token(key=SigningKey())))
    await asyncio.sleep(REFETCH + 0.1)
    issuer.rotate(new)
    late = await me(firm, issuer.token())
    assert (late.status_code, (await forged).status_code) == (200, 401)


async def test_withdrawn_key_takes_its_tokens_with_it(firm: Firm, issuer: Issuer) -> None:
    person = await known(firm, issuer)
    issuer.rotate(keep=0)
    assert (await person.get("/v1/auth/me")).status_code == 200  # nobody knows of it yet
    assert (await me(firm, issuer.token())).status_code == 200  # the new key makes the set be fetched
    assert await reason(firm, await refused(firm, person.token)) == "unknown key of the outside issuer"


async def test_keys_that_have_aged_are_fetched_anew(firm: Firm, issuer: Issuer, settings: Settings) -> None:
    keys = firm.services.resources.issuer_keys
    assert keys is not None
    person = await known(firm, issuer)
    issuer.rotate(keep=0)
    keys._fetched -= settings.oidc.oidc_keys_seconds
    await asyncio.sleep(REFETCH)
    answer = await refused(firm, person.token)
    assert await firm.events(answer) == REJECTED
    assert issuer.hits["keys"] == 2


async def test_aged_keys_stay_good_while_the_issuer_is_down(firm: Firm, issuer: Issuer, settings: Settings) -> None:
    keys = firm.services.resources.issuer_keys
    assert keys is not None
    person = await known(firm, issuer)
    await issuer.stop()
    keys._fetched -= settings.oidc.oidc_keys_seconds
    for _ in range(3):
        answer = await person.get("/v1/auth/me")
        assert (answer.status_code, await firm.events(answer)) == (200, SEEN)
        await asyncio.sleep(REFETCH / 2)


@pytest.mark.parametrize("how", ["refused", "503", "slow"])
async def test_issuer_that_is_down_is_no_reason_to_refuse(firm: Firm, issuer: Issuer, how: str) -> None:
    person = await known(firm, issuer)
    new = issuer.rotate()
    if how == "refused":
        await issuer.stop()
    elif how == "503":
        issuer.down = True
    else:
        issuer.slow = 5
    newer = issuer.token(key=new)
    unknown = await refused(firm, newer, 503)
    assert (unknown.json()["code"], int(unknown.headers["retry-after"]) > 0) == ("unavailable", True)
    assert await firm.events(unknown) == []
    asked = issuer.hits.total()
    assert [(await me(firm, newer)).status_code for _ in range(2)] == [503, 503]
    assert issuer.hits.total() <= asked + 1
    assert await firm.events(await person.get("/v1/auth/me")) == SEEN
    issuer.down, issuer.slow = False, 0
    if how == "refused":
        await issuer.start()
    await asyncio.sleep(REFETCH)
    assert (await me(firm, newer)).status_code == 200


async def test_issuer_down_from_the_first_heals_without_restart(firm: Firm, issuer: Issuer) -> None:
    await issuer.stop()
    token = issuer.token()
    assert (await refused(firm, token, 503)).json()["code"] == "unavailable"
    local = await firm.person("lawyer")
    assert (await local.get("/v1/auth/me")).status_code == 200
    await issuer.start()
    await asyncio.sleep(REFETCH)
    assert (await me(firm, token)).status_code == 200


UNFIT: dict[str, Callable[[Issuer], None]] = {
    "another issuer": lambda issuer: issuer.discovery.update(issuer="https://elsewhere.example"),
    "keys by http from afar": lambda issuer: issuer.discovery.update(jwks_uri="http://keys.example/certs"),
    "keys from a file": lambda issuer: issuer.discovery.update(jwks_uri="file:///etc/passwd"),
    "no address of keys": lambda issuer: issuer.discovery.update(jwks_uri=None),
    "keys moved": lambda issuer: issuer.discovery.update(jwks_uri=f"http://127.0.0.1:{issuer.port}/moved"),
    "huge keys": lambda issuer: setattr(issuer, "keys_body", b'{"keys": [' + b" " * 400_000 + b"]}"),
    "too many keys": lambda issuer: setattr(
        issuer, "keys_body", json.dumps({"keys": [{**issuer.keys[0].jwk, "kid": str(n)} for n in range(101)]}).encode()
    ),
    "keys no JSON": lambda issuer: setattr(issuer, "keys_body", b"<html>"),
    "keys nested deep": lambda issuer: setattr(issuer, "keys_body", b"[" * 200_000),
    "keys a list": lambda issuer: setattr(issuer, "keys_body", b"[]"),
    "no keys": lambda issuer: setattr(issuer, "keys_body", b'{"keys": []}'),
    "keys not keys": lambda issuer: setattr(issuer, "keys_body", b'{"keys": [1, null, "x", {}]}'),
}


@pytest.mark.parametrize("kind", UNFIT)
async def test_answer_that_can_not_be_used_changes_no_key(firm: Firm, issuer: Issuer, kind: str) -> None:
    person = await known(firm, issuer)
    newer = issuer.token(key=issuer.rotate())
    UNFIT[kind](issuer)
    assert await firm.events(await refused(firm, newer, 503)) == []
    assert await firm.events(await person.get("/v1/auth/me")) == SEEN
    issuer.discovery.clear()
    issuer.keys_body = None
    await asyncio.sleep(REFETCH)
    assert (await me(firm, newer)).status_code == 200


async def fetched(options: IssuerOptions, kid: str) -> int:
    """Count the keys that an issuer gives for an id."""
    keys = IssuerKeys(options)
    try:
        return len(await keys.find(kid))
    finally:
        await keys.aclose()


async def test_issuer_is_trusted_by_the_certificates_that_are_set(tmp_path: Path) -> None:
    issuer = await Issuer(tls=tmp_path).start()
    try:
        options = IssuerOptions(issuer.url, safe_url, timeout_seconds=2, keys_seconds=600, refetch_seconds=0.1)
        kid = issuer.keys[0].kid
        with pytest.raises(Unavailable):
            await fetched(options, kid)
        assert not issuer.hits
        trusting = replace(options, ca_file=issuer.ca_file)
        assert await fetched(trusting, kid) == 1
        issuer.discovery["jwks_uri"] = issuer.url.replace("https:", "http:") + "/certs"
        with pytest.raises(Unavailable):
            await fetched(trusting, kid)
        assert issuer.hits == {"discovery": 2, "keys": 1}
    finally:
        await issuer.stop()


async def test_new_key_is_waited_for_behind_a_slow_fetch_of_aged_keys() -> None:
    issuer = await Issuer().start()
    keys = IssuerKeys(IssuerOptions(issuer.url, safe_url, timeout_seconds=9, keys_seconds=600, refetch_seconds=0.01))
    try:
        old = issuer.keys[0].kid
        await keys.find(old)
        new = issuer.rotate().kid
        issuer.slow = 1.3  # longer than a request with a known key waits
        keys._fetched -= 600
        found = await asyncio.gather(keys.find(old), keys.find(new))
        assert [[key.kid for key in one] for one in found] == [[old], [new]]
        assert issuer.hits["keys"] == 2
    finally:
        await keys.aclose()
        await issuer.stop()


async def test_fetch_under_way_ends_with_the_service() -> None:
    issuer = await Issuer().start()
    try:
        issuer.slow = 5
        keys = IssuerKeys(
            IssuerOptions(issuer.url, safe_url, timeout_seconds=60, keys_seconds=600, refetch_seconds=0.1)
        )
        asked = asyncio.create_task(keys.find("any"))
        await asyncio.sleep(0.2)
        await keys.aclose()
        with pytest.raises(asyncio.CancelledError):
            await asked
    finally:
        issuer.slow = 0
        await issuer.stop()
