"""SQL of filing: submissions, archive numbers, notes to file, supplements."""

from datetime import date
from typing import Any
from uuid import UUID

from app.auth.names import person
from app.core.database import Connection, Database, Row, present
from app.filing.check_model import Closing

_DOSSIER = """
SELECT d.id, d.number, d.state, d.matter_type, d.confidentiality, d.lead_lawyer_id, d.opened_on, d.closed_on, d.result,
 d.filing_due_on, d.filing_rules_version, d.archive_number, d.open_supplement_id, m.number_code,
 ARRAY(SELECT t.user_id FROM dossier_team t WHERE t.dossier_id = d.id) AS team
FROM dossiers d JOIN matter_types m ON m.matter_type = d.matter_type WHERE d.id = $1
"""


async def dossier(connection: Connection, dossier_id: UUID) -> Row:
    """Give what filing needs of a dossier that passed the gate and is held."""
    return present(await connection.fetchrow(_DOSSIER, dossier_id))


_SUBMISSION = f"""
SELECT s.*, {person("s.submitted_by")} AS submitter, {person("s.compiler_id")} AS compiler,
 {person("s.late_decided_by")} AS late_decider, {person("s.retention_confirmed_by")} AS confirmer,
 {person("s.decided_by")} AS decider
FROM submissions s
"""


async def submission(source: Connection | Database, dossier_id: UUID, round_: int) -> Row | None:
    """Give one round of a dossier."""
    return await source.fetchrow(f"{_SUBMISSION} WHERE s.dossier_id = $1 AND s.round = $2", dossier_id, round_)


async def submissions(source: Connection | Database, dossier_id: UUID) -> list[Row]:
    """Give all rounds of a dossier, oldest first."""
    return await source.fetch(f"{_SUBMISSION} WHERE s.dossier_id = $1 ORDER BY s.round", dossier_id)


async def pending(connection: Connection, dossier_id: UUID) -> Row:
    """Give the submission of a dossier that is submitted."""
    return present(
        await connection.fetchrow(f"{_SUBMISSION} WHERE s.dossier_id = $1 AND s.state = 'pending'", dossier_id)
    )


async def makers(connection: Connection, dossier_id: UUID) -> set[UUID]:
    """Give everybody who handed a dossier in or compiled it, in this round or one before."""
    rows = await connection.fetch(
        "SELECT submitted_by AS id FROM submissions WHERE dossier_id = $1"
        " UNION SELECT compiler_id FROM submissions WHERE dossier_id = $1",
        dossier_id,
    )
    return {row["id"] for row in rows}


async def contributors(connection: Connection, supplement_id: UUID) -> set[UUID]:
    """Give everybody who registered material of a supplement or put a file to it."""
    rows = await connection.fetch(
        "SELECT e.created_by AS id FROM entries e WHERE e.supplement_id = $1"
        " UNION SELECT f.created_by FROM files f JOIN entries e ON e.id = f.entry_id WHERE e.supplement_id = $1",
        supplement_id,
    )
    return {row["id"] for row in rows}


async def next_round(connection: Connection, dossier_id: UUID) -> int:
    """Give the number of the next round; the dossier's row is held already."""
    number: int = await connection.fetchval(
        "SELECT coalesce(max(round), 0) + 1 FROM submissions WHERE dossier_id = $1", dossier_id
    )
    return number


async def is_director(connection: Connection, user_id: UUID) -> bool:
    """Tell whether a user is a director of the firm now."""
    return bool(await connection.fetchval("SELECT 'director' = ANY(roles) FROM users WHERE id = $1", user_id))


async def archive_number_taken(connection: Connection, number: str) -> bool:
    """Tell whether an archive number is in the register."""
    return bool(
        await connection.fetchval("SELECT EXISTS (SELECT 1 FROM archive_numbers WHERE archive_number = $1)", number)
    )


async def kept_counts(connection: Connection, dossier_id: UUID) -> tuple[int, int]:
    """Give the numbers of kept entries and of their pages."""
    row = present(
        await connection.fetchrow(
            "SELECT count(*) AS entries, coalesce(sum(pages), 0) AS pages FROM entries"
            " WHERE dossier_id = $1 AND review <> 'excluded'",
            dossier_id,
        )
    )
    return row["entries"], row["pages"]


_NOTE = f"""
SELECT n.id, n.dossier_id, n.kind, n.text, n.noted_on, n.noted_at, {person("n.compiler_id")} AS compiler,
 {person("n.inspector_id")} AS inspector, {person("n.noted_by")} AS noted_by
FROM notes_to_file n
"""


async def notes(source: Connection | Database, dossier_id: UUID) -> list[Row]:
    """Give the note to file of a dossier, oldest line first."""
    return await source.fetch(f"{_NOTE} WHERE n.dossier_id = $1 ORDER BY n.id", dossier_id)


async def note(source: Connection | Database, note_id: UUID) -> Row:
    """Give a line of a note to file that this transaction has written."""
    return present(await source.fetchrow(f"{_NOTE} WHERE n.id = $1", note_id))


_SUPPLEMENT = f"""
SELECT s.*, {person("s.proposed_by")} AS proposer, {person("s.decided_by")} AS decider,
 {person("s.completed_by")} AS completer,
 ARRAY(SELECT e.id FROM entries e WHERE e.dossier_id = s.dossier_id AND e.supplement_id = s.id ORDER BY e.id)
   AS entry_ids
FROM supplements s
"""


async def supplement(source: Connection | Database, dossier_id: UUID, serial: int) -> Row | None:
    """Give one supplement with the entries that came with it."""
    return await source.fetchrow(f"{_SUPPLEMENT} WHERE s.dossier_id = $1 AND s.serial = $2", dossier_id, serial)


async def supplements(source: Connection | Database, dossier_id: UUID) -> list[Row]:
    """Give all supplements of a dossier, oldest first."""
    return await source.fetch(f"{_SUPPLEMENT} WHERE s.dossier_id = $1 ORDER BY s.serial", dossier_id)


async def next_supplement(connection: Connection, dossier_id: UUID) -> int:
    """Give the serial of the next supplement; the dossier's row is held already."""
    number: int = await connection.fetchval(
        "SELECT coalesce(max(serial), 0) + 1 FROM supplements WHERE dossier_id = $1", dossier_id
    )
    return number


async def supplement_under_way(connection: Connection, dossier_id: UUID) -> bool:
    """Tell whether a supplement of the dossier is proposed, or approved and not completed."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT 1 FROM supplements WHERE dossier_id = $1 AND state IN ('proposed', 'approved'))",
            dossier_id,
        )
    )


async def decide_supplement(connection: Connection, supplement_id: UUID, state: str, actor_id: UUID, why: str) -> None:
    """Note a decision on a supplement."""
    await connection.execute(
        "UPDATE supplements SET state = $2, decided_by = $3, decided_at = now(), decision_reason = $4 WHERE id = $1",
        supplement_id, state, actor_id, why,
    )  # fmt: skip


async def complete_supplement(connection: Connection, supplement_id: UUID, actor_id: UUID, seal_version: int) -> None:
    """Note that a supplement is part of the sealed list."""
    await connection.execute(
        "UPDATE supplements SET state = 'completed', completed_by = $2, completed_at = now(), seal_version = $3"
        " WHERE id = $1",
        supplement_id, actor_id, seal_version,
    )  # fmt: skip


async def close_matter(
    connection: Connection,
    dossier_id: UUID,
    closed_on: date | None,
    result: str | None,
    due: date | None,
    rules_version: int | None,
) -> None:
    """Note that a matter is closed and by when it is to be filed; all None takes it back."""
    await connection.execute(
        "UPDATE dossiers SET closed_on = $2, result = $3, filing_due_on = $4, filing_rules_version = $5,"
        " updated_at = now() WHERE id = $1",
        dossier_id, closed_on, result, due, rules_version,
    )  # fmt: skip


async def closing(source: Connection | Database, dossier_id: UUID) -> Closing | None:
    """Give how and when a matter was closed, None while it is open."""
    row = await source.fetchrow("SELECT closed_on, result FROM dossiers WHERE id = $1", dossier_id)
    return None if row is None or row["closed_on"] is None else Closing(row["closed_on"], row["result"])


async def set_state(connection: Connection, dossier_id: UUID, state: str) -> None:
    """Bring a dossier into another state."""
    await connection.execute("UPDATE dossiers SET state = $2, updated_at = now() WHERE id = $1", dossier_id, state)


async def file_dossier(connection: Connection, dossier_id: UUID, number: str, retention: str, filed_on: date) -> None:
    """Bring an accepted dossier into the archive."""
    await connection.execute(
        "UPDATE dossiers SET state = 'filed', archive_number = $2, retention_code = $3, filed_on = $4,"
        " updated_at = now() WHERE id = $1",
        dossier_id, number, retention, filed_on,
    )  # fmt: skip


async def open_supplement(connection: Connection, dossier_id: UUID, supplement_id: UUID | None) -> None:
    """Let a filed dossier take material into a supplement; None: into none."""
    await connection.execute("UPDATE dossiers SET open_supplement_id = $2 WHERE id = $1", dossier_id, supplement_id)


async def change_submission(connection: Connection, submission_id: UUID, changes: dict[str, Any]) -> None:
    """Change columns of a submission; names come from the code alone."""
    marks = ", ".join(f"{name} = ${number}" for number, name in enumerate(changes, start=2))
    await connection.execute(f"UPDATE submissions SET {marks} WHERE id = $1", submission_id, *changes.values())


_REMINDERS_DUE = """
SELECT d.id, d.number, d.filing_due_on, d.lead_lawyer_id, reached.days AS reached
FROM dossiers d JOIN rule_versions r ON r.kind = 'filing' AND r.version = d.filing_rules_version
CROSS JOIN LATERAL (
  SELECT array_agg(x.days) AS days
  FROM (SELECT jsonb_array_elements_text(r.body -> 'reminder_days')::int AS days) x
  WHERE d.filing_due_on - x.days <= $1 AND NOT EXISTS (
    SELECT 1 FROM filing_reminders m
    WHERE m.dossier_id = d.id AND m.due_on = d.filing_due_on AND m.days_before = x.days)
) reached
WHERE d.closed_on IS NOT NULL AND d.state IN ('open', 'returned') AND reached.days IS NOT NULL
ORDER BY d.filing_due_on LIMIT $2
"""


async def reminders_due(database: Database, day: date, limit: int) -> list[Row]:
    """Give dossiers to be filed with the days of reminding that were reached and not kept, the most urgent first."""
    return await database.fetch(_REMINDERS_DUE, day, limit)


async def keep_reminders(connection: Connection, dossier_id: UUID, due: date, days_before: list[int]) -> None:
    """Note that these days of a dossier were called to mind."""
    await connection.executemany(
        "INSERT INTO filing_reminders (dossier_id, due_on, days_before, reminded_at) VALUES ($1, $2, $3, now())"
        " ON CONFLICT DO NOTHING",
        [(dossier_id, due, days) for days in days_before],
    )
