"""All who keep objects in the store as one, and their rows beside the store's list, both in the order of keys."""

from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from app.storage.keeping import Keeper, Kept, Knows
from app.storage.protocol import StoredObject
from app.storage.vault import Vault

PREFIX = "files/"
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Pair:
    """What a row names and what the store lists under one key; one of them may be lacking."""

    key: str
    kept: Kept | None
    found: StoredObject | None


class Keepers:
    """All keepers as one; its rows are read page by page, so that memory stays bounded.

    Parameters: `passing` know objects that are no files yet; the sweep asks them too, a check does not look at them.
    """

    def __init__(self, keepers: Sequence[Keeper], passing: Sequence[Knows] = ()) -> None:
        self._keepers, self._knowing = tuple(keepers), (*keepers, *passing)

    async def known_keys(self, keys: Sequence[str]) -> set[str]:
        """Tell which of these objects a row names."""
        return {key for one in self._knowing for key in await one.known_keys(keys)}

    async def named(self, keys: Sequence[str]) -> dict[str, Kept]:
        """Give what rows say of these objects, by key."""
        return {kept.key: kept for keeper in self._keepers for kept in await keeper.named(keys)} if keys else {}

    async def total(self) -> tuple[int, int]:
        """Give the number of objects that rows name, and of their bytes."""
        totals = [await keeper.total() for keeper in self._keepers]
        return sum(objects for objects, _ in totals), sum(size for _, size in totals)

    async def rows(self, after: str) -> AsyncGenerator[Kept, None]:
        """Go through all rows behind a key, in the order of keys."""
        pages = [deque(await keeper.kept(after, _PAGE)) for keeper in self._keepers]
        while heads := [(page[0].key, number) for number, page in enumerate(pages) if page]:
            _, number = min(heads)
            row = pages[number].popleft()
            if not pages[number]:
                pages[number].extend(await self._keepers[number].kept(row.key, _PAGE))
            yield row

    async def beside(self, store: Vault, after: str) -> AsyncGenerator[Pair, None]:
        """Go through rows and objects behind a key together.

        Both sides are read ahead, so what one of them lacks may be there by now: who reports it looks again.
        """
        async with aclosing(self.rows(after)) as rows, aclosing(_listed(store, after)) as objects:
            row, found = await anext(rows, None), await anext(objects, None)
            while row is not None or found is not None:
                key = min(one.key for one in (row, found) if one is not None)
                kept = row if row is not None and row.key == key else None
                there = found if found is not None and found.key == key else None
                yield Pair(key, kept, there)
                row = await anext(rows, None) if kept is not None else row
                found = await anext(objects, None) if there is not None else found


async def _listed(store: Vault, after: str) -> AsyncGenerator[StoredObject, None]:
    async for found in store.list(PREFIX):
        if found.key > after:
            yield found
