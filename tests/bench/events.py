"""Many events for benchmarks, as the service leaves them: readings of entries, and a list among ten."""

import os
from uuid import UUID

from tests.support.firm import Firm

EVENTS = int(os.environ.get("ANJUAN_BENCH_EVENTS", "60000"))
_AT_ONCE = 50_000
_ADD = """
INSERT INTO events (id, recorded_at, type, outcome, actor_id, actor_name, actor_roles, subject_type, subject_id,
  subject_label, dossier_id, request_id, ip, user_agent, method, route, details)
SELECT id, uuid_extract_timestamp(id), CASE WHEN n % 10 = 0 THEN 'dossier.listed' ELSE 'entry.viewed' END, 'success', $2,
  '王丽', '{lawyer}', CASE WHEN n % 10 = 0 THEN 'dossier' ELSE 'entry' END, CASE WHEN n % 10 > 0 THEN id END,
  CASE WHEN n % 10 > 0 THEN '委托代理合同' END, CASE WHEN n % 10 > 0 THEN dossiers[1 + n % cardinality(dossiers)] END,
  id::text, '192.0.2.7', 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0', 'GET', '/v1/entries/{entry_id}',
  CASE WHEN n % 10 = 0 THEN jsonb_build_object('returned', to_jsonb(dossiers[1:5]), 'filter', '{}'::jsonb)
    ELSE jsonb_build_object('title', '委托代理合同', 'fields', jsonb_build_array('title', 'pages')) END
FROM (SELECT n, uuidv7() AS id, $3::uuid[] AS dossiers FROM generate_series(1, $1::int) AS made (n)) AS made
"""


async def many(firm: Firm, count: int, actor_id: UUID, dossiers: list[UUID]) -> None:
    """Add so many events of one person about these dossiers in turn."""
    for begin in range(0, count, _AT_ONCE):
        await firm.eyes.execute(_ADD, min(_AT_ONCE, count - begin), actor_id, dossiers, timeout=300)
    await firm.eyes.execute("ANALYZE events", timeout=300)
