"""A real C2SP witness for tests: litewitness, built from its source once, with a key and a database of its own."""

import base64
import hashlib
import os
import shutil
import signal
import socketserver
import sqlite3
import struct
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.embedded.processes import free_port, start_child, stop_child, wait_until
from tests.support.go import installed
from tests.support.tiny_log import verifier_key

PACKAGE = "filippo.io/torchwood/cmd/litewitness"
VERSION = "v0.6.1"
NAME = "witness.example/w1"
_FAILURE, _IDENTITIES_ASKED, _IDENTITIES, _SIGNATURE_ASKED, _SIGNATURE = 5, 11, 12, 13, 14


def witness_program() -> Path:
    """Give litewitness, built at first (a minute); raise `PartMissing` when it can't be built."""
    return installed(PACKAGE, VERSION)


@contextmanager
def real_witness(place: Path, *, origin: str, vkey: str) -> Iterator["RealWitness"]:
    """Run a witness in the directory `place` that knows one log, by its origin and verifier key."""
    witness = RealWitness(place)
    try:
        witness.start()
        witness.add_log(origin, vkey)
        yield witness
    finally:
        witness.close()


class RealWitness:
    """One witness; it keeps its port, its key and what it has seen over stop and start."""

    def __init__(self, place: Path, name: str = NAME) -> None:
        self._name = name
        self._key = Ed25519PrivateKey.generate()
        self._database, self._log = place / "witness.db", place / "witness.log"
        # The name of a socket is at most 107 bytes long; the directories of tests can be longer.
        self._place = tempfile.mkdtemp(prefix="agent-")
        self._socket = Path(self._place) / "socket"
        self._agent = _Agent(str(self._socket), self._key)
        threading.Thread(target=self._agent.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its submission prefix: checkpoints are sent to `<url>/add-checkpoint`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def vkey(self) -> str:
        """Its verifier key, of the type of cosignatures (0x04)."""
        return verifier_key(self._name, b"\x04" + self._key.public_key().public_bytes_raw())

    def start(self) -> None:
        """Start it (again, on the same port) and return when it answers."""
        self._process = start_child(
            [
                witness_program(), "-name", self._name, "-db", self._database, "-ssh-agent", self._socket,
                "-listen", f"127.0.0.1:{self.port}", "-key", self._agent.fingerprint,
            ],
            env=dict(os.environ),
            log=self._log,
        )  # fmt: skip
        wait_until(self._ready, within=60, what="litewitness", process=self._process, log=self._log)

    def stop(self) -> None:
        """End it cleanly."""
        if self._process:
            stop_child(self._process, (signal.SIGINT, 15.0))
            self._process = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process:
            stop_child(self._process)
            self._process = None

    def close(self) -> None:
        """End it and the holder of its key."""
        self.kill()
        self._agent.shutdown()
        self._agent.server_close()
        shutil.rmtree(self._place, ignore_errors=True)

    def add_log(self, origin: str, vkey: str) -> None:
        """Let it know a log, of which it has seen nothing, or one more key of a log that it knows.

        These are the statements of witnessctl's add-log and add-key, which can't be built without Sigsum's modules.
        """
        empty = base64.b64encode(hashlib.sha256().digest()).decode()
        with closing(sqlite3.connect(self._database, timeout=30)) as database, database:
            database.execute(
                "INSERT OR IGNORE INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)", (origin, empty)
            )
            database.execute("INSERT INTO key (origin, key) VALUES (?, ?)", (origin, vkey))

    def seen(self, origin: str) -> int:
        """Tell the size of the log's last checkpoint that it has cosigned."""
        with closing(sqlite3.connect(self._database, timeout=30)) as database:
            return int(database.execute("SELECT tree_size FROM log WHERE origin = ?", (origin,)).fetchone()[0])

    def _ready(self) -> bool:
        try:
            httpx.get(self.url, timeout=2, trust_env=False)
        except httpx.TransportError:
            return False
        return True


class _Agent(socketserver.ThreadingUnixStreamServer):
    """An ssh-agent with one key, for litewitness has its key of one only (draft-ietf-sshm-ssh-agent)."""

    daemon_threads = True

    def __init__(self, path: str, key: Ed25519PrivateKey) -> None:
        super().__init__(path, _Asked)
        self.key = key
        self.public = _packed(b"ssh-ed25519") + _packed(key.public_key().public_bytes_raw())

    @property
    def fingerprint(self) -> str:
        """The key's fingerprint as ssh-keygen shows it."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.public).digest()).decode().rstrip("=")

    def answer(self, asked: bytes) -> bytes:
        """Answer one message."""
        if asked[0] == _IDENTITIES_ASKED:
            return bytes([_IDENTITIES]) + struct.pack(">I", 1) + _packed(self.public) + _packed(b"witness")
        if asked[0] == _SIGNATURE_ASKED:
            public, rest = _unpacked(asked[1:])
            if public == self.public:
                signature = self.key.sign(_unpacked(rest)[0])
                return bytes([_SIGNATURE]) + _packed(_packed(b"ssh-ed25519") + _packed(signature))
        return bytes([_FAILURE])


class _Asked(socketserver.StreamRequestHandler):
    server: _Agent

    def handle(self) -> None:
        while size := self.rfile.read(4):
            self.wfile.write(_packed(self.server.answer(self.rfile.read(struct.unpack(">I", size)[0]))))


def _packed(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _unpacked(data: bytes) -> tuple[bytes, bytes]:
    end = 4 + struct.unpack(">I", data[:4])[0]
    return data[4:end], data[end:]
