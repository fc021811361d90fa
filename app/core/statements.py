"""Statements whose text depends on who asks.

What an actor may see stands in the statement itself (`access/visibility.py`), which makes it long; to write it anew for
each request costs as much as to run it. It is kept for each actor, and all of a kind share one text.
"""

from collections.abc import Callable
from typing import TypeAlias

from app.core.actor import Actor
from app.core.database import Connection, Database, Row
from app.core.sql import Where

Build: TypeAlias = Callable[[Actor, Where], str]

_MOST = 2000


class ActorStatement:
    """A statement about one thing, whose id is its first parameter.

    Parameters: `build` writes it; it may look at nothing of the actor but what `_key` names.
    """

    def __init__(self, build: Build) -> None:
        self._build = build
        self._kept: dict[object, tuple[str, list[object]]] = {}
        self._texts: dict[str, str] = {}

    async def row(self, source: Connection | Database, actor: Actor, about: object) -> Row | None:
        """Run it and give its row."""
        text, args = self.written(actor)
        return await source.fetchrow(text, about, *args)

    def written(self, actor: Actor) -> tuple[str, list[object]]:
        """Give the statement's text, and its parameters after the first."""
        key = _key(actor)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._write(actor)
            if len(self._kept) >= _MOST:
                self._kept.clear()
            self._kept[key] = kept
        return kept

    def _write(self, actor: Actor) -> tuple[str, list[object]]:
        where = Where(None)
        text = self._build(actor, where)
        if len(self._texts) >= _MOST:
            self._texts.clear()
        return self._texts.setdefault(text, text), where.args[1:]


def _key(actor: Actor) -> object:
    return actor.user_id, actor.roles, actor.clearance, actor.department, actor.reach
