"""SQL of conflict checks: the search in the index of parties, and the checks themselves."""

from collections.abc import Sequence
from uuid import UUID

from app.access.acts import powers
from app.access.visibility import no_wall_around_client, sees_client, sees_dossier, survivor
from app.auth.roles import SEPARATED, Role
from app.core.actor import Actor
from app.core.database import Connection, Database, Row
from app.core.sql import Where

# Names that are found more often than this say too little to be looked for.
MOST = 500
SEPARATOR = "\x1f"
_P = "(SELECT p.id FROM party_names p WHERE"
# Of each name: its equals; what it is contained in (all pairs of characters, then the whole); what it contains; and of
# a short one, what begins with it. One index each.
_MATCHES = f"""
WITH asked AS (
 SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[]) AS a(n, what, key, core, grams)
), found AS (
 SELECT i.n, 'identifier' AS what, 'identifier' AS how, p.id FROM unnest($6::int[], $7::bytea[]) AS i(n, digest)
 CROSS JOIN LATERAL {_P} p.digest = i.digest LIMIT {MOST + 1}) p
 UNION ALL
 SELECT a.n, a.what, 'same_name', p.id FROM asked a CROSS JOIN LATERAL {_P} p.key = a.key LIMIT {MOST + 1}) p
 UNION ALL
 SELECT s.n, s.what, 'contains', p.id FROM unnest($8::int[], $9::text[], $10::text[]) AS s(n, what, span)
 CROSS JOIN LATERAL {_P} p.core = s.span LIMIT {MOST + 1}) p
 UNION ALL
 SELECT a.n, a.what, 'contains', p.id FROM asked a
 CROSS JOIN LATERAL {_P} p.grams @> string_to_array(a.grams, '{SEPARATOR}') AND position(a.core IN p.core) > 0
  LIMIT {MOST + 1}) p WHERE a.grams IS NOT NULL
 UNION ALL
 SELECT a.n, a.what, 'contains', p.id FROM asked a
 CROSS JOIN LATERAL {_P} p.core ~>=~ a.core AND p.core ~<~ (a.core || chr(1114111)) LIMIT {MOST + 1}) p
 WHERE a.grams IS NULL AND length(a.core) > 1
)
SELECT f.n, f.what AS asked_what, f.how, p.side, p.what, p.party, p.current, p.client_id, p.dossier_id
FROM found f JOIN party_names p USING (id)
"""


async def matches(connection: Connection, *arrays: Sequence[object]) -> list[Row]:
    """Give the lines of the index that names, numbers and parts of names match; see `search.py` for the arrays."""
    return await connection.fetch(_MATCHES, *arrays)


async def mandates(connection: Connection, client_ids: list[UUID]) -> list[Row]:
    """Tell in which dossiers these are or were clients."""
    return await connection.fetch(
        "SELECT client_id, dossier_id, current FROM party_names WHERE what = 'mandate' AND client_id = ANY($1)",
        client_ids,
    )


async def clients(connection: Connection, actor: Actor, client_ids: list[UUID]) -> list[Row]:
    """Name clients, each with the verdict `sees`."""
    where = Where(client_ids)
    return await connection.fetch(
        f"SELECT c.id, c.name, {sees_client(actor, where)} AS sees FROM clients c WHERE c.id = ANY($1)", *where.args
    )


async def dossiers(connection: Connection, actor: Actor, dossier_ids: list[UUID]) -> list[Row]:
    """Tell how dossiers stand, void ones left out, each with the verdict `sees`."""
    # The mandate ended with the matter; of what was never closed by its last change.
    where = Where(dossier_ids)
    return await connection.fetch(
        "SELECT d.id, CASE WHEN d.closed_on IS NULL THEN d.state ELSE 'closed' END AS state, d.court_case_number,"
        " coalesce(d.closed_on, (d.updated_at AT TIME ZONE 'Asia/Shanghai')::date) AS ended_on,"
        f" {sees_dossier(actor, where)} AS sees FROM dossiers d WHERE d.id = ANY($1) AND d.state <> 'void'",
        *where.args,
    )


async def known_clients(connection: Connection, actor: Actor, client_ids: list[UUID]) -> dict[UUID, Row]:
    """Give by id who clients are, of those that the actor may know of."""
    where = Where(client_ids)
    rows = await connection.fetch(
        "SELECT c.id, c.kind, c.name, c.legal_representative, c.former_names,"
        " (SELECT coalesce(jsonb_agg(jsonb_build_object('scheme', i.scheme, 'value', i.value)), '[]'::jsonb)"
        "  FROM client_identifiers i WHERE i.client_id = c.id) AS identifiers"
        f" FROM clients c WHERE c.id = ANY($1) AND {sees_client(actor, where)}",
        *where.args,
    )
    return {row["id"]: row for row in rows}


async def people(connection: Connection, user_ids: list[UUID]) -> list[Row]:
    """Name people."""
    return await connection.fetch("SELECT u.id, u.display_name FROM users u WHERE u.id = ANY($1)", user_ids)


_CHECK = """
SELECT k.*, m.display_name AS maker_name, o.conclusion, o.reason AS conclusion_reason, o.concluded_at, o.concluded_by,
 ob.display_name AS concluder_name, r.judgement AS referral, r.reason AS referral_reason, r.judged_at, r.judged_by,
 rb.display_name AS referral_name, cu.dossier_id, %s AS guards
FROM conflict_checks k JOIN users m ON m.id = k.made_by
LEFT JOIN conflict_conclusions o ON o.check_id = k.id LEFT JOIN users ob ON ob.id = o.concluded_by
LEFT JOIN conflict_referrals r ON r.check_id = k.id LEFT JOIN users rb ON rb.id = r.judged_by
LEFT JOIN conflict_uses cu ON cu.check_id = k.id
"""
_REFERS = "EXISTS (SELECT 1 FROM conflict_hits rh WHERE rh.check_id = k.id AND rh.hidden)"


def _guards(actor: Actor) -> bool:
    """Tell whether the actor sees of checks only that there is something to refer, and whom it concerns."""
    return Role.SECURITY_ADMIN in powers(actor.roles)


def sees_check(actor: Actor, where: Where) -> str:
    """Give the condition under which the actor sees check `k` with use `cu`.

    Its maker does, archivist and director, and partners of the maker's department; the security administrator such as
    refer to something. Whoever a wall keeps from a client whom it is about, or who does not see the dossier that was
    opened after it, does not; to the maker himself only clients tell of a wall that he named by id.
    """
    if _guards(actor):
        return _REFERS
    if powers(actor.roles) & SEPARATED:
        return "FALSE"
    user = f"{where.bind(actor.user_id)}::uuid"
    own = f"k.made_by = {user}"
    others = "FALSE"
    if actor.roles & {Role.ARCHIVIST, Role.DIRECTOR}:
        others = "TRUE"
    elif Role.PARTNER in actor.roles and actor.department is not None:
        others = f"m.department = {where.bind(actor.department)}"
    named, about = (_outside(user, column) for column in ("k.client_ids", "k.about_client_ids"))
    return (
        f"(({own} OR (({others}) AND {about})) AND {named} AND (cu.dossier_id IS NULL OR EXISTS"
        f" (SELECT 1 FROM dossiers kd WHERE kd.id = cu.dossier_id AND {sees_dossier(actor, where, 'kd')})))"
    )


def _outside(user: str, column: str) -> str:
    walled = f"NOT ({no_wall_around_client(user, survivor('about.id'))})"
    return f"NOT EXISTS (SELECT 1 FROM unnest({column}) AS about(id) WHERE {walled})"


async def find(source: Connection | Database, actor: Actor, check_id: UUID) -> Row | None:
    """Give a check that the actor sees, with what became of it."""
    where = Where(check_id)
    sql = f"{_CHECK % ('TRUE' if _guards(actor) else 'FALSE')} WHERE k.id = $1 AND {sees_check(actor, where)}"
    return await source.fetchrow(sql, *where.args)


async def page(database: Database, actor: Actor, where: Where, order: str) -> list[Row]:
    """Give the checks that the actor sees and that meet the conditions."""
    where.conditions.append(sees_check(actor, where))
    guards = "TRUE" if _guards(actor) else "FALSE"
    return await database.fetch(f"{_CHECK % guards} WHERE {where.text} {order}", *where.args)


async def hold(connection: Connection, check_id: UUID) -> None:
    """Let one transaction at a time conclude, refer or use a check that the actor sees."""
    # No row lock: the service's database role may not change checks, and for a lock it would have to.
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 23))", str(check_id))


async def hits(source: Connection | Database, actor: Actor, check_ids: list[UUID]) -> list[Row]:
    """Give what checks found, each with what the actor may know of it: `sees`, and the `dossiers` that he sees."""
    where = Where(check_ids)
    seen = (
        "SELECT jsonb_agg(jsonb_build_object('id', d.id, 'number', d.number, 'state', d.state) ORDER BY d.id DESC)"
        f" FROM dossiers d WHERE d.id = ANY(h.dossier_ids) AND {sees_dossier(actor, where)}"
    )
    client = f"SELECT 1 FROM clients c WHERE c.id = h.client_id AND {sees_client(actor, where)}"
    knows = f"h.client_id IS NULL OR EXISTS ({client})"
    return await source.fetch(
        "SELECT f.*, f.knows AND (cardinality(f.dossier_ids) = 0 OR f.dossiers IS NOT NULL) AS sees"
        f" FROM (SELECT h.*, ({knows}) AS knows, ({seen}) AS dossiers, j.judgement, j.reason FROM conflict_hits h"
        " LEFT JOIN conflict_judgements j ON j.hit_id = h.id WHERE h.check_id = ANY($1)) f ORDER BY f.id",
        *where.args,
    )


async def consents(source: Connection | Database, check_ids: list[UUID]) -> list[Row]:
    """Give the signed consents to hits of checks."""
    return await source.fetch("SELECT * FROM conflict_consents WHERE check_id = ANY($1)", check_ids)


async def concerned(source: Connection | Database, check_ids: list[UUID]) -> list[Row]:
    """Tell who leads the dossiers that the makers of checks may not know of."""
    return await source.fetch(
        "SELECT DISTINCT h.check_id, u.id, u.display_name FROM conflict_hits h"
        " JOIN dossiers d ON d.id = ANY(h.dossier_ids) JOIN users u ON u.id = d.lead_lawyer_id"
        " WHERE h.check_id = ANY($1) AND h.hidden ORDER BY u.display_name, u.id",
        check_ids,
    )


async def covering(connection: Connection, dossier_id: UUID) -> list[Row]:
    """Give who was asked about by the checks of a dossier."""
    return await connection.fetch(
        f"SELECT k.asked, ARRAY(SELECT {survivor('named.id')} FROM unnest(k.client_ids) AS named(id)) AS client_ids"
        " FROM conflict_uses cu JOIN conflict_checks k ON k.id = cu.check_id"
        " WHERE cu.dossier_id = $1",
        dossier_id,
    )


# What consents keep in the store (`KeptRows`).
KEPT = (
    "SELECT key, size, sha256, 'conflict_check' AS kind, check_id AS id, NULL::uuid AS dossier_id,"
    " NULL::uuid AS entry_id FROM conflict_consents"
)


async def matter_type_exists(connection: Connection, name: str) -> bool:
    """Tell whether the firm has a matter type."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT 1 FROM matter_types WHERE matter_type = $1)", name))
