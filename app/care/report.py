"""The report on checks: last runs, open findings, and how much was read how lately.

Who runs the system is told keys and numbers only; a dossier is named to those who may know of it.
"""

from app.access.acts import powers
from app.access.gate import Gate
from app.auth.roles import Role
from app.care import repository
from app.care.events import INTEGRITY_VIEWED
from app.care.rounds import IntegrityRounds
from app.care.schemas import FindingOut, IntegrityOut, OpenOut, RunOut
from app.core.actor import Actor
from app.core.database import Database
from app.core.sql import Where
from app.events.recorder import Recorder
from app.events.vocabulary import Subject
from app.reports.event_sight import in_sight

_RUNS, _FINDINGS = 10, 200
_TOLD = frozenset({Role.DIRECTOR, Role.AUDITOR})


class IntegrityReport:
    """Tells how it stands with what is kept."""

    def __init__(self, database: Database, recorder: Recorder, gate: Gate, rounds: IntegrityRounds) -> None:
        self._database, self._recorder, self._gate, self._rounds = database, recorder, gate, rounds

    async def get(self, actor: Actor) -> IntegrityOut:
        """Give the report."""
        subject = Subject("storage")
        await self._gate.require(actor, "integrity.read", subject)
        where = Where()
        told = powers(actor.roles) & _TOLD
        sight = in_sight(actor, f"{where.bind(actor.user_id)}::uuid", "f.dossier_id") if told else "FALSE"
        findings = await repository.open_findings(self._database, where, sight, _FINDINGS)
        runs = await repository.last_runs(self._database, _RUNS)
        open_ = await repository.open_counts(self._database)
        coverage = await self._rounds.coverage()
        await self._recorder.read(actor, INTEGRITY_VIEWED, subject, returned=[str(row["id"]) for row in findings])
        return IntegrityOut(
            sound=not open_,
            open=OpenOut(**{"missing": 0, "corrupt": 0, "orphan": 0, **open_}),
            findings=[FindingOut.model_validate(dict(row)) for row in findings],
            coverage=coverage,
            runs=[RunOut.model_validate(dict(row)) for row in runs],
        )
