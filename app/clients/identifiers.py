"""Numbers by which others know a client (pure): checked, normalised, masked.

Never asks a register whether a number was issued: the check digits tell a slip of the pen, not a forgery.
"""

import re
import unicodedata

from stdnum.cn import ric, uscc
from stdnum.exceptions import InvalidComponent, ValidationError

_PASSPORT = re.compile(r"^[A-Z0-9]{6,20}$")
_OTHER = re.compile(r"^[^\s*](?:[^*]{0,62}[^\s*])?$")
_KEPT_HEAD, _KEPT_TAIL, _SHORT, _TINY = 4, 2, 9, 3


class IdentifierError(ValueError):
    """The identifier can't be what it says it is."""


def normalise(scheme: str, value: str) -> str:
    """Give the identifier in its one written form: half-width, upper case, no blanks.

    Parameters: `scheme` is uscc (统一社会信用代码, GB 32100), cn_id (居民身份证号, GB 11643), passport or other.
    Raises IdentifierError when form or check digit is wrong.
    """
    plain = unicodedata.normalize("NFKC", value).strip()
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in plain):
        raise IdentifierError("an identifier has no control or invisible characters")
    if scheme == "other":
        if not _OTHER.match(plain):
            raise IdentifierError("an identifier has 1 to 64 characters and no *")
        return plain
    # Upper case makes two letters of ß and a Latin one of ı: what isn't ASCII by now never becomes so.
    compact = re.sub(r"[\s-]", "", plain)
    compact = compact.upper() if compact.isascii() else compact
    if scheme == "passport":
        if not _PASSPORT.match(compact):
            raise IdentifierError("a passport number has 6 to 20 letters and digits")
        return compact
    validate, what = (uscc.validate, "USCC") if scheme == "uscc" else (_resident, "resident id number")
    try:
        return str(validate(compact))
    except ValidationError as error:
        raise IdentifierError(f"not a valid {what}: {_reason(error)}") from None


def _resident(number: str) -> str:
    """Check form, check digit and date of birth of a resident id number.

    The place is left alone: the library's table of counties knows neither the newest nor the codes 81, 82 and 83 of
    residents from Hong Kong, Macao and Taiwan, and breaks on some.
    """
    try:
        return str(ric.validate(number))
    except (InvalidComponent, KeyError):
        ric.get_birth_date(number)
        return number


def _reason(error: ValidationError) -> str:
    return {
        "InvalidLength": "it has 18 characters",
        "InvalidChecksum": "its check digit is wrong",
        "InvalidFormat": "it has characters that can't stand there",
    }.get(type(error).__name__, "one of its parts can't exist")


def mask(value: str) -> str:
    """Show only the ends of a value: `9144************XX`; of short ones less, of tiny ones nothing."""
    if len(value) < _TINY:
        return "*" * len(value)
    head, tail = (1, 1) if len(value) < _SHORT else (_KEPT_HEAD, _KEPT_TAIL)
    return value[:head] + "*" * (len(value) - head - tail) + value[-tail:]
