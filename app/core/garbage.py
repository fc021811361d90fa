"""How often Python looks for cycles of garbage: what it finds none in pays for each look."""

import gc

# New objects between two looks, some ten MiB of them; Python's own 700 cost up to a third of the work on many rows.
_OBJECTS = 100_000


def look_seldom() -> tuple[int, int, int]:
    """Let Python look among new objects at every 100,000th only; give the thresholds as they were."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS, *before[1:])
    return before
