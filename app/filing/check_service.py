"""Makes the checks before filing: gathers the facts of a dossier, looks at its stored files, judges both.

A report tells of every kept entry, so it is only for those who read all of them; nothing is left out for others, for a
check of half a dossier would vouch for the whole. Changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Protocol
from uuid import UUID

from app.access.gate import Gate
from app.core.actor import Actor
from app.core.clock import now, today
from app.core.database import Connection, Database, Row, present
from app.events.recorder import Recorder
from app.events.vocabulary import Subject
from app.filing import check_facts, repository
from app.filing.check_events import FILING_CHECKED
from app.filing.check_model import Facts, FindingCode, GapsTold
from app.filing.check_rules import FILING_CHECK, FilingCheckRules
from app.filing.check_schemas import CheckReport, Finding, PropertyItem, Severity
from app.filing.check_store import Looked, StoreLook
from app.filing.checks import findings, not_checked, of_items
from app.filing.four_properties import four_properties
from app.rulebook.kinds import Rules, in_force

ACT = "filing.check"


class EngagementGaps(Protocol):
    """Whoever knows what is unsigned or missing of a dossier's engagement (委托)."""

    async def gaps_of(self, source: Connection | Database, actor: Actor, dossier_id: UUID) -> GapsTold | None:
        """Give the gaps of a dossier as far as the actor may know, None for one that he does not see."""
        ...


class FilingChecks:
    """Checks dossiers before they are filed.

    `scanning` tells whether this installation scans files for viruses; `engagements` is None where nobody can be
    asked, and what it would tell is then named in `not_checked`.
    """

    def __init__(
        self,
        database: Database,
        recorder: Recorder,
        gate: Gate,
        look: StoreLook,
        *,
        scanning: bool = False,
        engagements: EngagementGaps | None = None,
    ) -> None:
        self._database, self._recorder, self._gate, self._look = database, recorder, gate, look
        self._scanning, self._engagements = scanning, engagements

    async def get(self, actor: Actor, dossier_id: UUID, *, deep: bool, form: str = "json") -> CheckReport:
        """Check a dossier for somebody who reads all of its entries; `form` says in which form it goes out."""
        report = await self.run(self._database, actor, dossier_id, deep=deep)
        await self._recorder.read(
            actor, FILING_CHECKED, Subject("dossier", dossier_id, report.number, dossier_id), form=form,
            deep=report.deep, rules_version=report.rules_version, blocking=report.blocking,
        )  # fmt: skip
        return report

    async def look(self, actor: Actor, dossier_id: UUID, *, deep: bool) -> Looked:
        """Look at a dossier's stored files ahead of a `run` in a transaction, which then waits for no store."""
        await self._permitted(self._database, actor, dossier_id)
        return await self._look.look(await check_facts.files(self._database, dossier_id), deep=deep)

    async def look_for(self, dossier_id: UUID) -> Looked:
        """Look at the stored files of a dossier for an act that has passed the gate, ahead of its transaction."""
        return await self._look.look(await check_facts.files(self._database, dossier_id), deep=False)

    async def findings(
        self, connection: Connection, actor: Actor, dossier_id: UUID, looked: Looked
    ) -> tuple[list[Finding], bool]:
        """Give all findings for an act that has passed the gate, and whether the actor may be told of each.

        An act of filing is judged by the whole dossier, also where its actor does not read every entry.
        """
        row = present(await check_facts.find(connection, actor, dossier_id))
        seen = await check_facts.seen(connection, actor, dossier_id)
        facts, rules = await self._gathered(connection, actor, row, seen)
        stored = await self._look.look(facts.files, deep=False, known=looked)
        facts = replace(facts, stored=stored)
        _, found = await asyncio.to_thread(_judged, facts, rules.body)
        return found, not seen.hidden

    async def may_know(self, source: Connection | Database, actor: Actor, dossier_id: UUID) -> frozenset[FindingCode]:
        """Give the codes of those findings of earlier checks that the actor may know.

        None but to who reads every kept entry: one about an entry may name another. Gaps of engagements were found
        for somebody else, so they are left out where there may be some that the actor is not told of.
        """
        row = await check_facts.find(source, actor, dossier_id)
        if row is None or not row["reads"] or (await check_facts.seen(source, actor, dossier_id)).hidden:
            return frozenset()
        told = None if self._engagements is None else await self._engagements.gaps_of(source, actor, dossier_id)
        every = frozenset(FindingCode)
        return every if told is not None and not told.untold else every - {FindingCode.ENGAGEMENT_GAP}

    async def _gathered(
        self, source: Connection, actor: Actor, dossier: Row, seen: check_facts.Seen
    ) -> tuple[Facts, Rules[FilingCheckRules]]:
        facts = await check_facts.gather(source, dossier, seen.excluded, today())
        return await self._asked(source, actor, facts), await in_force(source, FILING_CHECK)

    async def run(
        self,
        source: Connection | Database,
        actor: Actor,
        dossier_id: UUID,
        *,
        deep: bool,
        looked: Looked | None = None,
    ) -> CheckReport:
        """Check a dossier; `deep` reads all stored bytes again, `looked` is what `look` gave before.

        Records nothing but refusals: the caller's own act says what the check was made for. Raises NotFound, Forbidden
        for an actor who does not read all kept entries, Unavailable when database or store can't answer.
        """
        async with _steady(source) as steady:
            dossier, seen = await self._permitted(steady, actor, dossier_id)
            facts, rules = await self._gathered(steady, actor, dossier, seen)
        # Without a connection of ours, for the store may take its time.
        stored = await self._look.look(facts.files, deep=deep, known=looked)
        read = all(stored[file.object_key].read for file in facts.files)
        facts = replace(facts, stored=stored, deep=read if facts.files else deep)
        # Thousands of entries take a moment to judge, and others are to be served meanwhile.
        items, found = await asyncio.to_thread(_judged, facts, rules.body)
        return CheckReport(
            dossier_id=dossier_id, number=facts.number, deep=facts.deep, rules_version=rules.version,
            computed_at=now(), blocking=sum(one.severity is Severity.BLOCKING for one in found), findings=found,
            not_checked=not_checked(facts), four_properties=items,
        )  # fmt: skip

    async def _permitted(
        self, source: Connection | Database, actor: Actor, dossier_id: UUID
    ) -> tuple[Row, check_facts.Seen]:
        subject = Subject("dossier", dossier_id, dossier_id=dossier_id)
        row = await self._gate.judge(actor, ACT, subject, await check_facts.find(source, actor, dossier_id))
        seen = await check_facts.seen(source, actor, dossier_id)
        if seen.hidden:
            await self._gate.forbid(actor, ACT, subject, "entries_hidden")
        return row, seen

    async def _asked(self, source: Connection | Database, actor: Actor, facts: Facts) -> Facts:
        """Add what other rooms know."""
        told = None if self._engagements is None else await self._engagements.gaps_of(source, actor, facts.id)
        closing = await repository.closing(source, facts.id)
        return replace(
            facts, scanning=self._scanning, closing=closing, gaps=None if told is None else tuple(told.gaps),
            gaps_untold=told is not None and told.untold,
        )  # fmt: skip


def _judged(facts: Facts, rules: FilingCheckRules) -> tuple[list[PropertyItem], list[Finding]]:
    items = four_properties(facts, rules)
    return items, [*findings(facts, rules), *of_items(items, rules)]


@asynccontextmanager
async def _steady(source: Connection | Database) -> AsyncIterator[Connection]:
    """Give a connection on which all statements see the same moment: entries come in while others are counted."""
    if not isinstance(source, Database):
        yield source
        return
    async with source.connection() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        yield connection
