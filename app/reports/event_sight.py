"""Which events somebody reads, and of which he sees neither label nor details: conditions on event `v`.

Source: `docs/access.md`, section Events. What an event tells may be about what its reader does not see any more, or
never did: walls, the clearance in force and sealed entries count here as they do everywhere else.
"""

from uuid import UUID

from app.access.acts import powers
from app.access.events import ACCESS_DENIED, ACCESS_REQUEST_LISTED
from app.access.visibility import no_wall, no_wall_around_client, no_wall_around_intake, on_team, survivor
from app.auth.roles import SEPARATED, Rank, Role
from app.clients.events import CLIENT_DUPLICATE_SUSPECTED
from app.core.actor import Actor
from app.core.sql import Where
from app.reports.events import EVENT_EXPORTED, EVENT_LISTED, PROOFS_EXPORTED

# What says no more than the caller sent: refusals of what he may not know of, and searches by an id that he gave. They
# are the same for what is hidden and for what does not exist, so they stay readable for both.
_NO_MORE = (
    "((v.outcome = 'denied' AND v.details ->> 'rule' = 'not_visible') OR v.type IN"
    f" ('{EVENT_LISTED.name}', '{EVENT_EXPORTED.name}', '{PROOFS_EXPORTED.name}', '{ACCESS_REQUEST_LISTED.name}'))"
)
# Parts of a dossier that have an id of their own: a refusal about one that is hidden names that id and no more.
_PARTS = ("entries", "files", "receipts", "off_volume_objects", "engagements")


def reads_all(actor: Actor) -> bool:
    """Tell whether the actor reads the events of everybody."""
    return bool(powers(actor.roles) & {Role.AUDITOR, Role.DIRECTOR})


_CLIENT = (
    "(CASE v.subject_type WHEN 'client' THEN v.subject_id WHEN 'verification'"
    " THEN (SELECT cv.client_id FROM client_verifications cv WHERE cv.id = v.subject_id) WHEN 'consent'"
    " THEN (SELECT ck.client_id FROM client_consents ck WHERE ck.id = v.subject_id) END)"
)
# An intake leads to its dossier later than most of its events.
_INTAKE = "(CASE v.subject_type WHEN 'intake' THEN v.subject_id END)"
_INTAKES_DOSSIER = f"(SELECT ik.dossier_id FROM intakes ik WHERE ik.id = {_INTAKE})"

# A conflict check belongs to the dossier that was opened after it.
_CHECK_USE = (
    "(CASE v.subject_type WHEN 'conflict_check'"
    " THEN (SELECT cu.dossier_id FROM conflict_uses cu WHERE cu.check_id = v.subject_id) END)"
)
_DOSSIER = f"coalesce(v.dossier_id, {_INTAKES_DOSSIER}, {_CHECK_USE})"


def readable(actor: Actor, where: Where) -> str:
    """Give the condition under which the actor reads event `v`.

    Behind a wall, and above the clearance in force, nothing is left but what says no more than the caller sent.
    """
    user = f"{where.bind(actor.user_id)}::uuid"
    own = f"(v.actor_id = {user} OR v.via_id = {user})"
    entitled = [own, _entitled(actor, user, "v.dossier_id")]
    if Role.ARCHIVIST in powers(actor.roles):
        entitled.append(f"v.type = '{CLIENT_DUPLICATE_SUSPECTED.name}'")
    if powers(actor.roles) & {Role.LAWYER, Role.PARTNER}:
        entitled.append(_attempt_on_led(actor, user))
    return f"({' OR '.join(entitled)}) AND (({own} AND {_NO_MORE}) OR ({_outside(actor, user)}))"


def in_sight(actor: Actor, user: str, dossier_id: str) -> str:
    """Give the condition that neither wall nor clearance keeps the actor from a dossier (an expression for its id).

    Who guards or audits the system knows of every dossier that it is there: clearance is nothing to him.
    """
    outside = no_wall(user, dossier_id)
    if actor.roles & SEPARATED or actor.clearance >= Rank.SEALED:
        return outside
    above = f"xd.id = {dossier_id} AND xd.confidentiality > {actor.clearance:d}"
    return f"{outside} AND NOT EXISTS (SELECT 1 FROM dossiers xd WHERE {above})"


def _outside(actor: Actor, user: str) -> str:
    other = no_wall_around_client(user, survivor("(v.details ->> 'other_client_id')::uuid"))
    about = f"SELECT 1 FROM wall_people aw WHERE aw.wall_id = v.subject_id AND aw.user_id = {user}"
    parts = [
        in_sight(actor, user, _DOSSIER),
        no_wall_around_client(user, survivor(_CLIENT)),
        no_wall_around_intake(user, _INTAKE),
        f"(v.subject_type <> 'conflict_check' OR {outside_check(user, 'v.subject_id')})",
        f"(v.type <> '{CLIENT_DUPLICATE_SUSPECTED.name}' OR {other})",
        f"NOT (v.subject_type = 'wall' AND EXISTS ({about}))",
    ]
    if not actor.roles & SEPARATED and actor.clearance < Rank.SEALED:
        above = f"xe.id = v.entry_id AND xe.confidentiality > {actor.clearance:d}"
        parts.append(f"NOT EXISTS (SELECT 1 FROM entries xe WHERE {above})")
    return " AND ".join(parts)


def outside_check(user: str, check_id: str) -> str:
    """Give the condition that no wall keeps a user from the clients of a conflict check (an expression for its id).

    Its maker is told by his own events of walls only around clients whom he named by id.
    """
    about = f"CASE WHEN k.made_by = {user} THEN k.client_ids ELSE k.client_ids || k.about_client_ids END"
    return (
        f"NOT EXISTS (SELECT 1 FROM conflict_checks k, unnest({about}) AS about(id)"
        f" WHERE k.id = {check_id} AND NOT ({no_wall_around_client(user, survivor('about.id'))}))"
    )


def _attempt_on_led(actor: Actor, user: str) -> str:
    """Give the condition that event `v` is a refusal about a part of a dossier that the user leads.

    Such a refusal names no dossier, for it says no more than the id that was sent.
    """
    about = (
        "coalesce("
        + ", ".join(f"(SELECT p.dossier_id FROM {table} p WHERE p.id = v.subject_id)" for table in _PARTS)
        + ")"
    )
    return (
        f"(v.type = '{ACCESS_DENIED.name}' AND v.dossier_id IS NULL AND EXISTS (SELECT 1 FROM dossiers d"
        f" WHERE d.id = {about} AND d.lead_lawyer_id = {user} AND {in_sight(actor, user, 'd.id')}))"
    )


def _entitled(actor: Actor, user: str, dossier_id: str) -> str:
    """Give the condition that the actor reads all events of a dossier (an expression for its id), walls left aside."""
    if reads_all(actor):
        return "TRUE"
    if not powers(actor.roles) & {Role.LAWYER, Role.PARTNER}:
        return "FALSE"
    return f"{dossier_id} IN (SELECT d.id FROM dossiers d WHERE d.lead_lawyer_id = {user})"


def of_dossier(actor: Actor, where: Where, dossier_id: UUID) -> str:
    """Give the condition that event `v` is about a dossier.

    A refusal of what the caller may not know of says no more than the id he sent. To which dossier that part
    belongs is told to those only who read the dossier's events anyway.
    """
    mark, user = where.bind(dossier_id), f"{where.bind(actor.user_id)}::uuid"
    parts = " UNION ALL ".join(f"SELECT p.id FROM {table} p WHERE p.dossier_id = {mark}" for table in _PARTS)
    refused = f"v.type = '{ACCESS_DENIED.name}' AND v.subject_id IN ({parts})"
    return f"v.dossier_id = {mark} OR ({refused} AND {_entitled(actor, user, mark)} AND {in_sight(actor, user, mark)})"


def masked(actor: Actor, where: Where) -> str:
    """Tell which events of sealed dossiers and sealed entries show neither label nor details to this reader."""
    if not reads_all(actor):
        return "FALSE"
    user = f"{where.bind(actor.user_id)}::uuid"
    level = "GREATEST(d.confidentiality, se.confidentiality)"  # of which a null is none
    return (
        f"(v.actor_id IS DISTINCT FROM {user} AND EXISTS (SELECT 1 FROM dossiers d LEFT JOIN entries se"
        f" ON se.id = v.entry_id WHERE d.id = {_DOSSIER} AND {level} = {Rank.SEALED:d} AND NOT {on_team(user)}))"
    )
