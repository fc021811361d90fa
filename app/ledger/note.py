"""Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature), Ed25519 only."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.ledger.merkle import HASH_BYTES

ED25519, COSIGNATURE = 0x01, 0x04
ID_BYTES, TIME_BYTES, PUBLIC_BYTES = 4, 8, 32
MAX_NOTE_BYTES = 64 * 1024
_BEGIN = "— "
_CHECKPOINT_LINES = 3


class NoteError(ValueError):
    """This is not the note, key or proof that it should be; the message says why."""


def check_name(name: str) -> str:
    """Return a key's or log's name if it can be one: no spaces, no plus sign, no control characters."""
    if not name or "+" in name or any(char.isspace() or not char.isprintable() for char in name):
        raise NoteError("a name has no spaces and no plus sign")
    return name


def decoded(text: str) -> bytes:
    """Read standard base64; raise NoteError for anything else."""
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise NoteError("not base64") from None


def encoded(data: bytes) -> str:
    """Write standard base64."""
    return b64encode(data).decode()


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: whose it says it is, the id of the key, and the signature itself."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line as it stands under a note."""
        return f"{_BEGIN}{self.name} {encoded(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name: of a log (ED25519) or of a witness (COSIGNATURE)."""

    name: str
    kind: int
    public: bytes

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read `<name>+<hash>+<base64>`; raise NoteError."""
        parts = text.strip().split("+", 2)
        if len(parts) != 3:  # noqa: PLR2004
            raise NoteError("a verifier key has the form name+hash+base64")
        material = decoded(parts[2])
        if len(material) != 1 + PUBLIC_BYTES or material[0] not in {ED25519, COSIGNATURE}:
            raise NoteError("not an Ed25519 verifier key")
        key = cls(check_name(parts[0]), material[0], material[1:])
        if key.key_id.hex() != parts[1]:
            raise NoteError("the verifier key's hash is not that of its name and key")
        return key

    @property
    def key_id(self) -> bytes:
        """The first four bytes of the hash of name, kind and key."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:ID_BYTES]

    @property
    def text(self) -> str:
        """The verifier key as it is handed out."""
        return f"{self.name}+{self.key_id.hex()}+{encoded(bytes([self.kind]) + self.public)}"

    def made(self, signature: Signature) -> bool:
        """Tell whether a line says that it is by this key."""
        return (signature.name, signature.key_id) == (self.name, self.key_id)

    def signed_at(self, signature: Signature) -> int | None:
        """Give the POSIX time that a witness put into his cosignature; None from a log's key."""
        return int.from_bytes(signature.signature[:TIME_BYTES], "big") if self.kind == COSIGNATURE else None

    def verify(self, text: str, signature: Signature) -> bool:
        """Tell whether the signature is this key's over the note's text."""
        message, made = text.encode(), signature.signature
        if self.kind == COSIGNATURE:
            message = f"cosignature/v1\ntime {self.signed_at(signature)}\n".encode() + message
            made = made[TIME_BYTES:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(made, message)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """A log's private key in memory."""

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.verifier = VerifierKey(check_name(name), ED25519, private.public_key().public_bytes_raw())

    def sign(self, text: str) -> Signature:
        """Sign a note's text."""
        return Signature(self.verifier.name, self.verifier.key_id, self._private.sign(text.encode()))


@dataclass(frozen=True, slots=True)
class Note:
    """A text with signatures; nothing is known of them until `verified` has told."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes) -> "Note":
        """Read a signed note; raise NoteError."""
        if len(data) > MAX_NOTE_BYTES:
            raise NoteError("too long for a note")
        try:
            whole = data.decode()
        except UnicodeDecodeError:
            raise NoteError("a note is UTF-8") from None
        text, gap, lines = whole.rpartition("\n\n")
        if not gap or not lines.endswith("\n") or any(char < " " and char != "\n" for char in whole):
            raise NoteError("a note is a text, an empty line and signature lines")
        return cls(text + "\n", tuple(parse_signature(line) for line in lines[:-1].split("\n")))

    def signed(self, *more: Signature) -> "Note":
        """Give the note with more signatures."""
        return Note(self.text, (*self.signatures, *more))

    def encode(self) -> bytes:
        """Write the note."""
        return (self.text + "\n" + "".join(signature.line for signature in self.signatures)).encode()

    def verified(self, keys: Sequence[VerifierKey]) -> list[VerifierKey]:
        """Give the keys whose signatures stand under the note and hold.

        Raises NoteError when a signature by one of the keys is wrong: then nothing of the note can be trusted.
        """
        found = []
        for signature in self.signatures:
            for key in keys:
                if key.made(signature):
                    if not key.verify(self.text, signature):
                        raise NoteError(f"the signature of {key.name} is wrong")
                    found.append(key)
        return found


def parse_signature(line: str) -> Signature:
    """Read one signature line, without its end; raise NoteError."""
    name, gap, material = line.removeprefix(_BEGIN).partition(" ")
    found = decoded(material)
    if not line.startswith(_BEGIN) or not gap or len(found) <= ID_BYTES:
        raise NoteError("a signature line is a dash, a name and base64")
    return Signature(check_name(name), found[:ID_BYTES], found[ID_BYTES:])


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree's size and root, under the name of its log."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{encoded(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read a note's text; raise NoteError. Lines that other logs add are let pass."""
        lines = text.split("\n")
        if len(lines) <= _CHECKPOINT_LINES or not lines[0] or not (lines[1].isascii() and lines[1].isdigit()):
            raise NoteError("a checkpoint is origin, size and root")
        root = decoded(lines[2])
        if len(root) != HASH_BYTES or lines[1] != str(int(lines[1])):
            raise NoteError("a checkpoint is origin, size and root")
        return cls(lines[0], int(lines[1]), root)


def open_checkpoint(data: bytes, keys: Sequence[VerifierKey]) -> tuple[Checkpoint, Note]:
    """Read a checkpoint that one of a log's keys has signed; raise NoteError for any other."""
    note = Note.parse(data)
    signers = note.verified(keys)
    checkpoint = Checkpoint.parse(note.text)
    if not any(key.kind == ED25519 and key.name == checkpoint.origin for key in signers):
        raise NoteError("the checkpoint is not signed by the key of its log")
    return checkpoint, note
