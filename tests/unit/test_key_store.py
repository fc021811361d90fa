"""The key store: one key for each owner, never two; rotation, backups, restore; destroyed stays destroyed."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from app.storage import key_store
from app.storage.errors import KeyDestroyed, KeyMissing, KeyStoreUnavailable
from app.storage.key_store import KeyStore, Restored
from app.storage.master_keys import MasterKeyFile
from app.storage.segments import Owner, OwnerKind

MONTH = timedelta(days=30)


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    made = KeyStore(tmp_path / "keys")
    made.make()
    return made


def owner(kind: OwnerKind = OwnerKind.DOSSIER) -> Owner:
    return Owner(kind, uuid4())


def test_each_owner_has_a_key_of_its_own_that_stays(keys: KeyStore, tmp_path: Path) -> None:
    same = uuid4()
    owners = [Owner(kind, same) for kind in OwnerKind] + [owner(), owner()]
    made = [keys.key_for(one) for one in owners]
    assert len(set(made)) == len(owners)
    again = KeyStore(tmp_path / "keys")
    assert [again.key_of(one) for one in owners] == [again.key_for(one) for one in owners] == made
    with pytest.raises(KeyMissing):
        keys.key_of(owner())


def test_nobody_else_may_read_it_and_no_key_lies_there_plain(keys: KeyStore, tmp_path: Path) -> None:
    key = keys.key_for(owner())
    for path in (tmp_path / "keys").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0 or path.name == ".lock", path
        if path.is_file():
            assert key.hex() not in path.read_text()


def test_making_it_again_changes_nothing(keys: KeyStore, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in (tmp_path / "keys").rglob("*") if path.is_file()}
    keys.make()
    assert {path: path.read_bytes() for path in (tmp_path / "keys").rglob("*") if path.is_file()} == before


def test_directory_that_is_not_mounted_gets_no_key(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path / "nothing")
    (tmp_path / "nothing").mkdir()
    for verb in (keys.key_for, keys.key_of, keys.destroy):
        with pytest.raises(KeyStoreUnavailable):
            verb(owner())
    for act in (keys.rotate, keys.probe, lambda: keys.backup(tmp_path / "backups", MONTH)):
        with pytest.raises(KeyStoreUnavailable):
            act()
    assert list((tmp_path / "nothing").iterdir()) == []
    assert not (tmp_path / "backups").exists()


def test_many_at_once_get_the_same_key(keys: KeyStore) -> None:
    one = owner()
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(lambda _: keys.key_for(one), range(64)))) == 1


def test_key_of_another_owner_does_not_pass(keys: KeyStore) -> None:
    one, two = owner(), owner()
    keys.key_for(one)
    keys.key_for(two)
    keys._path(two).write_bytes(keys._path(one).read_bytes())
    with pytest.raises(KeyStoreUnavailable):
        keys.key_of(two)


def test_rotation_keeps_every_key(keys: KeyStore, tmp_path: Path) -> None:
    held = {one: keys.key_for(one) for one in (owner(kind) for kind in [*OwnerKind] * 5)}
    gone = owner()
    keys.key_for(gone)
    keys.destroy(gone)
    assert keys.rotate()[1] == len(held)
    assert keys.rewrap() == 0
    assert {one: keys.key_of(one) for one in held} == held
    text = (tmp_path / "keys" / "master-keys.json").read_text()
    old, new = json.loads(text)["masters"]
    assert old["retired"] is not None
    assert new["retired"] is None
    now = datetime.now(UTC)
    assert keys.drop_masters(now - MONTH) == []
    assert keys.drop_masters(now + timedelta(minutes=1)) == [old["id"]]
    assert {one: keys.key_of(one) for one in held} == held
    assert keys.drop_masters(now + timedelta(minutes=1)) == []


_DIES = """
import os, sys
from pathlib import Path
from app.storage import key_store, master_keys
keys, dies_at = key_store.KeyStore(Path(sys.argv[1])), int(sys.argv[2])
steps, write = iter(range(10**6)), key_store.write_safely
def dying(path, text, *more):
    if next(steps) == dies_at:
        os._exit(9)
    write(path, text, *more)
key_store.write_safely = master_keys.write_safely = dying
keys.rotate()
"""


def test_rotation_killed_anywhere_loses_no_key(keys: KeyStore, tmp_path: Path) -> None:
    held = {one: keys.key_for(one) for one in (owner() for _ in range(3))}
    for dies_at in range(4):
        done = subprocess.run([sys.executable, "-c", _DIES, str(tmp_path / "keys"), str(dies_at)], check=False)
        assert done.returncode == 9
        assert {one: keys.key_of(one) for one in held} == held
    keys.rotate()
    keys.drop_masters(datetime.now(UTC) + timedelta(minutes=1))
    assert {one: keys.key_of(one) for one in held} == held


def test_destroyed_stays_destroyed(keys: KeyStore, tmp_path: Path) -> None:
    gone, stays, never = owner(), owner(), owner()
    wrapped = json.loads(keys._path(gone).read_text())["wrapped"] if keys.key_for(gone) else ""
    key = keys.key_for(stays)
    backup = keys.backup(tmp_path / "backups", MONTH)
    assert (keys.destroy(gone), keys.destroy(gone), keys.destroy(never)) == (True, False, False)
    for one in (gone, never):
        for verb in (keys.key_of, keys.key_for):
            with pytest.raises(KeyDestroyed):
                verb(one)
    assert keys.restore(backup) == Restored(restored=0, present=1, destroyed=1)
    keys._path(stays).unlink()
    assert keys.restore(backup) == Restored(restored=1, present=0, destroyed=1)
    assert keys.key_of(stays) == key
    assert not [path for path in (tmp_path / "keys").rglob("*") if path.is_file() and wrapped in path.read_text()]
    later = keys.backup(tmp_path / "backups", MONTH)
    assert wrapped not in later.read_text()


def test_backups_are_kept_for_their_days_only(keys: KeyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "backups"
    first = keys.backup(home, MONTH)
    (home / "notes.txt").write_text("not ours")
    real, moved = datetime, timedelta()

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return real.now(UTC) + moved

    monkeypatch.setattr(key_store, "datetime", Clock)
    moved = timedelta(days=29)
    second = keys.backup(home, MONTH)
    assert {first, second} <= set(home.iterdir())
    moved = timedelta(days=31)
    third = keys.backup(home, MONTH)
    assert set(home.iterdir()) == {second, third, home / "notes.txt"}


def test_backup_before_a_rotation_still_restores(keys: KeyStore, tmp_path: Path) -> None:
    one = owner()
    key = keys.key_for(one)
    backup = keys.backup(tmp_path / "backups", MONTH)
    keys.rotate()
    keys._path(one).unlink()
    assert keys.restore(backup).restored == 1
    assert keys.key_of(one) == key


@pytest.mark.parametrize("garbage", ["", "{", "[]", '{"master": "x"}', '{"master": "x", "wrapped": "!!"}'])
def test_broken_files_are_a_fault_and_never_a_new_key(keys: KeyStore, garbage: str) -> None:
    one = owner()
    keys.key_for(one)
    keys._path(one).write_text(garbage)
    for verb in (keys.key_of, keys.key_for):
        with pytest.raises(KeyStoreUnavailable):
            verb(one)
    assert keys._path(one).read_text() == garbage


def test_master_keys_may_lie_apart(tmp_path: Path) -> None:
    apart = MasterKeyFile(tmp_path / "elsewhere" / "masters.json")
    keys = KeyStore(tmp_path / "keys", apart)
    keys.make()
    one = owner()
    key = keys.key_for(one)
    assert not (tmp_path / "keys" / "master-keys.json").exists()
    assert KeyStore(tmp_path / "keys", apart).key_of(one) == key
    (tmp_path / "elsewhere" / "masters.json").unlink()
    for act in (lambda: keys.key_of(one), lambda: keys.key_for(owner()), keys.rotate, keys.probe):
        with pytest.raises(KeyStoreUnavailable):
            act()
