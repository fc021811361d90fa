"""What the tests of outside issuers share."""

import time
from typing import Any

import httpx

from tests.support.firm import Firm, Person, done
from tests.support.issuer import Issuer

REFETCH = 0.3
ROLES = ("律师=lawyer", "合伙人=partner", "合伙人=lawyer", "助理=assistant", "admins=system_admin")
FIRST = done("user.provisioned", "auth.identity_viewed")
SEEN = done("auth.identity_viewed")


async def me(firm: Firm, token: str) -> httpx.Response:
    """Ask who the sender of a token is here."""
    return await firm.http.get("/v1/auth/me", headers={"Authorization": f"Bearer {token}"})


async def refused(firm: Firm, token: str, status: int = 401) -> httpx.Response:
    """Send a write with a token; assert that it is refused and nothing changes."""
    before = await firm.tables()
    answer = await firm.http.post(
        "/v1/clients", json={"kind": "person", "name": "王五"}, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == status, answer.text
    assert await firm.tables() == before
    return answer


async def reason(firm: Firm, answer: httpx.Response) -> str:
    """Give the recorded reason of a refusal."""
    event = await firm.event(answer)
    assert (event["type"], event["outcome"], event["actor_id"]) == ("auth.rejected", "denied", None)
    found: str = event["details"]["reason"]
    return found


async def known(firm: Firm, issuer: Issuer, **claims: Any) -> Person:
    """Bring somebody who has come with a token before."""
    token = issuer.token(**claims)
    answer = await me(firm, token)
    assert answer.status_code == 200, answer.text
    return Person(answer.json()["user_id"], answer.json()["display_name"], token, firm.http)


def later(seconds: float) -> int:
    return int(time.time() + seconds)
