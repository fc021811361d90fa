"""What the details of an event leave out for its reader.

An event keeps for ever what was listed and what was written over. Its reader may be kept from some of that, by a wall
or because he only ever saw it masked: this is left out without a sign, for a sign would tell that there is something.
Where personal data were erased another kind of value stands than was written, anywhere in the details.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from app.access.acts import powers
from app.access.events import ACCESS_REQUEST_LISTED, WALL_LISTED
from app.access.visibility import no_wall_around_client, no_wall_around_intake, on_team, survivor
from app.auth.roles import Rank, Role
from app.clients.events import (
    CLIENT_CHANGED,
    CLIENT_LISTED,
    CLIENT_MERGED,
    DUPLICATES_LISTED,
    INTAKE_CHANGED,
    INTAKE_LISTED,
)
from app.clients.identifiers import mask
from app.conflicts.events import CONFLICT_LISTED
from app.core.actor import Actor
from app.core.database import Database, Row
from app.core.sql import Where
from app.dossiers.events import DOSSIER_LISTED, NUMBERS_LISTED
from app.engagements.events import GAPS_LISTED
from app.reports.event_sight import in_sight, outside_check, readable, reads_all
from app.reports.events import DUTIES_LISTED, EVENT_LISTED, REDACTION_EVENTS_LISTED, REDACTIONS_LISTED

Details: TypeAlias = dict[str, Any] | None
# They see what was written over whole in the client himself, or guard the record.
_WHOLE = frozenset({Role.ARCHIVIST, Role.DIRECTOR, Role.AUDITOR})


async def told(database: Database, actor: Actor, rows: Sequence[Row]) -> list[Details]:
    """Give the details of these events as the actor may read them, in their order; None for masked ones."""
    hidden = {type_: await _hidden(database, actor, type_, rows) for type_ in _LISTED}
    return [None if row["masked"] else _without(actor, row, hidden.get(row["type"], set())) for row in rows]


def told_whole(row: Row, details: Details) -> bool:
    """Tell whether `details`, as they were told to a reader, are all that there are, and he may know it.

    Never of an event that lists things: where something is kept from him, the lack of it would be the sign.
    """
    if row["type"] in _LISTED and "returned" in (row["details"] or {}):
        return False
    return not row["masked"] and details == row["details"]


async def _hidden(database: Database, actor: Actor, type_: str, rows: Sequence[Row]) -> set[str]:
    """Give those of the listed things in events of one type that the actor is kept from."""
    listed = sorted({text for row in rows if _looked_at(actor, row, type_) for text in _returned(row["details"])})
    if not listed:
        return set()
    where = Where(listed if type_ == NUMBERS_LISTED.name else [UUID(text) for text in listed])
    query = _LISTED[type_](actor, where)
    return {str(row["listed"]) for row in await database.fetch(query, *where.args)}


def _looked_at(actor: Actor, row: Row, type_: str) -> bool:
    if row["type"] != type_ or row["masked"]:
        return False
    # One's own lists of events tell nothing new by their ids, but for which dossiers there were any.
    return type_ != EVENT_LISTED.name or row["actor_id"] != actor.user_id or row["dossier_id"] is not None


def _returned(details: Details) -> list[str]:
    """Give the ids or numbers that an event lists, without those that were erased."""
    returned = (details or {}).get("returned")
    return [text for text in returned if isinstance(text, str)] if isinstance(returned, list) else []


def _without(actor: Actor, row: Row, hidden: set[str]) -> Details:
    details: Details = row["details"]
    if details is None:
        return None
    if hidden and (returned := _returned(details)):
        return {**details, "returned": [text for text in returned if text not in hidden]}
    if powers(actor.roles) & _WHOLE:
        return details
    if row["type"] in {CLIENT_CHANGED.name, INTAKE_CHANGED.name}:
        return _each(details, "changed", _covered)
    if row["type"] == CLIENT_MERGED.name:
        return _each(_each(details, "moved", _masked), "survivor_had", _masked)
    return details


def _each(details: dict[str, Any], part: str, cover: Callable[[str, Any], Any]) -> dict[str, Any]:
    """Cover each value of a part of details, by its name."""
    values = details.get(part)
    if not isinstance(values, dict):
        return details
    return {**details, part: {name: cover(name, value) for name, value in values.items()}}


def _covered(name: str, values: Any) -> Any:
    """Mask what was written over: who changed it may have seen no more."""
    if not isinstance(values, list):
        return values
    old, new = values
    if name == "visitor" and isinstance(old, dict) and "contact" in old:
        return [{**old, "contact": _value_masked(old["contact"], masked=True)}, new]
    return [_masked(name, old), new]


def _masked(name: str, values: Any) -> Any:
    """Mask identifiers and contacts, and leave all else."""
    if name not in {"identifiers", "contacts"} or not isinstance(values, list):
        return values
    return [_value_masked(item) for item in values]


def _value_masked(item: Any, **more: bool) -> Any:
    if not isinstance(item, dict) or not isinstance(item.get("value"), str):
        return item
    return {**item, "value": mask(item["value"]), **more}


def _user(actor: Actor, where: Where) -> str:
    return f"{where.bind(actor.user_id)}::uuid"


def _dossiers(actor: Actor, where: Where) -> str:
    seen = in_sight(actor, _user(actor, where), "d.id")
    return f"SELECT d.id AS listed FROM dossiers d WHERE d.id = ANY($1) AND NOT ({seen})"


def _numbers(actor: Actor, where: Where) -> str:
    user = _user(actor, where)
    seen = in_sight(actor, user, "d.id")
    if reads_all(actor):
        # The number is the label of a sealed dossier.
        seen += f" AND (d.confidentiality < {Rank.SEALED:d} OR {on_team(user)})"
    return f"SELECT d.number AS listed FROM dossiers d WHERE d.number = ANY($1) AND NOT ({seen})"


def _clients(actor: Actor, where: Where) -> str:
    seen = no_wall_around_client(_user(actor, where), survivor("c.id"))
    return f"SELECT c.id AS listed FROM clients c WHERE c.id = ANY($1) AND NOT ({seen})"


def _intakes(actor: Actor, where: Where) -> str:
    user = _user(actor, where)
    seen = f"{no_wall_around_intake(user, 'i.id')} AND {in_sight(actor, user, 'i.dossier_id')}"
    return f"SELECT i.id AS listed FROM intakes i WHERE i.id = ANY($1) AND NOT ({seen})"


def _checks(actor: Actor, where: Where) -> str:
    user = _user(actor, where)
    seen = f"{outside_check(user, 'k.id')} AND {in_sight(actor, user, 'cu.dossier_id')}"
    return (
        "SELECT k.id AS listed FROM conflict_checks k LEFT JOIN conflict_uses cu ON cu.check_id = k.id"
        f" WHERE k.id = ANY($1) AND NOT ({seen})"
    )


def _walls(actor: Actor, where: Where) -> str:
    return (
        "SELECT wp.wall_id AS listed FROM wall_people wp"
        f" WHERE wp.wall_id = ANY($1) AND wp.user_id = {_user(actor, where)}"
    )


def _requests(actor: Actor, where: Where) -> str:
    seen = in_sight(actor, _user(actor, where), "r.dossier_id")
    return f"SELECT r.id AS listed FROM access_requests r WHERE r.id = ANY($1) AND NOT ({seen})"


def _events(actor: Actor, where: Where) -> str:
    return f"SELECT v.id AS listed FROM events v WHERE v.id = ANY($1) AND NOT ({readable(actor, where)})"


def _redactions(actor: Actor, where: Where) -> str:
    return (
        "SELECT DISTINCT i.redaction_id AS listed FROM event_redaction_items i JOIN events v ON v.id = i.event_id"
        f" WHERE i.redaction_id = ANY($1) AND NOT ({readable(actor, where)})"
    )


# The queries for what the actor is kept from, by the type of the event that lists it.
_LISTED: dict[str, Callable[[Actor, Where], str]] = {
    DOSSIER_LISTED.name: _dossiers,
    DUTIES_LISTED.name: _dossiers,
    GAPS_LISTED.name: _dossiers,
    NUMBERS_LISTED.name: _numbers,
    CLIENT_LISTED.name: _clients,
    DUPLICATES_LISTED.name: _clients,
    INTAKE_LISTED.name: _intakes,
    CONFLICT_LISTED.name: _checks,
    WALL_LISTED.name: _walls,
    ACCESS_REQUEST_LISTED.name: _requests,
    EVENT_LISTED.name: _events,
    REDACTION_EVENTS_LISTED.name: _events,
    REDACTIONS_LISTED.name: _redactions,
}
