"""Keyset pages: stable under inserts, at the same cost deep in the list as at its head.

A cursor is opaque, signed, and good only for the list (path, filters, order) and the caller it was made for.
"""

import base64
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Generic
from uuid import UUID

import orjson
from pydantic import BaseModel

from app.core.errors import InvalidCursor
from app.core.plain import Plain, T, as_json
from app.core.sql import Where

_MAC_BYTES = 16
DEFAULT_LIMIT, MAX_LIMIT = 25, 200


class Page(BaseModel, Generic[T]):
    """One page of a list; `next` is the cursor of the page after it, null on the last."""

    items: list[T]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class PlainPage(Generic[T]):
    """A page of resources that go the short way out; in JSON the same as a `Page` of their models."""

    items: list[Plain[T]]
    next: str | None = None

    def to_json(self) -> bytes:
        """Serialise it."""
        return as_json({"items": [item.fields for item in self.items], "next": self.next})


@dataclass(frozen=True, slots=True)
class SortKey:
    """A column that a list is ordered by; `parse` turns its JSON form back (the last key must be unique)."""

    column: str
    field: str
    parse: Callable[[Any], object]
    descending: bool = False


def parse_uuid(value: Any) -> UUID:
    return UUID(value)


def parse_time(value: Any) -> datetime:
    return datetime.fromisoformat(value)


def parse_date(value: Any) -> date:
    return date.fromisoformat(value)


class Cursors:
    """Signs and opens cursors.

    Parameters: `secret` is the same on all processes of an installation.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def _mac(self, scope: bytes, body: bytes) -> bytes:
        return hmac.digest(self._secret, sha256(scope).digest() + body, "sha256")[:_MAC_BYTES]

    def seal(self, scope: bytes, values: Sequence[object]) -> str:
        """Make the cursor behind a row with these key values."""
        body = orjson.dumps(list(values), default=str)  # asyncpg has a UUID class of its own
        return base64.urlsafe_b64encode(self._mac(scope, body) + body).rstrip(b"=").decode()

    def open(self, scope: bytes, cursor: str) -> list[Any]:
        """Give the key values back; InvalidCursor for a forged, foreign or broken cursor."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except ValueError:
            raise self._invalid() from None
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(scope, body)):
            raise self._invalid()
        values: list[Any] = orjson.loads(body)
        return values

    @staticmethod
    def _invalid() -> InvalidCursor:
        return InvalidCursor(
            "This cursor was not made for this list: begin again without `cursor`",
            "游标不属于此列表,请去掉 cursor 重新查询",
        )


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page of which list: `scope` names the list, its filters and the caller."""

    limit: int
    cursor: str | None
    scope: bytes

    def apply(self, cursors: Cursors, where: Where, keys: Sequence[SortKey]) -> str:
        """Add the condition that skips earlier pages; give the ORDER BY and LIMIT text (one row more than asked)."""
        if self.cursor is not None:
            values = cursors.open(self.scope, self.cursor)
            marks = [where.bind(key.parse(value)) for key, value in zip(keys, values, strict=True)]
            where.conditions.append(_after(keys, marks))
        order = ", ".join(f"{key.column} {'DESC' if key.descending else 'ASC'}" for key in keys)
        return f"ORDER BY {order} LIMIT {self.limit + 1}"

    def page_of(
        self, cursors: Cursors, rows: Sequence[Any], keys: Sequence[SortKey]
    ) -> tuple[Sequence[Any], str | None]:
        """Cut the surplus row off; give the rows of the page and the cursor of the next."""
        if len(rows) <= self.limit:
            return rows, None
        kept = rows[: self.limit]
        return kept, cursors.seal(self.scope, [kept[-1][key.field] for key in keys])


def _after(keys: Sequence[SortKey], marks: Sequence[str]) -> str:
    if len({key.descending for key in keys}) == 1:
        sign = "<" if keys[0].descending else ">"
        return f"({', '.join(key.column for key in keys)}) {sign} ({', '.join(marks)})"
    alternatives = []
    for index, key in enumerate(keys):
        equal = [f"{keys[before].column} = {marks[before]}" for before in range(index)]
        alternatives.append(" AND ".join([*equal, f"{key.column} {'<' if key.descending else '>'} {marks[index]}"]))
    return " OR ".join(f"({alternative})" for alternative in alternatives)
