"""Which passwords may be set, after NIST SP 800-63B revision 4, section 3.1.1.2; the only file that knows zxcvbn.

Length and a blocklist of what attackers try first, and no rules of composition. Never keeps or logs a password.
"""

import asyncio
import re
import threading
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from app.auth.passwords import normal
from app.core.errors import Invalid

LONGEST = 256
_LEAST_SCORE = 3  # "safely unguessable": more than 10**8 guesses
# The estimate's cost grows faster than the length: 160 ms at worst for 40 characters, 600 ms for 64. A password whose
# beginning is strong enough is strong.
_LOOKED_AT = 40
_HOUSE = ("anjuan", "案卷", "lawyer", "lawfirm", "律师", "律师事务所")
_DIVIDERS = re.compile(r"[\W_]+")
_one_at_a_time = threading.Lock()  # zxcvbn keeps the words of a call in a table that all calls share


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """What a new password must be; `shortest` in characters."""

    shortest: int

    async def check(self, password: str, *about: str | None, pointer: str = "/body/password") -> None:
        """Refuse a password that is too short or too easily guessed, also by who knows the words `about` its user.

        Raises Invalid with the code `password_too_short` or `password_too_common`, naming the field at `pointer`.
        """
        if min(len(password), len(normal(password))) < self.shortest:
            raise Invalid.field(
                pointer, "password_too_short",
                f"A password has at least {self.shortest} characters: take a sentence that only you would write",
                f"密码至少 {self.shortest} 个字符,建议使用只有自己会写的一句话",
            )  # fmt: skip
        if await asyncio.to_thread(_is_common, password, about):
            raise Invalid.field(
                pointer, "password_too_common",
                "This password is among the first that would be guessed: take several words that have nothing to do "
                "with each other, with you or with the firm",
                "该密码很容易被猜到,请使用几个互不相关、也与本人和律所无关的词语",
            )  # fmt: skip


def check_characters(password: str) -> str:
    """Give the password back; ValueError for a character that can't be typed or has no fixed meaning yet.

    Everything printable and blanks are allowed. What Unicode has not assigned may change when normalised by a later
    version, and would lock its user out.
    """
    for character in password:
        if unicodedata.category(character) in {"Cc", "Cs", "Cn"}:
            raise ValueError(f"character U+{ord(character):04X} can't be in a password")
    return password


def _is_common(password: str, about: Iterable[str | None]) -> bool:
    words = sorted({word for text in (*_HOUSE, *about) if text for word in _words(text)})
    return any(_score(form[:_LOOKED_AT], words) < _LEAST_SCORE for form in _forms(normal(password)))


def _score(text: str, words: list[str]) -> int:
    from zxcvbn import zxcvbn  # its word lists take twelve megabytes, and few processes need them

    with _one_at_a_time:
        return int(zxcvbn(text, words)["score"])


def _forms(password: str) -> Iterable[str]:
    """Give what a guess at the password must hit: it, and it without what divides its words, each said once only.

    A name with dots between is a name over and over, and that is the name.
    """
    yield _once(password)
    joined = _DIVIDERS.sub("", password)
    if len(password) > len(joined) > len(password) // 2:
        yield _once(joined)


def _once(text: str) -> str:
    """Give the shortest beginning that the text repeats to its end, the last time perhaps in part; else the text."""
    for length in range(1, len(text) // 2 + 1):
        if (text[:length] * (len(text) // length + 1))[: len(text)] == text:
            return text[:length]
    return text


def _words(text: str) -> Iterable[str]:
    """Give a text whole, in its parts, and its parts run together."""
    text = normal(text).casefold()
    parts = [part for part in _DIVIDERS.split(text) if len(part) > 1 or not part.isascii()]
    return {text, *parts, "".join(parts)}
