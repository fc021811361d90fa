"""Forms as XLSX, laid out for A4 paper; one sheet, with the volume (册) as first column of the contents list.

Never writes a formula or a link: every text is written as text. The same form gives the same bytes.
"""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from typing import Any

from app.reports.forms import CONTENTS_COLUMNS, Cell, ContentsForm, CoverForm
from app.reports.trade_forms import Sheet

_FONT = {"font_name": "宋体", "font_size": 11, "valign": "vcenter", "text_wrap": True}
_WIDTHS = (6, 8, 18, 20, 40, 12, 6, 6, 6, 18)
_A4 = 9
_FIRST_EXCEL_YEAR = 1900


def contents_xlsx(form: ContentsForm) -> bytes:
    """Render the contents list (卷内目录)."""
    buffer = io.BytesIO()
    with _workbook(buffer, "卷内目录", form.printed_at) as (book, sheet):
        title = book.add_format({**_FONT, "bold": True, "font_size": 18, "align": "center"})
        label = book.add_format({**_FONT, "text_wrap": False})
        head = book.add_format({**_FONT, "bold": True, "align": "center", "border": 1, "bg_color": "#F2F2F2"})
        text = book.add_format({**_FONT, "border": 1})
        number = book.add_format({**_FONT, "border": 1, "align": "center", "num_format": "0"})
        day = book.add_format({**_FONT, "border": 1, "align": "center", "num_format": "yyyy-mm-dd"})
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width)
        sheet.set_landscape()
        sheet.merge_range(0, 0, 0, len(_WIDTHS) - 1, "", title)
        sheet.write_string(0, 0, f"{form.firm_name} 卷内目录", title)
        row = 1
        for name, value in form.heading():
            if value:
                sheet.write_string(row, 0, f"{name}:{value}", label)
                row += 1
        for column, name in enumerate(CONTENTS_COLUMNS):
            sheet.write_string(row, column, name, head)
        sheet.repeat_rows(row)
        sheet.freeze_panes(row + 1, 0)
        for row, cells in enumerate(form.rows(), start=row + 1):  # noqa: B020  # counts on from the head
            for column, cell in enumerate(cells):
                _write(sheet, row, column, cell, number if isinstance(cell, int) else text, day)
        _foot(sheet, row + 2, form, label)
    return buffer.getvalue()


def cover_xlsx(form: CoverForm) -> bytes:
    """Render the cover (案卷封面): field and value, a line each."""
    stamps = ("归档",) * form.filed, ("密卷",) * form.sealed
    return _fields_xlsx("案卷封面", form, form.fields(), *("".join(stamp) for stamp in stamps))


def sheet_xlsx(form: Sheet) -> bytes:
    """Render a sheet that is filled in and signed: field and value, a line each."""
    return _fields_xlsx(form.title, form, form.fields())


def _fields_xlsx(
    name: str, form: CoverForm | Sheet, fields: Iterable[tuple[str, Cell]], left: str = "", right: str = ""
) -> bytes:
    buffer = io.BytesIO()
    with _workbook(buffer, name, form.printed_at) as (book, sheet):
        title = book.add_format({**_FONT, "bold": True, "font_size": 18, "align": "center"})
        stamp = {**_FONT, "bold": True, "font_size": 16, "font_color": "#C00000"}
        head = book.add_format({**_FONT, "bold": True, "align": "center", "border": 1, "bg_color": "#F2F2F2"})
        text = book.add_format({**_FONT, "border": 1, "align": "left"})
        day = book.add_format({**_FONT, "border": 1, "align": "left", "num_format": "yyyy-mm-dd"})
        sheet.set_column(0, 0, 16)
        sheet.set_column(1, 1, 70)
        sheet.write_string(0, 0, left, book.add_format({**stamp, "align": "left"}))
        sheet.write_string(0, 1, right, book.add_format({**stamp, "align": "right"}))
        for row, line in enumerate((form.firm_name, name), start=1):
            sheet.merge_range(row, 0, row, 1, "", title)
            sheet.write_string(row, 0, line, title)
        for row, (label, value) in enumerate(fields, start=4):
            if not isinstance(value, str):
                # An empty field needs room for the pen; one with text is as high as its text.
                sheet.set_row(row, 28)
            sheet.write_string(row, 0, label, head)
            _write(sheet, row, 1, value, text, day)
    return buffer.getvalue()


@contextmanager
def _workbook(buffer: io.BytesIO, name: str, printed_at: datetime) -> Iterator[tuple[Any, Any]]:
    import xlsxwriter  # two megabytes, which only a process that prints shall take

    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        # Otherwise the library writes the time of the run, and no two prints are the same.
        book.set_properties({"title": name, "created": printed_at.astimezone(UTC).replace(tzinfo=None)})
        sheet = book.add_worksheet(name)
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer("&C第 &P 页 共 &N 页")
        yield book, sheet


def _write(sheet: Any, row: int, column: int, cell: Cell, form: Any, day: Any) -> None:
    if isinstance(cell, int):
        sheet.write_number(row, column, cell, form)
    elif isinstance(cell, date) and cell.year >= _FIRST_EXCEL_YEAR:
        sheet.write_datetime(row, column, datetime.combine(cell, time()), day)
    elif isinstance(cell, date):
        # Excel's calendar begins in 1900; an older deed keeps its date as text.
        sheet.write_string(row, column, cell.isoformat(), form)
    elif cell:
        sheet.write_string(row, column, cell, form)
    else:
        sheet.write_blank(row, column, None, form)


def _foot(sheet: Any, row: int, form: ContentsForm, label: Any) -> None:
    notes = [f"第 {volume.volume} 册:{len(volume.lines)} 件,{volume.pages} 页" for volume in form.volumes]
    if form.incomplete:
        notes.append("未计页数的材料:" + "、".join(form.incomplete))
    if form.digest:
        notes.append(f"目录摘要:{form.digest}")
    notes.append(f"印制时间:{form.printed_at:%Y-%m-%d %H:%M}")
    for place, note in enumerate(notes):
        sheet.write_string(row + place, 0, note, label)
