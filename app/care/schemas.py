"""What checks count and find, and the report on them."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.core.schema import Output, Timestamp


class RunKind(StrEnum):
    """`quick` compares lists, `deep` reads every byte too, `scheduled` is the worker's reading, day by day."""

    QUICK = "quick"
    DEEP = "deep"
    SCHEDULED = "scheduled"


class FindingKind(StrEnum):
    """A row without its object, a row whose object is not what was stored, an object without a row."""

    MISSING = "missing"
    CORRUPT = "corrupt"
    ORPHAN = "orphan"


@dataclass(slots=True)
class Counts:
    """What a run has come to.

    `checked` objects that rows name, `read` their bytes (deep only); `on_the_way` objects without a row that are too
    young to be orphans; `removed` orphans; `resolved` earlier findings that hold no longer.
    """

    checked: int = 0
    read: int = 0
    missing: int = 0
    corrupt: int = 0
    orphans: int = 0
    removed: int = 0
    on_the_way: int = 0
    resolved: int = 0


class CountsOut(Output):
    """What a run has come to; `read` are bytes, `on_the_way` objects whose row may still come."""

    checked: int
    read: int
    missing: int
    corrupt: int
    orphans: int
    removed: int
    on_the_way: int
    resolved: int


class RunOut(Output):
    """A run of the check; `finished_at` null goes on or was broken off, `abandoned` was given up for a new one."""

    id: UUID
    kind: RunKind
    started_by: str
    started_at: Timestamp
    updated_at: Timestamp
    finished_at: Timestamp | None
    abandoned: bool
    counts: CountsOut


class FindingOut(Output):
    """Something found and not yet mended; `dossier_id` only for those who may know of the dossier."""

    id: UUID
    kind: FindingKind
    object_key: str
    subject_type: str
    dossier_id: UUID | None
    detail: str
    found_at: Timestamp
    last_found_at: Timestamp


class OpenOut(Output):
    """Findings that are not yet mended, by kind."""

    missing: int
    corrupt: int
    orphan: int


class CoverageOut(Output):
    """How much of all that rows name was read whole within `days`.

    `overdue` were not, though they were there that long; `keeps_up` is false when there are such, or when reading
    everything at the set rate takes longer than that (`days_needed`).
    """

    days: int
    objects: int
    bytes: int
    checked_within: int
    never_checked: int
    overdue: int
    oldest_check: Timestamp | None
    days_needed: float
    keeps_up: bool


class IntegrityOut(Output):
    """Whether what is kept is whole: open findings (the oldest 200), how much was checked, and the last runs."""

    sound: bool
    open: OpenOut
    findings: list[FindingOut]
    coverage: CoverageOut
    runs: list[RunOut]
