"""What a seal stands for, written the same way whenever it is asked for: cover, entries with verdicts, files' digests.

Lead lawyer and clients are left out: a filed dossier is handed on, and clients found to be one are merged. Of parties
only the names stand here, for their numbers are shown to nobody whole. Entries of
a supplement count from its own seal on; while it is being gathered it is not part of the seal in force.
"""

from typing import Any
from uuid import UUID

from app.core.database import Connection, Database, present

_COVER = """
SELECT d.number, d.matter_type, d.cause, d.title, d.court, d.instance, d.court_case_number, d.contract_number,
 d.remarks, jsonb_path_query_array(d.opposing_parties, '$[*].name') AS opposing_parties,
 jsonb_path_query_array(d.related_parties, '$[*].name') AS related_parties, d.opened_on::text AS opened_on,
 d.closed_on::text AS closed_on, d.result, d.filed_on::text AS filed_on,
 d.archive_number, d.retention_code, d.arrangement_mode, d.template_id::text AS template_id
FROM dossiers d WHERE d.id = $1
"""
_ENTRIES = """
SELECT e.id::text AS id, e.title, e.category, e.document_number, e.responsible_party, e.formed_on::text AS formed_on,
 e.pages, e.original, e.stage, e.slot, e.remarks, e.review, e.supplement_id::text AS supplement_id,
 coalesce((SELECT jsonb_agg(jsonb_build_object('id', f.id, 'version', f.version, 'name', f.original_name,
   'size', f.size, 'sha256', f.sha256) ORDER BY f.version) FROM files f WHERE f.entry_id = e.id), '[]'::jsonb) AS files,
 coalesce((SELECT jsonb_agg(jsonb_build_object('decision', r.decision, 'authenticity', r.authenticity,
   'relevance', r.relevance, 'legality', r.legality, 'reason', r.reason, 'exclusion', r.exclusion,
   'superseded_by', r.superseded_by) ORDER BY r.id)
   FROM entry_reviews r WHERE r.entry_id = e.id), '[]'::jsonb) AS reviews
FROM entries e JOIN dossiers d ON d.id = e.dossier_id
WHERE e.dossier_id = $1 AND (e.supplement_id IS NULL OR e.supplement_id IS DISTINCT FROM d.open_supplement_id)
ORDER BY e.id
"""


async def gather(source: Connection | Database, dossier_id: UUID) -> dict[str, Any]:
    """Give the records of a dossier as plain JSON values; all but those of a supplement that is still open."""
    cover = present(await source.fetchrow(_COVER, dossier_id))
    entries = await source.fetch(_ENTRIES, dossier_id)
    return {"cover": dict(cover), "entries": [dict(entry) for entry in entries]}
