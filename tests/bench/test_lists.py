"""What visibility costs in lists: compared in one run with the predicate switched off and with a small firm.

Whole requests to the application, taken in turn so that a busy machine slows both sides alike; ratios of their lower
quartiles, which others on the machine disturb least. The database's durability is off: with it every request would wait
for the same disk, and the ratios would only come closer to one.
"""

import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from asgi_lifespan import LifespanManager
from pydantic import SecretStr

from app.access.paths import visible_dossiers
from app.auth.roles import Role
from app.config import AuthSettings, DatabaseSettings, HttpSettings, RunSettings, Settings, StorageSettings
from app.core.database import Database
from app.dossiers import repository
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.s3 import EmbeddedS3
from app.factory import make_resources
from app.main import create_app
from app.sample.firm import INSIDER, OUTSIDER, Size, found, user_id
from tests.support.databases import copied

BIG, SMALL = Size(200_000), Size(2_000)
ROUNDS, WARM = 60, 10
DEEP = 40
WITHOUT_PREDICATE, WITH_FEW_DOSSIERS = 1.5, 1.3
# A partner's list looks at each colleague of the department: no ordinary user, but bounded too.
FOR_PARTNERS = 2.0
pytestmark = pytest.mark.timeout(600)


@dataclass
class Served:
    """An application on a firm."""

    http: httpx.AsyncClient
    database: Database
    issue: Callable[..., Any]

    async def token(self, number: int, *roles: Role) -> str:
        """Give a token of a user of the firm."""
        session_id = uuid4()
        await self.database.execute(
            "INSERT INTO sessions (id, user_id, began_at, expires_at)"
            " VALUES ($1, $2, now(), now() + interval '12 hours')",
            session_id,
            user_id(number),
        )
        token, _ = self.issue(user_id(number), frozenset(roles), session_id)
        return str(token)


def _settings(url: str, s3: EmbeddedS3, place: Path) -> Settings:
    return Settings(
        run=RunSettings(data_dir=place), database=DatabaseSettings(database_url=SecretStr(url)),
        storage=StorageSettings(
            s3_endpoint=s3.endpoint, s3_access_key=SecretStr(s3.access_key), s3_secret_key=SecretStr(s3.secret_key)
        ),
        auth=AuthSettings(), http=HttpSettings(log_level="error"),
    )  # fmt: skip


@pytest.fixture(scope="module")
async def firms(
    postgres: EmbeddedPostgres, embedded_s3: EmbeddedS3, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Served, Served]]:
    """Applications on the big firm and on the small one."""
    place = tmp_path_factory.mktemp("bench")
    async with copied(postgres) as big, copied(postgres) as small:
        served, lives = [], []
        for database, size in ((big, BIG), (small, SMALL)):
            await found(database.owner_url, size)
            await order_all(database.owner_url)
            settings = _settings(database.app_url, embedded_s3, place)
            app = create_app(settings, make_resources(settings))
            lives.append(LifespanManager(app, startup_timeout=30, shutdown_timeout=30))
            await lives[-1].__aenter__()
            http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://anjuan.test")
            services = app.state.services
            served.append(Served(http, services.resources.database, services.tokens.issue))
        yield served[0], served[1]
        for one, life in zip(served, lives, strict=True):
            await one.http.aclose()
            await life.__aexit__(None, None, None)


async def order_all(owner_url: str) -> None:
    """Index the list without predicate, which nobody is shown; it shall not be slow for want of an index."""
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute("CREATE INDEX ON dossiers (opened_on, id)")
        await connection.execute("ANALYZE dossiers")
    finally:
        await connection.close()


def plain(actor: Any, where: Any, keys: Any, order: str, *, joined: str = "") -> str:
    """The query for a page without any predicate."""
    columns = ", ".join(sorted({"d.id AS id", *(f"{key.column} AS {key.field}" for key in keys)}))
    return f"SELECT {columns} FROM dossiers d{joined} WHERE {where.text} {order}"


@dataclass
class Page:
    """A page of the list for somebody."""

    served: Served
    token: str
    path: str

    async def seconds(self) -> float:
        """Ask for it and give the time that took."""
        began = time.perf_counter()
        answer = await self.served.http.get(self.path, headers={"Authorization": f"Bearer {self.token}"})
        spent = time.perf_counter() - began
        assert answer.status_code == 200
        return spent


async def page(served: Served, number: int, roles: tuple[Role, ...], sort: str, deep: int) -> Page:
    """Turn `deep` pages (or to the last) and give the next."""
    token = await served.token(number, *roles)
    path = f"/v1/dossiers?sort={sort}"
    for _ in range(deep):
        answer = await served.http.get(path, headers={"Authorization": f"Bearer {token}"})
        if answer.json()["next"] is None:
            break
        path = answer.headers["link"].partition(">")[0].lstrip("<")
    return Page(served, token, path)


async def ratio(one: Page, other: Page, patch: Callable[[bool], None]) -> float:
    """Give how many times as long `one` takes as `other`, asked in turn; `patch(True)` goes before `other`."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(ROUNDS + WARM):
        for side, shown in enumerate((one, other)):
            patch(side == 1)
            spent = await shown.seconds()
            if turn >= WARM:  # statements are prepared and pages in memory by then
                times[side].append(spent)
    patch(False)
    return quantiles(times[0], n=4)[0] / quantiles(times[1], n=4)[0]


@pytest.mark.parametrize("sort", ["-opened_on", "opened_on", "number"])
@pytest.mark.parametrize("role", [Role.LAWYER, Role.ASSISTANT, Role.PARTNER])
async def test_page_costs_little_more_than_without_predicate(
    firms: tuple[Served, Served], monkeypatch: pytest.MonkeyPatch, role: Role, sort: str
) -> None:
    big, _ = firms

    def patch(off: bool) -> None:
        monkeypatch.setattr(repository, "visible_dossiers", plain if off else visible_dossiers)

    for deep in (0, DEEP):
        shown = await page(big, INSIDER, (role,), sort, deep)
        times = await ratio(shown, shown, patch)
        sys.stdout.write(f"{role} {sort} page {deep}: {times:.2f} of the page without predicate\n")
        assert times <= (FOR_PARTNERS if role is Role.PARTNER else WITHOUT_PREDICATE)


@pytest.mark.parametrize(
    ("number", "role"),
    [(INSIDER, Role.LAWYER), (INSIDER, Role.PARTNER), (OUTSIDER, Role.ASSISTANT), (OUTSIDER, Role.FINANCE)],
)
async def test_page_costs_the_same_in_a_big_firm(firms: tuple[Served, Served], number: int, role: Role) -> None:
    for deep in (0, DEEP):
        big, small = [await page(firm, number, (role,), "-opened_on", deep) for firm in firms]
        times = await ratio(big, small, lambda _: None)
        sys.stdout.write(f"{role} page {deep}: {times:.2f} of the page in a firm of {SMALL.dossiers:,}\n")
        assert times <= (FOR_PARTNERS if role is Role.PARTNER else WITH_FEW_DOSSIERS)
