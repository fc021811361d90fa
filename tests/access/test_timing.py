"""Time tells nothing: what is hidden takes as long as what does not exist, within what a machine's noise makes of it."""

import time
from statistics import median
from uuid import uuid4

import pytest

from tests.access.test_walk import things
from tests.support.firm import Firm, Person

ROUNDS, WARM = 150, 20
# Between two paths that do the same the medians differ by some percent on a busy machine; a row that was fetched and
# shaped before the verdict would cost half as much again.
NOISE = 1.25


async def seconds(person: Person, path: str) -> float:
    """Give the time that an answer takes."""
    began = time.perf_counter()
    assert (await person.get(path)).status_code == 404
    return time.perf_counter() - began


@pytest.mark.parametrize(
    "kind", ["dossiers/{dossier_id}", "entries/{entry_id}", "clients/{client_id}", "files/{file_id}/content"]
)
async def test_hidden_takes_as_long_as_absent(firm: Firm, kind: str) -> None:
    _, ids = await things(firm)
    stranger = await firm.person("lawyer", department="二部")
    there = "/v1/" + kind.format(**ids)
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(ROUNDS + WARM):
        nowhere = "/v1/" + kind.format(**dict.fromkeys(ids, str(uuid4())))
        # Each goes first every other time, so that what comes second has no advantage.
        for side, path in ((0, there), (1, nowhere)) if turn % 2 else ((1, nowhere), (0, there)):
            spent = await seconds(stranger, path)
            if turn >= WARM:
                times[side].append(spent)
    relation = median(times[0]) / median(times[1])
    assert 1 / NOISE < relation < NOISE
