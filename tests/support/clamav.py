"""Real ClamAV for tests: clamd on a directory of its own, with signatures of the test's own."""

import hashlib
import io
import os
import shutil
import socket
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

from app.embedded.processes import start_child, stop_child, wait_until
from tests.support.requirements import require

HOW = "install it (apt-get install clamav-daemon); its service need not run"
# Larger files are refused by the server.
LARGEST = 200_000


class RealClamd:
    """One clamd that listens on a socket; its signatures are texts that a file must not hold."""

    def __init__(self, place: Path) -> None:
        program = shutil.which("clamd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            require("clamd", HOW)
        assert program is not None
        self._program, self._place = program, place
        self._process: subprocess.Popen[bytes] | None = None
        self._signatures = place / "signatures"
        self._signatures.mkdir(parents=True)
        # Sockets have short names; the directories of tests don't.
        self._socket = Path(os.path.relpath(place)) / "s" if len(str(place)) > 90 else place / "s"
        self._config = place / "clamd.conf"
        lines = {
            "Foreground": "yes", "DatabaseDirectory": self._signatures, "LocalSocket": self._socket,
            "StreamMaxLength": LARGEST, "TemporaryDirectory": place, "LogFile": place / "clamd.log", "SelfCheck": 86400,
            "ConcurrentDatabaseReload": "yes",
            "IdleTimeout": 1,
        }  # fmt: skip
        self._config.write_text("".join(f"{name} {value}\n" for name, value in lines.items()))

    @property
    def address(self) -> str:
        """Its address as a setting."""
        return f"unix:{self._socket.absolute()}"

    def teach(self, version: int, **texts: str) -> None:
        """Give it a database of this number that finds `texts`, by name; loads it if it runs."""
        (self._signatures / "daily.cud").write_bytes(_database(version, texts))
        if self._process is not None:
            self._ask(b"zRELOAD\0")
            self._wait(lambda: f"/{version}/".encode() in self._ask(b"zVERSION\0"))

    def start(self) -> None:
        """Start it (again) and return when it answers."""
        self._socket.unlink(missing_ok=True)
        self._process = start_child(
            [self._program, f"--config-file={self._config}"], env=dict(os.environ), log=self._place / "out"
        )
        self._wait(self._answers)

    def _wait(self, until: Callable[[], bool]) -> None:
        wait_until(until, within=60, what="clamd", process=self._process, log=self._place / "out")

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            stop_child(self._process)
            self._process = None

    def _answers(self) -> bool:
        try:
            return self._ask(b"zPING\0").startswith(b"PONG")
        except OSError:
            return False

    def _ask(self, question: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(str(self._socket))
            connection.sendall(question)
            return connection.recv(4096)


def _database(version: int, texts: Mapping[str, str]) -> bytes:
    """Make a database as `sigtool --unsigned` does: a head of 512 bytes, then a tar of the signatures and their digest."""
    head = f"ClamAV-VDB:28 Nov 2026 11-00 +0000:{version}:{len(texts)}:90:X:X:tester:1795862400"
    signatures = "".join(f"{name}:0:*:{text.encode().hex()}\n" for name, text in texts.items()).encode()
    digest = hashlib.sha256(signatures).hexdigest()
    info = f"{head}\ndaily.ndb:{len(signatures)}:{digest}\n".encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in (("COPYING", b"none"), ("daily.info", info), ("daily.ndb", signatures)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return head.encode().ljust(512) + packed.getvalue()
