"""Where the time goes: the naive way and the service, sampled by py-spy under the load of wrk.

What a request costs the processor is counted while nobody samples; the samples then say which part takes which share.
They are Python's frames: what the driver's and the loop's own C does beneath none of them counts as the loop's.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from html import escape
from itertools import accumulate
from pathlib import Path

from tests.performance.load import cpu_seconds, put, wrk
from tests.performance.parts import PARTS, folded
from tests.performance.report import measured_at, put_between, put_picture
from tests.performance.stand import Stand, stand

_BEGIN, _END = "<!-- profile: written by `python -m tests.performance --profile` -->", "<!-- end of profile -->"
_RATE = 200
_COLOURS = (
    "#9aa5b1", "#5f7f9f", "#c9a227", "#7b5ea7", "#2f6f9f", "#b5483a", "#4c9f70", "#d98841", "#6b4f3a", "#d9d9d9",
)  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """What is sampled: a server under the lines of a file."""

    name: str
    server: str
    lines: str


SUBJECTS = (
    Subject("before: GET dossier", "naive", "row"),
    Subject("floor: one row", "floor", "row"),
    Subject("GET dossier", "service", "dossier"),
    Subject("GET entry", "service", "entry"),
    Subject("list of 25 dossiers", "service", "list"),
    Subject("list of 25 entries", "service", "entries"),
    Subject("floor: one INSERT", "floor", "put"),
    Subject("create entry", "service", "new_entry"),
)


@dataclass(frozen=True)
class Profile:
    """What a subject costs: requests a second; milliseconds of processor time a request of the API and of PostgreSQL.

    `shares` are those of the API's time, by part.
    """

    rate: float
    api: float
    database: float
    shares: Mapping[str, float]


def profile(chosen: argparse.Namespace) -> None:
    """Sample the subjects and write the section of the page; says so and leaves the page where sampling is not allowed."""
    wrk()
    with tempfile.TemporaryDirectory(prefix="anjuan-profile-") as directory, ExitStack() as stack:
        place = Path(directory)
        on = stack.enter_context(stand(place / "stand", chosen.entries))
        told = {}
        for one in SUBJECTS:
            had = _profile(on, one, place / "samples", chosen.seconds)
            if had is None:
                print("No profile: the page stays as it is.")
                return
            told[one] = had
    write(chosen, told)


def _profile(on: Stand, one: Subject, samples: Path, seconds: int) -> Profile | None:
    server = on.servers[one.server]
    asked = server.url, on.lines[one.lines], on.tokens["lawyer"], server.pids
    print(f"profile: {one.name}", flush=True)
    put(*asked, 2)
    before = _spent(on.database)
    run = put(*asked, seconds)
    database = (_spent(on.database) - before) * 1000 / (run.rate * seconds)
    sampling = sampler(server.pids[0], seconds, samples)
    if sampling is None:
        return None
    put(*asked, seconds + 1)
    shares = shares_of(sampling, samples)
    return None if shares is None else Profile(run.rate, run.cpu, database, shares)


def _spent(postmaster: int) -> float:
    """Give the processor time of PostgreSQL's processes."""
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return sum(map(cpu_seconds, [postmaster, *map(int, children)]))


def sampler(pid: int, seconds: int, samples: Path) -> "subprocess.Popen[str] | None":
    """Begin to sample a process into a file; None, and a sentence, where py-spy is missing."""
    program = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
    if program is None:
        print("py-spy is not installed (it is among what development needs: make check)")
        return None
    samples.unlink(missing_ok=True)
    command = [
        program,
        "record",
        "--pid",
        str(pid),
        "--duration",
        str(seconds),
        "--rate",
        str(_RATE),
        "--format",
        "raw",
    ]
    command += ["--full-filenames", "--nolineno", "--output", str(samples)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def shares_of(sampling: "subprocess.Popen[str]", samples: Path) -> dict[str, float] | None:
    """Wait for the samples and fold them; None, and what py-spy says, where it may not trace the process."""
    _, said = sampling.communicate(timeout=120)
    if sampling.returncode or not samples.exists():
        print(f"py-spy can't sample (it needs the right to ptrace): {said.strip()}")
        return None
    return folded(samples.read_text().splitlines())


def write(chosen: argparse.Namespace, told: Mapping[Subject, Profile]) -> None:
    """Write table and picture; what stands outside the marks stays."""
    said = (
        f"{measured_at()}; a firm of {chosen.entries:,} entries, {chosen.seconds} s of each, 32 connections, one worker;"
        f" {_RATE} samples a second. Milliseconds are of processor time, for one request."
    )
    picture = "![Share of the API's time by part](pictures/profile.png)"
    lines = [_BEGIN, "", said, "", picture, "", *table(told), "", _END]
    put_between(chosen.out, _BEGIN, _END, "\n".join(lines))
    put_picture(chosen.out.parent / "pictures" / "profile.svg", plot(told))


def table(told: Mapping[Subject, Profile]) -> list[str]:
    """Give the lines of the table: a column for each subject, milliseconds and share for each part that has any."""
    profiles = list(told.values())
    lines = [
        f"| part | {' | '.join(one.name for one in told)} |",
        "|---" * (len(told) + 1) + "|",
        _line("requests/s", [f"{had.rate:,.0f}" for had in profiles]),
        _line("**the API, ms**", [f"**{had.api:.2f}**" for had in profiles]),
    ]
    lines += [
        _line(part, [_cell(had.api, had.shares[part]) for had in profiles])
        for part in PARTS
        if any(had.shares[part] for had in profiles)
    ]
    return [*lines, _line("**PostgreSQL, ms**", [f"**{had.database:.2f}**" for had in profiles])]


def _cell(whole: float, share: float) -> str:
    return f"{whole * share:.2f} ({share:.0%})" if share else ""


def _line(first: str, cells: Sequence[str]) -> str:
    return f"| {first} | {' | '.join(cells)} |"


def plot(told: Mapping[Subject, Profile]) -> str:
    """Draw a bar for each subject, split by part."""
    left, wide, row, top = 250, 520, 30, 88
    size = f'width="900" height="{top + row * len(told) + 10}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="Noto Sans CJK TC" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
        '<text x="10" y="20" font-weight="bold">share of the API\'s processor time by part, of the whole in ms a request</text>',
    ]
    for place, (part, colour) in enumerate(zip(PARTS, _COLOURS, strict=True)):
        x, y = 10 + place % 5 * 178, 34 + place // 5 * 22
        parts.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{colour}"/>')
        parts.append(f'<text x="{x + 17}" y="{y + 11}" font-size="12">{escape(part)}</text>')
    for place, (one, had) in enumerate(told.items()):
        y = top + place * row
        parts.append(f'<text x="{left - 8}" y="{y + 15}" text-anchor="end">{escape(one.name)}</text>')
        begins = accumulate((had.shares[part] for part in PARTS), initial=0.0)
        for part, begin, colour in zip(PARTS, begins, _COLOURS, strict=False):
            size = f'x="{left + wide * begin:.1f}" y="{y}" width="{wide * had.shares[part]:.1f}" height="20"'
            parts.append(f'<rect {size} fill="{colour}"/>')
        parts.append(f'<text x="{left + wide + 8}" y="{y + 15}">{had.api:.2f} ms</text>')
    return "\n".join([*parts, "</svg>", ""])
