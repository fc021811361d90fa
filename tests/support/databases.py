"""Databases for tests: one real server, and a fresh copy of the migrated database for each test."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from app.core.database import Database
from app.embedded.postgres import EmbeddedPostgres

_numbers = itertools.count(1)


@dataclass(frozen=True)
class TestDatabase:
    """A database of one test; `owner_url` may look at everything, `app_url` is what the service gets."""

    __test__ = False
    app_url: str
    owner_url: str


def at_database(url: str, name: str) -> str:
    """Point a URL to another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


D = TypeVar("D", bound=Database)


@asynccontextmanager
async def pooled(database: D) -> AsyncIterator[D]:
    """Open a pool, lend it, close it."""
    await database.open()
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def copied(server: EmbeddedPostgres) -> AsyncIterator[TestDatabase]:
    """Copy the migrated database, lend the copy, drop it."""
    name = f"test_{next(_numbers)}"
    admin = await asyncpg.connect(at_database(server.superuser_url, "postgres"))
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE anjuan OWNER anjuan_owner STRATEGY file_copy")
        try:
            yield TestDatabase(at_database(server.app_url, name), at_database(server.owner_url, name))
        finally:
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()
