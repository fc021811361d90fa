"""Holds the events of the database to what the ledger proves of them, each by its id.

The database is believed nothing: an event is right only if leaf and commitment, made anew of its row, have the proven
hash. Of an event whose personal data was erased, the row must be the one that its `event.redacted` commits to.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import orjson

from app.core.database import Database, Row
from app.core.schema import rfc3339
from app.ledger.findings import Finding, Findings, Kind
from app.ledger.leaf import COMMITTED, PLAIN, details_digest, leaf_bytes
from app.ledger.merkle import leaf_hash
from app.ledger.tree_check import Span

REDACTED = "event.redacted"
_PAGE = 20_000
_COLUMNS = ", ".join(f"e.{name}" for name in (*PLAIN, *COMMITTED))
_ROWS = f"""
SELECT l.leaf_index, l.event_id, l.salt, {_COLUMNS} FROM event_leaves l LEFT JOIN events e ON e.id = l.event_id
WHERE l.leaf_index >= $1 AND l.leaf_index < $2
"""
# One statement, so that a redaction in the midst of the check is seen whole or not at all.
_AGAIN = f"""
SELECT l.leaf_index, l.event_id, l.salt, {_COLUMNS}, (
  SELECT r.details ->> 'digest' FROM events r WHERE r.type = '{REDACTED}' AND r.outcome = 'success'
  AND r.subject_id = l.event_id ORDER BY r.id DESC LIMIT 1) AS redacted
FROM event_leaves l LEFT JOIN events e ON e.id = l.event_id WHERE l.leaf_index = ANY($1)
"""
_BY_ID = f"SELECT {_COLUMNS}, l.salt FROM events e LEFT JOIN event_leaves l ON l.event_id = e.id WHERE e.id = ANY($1)"
# An event and its place in the queue come in one transaction, and so do its leaf and its leaving the queue.
_UNSEALED = f"""
SELECT max(e.id::text)::uuid AS last, count(q.event_id) AS waiting, array_agg(e.id) FILTER (
  WHERE q.event_id IS NULL AND (l.event_id IS NULL OR l.leaf_index >= (SELECT size FROM ledger_head))) AS added
FROM (SELECT id FROM events WHERE id > $1 ORDER BY id LIMIT {_PAGE}) e
LEFT JOIN event_leaves l ON l.event_id = e.id LEFT JOIN event_queue q ON q.event_id = e.id
"""
_GONE = "SELECT q.event_id FROM event_queue q WHERE NOT EXISTS (SELECT FROM events e WHERE e.id = q.event_id) LIMIT $1"
_FIRST_ID = UUID(int=0)


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A leaf whose row is not at once the right one: its place, proven hash, and its bytes if they are proven."""

    index: int
    proven: bytes
    leaf: bytes | None

    def sealed(self) -> Mapping[str, Any] | None:
        return None if self.leaf is None else orjson.loads(self.leaf)


class RowCheck:
    """The check of the database against spans of the ledger, which come in order and once each."""

    def __init__(self, database: Database, findings: Findings) -> None:
        self._database, self._findings = database, findings
        self.right = self.redacted = self.waiting = 0
        # Grow only with what is at another's place: sealed there, and standing there.
        self._displaced: dict[UUID, _Doubt] = {}
        self._strangers: dict[UUID, int] = {}

    async def check(self, spans: Sequence[Span]) -> None:
        """Compare the rows of these leaves."""
        rows = await self._database.fetch(_ROWS, spans[0].begin, spans[-1].begin + spans[-1].width)
        right, doubts = await asyncio.to_thread(_compared, spans, rows)
        self.right += right
        if not doubts:
            return
        again = await self._database.fetch(_AGAIN, [doubt.index for doubt in doubts])
        by_index = {row["leaf_index"]: row for row in again}
        for doubt in doubts:
            self._judge(doubt, by_index.get(doubt.index))

    def _judge(self, doubt: _Doubt, row: Row | None) -> None:
        sealed = doubt.sealed()
        id_ = UUID(sealed["id"]) if sealed else None
        if row is not None and id_ is not None and row["event_id"] != id_:
            self._strangers[row["event_id"]] = doubt.index
        if row is None or (id_ is not None and row["event_id"] != id_):
            if id_ is None:
                self._add(Kind.EVENT_MISSING, "nothing stands at its place in event_leaves", None, doubt.index)
            else:
                self._displaced[id_] = doubt
        elif row["id"] is None:
            self._add(Kind.EVENT_MISSING, "it was sealed and is gone", row["event_id"], doubt.index)
        elif _is(row, doubt.proven):
            self.right += 1
        elif sealed and row["redacted"] and _is_redacted(row, sealed):
            self.redacted += 1
        else:
            self._add(Kind.EVENT_ALTERED, _difference(row, sealed), row["event_id"], doubt.index)

    async def finish(self) -> None:
        """Judge what is at another's place, and find what was never sealed."""
        await self._judge_displaced()
        for id_ in self._strangers.keys() - self._displaced.keys():
            index = self._strangers[id_]
            self._add(
                Kind.EVENT_ADDED, f"it stands at place {index} of the ledger, where another was sealed", id_, None
            )
        after: UUID | None = _FIRST_ID
        while after is not None:
            page = await self._database.fetchrow(_UNSEALED, after)
            if page is None or page["last"] is None:
                break
            after = page["last"]
            self.waiting += page["waiting"]
            for id_ in page["added"] or ():
                if id_ not in self._strangers:
                    self._add(Kind.EVENT_ADDED, "it is neither sealed nor waits for it", id_, None)
        for row in await self._database.fetch(_GONE, _PAGE):
            self._add(Kind.EVENT_MISSING, "it waits to be sealed and is gone", row["event_id"], None)

    async def _judge_displaced(self) -> None:
        rows = {row["id"]: row for row in await self._database.fetch(_BY_ID, list(self._displaced))}
        for id_, doubt in self._displaced.items():
            row = rows.get(id_)
            if row is None:
                self._add(Kind.EVENT_MISSING, "it was sealed and is gone", id_, doubt.index)
            elif row["salt"] is None:
                self._add(Kind.EVENT_MOVED, "its place in event_leaves is gone", id_, doubt.index)
            elif _is(row, doubt.proven):
                self._add(Kind.EVENT_MOVED, "event_leaves names another place", id_, doubt.index)
            else:
                self._add(Kind.EVENT_ALTERED, _difference(row, doubt.sealed()), id_, doubt.index)

    def _add(self, kind: Kind, detail: str, id_: UUID | None, index: int | None) -> None:
        self._findings.add(Finding(kind, detail, id_, index))


def _compared(spans: Sequence[Span], rows: Sequence[Row]) -> tuple[int, list[_Doubt]]:
    """Count the rows that are right, and give the leaves of which that isn't so."""
    by_index = {row["leaf_index"]: row for row in rows}
    right, doubts = 0, []
    for index, proven, leaf in _leaves(spans):
        row = by_index.get(index)
        if row is not None and row["id"] is not None and _is(row, proven, leaf):
            right += 1
        else:
            doubts.append(_Doubt(index, proven, leaf))
    return right, doubts


def _leaves(spans: Sequence[Span]) -> Iterator[tuple[int, bytes, bytes | None]]:
    """Give index, proven hash and proven bytes of each leaf; where nothing is proven, what the bundle says."""
    for span in spans:
        absent = [None] * span.width
        leaves, made = span.leaves or absent, span.made or absent
        for n, (proven, leaf, own) in enumerate(zip(span.hashes or made, leaves, made, strict=True), span.begin):
            if proven is not None:
                yield n, proven, leaf if own == proven else None


def _is(row: Row, proven: bytes, leaf: bytes | None = None) -> bool:
    """Tell whether a row's leaf has the proven hash; where the leaf with that hash is at hand, whether it is that."""
    event = cast("Mapping[str, Any]", row)  # which it is, in all that is asked of it
    try:
        found = leaf_bytes(event, details_digest(event, row["salt"]))
        return found == leaf if leaf is not None else leaf_hash(found) == proven
    except (ValueError, OverflowError):  # a time without end, as no event has
        return False


def _is_redacted(row: Row, sealed: Mapping[str, Any]) -> bool:
    """Tell whether a row is the sealed event, but for what its redaction commits to."""
    digest = details_digest(cast("Mapping[str, Any]", row), row["salt"])
    return not _plain_differences(row, sealed) and digest == row["redacted"]


def _plain_differences(row: Row, sealed: Mapping[str, Any]) -> list[str]:
    return [name for name in PLAIN if _shown(row[name]) != sealed.get(name)]


def _shown(value: object) -> object:
    """Write a value as it stands in a leaf."""
    try:
        return rfc3339(value) if isinstance(value, datetime) else str(value) if isinstance(value, UUID) else value
    except (ValueError, OverflowError):
        return str(value)


def _difference(row: Row, sealed: Mapping[str, Any] | None) -> str:
    if sealed is None:
        return "it is not what was sealed"
    if plain := _plain_differences(row, sealed):
        return f"other than sealed: {', '.join(plain)}"
    return f"other than sealed: its salt, or one of {', '.join(COMMITTED)}"
