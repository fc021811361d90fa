"""A real witness as our log will meet it: what it cosigns, what it refuses, what it remembers."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.exceptions import InvalidSignature

from tests.support.go import at_hand
from tests.support.proofcheck import check_proof, proofcheck_program
from tests.support.tiny_log import TinyLog, b64, cosigned_at
from tests.support.witness import RealWitness, real_witness, witness_program

# Programs in Go are built by who asks first, beside everything else that a fresh machine is busy with.
pytestmark = pytest.mark.timeout(900)
ORIGIN = "log.firm.example/ledger"


@pytest.fixture
def log() -> TinyLog:
    return TinyLog(ORIGIN, [f'{{"id":{number}}}'.encode() for number in range(300)])


@pytest.fixture
def witness(log: TinyLog, tmp_path: Path) -> Iterator[RealWitness]:
    at_hand(witness_program)
    with real_witness(tmp_path, origin=ORIGIN, vkey=log.vkey) as running:
        yield running


def push(witness: RealWitness, older: int, hashes: list[bytes], checkpoint: str) -> httpx.Response:
    """Send a checkpoint as https://c2sp.org/tlog-witness says."""
    body = "".join(f"{line}\n" for line in (f"old {older}", *map(b64, hashes), "")) + checkpoint
    return httpx.post(f"{witness.url}/add-checkpoint", content=body.encode(), timeout=30, trust_env=False)


def cosigned(witness: RealWitness, log: TinyLog, older: int, newer: int) -> str:
    """Push a right checkpoint and give the verified line of the witness."""
    checkpoint = log.checkpoint(newer)
    before = int(time.time())
    answer = push(witness, older, log.consistency(older, newer), checkpoint)
    assert answer.status_code == 200, answer.text
    assert before <= cosigned_at(checkpoint, answer.text, witness.vkey) <= time.time()
    assert witness.seen(ORIGIN) == newer
    return answer.text


def test_it_cosigns_a_log_that_grows(witness: RealWitness, log: TinyLog) -> None:
    older = 0
    for newer in (1, 5, 5, 256, 300):
        line = cosigned(witness, log, older, newer)
        assert line.startswith("— witness.example/w1 ")
        assert line.count("\n") == 1
        older = newer
    with pytest.raises(InvalidSignature):
        cosigned_at(log.checkpoint(299), line, witness.vkey)


def test_what_it_refuses_changes_nothing(witness: RealWitness, log: TinyLog) -> None:
    cosigned(witness, log, 0, 200)
    fork = TinyLog(ORIGIN, [*log.leaves[:100], b"altered", *log.leaves[101:]])
    fork.key = log.key
    stranger = TinyLog(ORIGIN, log.leaves)
    unknown = TinyLog("unknown.example/log", log.leaves)
    right = log.consistency(200, 300)

    behind = push(witness, 100, log.consistency(100, 300), log.checkpoint(300))
    assert (behind.status_code, behind.text, behind.headers["content-type"]) == (409, "200\n", "text/x.tlog.size")
    refused = {
        "a proof of another history": push(witness, 200, fork.consistency(200, 300), fork.checkpoint(300)),
        "no proof": push(witness, 200, [], log.checkpoint(300)),
        "a proof too short": push(witness, 200, right[:-1], log.checkpoint(300)),
        "another tree of the same size": push(witness, 200, [], fork.checkpoint(200)),
        "another key": push(witness, 200, right, stranger.checkpoint(300)),
        "another log": push(witness, 0, [], unknown.checkpoint(300)),
        "a smaller tree": push(witness, 200, [], log.checkpoint(100)),
    }
    statuses = {why: answer.status_code for why, answer in refused.items()}
    # The text of the day says 409 for the same size and 404 for an unknown log; this witness is older than that.
    assert statuses == {
        "a proof of another history": 422, "no proof": 422, "a proof too short": 422,
        "another tree of the same size": 422, "another key": 403, "another log": 403, "a smaller tree": 400,
    }  # fmt: skip
    assert not any("—" in answer.text for answer in refused.values())
    assert witness.seen(ORIGIN) == 200
    cosigned(witness, log, 200, 300)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_it_remembers_over_its_end(witness: RealWitness, log: TinyLog, end: str) -> None:
    cosigned(witness, log, 0, 100)
    getattr(witness, end)()
    with pytest.raises(httpx.ConnectError):
        push(witness, 100, [], log.checkpoint(100))
    witness.start()
    assert push(witness, 0, [], log.checkpoint(300)).text == "100\n"
    cosigned(witness, log, 100, 300)


def test_a_second_key_of_the_log_is_taken_once_it_is_known(witness: RealWitness, log: TinyLog) -> None:
    rotated = TinyLog(ORIGIN, log.leaves)
    cosigned(witness, log, 0, 100)
    assert push(witness, 100, log.consistency(100, 200), rotated.checkpoint(200)).status_code == 403
    witness.add_log(ORIGIN, rotated.vkey)
    cosigned(witness, rotated, 100, 200)


def test_a_cosigned_checkpoint_goes_into_a_proof(witness: RealWitness, log: TinyLog, tmp_path: Path) -> None:
    at_hand(proofcheck_program)
    line = cosigned(witness, log, 0, 300)
    proof, leaf = tmp_path / "proof", tmp_path / "leaf"
    proof.write_text(log.proof(70, 300) + line)
    leaf.write_bytes(log.leaves[70])
    assert check_proof(log.vkey, proof, leaf).returncode == 0
