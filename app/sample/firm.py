"""A made-up firm of any size for measuring: people, clients, dossiers, entries, files, walls and grants.

Written straight into an empty database, all in one transaction. For throwaway instances only: its files are rows whose
objects no store holds, and nobody of the firm has a password. The same size and seed make the same firm, but for the
grants, whose days are counted from now, and the parties are not in the index of conflict checks.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Self
from uuid import UUID

from app.core.actor import service_actor
from app.core.database import Connection, Database
from app.core.errors import Conflict
from app.core.ids import new_id
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import Subject
from app.factory import schema_head
from app.sample import firm_sql, firm_words
from app.sample.events import FIRM_MADE

# Users with roles of their own. The insider is a lawyer, an assistant, a partner and of finance at once, as is the
# outsider beside the firm's own, who is on no team and without a grant: he sees by his roles alone.
DIRECTOR, INSIDER, ARCHIVIST, OUTSIDER = 0, 3, 9, 9_999
# Dossier 0 is the largest one and each thousandth from 1 on is large, where the firm has entries enough for them.
LARGEST, FOR_LARGEST = 2_000, 20_000
LARGE, FOR_LARGE, EACH_LARGE = 500, 2_000, 1_000
# How many of a hundred dossiers stand on each level, public to sealed; large ones are internal.
LEVELS = {"public": 5, "internal": 55, "confidential": 30, "restricted": 8, "sealed": 2}
# Tables of what is counted for the event.
COUNTED = (
    "users", "clients", "dossiers", "dossier_team", "entries", "entry_reviews", "files", "walls", "grants",
)  # fmt: skip
_FIRST_KIND = 26_000_000
_USER, _CLIENT, _DOSSIER, _ENTRY, _FILE = 1, 2, 3, 6, 7
_HOURS = 4 * 3600


@dataclass(frozen=True, slots=True)
class Size:
    """How big a firm is; `users` are a multiple of ten, of whom six are lawyers and one is a partner."""

    dossiers: int
    users: int = 200
    walls: int = 2_000
    grants: int = 50_000
    entries: int = 0

    @classmethod
    def of_entries(cls, entries: int) -> Self:
        """Give the size of a firm with so many entries: ten a dossier, all else in proportion up to a big firm's."""
        return cls(
            dossiers=max(10, entries // 10), users=min(330, max(40, entries // 5_000 * 10)),
            walls=min(2_000, entries // 100), grants=min(50_000, entries // 4), entries=entries,
        )  # fmt: skip


def user_id(number: int) -> UUID:
    """Give the id of a user of the firm by his number."""
    return _id(_USER, number)


def client_id(number: int) -> UUID:
    """Give the id of a client by its number; client n has the dossiers 2n and 2n + 1."""
    return _id(_CLIENT, number)


def dossier_id(number: int) -> UUID:
    """Give the id of a dossier by its number, in the order of opening."""
    return _id(_DOSSIER, number)


def entry_id(number: int) -> UUID:
    """Give the id of an entry by its number; they run from 0, dossier by dossier."""
    return _id(_ENTRY, number)


def file_id(entry: int, version: int = 1) -> UUID:
    """Give the id of a version of an entry's file by the entry's number; one entry of ten has none."""
    return _id(_FILE, 2 * entry + version - 1)


def large_dossiers(size: Size) -> list[int]:
    """Give the numbers of the dossiers with LARGE entries; number 0 with LARGEST is not among them."""
    return list(range(1, size.dossiers, EACH_LARGE)) if size.entries >= FOR_LARGE else []


def make(owner_url: str, size: Size, seed: int = 1) -> dict[str, int]:
    """Found the firm and give how many rows of each kind it has; blocks."""
    return asyncio.run(found(owner_url, size, seed))


async def found(owner_url: str, size: Size, seed: int = 1) -> dict[str, int]:
    """Put a firm into an empty database, as its owner role; give how many rows of each kind it has.

    Raises Conflict when the database has a dossier, or a user beside the first administrator; then nothing is changed.
    """
    database = Database(owner_url, expected_schema=schema_head(), size=1, statement_seconds=_HOURS)
    await database.open()
    try:
        actor = service_actor("CLI", "sample-firm", str(new_id()))
        async with UnitOfWork(database).begin(actor) as tx:
            await _require_empty(tx.connection)
            await tx.connection.execute(_text(size, seed))
            counts = {table: await _count(tx.connection, table) for table in COUNTED}
            tx.record(FIRM_MADE, Subject("service"), size=asdict(size), seed=seed, made=counts)
        await database.execute("VACUUM ANALYZE")
    finally:
        await database.close()
    return counts


async def _require_empty(connection: Connection) -> None:
    # Nobody may come in between.
    await connection.execute("LOCK TABLE users, dossiers IN SHARE ROW EXCLUSIVE MODE")
    if await connection.fetchval(
        "SELECT EXISTS (SELECT FROM dossiers) OR EXISTS (SELECT FROM users WHERE username <> 'admin')"
    ):
        raise Conflict(
            "The database has dossiers or users: a sample firm is made on a fresh, throwaway instance only",
            "数据库中已有案卷或用户:示例律所只能在全新的、可丢弃的实例上生成",
        )


async def _count(connection: Connection, table: str) -> int:
    return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))


def _text(size: Size, seed: int) -> str:
    """Give all statements with everything put in."""
    text = "".join(firm_sql.STATEMENTS)
    for name, value in _values(size, seed).items():
        text = text.replace(f"%({name})s", str(value))
    return text


def _values(size: Size, seed: int) -> dict[str, object]:
    words = ("surnames", "given", "cities", "syllables", "trades", "forms", "departments")
    below, bounds = 0, dict[str, int]()
    for level, share in LEVELS.items():
        bounds[level] = below = below + share
    below, matters = 0, list[tuple[object, ...]]()
    for matter_type, share, causes in firm_words.MATTERS:
        below += share
        matters.append((matter_type, below, causes))
    papers = enumerate((*firm_words.FIRST_PAPERS, *firm_words.LATER_PAPERS))
    return {
        **asdict(size), **bounds, **{name: _literal(getattr(firm_words, name.upper())) for name in words},
        "matters": _rows(matters), "papers": _rows((number, *paper) for number, paper in papers),
        "media": _rows((number, *media) for number, media in enumerate(firm_words.MEDIA)),
        "first_papers": len(firm_words.FIRST_PAPERS), "later_papers": len(firm_words.LATER_PAPERS),
        "first_kind": _FIRST_KIND, "seed": seed, "director": DIRECTOR, "insider": INSIDER, "archivist": ARCHIVIST,
        "outsider": OUTSIDER, "largest": LARGEST, "for_largest": FOR_LARGEST, "large": LARGE, "for_large": FOR_LARGE,
        "each_large": EACH_LARGE,
    }  # fmt: skip


def _rows(rows: Iterable[Sequence[object]]) -> str:
    return ", ".join(f"({', '.join(_literal(value) for value in row)})" for row in rows)


def _literal(value: object) -> str:
    """Write a value of this room's own words as SQL; they have no quotes."""
    if value is None:
        return "NULL"
    if isinstance(value, tuple):
        return f"'{{{','.join(value)}}}'::text[]"
    return f"'{value}'" if isinstance(value, str) else str(value)


def _id(kind: int, number: int) -> UUID:
    return UUID(f"{_FIRST_KIND + kind:08x}-0000-7000-a000-{number:012x}")
