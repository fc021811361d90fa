"""The page of figures: tables between two marks of `docs/performance.md`, and the plot beside it."""

import argparse
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import typst

from app.core.clock import today
from tests.performance.operations import PROMISED_GROWTH, PROMISED_IDLE_MIB, Operation
from tests.support.sheets import FONTS

_BEGIN, _END = "<!-- figures: written by `make bench` -->", "<!-- end of figures -->"
_WIDTH, _LEFT, _ROW, _SCALE = 900, 290, 26, 480


@dataclass(frozen=True)
class Figures:
    """What was measured of an operation; times in milliseconds, `slowest` is the p99 as times the floor's."""

    rate: float
    ratio: float
    p50: float
    p99: float
    slowest: float
    cpu: float
    kib: float


def write(
    chosen: argparse.Namespace,
    table: Sequence[tuple[Operation, Figures]],
    growth: Mapping[str, float],
    scaling: Mapping[str, float],
    memory: tuple[float, float],
) -> None:
    """Write tables and plot; what stands outside the marks stays."""
    figures = "\n".join(
        [_BEGIN, "", *_said(chosen), "", *_operations(table), "", *_rest(chosen, growth, scaling, memory), "", _END]
    )
    put_between(chosen.out, _BEGIN, _END, figures)
    put_picture(chosen.out.parent / "pictures" / "performance.svg", _plot(table))


def put_between(page: Path, begin: str, end: str, text: str) -> None:
    """Put text, its marks with it, where the marks stand in a page, or at the page's end; what is around them stays."""
    had = page.read_text() if page.exists() else "# Performance\n"
    if begin not in had:
        had = f"{had}\n{begin}\n{end}\n"
    before, after = had.partition(begin)[0], had.partition(end)[2]
    page.write_text(f"{before}{text}{after}")
    print(text)


def put_picture(plot: Path, drawn: str) -> None:
    """Write an SVG to a file, and a PNG of it beside."""
    plot.parent.mkdir(exist_ok=True)
    plot.write_text(drawn)
    picture = typst.compile(
        b'#set page(width: auto, height: auto, margin: 0pt)\n#image(bytes(sys.inputs.drawn), format: "svg")',
        format="png", ppi=144, font_paths=FONTS, ignore_system_fonts=True, sys_inputs={"drawn": drawn},
    )  # fmt: skip
    plot.with_suffix(".png").write_bytes(picture)


def measured_at() -> str:
    """Tell when, of what and on which machine something is measured."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    return (
        f"Measured on {today()} at commit `{commit.stdout.strip()}`, on {os.cpu_count()} cores and {memory:.0f} GiB"
        f" ({platform.system()}, Python {platform.python_version()}), load, API and PostgreSQL sharing them"
    )


def _said(chosen: argparse.Namespace) -> list[str]:
    said = (
        f"{measured_at()}; a firm of"
        f" {chosen.entries:,} entries; {chosen.rounds} rounds of {chosen.seconds} s of each subject, interleaved;"
        " 32 connections, one worker. Ratios are medians over the rounds."
    )
    return [said, "", "![Requests a second beside the floor](pictures/performance.png)"]


def _operations(table: Iterable[tuple[Operation, Figures]]) -> list[str]:
    columns = (
        "operation", "ratio to the floor", "promised", "p99 beside the floor's", "requests/s", "p50 ms", "p99 ms",
        "CPU ms of the API", "KiB",
    )  # fmt: skip
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for one, had in table:
        promised = "" if one.promised is None else f"≥ {one.promised:.2f}"
        slowest = f"{had.slowest:.2f}" + ("" if one.slowest is None else f" (≤ {one.slowest})")
        lines.append(
            f"| {one.name} | **{had.ratio:.2f}** | {promised} | {slowest} | {had.rate:,.0f} | {had.p50:.1f} | {had.p99:.1f}"
            f" | {had.cpu:.2f} | {had.kib:,.1f} |"
        )
    return lines


def _rest(
    chosen: argparse.Namespace, growth: Mapping[str, float], scaling: Mapping[str, float], memory: tuple[float, float]
) -> list[str]:
    lines = []
    if scaling:
        lines += [
            f"| several processes: {chosen.workers} workers against one | times the requests of one |",
            "|---|---|",
            *(f"| {name} | {ratio:.2f} |" for name, ratio in scaling.items()),
            "",
        ]
    if growth:
        lines += [
            f"| growth: {chosen.big:,} entries against {chosen.small:,} | requests left (≥ {PROMISED_GROWTH}) |",
            "|---|---|",
            *(f"| {name} | {ratio:.2f} |" for name, ratio in growth.items()),
            "",
        ]
    idle, loaded = memory
    held = f"Memory of one API process: {idle:.0f} MiB idle (promised at most {PROMISED_IDLE_MIB})"
    return [*lines, f"{held}, {loaded:.0f} MiB after all of the above."]


def _plot(table: Sequence[tuple[Operation, Figures]]) -> str:
    """Draw the ratios as bars, what was promised as a mark."""
    shown = [(one, had) for one, had in table if one.server != "floor"]
    height = _ROW * len(shown) + 60
    top = max(1.0, *(had.ratio for _, had in shown))
    size = f'width="{_WIDTH}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="Noto Sans CJK TC" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{_LEFT}" y="20" font-weight="bold">requests a second beside the floor; mark: promised</text>',
    ]
    for place, (one, had) in enumerate(shown):
        y, width = 36 + place * _ROW, max(1, _SCALE * had.ratio / top)
        colour = "#8a8a8a" if one.server == "naive" else "#2f6f9f"
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(one.name)}</text>')
        parts.append(f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="17" fill="{colour}"/>')
        parts.append(f'<text x="{_LEFT + width + 6:.1f}" y="{y + 13}">{had.ratio:.2f}</text>')
        if one.promised is not None:
            x = _LEFT + _SCALE * one.promised / top
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - 3}" y2="{y + 20}" stroke="#c0392b" stroke-width="2"/>'
            )
    return "\n".join([*parts, "</svg>", ""])
