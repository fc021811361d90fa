"""Events for ledgers of tests, added as the application's role does."""

from uuid import UUID

import asyncpg

from app.core.ids import new_id
from tests.support.firm import Firm

_ADD = """
INSERT INTO events (id, recorded_at, type, outcome, actor_name, actor_roles, subject_type, request_id, method, route,
  details)
SELECT id, uuid_extract_timestamp(id), 'test.made', 'success', '王丽', '{lawyer}', 'test', 'r', 'GET', '/',
  jsonb_build_object('number', n) FROM unnest($1::uuid[]) WITH ORDINALITY AS made (id, n)
"""


def app_url(firm: Firm) -> str:
    """Give the URL of the application's role."""
    url = firm.services.resources.settings.database.database_url
    assert url is not None
    return url.get_secret_value()


async def insert(connection: "asyncpg.Connection[asyncpg.Record]", ids: list[UUID]) -> None:
    """Add events with these ids, recorded when the ids were made."""
    await connection.execute(_ADD, ids)


async def add(firm: Firm, count: int) -> list[UUID]:
    """Add so many events and give their ids."""
    made = [new_id() for _ in range(count)]
    app = await asyncpg.connect(app_url(firm))
    try:
        await insert(app, made)
    finally:
        await app.close()
    return made
