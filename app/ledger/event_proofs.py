"""What the proof of an event carries beside the path: its leaf, and for who reads the event whole what that commits to.

A proof is checked alone, without the service and without its database. Source: `docs/ledger.md`, section Proofs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.ledger.canonical import canonical
from app.ledger.leaf import SALT_BYTES, details_digest, rest_of
from app.ledger.note import Checkpoint, NoteError, VerifierKey
from app.ledger.proofs import Proof


@dataclass(frozen=True, slots=True)
class Extra:
    """The bytes of a leaf; `salt` and `rest`, both or neither, lead to the digest in it."""

    leaf: bytes
    salt: bytes | None = None
    rest: Mapping[str, Any] | None = None

    @classmethod
    def make(cls, leaf: bytes, event: Mapping[str, Any], salt: bytes, *, whole: bool) -> "Extra":
        """Give what is told of an event: with `whole` the rest too, unless that was erased from the database since."""
        if whole and details_digest(event, salt) == leaf_of(leaf)["details_digest"]:
            return cls(leaf, salt, rest_of(event))
        return cls(leaf)

    def encode(self) -> bytes:
        """Write it as canonical JSON."""
        told: dict[str, Any] = {"leaf": self.leaf.decode()}
        if self.salt is not None:
            told |= {"salt": self.salt.hex(), "rest": self.rest}
        return canonical(told)

    @classmethod
    def parse(cls, data: bytes) -> "Extra":
        """Read it; raise NoteError."""
        try:
            told = orjson.loads(data)
            salt = bytes.fromhex(told["salt"]) if "salt" in told else None
            extra = cls(told["leaf"].encode(), salt, told["rest"] if "salt" in told else None)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise NoteError("the proof carries no leaf of an event") from None
        if salt is not None and (len(salt) != SALT_BYTES or not isinstance(extra.rest, dict)):
            raise NoteError("the proof's salt and rest can be none")
        return extra


@dataclass(frozen=True, slots=True)
class ProvenEvent:
    """An event that stands in the ledger: its leaf, taken apart, and the rest when the proof has it."""

    checkpoint: Checkpoint
    index: int
    leaf: Mapping[str, Any]
    rest: Mapping[str, Any] | None


def check(proof: Proof, keys: Sequence[VerifierKey], leaf: bytes | None = None) -> ProvenEvent:
    """Check an event's proof, with its own leaf or the one given; raise NoteError for one that does not hold."""
    extra = Extra(leaf) if proof.extra is None and leaf is not None else Extra.parse(proof.extra or b"")
    if leaf not in {None, extra.leaf}:
        raise NoteError("the proof carries another leaf")
    checkpoint = proof.check(extra.leaf, keys)
    told = leaf_of(extra.leaf)
    if extra.salt is not None and extra.rest is not None:
        _match(told, extra.rest, extra.salt)
    return ProvenEvent(checkpoint, proof.index, told, extra.rest)


def _match(told: Mapping[str, Any], rest: Mapping[str, Any], salt: bytes) -> None:
    try:
        exact = rest == rest_of(rest) and details_digest(rest, salt) == told["details_digest"]
    except KeyError:
        exact = False
    if not exact:
        raise NoteError("salt and rest do not lead to the digest in the leaf")


def leaf_of(leaf: bytes) -> dict[str, Any]:
    """Take a leaf apart; raise NoteError for what is none of an event."""
    try:
        told = orjson.loads(leaf)
    except ValueError:
        told = None
    if not isinstance(told, dict) or not {"id", "details_digest"} <= told.keys():
        raise NoteError("the leaf is not that of an event")
    return told
