"""Tokens that were verified, remembered by their digest; never the tokens themselves, never whether a user is active.

Whoever reads from here still compares the expiry with the clock and asks what the user's row says now.
"""

from collections import OrderedDict
from hashlib import sha256
from typing import Generic, TypeVar

_SIZE = 10_000

C = TypeVar("C")


class VerifiedTokens(Generic[C]):
    """What verified tokens say; when there are too many the one that was kept first goes."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, C] = OrderedDict()

    def get(self, token: str) -> C | None:
        """Give what the token says, None when it was not verified yet."""
        return self._known.get(_digest(token))

    def keep(self, token: str, claims: C) -> None:
        """Remember a token that was just verified."""
        self._known[_digest(token)] = claims
        if len(self._known) > _SIZE:
            self._known.popitem(last=False)

    def forget(self, token: str) -> None:
        """Remember a token no longer."""
        self._known.pop(_digest(token), None)

    def __len__(self) -> int:
        """Tell how many are remembered."""
        return len(self._known)

    def clear(self) -> None:
        """Remember none, for what they were verified by has changed."""
        self._known.clear()


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogateescape")).digest()
