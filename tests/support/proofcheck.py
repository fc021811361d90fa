"""The checker of tlog-proofs in Go: golang.org/x/mod's own notes and trees, nothing of this repository's."""

import hashlib
import subprocess
from pathlib import Path

from tests.support.go import built

SOURCES = Path(__file__).with_name("proofcheck")


def proofcheck_program() -> Path:
    """Give the checker, built when its sources are new; raise `PartMissing` when it can't be built."""
    mark = hashlib.sha256()
    for name in ("go.mod", "go.sum", "main.go"):
        mark.update(hashlib.sha256((SOURCES / name).read_bytes()).digest())
    return built(SOURCES, mark.hexdigest()[:16])


def check_proof(vkey: str, proof: Path, leaf: Path) -> subprocess.CompletedProcess[str]:
    """Check a tlog-proof@v1 file for the bytes of a leaf: status 0 when it holds, 1 with the reason on stderr."""
    return _run(vkey, proof, leaf)


def check_consistency(vkey: str, older: Path, newer: Path, hashes: Path) -> subprocess.CompletedProcess[str]:
    """Check that the tree of one checkpoint begins with that of the other; `hashes` is one base64 a line."""
    return _run("-consistency", vkey, older, newer, hashes)


def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [proofcheck_program(), *arguments], check=False, capture_output=True, text=True, timeout=60
    )  # fmt: skip
