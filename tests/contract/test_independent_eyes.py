"""The independent checkers see what is right and what is wrong, shown on a log that is written by hand.

What they say of the product's log counts only as far as they can say no.
"""

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.go import at_hand
from tests.support.proofcheck import check_consistency, check_proof, proofcheck_program
from tests.support.tessera import fsck, fsck_program
from tests.support.tiny_log import TinyLog, b64

# Programs in Go are built by who asks first, beside everything else that a fresh machine is busy with.
pytestmark = pytest.mark.timeout(900)
ORIGIN = "log.firm.example/ledger"
BEARER = "a-token-of-an-auditor"
SIZES = (1, 2, 3, 7, 8, 255, 256, 257, 300)


@pytest.fixture(scope="module")
def log() -> TinyLog:
    return TinyLog(ORIGIN, [f'{{"id":{number}}}'.encode() * (1 + number % 9) for number in range(300)])


@pytest.fixture(scope="module")
def stranger() -> TinyLog:
    """A log of the same name with another key."""
    return TinyLog(ORIGIN, [b"other"])


@pytest.fixture(scope="module", autouse=True)
def _programs() -> None:
    at_hand(proofcheck_program)
    at_hand(fsck_program)


class _Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.headers.get("Authorization") != f"Bearer {BEARER}":
            self.send_error(401)
            return
        super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(place: Path) -> Iterator[str]:
    """Serve a directory to those who have the token."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, directory=place)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("size", [1, 255, 256, 300])
def test_fsck_passes_a_right_log(log: TinyLog, tmp_path: Path, size: int) -> None:
    small = TinyLog(ORIGIN, log.leaves[:size])
    small.write(tmp_path)
    with served(tmp_path) as url:
        done = fsck(url, small.vkey, BEARER)
    assert (done.returncode, f"log with size {size} " in done.stderr) == (0, True), done.stderr


def test_fsck_takes_the_origin_when_the_key_has_another_name(log: TinyLog, tmp_path: Path) -> None:
    log.write(tmp_path)
    other = TinyLog("another.name", [])
    other.key = log.key
    checkpoint = log.checkpoint(300)
    text = checkpoint.partition("\n\n")[0] + "\n"
    number = bytes.fromhex(other.vkey.split("+")[1])
    (tmp_path / "checkpoint").write_text(f"{text}\n— another.name {b64(number + log.key.sign(text.encode()))}\n")
    with served(tmp_path) as url:
        assert fsck(url, other.vkey, BEARER).returncode == 1
        assert fsck(url, other.vkey, BEARER, origin=ORIGIN).returncode == 0


@pytest.mark.parametrize(
    ("name", "at", "says"),
    [
        ("tile/entries/000", 7, ": log has"),  # two tiles differ; which is named first is chance
        ("tile/entries/001.p/44", 20, "tile/0/001.p/44"),
        ("tile/0/000", 100, "tile/0/000: log has"),
        ("tile/0/001.p/44", 44 * 32 - 1, "tile/0/001.p/44: log has"),
        ("tile/1/000.p/1", 0, "tile/1/000.p/1: log has"),
        ("checkpoint", len(ORIGIN) + 1, "checkpoint"),
    ],
)
def test_fsck_sees_one_flipped_bit(log: TinyLog, tmp_path: Path, name: str, at: int, says: str) -> None:
    log.write(tmp_path)
    flip(tmp_path / name, at)
    with served(tmp_path) as url:
        done = fsck(url, log.vkey, BEARER)
    assert (done.returncode, "fsck failed" in done.stderr, says in done.stderr) == (1, True, True), done.stderr


def test_fsck_sees_a_missing_file_another_key_and_a_closed_door(
    log: TinyLog, stranger: TinyLog, tmp_path: Path
) -> None:
    log.write(tmp_path)
    with served(tmp_path) as url:
        assert fsck(url, stranger.vkey, BEARER).returncode == 1
        assert "401" in fsck(url, log.vkey).stderr
        (tmp_path / "tile/0/001.p/44").unlink()
        assert fsck(url, log.vkey, BEARER).returncode == 1


@pytest.mark.parametrize("size", SIZES)
def test_proofcheck_takes_right_proofs(log: TinyLog, tmp_path: Path, size: int) -> None:
    proof, leaf = tmp_path / "proof", tmp_path / "leaf"
    for index in sorted({0, size // 2, size - 1}):
        proof.write_text(log.proof(index, size, extra=b"the event" if index else None))
        leaf.write_bytes(log.leaves[index])
        done = check_proof(log.vkey, proof, leaf)
        assert (done.returncode, done.stdout) == (0, f"leaf {index} of {size}\n"), done.stderr


def changed(log: TinyLog) -> dict[str, str]:
    """Give proofs for leaf 70 of 300, each wrong in one thing."""
    right = log.proof(70, 300)
    head, _, checkpoint = right.partition("\n\n")
    lines = head.split("\n")
    root = b64(log.root(300))
    return {
        "version": right.replace("@v1", "@v2"),
        "index": right.replace("index 70", "index 71"),
        "index beyond the tree": right.replace("index 70", "index 300"),
        "leading zero": right.replace("index 70", "index 070"),
        "no index": right.replace("index 70\n", ""),
        "one hash less": "\n".join(lines[:-1]) + "\n\n" + checkpoint,
        "one hash more": f"{head}\n{lines[-1]}\n\n{checkpoint}",
        "hashes swapped": "\n".join([*lines[:2], lines[3], lines[2], *lines[4:]]) + "\n\n" + checkpoint,
        "hash not base64": right.replace(lines[2], lines[2][:-1] + "!"),
        "extra not base64": right.replace("index", "extra ???\nindex"),
        "extra after index": right.replace("index 70\n", "index 70\nextra AAAA\n"),
        "no empty line": f"{head}\n{checkpoint}",
        "size": right.replace("\n300\n", "\n301\n"),
        "root": right.replace(root, b64(log.root(299))),
        "no signature": right.rpartition("\n\n")[0] + "\n\n",
        "checkpoint of another size": f"{head}\n\n{log.checkpoint(290)}",
        "nothing": "",
    }


@pytest.mark.parametrize("wrong", changed(TinyLog(ORIGIN, [b"x%d" % n for n in range(300)])))
def test_proofcheck_refuses_wrong_proofs(log: TinyLog, tmp_path: Path, wrong: str) -> None:
    proof, leaf = tmp_path / "proof", tmp_path / "leaf"
    leaf.write_bytes(log.leaves[70])
    proof.write_text(log.proof(70, 300))
    assert check_proof(log.vkey, proof, leaf).returncode == 0
    proof.write_text(changed(log)[wrong])
    assert proof.read_text() != log.proof(70, 300)
    done = check_proof(log.vkey, proof, leaf)
    assert (done.returncode, done.stdout, bool(done.stderr)) == (1, "", True)


def test_proofcheck_refuses_another_leaf_and_another_key(log: TinyLog, stranger: TinyLog, tmp_path: Path) -> None:
    proof, leaf = tmp_path / "proof", tmp_path / "leaf"
    proof.write_text(log.proof(70, 300))
    leaf.write_bytes(log.leaves[70])
    assert check_proof(stranger.vkey, proof, leaf).returncode == 1
    leaf.write_bytes(log.leaves[70] + b" ")
    assert check_proof(log.vkey, proof, leaf).returncode == 1


def consistency(log: TinyLog, place: Path, older: str, newer: str, hashes: list[bytes]) -> int:
    for name, text in (("older", older), ("newer", newer), ("hashes", "".join(f"{b64(part)}\n" for part in hashes))):
        (place / name).write_text(text)
    return check_consistency(log.vkey, place / "older", place / "newer", place / "hashes").returncode


@pytest.mark.parametrize("newer", SIZES)
def test_proofcheck_takes_consistent_trees(log: TinyLog, tmp_path: Path, newer: int) -> None:
    for older in (size for size in SIZES if size <= newer):
        hashes = log.consistency(older, newer)
        assert consistency(log, tmp_path, log.checkpoint(older), log.checkpoint(newer), hashes) == 0


def test_proofcheck_refuses_another_history(log: TinyLog, stranger: TinyLog, tmp_path: Path) -> None:
    fork = TinyLog(ORIGIN, [*log.leaves[:100], b"altered", *log.leaves[101:]])
    fork.key = log.key
    older, newer, right = log.checkpoint(200), log.checkpoint(300), log.consistency(200, 300)
    assert consistency(log, tmp_path, older, newer, right) == 0
    assert consistency(log, tmp_path, older, fork.checkpoint(300), fork.consistency(200, 300)) == 1
    assert consistency(log, tmp_path, older, fork.checkpoint(300), right) == 1
    assert consistency(log, tmp_path, older, fork.checkpoint(200), []) == 1
    assert consistency(log, tmp_path, older, newer, right[:-1]) == 1
    assert consistency(log, tmp_path, older, newer, [*right, right[-1]]) == 1
    assert consistency(log, tmp_path, newer, older, right) == 1
    assert consistency(log, tmp_path, stranger.checkpoint(1), newer, log.consistency(1, 300)) == 1
