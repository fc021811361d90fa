"""Brings the database to this version's schema, and gives the application's role no right more than it needs."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from alembic.config import Config

_REVISION = re.compile(r'^(revision|down_revision) = "(\w+)"$', re.MULTILINE)


def head(project: Path) -> str:
    """Give the revision that the migrations lead to.

    Read from their text: every process of the service asks, and Alembic would take seven megabytes of each.
    """
    texts = (path.read_text(encoding="utf-8") for path in (project / "alembic" / "versions").glob("*.py"))
    named = [found for text in texts for found in _REVISION.findall(text)]
    last = {name for kind, name in named if kind == "revision"} - {name for kind, name in named if kind != "revision"}
    if len(last) != 1:
        raise RuntimeError(f"the migrations lead to {sorted(last)}")
    return str(last.pop())


def upgrade(project: Path, owner_url: str, revision: str = "head") -> None:
    """Run the migrations as the owner role up to `revision`; blocks."""
    from alembic import command  # see `head`

    command.upgrade(configuration(project, owner_url), revision)


def configuration(project: Path, owner_url: str) -> "Config":
    """Give Alembic's configuration; `project` holds pyproject.toml."""
    from alembic.config import Config  # see `head`

    config = Config(toml_file=str(project / "pyproject.toml"))
    config.attributes["url"] = owner_url
    return config


def grant(owner_url: str, role: str, rights: Mapping[str, str], functions: tuple[str, ...]) -> None:
    """Give `role` these rights on these tables and functions, and none on any other; blocks.

    Does nothing when the role owns the tables itself, as on a database that was given one role for everything.
    """
    asyncio.run(_grant(owner_url, role, rights, functions))


async def _grant(owner_url: str, role: str, rights: Mapping[str, str], functions: tuple[str, ...]) -> None:
    connection = await asyncpg.connect(owner_url)
    try:
        if await connection.fetchval("SELECT current_user") == role:
            return
        name = await connection.fetchval("SELECT quote_ident($1)", role)
        async with connection.transaction():
            # The lock of alembic/env.py: rights changed twice at once break each other.
            await connection.execute("SELECT pg_advisory_xact_lock(4157)")
            await connection.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name}")
            await connection.execute(f"GRANT USAGE ON SCHEMA public TO {name}")
            for table, verbs in rights.items():
                await connection.execute(f"GRANT {verbs} ON {table} TO {name}")
            for function in functions:
                await connection.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {name}")
    finally:
        await connection.close()
