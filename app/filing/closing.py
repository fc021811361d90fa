"""Closing a matter (结案) and taking it back: from the day of closing on the deadline of filing runs."""

from uuid import UUID

from app.core.actor import Actor
from app.core.errors import Invalid
from app.dossiers.schemas import DossierOut
from app.dossiers.service import DossierService, subject_of
from app.dossiers.state import require_state
from app.events.unit_of_work import UnitOfWork
from app.filing import repository
from app.filing.deadlines import due_on
from app.filing.errors import NotClosed
from app.filing.events import DOSSIER_CLOSED, DOSSIER_REOPENED
from app.filing.rules import FILING
from app.filing.schemas import Closure, Reopening
from app.rulebook.kinds import in_force


class ClosingService:
    """Closes matters."""

    def __init__(self, uow: UnitOfWork, dossiers: DossierService) -> None:
        self._uow, self._dossiers = uow, dossiers

    async def close(self, actor: Actor, dossier_id: UUID, data: Closure) -> DossierOut:
        """Close a matter; the dossier goes on taking material until it is handed in.

        The deadline is reckoned by the rules in force now and stays, whatever they become later.
        """
        async with self._uow.begin(actor) as tx:
            row = await self._dossiers.stand(actor, "dossier.close", dossier_id, inside=tx.connection, lock=True)
            require_state("dossier.close", row["state"])
            dossier = await repository.dossier(tx.connection, dossier_id)
            if dossier["closed_on"] is not None:
                raise NotClosed(
                    "The matter is closed already: reopen it to correct that", "已结案;如需更正请先撤销结案"
                )
            if data.closed_on < dossier["opened_on"]:
                raise Invalid.field(
                    "/body/closed_on", "before_opening", f"The matter was opened on {dossier['opened_on']}",
                    f"结案日期早于收案日期 {dossier['opened_on']}",
                )  # fmt: skip
            rules = await in_force(tx.connection, FILING)
            due = due_on(data.closed_on, rules.body.deadline_months, rules.body.deadline_days)
            await repository.close_matter(tx.connection, dossier_id, data.closed_on, data.result, due, rules.version)
            tx.record(
                DOSSIER_CLOSED, subject_of(row),
                **data.model_dump(mode="json"), filing_due_on=due.isoformat(), rules_version=rules.version,
            )  # fmt: skip
            return tx.result(await self._dossiers.shown(tx.connection, actor, dossier_id))

    async def reopen(self, actor: Actor, dossier_id: UUID, data: Reopening) -> DossierOut:
        """Take the closing of a matter back, as long as the dossier was not handed in."""
        async with self._uow.begin(actor) as tx:
            row = await self._dossiers.stand(actor, "dossier.reopen", dossier_id, inside=tx.connection, lock=True)
            require_state("dossier.reopen", row["state"])
            dossier = await repository.dossier(tx.connection, dossier_id)
            if dossier["closed_on"] is None:
                raise NotClosed("The matter is not closed", "尚未结案")
            await repository.close_matter(tx.connection, dossier_id, None, None, None, None)
            tx.record(
                DOSSIER_REOPENED, subject_of(row),
                reason=data.reason, closed_on=dossier["closed_on"].isoformat(), result=dossier["result"],
                filing_due_on=dossier["filing_due_on"].isoformat(),
            )  # fmt: skip
            return tx.result(await self._dossiers.shown(tx.connection, actor, dossier_id))
