"""Asks a witness for its cosignature (C2SP tlog-witness).

A witness cosigns only what continues all that it has cosigned before, so not even who has all keys of the ledger can
show two histories.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp

from app.ledger.note import COSIGNATURE, NoteError, Signature, VerifierKey, encoded, parse_signature
from app.ledger.prover import Prover, Tree

SECONDS = 15.0
_ANSWER_LIMIT = 16 * 1024


class WitnessError(Exception):
    """There is no cosignature; the message says why."""


class OtherHistory(WitnessError):
    """The witness has cosigned what this ledger does not continue."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Where a witness takes checkpoints, and the key that it cosigns with."""

    url: str
    key: VerifierKey

    @classmethod
    def parse(cls, text: str) -> "Witness":
        """Read `<url> <verifier key>`; raise NoteError."""
        url, _, key = text.strip().partition(" ")
        witness = cls(url.rstrip("/"), VerifierKey.parse(key))
        if witness.key.kind != COSIGNATURE:
            raise NoteError(f"{witness.key.name} is the key of a log, not of a witness")
        return witness


async def cosigned(session: aiohttp.ClientSession, witness: Witness, prover: Prover, tree: Tree, old: int) -> Signature:
    """Give the cosignature of a witness, which is believed to have seen a tree of `old` events.

    Raises WitnessError, and Unavailable where the proof can't be made.
    """
    for _ in range(2):
        path = await prover.consistency(tree, old, tree.size)
        status, answer = await _post(session, witness, _request(old, path, tree.note))
        if status == HTTPStatus.OK:
            return _signature(witness, tree, answer)
        if status == HTTPStatus.CONFLICT and answer.strip().isdigit() and (seen := int(answer)) != old:
            if seen > tree.size:
                raise OtherHistory(f"it has cosigned a ledger of {seen} events, and this one has {tree.size}")
            old = seen
        elif status in {HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}:
            raise OtherHistory(f"the ledger of {tree.size} events does not continue what it has cosigned")
        elif status in {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN}:
            raise WitnessError("it does not know this ledger, or not its key")
        else:
            raise WitnessError(f"it answered {status}")
    raise WitnessError("it has seen another size each time: who else asks it?")


def _request(old: int, path: Sequence[bytes], checkpoint: bytes) -> bytes:
    return "".join(f"{line}\n" for line in (f"old {old}", *map(encoded, path), "")).encode() + checkpoint


async def _post(session: aiohttp.ClientSession, witness: Witness, body: bytes) -> tuple[int, str]:
    try:
        async with (
            asyncio.timeout(SECONDS),
            session.post(f"{witness.url}/add-checkpoint", data=body, allow_redirects=False) as answer,
        ):
            return answer.status, (await answer.content.read(_ANSWER_LIMIT)).decode(errors="replace")
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise WitnessError(f"it can't be reached: {type(error).__name__}") from None


def _signature(witness: Witness, tree: Tree, answer: str) -> Signature:
    """Find the witness' own line in its answer; raise WitnessError unless it is of this checkpoint."""
    try:
        lines = [parse_signature(line) for line in answer.splitlines() if line]
    except NoteError as error:
        raise WitnessError(f"its answer is none: {error}") from None
    for signature in lines:
        if witness.key.made(signature) and witness.key.verify(tree.checkpoint.text, signature):
            return signature
    raise WitnessError("its answer holds no cosignature of this checkpoint by its key")
