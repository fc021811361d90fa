"""What a process does while it is asked: samples of its stacks, folded into shares of its time by part."""

import re
from collections import Counter
from collections.abc import Iterable

LOOP, FRAMEWORK, TOKEN, RIGHTS = "event loop, sockets, HTTP", "routes, framework, headers", "token and caller", "rights"
DRIVER, MAPPER, ANSWER = "database driver", "object mapper", "building the answer"
EVENT, ACT, UNKNOWN = "event and transaction", "the act itself", "not known"
PARTS = (LOOP, FRAMEWORK, TOKEN, RIGHTS, DRIVER, MAPPER, ANSWER, EVENT, ACT, UNKNOWN)

# All that is done below these is theirs, whatever does it; the mapper runs on stacks of its own, which show no caller.
_WITHIN = (
    (EVENT, re.compile(r"\(\S*app/events/|^Session\.commit \(")),
    (TOKEN, re.compile(r"\(\S*(app/auth|/jose)/|^_user \(\S*tests/performance/")),
)
# Else the innermost frame that says something decides; those of the standard library belong to who calls them.
_OWN = (
    (DRIVER, re.compile(r"\(\S*(/asyncpg/(?!\S*sqlalchemy)|app/core/(database|lending|statements)\.py)")),
    (MAPPER, re.compile(r"[(<]\S*(sqlalchemy|sqlmodel|greenlet)\b|^_session \(\S*tests/performance/")),
    (
        ANSWER,
        re.compile(r"\(\S*(/pydantic/|/shapes\.py|app/core/(plain|etag|schema|pagination)\.py)|^serialize_response "),
    ),
    (RIGHTS, re.compile(r"\(\S*app/access/")),
    (FRAMEWORK, re.compile(r"\(\S*(/starlette/|/fastapi/|app/api/|app/main\.py)")),
    (ACT, re.compile(r"\(\S*(app/|tests/performance/)")),
    (LOOP, re.compile(r"\(\S*(/uvicorn/|/uvloop/|asyncio/runners\.py)")),
)
# A thread that waits for work is seen as busy when it was woken just then.
_IDLE = re.compile(r"^_worker \(\S*concurrent/futures/thread\.py\)$")


def folded(lines: Iterable[str]) -> dict[str, float]:
    """Give the share of each part, of all samples in lines as `py-spy record --format raw` writes them.

    A line is frames from the outermost, `name (file)`, split by semicolons, a blank and how often they were seen.
    ValueError where nothing was seen at work.
    """
    seen = Counter[str]()
    for line in lines:
        stack, _, times = line.rstrip("\n").rpartition(" ")
        frames = stack.split(";")
        if not _IDLE.search(frames[-1]):
            seen[part_of(frames)] += int(times)
    if not seen.total():
        raise ValueError("no sample shows the process at work")
    return {part: seen[part] / seen.total() for part in PARTS}


def part_of(frames: list[str]) -> str:
    """Give the part that a stack belongs to."""
    for part, named in _WITHIN:
        if any(named.search(frame) for frame in frames):
            return part
    for frame in reversed(frames):
        for part, named in _OWN:
            if named.search(frame):
                return part
    return UNKNOWN
