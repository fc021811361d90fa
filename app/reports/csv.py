"""Forms as CSV (RFC 4180) for spreadsheet programs: UTF-8 with a byte order mark, so that they read Chinese.

Never lets a cell become a formula: what begins like one gets an apostrophe, as spreadsheets themselves mark text.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

from app.reports.forms import CONTENTS_COLUMNS, Cell, ContentsForm, CoverForm

BOM = codecs.BOM_UTF8
# Spreadsheets of Chinese and Japanese locales take the full-width signs for the plain ones.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def contents_csv(form: ContentsForm) -> bytes:
    """Render the contents list: one header line, one line for each entry."""
    return _written([CONTENTS_COLUMNS, *form.rows()])


def cover_csv(form: CoverForm) -> bytes:
    """Render the cover as two columns, field and value."""
    sealed = [("密级", "密卷")] if form.sealed else []
    return _written([("项目", "内容"), ("律师事务所", form.firm_name), *sealed, *form.fields()])


def lines(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Write rows of a file that goes out piece by piece; its first piece begins with `BOM`."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerows([_guarded(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def _written(rows: Iterable[Sequence[Cell]]) -> bytes:
    return BOM + lines(rows)


def _guarded(cell: Cell) -> str | int | None:
    if isinstance(cell, date):
        return cell.isoformat()
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
