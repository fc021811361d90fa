"""Directories for files that are on their way: private, one for each piece of work, and gone with it.

A process holds a lock on its own directory as long as it lives. What a killed one left behind has no holder and is
removed by the next that starts; one that lives, in this or another process, is never touched.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "work-"


class Spool:
    """Gives out directories under `place`, which is made at first use."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._own: Path | None = None

    def make(self) -> Path:
        """Make a directory for one piece of work; blocks shortly."""
        if self._own is None or not self._own.exists():
            with self._alone():
                self._own = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._place))
                # Never closed: it is held until the process ends, however it ends.
                fcntl.flock(os.open(self._own, os.O_RDONLY), fcntl.LOCK_EX)
        return Path(tempfile.mkdtemp(dir=self._own))

    def sweep(self) -> int:
        """Remove what processes that are gone left behind; give how many."""
        if not self._place.exists():
            return 0
        swept = 0
        with self._alone():
            for left in self._place.glob(f"{_PREFIX}*"):
                swept += self._removed(left)
        return swept

    @staticmethod
    def _removed(left: Path) -> bool:
        handle = os.open(left, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            shutil.rmtree(left, ignore_errors=True)
            return True
        finally:
            os.close(handle)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others from making and sweeping meanwhile: a directory is never seen before it is held."""
        self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._place / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
