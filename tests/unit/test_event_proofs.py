"""What the proof of an event carries, and that nothing else than what was sealed passes for it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.core.ids import new_id
from app.ledger.event_proofs import Extra, check
from app.ledger.leaf import COMMITTED, details_digest, leaf_bytes
from app.ledger.merkle import leaf_hash, node_hash
from app.ledger.note import Checkpoint, Note, NoteError, SigningKey
from app.ledger.proofs import Proof

SIGNER = SigningKey("firm.example/ledger", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
SALT = bytes(range(16))
EVENT: dict[str, Any] = {
    **dict.fromkeys(COMMITTED), "id": new_id(), "recorded_at": datetime(2026, 11, 28, tzinfo=UTC), "type": "entry.viewed",
    "outcome": "success", "actor_id": new_id(), "subject_type": "entry", "subject_id": new_id(), "dossier_id": new_id(),
    "actor_name": "王丽", "actor_roles": ["lawyer"], "via_id": new_id(), "method": "GET", "route": "/", "request_id": "r",
    "details": {"huge": 2**60, "fraction": 1.5, "𠀀": {"b": [1], "a": None}},
}  # fmt: skip
LEAF = leaf_bytes(EVENT, details_digest(EVENT, SALT))


def proof(extra: bytes | None, leaf: bytes = LEAF) -> Proof:
    """Give the proof of a leaf that is the second of two."""
    other = leaf_hash(b"x")
    text = Checkpoint("firm.example/ledger", 2, node_hash(other, leaf_hash(leaf))).text
    return Proof(1, (other,), Note(text, (SIGNER.sign(text),)).encode(), extra)


def test_a_whole_proof_tells_all_of_the_event() -> None:
    sent = proof(Extra.make(LEAF, EVENT, SALT, whole=True).encode()).encode()
    proven = check(Proof.parse(sent), [SIGNER.verifier])
    assert (proven.index, proven.checkpoint.size, proven.leaf["id"]) == (1, 2, str(EVENT["id"]))
    assert proven.rest is not None
    assert proven.rest.keys() == set(COMMITTED)
    assert (proven.rest["actor_name"], proven.rest["details"]["huge"]) == ("王丽", str(2**60))
    assert check(Proof.parse(sent), [SIGNER.verifier], LEAF) == proven


@pytest.mark.parametrize(
    ("event", "salt", "whole"),
    [(EVENT, SALT, False), (EVENT, bytes(16), True), ({**EVENT, "actor_name": "某人"}, SALT, True)],
)
def test_what_is_kept_back_or_erased_is_not_in_it(event: dict[str, Any], salt: bytes, whole: bool) -> None:
    made = Extra.make(LEAF, event, salt, whole=whole)
    assert json.loads(made.encode()) == {"leaf": LEAF.decode()}
    assert check(proof(made.encode()), [SIGNER.verifier]).rest is None


def test_a_leaf_may_come_apart() -> None:
    assert check(proof(None), [SIGNER.verifier], LEAF).leaf["id"] == str(EVENT["id"])
    with pytest.raises(NoteError, match="no leaf"):
        check(proof(None), [SIGNER.verifier])
    with pytest.raises(NoteError, match="another leaf"):
        check(proof(Extra(LEAF).encode()), [SIGNER.verifier], LEAF + b" ")
    with pytest.raises(NoteError, match="not that of an event"):
        check(proof(None, b"x"), [SIGNER.verifier], b"x")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda told: told["rest"].update(actor_name="某人"), "do not lead"),
        (lambda told: told["rest"].update(more=1), "do not lead"),
        (lambda told: told["rest"].pop("ip"), "do not lead"),
        (lambda told: told.update(salt="00" * 16), "do not lead"),
        (lambda told: told.update(leaf=told["leaf"].replace("success", "denied")), "does not stand there"),
        (lambda told: told.update(salt="00"), "can be none"),
        (lambda told: told.update(rest=[]), "can be none"),
        (lambda told: told.update(salt="x"), "carries no leaf"),
        (lambda told: told.pop("rest"), "carries no leaf"),
        (lambda told: told.pop("leaf"), "carries no leaf"),
    ],
)
def test_altered_ones_do_not_hold(change: Callable[[dict[str, Any]], object], why: str) -> None:
    told = json.loads(Extra.make(LEAF, EVENT, SALT, whole=True).encode())
    change(told)
    with pytest.raises(NoteError, match=why):
        check(proof(json.dumps(told).encode()), [SIGNER.verifier])
