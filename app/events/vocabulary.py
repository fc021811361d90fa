"""Event types: a closed vocabulary. Each room declares its own in its `events.py`; a name is never used again.

Source of what is recorded: `docs/events.md`.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

_NAME = re.compile(r"^[a-z_]+\.[a-z_]+$")
_declared: dict[str, "EventType"] = {}


class Outcome(StrEnum):
    """How an act ended."""

    SUCCESS = "success"
    DENIED = "denied"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class EventType:
    """One word of the vocabulary, e.g. `dossier.opened`, with what it means in both languages."""

    name: str
    en: str
    zh: str

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"event type {self.name!r} is not of the form room.past_participle")
        if self.name in _declared:
            raise ValueError(f"event type {self.name!r} is declared twice")
        _declared[self.name] = self


def declared() -> dict[str, EventType]:
    """All event types by name."""
    return dict(_declared)


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event is about: its kind, id, and label as it was at the time."""

    type: str
    id: UUID | None = None
    label: str | None = None
    dossier_id: UUID | None = None
    entry_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One act, about to be recorded."""

    type: EventType
    subject: Subject
    outcome: Outcome = Outcome.SUCCESS
    details: dict[str, object] = field(default_factory=dict)
