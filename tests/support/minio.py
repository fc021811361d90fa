"""Real MinIO for tests: built from its source once, kept in the cache of the user, started and stopped by tests."""

import http.client
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

from app.embedded.processes import free_port, start_child, stop_child, wait_until
from tests.support.go import installed

MODULE = "github.com/minio/minio"
VERSION = "v0.0.0-20260212201848-7aac2a2c5b7c"


def minio_binary() -> Path:
    """Give MinIO's program, built at first (some minutes); raise `PartMissing` when it can't be built."""
    return installed(MODULE, VERSION)


class RealMinio:
    """One MinIO server on one directory."""

    def __init__(self, data_dir: Path) -> None:
        self._data = data_dir / "data"
        self._log = data_dir / "minio.log"
        self.access_key, self.secret_key = "tester", secrets.token_urlsafe(24)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """Address of the running server."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it (again, on the same port) and return when it can be written to."""
        self._data.mkdir(parents=True, exist_ok=True)
        keys = {"MINIO_ROOT_USER": self.access_key, "MINIO_ROOT_PASSWORD": self.secret_key, "MINIO_BROWSER": "off"}
        self._process = start_child(
            [minio_binary(), "server", "--quiet", "--address", f"127.0.0.1:{self.port}", self._data],
            env={**os.environ, **keys, "MINIO_UPDATE": "off"},
            log=self._log,
        )
        wait_until(self._ready, within=60, what="MinIO", process=self._process, log=self._log)

    def stop(self) -> None:
        """End it cleanly."""
        if self._process:
            stop_child(self._process, (signal.SIGTERM, 15.0))
            self._process = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process:
            stop_child(self._process)
            self._process = None

    def _ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/minio/health/cluster")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


if __name__ == "__main__":
    sys.stdout.write(f"{minio_binary()}\n")
