"""Forms as PDF, set by Typst on A4.

Data goes into the templates as one JSON value, never as Typst source, so that no title can be markup or code. Blocks
and takes processor time: call it in a thread. The same form gives the same bytes; system fonts are left out for that.
"""

import json
import struct
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from app.reports.forms import Cell, ContentsForm, CoverForm, FormLine, chinese_date, volume_words
from app.reports.receipt_form import ReceiptForm
from app.reports.trade_forms import BackForm, NoteForm, Sheet, StandIn

if TYPE_CHECKING:
    import typst

_TEMPLATES = Path(__file__).with_name("templates")
_FONT_PACKAGES = ("cvttf_NotoSansCJK_Regular", "cvttf_NotoSansCJK_Bold")
# Outside these, the fonts that come with Typst stand in for what the Chinese font lacks.
_NO_STAND_IN = ((0x0600, 0x1E00), (0x2E80, 0x110000))
_VARIATION_SELECTORS = ((0xFE00, 0xFE10), (0xE0100, 0xE01F0))
_UNITS = {"卷内页数": "页", "册数": "册"}
_ALL_OF_UNICODE = 12
_REMEMBERED = 12


Part = dict[str, Any]


class Form(Protocol):
    """What all forms have: the number of what they are about, and when they are printed, with its zone."""

    @property
    def number(self) -> str: ...
    @property
    def printed_at(self) -> datetime: ...


class Headed(Form, Protocol):
    """What the forms of a volume have besides."""

    @property
    def firm_name(self) -> str: ...


def contents_pdf(form: ContentsForm) -> bytes:
    """Render the contents list (卷内目录); each volume (册) begins a new page, the table's head stands on each."""
    return parts_pdf("卷内目录", form, [contents_part(form)])


def cover_pdf(form: CoverForm) -> bytes:
    """Render the cover (案卷封面); unknown fields are left empty, a 密卷 carries its stamp at the right top."""
    return parts_pdf("案卷封面", form, [cover_part(form)])


def note_pdf(form: NoteForm) -> bytes:
    """Render the note to file (备考表)."""
    return parts_pdf(form.title, form, [note_part(form)])


def back_pdf(form: BackForm) -> bytes:
    """Render the back (卷底)."""
    return parts_pdf(form.title, form, [back_part(form)])


def sheet_pdf(form: Sheet) -> bytes:
    """Render a sheet that is filled in and signed."""
    return parts_pdf(form.title, form, [sheet_part(form)])


def receipt_pdf(form: ReceiptForm) -> bytes:
    """Render a receipt (材料收据、送达材料清单、材料退还清单) with lines for both signatures."""
    data = {
        "firm_name": form.firm_name,
        "title": form.title,
        "serial": form.serial,
        "heading": [list(fact) for fact in form.heading if fact[1]],
        "lines": [list(line) for line in form.lines],
        "sides": [list(side) for side in form.sides],
        "remarks": form.remarks,
        "cancelled": form.cancelled,
    }
    return compiled("receipt.typ", data, form)


def contents_part(form: ContentsForm) -> Part:
    """Give the contents list (卷内目录) as a part of a file."""
    volumes = [
        {"volume": volume.volume, "pages": volume.pages, "lines": [_cells(line) for line in volume.lines]}
        for volume in form.volumes
    ]
    return {
        "kind": "contents",
        "heading": [[name, value] for name, value in form.heading() if value],
        "volumes": volumes,
        "volume_count": form.volume_count or len(volumes),
        "incomplete": list(form.incomplete),
        "digest": form.digest,
    }


def cover_part(form: CoverForm) -> Part:
    """Give the cover (案卷封面) as a part of a file."""
    return {"kind": "cover", "sealed": form.sealed, "filed": form.filed, "fields": _fields(form.fields())}


def note_part(form: NoteForm) -> Part:
    """Give the note to file (备考表) as a part of a file."""
    notes = [
        {"made_on": chinese_date(line.made_on), "text": line.text, "made_by": line.made_by or ""} for line in form.notes
    ]
    volume = volume_words(form.volume, form.volumes)
    signs = _fields(form.signs())
    return {"kind": "note", "volume": volume, "condition": form.condition, "notes": notes, "signs": signs}


def back_part(form: BackForm) -> Part:
    """Give the back (卷底) as a part of a file."""
    return {"kind": "back", "fields": _fields(form.fields())}


def sheet_part(form: Sheet) -> Part:
    """Give a sheet that is filled in and signed as a part of a file."""
    rows = [{"names": list(row.names), "height": row.height} for row in form.rows]
    return {"kind": "sheet", "title": form.title, "fields": _fields(form.fields()), "rows": rows}


def stand_in_part(form: StandIn) -> Part:
    """Give a sheet that stands for missing pages as a part of a file."""
    return {"kind": "stand-in", "range": form.range, "title": form.title, "reason": form.reason}


def parts_pdf(title: str, head: Headed, parts: Sequence[Part], *, tagged: bool = True) -> bytes:
    """Render parts of a volume as one file; `tagged` for those who have it read to them."""
    data = {"title": f"{title} {head.number}", "firm_name": head.firm_name, "parts": list(parts)}
    return compiled("paper.typ", data, head, tagged=tagged)


def compiled(template: str, data: dict[str, Any], form: Form, *, tagged: bool = True) -> bytes:
    """Set a form by its template; every form has a number and the moment of printing."""
    import typst  # six megabytes, which only a process that prints shall take

    moment = form.printed_at
    parts = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    value = {**data, "number": form.number, "printed_at": list(parts)}
    # Not `typst.Compiler`, whose inputs change from call to call: threads share the fonts only.
    return typst.compile(
        str(_TEMPLATES / template),
        root=str(_TEMPLATES),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"form": json.dumps(_printable(value), ensure_ascii=False)},
        timestamp=int(moment.timestamp()),
        pdf_tags=tagged,
    )


def forget() -> None:
    """Let the typesetter forget what it has set; blocks.

    It remembers its last ten files, and a long list is a quarter of a gigabyte to it; ten empty ones push that out.
    """
    import typst  # as above

    for _ in range(_REMEMBERED):
        typst.compile(b"", font_paths=_fonts(), ignore_system_fonts=True)


def _cells(line: FormLine) -> list[str]:
    return ["" if cell is None else str(cell) for cell in line.cells()]


def _fields(fields: Iterable[tuple[str, Cell]]) -> dict[str, str]:
    return {name: _field(name, value) for name, value in fields}


def _field(name: str, value: Cell) -> str:
    if isinstance(value, date):
        return chinese_date(value)
    return "" if value is None else f"{value} {_UNITS.get(name, '')}".rstrip()


def _printable(value: Any) -> Any:
    """Write what no font has by its code: an empty box on paper would be a piece of a name lost."""
    if isinstance(value, str):
        return "".join(f"〔U+{ord(sign):04X}〕" if _lacking(ord(sign)) else sign for sign in value)
    if isinstance(value, list):
        return [_printable(item) for item in value]
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    return value


def _lacking(code: int) -> bool:
    if code in _covered() or any(first <= code < end for first, end in _VARIATION_SELECTORS):
        return False
    return any(first <= code < end for first, end in _NO_STAND_IN)


@cache
def _covered() -> frozenset[int]:
    """Give the characters of the Chinese font, from the table of its file that maps all of Unicode (OpenType cmap)."""
    font = next(font_directories()[0].glob("*.otf")).read_bytes()
    tables = (
        struct.unpack_from(">4sIII", font, 12 + 16 * index) for index in range(*struct.unpack_from(">H", font, 4))
    )
    start = next(offset for tag, _, offset, _ in tables if tag == b"cmap")
    for index in range(*struct.unpack_from(">H", font, start + 2)):
        table = start + struct.unpack_from(">I", font, start + 8 + 8 * index)[0]
        if struct.unpack_from(">H", font, table)[0] == _ALL_OF_UNICODE:
            count = struct.unpack_from(">I", font, table + 12)[0]
            spans = (struct.unpack_from(">II", font, table + 16 + 12 * span) for span in range(count))
            return frozenset(code for first, last in spans for code in range(first, last + 1))
    raise RuntimeError("the Chinese font has no table of all of Unicode")


@cache
def _fonts() -> "typst.Fonts":
    """Load the fonts once: each is sixteen megabytes."""
    import typst  # as above

    places: list[str] = [str(place) for place in font_directories()]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=places)


def font_directories() -> tuple[Path, ...]:
    """Give the directories of the Chinese fonts, which come as packages.

    Raises RuntimeError when one is not installed.
    """
    places = []
    for package in _FONT_PACKAGES:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise RuntimeError(f"the font package {package} is not installed")
        places.append(Path(spec.origin).parent)
    return tuple(places)
