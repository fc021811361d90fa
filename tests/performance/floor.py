"""The floor: what FastAPI does with nothing in it, with one row by primary key, with one INSERT; raw asyncpg.

It knows no caller, records nothing and checks nothing. Whole rows of the tables that the service reads, dumped by
orjson as they are, so that about as many bytes leave as from the service.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import asyncpg
import orjson
from fastapi import FastAPI, Request, Response

from app.core.clock import now
from app.entries.schemas import EntryCreate

_ROW = "SELECT * FROM dossiers WHERE id = $1"
_PUT = """
INSERT INTO entries (id, dossier_id, title, category, formed_on, pages, pages_stated, original, review, created_by,
 created_at, updated_at) SELECT $2, d.id, $3, $4, $5, $6, TRUE, 'copy', 'unreviewed', d.created_by, $7, $7
FROM dossiers d WHERE d.id = $1
"""


def create_app() -> FastAPI:
    """Make the application of one process."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(os.environ["ANJUAN_DATABASE_URL"], min_size=0, max_size=10) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/bare")
    async def bare() -> Response:
        return Response(b'{"status":"ok"}', media_type="application/json")

    @app.get("/row/{dossier_id}")
    async def row(request: Request, dossier_id: UUID) -> Response:
        found = await request.app.state.pool.fetchrow(_ROW, dossier_id)
        return Response(orjson.dumps(dict(found), default=str), media_type="application/json")

    @app.post("/row/{dossier_id}")
    async def put(request: Request, dossier_id: UUID, data: EntryCreate) -> Response:
        entry_id, moment = uuid4(), now()
        async with request.app.state.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                _PUT, dossier_id, entry_id, data.title, data.category, data.formed_on, data.pages, moment
            )
        return Response(orjson.dumps({"id": entry_id}, default=str), 201, media_type="application/json")

    return app
