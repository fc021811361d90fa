"""What can be wrong with a ledger, or with the events beside it."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

# Findings that are kept with all that is known of them; beyond, they are only counted.
KEPT = 10_000


class Kind(StrEnum):
    """Kinds of findings."""

    CHECKPOINT = "checkpoint"  # missing, or not signed by a key of the ledger
    OLD_CHECKPOINT = "old_checkpoint"  # of fewer events than were sealed
    OTHER_HISTORY = "other_history"  # not the continuation of an earlier checkpoint
    TREE = "tree"  # the tiles aren't those of the checkpoint's tree
    TILE_MISSING = "tile_missing"
    TILE_CHANGED = "tile_changed"
    EVENT_MISSING = "event_missing"  # sealed, or meant to be, and gone from the database
    EVENT_ADDED = "event_added"  # in the database, and neither sealed nor waiting for it
    EVENT_ALTERED = "event_altered"
    EVENT_MOVED = "event_moved"  # the same event under another place than it was sealed at


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: what it is about (an event, by its place in the ledger too, or an object of the bucket), and why."""

    kind: Kind
    detail: str
    event_id: UUID | None = None
    index: int | None = None
    path: str | None = None


class Findings:
    """Gathers findings; all are counted, the first KEPT kept."""

    def __init__(self) -> None:
        self.kept: list[Finding] = []
        self.counts: Counter[Kind] = Counter()

    @property
    def by_kind(self) -> dict[str, int]:
        """Counts by the kind's name."""
        return {kind.value: number for kind, number in self.counts.items()}

    def add(self, finding: Finding) -> None:
        """Take one in."""
        self.counts[finding.kind] += 1
        if len(self.kept) < KEPT:
            self.kept.append(finding)
