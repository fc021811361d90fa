"""What rows of other rooms keep in the store: looked up by the sweep, walked in the order of keys by the check."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from app.core.database import Database


@dataclass(frozen=True, slots=True)
class Kept:
    """An object that a row counts on.

    `size` (bytes) and `sha256` (hex) are of the plain bytes; `kind` and `id` name what the object belongs to.
    """

    key: str
    size: int
    sha256: str
    kind: str
    id: UUID
    dossier_id: UUID | None = None
    entry_id: UUID | None = None


class Knows(Protocol):
    """Somebody whose rows name objects of the store."""

    async def known_keys(self, keys: Sequence[str]) -> set[str]:
        """Tell which of these objects a row names."""
        ...


class Keeper(Knows, Protocol):
    """Somebody whose objects are to last, so that checks go through them."""

    async def kept(self, after_key: str, limit: int) -> list[Kept]:
        """Give up to `limit` objects behind a key, in the order of their keys."""
        ...

    async def named(self, keys: Sequence[str]) -> list[Kept]:
        """Give what rows say of these objects; those that no row names are left out."""
        ...

    async def total(self) -> tuple[int, int]:
        """Give the number of objects, and of their bytes."""
        ...


class KeptRows:
    """A `Keeper` over a room's own query.

    Parameters: `query` gives the columns of `Kept`, each key once, from an index on the key.
    """

    def __init__(self, database: Database, query: str) -> None:
        self._database, self._from = database, f"FROM ({query}) k"

    async def known_keys(self, keys: Sequence[str]) -> set[str]:
        """Tell which of these objects a row names."""
        rows = await self._database.fetch(f"SELECT k.key {self._from} WHERE k.key = ANY($1)", list(keys))
        return {row["key"] for row in rows}

    async def kept(self, after_key: str, limit: int) -> list[Kept]:
        """Give up to `limit` objects behind a key.

        The order is the database's own; as all keys are `files/` and a UUID it is that of the bytes, as the store's is.
        """
        rows = await self._database.fetch(
            f"SELECT k.* {self._from} WHERE k.key > $1 ORDER BY k.key LIMIT $2", after_key, limit
        )
        return [Kept(**row) for row in rows]

    async def named(self, keys: Sequence[str]) -> list[Kept]:
        """Give what rows say of these objects."""
        rows = await self._database.fetch(f"SELECT k.* {self._from} WHERE k.key = ANY($1)", list(keys))
        return [Kept(**row) for row in rows]

    async def total(self) -> tuple[int, int]:
        """Give the number of objects, and of their bytes."""
        row = await self._database.fetchrow(
            f"SELECT count(*) AS objects, coalesce(sum(k.size), 0)::bigint AS bytes {self._from}"
        )
        return (row["objects"], row["bytes"]) if row else (0, 0)
