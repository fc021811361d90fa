"""What goes into a reading copy, line by line of the contents list, and what stands in for the rest (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.entries.newest_files import NewestFile
from app.entries.schemas import ContentsLine
from app.reports.trade_forms import StandIn

BOUND_TYPES = frozenset({"application/pdf", "image/jpeg", "image/png", "image/tiff", "image/gif"})


class Reason(StrEnum):
    """Why the pages of a line are not in a copy."""

    CLOSED = "closed"
    NO_FILE = "no_file"
    OTHER_FORMAT = "other_format"
    NO_PAGES = "no_pages"
    PAGES_DIFFER = "pages_differ"
    ENCRYPTED = "encrypted"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    DAMAGED = "damaged"
    INFECTED = "file_infected"
    UNSCANNED = "file_unscanned"
    UNSCANNABLE = "file_unscannable"


_WORDS = {
    Reason.CLOSED: "本件未收入本阅卷副本。",
    Reason.NO_FILE: "本件没有电子文件,请查阅纸质卷。",
    Reason.OTHER_FORMAT: "本件的电子文件不是可装订的格式,请另行调阅原文件。",
    Reason.NO_PAGES: "本件页数未计,不能编页。",
    Reason.PAGES_DIFFER: "电子文件的页数与登记的页数不符,请核对后重新制作。",
    Reason.ENCRYPTED: "电子文件已加密,不能装入阅卷副本。",
    Reason.UNREADABLE: "电子文件无法打开,不能装入阅卷副本。",
    Reason.TOO_LARGE: "电子文件过大,不能装入阅卷副本,请另行调阅原文件。",
    Reason.DAMAGED: "存储的电子文件已损坏或缺失,已告知管理员。",
    Reason.INFECTED: "电子文件感染病毒,已隔离,不能装入阅卷副本。",
    Reason.UNSCANNED: "电子文件尚未完成病毒扫描,请稍后重新制作。",
    Reason.UNSCANNABLE: "电子文件无法进行病毒扫描,未经放行不能装入阅卷副本。",
}


@dataclass(slots=True)
class Piece:
    """A line of a volume on its way into a copy: with its clean pages at `path`, or the reason why it stays out."""

    line: ContentsLine
    file: NewestFile | None
    reason: Reason | None = None
    path: Path | None = None
    blank: list[int] = field(default_factory=list)

    @property
    def range(self) -> str:
        """The pages of the line in words."""
        first, last = self.line.page_from, self.line.page_to
        if first is None:
            return "(未编页)"
        return f"第 {first} 页" if first == last else f"第 {first} 至 {last} 页"

    @property
    def short_range(self) -> str:
        """The pages of the line for the label of a sheet that stands for them."""
        first, last = self.line.page_from, self.line.page_to
        return "—" if first is None else f"{first}" if first == last else f"{first}–{last}"

    @property
    def title(self) -> str:
        """The line as it stands in the outline; nothing but serial and pages where it is masked or closed."""
        named = "" if self.reason is Reason.CLOSED else self.line.title or ""
        return f"{self.line.serial} {named} ({self.short_range})".replace("  ", " ")

    def stand_in(self) -> StandIn:
        """Give the sheet that stands for the line's pages."""
        reason = self.reason or Reason.UNREADABLE
        if reason is Reason.CLOSED:
            return StandIn(self.range, _WORDS[reason])
        return StandIn(self.range, _WORDS[reason], self.line.title or "")


def judged(line: ContentsLine, file: NewestFile | None, room: int) -> Piece:
    """Tell of a line, before anything is fetched, whether its file can be bound; `room` is how many bytes may be."""
    piece = Piece(line, file)
    if line.masked or (file is not None and not file.reads):
        piece.reason = Reason.CLOSED
    elif file is None:
        piece.reason = Reason.NO_FILE
    elif file.closed is not None:
        piece.reason = Reason(file.closed)
    elif file.row["media_type"] not in BOUND_TYPES:
        piece.reason = Reason.OTHER_FORMAT
    elif line.pages is None:
        piece.reason = Reason.NO_PAGES
    elif file.row["pages"] not in {None, line.pages}:
        piece.reason = Reason.PAGES_DIFFER
    elif file.row["size"] > room:
        piece.reason = Reason.TOO_LARGE
    return piece


def segments(pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    """Give the pieces as the binding process takes them; stand-ins are counted in the order of the pieces."""
    found, stand_ins = list[dict[str, Any]](), 0
    for piece in pieces:
        if piece.reason is None:
            kept = {"file": str(piece.path), "first": piece.line.page_from, "blank": piece.blank}
        else:
            kept = {"stand_in": stand_ins, "range": piece.short_range}
            stand_ins += 1
        found.append({"title": piece.title, **kept})
    return found
