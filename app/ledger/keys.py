"""The keys that checkpoints are signed with: a file of mode 0600, never the database.

`LedgerKeys` is the seam for a key management service.
"""

import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, TypedDict

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.core.clock import now
from app.core.errors import Unavailable
from app.ledger.note import Checkpoint, Note, SigningKey, VerifierKey
from app.storage.master_keys import write_safely

FILE = "ledger-keys.json"


class LedgerKeyUnavailable(Unavailable):
    """The keys of the ledger can't be used; the message says why."""

    code, title_en, title_zh = "ledger_key_unavailable", "Ledger key not available", "账本签名密钥不可用"


class NoLedgerKey(LedgerKeyUnavailable):
    """There is no key: before the first event is sealed, or because the file was lost."""


class LedgerKeys(Protocol):
    """Signs checkpoints. Blocking: call it in a thread. Every verb raises LedgerKeyUnavailable."""

    def make(self, name: str | None) -> None:
        """Make a first key under the ledger's name (None: a random one), unless there is one."""
        ...

    def sign(self, size: int, root: bytes) -> Note:
        """Sign the checkpoint of a tree with every key that is in use: two for a while after a rotation."""
        ...

    def verifiers(self, *, retired: bool = False) -> list[VerifierKey]:
        """Give the public keys in use, newest first; with `retired` also those that no longer sign."""
        ...

    def rotate(self, overlap: timedelta) -> VerifierKey:
        """Make a new key that signs from now on; those before sign along until the overlap has passed."""
        ...


class _Key(TypedDict):
    seed: str
    made: str
    signs_until: str | None


class _File(TypedDict):
    name: str
    keys: list[_Key]


class LedgerKeyFile:
    """Keys in a JSON file that only the service's account can read; the last one listed is the newest."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = now) -> None:
        self._path, self._clock = path, clock

    def make(self, name: str | None) -> None:
        """See `LedgerKeys`."""
        if self._path.exists():
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept: _File = {"name": name or f"anjuan-{secrets.token_hex(4)}/ledger", "keys": [self._new()]}
        _signing(kept, kept["keys"][0])  # a name that can be none is told now
        self._write(kept)

    def sign(self, size: int, root: bytes) -> Note:
        """See `LedgerKeys`."""
        kept = self._read()
        text = Checkpoint(kept["name"], size, root).text
        return Note(text, tuple(_signing(kept, key).sign(text) for key in self._in_use(kept)))

    def verifiers(self, *, retired: bool = False) -> list[VerifierKey]:
        """See `LedgerKeys`."""
        kept = self._read()
        keys = kept["keys"][::-1] if retired else self._in_use(kept)
        return [_signing(kept, key).verifier for key in keys]

    def rotate(self, overlap: timedelta) -> VerifierKey:
        """See `LedgerKeys`."""
        kept = self._read()
        until = self._clock() + overlap
        for key in kept["keys"]:
            if key["signs_until"] is None:
                key["signs_until"] = until.isoformat()
        kept["keys"].append(self._new())
        self._write(kept)
        return _signing(kept, kept["keys"][-1]).verifier

    def _new(self) -> _Key:
        return {"seed": secrets.token_bytes(32).hex(), "made": self._clock().isoformat(), "signs_until": None}

    def _in_use(self, kept: _File) -> list[_Key]:
        stamp = self._clock()
        ends = [(key, key["signs_until"]) for key in kept["keys"][::-1]]
        return [key for key, end in ends if end is None or datetime.fromisoformat(end) > stamp]

    def _read(self) -> _File:
        # Read each time: a rotation in another process is then known at once.
        try:
            kept: _File = json.loads(self._path.read_text())
            for key in kept["keys"]:
                _signing(kept, key)
        except FileNotFoundError:
            raise NoLedgerKey("The ledger has no key yet", "账本尚无签名密钥") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LedgerKeyUnavailable(
                f"The ledger's keys can't be read: {type(error).__name__}", "无法读取账本签名密钥"
            ) from None
        return kept

    def _write(self, kept: _File) -> None:
        write_safely(self._path, json.dumps(kept, indent=1) + "\n")


def _signing(kept: _File, key: _Key) -> SigningKey:
    return SigningKey(kept["name"], Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key["seed"])))
