"""The unprivileged account under which PostgreSQL runs when the service is started as root.

PostgreSQL refuses root for good reason. So a system account is made once, and let through (not into) the directories
above the programs and the data: by an access control entry for this one account, so nobody else gains a right.
"""

import os
import pwd
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from app.embedded.processes import EmbeddedError

NAME = "anjuan-pg"
_ATTEMPTS = 20
_ACL = "system.posix_acl_access"
_USER_OBJ, _USER, _GROUP_OBJ, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
_NO_ID = 0xFFFFFFFF
_EXECUTE = 1
# Says which of its arguments, directories from the root down, the account can't pass; nothing when it passes all.
_FIRST_CLOSED = 'n=0; for d; do [ -x "$d" ] || { echo $n; exit; }; n=$((n+1)); done'


def account_for(data: Path) -> tuple[int, int] | None:
    """Tell uid and gid to run PostgreSQL with: None (as we are) unless we are root.

    Data that another account owns already stay with it. Raises `EmbeddedError` when no account can be made.
    """
    if os.geteuid() != 0:
        _refuse_foreign(data)
        return None
    if data.exists() and (found := data.stat()).st_uid != 0:
        return found.st_uid, found.st_gid
    entry = _system_account()
    return entry.pw_uid, entry.pw_gid


def let_through(account: tuple[int, int], target: Path) -> None:
    """Let the account pass the directories above `target`; raise `EmbeddedError` when that can't be done."""
    parents = [target.resolve(), *target.resolve().parents][:0:-1]
    for _ in parents:
        answer = _as_account(account, ["/bin/sh", "-c", _FIRST_CLOSED, "sh", *map(str, parents)])
        if not answer:
            return
        closed = parents[int(answer)]
        try:
            _add_entry(closed, account[0])
        except OSError as error:
            raise EmbeddedError(
                f"PostgreSQL can't run as root, and its account {NAME} can't pass {closed} ({error.strerror}): "
                f"set ANJUAN_DATA_DIR to a directory every account can reach, or run `chmod o+x {closed}`."
            ) from None
    raise EmbeddedError(f"PostgreSQL can't run as root, and its account {NAME} can't reach {target}.")


def open_to_read(account: tuple[int, int], program: Path, folders: Sequence[Path]) -> None:
    """Make sure that the account can run `program`; if not, open the (public) files of `folders` to all readers."""
    if _as_account(account, ["/bin/sh", "-c", '"$1" --version', "sh", str(program)]):
        return
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            if not path.is_symlink():
                mode = path.stat().st_mode & 0o777
                path.chmod(mode | 0o444 | (0o111 if path.is_dir() or mode & 0o100 else 0))
    if not _as_account(account, ["/bin/sh", "-c", '"$1" --version', "sh", str(program)]):
        raise EmbeddedError(f"The account {NAME} can't run {program}; is its file system mounted noexec?")


def _as_account(account: tuple[int, int], command: Sequence[str]) -> str:
    done = subprocess.run(  # noqa: S603  # commands of the house
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        user=account[0],
        group=account[1],
        extra_groups=[],
    )
    return done.stdout.strip()


def _refuse_foreign(data: Path) -> None:
    if data.exists() and (owner := data.stat().st_uid) != os.geteuid():
        raise EmbeddedError(
            f"{data} belongs to the account {_account_name(owner)}: start as root or as that account, "
            "or set ANJUAN_DATA_DIR to another directory."
        )


def _account_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _system_account() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")
    reason = "there is no useradd"
    for _ in range(_ATTEMPTS):
        try:
            return pwd.getpwnam(NAME)
        except KeyError:
            pass
        if useradd is None:
            break
        done = subprocess.run(  # noqa: S603  # fixed arguments
            [useradd, "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/false", NAME],
            check=False,
            capture_output=True,
            text=True,
        )
        reason = done.stderr.strip()
        if done.returncode:  # another start may hold the lock of the accounts
            time.sleep(0.2)
    raise EmbeddedError(
        f"PostgreSQL can't run as root, and the account {NAME} could not be made ({reason}): "
        f"make it, start as another account, or set ANJUAN_DATABASE_URL."
    )


def _add_entry(directory: Path, uid: int) -> None:
    """Add `user:uid:--x` to the access control list of the directory."""
    if sys.platform != "linux":
        raise OSError(0, "no access control lists here")
    entries = {entry[:2]: entry[2] for entry in _entries(directory)}
    entries[_USER, uid] = entries.get((_USER, uid), 0) | _EXECUTE
    group = entries[_GROUP_OBJ, _NO_ID]
    entries[_MASK, _NO_ID] = entries.get((_MASK, _NO_ID), group) | _EXECUTE
    packed = b"".join(struct.pack("<HHI", tag, right, who) for (tag, who), right in sorted(entries.items()))
    os.setxattr(directory, _ACL, struct.pack("<I", 2) + packed)


def _entries(directory: Path) -> list[tuple[int, int, int]]:
    """List (tag, id, rights) of the directory: of its list when it has one, else of its mode."""
    mode = directory.stat().st_mode
    plain = [
        (_USER_OBJ, _NO_ID, mode >> 6 & 7),
        (_GROUP_OBJ, _NO_ID, mode >> 3 & 7),
        (_OTHER, _NO_ID, mode & 7),
    ]
    if sys.platform != "linux" or _ACL not in os.listxattr(directory):
        return plain
    return [(tag, who, right) for tag, right, who in struct.iter_unpack("<HHI", os.getxattr(directory, _ACL)[4:])]
