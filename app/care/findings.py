"""Keeps what checks find: each finding with its event, once a run, until a later check finds it mended."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from app.care import repository
from app.care.events import FINDING_RESOLVED, OBJECT_CORRUPT, OBJECT_MISSING, ORPHANS_FOUND
from app.care.inspecting import Flaw
from app.care.models import IntegrityFinding
from app.care.schemas import FindingKind
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Database, Row
from app.core.ids import new_id
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import Subject
from app.storage.protocol import StoredObject

_log = structlog.get_logger()
_EVENTS = {FindingKind.MISSING: OBJECT_MISSING, FindingKind.CORRUPT: OBJECT_CORRUPT}


class Findings:
    """Notes and closes findings."""

    def __init__(self, database: Database, uow: UnitOfWork) -> None:
        self._database, self._uow = database, uow

    async def open_among(self, keys: Sequence[str]) -> dict[str, Row]:
        """Give the open findings of these objects, by key."""
        return await repository.open_among(self._database, keys)

    async def note(self, actor: Actor, run_id: UUID, flaw: Flaw, open_: Row | None) -> None:
        """Keep a flaw with its event, unless this run has done so already."""
        if open_ is not None and (open_["last_run_id"], open_["kind"]) == (run_id, flaw.kind.value):
            return
        kept = flaw.kept
        finding = IntegrityFinding(
            id=new_id(), run_id=run_id, last_run_id=run_id, kind=flaw.kind.value, object_key=kept.key,
            subject_type=kept.kind, subject_id=kept.id, dossier_id=kept.dossier_id, entry_id=kept.entry_id,
            detail=flaw.detail, found_at=(moment := now()), last_found_at=moment,
        )  # fmt: skip
        async with self._uow.begin(actor) as tx:
            found_at = await repository.note(tx.connection, finding)
            tx.record(
                _EVENTS[flaw.kind], Subject(kept.kind, kept.id, None, kept.dossier_id, kept.entry_id),
                run_id=run_id, key=kept.key, reason=flaw.detail, first_found_at=found_at,
            )  # fmt: skip
        _log.error("stored object is not whole", key=kept.key, kind=flaw.kind.value, detail=flaw.detail)

    async def note_orphans(
        self, actor: Actor, run_id: UUID, orphans: Sequence[StoredObject], open_: dict[str, Row]
    ) -> None:
        """Keep orphans that this run has not come upon yet, with one event."""
        known = {key for key, row in open_.items() if row["last_run_id"] == run_id}
        fresh = [orphan for orphan in orphans if orphan.key not in known]
        if not fresh:
            return
        async with self._uow.begin(actor) as tx:
            for orphan in fresh:
                finding = IntegrityFinding(
                    id=new_id(), run_id=run_id, last_run_id=run_id, kind=FindingKind.ORPHAN.value,
                    object_key=orphan.key, subject_type="storage", found_at=(moment := now()), last_found_at=moment,
                    detail=f"{max(orphan.size, 0)} bytes",
                )  # fmt: skip
                await repository.note(tx.connection, finding)
            tx.record(ORPHANS_FOUND, Subject("storage"), run_id=run_id, keys=[orphan.key for orphan in fresh])

    async def resolve(self, actor: Actor, run_id: UUID, finding: Row, reason: str) -> None:
        """Close a finding that no longer holds; `reason` is sound, gone or kept."""
        subject = Subject(
            finding["subject_type"], finding["subject_id"], None, finding["dossier_id"], finding["entry_id"]
        )
        async with self._uow.begin(actor) as tx:
            await repository.resolve(tx.connection, [finding["object_key"]], now())
            tx.record(
                FINDING_RESOLVED, subject, run_id=run_id, key=finding["object_key"], was=finding["kind"], reason=reason
            )
