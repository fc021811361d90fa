"""Reviews of entries over time: their history, and newer versions that supersede older ones.

Nothing disappears: a superseded entry stays in the dossier with the link to its successor, and a later review that
keeps it ends the link while its history stays.
"""

from uuid import UUID

from app.access.gate import Gate
from app.core.actor import Actor
from app.core.database import Database, Row
from app.core.errors import Invalid
from app.core.pagination import Cursors, Page, PageRequest, SortKey, parse_uuid
from app.core.sql import Where
from app.dossiers.state import require_changeable
from app.entries import repository, review_repository
from app.entries.errors import AlreadySuperseded, SuccessorExcluded
from app.entries.events import ENTRY_SUPERSEDED, REVIEWS_LISTED
from app.entries.judgement import judge_entry
from app.entries.rules import SUPERSEDED
from app.entries.schemas import EntryOut, Judgement, ReviewCreate, ReviewRecord, SupersessionIn
from app.entries.service import subject_of, unseen
from app.entries.shapes import entry_out
from app.events.recorder import Recorder
from app.events.unit_of_work import Transaction, UnitOfWork

_ORDER = (SortKey("r.id", "id", parse_uuid),)
_QUALITIES = ("authenticity", "relevance", "legality")


class ReviewService:
    """Tells how entries were judged, and lets newer versions supersede older ones."""

    def __init__(self, database: Database, uow: UnitOfWork, recorder: Recorder, gate: Gate, cursors: Cursors) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._cursors = cursors

    async def page(self, actor: Actor, entry_id: UUID, page: PageRequest) -> Page[ReviewRecord]:
        """Give all judgements of an entry that the actor sees, oldest first."""
        entry = await repository.find(self._database, actor, entry_id)
        entry = await self._judge(actor, "entry.read", entry_id, entry)
        where = Where()
        where.add("r.entry_id = {}", entry_id)
        order = page.apply(self._cursors, where, _ORDER)
        found = await review_repository.reviews(self._database, actor, where, order)
        rows, cursor = page.page_of(self._cursors, found, _ORDER)
        returned = [str(row["id"]) for row in rows]
        await self._recorder.read(actor, REVIEWS_LISTED, subject_of(entry), returned=returned)
        return Page(items=[ReviewRecord.model_validate(dict(row)) for row in rows], next=cursor)

    async def supersede(self, actor: Actor, entry_id: UUID, data: SupersessionIn) -> EntryOut:
        """Keep an entry out because a newer version of it is kept, and link the two.

        Raises AlreadySuperseded, SuccessorExcluded, Invalid for a successor that the actor does not see there.
        """
        async with self._uow.begin(actor) as tx:
            row = await self._judge(
                actor, "entry.review", entry_id, await repository.lock(tx.connection, actor, entry_id)
            )
            require_changeable(row["dossier_state"])
            await _require_successor(tx, row, data.by_entry_id)
            review = _review(row, data)
            version = await judge_entry(tx, row, review, superseded_by=data.by_entry_id)
            tx.record(
                ENTRY_SUPERSEDED, subject_of(row), by_entry_id=str(data.by_entry_id),
                review=review.model_dump(mode="json"), was=row["review"], rules_version=version,
            )  # fmt: skip
            return tx.result(entry_out(await repository.reread(tx.connection, actor, entry_id)))

    async def _judge(self, actor: Actor, act: str, entry_id: UUID, row: Row | None) -> Row:
        return await self._gate.judge(actor, act, subject_of(row) if row else unseen(entry_id), row)


async def _require_successor(tx: Transaction, row: Row, by_entry_id: UUID) -> None:
    """Raise unless the entry of this id may take the place of `row`; the dossier is held."""
    if by_entry_id == row["id"]:
        raise Invalid.field("/body/by_entry_id", "same_entry", "An entry does not supersede itself", "材料不能取代自身")
    successor = await repository.find(tx.connection, tx.actor, by_entry_id)
    if successor is None or successor["dossier_id"] != row["dossier_id"]:
        raise Invalid.field(
            "/body/by_entry_id", "unknown_entry", "There is no such entry in this dossier", "案卷中没有该材料"
        )
    if row["superseded"]:
        raise AlreadySuperseded(
            "Another entry has superseded it: keep it by a review first", "已有其他材料取代它,请先经审查恢复归档"
        )
    if successor["review"] == "excluded":
        raise SuccessorExcluded(
            "The successor is kept out itself: keep it by a review first", "取代它的材料本身未归档,请先经审查恢复归档"
        )


def _review(row: Row, data: SupersessionIn) -> ReviewCreate:
    qualities = {name: getattr(data, name) or row[name] or Judgement.PASS for name in _QUALITIES}
    return ReviewCreate(**qualities, decision="exclude", reason=data.reason, exclusion=SUPERSEDED)
