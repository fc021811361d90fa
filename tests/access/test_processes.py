"""Four processes on one database: what is taken away is gone on all of them with the next request."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.config import Settings
from tests.access.test_grants import given
from tests.access.test_walls import built
from tests.support.firm import Firm, Person
from tests.support.server import Served

PROCESSES = 4
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def processes(settings: Settings, tmp_path: Path) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Clients of four API processes, with the settings of production: users are trusted for half a second."""
    servers = [Served(settings, tmp_path / f"api-{number}.log") for number in range(PROCESSES)]
    try:
        for server in servers:
            await asyncio.to_thread(server.start)
        clients = [httpx.AsyncClient(base_url=server.url, timeout=20) for server in servers]
        yield clients
        for client in clients:
            await client.aclose()
    finally:
        for server in servers:
            server.stop()


async def statuses(processes: list[httpx.AsyncClient], person: Person, path: str) -> list[int]:
    """Ask every process at once; give the statuses."""
    headers = {"Authorization": f"Bearer {person.token}"}
    answers = await asyncio.gather(*(client.get(path, headers=headers) for client in processes))
    return [answer.status_code for answer in answers]


async def test_wall_and_revoked_grant_bite_on_the_next_request_everywhere(
    firm: Firm, processes: list[httpx.AsyncClient]
) -> None:
    keeper, lead, other = [await firm.person(role) for role in ("security_admin", "lawyer", "lawyer")]
    dossier = await firm.dossier(lead, confidentiality="confidential")
    path = f"/v1/dossiers/{dossier['id']}"
    for _ in range(3):
        grant = (await given(lead, dossier, other)).json()
        assert await statuses(processes, other, path) == [200] * PROCESSES
        ended = await lead.request("DELETE", f"/v1/grants/{grant['id']}", headers={"If-Match": "*"})
        assert ended.status_code == 204
        assert await statuses(processes, other, path) == [404] * PROCESSES

        assert await statuses(processes, lead, path) == [200] * PROCESSES
        wall = await built(keeper, lead, dossier_ids=[dossier["id"]])
        assert await statuses(processes, lead, path) == [404] * PROCESSES
        lists = [
            (await client.get("/v1/dossiers", headers={"Authorization": f"Bearer {lead.token}"})).json()["items"]
            for client in processes
        ]
        assert lists == [[]] * PROCESSES
        assert (await keeper.change(wall.headers["location"], {"state": "lifted"})).status_code == 200
        assert await statuses(processes, lead, path) == [200] * PROCESSES


@pytest.mark.parametrize("change", [{"active": False}, {"roles": []}, {"department": "二部"}])
async def test_change_of_a_user_bites_everywhere_within_a_second(
    firm: Firm, processes: list[httpx.AsyncClient], change: dict[str, Any]
) -> None:
    admin, lead = await firm.person("system_admin", "security_admin"), await firm.person("lawyer", department="一部")
    partner = await firm.person("partner", department="一部")
    dossier = await firm.dossier(lead, confidentiality="confidential")
    path = f"/v1/dossiers/{dossier['id']}"
    assert await statuses(processes, partner, path) == [200] * PROCESSES
    assert (await admin.change(f"/v1/users/{partner.id}", change)).status_code == 200
    deadline = time.monotonic() + 1
    while (found := await statuses(processes, partner, path)) != [401 if "active" in change else 404] * PROCESSES:
        assert time.monotonic() < deadline, found
