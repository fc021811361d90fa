"""Tessera's fsck for tests: it reads a whole tlog-tiles log and rebuilds every tile and the root from the entries."""

import subprocess
import tempfile
from pathlib import Path

from tests.support.go import installed

PACKAGE = "github.com/transparency-dev/tessera/cmd/fsck"
VERSION = "v1.0.4"
# A wrong tile ends one of fsck's workers, and without any left it would wait for ever.
_WORKERS = 32


def fsck_program() -> Path:
    """Give fsck, built at first (a minute); raise `PartMissing` when it can't be built."""
    return installed(PACKAGE, VERSION)


def fsck(
    storage_url: str, public_key: str, bearer: str | None = None, *, origin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Check the log served at `storage_url`: status 0 when all holds, else 1 with the reasons on stderr.

    `public_key` is the verifier key string, `origin` the checkpoint's first line (default: the key's name).
    """
    with tempfile.TemporaryDirectory(prefix="anjuan-fsck-") as place:
        key = Path(place) / "key"
        key.write_text(public_key.strip())
        command: list[str | Path] = [
            fsck_program(), f"--storage_url={storage_url}", f"--public_key={key}", f"--N={_WORKERS}", "--ui=false",
            *([f"--bearer_token={bearer}"] if bearer else []), *([f"--origin={origin}"] if origin else []),
        ]  # fmt: skip
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    # It ends with 0 also when it found faults, so what it says counts.
    holds = done.returncode == 0 and "Successfully fsck'd log" in done.stderr and "fsck failed" not in done.stderr
    done.returncode = 0 if holds else done.returncode or 1
    return done
