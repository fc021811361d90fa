"""A big firm for benchmarks: made by the database itself in one go, with walls and grants in place."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

DEPARTMENTS = 10
# A user beside those of the firm's size: on no team and without a grant, he sees by his role alone.
OUTSIDER = 9_999
# How many of a hundred dossiers stand on each level, public to sealed.
LEVELS = (5, 55, 30, 8, 2)


@dataclass(frozen=True)
class Size:
    """How big a firm is."""

    dossiers: int
    users: int = 200
    walls: int = 2_000
    grants: int = 50_000


# Ids are made of their number, so that rows can name each other without look-ups. Every dossier has a lead and one or two
# more on its team, one client, and an opening date of the last ten years.
_SQL = """
CREATE FUNCTION pg_temp.id(kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
 $$ SELECT (lpad(to_hex(26000000 + kind), 8, '0') || '00007000a000' || lpad(to_hex(n), 12, '0'))::uuid $$;

INSERT INTO users (id, kind, username, display_name, roles, department, active, tokens_valid_from, created_at, updated_at)
SELECT pg_temp.id(1, n), 'person', 'bench' || n, '律师' || n,
 CASE WHEN n IN (3, 9999) THEN '{lawyer,assistant,partner,finance}'::text[] WHEN n = 0 THEN '{director}' WHEN n % 10 = 0 THEN '{partner}' WHEN n % 10 < 7 THEN '{lawyer}'
  ELSE '{assistant}' END,
 '部门' || n % %(departments)s, true, now(), now(), now()
FROM (SELECT generate_series(0, %(users)s - 1) AS n UNION ALL SELECT 9999) u;

INSERT INTO clients (id, kind, name, former_names, contacts, created_by, created_at, updated_at)
SELECT pg_temp.id(2, n), 'organization', '客户' || n, '{}', '[]', pg_temp.id(1, n % %(users)s), now(), now()
FROM generate_series(0, %(dossiers)s / 2) n;

INSERT INTO number_series VALUES ('bench', %(dossiers)s);
INSERT INTO dossiers (id, number, matter_type, template_id, cause, lead_lawyer_id, opposing_parties, confidentiality,
 state, on_hold, opened_on, arrangement_mode, entry_count, page_count, created_by, created_at, updated_at,
 fee_count)
SELECT pg_temp.id(3, n), 'B-' || lpad(n::text, 8, '0'), 'civil', (SELECT id FROM templates LIMIT 1), '买卖合同纠纷',
 pg_temp.id(1, n * 7 % %(users)s), '[]',
 CASE WHEN h < %(public)s THEN 0 WHEN h < %(internal)s THEN 1 WHEN h < %(confidential)s THEN 2 WHEN h < %(restricted)s THEN 3
  ELSE 4 END,
 'open', false, date '2016-01-01' + (n * 3650 / %(dossiers)s)::int, 'time', 0, 0, pg_temp.id(1, n * 7 % %(users)s), now(),
 now(), h % 5
FROM (SELECT n, abs(hashint8(n)) % 100 AS h FROM generate_series(0, %(dossiers)s - 1) n) d;

INSERT INTO dossier_numbers (number, series_key, serial, year, matter_type, dossier_id, state, issued_at)
SELECT number, 'bench', row_number() OVER (ORDER BY number), extract(year FROM opened_on), matter_type, id, 'issued', now()
FROM dossiers;
INSERT INTO dossier_clients SELECT pg_temp.id(3, n), pg_temp.id(2, n / 2), 0 FROM generate_series(0, %(dossiers)s - 1) n;
INSERT INTO dossier_team (dossier_id, opened_on, number, user_id, duty, added_at)
SELECT id, opened_on, number, lead_lawyer_id, 'lead', now() FROM dossiers;
INSERT INTO dossier_team (dossier_id, opened_on, number, user_id, duty, added_at)
SELECT d.id, d.opened_on, d.number, pg_temp.id(1, (n * 7 + 1 + n % 13) % %(users)s), 'lawyer', now()
FROM generate_series(0, %(dossiers)s - 1) n JOIN dossiers d ON d.id = pg_temp.id(3, n) ON CONFLICT DO NOTHING;

INSERT INTO grants (id, dossier_id, opened_on, number, user_id, scope, reason, reaches, granted_as, granted_by,
 granted_at, expires_at, awaits_approval)
SELECT pg_temp.id(4, n), d.id, d.opened_on, d.number, pg_temp.id(1, 1 + n % (%(users)s - 1)),
 CASE WHEN n % 3 = 0 THEN 'metadata' ELSE 'content' END, '承办需要', 3, 'director', pg_temp.id(1, 0), now(),
 now() + interval '1 day' * (1 + n % 180), false
FROM generate_series(0, %(grants)s - 1) n JOIN dossiers d ON d.id = pg_temp.id(3, abs(hashint8(n + 11)) % %(dossiers)s);

INSERT INTO walls (id, name, reason, state, effective_from, created_by, created_at, updated_at)
SELECT pg_temp.id(5, n), '隔离' || n, '利益冲突', 'active', now() - interval '1 day', pg_temp.id(1, 0), now(), now()
FROM generate_series(0, %(walls)s - 1) n;
INSERT INTO wall_people SELECT pg_temp.id(5, n), pg_temp.id(1, (n * 3 + k * 17) % %(users)s)
FROM generate_series(0, %(walls)s - 1) n, generate_series(0, 4) k ON CONFLICT DO NOTHING;
INSERT INTO wall_clients SELECT pg_temp.id(5, n), pg_temp.id(2, abs(hashint8(n + 5)) % (%(dossiers)s / 2))
FROM generate_series(0, %(walls)s - 1) n WHERE n % 2 = 0;
INSERT INTO wall_dossiers SELECT pg_temp.id(5, n), pg_temp.id(3, abs(hashint8(n + 7)) % %(dossiers)s)
FROM generate_series(0, %(walls)s - 1) n WHERE n % 2 = 1;
"""


def user_id(number: int) -> UUID:
    """Give the id of a user of the firm by his number."""
    return UUID(f"{26000001:08x}-0000-7000-a000-{number:012x}")


async def found(owner_url: str, size: Size) -> None:
    """Put a firm of this size into an empty database."""
    bounds = [sum(LEVELS[: level + 1]) for level in range(4)]
    names = dict(zip(("public", "internal", "confidential", "restricted"), bounds, strict=True))
    values = {**names, "departments": DEPARTMENTS, **vars(size)}
    sql = _SQL
    for name, value in values.items():
        sql = sql.replace(f"%({name})s", str(value))
    connection = await asyncpg.connect(owner_url, timeout=300)
    try:
        await connection.execute(sql, timeout=300)
        # For the list without predicate, which nobody is shown; it shall not be slow for want of an index.
        await connection.execute("CREATE INDEX ON dossiers (opened_on, id)")
        await connection.execute("VACUUM ANALYZE", timeout=300)
    finally:
        await connection.close()
