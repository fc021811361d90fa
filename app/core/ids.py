"""Identifiers: UUIDv7, so that keys grow with time and say nothing about what they name."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7 as _uuid7

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_id() -> UUID:
    """Make a UUIDv7 of this instant."""
    return _uuid7()


def first_id_at(moment: datetime) -> UUID:
    """Give the least UUID whose UUIDv7 time is `moment` (millisecond resolution); a bound for ranges of ids."""
    milliseconds = max(0, (moment - _EPOCH) // timedelta(milliseconds=1))
    return UUID(int=milliseconds << 80)
