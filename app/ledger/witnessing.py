"""Keeps the witnesses asked, beside sealing, which waits for none of them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import aiohttp
import structlog

from app.core.clock import now
from app.core.database import Database
from app.core.errors import AppError
from app.ledger.bucket import Source
from app.ledger.note import Note, Signature
from app.ledger.prover import Prover, Tree
from app.ledger.witnesses import OtherHistory, Witness, WitnessError, cosigned

_log = structlog.get_logger()
_LONGEST_PAUSE = 300.0
_COSIGNED = """
INSERT INTO ledger_witnesses (name, size, cosigned_at) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET size = $2, cosigned_at = $3, fault = NULL, other_history = false
"""
_FAILED = """
INSERT INTO ledger_witnesses (name, size, fault, other_history) VALUES ($1, 0, $2, $3)
ON CONFLICT (name) DO UPDATE SET fault = $2, other_history = $3
"""


class _Standing:
    """What one witness has seen, its cosignature of the newest tree, and when it is asked again after a failure."""

    def __init__(self) -> None:
        self.size, self.failures, self.next_try = 0, 0, 0.0
        self.signature: Signature | None = None


class Witnessing:
    """Asks every witness for a cosignature of the newest checkpoint, at most once in `seconds`."""

    def __init__(self, database: Database, source: Source, witnesses: Sequence[Witness], seconds: float) -> None:
        self._database, self._prover, self._seconds = database, Prover(source), seconds
        self._standings = {witness: _Standing() for witness in witnesses}

    async def run(self, newest: Callable[[], Tree | None], publish: Callable[[Tree, Note], Awaitable[None]]) -> None:
        """Ask without end; `publish` takes each checkpoint with all cosignatures that it has got so far."""
        await self._forget_others()
        size = -1
        async with aiohttp.ClientSession(headers={"User-Agent": "anjuan"}) as session:
            while True:
                tree = newest()
                if tree is not None:
                    if tree.size != size:
                        size = tree.size
                        for standing in self._standings.values():
                            standing.signature = None
                    if await self._ask_all(session, tree):
                        await publish(tree, self._note(tree))
                await asyncio.sleep(self._seconds)

    def _note(self, tree: Tree) -> Note:
        given = [standing.signature for standing in self._standings.values()]
        return Note.parse(tree.note).signed(*(signature for signature in given if signature is not None))

    async def _ask_all(self, session: aiohttp.ClientSession, tree: Tree) -> bool:
        """Ask those who have not cosigned the tree yet, all at once; tell whether a cosignature came."""
        due = [
            (witness, standing)
            for witness, standing in self._standings.items()
            if standing.signature is None and standing.next_try <= time.monotonic()
        ]
        return any(await asyncio.gather(*(self._ask(session, tree, *one) for one in due)))

    async def _ask(self, session: aiohttp.ClientSession, tree: Tree, witness: Witness, standing: _Standing) -> bool:
        name = witness.key.name
        try:
            standing.signature = await cosigned(session, witness, self._prover, tree, min(standing.size, tree.size))
        except (WitnessError, AppError) as error:
            standing.failures += 1
            standing.next_try = time.monotonic() + min(_LONGEST_PAUSE, self._seconds * 2**standing.failures)
            other = isinstance(error, OtherHistory)
            (_log.error if other else _log.warning)("no cosignature", witness=name, reason=str(error))
            await self._database.execute(_FAILED, name, str(error), other)
            return False
        standing.size, standing.failures, standing.next_try = tree.size, 0, 0.0
        await self._database.execute(_COSIGNED, name, tree.size, now())
        return True

    async def _forget_others(self) -> None:
        names = [witness.key.name for witness in self._standings]
        await self._database.execute("DELETE FROM ledger_witnesses WHERE NOT name = ANY($1)", names)
