"""What the service costs against the least that its database and framework cost: `make bench`.

Everything runs in one session, interleaved and several times over, and is told as ratios of medians: what a machine does
in a second says little, what it does beside the floor in the same minute says much. Wants wrk, and the machine to itself.
"""

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.performance.load import Run, put, resident_mib, wrk
from tests.performance.operations import GROWING, OPERATIONS, SCALING, Operation
from tests.performance.profiling import profile
from tests.performance.report import Figures, write
from tests.performance.stand import Stand, stand

_WARM_SECONDS = 2


@dataclass
class _Measured:
    runs: defaultdict[str, list[Run]] = field(default_factory=lambda: defaultdict(list))

    def beside(self, subject: str, floor: str, what: str) -> float:
        """Give the median over the rounds of one figure as times the floor's."""
        pairs = zip(self.runs[subject], self.runs[floor], strict=True)
        return float(median(getattr(one, what) / getattr(other, what) for one, other in pairs))

    def of(self, subject: str, what: str) -> float:
        """Give the median of one figure."""
        return float(median(getattr(run, what) for run in self.runs[subject]))


def _ask(on: Stand, server: str, lines: str, who: str, seconds: int) -> Run:
    asked = on.servers[server]
    return put(asked.url, on.lines[lines], on.tokens[who], asked.pids, seconds)


def _operations(on: Stand, rounds: int, seconds: int) -> list[tuple[Operation, Figures]]:
    measured = _Measured()
    chosen = [one for one in OPERATIONS if on.lines[one.lines].stat().st_size]
    for round_ in range(-1, rounds):
        for one in chosen:
            print(f"round {round_ + 1} of {rounds}: {one.name}", flush=True)
            run = _ask(on, one.server, one.lines, one.who, _WARM_SECONDS if round_ < 0 else seconds)
            if round_ >= 0:
                measured.runs[f"{one.server} {one.lines}"].append(run)
    return [
        (
            one,
            Figures(
                rate=measured.of(own, "rate"), ratio=measured.beside(own, floor, "rate"), p50=measured.of(own, "p50"),
                p99=measured.of(own, "p99"), slowest=measured.beside(own, floor, "p99"), cpu=measured.of(own, "cpu"),
                kib=measured.of(own, "bytes") / 1024,
            ),
        )
        for one in chosen
        for own, floor in [(f"{one.server} {one.lines}", f"floor {one.floor}")]
    ]  # fmt: skip


def _times(
    asked: Sequence[str], first: tuple[Stand, str], second: tuple[Stand, str], rounds: int, seconds: int
) -> dict[str, float]:
    """Give how many times the requests of the first server the second one answers, interleaved."""
    gained = defaultdict(list)
    for _ in range(rounds):
        for lines in asked:
            one, other = (_ask(on, server, lines, "lawyer", seconds) for on, server in (first, second))
            gained[lines].append(other.rate / one.rate)
    return {lines: median(ratios) for lines, ratios in gained.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the page, or one section of it."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--entries", type=int, default=200_000, help="entries of the firm that is measured")
    parser.add_argument("--small", type=int, default=2_000, help="entries of the small firm, for growth")
    parser.add_argument("--big", type=int, default=1_000_000, help="entries of the big firm; 0 leaves it out")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each subject in each round")
    parser.add_argument("--workers", type=int, default=2, help="processes to compare with one; 1 leaves it out")
    parser.add_argument("--profile", action="store_true", help="sample by py-spy instead, and write that section only")
    parser.add_argument("--out", type=Path, default=Path("docs/performance.md"))
    chosen = parser.parse_args(arguments)
    if chosen.profile:
        profile(chosen)
    else:
        measure(chosen)


def measure(chosen: argparse.Namespace) -> None:
    """Measure everything beside the floor and write the figures."""
    wrk()
    with tempfile.TemporaryDirectory(prefix="anjuan-bench-") as directory, ExitStack() as stack:
        place = Path(directory)
        middle = stack.enter_context(stand(place / "middle", chosen.entries, chosen.workers))
        table = _operations(middle, chosen.rounds, chosen.seconds)
        loaded = resident_mib(middle.servers["service"].pids[0])
        scaling, growth = {}, {}
        if chosen.workers > 1:
            scaling = _times(SCALING, (middle, "service"), (middle, "several"), chosen.rounds, chosen.seconds)
        if chosen.big:
            small = stack.enter_context(stand(place / "small", chosen.small))
            big = stack.enter_context(stand(place / "big", chosen.big))
            growth = _times(GROWING, (small, "service"), (big, "service"), chosen.rounds, chosen.seconds)
        write(chosen, table, growth, scaling, (middle.idle, loaded))


if __name__ == "__main__":
    main()
