"""Signed informed consents (知情同意书) to relative conflicts: stored once with the check, never replaced."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from uuid import UUID

from app.access.gate import Gate
from app.clients.schemas import CopyOut
from app.conflicts import repository
from app.conflicts.errors import CheckConcluded
from app.conflicts.events import CONSENT_ADDED, CONSENT_READ, CONSENT_REJECTED
from app.conflicts.models import ConflictConsent
from app.conflicts.showing import refers
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Database, Row
from app.core.errors import AppError, Conflict
from app.core.sql import insert
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import Subject
from app.storage.delivery import Delivery
from app.storage.intake import Incoming, Received, forget, receive
from app.storage.keeping import KeptRows
from app.storage.scans import ScanPolicy
from app.storage.segments import Owner, OwnerKind
from app.storage.vault import Vault


@dataclass(frozen=True, slots=True)
class ConsentDelivery:
    """A consent on its way out; `warning` as in `ScanPolicy.judge`."""

    copy: CopyOut
    warning: str | None
    chunks: AbstractAsyncContextManager[AsyncIterator[bytes]]


class ConsentService:
    """Keeps signed consents."""

    def __init__(
        self,
        database: Database,
        uow: UnitOfWork,
        recorder: Recorder,
        gate: Gate,
        store: Vault,
        upload_limit: int,
        scans: ScanPolicy,
    ) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._store, self._upload_limit, self._scans = store, upload_limit, scans
        self.keeper = KeptRows(database, repository.KEPT)

    async def add(self, actor: Actor, check_id: UUID, hit_id: UUID, incoming: Incoming) -> None:
        """Store the consent to a hit that the actor sees, or to what is referred; once, and before the conclusion."""
        check = await self._check(actor, "conflict.consent", check_id, hit_id)
        _require_open(check)
        if await self._find(check_id, hit_id) is not None:
            raise _has_consent()
        subject = Subject("conflict_check", check_id)
        try:
            received = await receive(
                self._store, incoming, self._upload_limit, Owner(OwnerKind.CONFLICT_CHECK, check_id)
            )
        except AppError as error:
            await self._recorder.failed(actor, CONSENT_REJECTED, subject, hit_id=hit_id, reason=error.code)
            raise
        try:
            await self._keep(actor, check_id, hit_id, received)
        except AppError as error:
            await forget(self._store, received, error)
            raise

    async def _keep(self, actor: Actor, check_id: UUID, hit_id: UUID, received: Received) -> None:
        async with self._uow.begin(actor) as tx:
            await repository.hold(tx.connection, check_id)
            check = await repository.find(tx.connection, actor, check_id)
            subject = Subject("conflict_check", check_id)
            _require_open(await self._gate.judge(actor, "conflict.consent", subject, check))
            if any(row["hit_id"] == hit_id for row in await repository.consents(tx.connection, [check_id])):
                raise _has_consent()
            await insert(
                tx.connection,
                ConflictConsent(
                    check_id=check_id, hit_id=hit_id, added_by=actor.id, added_at=now(), key=received.key,
                    original_name=received.original_name, media_type=received.media_type, size=received.size,
                    sha256=received.sha256,
                ),
            )  # fmt: skip
            await self._scans.expect(tx.connection, received)
            tx.record(CONSENT_ADDED, subject, hit_id=hit_id, size=received.size, sha256=received.sha256)

    async def read(self, actor: Actor, check_id: UUID, hit_id: UUID) -> ConsentDelivery:
        """Record the reading of a consent and give the way to its bytes."""
        await self._check(actor, "conflict.read_consent", check_id, hit_id)
        subject = Subject("conflict_check", check_id)
        row = await self._find(check_id, hit_id)
        if row is None:
            await self._gate.hide(actor, "conflict.read_consent", subject, "no_consent")
        try:
            warning = await self._scans.admit(self._database, row["key"])
        except AppError as error:
            await self._recorder.failed(actor, CONSENT_READ, subject, hit_id=hit_id, reason=error.code)
            raise
        await self._recorder.read(actor, CONSENT_READ, subject, hit_id=hit_id, size=row["size"])
        copy = CopyOut.model_validate({name: row[name] for name in CopyOut.model_fields})
        return ConsentDelivery(copy, warning, Delivery(self._store, row["key"], copy.size, copy.sha256).whole())

    async def _find(self, check_id: UUID, hit_id: UUID) -> Row | None:
        rows = await repository.consents(self._database, [check_id])
        return next((row for row in rows if row["hit_id"] == hit_id), None)

    async def _check(self, actor: Actor, act: str, check_id: UUID, hit_id: UUID) -> Row:
        """Give a check with such a hit, both of which the actor sees."""
        subject = Subject("conflict_check", check_id)
        check = await self._gate.judge(actor, act, subject, await repository.find(self._database, actor, check_id))
        hits = await repository.hits(self._database, actor, [check_id])
        ids = {hit["id"] for hit in hits if hit["sees"]} | ({check["refer_id"]} if refers(hits) else set())
        if hit_id not in ids:
            await self._gate.hide(actor, act, subject, "no_hit")
        return check


def _require_open(check: Row) -> None:
    if check["conclusion"] is not None:
        raise CheckConcluded("This check is concluded: nothing is added to it", "该审查已有结论,不能再补充")


def _has_consent() -> Conflict:
    return Conflict("This hit has its consent, which is not replaced", "该命中项已有知情同意书,不得替换")
