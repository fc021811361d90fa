"""What is shown of a row, on the short way: from the database to JSON without a model in between.

A row comes from tables that the service itself has filled, so to check it at each reading costs much and finds nothing.
The model still says what the answer looks like: the tests compare every plain answer with what the model makes of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import orjson
from pydantic import BaseModel

from app.core.schema import rfc3339

T = TypeVar("T", bound=BaseModel)


def instant(moment: datetime) -> datetime | str:
    """Give a time so that it is written as `rfc3339` does; orjson leaves out a fraction of zero."""
    return moment if moment.microsecond else rfc3339(moment)


def as_json(fields: Mapping[str, Any]) -> bytes:
    """Serialise plain fields: ids as text, times by `Z`."""
    return orjson.dumps(fields, default=str, option=orjson.OPT_UTC_Z)  # asyncpg has a UUID class of its own


@dataclass(frozen=True, slots=True)
class Plain(Generic[T]):
    """A resource as it is shown: every field of the model `kind`, in its order, in the form that JSON has."""

    kind: type[T]
    fields: dict[str, Any]

    def to_json(self) -> bytes:
        """Serialise it, to the same bytes as its model."""
        return as_json(self.fields)

    def checked(self) -> T:
        """Give the model."""
        return self.kind.model_validate(self.fields)
