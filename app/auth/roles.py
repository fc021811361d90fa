"""Roles and confidentiality levels. Which level a role opens is the firm's to set (`role_clearances`).

Source: the access promise (`docs/access.md`, sections Levels and Decision).
"""

from enum import IntEnum, StrEnum


class Role(StrEnum):
    """What somebody is in the firm; `integration` and `backup` are programs."""

    LAWYER = "lawyer"
    ASSISTANT = "assistant"
    ARCHIVIST = "archivist"
    PARTNER = "partner"
    DIRECTOR = "director"
    FINANCE = "finance"
    AUDITOR = "auditor"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    INTEGRATION = "integration"
    BACKUP = "backup"


class Level(StrEnum):
    """Confidentiality (公开、内部、保密、高度保密、密卷): the firm's own levels, never marks of state secrets."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"
    SEALED = "sealed"

    @property
    def rank(self) -> "Rank":
        """Its place in the order, as kept in the database."""
        return Rank[self.name]


class Rank(IntEnum):
    """The order of the levels, as kept in the database."""

    PUBLIC = 0
    INTERNAL = 1
    CONFIDENTIAL = 2
    RESTRICTED = 3
    SEALED = 4

    @property
    def level(self) -> Level:
        """The level's name."""
        return Level[self.name]


# The names of the levels by rank.
LEVELS = tuple(rank.level.value for rank in Rank)

# Separation of powers (三员分立): who runs, guards or audits the system never reads dossiers, whatever else he is.
SEPARATED = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR, Role.BACKUP})
PROGRAMS = frozenset({Role.INTEGRATION, Role.BACKUP})
