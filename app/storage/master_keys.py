"""The firm's master keys: wrap the keys of owners. One is current, retired ones open what they once wrapped.

`MasterKeys` is the seam for a key management service; `MasterKeyFile` keeps them in one file of mode 0600. The keys
never leave this file: backups of the key store hold wrapped keys only.
"""

import json
import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypedDict

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.storage.errors import KeyStoreUnavailable
from app.storage.segments import KEY, NONCE


class MasterKeys(Protocol):
    """Wraps and unwraps keys. Blocking: call it in a thread.

    Every verb raises `KeyStoreUnavailable` when the keys can't be used now.
    """

    def make(self) -> None:
        """Make a first master key, unless there is one."""
        ...

    def wrap(self, key: bytes, bound: bytes) -> tuple[str, bytes]:
        """Wrap with the current master key, bound to `bound`; give the master key's id and the wrapped key."""
        ...

    def unwrap(self, master_id: str, wrapped: bytes, bound: bytes) -> bytes:
        """Give the key back."""
        ...

    def rotate(self) -> str:
        """Make a new master key current and give its id; the one before is retired, not gone."""
        ...

    def current(self) -> str:
        """Give the id of the current master key."""
        ...

    def drop_retired(self, before: datetime) -> list[str]:
        """Forget the master keys that were retired before a moment; give their ids."""
        ...


class _Master(TypedDict):
    id: str
    key: str
    made: str
    retired: str | None


class MasterKeyFile:
    """Master keys in a JSON file that only the service's account can read; the last one listed is current."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def make(self) -> None:
        """See `MasterKeys`."""
        if not self._path.exists():
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_safely(self._path, _text([_new_master()]))

    def wrap(self, key: bytes, bound: bytes) -> tuple[str, bytes]:
        """See `MasterKeys`."""
        master = self._read()[-1]
        nonce = secrets.token_bytes(NONCE)
        return master["id"], nonce + _cipher(master).encrypt(nonce, key, bound)

    def unwrap(self, master_id: str, wrapped: bytes, bound: bytes) -> bytes:
        """See `MasterKeys`."""
        for master in self._read():
            if master["id"] == master_id:
                try:
                    return _cipher(master).decrypt(wrapped[:NONCE], wrapped[NONCE:], bound)
                except InvalidTag:
                    raise KeyStoreUnavailable(f"what master key {master_id} wrapped was altered") from None
        raise KeyStoreUnavailable(f"there is no master key {master_id}")

    def rotate(self) -> str:
        """See `MasterKeys`."""
        masters = self._read()
        masters[-1]["retired"] = _stamp(datetime.now(UTC))
        masters.append(_new_master())
        write_safely(self._path, _text(masters))
        return masters[-1]["id"]

    def current(self) -> str:
        """See `MasterKeys`."""
        return self._read()[-1]["id"]

    def drop_retired(self, before: datetime) -> list[str]:
        """See `MasterKeys`."""
        masters = self._read()
        old = [one["id"] for one in masters if one["retired"] and datetime.fromisoformat(one["retired"]) < before]
        if old:
            write_safely(self._path, _text([one for one in masters if one["id"] not in old]))
        return old

    def _read(self) -> list[_Master]:
        # Read each time: a rotation in another process is then known at once, and nothing has to be told.
        try:
            masters: list[_Master] = json.loads(self._path.read_text())["masters"]
        except (OSError, ValueError, KeyError) as error:
            raise KeyStoreUnavailable(f"the master keys can't be read: {type(error).__name__}") from None
        return masters


def _cipher(master: _Master) -> AESGCM:
    return AESGCM(bytes.fromhex(master["key"]))


def _new_master() -> _Master:
    return {
        "id": secrets.token_hex(8),
        "key": secrets.token_bytes(KEY).hex(),
        "made": _stamp(datetime.now(UTC)),
        "retired": None,
    }


def _text(masters: list[_Master]) -> str:
    return json.dumps({"masters": masters}, indent=1) + "\n"


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def write_safely(path: Path, text: str, place: Callable[[Path, Path], object] = os.replace) -> None:
    """Write a private file whole or not at all, on the disk before this returns; `place` puts it where it belongs."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        place(beside, path)
        sync_directory(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def sync_directory(path: Path) -> None:
    """Force the names in a directory to the disk."""
    number = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
