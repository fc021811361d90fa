"""`anjuan check-proof`: checks proofs of events as the API gave them, offline, with the ledger's key alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import orjson
import typer

from app.cli_settings import complain
from app.ledger.event_proofs import ProvenEvent, check
from app.ledger.note import NoteError, VerifierKey
from app.ledger.proofs import Proof

DOES_NOT_HOLD, NOT_DONE = 1, 2


@dataclass(frozen=True, slots=True)
class _Found:
    """A proof of a file, and how it is named in what is said of it."""

    name: str
    event_id: str | None
    proof: bytes


def check_proof(
    file: Annotated[
        Path, typer.Argument(help="A proof, or the proofs of a dossier (NDJSON)", exists=True, dir_okay=False)
    ],
    key: Annotated[
        Path,
        typer.Option(help="Verifier keys as `/v1/ledger/key` gave them, one a line", exists=True, dir_okay=False),
    ],
    leaf: Annotated[
        Path | None,
        typer.Option(help="The leaf's bytes, for a proof that carries none", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """Check proofs of events without the service; 0 all hold, 1 one does not, 2 not done."""
    try:
        keys = [VerifierKey.parse(line) for line in key.read_text(encoding="utf-8").splitlines() if line.strip()]
        given = leaf.read_bytes() if leaf else None
    except (OSError, ValueError) as error:
        complain(f"{key}: {error}")
        raise typer.Exit(NOT_DONE) from None
    held = failed = 0
    last: ProvenEvent | None = None
    for found in _proofs(file):
        try:
            event = _checked(found, keys, given, last)
        except NoteError as error:
            complain(f"{found.name}: {error}")
            failed += 1
            continue
        typer.echo(_told(event))
        held, last = held + 1, event
    typer.echo(f"{held} proofs hold, {failed} do not.")
    raise typer.Exit(DOES_NOT_HOLD if failed else 0)


def _proofs(file: Path) -> Iterator[_Found]:
    """Read the proofs of a file, one at a time."""
    with file.open("rb") as lines:
        first = lines.readline()
        if not first.startswith(b"{"):
            yield _Found(str(file), None, first + lines.read())
            return
        number = 0
        while first:
            number += 1
            yield _line(f"{file}, line {number}", first)
            first = lines.readline()


def _line(name: str, line: bytes) -> _Found:
    """Take a line of NDJSON apart; one that is none holds no proof."""
    try:
        told = orjson.loads(line)
        return _Found(name, str(told["event_id"]), told["proof"].encode())
    except (ValueError, KeyError, TypeError, AttributeError):
        return _Found(name, None, b"")


def _checked(found: _Found, keys: list[VerifierKey], leaf: bytes | None, last: ProvenEvent | None) -> ProvenEvent:
    event = check(Proof.parse(found.proof), keys, leaf)
    if found.event_id not in {None, event.leaf["id"]}:
        raise NoteError(f"it is the proof of event {event.leaf['id']}, not of {found.event_id!r}")
    if last is not None and (event.checkpoint != last.checkpoint or event.index <= last.index):
        raise NoteError("not under the same checkpoint as those before, or not behind them")
    return event


def _told(event: ProvenEvent) -> str:
    leaf = event.leaf
    words = [leaf.get(name) for name in ("id", "recorded_at", "type", "outcome")]
    rest = "with all details" if event.rest is not None else "details not in the proof"
    return f"{' '.join(map(str, words))}: leaf {event.index} of {event.checkpoint.size}, {rest}"
