"""Proofs that anyone can check without asking us: C2SP tlog-proof, one event in one text."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.ledger.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from app.ledger.note import Checkpoint, NoteError, VerifierKey, decoded, encoded, open_checkpoint

HEADER = "c2sp.org/tlog-proof@v1"
_LONGEST_PATH = 63


@dataclass(frozen=True, slots=True)
class Proof:
    """That a leaf stands at `index` in the tree of a checkpoint (its bytes, signed); `extra` proves nothing."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def encode(self) -> bytes:
        """Write the proof."""
        lines = [HEADER, f"index {self.index}", *map(encoded, self.path), "", ""]
        if self.extra is not None:
            lines.insert(1, f"extra {encoded(self.extra)}")
        return "\n".join(lines).encode() + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> "Proof":
        """Read a proof; raise NoteError."""
        head, gap, checkpoint = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise NoteError("not a proof") from None
        if not gap or lines.pop(0) != HEADER or not lines:
            raise NoteError(f"a proof begins with {HEADER}")
        extra = decoded(lines.pop(0).removeprefix("extra ")) if lines[0].startswith("extra ") else None
        word, _, index = (lines.pop(0) if lines else "").partition(" ")
        if word != "index" or not index.isdigit() or index != str(int(index)):
            raise NoteError("a proof names the index of its entry")
        path = tuple(map(decoded, lines))
        if len(path) > _LONGEST_PATH or any(len(hash_) != HASH_BYTES for hash_ in path):
            raise NoteError("the path of a proof is hashes")
        return cls(int(index), path, checkpoint, extra)

    def check(self, leaf: bytes, keys: Sequence[VerifierKey]) -> Checkpoint:
        """Give the checkpoint under which the leaf stands; raise NoteError when it isn't proven."""
        checkpoint, _ = open_checkpoint(self.checkpoint, keys)
        if not verify_inclusion(leaf_hash(leaf), self.index, checkpoint.size, self.path, checkpoint.root):
            raise NoteError("the leaf does not stand there in the tree of the checkpoint")
        return checkpoint
