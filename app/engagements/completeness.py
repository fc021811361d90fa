"""What the engagements of dossiers lack: told of one dossier, and listed over all that somebody answers for.

Computed when it is asked for, by the rules in force: nothing of it is kept, so nothing of it goes stale.
"""

from collections.abc import Sequence
from uuid import UUID

from pydantic import Field

from app.access.gate import Gate
from app.core.actor import Actor
from app.core.clock import today
from app.core.database import Connection, Database, Row
from app.core.pagination import Cursors, Page, PageRequest
from app.core.schema import Output
from app.core.sql import Where
from app.dossiers.service import ORDERS, DossierService
from app.dossiers.state import CHANGEABLE
from app.engagements import repository
from app.engagements.events import GAPS_LISTED, GAPS_VIEWED
from app.engagements.gaps import WORDS, Gap, Held, Paper, gaps, untold
from app.engagements.rules import ENGAGEMENT, EngagementKind, EngagementRules
from app.engagements.service import terms_of
from app.events.recorder import Recorder
from app.events.vocabulary import Subject
from app.rulebook.kinds import Rules, in_force

_KEYS = ORDERS["-opened_on"]
# So many dossiers are looked at for one page at the most; a page may be short, and `next` goes on behind it.
_BATCH, _BATCHES = 200, 5


class GapOut(Output):
    """Something that is missing; `field` points into the engagement."""

    code: str
    engagement_id: UUID | None = Field(description="null: there is no engagement yet")
    kinds: list[EngagementKind] = Field(description="Kinds of which one would do")
    field: str | None
    en: str
    zh: str


class EngagementGapsOut(Output):
    """What the engagements of a dossier lack."""

    dossier_id: UUID
    number: str
    rules_version: int
    gaps: list[GapOut]
    untold: bool = Field(description="There may be gaps that the caller is not told of")


class EngagementGapService:
    """Tells what engagements lack."""

    def __init__(
        self, database: Database, recorder: Recorder, gate: Gate, dossiers: DossierService, cursors: Cursors
    ) -> None:
        self._database, self._recorder, self._gate = database, recorder, gate
        self._dossiers, self._cursors = dossiers, cursors

    async def gaps_of(self, source: Connection | Database, actor: Actor, dossier_id: UUID) -> EngagementGapsOut | None:
        """Give what the engagements of a dossier lack as far as the actor may know; None for one that he does not see.

        For other rooms: the caller records what he shows of it.
        """
        found = await self._found(source, actor, [dossier_id])
        return found.get(dossier_id)

    async def get(self, actor: Actor, dossier_id: UUID) -> EngagementGapsOut:
        """Tell somebody who sees a dossier what its engagements lack."""
        dossier = await self._dossiers.stand(actor, "engagement.read", dossier_id)
        out = await self.gaps_of(self._database, actor, dossier_id)
        if out is None:
            # Closed to him between the two questions.
            await self._gate.hide(actor, "engagement.read", Subject("dossier", dossier_id, dossier_id=dossier_id))
        await self._recorder.read(
            actor, GAPS_VIEWED, Subject("dossier", dossier_id, dossier["number"], dossier_id),
            gaps=[gap.code for gap in out.gaps], rules_version=out.rules_version,
        )  # fmt: skip
        return out

    async def page(self, actor: Actor, page: PageRequest) -> Page[EngagementGapsOut]:
        """List the open dossiers that the actor works on or decides on and whose engagements lack something."""
        items, cursor = await self.lacking(actor, page)
        await self._recorder.read(
            actor, GAPS_LISTED, Subject("engagement"), returned=[str(item.dossier_id) for item in items]
        )
        return Page(items=items, next=cursor)

    async def lacking(self, actor: Actor, page: PageRequest) -> tuple[list[EngagementGapsOut], str | None]:
        """Give a page of the open dossiers that the actor answers for and whose engagements lack something.

        For other rooms as well (a calendar of duties): the caller records what he shows of it.
        """
        items: list[EngagementGapsOut] = []
        cursor = page.cursor
        for _ in range(_BATCHES):
            batch = PageRequest(_BATCH, cursor, page.scope)
            where = Where()
            where.add("d.state = ANY({})", sorted(CHANGEABLE))
            order = batch.apply(self._cursors, where, _KEYS)
            found = await repository.own_dossiers(self._database, actor, where, _KEYS, order)
            rows, cursor = batch.page_of(self._cursors, found, _KEYS)
            lacking = await self._found(self._database, actor, [row["id"] for row in rows])
            for index, row in enumerate(rows, start=1):
                out = lacking.get(row["id"])
                if out is not None and out.gaps:
                    items.append(out)
                if len(items) == page.limit:
                    more = cursor is not None or index < len(rows)
                    last = self._cursors.seal(page.scope, [row[key.field] for key in _KEYS])
                    return items, last if more else None
            if cursor is None:
                break
        return items, cursor

    async def _found(
        self, source: Connection | Database, actor: Actor, dossier_ids: Sequence[UUID]
    ) -> dict[UUID, EngagementGapsOut]:
        """Give what each of the dossiers that the actor sees lacks."""
        if not dossier_ids:
            return {}
        rules = await in_force(source, ENGAGEMENT)
        matters = await repository.matters(source, actor, dossier_ids)
        by_dossier: dict[UUID, list[Held]] = {matter["id"]: [] for matter in matters}
        for row in await repository.of_dossiers(source, actor, [*by_dossier]):
            by_dossier[row["dossier_id"]].append(held(row))
        return {matter["id"]: _out(rules, matter, by_dossier[matter["id"]]) for matter in matters}


def held(row: Row) -> Held:
    """Give an engagement for the question what it lacks, with what the actor may know of it."""
    kind = EngagementKind(row["kind"])
    return Held(
        id=row["id"], kind=kind, terms=terms_of(row), ended=row["state"] == "ended",
        bound=row["bound_at"] is not None,
        paper=None if row["entry_id"] is None else Paper(row["entry_excluded"], row["entry_files"]),
        masked=not row["sees"], fee_hidden=kind is EngagementKind.CONTRACT and not row["reads_fee"],
        paper_hidden=not row["sees_entry"],
    )  # fmt: skip


def _out(rules: Rules[EngagementRules], matter: Row, engagements: Sequence[Held]) -> EngagementGapsOut:
    found = gaps(rules.body, matter["matter_type"], engagements, today())
    return EngagementGapsOut(
        dossier_id=matter["id"], number=matter["number"], rules_version=rules.version,
        gaps=[_gap_out(gap) for gap in found], untold=untold(engagements),
    )  # fmt: skip


def _gap_out(gap: Gap) -> GapOut:
    en, zh = WORDS[gap.code]
    if gap.kinds:
        en, zh = f"{en}: {' or '.join(gap.kinds)}", f"{zh}:{'、'.join(_ZH[kind] for kind in gap.kinds)}"
    return GapOut(code=gap.code, engagement_id=gap.engagement_id, kinds=[*gap.kinds], field=gap.field, en=en, zh=zh)


_ZH: dict[EngagementKind, str] = {
    EngagementKind.CONTRACT: "委托代理合同",
    EngagementKind.POWER_OF_ATTORNEY: "授权委托书",
    EngagementKind.APPOINTMENT: "指定或指派手续",
    EngagementKind.RETAINER_LETTER: "聘书",
}
