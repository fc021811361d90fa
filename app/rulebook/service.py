"""Reads rules and puts new versions into force."""

from app.access.gate import Gate
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Database, Row, present
from app.core.etag import require_match
from app.core.sql import insert
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import Subject
from app.rulebook.events import RULES_CHANGED, RULES_VIEWED
from app.rulebook.kinds import RuleKind, RulesIn, RulesOut, T, newest, one
from app.rulebook.models import RuleVersion


class Rulebook:
    """The firm's rules of all kinds."""

    def __init__(self, database: Database, uow: UnitOfWork, recorder: Recorder, gate: Gate) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate

    async def get(self, actor: Actor, kind: RuleKind[T], version: int | None = None) -> RulesOut[T]:
        """Give the rules of a kind in force, or in an earlier version; NotFound (recorded) for one that never was."""
        row = await (newest(self._database, kind.name) if version is None else one(self._database, kind.name, version))
        row = await self._gate.judge(actor, "rule.read", Subject("rule", label=kind.name), row)
        await self._recorder.read(actor, RULES_VIEWED, _subject(kind, row["version"]))
        return _out(kind, row)

    async def change(self, actor: Actor, kind: RuleKind[T], data: RulesIn[T], if_match: str | None) -> RulesOut[T]:
        """Put a new version into force; what was done under earlier ones stays as it is."""
        await self._gate.require(actor, "rule.change", Subject("rule", label=kind.name))
        async with self._uow.begin(actor) as tx:
            await tx.connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 19))", kind.name)
            before = _out(kind, present(await newest(tx.connection, kind.name)))
            require_match(if_match, before)
            body = data.body.model_dump(mode="json")
            row = RuleVersion(
                kind=kind.name, version=before.version + 1, body=body, source=data.source, verified=data.verified,
                changed_by=actor.id, changed_at=now(),
            )  # fmt: skip
            await insert(tx.connection, row)
            after = _out(kind, present(await newest(tx.connection, kind.name)))
            tx.record(
                RULES_CHANGED, _subject(kind, after.version),
                old=before.model_dump(mode="json"), new=after.model_dump(mode="json"),
            )  # fmt: skip
            return tx.result(after)


def _subject(kind: RuleKind[T], version: int) -> Subject:
    return Subject("rule", label=f"{kind.name}/{version}")


def _out(kind: RuleKind[T], row: Row) -> RulesOut[T]:
    return RulesOut[kind.model].model_validate(dict(row))  # type: ignore[name-defined]
