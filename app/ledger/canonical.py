"""Canonical JSON (RFC 8785), quick for what events hold and right for everything else."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import rfc8785

_EXACT = 2**53 - 1
_BASIC_PLANE = "\U00010000"
# Ids among them, also those of asyncpg's own class: they are written as text.
_ALIKE = frozenset((str, bool, type(None), UUID, asyncpg.pgproto.pgproto.UUID))


def canonical(value: object) -> bytes:
    """Give the canonical JSON of what was read from JSON; ids are written as text.

    Total, for what is in the table must be sealed: a number that RFC 8785 has no form for is written as text.
    """
    quick = orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS)
    if _same(value):
        return quick
    return rfc8785.dumps(_tamed(orjson.loads(quick)))


def _same(value: object) -> bool:
    """Tell whether orjson with sorted keys surely writes a value as RFC 8785 does.

    It does not write fractions and exponents, integers that a double can't hold, and the order of keys beyond the basic
    plane, which RFC 8785 sorts by UTF-16.
    """
    if isinstance(value, dict):
        for key in value:
            if not key.isascii() and max(key) >= _BASIC_PLANE:
                return False
        return _all_same(value.values())
    if isinstance(value, list):
        return _all_same(value)
    if isinstance(value, int):
        return -_EXACT <= value <= _EXACT
    return not isinstance(value, float)


def _all_same(values: Iterable[object]) -> bool:
    for value in values:  # noqa: SIM110 - a generator costs more than the few values it goes through
        if type(value) not in _ALIKE and not _same(value):
            return False
    return True


def _tamed(value: object) -> Any:
    match value:
        case dict():
            return {key: _tamed(inner) for key, inner in value.items()}
        case list():
            return [_tamed(inner) for inner in value]
        case int() if not isinstance(value, bool) and abs(value) > _EXACT:
            return str(value)
        case _:
            return value
