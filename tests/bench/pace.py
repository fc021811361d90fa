"""How fast this machine is just now, against the one that the promised times were measured on.

Promises are in seconds, and machines differ and are shared. A fixed piece of work is timed around what is measured; a
promise is held to as many seconds more as that work took longer, with some leeway for what it can't tell.
"""

import time
from hashlib import sha256
from statistics import median

# Seconds of the work below on two quiet cores of the machine that the promises were measured on.
_REFERENCE = 0.045
LEEWAY = 1.5


def pace() -> float:
    """Give how many times longer than on the machine of reference the work takes now; never less than 1."""
    began = time.perf_counter()
    digest = b"anjuan"
    for _ in range(120_000):
        digest = sha256(digest).digest()
    return max(1.0, (time.perf_counter() - began) / _REFERENCE)


def allowed(seconds: float, paces: list[float]) -> float:
    """Give the seconds that a promise of so many comes to at these paces."""
    return seconds * median(paces) * LEEWAY
