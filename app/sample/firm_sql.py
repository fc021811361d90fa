"""The statements that make a firm of any size inside its database, all rows at once.

Everything follows from the number of a row and the seed, by a hash; ids are made of numbers too, so that rows can name
each other without look-ups. `%(name)s` are put in by `app.sample.firm`.
"""

FUNCTIONS = """
CREATE FUNCTION pg_temp.id(kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
 $$ SELECT (lpad(to_hex(%(first_kind)s + kind), 8, '0') || '00007000a000' || lpad(to_hex(n), 12, '0'))::uuid $$;
CREATE FUNCTION pg_temp.chance(n bigint, salt int) RETURNS bigint LANGUAGE sql IMMUTABLE AS
 $$ SELECT hashint8extended(n * 64 + salt, %(seed)s) & 9223372036854775807 $$;
CREATE FUNCTION pg_temp.one(words text[], chance bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
 $$ SELECT words[(1 + chance % cardinality(words))::int] $$;
CREATE FUNCTION pg_temp.person(n bigint, salt int) RETURNS text LANGUAGE sql IMMUTABLE AS
 $$ SELECT pg_temp.one(%(surnames)s, pg_temp.chance(n, salt)) || pg_temp.one(%(given)s, pg_temp.chance(n, salt + 1))
  || CASE WHEN pg_temp.chance(n, salt + 2) % 4 = 0 THEN ''
      ELSE pg_temp.one(%(given)s, pg_temp.chance(n, salt + 3)) END $$;
CREATE FUNCTION pg_temp.company(n bigint, salt int) RETURNS text LANGUAGE sql IMMUTABLE AS
 $$ SELECT pg_temp.one(%(cities)s, pg_temp.chance(n, salt)) || pg_temp.one(%(syllables)s, pg_temp.chance(n, salt + 1))
  || pg_temp.one(%(syllables)s, pg_temp.chance(n, salt + 2)) || pg_temp.one(%(trades)s, pg_temp.chance(n, salt + 3))
  || pg_temp.one(%(forms)s, pg_temp.chance(n, salt + 4)) $$;
-- Of ten users one is a partner, six are lawyers, three assistants; the k-th lawyer and assistant by number.
CREATE FUNCTION pg_temp.lawyer(k bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
 $$ SELECT k % (%(users)s / 10 * 6) / 6 * 10 + 1 + k % 6 $$;
CREATE FUNCTION pg_temp.assistant(k bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
 $$ SELECT k % (%(users)s / 10 * 2) / 2 * 10 + 7 + k % 2 $$;
"""

PEOPLE = """
INSERT INTO users (id, kind, username, display_name, roles, department, lawyer_code, active, tokens_valid_from,
 created_at, updated_at)
SELECT pg_temp.id(1, n), 'person', 'user' || to_char(n, 'FM0000'), pg_temp.person(n, 1),
 CASE WHEN n IN (%(insider)s, %(outsider)s) THEN '{lawyer,assistant,partner,finance}'::text[]
  WHEN n = %(director)s THEN '{director}' WHEN n = %(archivist)s THEN '{archivist}' WHEN n % 10 = 0 THEN '{partner}'
  WHEN n % 10 < 7 THEN '{lawyer}' ELSE '{assistant}' END,
 pg_temp.one(%(departments)s, n / 10), CASE WHEN n % 10 < 7 THEN 'L' || to_char(n, 'FM0000') END, true,
 '2016-01-01', '2016-01-01', '2016-01-01'
FROM (SELECT generate_series(0, %(users)s - 1) AS n UNION ALL SELECT %(outsider)s) u;

INSERT INTO clients (id, kind, name, legal_representative, former_names, contacts, created_by, created_at, updated_at)
SELECT pg_temp.id(2, n), CASE WHEN person THEN 'person' ELSE 'organization' END,
 CASE WHEN person THEN pg_temp.person(n, 5) ELSE pg_temp.company(n, 5) END,
 CASE WHEN NOT person THEN pg_temp.person(n, 11) END, '{}',
 jsonb_build_array(jsonb_build_object('kind', 'phone', 'value', '1' || 3000000000 + pg_temp.chance(n, 15) % 999999999)),
 pg_temp.id(1, pg_temp.lawyer(n)), '2016-01-01', '2016-01-01'
FROM (SELECT n, pg_temp.chance(n, 10) % 10 < 3 AS person FROM generate_series(0, %(dossiers)s / 2) n) c;
"""

PLAN = """
CREATE TEMP TABLE matters (matter_type text, below bigint, causes text[], template_id uuid, code text) ON COMMIT DROP;
INSERT INTO matters VALUES %(matters)s;
UPDATE matters p SET code = m.number_code,
 template_id = (SELECT id FROM templates t WHERE t.matter_type = m.matter_type AND t.name = m.template_name
                ORDER BY version DESC LIMIT 1)
FROM matter_types m WHERE m.matter_type = p.matter_type;

-- How many entries each dossier has: those of the large ones are given, the others share the rest by their weight.
CREATE TEMP TABLE planned ON COMMIT DROP AS
WITH weighed AS (
 SELECT n, pg_temp.chance(n, 20) % 100 AS level, pg_temp.chance(n, 21) % 5 AS fees, large,
  CASE WHEN large > 0 THEN 0 ELSE 1 + pg_temp.chance(n, 22) % 18 END AS weight, pg_temp.lawyer(n * 7) AS lead
 FROM generate_series(0, %(dossiers)s::bigint - 1) n, LATERAL (SELECT CASE WHEN n = 0 AND %(entries)s >= %(for_largest)s
  THEN %(largest)s WHEN n % %(each_large)s = 1 AND %(entries)s >= %(for_large)s THEN %(large)s ELSE 0 END AS large) l
), summed AS (
 SELECT *, sum(weight) OVER (ORDER BY n) AS up_to, sum(weight) OVER () AS all_weights,
  %(entries)s - sum(large) OVER () AS rest FROM weighed
), counted AS (
 SELECT *, CASE WHEN large > 0 THEN large ELSE (div(rest * up_to, greatest(all_weights, 1))
  - div(rest * (up_to - weight), greatest(all_weights, 1)))::bigint END AS entries FROM summed
)
SELECT c.n, pg_temp.id(3, c.n) AS id, pg_temp.id(1, lead) AS lead_id, lead, large, fees, entries,
 (sum(entries) OVER (ORDER BY c.n) - entries)::bigint AS first,
 date '2016-01-01' + (c.n * 3650 / %(dossiers)s)::int AS opened_on,
 CASE WHEN level < %(public)s THEN 0 WHEN level < %(internal)s OR large > 0 THEN 1 WHEN level < %(confidential)s THEN 2
  WHEN level < %(restricted)s THEN 3 ELSE 4 END AS confidentiality,
 m.matter_type, m.template_id, m.code, pg_temp.one(m.causes, pg_temp.chance(c.n, 23)) AS cause
FROM counted c JOIN LATERAL (SELECT * FROM matters WHERE pg_temp.chance(c.n, 24) % 100 < below ORDER BY below LIMIT 1) m
 ON TRUE;

CREATE TEMP TABLE papers (number bigint, title text, category text, slot text, stage text, original text)
 ON COMMIT DROP;
INSERT INTO papers VALUES %(papers)s;
ANALYZE planned, papers;
CREATE TEMP TABLE lines ON COMMIT DROP AS
SELECT l.n, pg_temp.id(6, l.n) AS id, l.dossier, l.k, l.dossier_id, l.lead_id, l.formed_on, p.category, p.original,
 CASE WHEN l.k >= %(first_papers)s AND p.category = 'evidence' THEN '证据' || l.k - %(first_papers)s + 1 || ':'
  ELSE '' END || p.title AS title,
 CASE WHEN l.matter_type = 'civil' THEN p.slot END AS slot, CASE WHEN l.matter_type = 'civil' THEN p.stage END AS stage,
 1 + CASE WHEN chance % 10 < 6 THEN chance / 10 % 4 WHEN chance % 10 < 9 THEN 2 + chance / 10 % 16
  ELSE 18 + chance / 10 % 120 END AS pages,
 -- Of ten entries one has no file (yet) and one has two versions.
 CASE chance / 10000 % 10 WHEN 0 THEN 0 WHEN 1 THEN 2 ELSE 1 END AS files,
 CASE WHEN chance / 100000 % 100 < 60 THEN 'kept' WHEN chance / 100000 % 100 < 63 THEN 'excluded' ELSE 'unreviewed' END
  AS review, chance / 10000000 AS chance
FROM (SELECT d.first + k AS n, d.n AS dossier, k, d.id AS dossier_id, d.lead_id, d.matter_type,
  d.opened_on + (k % 200)::int AS formed_on, pg_temp.chance(d.first + k, 30) AS chance,
  CASE WHEN k = 1 AND d.fees = 0 THEN 3 WHEN k < %(first_papers)s THEN k
   ELSE %(first_papers)s + pg_temp.chance(d.first + k, 31) % %(later_papers)s END AS paper
 FROM planned d, generate_series(0, d.entries - 1) k) l JOIN papers p ON p.number = l.paper;
ANALYZE lines;
"""

DOSSIERS = """
INSERT INTO dossiers (id, number, matter_type, template_id, cause, title, court, instance, lead_lawyer_id,
 opposing_parties, confidentiality, state, on_hold, opened_on, arrangement_mode, entry_count, page_count, fee_count,
 created_by, created_at, updated_at)
SELECT d.id,
 concat_ws('-', extract(year FROM opened_on), code, 'L' || to_char(lead, 'FM0000'), to_char(n, 'FM0000000')),
 matter_type, template_id, cause, CASE matter_type WHEN 'criminal' THEN opponent || cause || '一案'
  WHEN 'retainer' THEN c.name || cause WHEN 'non_litigation' THEN c.name || cause
  ELSE c.name || '与' || opponent || cause END,
 CASE WHEN matter_type NOT IN ('retainer', 'non_litigation', 'arbitration') THEN
  city || pg_temp.one('{市中级人民法院,市第一基层人民法院,市第二基层人民法院,市高新区人民法院}', pg_temp.chance(n, 41))
  WHEN matter_type = 'arbitration' THEN city || '仲裁委员会' END,
 CASE WHEN matter_type IN ('civil', 'criminal', 'administrative', 'intellectual_property')
  THEN pg_temp.one('{一审,一审,一审,二审,再审}', pg_temp.chance(n, 42)) END,
 lead_id, CASE WHEN matter_type IN ('retainer', 'criminal') THEN '[]'::jsonb
  ELSE jsonb_build_array(jsonb_build_object('name', opponent,
   'kind', CASE WHEN person THEN 'person' ELSE 'organization' END)) END,
 confidentiality, 'open', false, opened_on, 'time', coalesce(kept, 0), coalesce(pages, 0),
 -- Finance's list has dossiers with fee documents; a firm without entries has their counts all the same.
 CASE WHEN %(entries)s = 0 THEN fees ELSE coalesce(fee_documents, 0) END, lead_id, opened_on, opened_on
FROM (SELECT *, CASE WHEN matter_type = 'criminal' OR person THEN pg_temp.person(n, 43) ELSE pg_temp.company(n, 43) END
   AS opponent FROM (SELECT *, pg_temp.chance(n, 44) % 10 < 4 AS person,
   pg_temp.one(%(cities)s, pg_temp.chance(n, 40)) AS city FROM planned) p) d
JOIN clients c ON c.id = pg_temp.id(2, n / 2)
LEFT JOIN (SELECT dossier, count(*) FILTER (WHERE review <> 'excluded') AS kept,
  sum(l.pages) FILTER (WHERE review <> 'excluded') AS pages,
  count(*) FILTER (WHERE category = 'fee_document') AS fee_documents
 FROM lines l GROUP BY dossier) s ON s.dossier = n;

INSERT INTO number_series VALUES ('sample', %(dossiers)s);
INSERT INTO dossier_numbers (number, series_key, serial, year, matter_type, dossier_id, state, issued_at)
SELECT d.number, 'sample', n + 1, extract(year FROM d.opened_on), d.matter_type, d.id, 'issued', d.opened_on
FROM planned JOIN dossiers d USING (id);
INSERT INTO dossier_clients SELECT id, pg_temp.id(2, n / 2), 0 FROM planned;
-- A lead, a second lawyer, and for some an assistant and a third: two to four.
INSERT INTO dossier_team (dossier_id, opened_on, number, user_id, duty, added_at)
SELECT d.id, d.opened_on, d.number, pg_temp.id(1, m.user_number), m.duty, d.opened_on
FROM planned p JOIN dossiers d USING (id), LATERAL (VALUES (p.lead, 'lead'),
 (pg_temp.lawyer(n * 7 + 1 + n % 13), 'lawyer'),
 (CASE WHEN n % 2 = 0 THEN pg_temp.assistant(n) END, 'assistant'),
 (CASE WHEN n % 4 = 0 THEN pg_temp.lawyer(n * 7 + 20) END, 'lawyer')) m (user_number, duty)
WHERE m.user_number IS NOT NULL ON CONFLICT DO NOTHING;
"""

ENTRIES = """
-- All dossiers are open; to ask for each row whether its dossier still takes it would take half of the time.
ALTER TABLE entries DISABLE TRIGGER frozen; ALTER TABLE entry_reviews DISABLE TRIGGER frozen;
ALTER TABLE files DISABLE TRIGGER frozen;
INSERT INTO entries (id, dossier_id, title, category, responsible_party, formed_on, pages, pages_stated, original,
 confidentiality, stage, slot, review, created_by, created_at, updated_at)
SELECT id, dossier_id, title, category, CASE WHEN category = 'court_document' THEN '人民法院'
  WHEN chance % 3 = 0 THEN '委托人' WHEN chance % 3 = 1 THEN '对方当事人' END, formed_on, pages,
 files = 0 OR chance % 2 = 0, original,
 CASE WHEN category = 'internal_discussion' AND chance % 2 = 0 THEN 3 WHEN chance % 40 = 1 THEN 2 END, stage, slot,
 review, lead_id, formed_on + 1, formed_on + CASE review WHEN 'unreviewed' THEN 1 ELSE 3 END
FROM lines;

INSERT INTO entry_reviews (id, entry_id, authenticity, relevance, legality, decision, reason, exclusion, rules_version,
 reviewed_by, reviewed_at)
SELECT pg_temp.id(8, n), id, 'pass', CASE review WHEN 'kept' THEN 'pass' ELSE 'fail' END, 'pass',
 CASE review WHEN 'kept' THEN 'keep' ELSE 'exclude' END, CASE review WHEN 'excluded' THEN '与本案无关' END,
 CASE review WHEN 'excluded' THEN 'irrelevant' END,
 (SELECT max(version) FROM rule_versions WHERE kind = 'review'), lead_id, formed_on + 3
FROM lines WHERE review <> 'unreviewed';

CREATE TEMP TABLE versions ON COMMIT DROP AS
SELECT n * 2 + version - 1 AS n, l.id AS entry_id, dossier_id, version, title || '.' || ending AS original_name,
 media_type, (pages * page_bytes * (70 + pg_temp.chance(n, 33 + version) % 61) / 100)::bigint AS size,
 encode(sha256(int8send(n * 2 + version) || int8send(%(seed)s)), 'hex') AS sha256,
 CASE WHEN ending <> 'docx' THEN pages END AS pages, lead_id, formed_on + version AS made_on
FROM lines l CROSS JOIN LATERAL generate_series(1, l.files) version
JOIN (VALUES %(media)s) m (number, media_type, ending, page_bytes) ON m.number = l.chance % 10;
INSERT INTO files (id, entry_id, dossier_id, version, original_name, media_type, size, sha256, pages, object_key,
 created_by, created_at)
SELECT pg_temp.id(7, n), entry_id, dossier_id, version, original_name, media_type, size, sha256, pages,
 'files/' || pg_temp.id(10, n), lead_id, made_on FROM versions;
INSERT INTO scans (id, object_key, size, sha256, state, tries, next_try_at)
SELECT pg_temp.id(11, n), 'files/' || pg_temp.id(10, n), size, sha256, 'off', 0, made_on FROM versions;
ALTER TABLE entries ENABLE TRIGGER frozen; ALTER TABLE entry_reviews ENABLE TRIGGER frozen;
ALTER TABLE files ENABLE TRIGGER frozen;
"""

ACCESS = """
INSERT INTO grants (id, dossier_id, opened_on, number, user_id, scope, reason, reaches, granted_as, granted_by,
 granted_at, expires_at, awaits_approval)
SELECT pg_temp.id(4, n), d.id, d.opened_on, d.number, pg_temp.id(1, 1 + n % (%(users)s - 1)),
 CASE WHEN n % 3 = 0 THEN 'metadata' ELSE 'content' END, '协助承办', 3, 'director', pg_temp.id(1, %(director)s), now(),
 now() + interval '1 day' * (1 + n % 180), false
FROM generate_series(0, %(grants)s::bigint - 1) n
JOIN dossiers d ON d.id = pg_temp.id(3, pg_temp.chance(n, 50) % %(dossiers)s);

INSERT INTO walls (id, name, reason, state, effective_from, created_by, created_at, updated_at)
SELECT pg_temp.id(5, n), '隔离' || to_char(n, 'FM0000'), '利益冲突', 'active', '2016-01-01',
 pg_temp.id(1, %(director)s), '2016-01-01', '2016-01-01' FROM generate_series(0, %(walls)s - 1) n;
INSERT INTO wall_people SELECT pg_temp.id(5, n), pg_temp.id(1, (n * 3 + k * 17) % %(users)s)
FROM generate_series(0, %(walls)s - 1) n, generate_series(0, 4) k ON CONFLICT DO NOTHING;
INSERT INTO wall_clients SELECT pg_temp.id(5, n), pg_temp.id(2, pg_temp.chance(n, 51) % (%(dossiers)s / 2))
FROM generate_series(0, %(walls)s::bigint - 1) n WHERE n % 2 = 0;
INSERT INTO wall_dossiers SELECT pg_temp.id(5, n), pg_temp.id(3, pg_temp.chance(n, 52) % %(dossiers)s)
FROM generate_series(0, %(walls)s::bigint - 1) n WHERE n % 2 = 1;
-- Nobody is kept from what he works on.
DELETE FROM wall_people p USING dossier_team t, (
 SELECT wall_id, dossier_id FROM wall_dossiers
 UNION ALL SELECT w.wall_id, c.dossier_id FROM wall_clients w JOIN dossier_clients c USING (client_id)) b
WHERE p.wall_id = b.wall_id AND b.dossier_id = t.dossier_id AND t.user_id = p.user_id;
"""

STATEMENTS = (FUNCTIONS, PEOPLE, PLAN, DOSSIERS, ENTRIES, ACCESS)
