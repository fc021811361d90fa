"""Conclusions of conflict checks, by people: every hit judged, once, and never changed.

An absolute conflict can't be waived; a relative one only with the signed informed consent, by a partner or the director
who did not make the check. What somebody may not know of is judged by who may. Source: domain/rules.md 5.2, 6, 8 (1).
"""

from collections.abc import Sequence
from uuid import UUID

from app.access.acts import powers
from app.access.gate import Gate
from app.auth.roles import Role
from app.conflicts import repository
from app.conflicts.errors import CheckConcluded, CheckIncomplete, ReferralJudged, ReferralNeeded
from app.conflicts.events import CONFLICT_CONCLUDED, CONFLICT_REFERRAL_JUDGED
from app.conflicts.models import ConflictConclusion, ConflictJudgement, ConflictReferral
from app.conflicts.schemas import CheckMade, ConclusionCreate, Judgement, Outcome, ReferralCreate
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Connection, Row, present
from app.core.errors import Invalid
from app.core.sql import insert
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import Subject


class ConclusionService:
    """Concludes checks and judges what was referred."""

    def __init__(self, uow: UnitOfWork, gate: Gate) -> None:
        self._uow, self._gate = uow, gate

    async def conclude(self, actor: Actor, check_id: UUID, data: ConclusionCreate) -> CheckMade:
        """Conclude a check.

        Raises CheckConcluded, ReferralNeeded while what the actor may not know of is not judged, CheckIncomplete,
        Invalid where hits are left out or the conclusion does not follow, Forbidden for a waiver by the wrong person.
        """
        subject = Subject("conflict_check", check_id)
        async with self._uow.begin(actor) as tx:
            check = await self._held(tx.connection, actor, "conflict.conclude", check_id)
            if check["conclusion"] is not None:
                raise CheckConcluded("This check is concluded: make a new one", "该审查已有结论,请重新审查")
            hits = await repository.hits(tx.connection, actor, [check_id])
            seen = {hit["id"]: hit for hit in hits if hit["sees"]}
            _require_all(data, seen)
            referred = [hit for hit in hits if not hit["sees"]]
            if referred and (check["referral"] is None or not all(hit["hidden"] for hit in referred)):
                raise ReferralNeeded(
                    "Something here has to be judged by the director or the security administrator first",
                    "有事项须先由主任或保密管理员判断",
                )
            await self._require_telling(actor, subject, check, data, seen)
            judged = {hit.hit_id: hit.judgement for hit in data.hits}
            if referred:
                judged[check["refer_id"]] = Judgement(check["referral"])
            await self._require_follows(tx.connection, actor, check, data, judged)
            await _write(tx.connection, actor, check_id, data)
            tx.record(CONFLICT_CONCLUDED, subject, conclusion=data.conclusion.value, reason=data.reason)
            return tx.result(CheckMade(id=check_id))

    async def _require_telling(
        self, actor: Actor, subject: Subject, check: Row, data: ConclusionCreate, seen: dict[UUID, Row]
    ) -> None:
        """Let nobody make less of an absolute conflict: it is none, by a second person, or it stays one."""
        for index, hit in enumerate(data.hits):
            if seen[hit.hit_id]["rule_kind"] != Judgement.ABSOLUTE or hit.judgement is Judgement.ABSOLUTE:
                continue
            if hit.judgement is Judgement.RELATIVE:
                raise Invalid.field(
                    f"/body/hits/{index}/judgement", "absolute_by_rule",
                    "By the firm's rules this is absolute, or no conflict at all", "按规则此为绝对冲突,否则不构成冲突",
                )  # fmt: skip
            await self._require_second(actor, subject, check)

    async def _require_second(self, actor: Actor, subject: Subject, check: Row) -> None:
        await self._gate.require(actor, "conflict.waive", subject)
        if check["made_by"] == actor.id:
            await self._gate.forbid(actor, "conflict.waive", subject, "maker")

    async def _require_follows(
        self, connection: Connection, actor: Actor, check: Row, data: ConclusionCreate, judged: dict[UUID, Judgement]
    ) -> None:
        """Let a conclusion pass that follows from what was judged; that there is a conflict can always be said."""
        if data.conclusion is Outcome.CONFLICT:
            return
        if Judgement.ABSOLUTE in judged.values():
            raise _wrong("absolute_not_waivable", "An absolute conflict can't be waived", "绝对冲突不得豁免")
        relative = [hit_id for hit_id, judgement in judged.items() if judgement is Judgement.RELATIVE]
        if check["incomplete"]:
            raise CheckIncomplete(
                "A name was found too often to tell: make a check with fuller names",
                "名称命中过多,请以更完整的名称重新审查",
            )
        if data.conclusion is Outcome.CLEAR:
            if relative:
                raise _wrong("relative_needs_waiver", "A relative conflict needs a waiver", "相对冲突须经豁免")
            return
        if not relative:
            raise _wrong("nothing_to_waive", "There is no conflict to waive", "没有可豁免的冲突")
        await self._require_second(actor, Subject("conflict_check", check["id"]), check)
        signed = {row["hit_id"] for row in await repository.consents(connection, [check["id"]])}
        if any(hit_id not in signed for hit_id in relative):
            raise _wrong(
                "consent_missing", "Each relative conflict needs the signed informed consent, stored with the check",
                "每项相对冲突须先保存已签署的知情同意书",
            )  # fmt: skip

    async def judge_referral(self, actor: Actor, check_id: UUID, data: ReferralCreate) -> CheckMade:
        """Judge what the maker of a check may not know of; the director only where he sees all of it himself.

        Raises ReferralJudged when there is nothing to judge (any more), Forbidden for the maker himself.
        """
        subject = Subject("conflict_check", check_id)
        async with self._uow.begin(actor) as tx:
            check = await self._held(tx.connection, actor, "conflict.judge_referral", check_id)
            hits = [hit for hit in await repository.hits(tx.connection, actor, [check_id]) if hit["hidden"]]
            if not hits or check["referral"] is not None or check["conclusion"] is not None:
                raise ReferralJudged("There is nothing here to judge", "没有待判断的转交事项")
            if check["made_by"] == actor.id:
                await self._gate.forbid(actor, "conflict.judge_referral", subject, "maker")
            if Role.SECURITY_ADMIN not in powers(actor.roles) and not all(_wholly(hit) for hit in hits):
                await self._gate.forbid(actor, "conflict.judge_referral", subject, "refer")
            await insert(
                tx.connection,
                ConflictReferral(
                    check_id=check_id, judgement=data.judgement.value, reason=data.reason, judged_by=actor.id,
                    judged_at=now(),
                ),
            )  # fmt: skip
            # Without the reason, which may tell what the event's readers are kept from.
            tx.record(CONFLICT_REFERRAL_JUDGED, subject, judgement=data.judgement.value)
            return tx.result(CheckMade(id=check_id))

    async def _held(self, connection: Connection, actor: Actor, act: str, check_id: UUID) -> Row:
        row = await repository.find(connection, actor, check_id)
        await self._gate.judge(actor, act, Subject("conflict_check", check_id), row)
        await repository.hold(connection, check_id)
        return present(await repository.find(connection, actor, check_id))


def _wholly(hit: Row) -> bool:
    return hit["sees"] and len(hit["dossiers"] or ()) == len(hit["dossier_ids"])


def _wrong(code: str, en: str, zh: str) -> Invalid:
    return Invalid.field("/body/conclusion", code, en, zh)


def _require_all(data: ConclusionCreate, seen: dict[UUID, Row]) -> None:
    """Raise Invalid unless each hit that the actor sees is judged, and no other."""
    for index, hit in enumerate(data.hits):
        if hit.hit_id not in seen:
            raise Invalid.field(f"/body/hits/{index}/hit_id", "unknown_hit", "There is no such hit", "没有该命中项")
    if len(data.hits) < len(seen):
        raise Invalid.field("/body/hits", "hits_not_judged", "Every hit has to be judged", "每个命中项均须判断")


async def _write(connection: Connection, actor: Actor, check_id: UUID, data: ConclusionCreate) -> None:
    conclusion = ConflictConclusion(
        check_id=check_id, conclusion=data.conclusion.value, reason=data.reason, concluded_by=actor.id,
        concluded_at=now(),
    )  # fmt: skip
    rows: Sequence[ConflictJudgement] = [
        ConflictJudgement(hit_id=hit.hit_id, check_id=check_id, judgement=hit.judgement.value, reason=hit.reason)
        for hit in data.hits
    ]
    await insert(connection, conclusion)
    await insert(connection, *rows)
