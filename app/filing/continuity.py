"""Whether serials and page numbers of a contents list run on without gap or overlap (pure).

Sources: domain/rules.md 1.6 (pages begin at 1 in every volume 册; missing and duplicate numbers are noted), 3.4 (2-6).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.entries.arrangement import Line, Volume


@dataclass(frozen=True, slots=True)
class Break:
    """A place where numbers do not run on: `what` is `volume`, `serial`, `page` or `pages`; expected and found."""

    what: str
    volume: int
    entry_id: UUID | None
    expected: int
    found: int


def breaks(volumes: Sequence[Volume]) -> list[Break]:
    """Name every place where volumes, serials or pages do not run on from 1; none for an unbroken list.

    A line without pages takes none, and is no break: that it lacks them is told apart.
    """
    return [one for place, volume in enumerate(volumes, start=1) for one in _in_volume(place, volume)]


def _in_volume(place: int, volume: Volume) -> Iterator[Break]:
    if volume.volume != place:
        yield Break("volume", volume.volume, None, place, volume.volume)
    page = 1
    for serial, line in enumerate(volume.items, start=1):
        if line.serial != serial:
            yield Break("serial", place, line.piece.entry_id, serial, line.serial)
        if line.page_from is None or line.page_to is None:
            continue
        if line.page_from != page:
            yield Break("page", place, line.piece.entry_id, page, line.page_from)
        if (taken := _taken(line)) != line.piece.pages or taken < 1:
            yield Break("pages", place, line.piece.entry_id, line.piece.pages or 0, taken)
        page = line.page_to + 1
    if volume.pages != page - 1:
        yield Break("pages", place, None, page - 1, volume.pages)


def _taken(line: Line) -> int:
    return (line.page_to or 0) - (line.page_from or 0) + 1
