"""Where duties come from: one query a kind, each under the visibility predicate, all of the same columns.

Columns: kind, dossier_id, number, owner_id, since, due_on, count, subject_id, client_id, client_name. A source that is
not for this actor gives None. Each begins at rows that somebody's open work leads to by an index; none walks all
dossiers.
"""

from collections.abc import Callable
from typing import Literal

from app.access.standing import decides
from app.access.visibility import heads_department, sees_dossier, sees_entry
from app.auth.roles import SEPARATED, Rank, Role
from app.core.actor import Actor
from app.core.sql import Where

Scope = Literal["own", "firm"]
Source = Callable[[Actor, Where, Scope], str | None]


def _columns(kind: str, owner: str, since: str, *, due: str = "NULL::date", count: str = "NULL::int", id_: str) -> str:
    return (
        f"SELECT '{kind}' AS kind, d.id AS dossier_id, d.number, {owner} AS owner_id, {since} AS since,"
        f" {due} AS due_on, {count} AS count, {id_}::text AS subject_id, NULL::uuid AS client_id,"
        " NULL::text AS client_name"
    )


def _user(actor: Actor, where: Where) -> str:
    return f"{where.bind(actor.user_id)}::uuid"


def _whose(actor: Actor, where: Where, scope: Scope) -> str:
    """Give the condition on the lead lawyer: oneself, or those whose filing one answers for."""
    if scope == "own":
        return f"d.lead_lawyer_id = {_user(actor, where)}"
    if actor.roles & {Role.ARCHIVIST, Role.DIRECTOR}:
        return "TRUE"
    return heads_department(actor, where)


def _file(actor: Actor, where: Where, scope: Scope) -> str | None:
    since = "(d.closed_on + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'"
    return (
        f"{_columns('file', 'd.lead_lawyer_id', since, due='d.filing_due_on', id_='d.id')} FROM dossiers d"
        f" WHERE d.state = 'open' AND d.closed_on IS NOT NULL AND {_whose(actor, where, scope)}"
        f" AND {sees_dossier(actor, where)}"
    )


def _mend(actor: Actor, where: Where, scope: Scope) -> str | None:
    count = "jsonb_array_length(s.return_reasons)"
    columns = _columns("mend", "d.lead_lawyer_id", "s.decided_at", due="d.filing_due_on", count=count, id_="d.id")
    return (
        f"{columns} FROM dossiers d JOIN submissions s ON s.dossier_id = d.id AND s.state = 'returned'"
        " AND s.round = (SELECT max(m.round) FROM submissions m WHERE m.dossier_id = d.id)"
        f" WHERE d.state = 'returned' AND {_whose(actor, where, scope)} AND {sees_dossier(actor, where)}"
    )


def _infected(actor: Actor, where: Where, scope: Scope) -> str | None:
    # It ends with a newer version, with the entry being kept out, or with the scanner's better judgement.
    columns = _columns("infected_file", "d.lead_lawyer_id", "bad.since", count="bad.files::int", id_="d.id")
    return (
        f"{columns} FROM (SELECT e.dossier_id, count(*) AS files, min(s.scanned_at) AS since FROM scans s"
        " JOIN files f ON f.object_key = s.object_key JOIN entries e ON e.id = f.entry_id"
        " WHERE s.state = 'infected' AND e.review <> 'excluded'"
        " AND NOT EXISTS (SELECT 1 FROM files n WHERE n.entry_id = f.entry_id AND n.version > f.version)"
        " GROUP BY e.dossier_id) bad JOIN dossiers d ON d.id = bad.dossier_id"
        f" WHERE d.state IN ('open', 'submitted', 'returned', 'filed') AND {_whose(actor, where, scope)}"
        f" AND {sees_dossier(actor, where)}"
    )


def _conflict_check(actor: Actor, where: Where, scope: Scope) -> str | None:
    if scope == "firm":
        return None
    since = "d.opened_on::timestamp AT TIME ZONE 'Asia/Shanghai'"
    return (
        f"{_columns('conflict_check', 'd.lead_lawyer_id', since, id_='d.id')} FROM dossiers d"
        f" WHERE d.lead_lawyer_id = {_user(actor, where)} AND d.conflict_check_due"
        f" AND d.state IN ('open', 'submitted', 'returned') AND {sees_dossier(actor, where)}"
    )


def gathered(mark: str) -> str:
    """Give the source of duties that other rooms computed, handed in as one JSON value (a parameter's mark)."""
    return (
        f"SELECT * FROM jsonb_to_recordset({mark}) AS g(kind text, dossier_id uuid, number text, owner_id uuid,"
        " since timestamptz, due_on date, count int, subject_id text, client_id uuid, client_name text)"
    )


def _review(actor: Actor, where: Where, scope: Scope) -> str | None:
    if scope == "firm" or not actor.roles & {Role.LAWYER, Role.PARTNER}:
        return None
    user = _user(actor, where)
    columns = _columns("review", user, "open.since", count="open.entries::int", id_="d.id")
    return (
        f"{columns} FROM dossier_team t JOIN dossiers d ON d.id = t.dossier_id CROSS JOIN LATERAL"
        " (SELECT count(*) AS entries, min(e.created_at) AS since FROM entries e"
        " WHERE e.dossier_id = d.id AND e.review = 'unreviewed'"
        " AND (d.open_supplement_id IS NULL OR e.supplement_id = d.open_supplement_id)"
        f" AND {sees_entry(actor, where)}) open"
        f" WHERE t.user_id = {user} AND open.entries > 0"
        " AND (d.state IN ('open', 'returned') OR d.open_supplement_id IS NOT NULL)"
        f" AND {sees_dossier(actor, where)}"
    )


def _pending(kind: str, actor: Actor, where: Where, condition: str) -> str:
    """Give a duty of this actor on submissions that wait."""
    user = _user(actor, where)
    return (
        f"{_columns(kind, user, 's.submitted_at', id_='s.id')} FROM submissions s"
        f" JOIN dossiers d ON d.id = s.dossier_id WHERE s.state = 'pending' AND s.submitted_by <> {user}"
        f" AND {condition} AND {sees_dossier(actor, where)}"
    )


def _accept(actor: Actor, where: Where, scope: Scope) -> str | None:
    if scope == "firm" or Role.ARCHIVIST not in actor.roles:
        return None
    return _pending("accept", actor, where, f"s.compiler_id <> {_user(actor, where)}")


def _confirm_retention(actor: Actor, where: Where, scope: Scope) -> str | None:
    if scope == "firm" or not actor.roles & {Role.DIRECTOR, Role.PARTNER}:
        return None
    condition = "s.confirmed_retention IS NULL"
    if Role.DIRECTOR not in actor.roles:
        condition += " AND EXISTS (SELECT 1 FROM users p WHERE p.id = s.submitted_by AND 'director' = ANY(p.roles))"
    return _pending("confirm_retention", actor, where, condition)


def _decide_late(actor: Actor, where: Where, scope: Scope) -> str | None:
    if scope == "firm" or not actor.roles & {Role.DIRECTOR, Role.PARTNER}:
        return None
    above = "TRUE" if Role.DIRECTOR in actor.roles else heads_department(actor, where)
    return _pending("decide_late", actor, where, f"s.late_reason IS NOT NULL AND s.late_decision IS NULL AND {above}")


def _supplement(kind: str, actor: Actor, where: Where, condition: str) -> str:
    """Give a duty of this actor on supplements under way."""
    user = _user(actor, where)
    return (
        f"{_columns(kind, user, 'coalesce(p.decided_at, p.proposed_at)', id_='p.id')} FROM supplements p"
        " JOIN dossiers d ON d.id = p.dossier_id WHERE p.state IN ('proposed', 'approved')"
        f" AND {condition.format(user=user)} AND {sees_dossier(actor, where)}"
    )


_FILLED = "EXISTS (SELECT 1 FROM entries e WHERE e.dossier_id = d.id AND e.supplement_id = p.id)"


def _decide_supplement(actor: Actor, where: Where, scope: Scope) -> str | None:
    if scope == "firm" or Role.DIRECTOR not in actor.roles:
        return None
    return _supplement("decide_supplement", actor, where, "p.state = 'proposed' AND p.proposed_by <> {user}")


def _fill_supplement(actor: Actor, where: Where, scope: Scope) -> str | None:
    if scope == "firm":
        return None
    return _supplement(
        "fill_supplement", actor, where, f"p.state = 'approved' AND p.proposed_by = {{user}} AND NOT {_FILLED}"
    )


def _accept_supplement(actor: Actor, where: Where, scope: Scope) -> str | None:
    if scope == "firm" or Role.ARCHIVIST not in actor.roles:
        return None
    return _supplement(
        "accept_supplement", actor, where, f"p.state = 'approved' AND p.proposed_by <> {{user}} AND {_FILLED}"
    )


def _decide_access(actor: Actor, where: Where, scope: Scope) -> str | None:
    if scope == "firm":
        return None
    user = _user(actor, where)
    columns = _columns("decide_access", user, "r.requested_at", due="(r.until)::date", id_="r.id")
    return (
        f"{columns} FROM access_requests r JOIN dossiers d ON d.id = r.dossier_id"
        f" WHERE r.state = 'pending' AND r.requested_by <> {user} AND r.until > now()"
        f" AND {_grants(actor, where, user)} AND {sees_dossier(actor, where)}"
    )


def _grants(actor: Actor, where: Where, user: str) -> str:
    """Give the condition that the actor may grant access: above the lead lawyer, or as lead, but not to restricted."""
    if Role.DIRECTOR in actor.roles:
        return "TRUE"
    lead = f"(d.lead_lawyer_id = {user} AND d.confidentiality <> {Rank.RESTRICTED:d})"
    return f"({heads_department(actor, where)} OR {lead})"


def _approve_grant(actor: Actor, where: Where, scope: Scope) -> str | None:
    if scope == "firm":
        return None
    user = _user(actor, where)
    columns = _columns("approve_grant", user, "g.granted_at", due="(g.expires_at)::date", id_="g.id")
    return (
        f"{columns} FROM grants g JOIN dossiers d ON d.id = g.dossier_id"
        " WHERE g.awaits_approval AND g.ended_at IS NULL AND g.expires_at > now()"
        f" AND g.granted_by <> {user} AND g.user_id <> {user} AND {decides(actor, where)}"
        f" AND {sees_dossier(actor, where)}"
    )


def _for_people(source: Source) -> Source:
    """Leave out who has nothing to do with dossiers."""

    def told(actor: Actor, where: Where, scope: Scope) -> str | None:
        return None if actor.roles & SEPARATED else source(actor, where, scope)

    return told


SOURCES: tuple[Source, ...] = tuple(
    _for_people(source)
    for source in (
        _file, _mend, _infected, _conflict_check, _review, _accept, _confirm_retention, _decide_late,
        _decide_supplement, _fill_supplement, _accept_supplement, _decide_access, _approve_grant,
    )
)  # fmt: skip
