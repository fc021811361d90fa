"""What the archivist does with a dossier that was handed in: take it into the archive (归档), or send it back (退回).

Acceptance gives the archive number, seals the contents list, opens the note to file and freezes the content, all in one
transaction. Who compiled or handed in a dossier, in whatever round, never accepts it (立卷人 ≠ 检查人).
"""

from uuid import UUID

from app.access.gate import Gate
from app.auth.roles import Rank
from app.core.actor import Actor
from app.core.clock import now, today
from app.core.database import Connection, Row
from app.core.errors import Invalid
from app.core.ids import new_id
from app.core.sql import insert
from app.dossiers.rules import draw
from app.dossiers.schemas import DossierOut
from app.dossiers.service import DossierService, subject_of
from app.dossiers.state import require_state
from app.entries import sealing
from app.entries.contents_service import ContentsService
from app.entries.service import EntryService
from app.events.unit_of_work import Transaction, UnitOfWork
from app.filing import repository
from app.filing.check_service import FilingChecks
from app.filing.errors import DecisionMissing
from app.filing.events import DOSSIER_FILED, DOSSIER_RETURNED
from app.filing.models import ArchiveNumber, FileNote
from app.filing.rules import FILING
from app.filing.schemas import Acceptance, DossierReturn
from app.filing.submission import require_complete, same_person
from app.rulebook.kinds import in_force


class AcceptanceService:
    """Accepts dossiers, or returns them."""

    def __init__(
        self,
        uow: UnitOfWork,
        gate: Gate,
        dossiers: DossierService,
        entries: EntryService,
        contents: ContentsService,
        checks: FilingChecks,
    ) -> None:
        self._uow, self._gate, self._dossiers, self._entries = uow, gate, dossiers, entries
        self._contents, self._checks = contents, checks

    async def accept(self, actor: Actor, dossier_id: UUID, data: Acceptance) -> DossierOut:
        """Take a dossier into the archive.

        Raises DecisionMissing, FilingIncomplete, and SamePerson (recorded as a refusal); then nothing was done.
        """
        await self._dossiers.stand(actor, "dossier.accept", dossier_id)
        looked = await self._checks.look_for(dossier_id)
        async with self._uow.begin(actor) as tx:
            row = await self._dossiers.stand(actor, "dossier.accept", dossier_id, inside=tx.connection, lock=True)
            require_state("dossier.accept", row["state"])
            submission = await repository.pending(tx.connection, dossier_id)
            if actor.id in await repository.makers(tx.connection, dossier_id):
                await same_person(self._gate, actor, "dossier.accept", row)
            retention = _require_decisions(submission)
            await require_complete(self._checks, tx.connection, actor, dossier_id, looked)
            number = await self._give_number(tx.connection, dossier_id, retention)
            await repository.file_dossier(tx.connection, dossier_id, number, retention, today())
            await repository.change_submission(
                tx.connection, submission["id"], {"state": "accepted", "decided_by": actor.id, "decided_at": now()}
            )
            await self._open_note(tx, submission, data)
            whole = await self._contents.whole(tx.connection, dossier_id)
            seal = await sealing.seal(tx, whole, "acceptance")
            tx.record(
                DOSSIER_FILED, subject_of(row), was=row["state"], round=submission["round"], archive_number=number,
                retention=retention, compiler_id=str(submission["compiler_id"]), **seal.trace(),
            )  # fmt: skip
            return tx.result(await self._dossiers.shown(tx.connection, actor, dossier_id))

    @staticmethod
    async def _give_number(connection: Connection, dossier_id: UUID, retention: str) -> str:
        """Draw the archive number (档号): by the year of closing, of a series of its own for sealed dossiers."""
        dossier = await repository.dossier(connection, dossier_id)
        rules = await in_force(connection, FILING)
        sealed = dossier["confidentiality"] == Rank.SEALED
        text = rules.body.sealed_archive_number_rule if sealed else rules.body.archive_number_rule
        values = {"year": f"{dossier['closed_on'].year:04d}", "type": dossier["number_code"], "retention": retention}
        kind = "archive-sealed" if sealed else "archive"
        drawn = await draw(connection, rules.body.numbers(text), kind, values, repository.archive_number_taken)
        line = ArchiveNumber(
            archive_number=drawn.number, series_key=drawn.series_key, serial=drawn.serial, dossier_id=dossier_id,
            rules_version=rules.version, given_at=now(),
        )  # fmt: skip
        await insert(connection, line)
        return drawn.number

    @staticmethod
    async def _open_note(tx: Transaction, submission: Row, data: Acceptance) -> None:
        note = FileNote(
            id=new_id(), dossier_id=submission["dossier_id"], kind="filing", text=data.note, noted_on=today(),
            compiler_id=submission["compiler_id"], inspector_id=tx.actor.id, noted_by=tx.actor.id, noted_at=now(),
        )  # fmt: skip
        await insert(tx.connection, note)

    async def send_back(self, actor: Actor, dossier_id: UUID, data: DossierReturn) -> DossierOut:
        """Return a dossier to its compiler with reasons, per entry where they are about one; the round is kept."""
        async with self._uow.begin(actor) as tx:
            row = await self._dossiers.stand(actor, "dossier.return", dossier_id, inside=tx.connection, lock=True)
            require_state("dossier.return", row["state"])
            submission = await repository.pending(tx.connection, dossier_id)
            await self._require_seen(tx.connection, actor, dossier_id, data)
            reasons = [reason.model_dump(mode="json") for reason in data.reasons]
            await repository.change_submission(
                tx.connection, submission["id"],
                {"state": "returned", "decided_by": actor.id, "decided_at": now(), "return_reasons": reasons},
            )  # fmt: skip
            await repository.set_state(tx.connection, dossier_id, "returned")
            # What a reason says of an entry is kept with the round; the event names the entries only.
            tx.record(
                DOSSIER_RETURNED, subject_of(row), was=row["state"], round=submission["round"], reasons=len(reasons),
                entry_ids=[reason["entry_id"] for reason in reasons if reason["entry_id"]],
            )  # fmt: skip
            return tx.result(await self._dossiers.shown(tx.connection, actor, dossier_id))

    async def _require_seen(self, connection: Connection, actor: Actor, dossier_id: UUID, data: DossierReturn) -> None:
        seen = await self._entries.seen(connection, actor, dossier_id)
        for index, reason in enumerate(data.reasons):
            if reason.entry_id is not None and reason.entry_id not in seen:
                raise Invalid.field(
                    f"/body/reasons/{index}/entry_id", "unknown_entry", "There is no such entry in this dossier",
                    "案卷内没有该材料",
                )  # fmt: skip


def _require_decisions(submission: Row) -> str:
    """Give the confirmed retention class; DecisionMissing when it, or the approval of a late filing, is missing."""
    if submission["late_reason"] is not None and submission["late_decision"] != "approve":
        refused = submission["late_decision"] == "refuse"
        raise DecisionMissing(
            "Late filing was refused: return the dossier" if refused else "Late filing must be approved first",
            "超期归档未获批准,请退回" if refused else "须先经超期归档审批",
        )
    retention: str | None = submission["confirmed_retention"]
    if retention is None:
        raise DecisionMissing("The retention class must be confirmed first", "须先审定保管期限")
    return retention
