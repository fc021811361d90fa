"""Kinds of rules, as each room declares its own: a name, a shape, and the words for people.

A room declares `KIND = RuleKind("filing", FilingRules, "…", "…", first=FilingRules(...))` and asks `in_force(source,
KIND)`. `first` is what a new installation begins with: the room's migration writes it as version 1, and a test holds
the two together. What an act was done under is kept with the act by its version, so that a later rule changes nothing.
"""

from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from pydantic import Field

from app.core.database import Connection, Database, Row
from app.core.schema import Input, Output, Timestamp
from app.core.text import Title

T = TypeVar("T", bound=Input)


@dataclass(frozen=True, slots=True)
class RuleKind(Generic[T]):
    """A kind of rules: `name` in paths and tables, `model` their shape, `first` and its `source` for a new firm."""

    name: str
    model: type[T]
    en: str
    zh: str
    first: T
    source: str
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Rules(Generic[T]):
    """The rules of a kind in one version."""

    version: int
    body: T


class RulesIn(Input, Generic[T]):
    """All rules of a kind, for they hang together, and where they come from."""

    body: T
    source: Title = Field(description="The law, bar rule or decision of the firm that they follow")
    verified: Annotated[bool, Field(description="Whether the source was read in full")]


class RulesOut(Output, Generic[T]):
    """The rules of a kind in one version."""

    kind: str
    version: int
    body: T
    source: str
    verified: bool
    changed_at: Timestamp


async def in_force(source: Connection | Database, kind: RuleKind[T]) -> Rules[T]:
    """Give the rules of a kind that are in force."""
    return _rules(kind, await newest(source, kind.name))


async def of_version(source: Connection | Database, kind: RuleKind[T], version: int) -> Rules[T]:
    """Give the rules of a kind as something was done under them."""
    return _rules(kind, await one(source, kind.name, version))


def _rules(kind: RuleKind[T], row: Row | None) -> Rules[T]:
    if row is None:
        raise RuntimeError(f"the migration that brings the first rules of kind {kind.name!r} has not run")
    return Rules(row["version"], kind.model.model_validate(row["body"]))


async def newest(source: Connection | Database, kind: str) -> Row | None:
    """Give the row in force of a kind."""
    return await source.fetchrow("SELECT * FROM rule_versions WHERE kind = $1 ORDER BY version DESC LIMIT 1", kind)


async def one(source: Connection | Database, kind: str, version: int) -> Row | None:
    """Give one row of a kind."""
    return await source.fetchrow("SELECT * FROM rule_versions WHERE kind = $1 AND version = $2", kind, version)
