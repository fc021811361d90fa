"""SQL of dossiers, numbers, teams and templates."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.access.paths import visible_dossiers
from app.access.standing import hold, standing
from app.access.visibility import no_wall, sees_dossier
from app.core.actor import Actor
from app.core.database import Connection, Database, Row, present
from app.core.pagination import SortKey
from app.core.sql import Where
from app.core.statements import ActorStatement

# What is gathered comes as rows, which are quicker to make and to read than JSON.
_COLUMNS = """
d.id, d.number, d.state, d.matter_type, d.cause, d.title, d.court, d.instance, d.court_case_number, d.contract_number,
d.remarks, d.lead_lawyer_id, d.opposing_parties, d.related_parties, d.confidentiality, d.state_secret_level,
d.opened_on, d.conflict_check_due,
(SELECT (cu.check_id, cc.conclusion)
 FROM conflict_uses cu JOIN conflict_conclusions cc USING (check_id) WHERE cu.dossier_id = d.id
 ORDER BY cu.used_at DESC, cu.check_id DESC LIMIT 1) AS conflict_check,
d.arrangement_mode, d.template_id, d.entry_count, d.page_count, d.closed_on, d.result, d.filing_due_on,
d.filed_on, d.archive_number, d.retention_code, d.on_hold, d.created_by, d.created_at, d.updated_at,
ARRAY(SELECT (c.id, c.name) FROM dossier_clients dc JOIN clients c ON c.id = dc.client_id
 WHERE dc.dossier_id = d.id ORDER BY dc.position) AS clients,
ARRAY(SELECT (t.user_id, u.display_name, t.duty) FROM dossier_team t JOIN users u ON u.id = t.user_id
 WHERE t.dossier_id = d.id ORDER BY t.added_at, t.user_id) AS team,
ARRAY(SELECT (r.system, r.ref) FROM external_refs r WHERE r.dossier_id = d.id ORDER BY r.system, r.ref) AS external_refs
"""


@ActorStatement
def _find(actor: Actor, where: Where) -> str:
    whose = standing(actor, where)
    return f"SELECT {_COLUMNS}, {whose} FROM dossiers d WHERE d.id = $1 AND {sees_dossier(actor, where)}"


async def find(source: Connection | Database, actor: Actor, dossier_id: UUID) -> Row | None:
    """Give a dossier that the actor sees, with his standing to it."""
    return await _find.row(source, actor, dossier_id)


async def reread(connection: Connection, actor: Actor, dossier_id: UUID) -> Row:
    """Give a dossier that this transaction has written, also to an actor who has just closed it to himself."""
    return present(await _reread.row(connection, actor, dossier_id))


@ActorStatement
def _reread(actor: Actor, where: Where) -> str:
    return f"SELECT {_COLUMNS}, {standing(actor, where)} FROM dossiers d WHERE d.id = $1"


@ActorStatement
def _stand(actor: Actor, where: Where) -> str:
    return (
        "SELECT d.id, d.number, d.state, d.confidentiality, d.state_secret_level, d.arrangement_mode, d.template_id,"
        f" d.open_supplement_id, {standing(actor, where)} FROM dossiers d"
        f" WHERE d.id = $1 AND {sees_dossier(actor, where)}"
    )


async def stand(source: Connection | Database, actor: Actor, dossier_id: UUID) -> Row | None:
    """Give what other rooms need of a dossier that the actor sees, with his standing to it."""
    return await _stand.row(source, actor, dossier_id)


async def lock(connection: Connection, actor: Actor, dossier_id: UUID) -> Row | None:
    """Give a dossier as `find` does and hold its row until the end of the transaction."""
    await hold(connection, actor, dossier_id)
    return await find(connection, actor, dossier_id)


async def page(database: Database, actor: Actor, where: Where, keys: Sequence[SortKey], order: str) -> list[Row]:
    """Give the dossiers that the actor sees and that meet the conditions."""
    # The page is cut before names are gathered: those cost a look-up for each row.
    return await database.fetch(
        f"WITH page AS MATERIALIZED ({visible_dossiers(actor, where, keys, order)})"
        f" SELECT {_COLUMNS} FROM dossiers d JOIN page USING (id) {order}",
        *where.args,
    )


async def numbers(database: Database, actor: Actor, where: Where, keys: Sequence[SortKey], order: str) -> list[Row]:
    """Give the lines of the register of numbers whose dossiers the actor sees."""
    joined = " JOIN dossier_numbers n ON n.dossier_id = d.id"
    return await database.fetch(
        f"WITH page AS MATERIALIZED ({visible_dossiers(actor, where, keys, order, joined=joined)})"
        " SELECT n.* FROM page JOIN dossier_numbers n ON n.dossier_id = page.id ORDER BY n.number",
        *where.args,
    )


_DRAW = """
INSERT INTO number_series AS s (key, last_serial) VALUES ($1, 1)
ON CONFLICT (key) DO UPDATE SET last_serial = s.last_serial + 1 RETURNING last_serial
"""


async def draw_serial(connection: Connection, series_key: str) -> int:
    """Draw the next serial of a series; nobody else draws from it until this transaction ends."""
    serial: int = await connection.fetchval(_DRAW, series_key)
    return serial


async def number_taken(connection: Connection, number: str) -> bool:
    """Tell whether a number is in the register."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT 1 FROM dossier_numbers WHERE number = $1)", number))


async def void_number(connection: Connection, dossier_id: UUID, reason: str) -> None:
    """Note in the register why a number is void."""
    await connection.execute(
        "UPDATE dossier_numbers SET state = 'void', void_reason = $2, voided_at = now() WHERE dossier_id = $1",
        dossier_id,
        reason,
    )


async def has_entries(connection: Connection, dossier_id: UUID) -> bool:
    """Tell whether anything was ever put into the dossier, excluded material included."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT 1 FROM entries WHERE dossier_id = $1)"
            " OR EXISTS (SELECT 1 FROM off_volume_objects WHERE dossier_id = $1)"
            " OR EXISTS (SELECT 1 FROM engagements WHERE dossier_id = $1)",
            dossier_id,
        )
    )


_PUT_MEMBER = """
INSERT INTO dossier_team (dossier_id, opened_on, number, user_id, duty, added_at)
SELECT d.id, d.opened_on, d.number, $2, $3, now() FROM dossiers d WHERE d.id = $1
ON CONFLICT (dossier_id, user_id) DO UPDATE SET duty = excluded.duty
"""


async def put_members(connection: Connection, dossier_id: UUID, members: list[tuple[UUID, str]]) -> None:
    """Put people on the team; somebody who is on it gets the new duty."""
    await connection.executemany(_PUT_MEMBER, [(dossier_id, user_id, duty) for user_id, duty in members])


async def drop_members(connection: Connection, dossier_id: UUID, *, but: list[UUID]) -> None:
    """Take everybody off the team but these and the lead lawyer."""
    await connection.execute(
        "DELETE FROM dossier_team WHERE dossier_id = $1 AND duty <> 'lead' AND NOT user_id = ANY($2)", dossier_id, but
    )


async def replace_clients(connection: Connection, dossier_id: UUID, client_ids: list[UUID]) -> None:
    """Set whose dossier it is."""
    await connection.execute("DELETE FROM dossier_clients WHERE dossier_id = $1", dossier_id)
    await connection.executemany(
        "INSERT INTO dossier_clients (dossier_id, client_id, position) VALUES ($1, $2, $3)",
        [(dossier_id, client_id, position) for position, client_id in enumerate(client_ids)],
    )


async def lock_of_clients(connection: Connection, client_ids: list[UUID]) -> None:
    """Hold the rows of all dossiers of these clients, in the order of their ids."""
    await connection.execute(
        "SELECT 1 FROM dossiers d WHERE d.id IN (SELECT dc.dossier_id FROM dossier_clients dc"
        " WHERE dc.client_id = ANY($1)) ORDER BY d.id FOR NO KEY UPDATE OF d",
        client_ids,
    )


_LEAD_KEPT_OUT = f"""
SELECT EXISTS (
 SELECT 1 FROM dossier_clients dc JOIN dossiers d ON d.id = dc.dossier_id
 JOIN wall_people lp ON lp.user_id = d.lead_lawyer_id
 JOIN walls lw ON lw.id = lp.wall_id AND lw.state = 'active' AND (lw.until IS NULL OR lw.until > now())
 JOIN wall_clients lc ON lc.wall_id = lw.id AND lc.client_id = $2
 WHERE dc.client_id = $1 AND {no_wall("d.lead_lawyer_id", "d.id")}
  AND NOT EXISTS (SELECT 1 FROM dossier_clients oc JOIN wall_clients ow ON ow.client_id = oc.client_id
                  WHERE oc.dossier_id = d.id AND ow.wall_id = lw.id))
"""


async def lead_kept_out(connection: Connection, client_id: UUID, other_id: UUID) -> bool:
    """Tell whether a wall around the other client would keep a lead lawyer from a dossier of the first."""
    return bool(await connection.fetchval(_LEAD_KEPT_OUT, client_id, other_id))


async def move_client(connection: Connection, client_id: UUID, into_id: UUID) -> list[Row]:
    """Let the dossiers of a client be another's; give each with its number and clients as they were."""
    rows = await connection.fetch(
        "SELECT d.id, d.number, ARRAY(SELECT oc.client_id FROM dossier_clients oc WHERE oc.dossier_id = d.id"
        " ORDER BY oc.position) AS client_ids FROM dossiers d JOIN dossier_clients dc ON dc.dossier_id = d.id"
        " WHERE dc.client_id = $1 ORDER BY d.id",
        client_id,
    )
    await connection.execute(
        "INSERT INTO dossier_clients (dossier_id, client_id, position) SELECT dc.dossier_id, $2, dc.position"
        " FROM dossier_clients dc WHERE dc.client_id = $1 ON CONFLICT DO NOTHING",
        client_id,
        into_id,
    )
    await connection.execute("DELETE FROM dossier_clients WHERE client_id = $1", client_id)
    return rows


async def replace_refs(connection: Connection, dossier_id: UUID, refs: list[dict[str, Any]]) -> None:
    """Set the names of the dossier in other systems."""
    await connection.execute("DELETE FROM external_refs WHERE dossier_id = $1", dossier_id)
    await connection.executemany(
        "INSERT INTO external_refs (dossier_id, system, ref) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [(dossier_id, ref["system"], ref["id"]) for ref in refs],
    )


NEWEST_TEMPLATE = """NOT EXISTS (
SELECT 1 FROM templates later
WHERE later.matter_type = t.matter_type AND later.name = t.name AND later.version > t.version)"""
_TEMPLATES = f"""
SELECT t.id, t.matter_type, t.name, t.version, t.slots, t.stages, t.categories, t.source, t.verified, t.created_at,
 (t.name = m.template_name AND {NEWEST_TEMPLATE}) AS in_use
FROM templates t JOIN matter_types m ON m.matter_type = t.matter_type
"""


async def template(source: Connection | Database, template_id: UUID) -> Row | None:
    """Give one version of a template, with the verdict `in_use`."""
    return await source.fetchrow(f"{_TEMPLATES} WHERE t.id = $1", template_id)


async def templates(database: Database, where: Where, order: str) -> list[Row]:
    """Give the templates that meet the conditions."""
    return await database.fetch(f"{_TEMPLATES} WHERE {where.text} {order}", *where.args)


async def template_in_use(connection: Connection, matter_type: str) -> UUID:
    """Give the template that a dossier of this type is opened with: the newest of the name in use."""
    found: UUID = await connection.fetchval(
        "SELECT t.id FROM templates t JOIN matter_types m ON m.matter_type = t.matter_type AND m.template_name = t.name"
        " WHERE t.matter_type = $1 ORDER BY t.version DESC LIMIT 1",
        matter_type,
    )
    return found


async def lock_template_name(connection: Connection, matter_type: str) -> str:
    """Give the name in use of a matter type; nobody else adds templates to it until this transaction ends."""
    # No stronger than that: dossiers of the type go on being opened meanwhile.
    name: str = await connection.fetchval(
        "SELECT template_name FROM matter_types WHERE matter_type = $1 FOR NO KEY UPDATE", matter_type
    )
    return name


async def next_template_version(connection: Connection, matter_type: str, name: str) -> int:
    """Give the version after the newest of a name; the matter type is held already."""
    version: int = await connection.fetchval(
        "SELECT coalesce(max(version), 0) + 1 FROM templates WHERE matter_type = $1 AND name = $2", matter_type, name
    )
    return version


async def use_template_name(connection: Connection, matter_type: str, name: str) -> None:
    """Open dossiers of this type with this name from now on."""
    await connection.execute(
        "UPDATE matter_types SET template_name = $2, updated_at = now() WHERE matter_type = $1", matter_type, name
    )


async def parties(connection: Connection, dossier_id: UUID) -> Row | None:
    """Give everybody in a dossier that this transaction holds: clients, the other side, others concerned."""
    return await connection.fetchrow(
        "SELECT d.opposing_parties, d.related_parties,"
        " (SELECT jsonb_agg(jsonb_build_object('id', c.id, 'name', c.name) ORDER BY dc.position)"
        "  FROM dossier_clients dc JOIN clients c ON c.id = dc.client_id WHERE dc.dossier_id = d.id) AS clients"
        " FROM dossiers d WHERE d.id = $1",
        dossier_id,
    )
