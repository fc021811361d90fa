"""Sealing of contents lists (封存卷内目录), and telling whether anything was changed behind a seal.

A seal keeps two canonical texts (RFC 8785): the contents list as anyone can recompute it, and the records that it
stands for: cover, entries, verdicts of reviews and the digests of all files. What the database holds later is written
the same way and compared, so a change made past the service shows. Source: domain/rules.md section 8 (14).
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import rfc8785

from app.core.clock import now
from app.core.database import Connection, Database, Row, present
from app.core.sql import insert
from app.entries import sealed_records
from app.entries.contents import canonical, digest_of
from app.entries.models import SealedList
from app.entries.schemas import ContentsOut, ContentsVolume
from app.events.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal just set: its version and both digests, `sha-256:` and hex."""

    version: int
    digest: str
    records_digest: str

    def trace(self) -> dict[str, Any]:
        """Give what the event of sealing says."""
        return {"seal_version": self.version, "digest": self.digest, "records_digest": self.records_digest}


async def seal(tx: Transaction, contents: ContentsOut, reason: str, supplement_id: UUID | None = None) -> Seal:
    """Seal an unmasked contents list with the records as they are now; the dossier's row is held already."""
    dossier_id = contents.dossier_id
    before = await newest(tx.connection, dossier_id)
    plain = [volume.model_dump(mode="json", exclude_unset=True) for volume in contents.volumes]
    listed = canonical(contents.number, plain)
    records = rfc8785.dumps(await sealed_records.gather(tx.connection, dossier_id))
    row = SealedList(
        dossier_id=dossier_id, version=before["version"] + 1 if before else 1, contents=listed,
        digest=digest_of(listed), records=records, records_digest=digest_of(records), reason=reason,
        supplement_id=supplement_id, sealed_by=tx.actor.id, sealed_at=now(),
    )  # fmt: skip
    await insert(tx.connection, row)
    return Seal(row.version, row.digest, row.records_digest)


async def newest(source: Connection | Database, dossier_id: UUID) -> Row | None:
    """Give the seal in force of a dossier; None before it was filed."""
    return await source.fetchrow(
        "SELECT * FROM sealed_lists WHERE dossier_id = $1 ORDER BY version DESC LIMIT 1", dossier_id
    )


async def one(source: Connection | Database, dossier_id: UUID, version: int) -> Row | None:
    """Give one version of a seal."""
    return await source.fetchrow(
        "SELECT s.*, u.display_name AS sealer_name FROM sealed_lists s JOIN users u ON u.id = s.sealed_by"
        " WHERE s.dossier_id = $1 AND s.version = $2",
        dossier_id,
        version,
    )


async def versions(source: Connection | Database, dossier_id: UUID) -> list[Row]:
    """Give all seals of a dossier, oldest first, without their bytes."""
    return await source.fetch(
        "SELECT s.version, s.digest, s.records_digest, s.reason, s.supplement_id, s.sealed_by, s.sealed_at,"
        " u.display_name AS sealer_name FROM sealed_lists s JOIN users u ON u.id = s.sealed_by"
        " WHERE s.dossier_id = $1 ORDER BY s.version",
        dossier_id,
    )


def volumes_of(row: Row) -> list[ContentsVolume]:
    """Give the volumes of a sealed list."""
    return [ContentsVolume.model_validate(volume) for volume in orjson.loads(row["contents"])["volumes"]]


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as it was sealed; of an entry, or of the seal or the cover itself (`entry_id` None)."""

    what: str
    entry_id: UUID | None
    sealed: Any
    found: Any


async def differences(source: Connection | Database, dossier_id: UUID) -> tuple[Row, list[Difference]]:
    """Compare the seal in force with its own digests, with its event, and with what the database holds now."""
    row = present(await newest(source, dossier_id))
    found = [
        Difference(name, None, row[name], digest_of(row[of]))
        for name, of in (("digest", "contents"), ("records_digest", "records"))
        if row[name] != digest_of(row[of])
    ]
    told = await source.fetchrow(
        "SELECT details ->> 'digest' AS digest, details ->> 'records_digest' AS records_digest FROM events"
        " WHERE dossier_id = $1 AND outcome = 'success' AND details ? 'seal_version'"
        " ORDER BY id DESC LIMIT 1",
        dossier_id,
    )
    for name in ("digest", "records_digest"):
        in_event = told[name] if told else None
        if in_event != row[name]:
            found.append(Difference(f"event_{name}", None, in_event, row[name]))
    held = await sealed_records.gather(source, dossier_id)
    return row, found + _compared(orjson.loads(row["records"]), orjson.loads(rfc8785.dumps(held)))


def _compared(sealed: dict[str, Any], held: dict[str, Any]) -> list[Difference]:
    found = [
        Difference(f"cover/{name}", None, sealed["cover"].get(name), held["cover"].get(name))
        for name in sorted({*sealed["cover"], *held["cover"]})
        if sealed["cover"].get(name) != held["cover"].get(name)
    ]
    before, after = ({entry["id"]: entry for entry in part["entries"]} for part in (sealed, held))
    for entry_id in sorted({*before, *after}):
        old, new = before.get(entry_id, {}), after.get(entry_id, {})
        found += [
            Difference(f"entry/{name}", UUID(entry_id), old.get(name), new.get(name))
            for name in sorted({*old, *new})
            if old.get(name) != new.get(name)
        ]
    return found
