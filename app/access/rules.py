"""The rule that lets somebody see a dossier, in words (pure): what the access report tells.

The same page as the SQL of `visibility.py`, told for one person and one dossier whose facts are at hand, of today or of
a past day. Decides nothing: acts pass the gate. A property test holds both to the same answers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.access.visibility import content_by_role, metadata_by_role
from app.auth.roles import SEPARATED, Rank, Role
from app.core.actor import Reach


class Rule(StrEnum):
    """What lets somebody see metadata or read content (`docs/access.md`, Decision, rule 4)."""

    PUBLIC = "public"
    ROLE = "role"
    TEAM = "team"
    GRANT = "grant"
    DEPARTMENT = "department"
    ARCHIVIST = "archivist"
    FINANCE = "finance"
    PROGRAM = "program"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may act: roles, department and clearance (a rank) at the time."""

    id: UUID
    roles: frozenset[str]
    department: str | None
    clearance: int
    reach: Reach | None = None


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """A grant in force at the time; `reaches` is a rank."""

    user_id: UUID
    content: bool
    reaches: int
    expires_at: datetime


@dataclass(slots=True)
class DossierFacts:
    """What decides on a dossier: its level (a rank), state, people, and who is behind a wall."""

    level: int
    state: str
    matter_type: str
    lead_department: str | None
    created_by: UUID
    holds_fees: bool
    team: set[UUID] = field(default_factory=set)
    grants: list[GrantFacts] = field(default_factory=list)
    walled: set[UUID] = field(default_factory=set)


def rule_for(person: Person, dossier: DossierFacts, *, content: bool) -> Rule | None:
    """Give the first rule by which the person sees the dossier's metadata or reads its content; None when none does."""
    if person.roles & SEPARATED or person.id in dossier.walled or person.clearance < dossier.level:
        return None
    return next(_rules(person, dossier, content=content), None)


def _rules(person: Person, dossier: DossierFacts, *, content: bool) -> Iterator[Rule]:
    level, roles = dossier.level, person.roles
    if level == Rank.PUBLIC:
        yield Rule.PUBLIC
    if person.id in dossier.team:
        yield Rule.TEAM
    if level <= (content_by_role(roles) if content else metadata_by_role(roles)):
        yield Rule.ROLE
    if any(grant.reaches >= level and (grant.content or not content) for grant in grants_of(person, dossier)):
        yield Rule.GRANT
    if _reached(person, dossier, content=content):
        yield Rule.PROGRAM
    if level > Rank.CONFIDENTIAL:
        return
    if Role.PARTNER in roles and person.department is not None and person.department == dossier.lead_department:
        yield Rule.DEPARTMENT
    if content and Role.ARCHIVIST in roles and dossier.state in {"submitted", "filed"}:
        yield Rule.ARCHIVIST
    if Role.FINANCE in roles and dossier.holds_fees:
        # Of the content the fee documents only.
        yield Rule.FINANCE


def grants_of(person: Person, dossier: DossierFacts) -> list[GrantFacts]:
    """Give the person's grants for the dossier."""
    return [grant for grant in dossier.grants if grant.user_id == person.id]


def _reached(person: Person, dossier: DossierFacts, *, content: bool) -> bool:
    if Role.INTEGRATION in person.roles and dossier.created_by == person.id:
        return True
    reach = person.reach
    if reach is None or (content and not reach.content):
        return False
    named = not reach.matter_types or dossier.matter_type in reach.matter_types
    return named and (not reach.departments or dossier.lead_department in reach.departments)
