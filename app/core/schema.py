"""Bases of what comes in and what goes out; tables are a third kind of class, in each room's `models.py`."""

from datetime import UTC, datetime
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, PlainSerializer
from pydantic.json_schema import WithJsonSchema


def rfc3339(moment: datetime) -> str:
    """Write a time as everything that leaves has it: UTC, microseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


Timestamp = Annotated[
    datetime,
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-24T04:00:00.123456Z"]}),
]


class Input(BaseModel):
    """Something a caller sends: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Output(BaseModel):
    """Something a caller is shown; with `leave_out_unset` fields that were not set are left out of its JSON."""

    model_config = ConfigDict(frozen=True)
    leave_out_unset: ClassVar[bool] = False
