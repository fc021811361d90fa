"""Proofs that events stand in the ledger, for those who read the events. Reading a proof is an event too.

Source: `docs/ledger.md`, section Proofs. Whoever reads an event masked, or only in part, gets its leaf and no more.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from uuid import UUID

import orjson

from app.access.gate import Gate
from app.core.actor import Actor
from app.core.database import Database, Row
from app.core.errors import Conflict
from app.core.sql import Where
from app.events.recorder import Recorder
from app.events.vocabulary import Subject
from app.ledger.event_proofs import Extra, leaf_of
from app.ledger.note import NoteError
from app.ledger.prover import LedgerNotWhole, Prover, Tree
from app.reports.event_sight import masked, of_dossier, readable
from app.reports.event_traces import told, told_whole
from app.reports.events import EVENT_PROVEN, PROOFS_EXPORTED

# Events whose tiles are held at a time: up to two for each, of some 100 KiB together.
_GROUP = 50
# To find places all events of the dossier are gone through, so they are found for many groups at once.
_PLACES = 1000


class EventNotSealed(Conflict):
    """The event is recorded, and no published checkpoint holds it yet."""

    code, title_en, title_zh = "event_not_sealed", "The event is not sealed yet", "事件尚未封存"

    def __init__(self) -> None:
        super().__init__(
            "It is recorded, and sealed within a second or so: ask again",
            "事件已记录,约一秒内封存,请稍后再试",
            retry_after=1,
        )


class EventProofs:
    """Gives proofs of events; act `event.read`."""

    def __init__(self, database: Database, recorder: Recorder, gate: Gate, prover: Prover) -> None:
        self._database, self._recorder, self._gate, self._prover = database, recorder, gate, prover

    async def proof(self, actor: Actor, event_id: UUID) -> bytes:
        """Give the proof of one event (C2SP tlog-proof); EventNotSealed before it is sealed."""
        where = Where(event_id)
        hides = masked(actor, where)
        row = await self._database.fetchrow(
            f"SELECT v.*, {hides} AS masked, l.leaf_index, l.salt FROM events v"
            f" LEFT JOIN event_leaves l ON l.event_id = v.id WHERE v.id = $1 AND {readable(actor, where)}",
            *where.args,
        )
        row = await self._gate.judge(actor, "event.read", Subject("event", event_id), row)
        tree = await self._tree()
        if row["leaf_index"] is None or row["leaf_index"] >= tree.size:
            raise EventNotSealed
        (made,) = await self._made(actor, tree, [row])
        subject = Subject("event", event_id, row["type"], row["dossier_id"], row["entry_id"])
        await self._recorder.read(actor, EVENT_PROVEN, subject, size=tree.size)
        return made

    async def of_dossier(self, actor: Actor, dossier_id: UUID) -> AsyncGenerator[bytes, None]:
        """Record the reading, then give the proofs of all events of a dossier that the actor reads.

        Pieces of NDJSON, in the order of the ledger, all under the checkpoint of now, which the event names: what is
        sealed later is not among them. EventNotSealed before anything is.
        """
        tree = await self._tree()
        places = await self._places(actor, dossier_id, tree, -1)
        lines = await self._lines(actor, tree, places[:_GROUP])
        await self._recorder.read(actor, PROOFS_EXPORTED, Subject("event", dossier_id=dossier_id), size=tree.size)
        return self._groups(actor, dossier_id, tree, places, lines)

    async def _groups(
        self, actor: Actor, dossier_id: UUID, tree: Tree, places: list[Row], lines: bytes
    ) -> AsyncGenerator[bytes, None]:
        # Statements for each group, so that a slow reader holds no connection and a wall bites in the middle.
        while places:
            yield lines
            last, places = places[:_GROUP][-1], places[_GROUP:]
            places = places or await self._places(actor, dossier_id, tree, last["leaf_index"])
            lines = await self._lines(actor, tree, places[:_GROUP])

    async def _places(self, actor: Actor, dossier_id: UUID, tree: Tree, after: int) -> list[Row]:
        """Give the next places of those of a dossier's events that the actor reads; of a hidden one there are none."""
        where = Where(after, tree.size, _PLACES)
        about = of_dossier(actor, where, dossier_id)
        return await self._database.fetch(
            "SELECT l.leaf_index, v.id FROM events v JOIN event_leaves l ON l.event_id = v.id"
            f" WHERE ({about}) AND {readable(actor, where)} AND l.leaf_index > $1 AND l.leaf_index < $2"
            " ORDER BY l.leaf_index LIMIT $3",
            *where.args,
        )

    async def _lines(self, actor: Actor, tree: Tree, places: Sequence[Row]) -> bytes:
        """Give the proofs of those events that the actor still reads."""
        if not places:
            return b""
        ids = [place["id"] for place in places]
        where = Where(ids, min(ids), max(ids))
        hides = masked(actor, where)
        # Bounds on the ids spare the partitions of all other months.
        rows = await self._database.fetch(
            f"SELECT v.*, {hides} AS masked, l.leaf_index, l.salt FROM events v"
            " JOIN event_leaves l ON l.event_id = v.id"
            f" WHERE v.id = ANY($1) AND v.id BETWEEN $2 AND $3 AND {readable(actor, where)} ORDER BY l.leaf_index",
            *where.args,
        )
        proofs = await self._made(actor, tree, rows)
        return b"".join(
            orjson.dumps({"event_id": str(row["id"]), "proof": made.decode()}) + b"\n"
            for row, made in zip(rows, proofs, strict=True)
        )

    async def _tree(self) -> Tree:
        if (tree := await self._prover.tree()) is None:
            raise EventNotSealed
        return tree

    async def _made(self, actor: Actor, tree: Tree, rows: Sequence[Row]) -> list[bytes]:
        proofs = await self._prover.inclusion(tree, [row["leaf_index"] for row in rows])
        shown = await told(self._database, actor, rows)
        made = []
        for row, details, (leaf, proof) in zip(rows, shown, proofs, strict=True):
            extra = _extra(row, leaf, whole=told_whole(row, details))
            made.append(replace(proof, extra=extra).encode())
        return made


def _extra(row: Row, leaf: bytes, *, whole: bool) -> bytes:
    """Give what the proof of an event carries; a leaf that is not the event's is a ledger that was tampered with."""
    try:
        of = leaf_of(leaf)["id"]
    except NoteError as error:
        of = str(error)
    if of != str(row["id"]):
        raise LedgerNotWhole(f"leaf {row['leaf_index']} is of {of}, not of event {row['id']}")
    return Extra.make(leaf, dict(row), row["salt"], whole=whole).encode()
