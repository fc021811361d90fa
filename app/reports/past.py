"""The facts that decide on a dossier, as they are or as they were: from the tables, then taken back event by event.

Events keep old and new values of every change for ever, so the past needs no tables of its own. What was true between
two changes is exact; within the second of a change it may be either.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.access.events import WALL_CHANGED
from app.access.rules import DossierFacts, GrantFacts, Person
from app.auth.events import CLEARANCES_CHANGED, INTEGRATION_CHANGED, USER_CHANGED, USER_ROLES_FOLLOWED
from app.auth.roles import Level
from app.core.actor import Reach
from app.core.database import Connection, Row
from app.core.ids import first_id_at
from app.dossiers.events import DOSSIER_CHANGED, DOSSIER_CLIENT_MERGED, DOSSIER_VOIDED, TEAM_CHANGED
from app.filing.events import DOSSIER_FILED, DOSSIER_RETURNED, DOSSIER_SUBMITTED


@dataclass(slots=True)
class Facts:
    """Everything that decides who sees a dossier, as mutable rows of the tables by name of the column."""

    dossier: dict[str, Any]
    team: set[str]
    client_ids: set[str]
    users: dict[str, dict[str, Any]]
    clearances: dict[str, int]
    walls: dict[str, dict[str, Any]]
    grants: list[Row]


_DOSSIER = """
SELECT d.id, d.confidentiality, d.state, d.matter_type, d.lead_lawyer_id, d.created_by, d.created_at,
 (SELECT min(e.created_at) FROM entries e WHERE e.dossier_id = d.id AND e.category = 'fee_document') AS fees_since,
 ARRAY(SELECT t.user_id FROM dossier_team t WHERE t.dossier_id = d.id) AS team,
 ARRAY(SELECT dc.client_id FROM dossier_clients dc WHERE dc.dossier_id = d.id) AS client_ids
FROM dossiers d WHERE d.id = $1
"""
_USERS = """
SELECT u.id, u.display_name, u.kind, u.roles, u.department, u.active, u.created_at, i.level, i.sees, i.matter_types,
 i.departments, i.content
FROM users u LEFT JOIN integrations i ON i.user_id = u.id WHERE u.created_at <= $1
"""
# All walls: one that stands around other things today may have stood around this dossier.
_WALLS = """
SELECT w.id, w.state, w.effective_from, w.until,
 ARRAY(SELECT p.user_id FROM wall_people p WHERE p.wall_id = w.id) AS excluded_users,
 ARRAY(SELECT c.client_id FROM wall_clients c WHERE c.wall_id = w.id) AS client_ids,
 ARRAY(SELECT x.dossier_id FROM wall_dossiers x WHERE x.wall_id = w.id) AS dossier_ids
FROM walls w WHERE w.created_at <= $1
"""
_LATER = """
SELECT v.type, v.subject_id, v.details FROM events v
WHERE v.type = ANY($1) AND v.outcome = 'success' AND v.recorded_at > $2 AND v.id >= $3
 AND (v.dossier_id = $4 OR v.dossier_id IS NULL) ORDER BY v.id DESC
"""


async def facts_at(connection: Connection, dossier_id: UUID, at: datetime, *, past: bool) -> Facts:
    """Give the facts about a dossier that exists; with `past` those of the moment `at`."""
    row = dict(await connection.fetchrow(_DOSSIER, dossier_id) or {})
    users = await connection.fetch(_USERS, at)
    walls = await connection.fetch(_WALLS, at)
    facts = Facts(
        dossier=row,
        team={str(user_id) for user_id in row.pop("team")},
        client_ids={str(client_id) for client_id in row.pop("client_ids")},
        users={str(user["id"]): dict(user) for user in users},
        clearances={line["role"]: line["level"] for line in await connection.fetch("SELECT * FROM role_clearances")},
        walls={str(wall["id"]): {**wall, **{name: _texts(wall[name]) for name in _SETS}} for wall in walls},
        grants=await connection.fetch("SELECT * FROM grants WHERE dossier_id = $1", dossier_id),
    )
    if past:
        later = await connection.fetch(_LATER, list(_TAKE_BACK), at, first_id_at(at), dossier_id)
        for event in later:
            _TAKE_BACK[event["type"]](facts, str(event["subject_id"]), event["details"])
    return facts


_SETS = ("excluded_users", "client_ids", "dossier_ids")


def _texts(ids: list[UUID]) -> set[str]:
    return {str(id_) for id_ in ids}


def _old(details: dict[str, Any]) -> dict[str, Any]:
    """Give what was written over, but for what was erased since: that decides nothing."""
    return {name: values[0] for name, values in details["changed"].items() if isinstance(values, list)}


def _dossier_changed(facts: Facts, _: str, details: dict[str, Any]) -> None:
    old = _old(details)
    if "confidentiality" in old:
        facts.dossier["confidentiality"] = int(Level(old["confidentiality"]).rank)
    if "lead_lawyer_id" in old:
        facts.team.discard(str(facts.dossier["lead_lawyer_id"]))
        facts.dossier["lead_lawyer_id"] = UUID(old["lead_lawyer_id"])
        facts.team.add(old["lead_lawyer_id"])
    if "team" in old:
        _set_team(facts, old["team"])
    if "client_ids" in old:
        facts.client_ids = set(old["client_ids"])


def _team_changed(facts: Facts, _: str, details: dict[str, Any]) -> None:
    _set_team(facts, details["old"]["members"])


def _set_team(facts: Facts, members: list[dict[str, Any]]) -> None:
    facts.team = {member["user_id"] for member in members} | {str(facts.dossier["lead_lawyer_id"])}


def _state_changed(facts: Facts, _: str, details: dict[str, Any]) -> None:
    facts.dossier["state"] = details["was"]


def _voided(facts: Facts, _: str, __: dict[str, Any]) -> None:
    facts.dossier["state"] = "open"


def _user_changed(facts: Facts, user_id: str, details: dict[str, Any]) -> None:
    if user_id in facts.users:
        old = _old(details)
        facts.users[user_id] |= {name: old[name] for name in ("roles", "department", "active") if name in old}


def _integration_changed(facts: Facts, user_id: str, details: dict[str, Any]) -> None:
    if user_id in facts.users:
        old = details["old"]
        facts.users[user_id] |= {**old, "level": int(Level(old["level"]).rank)}


def _clearances_changed(facts: Facts, _: str, details: dict[str, Any]) -> None:
    facts.clearances |= {role: int(Level(values[0]).rank) for role, values in details["changed"].items()}


def _wall_changed(facts: Facts, wall_id: str, details: dict[str, Any]) -> None:
    if wall_id not in facts.walls:
        return
    for name, old in _old(details).items():
        if name == "excluded_users":
            facts.walls[wall_id][name] = {person["id"] for person in old}
        elif name in _SETS:
            facts.walls[wall_id][name] = set(old)
        elif name == "until":
            facts.walls[wall_id][name] = datetime.fromisoformat(old) if old else None
        elif name == "state":
            facts.walls[wall_id][name] = old


_TAKE_BACK: dict[str, Callable[[Facts, str, dict[str, Any]], None]] = {
    DOSSIER_CHANGED.name: _dossier_changed,
    DOSSIER_CLIENT_MERGED.name: _dossier_changed,
    TEAM_CHANGED.name: _team_changed,
    DOSSIER_VOIDED.name: _voided,
    DOSSIER_SUBMITTED.name: _state_changed,
    DOSSIER_RETURNED.name: _state_changed,
    DOSSIER_FILED.name: _state_changed,
    USER_CHANGED.name: _user_changed,
    USER_ROLES_FOLLOWED.name: _user_changed,
    INTEGRATION_CHANGED.name: _integration_changed,
    CLEARANCES_CHANGED.name: _clearances_changed,
    WALL_CHANGED.name: _wall_changed,
}


def dossier_facts(facts: Facts, at: datetime) -> DossierFacts:
    """Shape the facts of the dossier for the rules."""
    row = facts.dossier
    lead = facts.users.get(str(row["lead_lawyer_id"]), {})
    dossier = DossierFacts(
        level=row["confidentiality"], state=row["state"], matter_type=row["matter_type"],
        lead_department=lead.get("department"), created_by=row["created_by"],
        holds_fees=row["fees_since"] is not None and row["fees_since"] <= at,
    )  # fmt: skip
    dossier.team = {UUID(user_id) for user_id in facts.team}
    dossier.grants = [
        GrantFacts(grant["user_id"], grant["scope"] == "content", grant["reaches"], grant["expires_at"])
        for grant in facts.grants
        if _in_force(grant, at)
    ]
    for wall in facts.walls.values():
        stands = (
            wall["state"] == "active" and wall["effective_from"] <= at and (not wall["until"] or wall["until"] > at)
        )
        if stands and (str(row["id"]) in wall["dossier_ids"] or facts.client_ids & wall["client_ids"]):
            dossier.walled |= {UUID(user_id) for user_id in wall["excluded_users"]}
    return dossier


def _in_force(grant: Row, at: datetime) -> bool:
    begins = grant["approved_at"] or grant["granted_at"]
    ended = grant["ended_at"] is not None and grant["ended_at"] <= at
    waits = grant["awaits_approval"] or begins > at
    return not ended and not waits and grant["expires_at"] > at


def person_of(user: dict[str, Any], clearances: dict[str, int]) -> Person:
    """Shape a user for the rules."""
    reach = None
    if user["sees"] == "matching":
        reach = Reach(tuple(user["matter_types"]), tuple(user["departments"]), user["content"])
    level = max((clearances.get(role, 0) for role in user["roles"]), default=0)
    if user["level"] is not None:
        level = user["level"]
    return Person(user["id"], frozenset(user["roles"]), user["department"], level, reach)
