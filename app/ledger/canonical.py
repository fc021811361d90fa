"""Canonical JSON (RFC 8785), quick for what events hold and right for everything else."""

import re
from typing import Any

import orjson
import rfc8785

_EXACT = 2**53 - 1
# Where orjson with sorted keys writes something else than RFC 8785: fractions and exponents, integers that a double
# can't hold, and keys beyond the basic plane, which RFC 8785 sorts by UTF-16. Text that looks so costs only time.
_SLOW = re.compile(rb"[\xf0-\xf4]|[:,\[]-?(?:[0-9]+[.eE]|[0-9]{16})")


def canonical(value: object) -> bytes:
    """Give the canonical JSON of what was read from JSON; ids are written as text.

    Total, for what is in the table must be sealed: a number that RFC 8785 has no form for is written as text.
    """
    quick = orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS)
    if _SLOW.search(quick) is None:
        return quick
    return rfc8785.dumps(_tamed(orjson.loads(quick)))


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
