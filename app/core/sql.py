"""The few pieces of SQL that are the same for every table.

Names come from the code's own tables, never from a caller.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlmodel import SQLModel

from app.core.database import Connection


@cache
def insert_statement(table: type[SQLModel]) -> tuple[str, tuple[str, ...]]:
    """Give the INSERT of one row of a table, and its columns in the order of the parameters."""
    columns: tuple[str, ...] = tuple(column.name for column in table.__table__.columns)  # type: ignore[attr-defined]
    marks = ", ".join(f"${index}" for index in range(1, len(columns) + 1))
    return f"INSERT INTO {table.__tablename__} ({', '.join(columns)}) VALUES ({marks})", columns


async def insert(connection: Connection, *rows: SQLModel) -> None:
    """Insert rows of one table in the order given."""
    if not rows:
        return
    statement, columns = insert_statement(type(rows[0]))
    if len(rows) == 1:
        await connection.execute(statement, *(getattr(rows[0], name) for name in columns))
    else:
        await connection.executemany(statement, [tuple(getattr(row, name) for name in columns) for row in rows])


async def update(connection: Connection, table: type[SQLModel], key: object, changes: Mapping[str, object]) -> None:
    """Change columns of the row whose `id` is `key`; does nothing without changes."""
    if not changes:
        return
    known = table.__table__.columns  # type: ignore[attr-defined]
    assignments = ", ".join(f"{known[name].name} = ${index}" for index, name in enumerate(changes, start=2))
    await connection.execute(
        f"UPDATE {table.__tablename__} SET {assignments} WHERE id = $1",
        key,
        *changes.values(),
    )


class Where:
    """Collects conditions and their parameters: `where.add("d.state = {}", state)`."""

    def __init__(self, *args: object) -> None:
        self.conditions: list[str] = []
        self.args: list[Any] = list(args)

    def bind(self, value: object) -> str:
        """Take a parameter and give its mark."""
        self.args.append(value)
        return f"${len(self.args)}"

    def add(self, condition: str, *values: object) -> None:
        """Add a condition; each `{}` becomes the mark of the next value."""
        self.conditions.append(condition.format(*(self.bind(value) for value in values)))

    def optional(self, condition: str, value: object | None) -> None:
        """Add the condition unless the value is None."""
        if value is not None:
            self.add(condition, value)

    @property
    def text(self) -> str:
        """The conditions as one expression."""
        return " AND ".join(f"({condition})" for condition in self.conditions) or "TRUE"


def like_pattern(words: str) -> str:
    """Make a pattern that finds `words` anywhere, its own wildcards taken literally."""
    escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
