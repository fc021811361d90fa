"""The application: middleware, error handlers, routers, lifespan; nothing else."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from app import __version__
from app.api import (
    access,
    auth,
    client_data,
    clients,
    conflicts,
    contents,
    describe,
    dossiers,
    duties,
    engagements,
    entries,
    events,
    filed,
    files,
    filing,
    filing_checks,
    grants,
    intakes,
    integrity,
    ledger,
    mail,
    merging,
    objects,
    operation,
    preparations,
    prints,
    problems,
    reading_copy,
    receipts,
    redactions,
    reviews,
    rulebook,
    rules,
    scans,
    storage,
    templates,
    tus,
    uploads,
    users,
    walls,
)
from app.api.middleware import Envelope
from app.api.signpost import Signpost
from app.config import Settings
from app.core.database import SchemaMismatch
from app.core.errors import Unavailable
from app.core.garbage import look_seldom
from app.core.logging import configure
from app.factory import Resources, make_resources, make_services

_log = structlog.get_logger()
_ROOMS = (
    operation,
    auth,
    users,
    intakes,
    merging,
    clients,
    client_data,
    conflicts,
    dossiers,
    rules,
    rulebook,
    templates,
    entries,
    reviews,
    preparations,
    files,
    scans,
    uploads,
    receipts,
    objects,
    mail,
    contents,
    prints,
    reading_copy,
    engagements,
    filing_checks,
    filing,
    filed,
    grants,
    walls,
    access,
    duties,
    integrity,
    storage,
    ledger,
    events,
    redactions,
)
_DESCRIPTION = "Client dossiers (案卷) of a law firm. Every read and write is an event; `x-permission` says who may."


async def _first_look(resources: Resources) -> None:
    """Refuse a database of another schema; a store that is down is no reason not to start."""
    try:
        await resources.database.fetchval("SELECT 1")
    except SchemaMismatch as error:
        raise SystemExit(error.en) from error
    except Unavailable as error:
        _log.warning("database not reachable at start", detail=error.en)
    try:
        await resources.store.ensure_bucket()
        await resources.ledger.make()
    except Unavailable as error:
        _log.warning("file store not reachable at start", detail=str(error))


def _let_browsers_in(app: FastAPI, origins: tuple[str, ...]) -> None:
    if origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(origins), allow_methods=["*"], allow_headers=["*"],
            expose_headers=[
                "ETag", "Location", "Link", "X-Request-Id", "Retry-After", "Idempotency-Replayed", "Anjuan-Scan",
                *tus.EXPOSED,
            ],
        )  # fmt: skip


def create_app(settings: Settings | None = None, resources: Resources | None = None) -> FastAPI:
    """Make the application of one process; `resources` replaces what would be made from the settings."""
    settings = settings or Settings()
    configure(settings.http.log_level)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        held = resources or make_resources(settings)
        await held.open()
        try:
            await _first_look(held)
            app.state.services = make_services(held)
            if resources is None:
                # This process is for the service alone, and what is made by now lasts as long as it: a search for
                # garbage that went through that, too, would hold up every request for a tenth of a second.
                gc.collect()
                gc.freeze()
                look_seldom()  # requests leave few cycles behind, and each look costs them some percent
            yield
        finally:
            await held.close()

    app = FastAPI(
        title="Anjuan 案卷",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        separate_input_output_schemas=False,
        # The service has meters of its own and tells nobody else of a request; to look for others costs each of them.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    for module in _ROOMS:
        app.include_router(module.router)
    app.router.routes.insert(0, Signpost(route for module in _ROOMS for route in module.router.routes))
    operation.install_pages(app)
    problems.install(app)
    describe.share_problem_schema(app)
    _let_browsers_in(app, settings.http.cors_origins)
    app.add_middleware(Envelope, body_limit=settings.http.body_max_bytes)
    return app
