"""SQL of the checks."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.care.models import IntegrityFinding, IntegrityRun
from app.care.schemas import Counts
from app.core.database import Connection, Database, Row
from app.core.sql import Where, insert

_DAMAGED_AGAIN = timedelta(days=1)


async def unfinished(database: Database, kind: str) -> Row | None:
    """Give the run of a kind that goes on or was broken off."""
    return await database.fetchrow("SELECT * FROM integrity_runs WHERE kind = $1 AND finished_at IS NULL", kind)


async def begin(database: Database, run: IntegrityRun) -> None:
    """Note a new run; gives up an unfinished one of its kind."""
    async with database.connection() as connection, connection.transaction():
        await connection.execute(
            "UPDATE integrity_runs SET finished_at = $2, updated_at = $2, abandoned = TRUE"
            " WHERE kind = $1 AND finished_at IS NULL",
            run.kind, run.started_at,
        )  # fmt: skip
        await insert(connection, run)


async def advance(database: Database, run_id: UUID, position: str, counts: Counts, moment: datetime) -> None:
    """Note how far a run has come."""
    await database.execute(
        "UPDATE integrity_runs SET position = $2, counts = $3, updated_at = $4 WHERE id = $1",
        run_id, position, asdict(counts), moment,
    )  # fmt: skip


async def finish(connection: Connection, run_id: UUID, counts: Counts, moment: datetime) -> None:
    """Note the end of a run."""
    await connection.execute(
        "UPDATE integrity_runs SET counts = $2, updated_at = $3, finished_at = $3 WHERE id = $1",
        run_id, asdict(counts), moment,
    )  # fmt: skip


async def last_runs(database: Database, limit: int) -> list[Row]:
    """Give the newest runs."""
    return await database.fetch("SELECT * FROM integrity_runs ORDER BY id DESC LIMIT $1", limit)


async def open_among(database: Database, keys: Sequence[str]) -> dict[str, Row]:
    """Give the open findings of these objects, by key."""
    rows = await database.fetch(
        "SELECT * FROM integrity_findings WHERE resolved_at IS NULL AND object_key = ANY($1)", list(keys)
    )
    return {row["object_key"]: row for row in rows}


async def open_elsewhere(database: Database, run_id: UUID, after: UUID, limit: int) -> list[Row]:
    """Give open findings that a run has not come upon, by id."""
    return await database.fetch(
        "SELECT * FROM integrity_findings WHERE resolved_at IS NULL AND last_run_id <> $1 AND id > $2"
        " ORDER BY id LIMIT $3",
        run_id, after, limit,
    )  # fmt: skip


async def note(connection: Connection, finding: IntegrityFinding) -> datetime:
    """Keep a finding, as the one that is open of its object; give when that was first found."""
    found_at: datetime = await connection.fetchval(
        "INSERT INTO integrity_findings (id, run_id, last_run_id, kind, object_key, subject_type, subject_id,"
        " dossier_id, entry_id, detail, found_at, last_found_at)"
        " VALUES ($1, $2, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)"
        " ON CONFLICT (object_key) WHERE resolved_at IS NULL DO UPDATE SET last_run_id = excluded.last_run_id,"
        " kind = excluded.kind, subject_type = excluded.subject_type, subject_id = excluded.subject_id,"
        " dossier_id = excluded.dossier_id, entry_id = excluded.entry_id, detail = excluded.detail,"
        " last_found_at = excluded.last_found_at RETURNING found_at",
        finding.id, finding.run_id, finding.kind, finding.object_key, finding.subject_type, finding.subject_id,
        finding.dossier_id, finding.entry_id, finding.detail, finding.found_at,
    )  # fmt: skip
    return found_at


async def resolve(source: Connection | Database, keys: Sequence[str], moment: datetime) -> None:
    """Close the open findings of these objects."""
    await source.execute(
        "UPDATE integrity_findings SET resolved_at = $2 WHERE object_key = ANY($1) AND resolved_at IS NULL",
        list(keys), moment,
    )  # fmt: skip


async def open_counts(database: Database) -> dict[str, int]:
    """Count open findings by kind."""
    rows = await database.fetch(
        "SELECT kind, count(*) AS findings FROM integrity_findings WHERE resolved_at IS NULL GROUP BY kind"
    )
    return {row["kind"]: row["findings"] for row in rows}


async def open_findings(database: Database, where: Where, in_sight: str, limit: int) -> list[Row]:
    """Give the oldest open findings, with the dossier where `in_sight` lets the reader know of it."""
    where.conditions.append("f.resolved_at IS NULL")
    return await database.fetch(
        "SELECT f.id, f.kind, f.object_key, f.subject_type, f.detail, f.found_at, f.last_found_at,"
        f" CASE WHEN {in_sight} THEN f.dossier_id END AS dossier_id FROM integrity_findings f"
        f" WHERE {where.text} ORDER BY f.found_at, f.id LIMIT {where.bind(limit)}",
        *where.args,
    )


async def open_by_key(database: Database, limit: int) -> list[Row]:
    """Give open findings, by key."""
    return await database.fetch(
        "SELECT * FROM integrity_findings WHERE resolved_at IS NULL ORDER BY object_key LIMIT $1", limit
    )


Checked = tuple[str, int, str]
"""Key, size and outcome of an object that was read."""


async def keep_checks(database: Database, checked: Sequence[Checked], moment: datetime) -> None:
    """Note that objects were read whole, and what came of it."""
    await database.execute(
        "INSERT INTO object_checks (object_key, size, noted_at, checked_at, outcome)"
        " SELECT c.key, c.size, $4, $4, c.outcome"
        " FROM unnest($1::text[], $2::bigint[], $3::text[]) AS c(key, size, outcome) ON CONFLICT (object_key)"
        " DO UPDATE SET size = excluded.size, checked_at = excluded.checked_at, outcome = excluded.outcome",
        *([one[part] for one in checked] for part in range(3)), moment,
    )  # fmt: skip


async def expect(database: Database, keys: Sequence[str], sizes: Sequence[int], moment: datetime) -> None:
    """Note objects that are to be read; those that are noted already stay as they are."""
    await database.execute(
        "INSERT INTO object_checks (object_key, size, noted_at)"
        " SELECT c.key, c.size, $3 FROM unnest($1::text[], $2::bigint[]) AS c(key, size) ON CONFLICT DO NOTHING",
        list(keys), list(sizes), moment,
    )  # fmt: skip


async def forget_checks(database: Database, keys: Sequence[str]) -> None:
    """Forget objects that no row names any more."""
    await database.execute("DELETE FROM object_checks WHERE object_key = ANY($1)", list(keys))


async def noted(database: Database, after: str, limit: int) -> list[str]:
    """Give keys of noted objects, in order."""
    rows = await database.fetch(
        "SELECT object_key FROM object_checks WHERE object_key > $1 ORDER BY object_key LIMIT $2", after, limit
    )
    return [row["object_key"] for row in rows]


async def due(database: Database, before: datetime, moment: datetime, limit: int) -> list[str]:
    """Give keys of objects that are due: those never read, then those read longest ago; damaged ones every day."""
    rows = await database.fetch(
        "SELECT object_key FROM object_checks WHERE checked_at IS NULL OR checked_at < $1"
        " OR (outcome <> 'sound' AND checked_at < $2) ORDER BY checked_at NULLS FIRST, object_key LIMIT $3",
        before, moment - _DAMAGED_AGAIN, limit,
    )  # fmt: skip
    return [row["object_key"] for row in rows]


async def coverage(database: Database, since: datetime) -> dict[str, Any]:
    """Count what was read since a moment, what was not though it was there then, and the oldest reading."""
    row = await database.fetchrow(
        "SELECT count(*) FILTER (WHERE checked_at >= $1) AS checked_within,"
        " count(*) FILTER (WHERE coalesce(checked_at, noted_at) < $1) AS overdue, min(checked_at) AS oldest_check,"
        " count(checked_at) AS checked FROM object_checks",
        since,
    )
    return dict(row or {})
