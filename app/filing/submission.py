"""Handing a dossier in (提交归档), and the decisions that filing waits for.

What stands in the way is told before anything is handed in: blocking findings refuse the submission, and nobody has to
find out from an archivist that a required paper is missing.
"""

from typing import Any, NoReturn
from uuid import UUID

from app.access.gate import Gate
from app.auth.roles import Role
from app.core.actor import Actor
from app.core.clock import now, today
from app.core.database import Connection, Database, Row, present
from app.core.errors import Conflict, FieldError, Invalid
from app.core.ids import new_id
from app.core.pagination import Page
from app.core.sql import insert
from app.dossiers.service import DossierService, subject_of
from app.dossiers.state import require_state
from app.entries.service import EntryService
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.filing import repository
from app.filing.check_model import FindingCode
from app.filing.check_schemas import Finding, Severity
from app.filing.check_service import FilingChecks
from app.filing.check_store import Looked
from app.filing.errors import FilingIncomplete, NotClosed, SamePerson
from app.filing.events import (
    DOSSIER_SUBMITTED,
    LATE_FILING_DECIDED,
    RETENTION_CONFIRMED,
    SUBMISSION_VIEWED,
    SUBMISSIONS_LISTED,
)
from app.filing.models import Submission
from app.filing.rules import FILING, FilingRules
from app.filing.schemas import LateDecision, RetentionConfirmation, SubmissionCreate, SubmissionOut
from app.rulebook.kinds import in_force, of_version

_OF_THE_WHOLE = frozenset({FindingCode.DATED_AFTER_CLOSING, FindingCode.PAGE_BREAK})


class SubmissionService:
    """Takes dossiers in for filing, and the decisions on them."""

    def __init__(
        self,
        database: Database,
        uow: UnitOfWork,
        recorder: Recorder,
        gate: Gate,
        dossiers: DossierService,
        entries: EntryService,
        checks: FilingChecks,
    ) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._dossiers, self._entries, self._checks = dossiers, entries, checks

    async def submit(self, actor: Actor, dossier_id: UUID, data: SubmissionCreate) -> SubmissionOut:
        """Hand a dossier in; from then on its content is frozen.

        Raises FilingIncomplete with what blocks, NotClosed, Invalid for a retention class that the firm does not have
        or a compiler who is not on the team, and without a reason when it is late.
        """
        await self._dossiers.stand(actor, "dossier.submit", dossier_id)
        looked = await self._checks.look_for(dossier_id)
        async with self._uow.begin(actor) as tx:
            row = await self._dossiers.stand(actor, "dossier.submit", dossier_id, inside=tx.connection, lock=True)
            require_state("dossier.submit", row["state"])
            dossier = await repository.dossier(tx.connection, dossier_id)
            if dossier["closed_on"] is None:
                raise NotClosed("Close the matter before handing its dossier in", "请先办理结案,再提交归档")
            rules = await in_force(tx.connection, FILING)
            _require_class(rules.body, data.retention)
            compiler = _compiler(dossier, data.compiler_id)
            late = today() > dossier["filing_due_on"]
            _require_reason(late, data.late_reason, dossier["filing_due_on"])
            await _require_counts(tx.connection, dossier_id, data)
            findings = await require_complete(self._checks, tx.connection, actor, dossier_id, looked)
            submission = Submission(
                id=new_id(), dossier_id=dossier_id, round=await repository.next_round(tx.connection, dossier_id),
                state="pending", submitted_by=actor.id, submitted_at=now(), compiler_id=compiler,
                proposed_retention=data.retention, retention_reason=data.retention_reason,
                declared_entries=data.declared_entries, declared_pages=data.declared_pages, note=data.note,
                rules_version=rules.version, due_on=dossier["filing_due_on"],
                late_reason=data.late_reason if late else None, findings=findings, return_reasons=[],
            )  # fmt: skip
            await insert(tx.connection, submission)
            await repository.set_state(tx.connection, dossier_id, "submitted")
            tx.record(
                DOSSIER_SUBMITTED, subject_of(row), was=row["state"],
                round=submission.round, submission_id=str(submission.id), compiler_id=str(compiler),
                retention=data.retention, late=late, late_reason=submission.late_reason, findings=len(findings),
            )  # fmt: skip
            kept = present(await repository.submission(tx.connection, dossier_id, submission.round))
            return tx.result((await self._shown(tx.connection, actor, dossier_id, [kept]))[0])

    async def decide_late(self, actor: Actor, dossier_id: UUID, data: LateDecision) -> SubmissionOut:
        """Approve or refuse a late filing (超期归档审批); decided once a round, and not by who handed it in."""
        async with self._uow.begin(actor) as tx:
            row, submission = await self._pending(actor, "dossier.decide_late", dossier_id, tx.connection)
            if submission["late_reason"] is None:
                raise Conflict("It was handed in within the deadline: there is nothing to approve", "未超期,无需审批")
            if submission["late_decision"] is not None:
                raise Conflict("This was decided already", "已作出审批")
            if actor.id == submission["submitted_by"]:
                await same_person(self._gate, actor, "dossier.decide_late", row)
            await repository.change_submission(
                tx.connection, submission["id"],
                {
                    "late_decision": data.decision, "late_decided_by": actor.id, "late_decided_at": now(),
                    "late_decision_reason": data.reason,
                },
            )  # fmt: skip
            tx.record(
                LATE_FILING_DECIDED, subject_of(row),
                round=submission["round"], **data.model_dump(),
            )  # fmt: skip
            return tx.result(await self._told(tx.connection, actor, submission))

    async def confirm_retention(self, actor: Actor, dossier_id: UUID, data: RetentionConfirmation) -> SubmissionOut:
        """Confirm the retention class (审定保管期限), as proposed or another; a later confirmation replaces it.

        The director does; where he proposed it himself, a partner.
        """
        async with self._uow.begin(actor) as tx:
            row, submission = await self._pending(actor, "dossier.confirm_retention", dossier_id, tx.connection)
            proposer: UUID = submission["submitted_by"]
            if actor.id == proposer:
                await same_person(self._gate, actor, "dossier.confirm_retention", row)
            if Role.DIRECTOR not in actor.roles and not await repository.is_director(tx.connection, proposer):
                await self._gate.forbid(actor, "dossier.confirm_retention", subject_of(row), "directors_own_only")
            rules = await of_version(tx.connection, FILING, submission["rules_version"])
            _require_class(rules.body, data.retention)
            await repository.change_submission(
                tx.connection, submission["id"],
                {
                    "confirmed_retention": data.retention, "retention_confirmed_by": actor.id,
                    "retention_confirmed_at": now(),
                },
            )  # fmt: skip
            tx.record(
                RETENTION_CONFIRMED, subject_of(row),
                round=submission["round"], proposed=submission["proposed_retention"],
                before=submission["confirmed_retention"], **data.model_dump(),
            )  # fmt: skip
            return tx.result(await self._told(tx.connection, actor, submission))

    async def _pending(self, actor: Actor, act: str, dossier_id: UUID, connection: Connection) -> tuple[Row, Row]:
        row = await self._dossiers.stand(actor, act, dossier_id, inside=connection, lock=True)
        require_state(act, row["state"])
        return row, await repository.pending(connection, dossier_id)

    async def all_of(self, actor: Actor, dossier_id: UUID) -> Page[SubmissionOut]:
        """Give all rounds of a dossier that the actor sees, oldest first."""
        dossier = await self._dossiers.stand(actor, "dossier.read", dossier_id)
        rows = await repository.submissions(self._database, dossier_id)
        items = await self._shown(self._database, actor, dossier_id, rows)
        await self._recorder.read(
            actor, SUBMISSIONS_LISTED, subject_of(dossier),
            returned=[str(row["id"]) for row in rows],
        )  # fmt: skip
        return Page(items=items)

    async def get(self, actor: Actor, dossier_id: UUID, round_: int) -> SubmissionOut:
        """Give one round of a dossier that the actor sees."""
        dossier = await self._dossiers.stand(actor, "dossier.read", dossier_id)
        subject = subject_of(dossier)
        row = await repository.submission(self._database, dossier_id, round_)
        if row is None:
            await self._gate.hide(actor, "dossier.read", subject, "no_such_round")
        (out,) = await self._shown(self._database, actor, dossier_id, [row])
        await self._recorder.read(actor, SUBMISSION_VIEWED, subject, round=round_)
        return out

    async def _told(self, connection: Connection, actor: Actor, submission: Row) -> SubmissionOut:
        """Give a round as this transaction has changed it."""
        dossier_id: UUID = submission["dossier_id"]
        row = present(await repository.submission(connection, dossier_id, submission["round"]))
        return (await self._shown(connection, actor, dossier_id, [row]))[0]

    async def _shown(
        self, source: Connection | Database, actor: Actor, dossier_id: UUID, rows: list[Row]
    ) -> list[SubmissionOut]:
        """Shape rounds of a dossier for the actor: what was found then only where a check would tell him the same."""
        seen = await self._entries.seen(source, actor, dossier_id)
        whole = await self._entries.sees_all(source, actor, dossier_id)
        codes = await self._checks.may_know(source, actor, dossier_id) if whole else frozenset[FindingCode]()
        return [submission_out(row, seen, [one for one in row["findings"] if one["code"] in codes]) for row in rows]


async def require_complete(
    checks: FilingChecks, connection: Connection, actor: Actor, dossier_id: UUID, looked: Looked
) -> list[dict[str, Any]]:
    """Give what the checks found as it is kept; FilingIncomplete when something blocks.

    Who does not read every entry is told that something blocks, and not what: it could be about what he does not see.
    """
    found, all_told = await checks.findings(connection, actor, dossier_id, looked)
    _require_none([one for one in found if one.severity is Severity.BLOCKING], all_told=all_told)
    names = {"code", "severity", "entry_id", "en", "zh"}
    return [one.model_dump(mode="json", include=names) for one in found]


async def require_sound(
    checks: FilingChecks, connection: Connection, actor: Actor, dossier_id: UUID, looked: Looked, new: set[UUID]
) -> None:
    """Raise FilingIncomplete when something of these entries blocks, which come into a filed dossier.

    Dates and page runs are those of the volumes that are bound already: what comes later lies after them.
    """
    found, all_told = await checks.findings(connection, actor, dossier_id, looked)
    blocking = [
        one for one in found
        if one.severity is Severity.BLOCKING and one.entry_id in new and one.code not in _OF_THE_WHOLE
    ]  # fmt: skip
    _require_none(blocking, all_told=all_told)


def _require_none(blocking: list[Finding], *, all_told: bool) -> None:
    if blocking:
        told = blocking if all_told else []
        raise FilingIncomplete(
            f"{len(told) or 'Some'} findings stand in the way of filing: see the filing check",
            f"有 {len(told) or '若干'} 项问题妨碍归档,详见归档前检查",
            errors=[FieldError(_pointer(one), one.code.value, one.en, one.zh) for one in told],
        )


def _pointer(finding: Finding) -> str:
    if finding.entry_id is not None:
        return f"/entries/{finding.entry_id}"
    return "/dossier" if finding.slot is None else f"/slots/{finding.slot}"


async def same_person(gate: Gate, actor: Actor, act: str, row: Row) -> NoReturn:
    """Refuse, and record, an act that another person must do."""
    error = SamePerson(f"{act} must be done by another person", "该操作须由他人办理")
    await gate.forbid(actor, act, subject_of(row), "same_person", error)


def _require_class(rules: FilingRules, code: str) -> None:
    known = [one.code for one in rules.retention_classes]
    if code not in known:
        raise Invalid.field(
            "/body/retention", "unknown_retention", f"The firm's retention classes are {', '.join(known)}",
            f"本所保管期限代码为 {'、'.join(known)}",
        )  # fmt: skip


def _compiler(dossier: Row, named: UUID | None) -> UUID:
    compiler: UUID = named or dossier["lead_lawyer_id"]
    if compiler not in dossier["team"]:
        raise Invalid.field(
            "/body/compiler_id",
            "not_on_team",
            "The compiler (立卷人) is on the dossier's team",
            "立卷人须为承办团队成员",
        )
    return compiler


def _require_reason(late: bool, reason: str | None, due: object) -> None:
    if late and reason is None:
        raise Invalid.field(
            "/body/late_reason", "late_reason_required", f"It was to be filed by {due}: say why it is late",
            f"归档期限为 {due},已超期,请填写原因",
        )  # fmt: skip


async def _require_counts(connection: Connection, dossier_id: UUID, data: SubmissionCreate) -> None:
    entries, pages = await repository.kept_counts(connection, dossier_id)
    for name, told, held in (
        ("declared_entries", data.declared_entries, entries), ("declared_pages", data.declared_pages, pages),
    ):  # fmt: skip
        if told is not None and told != held:
            raise Invalid.field(
                f"/body/{name}",
                "count_differs",
                f"The dossier holds {held}, not {told}",
                f"案卷内实有 {held},与所报 {told} 不符",
            )


def submission_out(row: Row, seen: set[UUID], findings: list[dict[str, Any]]) -> SubmissionOut:
    """Shape a submission for a reader who sees these entries and may know these findings."""
    plain = SubmissionOut.model_fields.keys() - {
        "submitted_by", "compiler", "late_decided_by", "retention_confirmed_by", "decided_by", "findings",
        "return_reasons",
    }  # fmt: skip
    known = {str(entry_id) for entry_id in seen}
    return SubmissionOut.model_validate(
        {
            **{name: row[name] for name in plain},
            "submitted_by": row["submitter"], "compiler": row["compiler"], "late_decided_by": row["late_decider"],
            "retention_confirmed_by": row["confirmer"], "decided_by": row["decider"],
            "findings": findings,
            "return_reasons": [
                one for one in row["return_reasons"] if one["entry_id"] is None or one["entry_id"] in known
            ],
        }
    )  # fmt: skip
