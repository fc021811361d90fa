"""Health, metrics, version, and the API pages with their assets served from here."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, Literal, TypeVar

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from starlette.responses import HTMLResponse
from swagger_ui_bundle import swagger_ui_path

from app.api import describe, ledger_metrics
from app.api.context import App
from app.api.middleware import REGISTRY
from app.api.straight import StraightRoute
from app.core.clock import now
from app.core.errors import AppError, NotFound
from app.factory import Services, version
from app.reports.ledger import Sealing
from app.reports.store_locks import WORDS, LockStatus

router = APIRouter(tags=["operation"], route_class=StraightRoute)
T = TypeVar("T")

_PROBE_SECONDS, _SCANNER_SECONDS = 5.0, 2.0
_WITNESS_PATIENCE = timedelta(hours=1)
_LOCAL = frozenset({"127.0.0.1", "::1"})


class Live(BaseModel):
    """The process runs."""

    status: Literal["ok"] = "ok"


class Dependency(BaseModel):
    """How a dependency is; `degraded` serves, but lacks something that its keepers must know of."""

    status: Literal["ok", "degraded", "unavailable"]
    detail: str | None = None


class Ready(BaseModel):
    """Whether the process can serve, and each dependency by name; a degraded one serves all the same."""

    status: Literal["ok", "degraded", "unavailable"]
    dependencies: dict[str, Dependency]


class Version(BaseModel):
    """This version, and the revision of the schema that it needs."""

    version: str
    schema_revision: str


@router.get("/health/live", **describe.public(example={"status": "ok"}))
async def check_live() -> Live:
    """Tell that the process runs."""
    return Live()


@router.get(
    "/health/ready",
    response_model=Ready,
    **describe.public(
        example={
            "status": "ok",
            "dependencies": {
                "database": {"status": "ok"},
                "store": {"status": "ok"},
                "store_locks": {"status": "ok"},
                "ledger": {"status": "ok"},
            },
        },
        also=(503,),
    ),
)
async def check_ready(app: App) -> Response:
    """Tell whether every dependency answers; 503 when one does not. What is merely degraded serves on."""
    found = await _dependencies(app)
    ill = {name for name, dependency in found.items() if dependency.status != "ok"}
    # Files wait for the scanner, callers don't: a process without it is no reason to send them elsewhere.
    well = not ill & {"database", "store"}
    ready = Ready(status=("degraded" if ill else "ok") if well else "unavailable", dependencies=found)
    headers = {"Cache-Control": "no-store"} if well else {"Cache-Control": "no-store", "Retry-After": "2"}
    return Response(ready.model_dump_json(), 200 if well else 503, headers, media_type="application/json")


async def _dependencies(app: Services) -> dict[str, Dependency]:
    resources = app.resources
    probes = {
        "database": _probe(resources.database.fetchval("SELECT 1")), "store": _probe(resources.store.probe()),
        "store_locks": _kept_up(app.store_locks.status(), _locks_lack),
        "ledger": _kept_up(
            app.ledger.sealing(), partial(_sealing_lacks, resources.settings.ledger.ledger_stall_seconds)
        ),
    }  # fmt: skip
    if resources.scanner is not None:
        # Soon given up, for whoever asks must not wait longer because of it.
        probes["scanner"] = _probe(resources.scanner.version(), _SCANNER_SECONDS)
    return dict(zip(probes, await asyncio.gather(*probes.values()), strict=True))


async def _kept_up(work: Awaitable[T], lacking: Callable[[T], str | None]) -> Dependency:
    """Tell how something is that nothing waits for: never unavailable, degraded for the reason that `lacking` gives."""
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            reason = lacking(await work)
    except (AppError, TimeoutError):
        reason = "Not known: the database does not answer"
    return Dependency(status="degraded", detail=reason) if reason else Dependency(status="ok")


def _locks_lack(status: LockStatus) -> str | None:
    return None if status is LockStatus.PROVEN else WORDS[status][0]


def _sealing_lacks(stall_seconds: float, sealing: Sealing) -> str | None:
    if sealing.fault is not None:
        return f"Sealing has stopped: {sealing.fault}"
    if sealing.oldest_seconds > stall_seconds:
        return f"{sealing.unsealed} events wait to be sealed"
    for witness in sealing.witnesses:
        if witness.other_history:
            return f"Witness {witness.name} holds another history to be ours: {witness.fault}"
        if witness.fault and (witness.cosigned_at is None or now() - witness.cosigned_at > _WITNESS_PATIENCE):
            return f"Witness {witness.name} does not cosign: {witness.fault}"
    return None


async def _probe(work: Awaitable[Any], seconds: float = _PROBE_SECONDS) -> Dependency:
    try:
        async with asyncio.timeout(seconds):
            await work
    except AppError as error:
        return Dependency(status="unavailable", detail=error.en)
    except TimeoutError:
        return Dependency(status="unavailable", detail=f"no answer within {seconds:.0f} s")
    return Dependency(status="ok")


@router.get("/metrics", response_class=Response, **describe.public(also=(404,)))
async def read_metrics(request: Request, app: App) -> Response:
    """Give Prometheus metrics, to this machine only; a proxy in front must not pass it on."""
    if request.client is not None and request.client.host not in _LOCAL:
        raise NotFound
    with suppress(AppError):  # what the database can't tell now is left as it was
        ledger_metrics.show(await app.ledger.sealing())
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


@router.get("/v1/version", **describe.public(example={"version": "0.1.0", "schema_revision": "…"}))
async def read_version() -> Version:
    """Name this version."""
    named = version()
    return Version(version=named["version"], schema_revision=named["schema"])


def install_pages(app: FastAPI) -> None:
    """Serve the API pages at /docs, with nothing from elsewhere."""

    @app.get("/docs", include_in_schema=False)
    async def show_pages() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Anjuan 案卷 API",
            swagger_js_url="/docs/assets/swagger-ui-bundle.js",
            swagger_css_url="/docs/assets/swagger-ui.css",
            swagger_favicon_url="/docs/assets/favicon-32x32.png",
        )

    app.mount("/docs/assets", StaticFiles(directory=swagger_ui_path), name="docs-assets")
