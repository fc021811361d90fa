"""The service as processes of their own: uvicorn on a free port, with the settings of a test."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from app.config import Settings, StorageSettings
from app.embedded.processes import free_port


def environment(settings: Settings) -> dict[str, str]:
    """Give the environment from which a process reads these settings."""
    database, storage = settings.database, settings.storage
    assert database.database_url is not None
    assert storage.s3_access_key is not None
    assert storage.s3_secret_key is not None
    given = {
        "ANJUAN_DATA_DIR": str(settings.run.data_dir),
        "ANJUAN_DATABASE_URL": database.database_url.get_secret_value(),
        "ANJUAN_S3_ENDPOINT": storage.s3_endpoint or "",
        "ANJUAN_S3_ACCESS_KEY": storage.s3_access_key.get_secret_value(),
        "ANJUAN_S3_SECRET_KEY": storage.s3_secret_key.get_secret_value(),
        "ANJUAN_S3_BUCKET_PREFIX": storage.s3_bucket_prefix,
        "ANJUAN_LOG_LEVEL": "warning",
    }
    return {**{name: value for name, value in os.environ.items() if not name.startswith("ANJUAN_")}, **given}


def with_buckets(settings: Settings, prefix: str) -> Settings:
    """Give the settings with buckets of their own, named after `prefix`."""
    fields = settings.storage.model_dump() | {"s3_bucket_prefix": prefix}
    return Settings(
        run=settings.run, database=settings.database, storage=StorageSettings(**fields), auth=settings.auth,
        http=settings.http,
    )  # fmt: skip


class Served:
    """A running API.

    Parameters: `log` is the file that gets what it prints.
    """

    def __init__(self, settings: Settings, log: Path, **more: str) -> None:
        self._settings, self._log, self._more = settings, log, more
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it is ready."""
        command = [sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory", "--port", str(self.port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--no-access-log"],
                env={**environment(self._settings), **self._more},
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                if httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.1)
        self.stop(signal.SIGKILL)
        raise RuntimeError(f"the API did not get ready: {self._log.read_text()[-2000:]}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it and wait for its end."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None


class Worker:
    """A running worker.

    Parameters: `log` is the file that gets what it prints; `more` goes into its environment.
    """

    def __init__(self, settings: Settings, log: Path, **more: str) -> None:
        self._settings, self._log, self._more = settings, log, more
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it; what it does is seen in the stores."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app.jobs.worker"], env={**environment(self._settings), **self._more},
                stdout=log, stderr=log,
            )  # fmt: skip

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it, also when it is halted, and wait for its end."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.send_signal(signal.SIGCONT)
            self._process.wait(60)
            self._process = None
