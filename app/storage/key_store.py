"""The key store: one key for each dossier, client or conflict check, apart from database and objects.

A key is a small file, wrapped by the firm's master key. Destroying a key destroys all files of its owner, wherever
copies of their bytes may lie; a mark stays, so that no backup of keys brings it back by mistake. Keys live in a
directory of their own (several machines share it); their backups are kept for few days only.
"""

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from app.storage.errors import KeyDestroyed, KeyMissing, KeyStoreUnavailable
from app.storage.master_keys import MasterKeyFile, MasterKeys, sync_directory, write_safely
from app.storage.segments import KEY, Owner, OwnerKind

_MARKER, _LOCK, MASTERS = "key-store.json", ".lock", "master-keys.json"
_NAMES = {OwnerKind.DOSSIER: "dossiers", OwnerKind.CLIENT: "clients", OwnerKind.CONFLICT_CHECK: "conflict-checks"}
_BACKUP = "keys-{:%Y%m%dT%H%M%S%fZ}.jsonl"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did: keys put back, keys that were there, keys left out because they had been destroyed."""

    restored: int
    present: int
    destroyed: int


class KeyStore:
    """Keys in a directory. Blocking: call it in a thread.

    Every verb raises `KeyStoreUnavailable` when the directory or the master key can't be used: a directory without
    the store's own mark is one that is not mounted, and no key is made there.
    """

    def __init__(self, directory: Path, masters: MasterKeys | None = None) -> None:
        self._home = directory
        self._masters = masters or MasterKeyFile(directory / MASTERS)

    @property
    def exists(self) -> bool:
        """Whether the store was made."""
        return (self._home / _MARKER).is_file()

    def make(self) -> None:
        """Make an empty store with a first master key, unless there is one."""
        if self.exists:
            return
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._masters.make()
        for name in _NAMES.values():
            (self._home / name).mkdir(mode=0o700, exist_ok=True)
        # Last: a store that was half made is made again.
        write_safely(self._home / _MARKER, json.dumps({"made": _stamp(), "id": secrets.token_hex(16)}) + "\n")

    def probe(self) -> None:
        """Return when keys can be used; else raise `KeyStoreUnavailable`."""
        with self._usable():
            self._masters.current()

    def key_of(self, owner: Owner) -> bytes:
        """Give an owner's key; raise KeyDestroyed or KeyMissing when there is none."""
        with self._usable():
            return self._read(owner)

    def key_for(self, owner: Owner) -> bytes:
        """Give an owner's key to seal with, made now if there was none; raise KeyDestroyed when it was destroyed."""
        with self._usable():
            with suppress(KeyMissing):
                return self._read(owner)
            with self._lock(fcntl.LOCK_SH), suppress(FileExistsError):
                path = self._path(owner)
                path.parent.mkdir(mode=0o700, exist_ok=True)
                # A link fails where a replace would overwrite: of two processes one key is kept, and both use it.
                write_safely(path, self._wrapped(owner, secrets.token_bytes(KEY)), os.link)
            return self._read(owner)

    def destroy(self, owner: Owner) -> bool:
        """Destroy an owner's key for good; tell whether there was one to destroy."""
        with self._usable():
            path = self._path(owner)
            with self._lock(fcntl.LOCK_EX):
                try:
                    there = not _load(path).get("destroyed")
                except FileNotFoundError:
                    there = False
                path.parent.mkdir(mode=0o700, exist_ok=True)
                if there:
                    _overwrite(path)
                write_safely(path, json.dumps({"destroyed": _stamp()}) + "\n")
            return there

    def rotate(self) -> tuple[str, int]:
        """Make a new master key and wrap all keys with it; give its id and their number.

        Killed in the midst it is just done again: until a key is wrapped anew, its retired master key opens it.
        """
        with self._usable():
            with self._lock(fcntl.LOCK_EX):
                new = self._masters.rotate()
            return new, self.rewrap()

    def rewrap(self) -> int:
        """Wrap with the current master key all keys that another one wraps; give their number."""
        count = 0
        with self._usable():
            for owner in self._owners():
                with self._lock(fcntl.LOCK_EX):
                    path = self._path(owner)
                    kept = _load(path)
                    if kept.get("destroyed") or kept["master"] == self._masters.current():
                        continue
                    write_safely(path, self._wrapped(owner, self._read(owner)))
                    count += 1
        return count

    def drop_masters(self, before: datetime) -> list[str]:
        """Forget master keys retired before a moment, once no key needs them; give their ids."""
        self.rewrap()
        with self._usable(), self._lock(fcntl.LOCK_EX):
            return self._masters.drop_retired(before)

    def backup(self, into: Path, keep: timedelta) -> Path:
        """Write all wrapped keys to a new file in a directory and remove its backups that are older than `keep`.

        Without the master keys, which are kept apart from it, a backup opens nothing.
        """
        with self._usable():
            into.mkdir(mode=0o700, parents=True, exist_ok=True)
            moment = datetime.now(UTC)
            lines = []
            for owner in self._owners():
                kept = _load(self._path(owner))
                if not kept.get("destroyed"):
                    lines.append(json.dumps({"kind": _NAMES[owner.kind], "id": str(owner.id), **kept}))
            path = into / _BACKUP.format(moment)
            write_safely(path, "".join(f"{line}\n" for line in lines))
            oldest = _BACKUP.format(moment - keep)
            for old in into.glob("keys-*.jsonl"):
                if old.name < oldest:
                    old.unlink()
            sync_directory(into)
            return path

    def restore(self, source: Path) -> Restored:
        """Put back the keys of a backup that are not here; never one that was destroyed, never over one that is."""
        kinds = {name: kind for kind, name in _NAMES.items()}
        restored = present = destroyed = 0
        with self._usable():
            for line in source.read_text().splitlines():
                kept = json.loads(line)
                owner = Owner(kinds[kept.pop("kind")], UUID(kept.pop("id")))
                path = self._path(owner)
                with self._lock(fcntl.LOCK_EX):
                    if path.exists():
                        gone = bool(_load(path).get("destroyed"))
                        destroyed, present = destroyed + gone, present + (not gone)
                        continue
                    path.parent.mkdir(mode=0o700, exist_ok=True)
                    write_safely(path, json.dumps(kept) + "\n")
                    restored += 1
        return Restored(restored, present, destroyed)

    def _owners(self) -> Iterator[Owner]:
        for kind, name in _NAMES.items():
            for directory in sorted((self._home / name).iterdir()):
                for path in sorted(directory.glob("*.json")):
                    yield Owner(kind, UUID(path.stem))

    def _path(self, owner: Owner) -> Path:
        # Ids begin with the time they were made at, so their ends spread them evenly.
        name = str(owner.id)
        return self._home / _NAMES[owner.kind] / name[-2:] / f"{name}.json"

    def _read(self, owner: Owner) -> bytes:
        try:
            kept = _load(self._path(owner))
        except FileNotFoundError:
            raise KeyMissing from None
        if kept.get("destroyed"):
            raise KeyDestroyed
        return self._masters.unwrap(kept["master"], base64.b64decode(kept["wrapped"]), _bound(owner))

    def _wrapped(self, owner: Owner, key: bytes) -> str:
        master, wrapped = self._masters.wrap(key, _bound(owner))
        return json.dumps({"master": master, "wrapped": base64.b64encode(wrapped).decode(), "made": _stamp()}) + "\n"

    @contextmanager
    def _lock(self, kind: int) -> Iterator[None]:
        """Keep a rotation and the making of keys apart, or a new key could be wrapped with a master key that goes."""
        with (self._home / _LOCK).open("a") as file:
            fcntl.flock(file, kind)
            yield

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Turn whatever is wrong with the directory into `KeyStoreUnavailable`, its mark missing first of all."""
        try:
            if not self.exists:
                raise KeyStoreUnavailable("there is no key store in its directory")
            yield
        except (OSError, ValueError, KeyError) as error:
            raise KeyStoreUnavailable(f"the key store can't be used: {type(error).__name__}") from None


def _bound(owner: Owner) -> bytes:
    return f"{_NAMES[owner.kind]}/{owner.id}".encode()


def _load(path: Path) -> dict[str, str]:
    kept = json.loads(path.read_text())
    if not isinstance(kept, dict):
        raise ValueError("no key")  # noqa: TRY004  # a file of another form, not a mistake of the caller's
    return kept


def _stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _overwrite(path: Path) -> None:
    """Write over a key before its name goes, so that an ordinary disk keeps no copy of it."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(b"\0" * size)
        file.flush()
        os.fsync(file.fileno())
