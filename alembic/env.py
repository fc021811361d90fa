"""Runs migrations as the owner role, with limits on locks and statements so that a migration never hangs a firm."""

import asyncio
import os
from typing import Any

from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

import app.access.models
import app.auth.models
import app.care.models
import app.clients.models
import app.collection.models
import app.conflicts.models
import app.core.idempotency
import app.dossiers.models
import app.engagements.models
import app.entries.models
import app.events.models
import app.filing.models
import app.ledger.models
import app.redaction.models
import app.reports.models
import app.rulebook.models
import app.storage.models
import app.uploads.models  # noqa: F401
from alembic import context

LOCK_TIMEOUT, STATEMENT_TIMEOUT = "5s", "10min"


def _include(name: str | None, kind: str, parents: Any) -> bool:
    # Partitions are made by the database itself, month by month.
    return not (kind == "table" and name is not None and name.startswith("events_"))


def _run(connection: Connection) -> None:
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    # Two migrations at once would race; the second waits, and then has nothing to do. So long as the first works it is
    # in nobody's way: the short limit is for tables that the firm works with.
    connection.execute(text("SELECT pg_advisory_lock(4157)"))
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        include_name=_include,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _main() -> None:
    given = (
        context.config.attributes.get("url")
        or os.environ.get("ANJUAN_DATABASE_OWNER_URL")
        or os.environ["ANJUAN_DATABASE_URL"]
    )
    url = "postgresql+asyncpg://" + str(given).partition("://")[2]
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


asyncio.run(_main())
