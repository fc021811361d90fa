"""The one visibility predicate, as SQL: who sees the metadata and who reads the content of dossiers and entries.

Everything that lists, counts, searches or exports goes through here; single reads put the same text into their WHERE,
so that what an actor may not know of is not even fetched. Source: `docs/access.md`, section Decision, rules 1 to 4.
What the actor is, is folded into the text as constants of few kinds, so that statements stay prepared; who he is, is a
parameter.
"""

from app.auth.roles import SEPARATED, Rank, Role
from app.core.actor import Actor, Reach
from app.core.sql import Where

FIRM = frozenset({Role.LAWYER, Role.ASSISTANT, Role.ARCHIVIST, Role.PARTNER, Role.DIRECTOR})
_IN_FORCE = "w.state = 'active' AND w.effective_from <= now() AND (w.until IS NULL OR w.until > now())"


def sees_dossier(actor: Actor, where: Where, d: str = "d", *, walled: str | None = None) -> str:
    """Give the condition under which the actor sees the metadata of dossier `d`.

    `walled` names a table expression that holds the rows of `walled_dossiers`, gathered once for a whole list.
    """
    fee = f"{d}.fee_count > 0"
    return _rule(actor, where, d, level=f"{d}.confidentiality", fee=fee, content=False, walled=walled)


def sees_entry(actor: Actor, where: Where, e: str = "e", d: str = "d") -> str:
    """Give the condition under which the actor sees the metadata of entry `e` of dossier `d`."""
    return _rule(actor, where, d, level=effective_level(e, d), fee=f"{e}.category = 'fee_document'", content=False)


def sees_beside(actor: Actor, where: Where, e: str, d: str = "d") -> str:
    """Give `sees_entry` for an actor who sees another entry of the same dossier: no wall keeps him from this one.

    For what names other entries of the dossier; what was asked of the dossier once is not asked again for each.
    """
    if actor.roles & SEPARATED:
        return "FALSE"
    user, fee = f"{where.bind(actor.user_id)}::uuid", f"{e}.category = 'fee_document'"
    return _related(actor, where, user, d, level=effective_level(e, d), fee=fee, content=False)


def reads_entry(actor: Actor, where: Where, e: str = "e", d: str = "d") -> str:
    """Give the condition under which the actor reads the content of entry `e` of dossier `d`."""
    return _rule(actor, where, d, level=effective_level(e, d), fee=f"{e}.category = 'fee_document'", content=True)


def reads_dossier(actor: Actor, where: Where, d: str = "d") -> str:
    """Give the condition under which the actor reads the content of dossier `d`, of entries that stand no higher."""
    return _rule(actor, where, d, level=f"{d}.confidentiality", fee="FALSE", content=True)


def sees_engagement(actor: Actor, where: Where, e: str = "e", d: str = "d") -> str:
    """Give the condition under which the actor sees an engagement of dossier `d`, which he sees already.

    `e` is the highest of the entries that it names, nulls where it names none. For finance it is no matter of what
    class those are: who reckons the fees knows of the contract, up to the level that the role reaches.
    """
    return _rule(actor, where, d, level=effective_level(e, d), fee="TRUE", content=False)


def reads_fee_terms(actor: Actor, where: Where, e: str = "e", d: str = "d") -> str:
    """Give the condition under which the actor reads the fee terms of an engagement that he sees (`e` as above)."""
    return _rule(actor, where, d, level=effective_level(e, d), fee="TRUE", content=True)


def effective_level(e: str, d: str) -> str:
    """Give the rank that counts for an entry: the higher of its own and its dossier's."""
    return f"GREATEST({e}.confidentiality, {d}.confidentiality)"


def no_wall(user: str, dossier_id: str) -> str:
    """Give the condition that no wall (信息隔离) keeps a user (a parameter's mark) from a dossier.

    `dossier_id` is an expression for its id; where that is null there is no wall.
    """
    return (
        "NOT EXISTS (SELECT 1 FROM wall_dossiers wd JOIN wall_people wp USING (wall_id) JOIN walls w ON w.id = wall_id"
        f" WHERE wd.dossier_id = {dossier_id} AND wp.user_id = {user} AND {_IN_FORCE})"
        " AND NOT EXISTS (SELECT 1 FROM dossier_clients wdc JOIN wall_clients wc ON wc.client_id = wdc.client_id"
        " JOIN wall_people wp USING (wall_id) JOIN walls w ON w.id = wall_id"
        f" WHERE wdc.dossier_id = {dossier_id} AND wp.user_id = {user} AND {_IN_FORCE})"
    )


def walled_dossiers(user: str) -> str:
    """Give the query for the `dossier_id` of all dossiers that a wall keeps a user (a parameter's mark) from."""
    walls = f"FROM wall_people wp JOIN walls w ON w.id = wp.wall_id AND wp.user_id = {user} AND {_IN_FORCE}"
    return (
        f"SELECT wd.dossier_id {walls} JOIN wall_dossiers wd ON wd.wall_id = w.id"
        f" UNION ALL SELECT wdc.dossier_id {walls} JOIN wall_clients wc ON wc.wall_id = w.id"
        " JOIN dossier_clients wdc ON wdc.client_id = wc.client_id"
    )


def no_wall_around_client(user: str, client_id: str) -> str:
    """Give the condition that no wall keeps a user (a parameter's mark) from a client (an expression for the id)."""
    return (
        "NOT EXISTS (SELECT 1 FROM wall_clients wc JOIN wall_people wp USING (wall_id) JOIN walls w ON w.id = wall_id"
        f" WHERE wc.client_id = {client_id} AND wp.user_id = {user} AND {_IN_FORCE})"
    )


def survivor(client_id: str) -> str:
    """Give the expression for the client that a client (an expression for the id) was merged into, or for himself.

    Walls and dossiers stand with the survivor alone, so what is asked of an id of any time is asked of him.
    """
    return f"coalesce((SELECT sc.merged_into FROM clients sc WHERE sc.id = {client_id}), {client_id})"


def no_wall_around_intake(user: str, intake_id: str) -> str:
    """Give the condition that no wall keeps a user from a client whom an intake (an expression for the id) is about.

    A wall around the dossier that it led to is asked for apart.
    """
    outside = no_wall_around_client(user, "ic.client_id")
    return f"NOT EXISTS (SELECT 1 FROM intake_clients ic WHERE ic.intake_id = {intake_id} AND NOT ({outside}))"


def on_team(user: str, d: str = "d") -> str:
    """Give the condition that a user (a parameter's mark) is on the team of dossier `d`, as lead or otherwise."""
    return f"EXISTS (SELECT 1 FROM dossier_team t WHERE t.dossier_id = {d}.id AND t.user_id = {user})"


def grant_in_force(g: str) -> str:
    """Give the condition that grant `g` is neither ended nor expired nor waits for its second person."""
    return f"{g}.ended_at IS NULL AND NOT {g}.awaits_approval AND {g}.expires_at > now()"


def granted(user: str, d: str, level: str, *, content: bool) -> str:
    """Give the condition that a user (a parameter's mark) has a grant for dossier `d` that reaches the level."""
    scope = " AND g.scope = 'content'" if content else ""
    return (
        f"EXISTS (SELECT 1 FROM grants g WHERE g.dossier_id = {d}.id AND g.user_id = {user}"
        f" AND {grant_in_force('g')} AND g.reaches >= {level}{scope})"
    )


def heads_department(actor: Actor, where: Where, d: str = "d") -> str:
    """Give the condition that the actor is a partner of the department of the lead lawyer of dossier `d`."""
    if Role.PARTNER not in actor.roles or actor.department is None:
        return "FALSE"
    department = where.bind(actor.department)
    return f"EXISTS (SELECT 1 FROM users l WHERE l.id = {d}.lead_lawyer_id AND l.department = {department})"


def _rule(actor: Actor, where: Where, d: str, *, level: str, fee: str, content: bool, walled: str | None = None) -> str:
    if actor.roles & SEPARATED:
        return "FALSE"
    user = f"{where.bind(actor.user_id)}::uuid"
    related = _related(actor, where, user, d, level=level, fee=fee, content=content)
    outside = no_wall(user, f"{d}.id")
    if walled is not None:
        # NOT IN, which PostgreSQL answers from a hash made once; the ids are never null.
        outside = f"{d}.id NOT IN (SELECT wx.dossier_id FROM {walled} wx)"
    return f"({related} AND {outside})"


def _related(actor: Actor, where: Where, user: str, d: str, *, level: str, fee: str, content: bool) -> str:
    """Give what the rule asks beside the walls: clearance and relation of the actor, whose id is parameter `user`."""
    roles = actor.roles
    by_role = content_by_role(roles) if content else metadata_by_role(roles)
    # Cheapest first: what stands in the row, then one look-up, then those of grants.
    relations = [f"{level} <= {by_role:d}"]
    if content and Role.ARCHIVIST in roles:
        relations.append(f"({level} <= {Rank.CONFIDENTIAL:d} AND {d}.state IN ('submitted', 'filed'))")
    if Role.FINANCE in roles:
        relations.append(f"({level} <= {Rank.CONFIDENTIAL:d} AND {fee})")
    if Role.INTEGRATION in roles:
        relations.append(f"{d}.created_by = {user}")
    if actor.reach is not None and (actor.reach.content or not content):
        relations.append(reached(actor.reach, where, d))
    if Role.PARTNER in roles and actor.department is not None:
        relations.append(f"({level} <= {Rank.CONFIDENTIAL:d} AND {heads_department(actor, where, d)})")
    relations += [on_team(user, d), granted(user, d, level, content=content)]
    return f"({level} <= {actor.clearance:d} AND ({' OR '.join(relations)}))"


def reached(reach: Reach, where: Where, d: str = "d") -> str:
    """Give the condition that dossier `d` is one of those that a program's configuration names."""
    named = [f"{d}.matter_type = ANY({where.bind(list(reach.matter_types))})"] if reach.matter_types else []
    if reach.departments:
        departments = where.bind(list(reach.departments))
        lead = f"SELECT 1 FROM users l WHERE l.id = {d}.lead_lawyer_id AND l.department = ANY({departments})"
        named.append(f"EXISTS ({lead})")
    return f"({' AND '.join(named) or 'TRUE'})"


def metadata_by_role(roles: frozenset[str]) -> Rank:
    """Give the highest level whose metadata the roles alone open."""
    if roles & {Role.ARCHIVIST, Role.DIRECTOR}:
        return Rank.RESTRICTED
    if roles & {Role.LAWYER, Role.ASSISTANT, Role.PARTNER}:
        return Rank.INTERNAL
    return Rank.PUBLIC


def content_by_role(roles: frozenset[str]) -> Rank:
    """Give the highest level whose content the roles alone open."""
    if Role.DIRECTOR in roles:
        return Rank.RESTRICTED
    return Rank.INTERNAL if Role.ARCHIVIST in roles else Rank.PUBLIC


def sees_client(actor: Actor, where: Where, c: str = "c") -> str:
    """Give the condition under which the actor may know of client `c` (`docs/access.md`, section Clients)."""
    roles = actor.roles
    if roles & SEPARATED or not roles & {*FIRM, Role.INTEGRATION}:
        return "FALSE"
    user = f"{where.bind(actor.user_id)}::uuid"
    # What was merged is known to those who know the survivor, to whom its dossiers and walls have gone.
    living = f"coalesce({c}.merged_into, {c}.id)"
    made = f"(SELECT sc.created_by FROM clients sc WHERE sc.id = {c}.merged_into)"
    known = f"CASE WHEN {c}.merged_into IS NULL THEN {c}.created_by ELSE {made} END = {user}"
    if roles & FIRM:
        known += f" OR NOT EXISTS (SELECT 1 FROM dossier_clients dc WHERE dc.client_id = {living})"
    if roles & FIRM or actor.reach is not None:
        known += (
            " OR EXISTS (SELECT 1 FROM dossier_clients dc JOIN dossiers cd ON cd.id = dc.dossier_id"
            f" WHERE dc.client_id = {living} AND {sees_dossier(actor, where, 'cd')})"
        )
    return f"(({known}) AND {no_wall_around_client(user, living)})"


def sees_identifiers(actor: Actor, where: Where, c: str = "c") -> str:
    """Give the condition under which identifier values and contacts of client `c` are shown whole.

    Only for clients whom the actor sees. A team that a wall keeps him from does not count.
    """
    if actor.roles & SEPARATED:
        return "FALSE"
    if actor.roles & {Role.ARCHIVIST, Role.DIRECTOR}:
        return "TRUE"
    user = f"{where.bind(actor.user_id)}::uuid"
    return (
        "EXISTS (SELECT 1 FROM dossier_clients dc JOIN dossiers td ON td.id = dc.dossier_id"
        " JOIN dossier_team t ON t.dossier_id = td.id"
        f" WHERE dc.client_id = {c}.id AND t.user_id = {user} AND {no_wall(user, 'td.id')})"
    )
