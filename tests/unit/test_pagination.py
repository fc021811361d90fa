"""Keyset pages: for any rows, orders and limits the pages together are the list; cursors open for nobody else."""

import base64
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.errors import InvalidCursor
from app.core.pagination import Cursors, PageRequest, SortKey, parse_date, parse_time, parse_uuid
from app.core.sql import Where, like_pattern
from app.embedded.postgres import EmbeddedPostgres
from tests.support.databases import TestDatabase, copied

CURSORS = Cursors(b"secret")
values = st.lists(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    max_size=4,
)
scopes = st.binary(max_size=40)


@given(scopes, values)
def test_cursor_gives_back_what_it_was_made_of(scope: bytes, keys: list[Any]) -> None:
    cursor = CURSORS.seal(scope, keys)
    assert CURSORS.open(scope, cursor) == keys
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(scopes, scopes, values)
def test_cursor_opens_for_its_list_only(scope: bytes, other: bytes, keys: list[Any]) -> None:
    if scope != other:
        with pytest.raises(InvalidCursor):
            CURSORS.open(other, CURSORS.seal(scope, keys))
    with pytest.raises(InvalidCursor):
        Cursors(b"another secret").open(scope, CURSORS.seal(scope, keys))


@given(scopes, values, st.data())
def test_changed_cursor_is_refused(scope: bytes, keys: list[Any], data: st.DataObject) -> None:
    cursor = CURSORS.seal(scope, keys)
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(InvalidCursor):
        CURSORS.open(scope, base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("="))
    with pytest.raises(InvalidCursor):
        CURSORS.open(scope, cursor[: data.draw(st.integers(0, len(cursor) - 1))])


@given(st.text(max_size=60))
def test_anything_else_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        CURSORS.open(b"", cursor)


@pytest.fixture(scope="module")
async def rows(postgres: EmbeddedPostgres) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A session that may make tables."""
    async with copied(postgres) as database:
        connection = await asyncpg.connect(at(database))
        await connection.execute("CREATE TEMPORARY TABLE r (opened date, name text, id uuid PRIMARY KEY)")
        yield connection
        await connection.close()


def at(database: TestDatabase) -> str:
    """Give the owner's address."""
    return database.owner_url


ORDERS = {
    "rising": (SortKey("r.name", "name", str), SortKey("r.id", "id", parse_uuid)),
    "falling": (SortKey("r.name", "name", str, descending=True), SortKey("r.id", "id", parse_uuid, descending=True)),
    "mixed": (
        SortKey("r.opened", "opened", parse_date, descending=True), SortKey("r.name", "name", str),
        SortKey("r.id", "id", parse_uuid, descending=True),
    ),
}  # fmt: skip
several = st.lists(
    st.tuples(st.dates(date(2026, 1, 1), date(2026, 1, 3)), st.sampled_from(["", "甲", "乙", 'a"\\%_', "\U00020bb7"])),
    max_size=14,
)


@pytest.mark.parametrize("order", ORDERS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=several, limit=st.integers(1, 6))
async def test_pages_together_are_the_list(rows: Any, order: str, data: list[tuple[date, str]], limit: int) -> None:
    keys = ORDERS[order]
    await rows.execute("TRUNCATE r")
    await rows.executemany("INSERT INTO r VALUES ($1, $2, $3)", [(*row, UUID(int=at)) for at, row in enumerate(data)])
    seen: list[Any] = []
    cursor: str | None = None
    pages = 0
    while pages == 0 or cursor is not None:
        page = PageRequest(limit=limit, cursor=cursor, scope=b"r")
        where = Where()
        text = page.apply(CURSORS, where, keys)
        found = await rows.fetch(f"SELECT * FROM r WHERE {where.text} {text}", *where.args)
        kept, cursor = page.page_of(CURSORS, [dict(row) for row in found], keys)
        assert len(kept) <= limit
        assert cursor is None or len(kept) == limit
        seen += kept
        pages += 1
    direction = ", ".join(f"{key.column} {'DESC' if key.descending else 'ASC'}" for key in keys)
    assert seen == [dict(row) for row in await rows.fetch(f"SELECT * FROM r ORDER BY {direction}")]
    assert pages == max(1, -(-len(data) // limit))


def test_keys_come_back_as_they_were() -> None:
    assert parse_uuid("0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11") == UUID("0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11")
    assert parse_date("2026-03-01") == date(2026, 3, 1)
    assert parse_time("2026-11-24T04:00:00.123456+00:00").microsecond == 123456


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(st.sampled_from("a%_\\甲"), max_size=6), text=st.text(st.sampled_from("a%_\\甲"), max_size=12))
async def test_search_takes_wildcards_literally(rows: Any, words: str, text: str) -> None:
    assert await rows.fetchval("SELECT $1::text ILIKE $2", text, like_pattern(words)) == (words in text)


def test_conditions_are_joined_with_their_parameters() -> None:
    where = Where(7)
    assert where.text == "TRUE"
    where.add("a = {} OR b = {}", 1, 2)
    where.optional("c = {}", None)
    where.optional("d = {}", 3)
    assert (where.text, where.args) == ("(a = $2 OR b = $3) AND (d = $4)", [7, 1, 2, 3])
