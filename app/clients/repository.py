"""SQL of clients, their identifiers and verifications; that of intakes and merges stands with them."""

from uuid import UUID

from app.access.visibility import sees_client, sees_dossier, sees_identifiers
from app.core.actor import Actor
from app.core.database import Connection, Database, Row, present
from app.core.sql import Where

_IDENTIFIERS = """
(SELECT coalesce(jsonb_agg(jsonb_build_object('scheme', i.scheme, 'value', i.value) ORDER BY i.position), '[]'::jsonb)
 FROM client_identifiers i WHERE i.client_id = c.id) AS identifiers
"""
_COLUMNS = f"""
c.id, c.kind, c.name, c.legal_representative, c.registration, c.former_names, c.contacts, c.remarks, c.created_at,
c.updated_at, c.merged_into, {_IDENTIFIERS}
"""


def _select(actor: Actor, where: Where) -> str:
    return f"SELECT {_COLUMNS}, {sees_identifiers(actor, where)} AS whole FROM clients c"


async def find(source: Connection | Database, actor: Actor, client_id: UUID) -> Row | None:
    """Give a client whom the actor may know of, with the verdict `whole` (identifiers unmasked)."""
    where = Where(client_id)
    select = _select(actor, where)
    return await source.fetchrow(f"{select} WHERE c.id = $1 AND {sees_client(actor, where)}", *where.args)


async def reread(connection: Connection, actor: Actor, client_id: UUID) -> Row:
    """Give a client that this transaction has written, also to an actor who has just hidden it from himself."""
    where = Where(client_id)
    return present(await connection.fetchrow(f"{_select(actor, where)} WHERE c.id = $1", *where.args))


async def lock(connection: Connection, actor: Actor, client_id: UUID) -> Row | None:
    """Give a client as `find` does and hold its row; one whom the actor may not know of is left alone."""
    where = Where(client_id)
    await connection.execute(
        f"SELECT 1 FROM clients c WHERE c.id = $1 AND {sees_client(actor, where)} FOR UPDATE OF c", *where.args
    )
    return await find(connection, actor, client_id)


async def page(database: Database, actor: Actor, where: Where, order: str) -> list[Row]:
    """Give the clients that the actor sees and that meet the conditions."""
    select = _select(actor, where)
    where.conditions.append(sees_client(actor, where))
    return await database.fetch(f"{select} WHERE {where.text} {order}", *where.args)


async def hold_identifier(connection: Connection, scheme: str, value: str) -> None:
    """Let one transaction at a time look at and write this identifier."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 11))", f"{scheme}:{value}")


async def same_identifier(connection: Connection, actor: Actor, scheme: str, value: str, other_than: UUID) -> list[Row]:
    """Give other clients with this identifier, each with the verdict `sees`."""
    where = Where(scheme, value, other_than)
    return await connection.fetch(
        f"SELECT c.id, {sees_client(actor, where)} AS sees FROM clients c"
        " JOIN client_identifiers i ON i.client_id = c.id"
        " WHERE i.scheme = $1 AND i.value = $2 AND c.id <> $3 ORDER BY c.id",
        *where.args,
    )


async def hold(connection: Connection, actor: Actor, client_ids: list[UUID]) -> None:
    """Keep those of the clients that the actor sees from being merged until the end of the transaction.

    In the order of their ids, as everybody takes them, so that nobody waits in a circle.
    """
    where = Where(client_ids)
    await connection.execute(
        f"SELECT 1 FROM clients c WHERE c.id = ANY($1) AND {sees_client(actor, where)} ORDER BY c.id"
        " FOR KEY SHARE OF c",
        *where.args,
    )


async def lock_two(connection: Connection, actor: Actor, client_ids: list[UUID]) -> dict[UUID, Row]:
    """Give those of the clients that the actor sees, as `find` does, and hold their rows, taken in the order of ids."""
    where = Where(client_ids)
    await connection.execute(
        f"SELECT 1 FROM clients c WHERE c.id = ANY($1) AND {sees_client(actor, where)} ORDER BY c.id FOR UPDATE OF c",
        *where.args,
    )
    where = Where(client_ids)
    select = _select(actor, where)
    rows = await connection.fetch(f"{select} WHERE c.id = ANY($1) AND {sees_client(actor, where)}", *where.args)
    return {row["id"]: row for row in rows}


async def names_of(connection: Connection | Database, actor: Actor, client_ids: list[UUID]) -> list[Row]:
    """Give those of the clients that the actor sees, in the order of the ids."""
    where = Where(client_ids)
    return await connection.fetch(
        f"SELECT c.id, c.name, c.merged_into FROM clients c WHERE c.id = ANY($1) AND {sees_client(actor, where)}"
        " ORDER BY array_position($1, c.id)",
        *where.args,
    )


_VERIFICATION = """
SELECT v.*, u.display_name AS verifier_name FROM client_verifications v JOIN users u ON u.id = v.verified_by
"""


async def verifications(database: Database, client_id: UUID) -> list[Row]:
    """Give the verifications of a client, oldest first."""
    return await database.fetch(f"{_VERIFICATION} WHERE v.client_id = $1 ORDER BY v.id", client_id)


async def verification(source: Connection | Database, client_id: UUID, verification_id: UUID) -> Row | None:
    """Give one verification."""
    return await source.fetchrow(f"{_VERIFICATION} WHERE v.client_id = $1 AND v.id = $2", client_id, verification_id)


async def client_of_consent(source: Connection | Database, actor: Actor, consent_id: UUID) -> Row | None:
    """Give the client, whom the actor sees, of a consent."""
    where = Where(consent_id)
    select = _select(actor, where)
    return await source.fetchrow(
        f"{select} WHERE c.id = (SELECT k.client_id FROM client_consents k WHERE k.id = $1)"
        f" AND {sees_client(actor, where)}",
        *where.args,
    )


_KEEP_COPY = """
UPDATE client_verifications SET copy_key = $2, copy_name = $3, copy_media_type = $4, copy_size = $5, copy_sha256 = $6
WHERE id = $1 AND copy_key IS NULL RETURNING id
"""


async def keep_copy(connection: Connection, verification_id: UUID, *values: object) -> bool:
    """Note the scan of a verification unless it has one; tells whether it was noted."""
    return await connection.fetchval(_KEEP_COPY, verification_id, *values) is not None


_COPIES = (
    "SELECT copy_key AS key, copy_size AS size, copy_sha256 AS sha256, '{kind}' AS kind, id, NULL::uuid AS dossier_id,"
    " NULL::uuid AS entry_id FROM {table} WHERE copy_key IS NOT NULL"
)
# What scans of verified originals and of consents keep in the store (`KeptRows`).
KEPT = " UNION ALL ".join(
    _COPIES.format(kind=kind, table=table)
    for kind, table in (("verification", "client_verifications"), ("consent", "client_consents"))
)


_MOVE_IDENTIFIERS = """
INSERT INTO client_identifiers (client_id, position, scheme, value)
SELECT $2, (SELECT coalesce(max(k.position), -1) FROM client_identifiers k WHERE k.client_id = $2)
 + row_number() OVER (ORDER BY i.position), i.scheme, i.value
FROM client_identifiers i WHERE i.client_id = $1 AND NOT EXISTS (
 SELECT 1 FROM client_identifiers k WHERE k.client_id = $2 AND k.scheme = i.scheme AND k.value = i.value)
"""
_PAPERS = {
    "verifications": "client_verifications",
    "notices": "client_notices",
    "consents": "client_consents",
}


async def move_to(connection: Connection, client_id: UUID, into_id: UUID) -> dict[str, list[str]]:
    """Let identifiers and papers of a client stand with another; give the ids of the papers by what they are.

    What was merged into the first before leads to the other from now on, so that no record leads to one that leads on.
    """
    await connection.execute(_MOVE_IDENTIFIERS, client_id, into_id)
    await connection.execute("DELETE FROM client_identifiers WHERE client_id = $1", client_id)
    await connection.execute("UPDATE clients SET merged_into = $2 WHERE merged_into = $1", client_id, into_id)
    moved = {}
    for name, table in _PAPERS.items():
        rows = await connection.fetch(
            f"UPDATE {table} SET client_id = $2 WHERE client_id = $1 RETURNING id", client_id, into_id
        )
        moved[name] = sorted(str(row["id"]) for row in rows)
    return moved


async def pairs(database: Database, actor: Actor, where: Where, order: str) -> list[Row]:
    """Give pairs of clients with the same identifiers, as far as the actor sees both."""
    where.conditions += [sees_client(actor, where, "a"), sees_client(actor, where, "b")]
    return await database.fetch(
        "SELECT a.id AS first_id, a.name AS first_name, b.id AS second_id, b.name AS second_name,"
        " jsonb_agg(jsonb_build_object('scheme', i.scheme, 'value', i.value) ORDER BY i.scheme, i.value) AS identifiers"
        " FROM client_identifiers i JOIN client_identifiers j ON j.scheme = i.scheme AND j.value = i.value"
        " AND j.client_id > i.client_id JOIN clients a ON a.id = i.client_id JOIN clients b ON b.id = j.client_id"
        f" WHERE {where.text} GROUP BY a.id, a.name, b.id, b.name {order}",
        *where.args,
    )


# Of each type of document the newest verification counts.
_DOCUMENTS = """
(SELECT coalesce(jsonb_agg(to_jsonb(n) ORDER BY n.document_type), '[]'::jsonb) FROM (
  SELECT DISTINCT ON (v.document_type) v.id AS verification_id, v.document_type, v.valid_until,
   v.copy_key IS NOT NULL AS scanned
  FROM client_verifications v WHERE v.client_id = c.id ORDER BY v.document_type, v.verified_on DESC, v.id DESC) n)
"""
_FACTS = f"""
c.id, c.name, c.kind, c.merged_into, {_DOCUMENTS} AS documents, array_remove(ARRAY[
 CASE WHEN EXISTS (SELECT 1 FROM client_identifiers i WHERE i.client_id = c.id) THEN 'identifiers' END,
 CASE WHEN jsonb_array_length(c.contacts) > 0 THEN 'contacts' END,
 CASE WHEN c.legal_representative IS NOT NULL THEN 'legal_representative' END,
 CASE WHEN c.registration <> '{{}}'::jsonb THEN 'registration' END], NULL) AS fields
"""


async def facts(database: Database, actor: Actor, client_id: UUID) -> Row | None:
    """Give what completeness is judged by of a client whom the actor sees."""
    where = Where(client_id)
    seen = sees_client(actor, where)
    return await database.fetchrow(f"SELECT {_FACTS} FROM clients c WHERE c.id = $1 AND {seen}", *where.args)


async def facts_of_team(database: Database, actor: Actor, after: UUID, limit: int) -> list[Row]:
    """Give the same of clients of open dossiers that the actor works on, by id from one on, with ids of those dossiers.

    Who sees a dossier knows its clients: the predicate of dossiers is enough.
    """
    where = Where(after, limit, actor.user_id)
    return await database.fetch(
        "WITH worked_on AS MATERIALIZED (SELECT d.id, dc.client_id FROM dossier_team t"
        " JOIN dossiers d ON d.id = t.dossier_id JOIN dossier_clients dc ON dc.dossier_id = d.id"
        " WHERE t.user_id = $3 AND d.state IN ('open', 'submitted', 'returned') AND dc.client_id > $1"
        f" AND {sees_dossier(actor, where)}), page AS MATERIALIZED ("
        "SELECT client_id, (array_agg(id ORDER BY id))[1:20] AS dossier_ids FROM worked_on"
        " GROUP BY client_id ORDER BY client_id LIMIT $2)"
        f" SELECT {_FACTS}, page.dossier_ids FROM page JOIN clients c ON c.id = page.client_id ORDER BY c.id",
        *where.args,
    )
