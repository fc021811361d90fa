"""What is shown of a row, on the short way: from the database to JSON without a model in between.

A row comes from tables that the service itself has filled, so to check it at each reading costs much and finds nothing.
The model still says what the answer looks like: the tests compare every plain answer with what the model makes of it.
"""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson
from pydantic import BaseModel

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Plain(Generic[T]):
    """A resource as it is shown: every field of the model `kind`, in its order, in the form that JSON has."""

    kind: type[T]
    fields: dict[str, Any]

    def to_json(self) -> bytes:
        """Serialise it, to the same bytes as its model."""
        return orjson.dumps(self.fields, default=str)  # asyncpg has a UUID class of its own

    def checked(self) -> T:
        """Give the model."""
        return self.kind.model_validate(self.fields)
