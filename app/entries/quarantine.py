"""What the virus scanner said of a file, who lets one be read that it can't judge, and the infected ones in quarantine.

The security administrator, who sees no dossier, learns of what lies in quarantine by digest, size and signature, never
by name; a wall around it is one for him too. Its bytes go to him alone, with a reason, and recorded before the first
of them leaves.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from app.access.gate import Gate
from app.access.visibility import no_wall, no_wall_around_client, survivor
from app.auth.schemas import PersonRef
from app.core.actor import Actor, service_actor
from app.core.clock import now
from app.core.database import Connection, Database, Row, present
from app.core.errors import Conflict, Invalid
from app.core.pagination import Cursors, Page, PageRequest, SortKey, parse_uuid
from app.core.schema import Input, Output, Timestamp
from app.core.sql import Where
from app.core.text import Reason
from app.entries import repository
from app.entries.events import FILE_DAMAGED, FILE_RELEASED, FILE_VIEWED, QUARANTINE_LISTED, QUARANTINE_READ
from app.entries.files import file_subject
from app.entries.scanning import subject_of_object
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import Subject
from app.storage.delivery import Delivery
from app.storage.vault import Vault

_ORDER = (SortKey("s.id", "id", parse_uuid),)


class ScanOut(Output):
    """What is known of a file: `detail` is the signature, or why it can't be scanned; versions are the scanner's."""

    file_id: UUID
    scan: Literal["clean", "pending", "infected", "unscannable", "off"]
    detail: str | None
    engine: str | None
    database_version: int | None
    scanned_at: Timestamp | None
    released_at: Timestamp | None
    released_by: PersonRef | None
    release_reason: str | None


class ReleaseIn(Input):
    """Why a file that can't be scanned may be read all the same."""

    reason: Reason


class QuarantinedOut(Output):
    """An infected object, without a word of whose it is; `kind` is what it belongs to."""

    id: UUID
    kind: Literal["file", "verification", "consent", "conflict_check"]
    size: int
    sha256: str
    signature: str | None
    engine: str | None
    database_version: int | None
    scanned_at: Timestamp


class NotUnscannable(Conflict):
    """Only what the scanner can't look into is released; a virus never is."""

    code, title_en, title_zh = "not_unscannable", "Nothing to release", "无需或不得放行"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An infected object on its way to the security administrator."""

    id: UUID
    size: int
    sha256: str
    chunks: AbstractAsyncContextManager[AsyncIterator[bytes]]


class QuarantineService:
    """Tells verdicts, releases what can't be judged, gives out what is infected."""

    def __init__(
        self, database: Database, uow: UnitOfWork, recorder: Recorder, gate: Gate, cursors: Cursors, store: Vault
    ) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._cursors, self._store = cursors, store

    async def verdict(self, actor: Actor, file_id: UUID) -> ScanOut:
        """Tell what is known of a file to somebody who sees its entry."""
        row = await self._file(self._database, actor, "file.read", file_id)
        await self._recorder.read(actor, FILE_VIEWED, file_subject(row))
        return await self._told(self._database, row)

    async def release(self, actor: Actor, file_id: UUID, data: ReleaseIn) -> ScanOut:
        """Let a file be read that the scanner can't look into; NotUnscannable for any other."""
        async with self._uow.begin(actor) as tx:
            row = await self._file(tx.connection, actor, "file.release", file_id)
            key = row["object_key"]
            state = await tx.connection.fetchval("SELECT state FROM scans WHERE object_key = $1 FOR UPDATE", key)
            if state != "unscannable":
                raise NotUnscannable(
                    f"Only files that the scanner can't look into are released; this one is {state}",
                    "仅可放行无法扫描的文件",
                )
            await tx.connection.execute(
                "UPDATE scans SET released_at = $2, released_by = $3, release_reason = $4 WHERE object_key = $1",
                key, now(), actor.id, data.reason,
            )  # fmt: skip
            told = await self._told(tx.connection, row)
            tx.record(FILE_RELEASED, file_subject(row), reason=data.reason, detail=told.detail)
            return tx.result(told)

    async def page(self, actor: Actor, page: PageRequest) -> Page[QuarantinedOut]:
        """List infected objects in the order of their arrival."""
        await self._gate.require(actor, "quarantine.read", Subject("quarantine"))
        where = Where()
        where.add("s.state = 'infected'")
        where.conditions.append(_outside(f"{where.bind(actor.user_id)}::uuid"))
        order = page.apply(self._cursors, where, _ORDER)
        rows, cursor = page.page_of(
            self._cursors, await self._database.fetch(f"{_QUARANTINED} WHERE {where.text} {order}", *where.args), _ORDER
        )
        await self._recorder.read(
            actor, QUARANTINE_LISTED, Subject("quarantine"), returned=[str(row["id"]) for row in rows]
        )
        return Page(items=[QuarantinedOut.model_validate(dict(row)) for row in rows], next=cursor)

    async def content(self, actor: Actor, scan_id: UUID, reason: str | None) -> Quarantined:
        """Record, with its reason, that an infected object is taken out for a look, and open the way to its bytes.

        Raises NotFound (recorded) for what is not in quarantine, Invalid without a reason.
        """
        about = Subject("quarantine", scan_id)
        await self._gate.require(actor, "quarantine.read_content", about)
        row = await self._database.fetchrow(
            "SELECT s.object_key, s.size, s.sha256, s.detail FROM scans s WHERE s.id = $1 AND s.state = 'infected'"
            f" AND {_outside('$2::uuid')}",
            scan_id, actor.user_id,
        )  # fmt: skip
        if row is None:
            await self._gate.hide(actor, "quarantine.read_content", about, "not_quarantined")
        if reason is None:
            raise Invalid.field("/query/reason", "missing", "Say why it is taken out", "请说明提取理由")
        key, size, sha256 = row["object_key"], row["size"], row["sha256"]
        subject = await subject_of_object(self._database, key)
        # Whose it is must not stand in the reader's own event, which he may read; those whose it is are told apart.
        origin = actor.origin
        keeper = service_actor(origin.method, origin.route, origin.request_id)
        told = {"reason": reason, "signature": row["detail"], "size": size}
        await self._recorder.read(actor, QUARANTINE_READ, about, **told)
        await self._recorder.read(keeper, QUARANTINE_READ, subject, by=actor.display_name, **told)

        async def alarm(why: str) -> None:
            await self._recorder.failed(keeper, FILE_DAMAGED, subject, reason=why)

        return Quarantined(scan_id, size, sha256, Delivery(self._store, key, size, sha256, alarm).whole())

    async def _file(self, source: Connection | Database, actor: Actor, act: str, file_id: UUID) -> Row:
        row = await repository.find_file(source, actor, file_id)
        return await self._gate.judge(actor, act, file_subject(row) if row else Subject("file", file_id), row)

    async def _told(self, source: Connection | Database, file: Row) -> ScanOut:
        row = present(
            await source.fetchrow(
                "SELECT f.id AS file_id, coalesce(s.state, 'off') AS scan, s.detail, s.engine, s.database_version,"
                " s.scanned_at, s.released_at, s.released_by, s.release_reason, u.display_name"
                " FROM files f LEFT JOIN scans s ON s.object_key = f.object_key"
                " LEFT JOIN users u ON u.id = s.released_by WHERE f.id = $1",
                file["id"],
            )
        )
        released_by = row["released_by"] and {"id": row["released_by"], "display_name": row["display_name"]}
        return ScanOut.model_validate(
            {**{name: row[name] for name in ScanOut.model_fields}, "released_by": released_by}
        )


# An object belongs to one record; which kind of it is all that is told.
_QUARANTINED = """
SELECT s.id, s.size, s.sha256, s.detail AS signature, s.engine, s.database_version, s.scanned_at, CASE
 WHEN EXISTS (SELECT 1 FROM files f WHERE f.object_key = s.object_key) THEN 'file'
 WHEN EXISTS (SELECT 1 FROM client_verifications v WHERE v.copy_key = s.object_key) THEN 'verification'
 WHEN EXISTS (SELECT 1 FROM client_consents c WHERE c.copy_key = s.object_key) THEN 'consent'
 ELSE 'conflict_check' END AS kind FROM scans s
"""


def _outside(user: str) -> str:
    """Give the condition that no wall (信息隔离) keeps a user (a parameter's mark) from what object `s` belongs to."""
    around = no_wall_around_client(user, survivor("about.id"))
    checked = "conflict_consents h JOIN conflict_checks k ON k.id = h.check_id"
    everybody = "unnest(k.client_ids || k.about_client_ids) AS about(id)"
    belongings = (
        ("files f WHERE f.object_key", no_wall(user, "f.dossier_id")),
        ("client_verifications v, LATERAL (SELECT v.client_id) AS about(id) WHERE v.copy_key", around),
        ("client_consents c, LATERAL (SELECT c.client_id) AS about(id) WHERE c.copy_key", around),
        (f"{checked}, {everybody} WHERE h.key", around),
    )
    return " AND ".join(
        f"NOT EXISTS (SELECT 1 FROM {belonging} = s.object_key AND NOT ({outside}))"
        for belonging, outside in belongings
    )
