"""Likely duplicates of a dossier: proposed as far as one sees its entries, and judged by a person.

Computed when they are asked for. Keeping or excluding is done by reviews; what a person judged to be no duplicate is
never proposed again.
"""

import asyncio
from datetime import date
from itertools import combinations
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.auth.schemas import PersonRef
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Database, Row
from app.core.errors import Invalid
from app.core.ids import new_id
from app.core.pagination import Cursors, Page, PageRequest
from app.core.schema import Input, Output, Timestamp
from app.core.sql import insert
from app.core.text import Reason
from app.dossiers.service import DossierService
from app.dossiers.state import require_changeable
from app.entries import review_repository
from app.entries.events import DUPLICATES_DISMISSED, DUPLICATES_LISTED
from app.entries.likeness import Candidate, Likeness, Two, propose
from app.entries.models import DuplicateDismissal
from app.entries.rules import REVIEW
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import Subject
from app.rulebook.kinds import in_force

_MOST_JUDGED_AT_ONCE = 50


class LikelyDuplicate(Output):
    """An entry of a pair."""

    entry_id: UUID
    title: str
    formed_on: date | None


class DuplicateOut(Output):
    """Two kept entries that look alike, the earlier registered first, and why."""

    entries: list[LikelyDuplicate]
    reasons: list[Literal["same_file", "similar_title"]]
    sha256: str | None = Field(description="With `same_file`: of the bytes that both hold, in any version")
    similarity: float | None = Field(description="With `similar_title`: 100 for titles that are compared as equal")
    days_apart: int | None = Field(description="Days between their dates of forming, where both are known")


class DismissalIn(Input):
    """Entries that are no duplicates of each other, and why."""

    entry_ids: Annotated[list[UUID], Field(min_length=2, max_length=_MOST_JUDGED_AT_ONCE)]
    reason: Reason

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.entry_ids)) != len(self.entry_ids):
            raise ValueError("entry_ids names an entry twice")
        return self


class DismissalOut(Output):
    """A judgement that entries are no duplicates of each other."""

    id: UUID
    dossier_id: UUID
    entry_ids: list[UUID]
    reason: str
    dismissed_by: PersonRef
    dismissed_at: Timestamp


class DuplicateService:
    """Proposes duplicates and keeps what people judged to be none."""

    def __init__(
        self, database: Database, uow: UnitOfWork, recorder: Recorder, dossiers: DossierService, cursors: Cursors
    ) -> None:
        self._database, self._uow, self._recorder, self._dossiers = database, uow, recorder, dossiers
        self._cursors = cursors

    async def page(self, actor: Actor, dossier_id: UUID, page: PageRequest) -> Page[DuplicateOut]:
        """Give pairs of kept entries that look alike, of those that the actor sees, in the order of registering."""
        dossier = await self._dossiers.stand(actor, "dossier.read", dossier_id)
        after = None if page.cursor is None else _two(self._cursors.open(page.scope, page.cursor))
        rules = await in_force(self._database, REVIEW)
        rows = await review_repository.candidates(self._database, actor, dossier_id)
        judged = _pairs(await review_repository.dismissals(self._database, dossier_id))
        # Comparing titles is work for the processor: other requests go on meanwhile.
        found = await asyncio.to_thread(
            propose, [_candidate(row) for row in rows], rules.body.duplicates, judged, after=after, most=page.limit + 1
        )
        shown = found[: page.limit]
        await self._recorder.read(
            actor, DUPLICATES_LISTED, Subject("dossier", dossier_id, dossier["number"], dossier_id),
            rules_version=rules.version, returned=sorted({str(entry_id) for pair in shown for entry_id in pair.ids}),
        )  # fmt: skip
        more = self._cursors.seal(page.scope, shown[-1].ids) if len(found) > page.limit else None
        return Page(items=[_out(pair) for pair in shown], next=more)

    async def dismiss(self, actor: Actor, dossier_id: UUID, data: DismissalIn) -> DismissalOut:
        """Keep it that these entries are no duplicates of each other; no two of them are proposed again.

        Raises DossierFrozen once submitted, Invalid for an entry that the actor does not see there.
        """
        async with self._uow.begin(actor) as tx:
            dossier = await self._dossiers.stand(actor, "entry.review", dossier_id, inside=tx.connection, lock=True)
            require_changeable(dossier["state"])
            seen = await review_repository.seen(tx.connection, actor, dossier_id, data.entry_ids)
            for index, entry_id in enumerate(data.entry_ids):
                if entry_id not in seen:
                    raise Invalid.field(
                        f"/body/entry_ids/{index}", "unknown_entry", "There is no such entry in this dossier",
                        "案卷中没有该材料",
                    )  # fmt: skip
            row = DuplicateDismissal(
                id=new_id(), dossier_id=dossier_id, dismissed_by=actor.id, dismissed_at=now(),
                **data.model_dump(),
            )  # fmt: skip
            await insert(tx.connection, row)
            tx.record(
                DUPLICATES_DISMISSED, Subject("dossier", dossier_id, dossier["number"], dossier_id),
                new=data.model_dump(mode="json"),
            )  # fmt: skip
            by = PersonRef(id=row.dismissed_by, display_name=actor.display_name)
            return tx.result(DismissalOut(dismissed_by=by, **row.model_dump(exclude={"dismissed_by"})))


def _two(values: list[str]) -> Two:
    first, second = values
    return UUID(first), UUID(second)


def _pairs(sets: list[list[UUID]]) -> set[Two]:
    return {(first, second) for entry_ids in sets for first, second in combinations(sorted(entry_ids), 2)}


def _candidate(row: Row) -> Candidate:
    return Candidate(row["id"], row["title"], row["formed_on"], frozenset(row["digests"]))


def _out(pair: Likeness) -> DuplicateOut:
    reasons = {"same_file": pair.digest, "similar_title": pair.similarity}
    return DuplicateOut.model_validate(
        {
            "entries": [
                {"entry_id": one.entry_id, "title": one.title, "formed_on": one.formed_on}
                for one in (pair.first, pair.second)
            ],
            "reasons": [name for name, why in reasons.items() if why is not None],
            "sha256": pair.digest,
            "similarity": None if pair.similarity is None else round(pair.similarity, 1),
            "days_apart": pair.days,
        }
    )
