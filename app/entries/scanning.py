"""The scanner's list, worked off in the background: objects that wait for a verdict, then those with an old one.

A verdict is what the scanner said of all bytes of an object, whose digest was right; whatever goes wrong on the way
leaves the object as it was, for a later try. Never takes silence, an error or a part of the bytes for clean.
"""

import asyncio
import time
from datetime import timedelta
from uuid import UUID

import structlog

from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Connection, Database, Row, present
from app.core.errors import AppError
from app.entries.events import FILE_SCANNED
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import Subject
from app.storage.delivery import Delivery
from app.storage.errors import ObjectCorrupt, ObjectMissing
from app.storage.scanner import ClamScanner, Judgement, ScannerUnavailable, ScannerVersion, Verdict
from app.storage.vault import Vault

_log = structlog.get_logger()
_AT_ONCE = 4
_BACK_OFF_SECONDS, _LONGEST_BACK_OFF_SECONDS = 5, 3600
# So often the scanner may say that it failed at a file, before the file is taken for one that it can't look into.
_MOST_ERRORS = 5
_COLUMNS = "id, object_key, size, sha256, state, tries"
# What has just come goes before what was there when scanning was begun.
_WAITING = f"""
SELECT {_COLUMNS} FROM scans WHERE state IN ('pending', 'off') AND next_try_at <= now()
ORDER BY state DESC, next_try_at LIMIT $1
"""
# Verdicts by another database, the oldest first. What is too large for the scanner stays so whatever its signatures.
_OUTDATED = f"""
SELECT {_COLUMNS} FROM scans WHERE state IN ('clean', 'infected', 'unscannable') AND next_try_at <= now()
 AND size <= $3 AND database_version {{}} $2 ORDER BY database_version, scanned_at, id LIMIT $1
"""
_BELONGS = """
SELECT 'file' AS type, f.id, e.title AS label, f.dossier_id, f.entry_id
FROM files f JOIN entries e ON e.id = f.entry_id WHERE f.object_key = $1
UNION ALL SELECT 'verification', v.id, c.name, NULL, NULL
FROM client_verifications v JOIN clients c ON c.id = v.client_id WHERE v.copy_key = $1
UNION ALL SELECT 'consent', k.id, c.name, NULL, NULL
FROM client_consents k JOIN clients c ON c.id = k.client_id WHERE k.copy_key = $1
UNION ALL SELECT 'conflict_check', h.check_id, NULL, NULL, NULL FROM conflict_consents h WHERE h.key = $1
"""


async def subject_of_object(source: Connection | Database, key: str) -> Subject:
    """Tell what an object of the store belongs to."""
    row = present(await source.fetchrow(_BELONGS, key))
    return Subject(row["type"], row["id"], row["label"], row["dossier_id"], row["entry_id"])


class _Allowance:
    """How many more may be done: `per_minute` at once, and as many again each minute."""

    def __init__(self, per_minute: int) -> None:
        self._most, self._left, self._looked_at = float(per_minute), float(per_minute), time.monotonic()

    def room(self, wanted: int) -> int:
        """Tell how many of `wanted` may be done now."""
        moment = time.monotonic()
        self._left = min(self._most, self._left + (moment - self._looked_at) * self._most / 60)
        self._looked_at = moment
        return min(wanted, int(self._left))

    def use(self, done: int) -> None:
        """Count what is done."""
        self._left -= done


class ScanQueue:
    """Works the list off. One process at a time does; several would only ask the scanner twice.

    `largest` is the size in bytes up to which the scanner looks into a file whole; it says clean of larger ones unless
    it is set up otherwise, so they are not shown to it. `again_per_minute` bounds what is judged anew.
    """

    def __init__(
        self,
        database: Database,
        uow: UnitOfWork,
        store: Vault,
        scanner: ClamScanner,
        *,
        largest: int,
        again_per_minute: int,
    ) -> None:
        self._database, self._uow, self._store, self._scanner = database, uow, store, scanner
        self._largest, self._again = largest, _Allowance(again_per_minute)

    async def work(self, actor: Actor) -> int:
        """Judge all that waits, then as much of what was judged by other signatures as is due; give the number.

        Raises ScannerUnavailable and StoreUnavailable; what was judged until then stays judged.
        """
        version, judged = await self._scanner.version(), 0
        while rows := await self._database.fetch(_WAITING, _AT_ONCE) or await self._outdated(version):
            # Before each batch, so that a verdict never claims newer signatures than it was made by.
            version = await self._scanner.version()
            told = await asyncio.gather(*(self._one(actor, row, version) for row in rows), return_exceptions=True)
            judged += sum(one is True for one in told)
            if failure := next((one for one in told if isinstance(one, BaseException)), None):
                raise failure
        return judged

    async def _outdated(self, version: ScannerVersion) -> list[Row]:
        room = self._again.room(_AT_ONCE)
        found: list[Row] = []
        for sign in ("<", ">"):
            if room > len(found):
                statement = _OUTDATED.format(sign)
                found += await self._database.fetch(statement, room - len(found), version.database, self._largest)
        self._again.use(len(found))
        return found

    async def _one(self, actor: Actor, row: Row, version: ScannerVersion) -> bool:
        """Judge one object; tell whether there is a verdict."""
        verdict = Verdict(Judgement.UNSCANNABLE, f"larger than {self._largest} bytes (ANJUAN_CLAMAV_MAX_BYTES)")
        try:
            if row["size"] <= self._largest:
                async with Delivery(self._store, row["object_key"], row["size"], row["sha256"]).whole() as chunks:
                    verdict = await self._scanner.scan(chunks)
        except (ScannerUnavailable, ObjectMissing, ObjectCorrupt) as error:
            # Also when the scanner is down: it may have died of this very file, and others must have their turn.
            await self._put_off(row, error)
            return False
        if verdict.judgement is Judgement.ERROR:
            if row["tries"] + 1 < _MOST_ERRORS:
                await self._put_off(row, verdict.detail)
                return False
            verdict = Verdict(Judgement.UNSCANNABLE, verdict.detail)
        await self._keep(actor, row["id"], row["object_key"], verdict, version)
        return True

    async def _put_off(self, row: Row, why: AppError | str | None) -> None:
        _log.warning("file not scanned", key=row["object_key"], tries=row["tries"] + 1, reason=str(why))
        seconds = min(_LONGEST_BACK_OFF_SECONDS, _BACK_OFF_SECONDS << min(row["tries"], 10))
        await self._database.execute(
            "UPDATE scans SET tries = tries + 1, next_try_at = $2 WHERE id = $1",
            row["id"], now() + timedelta(seconds=seconds),
        )  # fmt: skip

    async def _keep(self, actor: Actor, id_: UUID, key: str, verdict: Verdict, version: ScannerVersion) -> None:
        async with self._uow.begin(actor) as tx:
            before = await tx.connection.fetchval("SELECT state FROM scans WHERE id = $1 FOR UPDATE", id_)
            await tx.connection.execute(
                "UPDATE scans SET state = $2, detail = $3, engine = $4, database_version = $5, scanned_at = $6,"
                " tries = 0, next_try_at = $6 WHERE id = $1",
                id_, verdict.judgement.value, verdict.detail, version.engine, version.database, now(),
            )  # fmt: skip
            tx.record(
                FILE_SCANNED, await subject_of_object(tx.connection, key), verdict=verdict.judgement.value,
                before=before, detail=verdict.detail, engine=version.engine, database_version=version.database,
            )  # fmt: skip
