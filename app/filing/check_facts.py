"""SQL of the checks before filing: the facts of one dossier by a handful of statements, however many entries it has.

Reads the tables of lower rooms in statements of its own and never writes. What the actor does not read is not left out
here but told by `hidden`: whoever asks must refuse then, for a check of half a dossier would vouch for the whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from app.access.standing import standing
from app.access.visibility import reads_dossier, reads_entry, sees_dossier, sees_entry
from app.core.actor import Actor
from app.core.database import Connection, Database, Row
from app.core.sql import Where
from app.dossiers.events import DOSSIER_OPENED
from app.dossiers.templates import Slot
from app.entries.arrangement import ContentsList, Mode, Piece, arrange
from app.entries.events import ENTRY_CREATED, ENTRY_REVIEWED, FILE_ADDED
from app.filing.check_model import Arrival, EntryFacts, Facts, FileFacts, Judged, Registered, Traces
from app.storage.scans import scan_columns

_DOSSIER = """
d.id, d.number, d.state, d.matter_type, d.cause, d.title, d.court, d.instance, d.court_case_number, d.contract_number,
d.opposing_parties, d.confidentiality, d.opened_on, d.arrangement_mode, d.entry_count,
l.display_name AS lead_lawyer, t.slots, t.stages,
n.number AS registered, n.serial, n.year, n.series_key, n.state AS number_state,
ARRAY(SELECT c.name FROM dossier_clients dc JOIN clients c ON c.id = dc.client_id
      WHERE dc.dossier_id = d.id ORDER BY dc.position) AS clients,
(SELECT count(*) FROM entries c WHERE c.dossier_id = d.id AND c.review <> 'excluded') AS counted
"""
_DOSSIERS = """
dossiers d JOIN users l ON l.id = d.lead_lawyer_id JOIN templates t ON t.id = d.template_id
LEFT JOIN dossier_numbers n ON n.dossier_id = d.id
"""
_ENTRIES = """
SELECT e.id, e.title, e.category, e.document_number, e.responsible_party, e.formed_on, e.pages, e.original,
 e.confidentiality, e.stage, e.slot, e.position, e.remarks, e.review, e.created_by, e.created_at,
 r.authenticity, r.relevance, r.legality, r.reason
FROM entries e JOIN users a ON a.id = e.created_by LEFT JOIN LATERAL (
 SELECT er.authenticity, er.relevance, er.legality, er.reason FROM entry_reviews er
 WHERE er.entry_id = e.id ORDER BY er.id DESC LIMIT 1) r ON true
WHERE e.dossier_id = $1 AND e.review <> 'excluded' ORDER BY e.id
"""
_SCAN, _SCANS = scan_columns("f.object_key")
_FILES = f"""
SELECT f.id, f.entry_id, f.version, f.original_name, f.media_type, f.size, f.sha256, f.pages, f.object_key,
 f.created_by, {_SCAN}
FROM files f JOIN entries e ON e.id = f.entry_id {_SCANS} WHERE f.dossier_id = $1 AND e.review <> 'excluded'
ORDER BY f.entry_id, f.version
"""
_TRACES = """
SELECT v.type, v.subject_id, v.actor_id, v.details -> 'new' ->> 'original_name' AS original_name,
 v.details -> 'new' ->> 'media_type' AS media_type, v.details -> 'new' ->> 'size' AS size,
 v.details -> 'new' ->> 'sha256' AS sha256
FROM events v WHERE v.dossier_id = $1 AND v.type = ANY($2) AND v.outcome = 'success' ORDER BY v.id
"""
_RULES = "SELECT firm_name, number_rule, sealed_number_rule, volume_page_limit FROM firm_rules ORDER BY version"
# The acts that bring material into a dossier and judge it.
STEPS = (DOSSIER_OPENED.name, ENTRY_CREATED.name, ENTRY_REVIEWED.name, FILE_ADDED.name)
_SEALED_SERIES = "sealed"


@dataclass(frozen=True, slots=True)
class Seen:
    """How much of a dossier's entries the actor reads: `hidden` is true when there are kept ones that he does not."""

    hidden: bool
    excluded: int


async def find(source: Connection | Database, actor: Actor, dossier_id: UUID) -> Row | None:
    """Give a dossier that the actor sees, with his standing and the verdict `reads`."""
    where = Where(dossier_id)
    return await source.fetchrow(
        f"SELECT {_DOSSIER}, {reads_dossier(actor, where)} AS reads, {standing(actor, where)} FROM {_DOSSIERS}"
        f" WHERE d.id = $1 AND {sees_dossier(actor, where)}",
        *where.args,
    )


async def seen(source: Connection | Database, actor: Actor, dossier_id: UUID) -> Seen:
    """Tell whether the actor reads all kept entries, and how many excluded ones he sees."""
    where = Where(dossier_id)
    row = await source.fetchrow(
        f"SELECT coalesce(bool_or(NOT {reads_entry(actor, where)}) FILTER (WHERE e.review <> 'excluded'), false)"
        " AS hidden,"
        f" count(*) FILTER (WHERE e.review = 'excluded' AND {sees_entry(actor, where)}) AS excluded"
        " FROM entries e JOIN dossiers d ON d.id = e.dossier_id WHERE e.dossier_id = $1",
        *where.args,
    )
    return Seen(row["hidden"], row["excluded"]) if row is not None else Seen(hidden=False, excluded=0)


async def files(source: Connection | Database, dossier_id: UUID) -> tuple[FileFacts, ...]:
    """Give all versions of the files of kept entries."""
    rows = await source.fetch(_FILES, dossier_id)
    return tuple(FileFacts(**{name: row[name] for name in FileFacts.__slots__}) for row in rows)


async def gather(source: Connection | Database, dossier: Row, excluded: int, today: date) -> Facts:
    """Give the facts of a dossier that `find` has given; nothing of the store yet."""
    dossier_id = dossier["id"]
    rules = await source.fetch(_RULES)
    rows = await source.fetch(_ENTRIES, dossier_id)
    return Facts(
        id=dossier_id, number=dossier["number"], matter_type=dossier["matter_type"],
        confidentiality=dossier["confidentiality"], firm_name=rules[-1]["firm_name"], cover=_cover(dossier),
        slots=tuple(Slot.model_validate(slot) for slot in dossier["slots"]),
        entries=tuple(_entry(row) for row in rows), declared=dossier["entry_count"], counted=dossier["counted"],
        excluded=excluded, files=await files(source, dossier_id),
        contents=_contents(dossier, rows, rules[-1]["volume_page_limit"]), registered=_registered(dossier),
        number_rules=tuple((rule["number_rule"], rule["sealed_number_rule"]) for rule in rules),
        traces=_traces(await source.fetch(_TRACES, dossier_id, list(STEPS))), today=today,
    )  # fmt: skip


def _cover(dossier: Row) -> Mapping[str, object]:
    names = ("title", "cause", "lead_lawyer", "contract_number", "opened_on", "court", "instance", "court_case_number")
    parties = [party["name"] for party in dossier["opposing_parties"]]
    return {**{name: dossier[name] for name in names}, "clients": dossier["clients"], "opposing_parties": parties}


def _entry(row: Row) -> EntryFacts:
    judgements = [row[name] for name in ("authenticity", "relevance", "legality")]
    judged = None if judgements[0] is None else Judged(set(judgements) == {"pass"}, row["reason"])
    plain = {name: row[name] for name in EntryFacts.__slots__ if name != "judged"}
    return EntryFacts(**plain, judged=judged)


def _contents(dossier: Row, rows: Sequence[Row], limit: int) -> ContentsList:
    return arrange(
        [_piece(row) for row in rows],
        Mode(dossier["arrangement_mode"]),
        stages=dossier["stages"],
        slots=[slot["code"] for slot in dossier["slots"]],
        page_limit=limit,
    )


def _piece(row: Row) -> Piece:
    same: dict[str, Any] = {
        name: row[name] for name in Piece.__slots__ if name not in {"entry_id", "registered_at"}
    }  # fmt: skip
    return Piece(entry_id=row["id"], registered_at=row["created_at"], **same)


def _registered(dossier: Row) -> Registered | None:
    if dossier["registered"] is None:
        return None
    return Registered(
        number=dossier["registered"], serial=dossier["serial"], year=dossier["year"],
        sealed=dossier["series_key"].partition(";")[0] == _SEALED_SERIES, void=dossier["number_state"] == "void",
    )  # fmt: skip


def _traces(rows: Sequence[Row]) -> Traces:
    arrivals = {
        row["subject_id"]: Arrival(row["original_name"], row["media_type"], row["size"], row["sha256"])
        for row in rows if row["type"] == FILE_ADDED.name
    }  # fmt: skip
    return Traces({(row["type"], row["subject_id"]): row["actor_id"] for row in rows}, arrivals)
