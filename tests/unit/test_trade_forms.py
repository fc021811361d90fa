"""Note to file, back, approval and report as papers: any text comes back, what is unknown stays empty, pages break well."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.entries.schemas import ContentsLine, ContentsVolume
from app.reports.assembling import _span
from app.reports.copying import Piece, Reason, judged, segments
from app.reports.forms import FormVolume
from app.reports.pdf import back_pdf, contents_pdf, note_pdf, parts_pdf, sheet_pdf, stand_in_part
from app.reports.trade_forms import NoteLine, StandIn
from app.reports.xlsx import sheet_xlsx
from tests.support.forms import BACK, CLOSING, CONTENTS, HOSTILE, INTAKE, NOTE
from tests.support.pictures import LARGEST, PICTURES, lines, pictures
from tests.unit.test_forms import _line, _pages, _sheet, _squeezed, _text


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_comes_back(text: str) -> None:
    note = replace(NOTE, condition=text, notes=(NoteLine(date(2026, 12, 1), text, text),), compiler=text)
    assert _text(note_pdf(note)).count(_squeezed(text)) >= 4
    for form in (
        replace(INTAKE, summary=text, phone=text, fee=text),
        replace(CLOSING, summary=text, opinion=text, remarks=text),
    ):
        assert _text(sheet_pdf(form)).count(_squeezed(text)) >= 3
        cells = [cell for row in _sheet(sheet_xlsx(form)).iter_rows() for cell in row if cell.value == text]
        assert len(cells) == 3
        assert all(cell.data_type == "s" and cell.hyperlink is None for cell in cells)
    sheet = StandIn(text, text, text)
    assert _text(parts_pdf("x", NOTE, [stand_in_part(sheet)])).count(_squeezed(text)) >= 3


def test_what_is_unknown_stays_empty() -> None:
    for text in (
        _text(note_pdf(replace(NOTE, checker=None, compiled_on=None))),
        _text(back_pdf(BACK)),
        _text(sheet_pdf(INTAKE)),
    ):
        assert "None" not in text
    assert "检查人立卷时间检查时间" in _text(note_pdf(replace(NOTE, checker=None, compiled_on=None)))
    assert "案情简介承办律师意见主任审批意见" in _text(sheet_pdf(INTAKE))
    values = {row[0]: row[1] for row in _sheet(sheet_xlsx(CLOSING)).iter_rows(min_row=5, values_only=True)}
    assert (values["应收业务费"], values["应退业务费"], values["结案日期"]) == ("30000 元", None, None)


@pytest.mark.parametrize(
    ("render", "form", "label"),
    [
        (note_pdf, NOTE, "检查时间"),
        (back_pdf, BACK, "装订日期"),
        (sheet_pdf, INTAKE, "备注"),
        (sheet_pdf, CLOSING, "备注"),
    ],
)
def test_each_fits_one_page_and_the_same_form_gives_the_same_bytes(
    render: Callable[[Any], bytes], form: Any, label: str
) -> None:
    (page,) = _pages(render(form))
    assert label in _squeezed(page)
    assert render(form) == render(form)


def test_notes_of_many_years_go_on_over_pages() -> None:
    notes = tuple(NoteLine(date(2027, 1, 1), f"第{number:03}次检查,完好。", "赵敏") for number in range(90))
    pages = _pages(note_pdf(replace(NOTE, notes=notes)))
    assert len(pages) > 1
    text = _squeezed("".join(pages))
    assert all(f"第{number:03}次检查" in text for number in range(90))
    assert "立卷人王丽" in _squeezed(pages[-1])


def test_a_list_of_two_hundred_lines_breaks_between_lines() -> None:
    rows = tuple(
        _line(serial, f"材料第{serial:03}号头" + "很长的题名" * (serial % 7) + f"尾{serial:03}")
        for serial in range(1, 201)
    )
    pages = [_squeezed(page) for page in _pages(contents_pdf(replace(CONTENTS, volumes=(FormVolume(1, 200, rows),))))]
    assert len(pages) > 6
    for page in pages:
        for serial in range(1, 201):
            assert (f"材料第{serial:03}号头" in page) == (f"尾{serial:03}" in page)
    assert all("顺序号" in page and f"共{len(pages)}页" in page for page in pages)


def test_pictures_are_of_the_forms_as_they_are() -> None:
    for name, content in pictures().items():
        file = PICTURES / f"{name}.png"
        assert file.stat().st_size < LARGEST
        document = pypdfium2.PdfDocument(content)
        assert len(document) == 1
        document.close()
    assert sum(line.pages or 0 for line in lines()) == 189


def _contents_line(**fields: Any) -> Any:
    nothing = dict.fromkeys(("document_number", "responsible_party", "title", "formed_on", "remarks"))
    return ContentsLine.model_validate({"serial": 1, "page_from": 1, "page_to": 2, "pages": 2, **nothing, **fields})


class _Found:
    """A file as far as it is judged."""

    def __init__(self, reads: bool, scan: str | None, **row: Any) -> None:
        self.reads, self.closed, self.row = (
            reads,
            scan,
            {"media_type": "application/pdf", "pages": 2, "size": 10, **row},
        )


@given(
    masked=st.booleans(), reads=st.booleans(), there=st.booleans(), pages=st.none() | st.integers(1, 3),
    counted=st.none() | st.integers(1, 3), size=st.integers(0, 20), media=st.sampled_from(["application/pdf", "audio/mpeg"]),
    scan=st.none() | st.sampled_from(["file_infected", "file_unscanned", "file_unscannable"]),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_what_is_closed_is_told_by_nothing(
    masked: bool,
    reads: bool,
    there: bool,
    pages: int | None,
    counted: int | None,
    size: int,
    media: str,
    scan: str | None,
) -> None:
    line = _contents_line(
        title=None if masked else "密件", masked=masked, pages=pages, page_from=pages and 1, page_to=pages
    )
    file: Any = _Found(reads, scan, media_type=media, pages=counted, size=size) if there else None
    piece = judged(line, file, 10)
    closed = masked or (there and not reads)
    assert (piece.reason is Reason.CLOSED) is closed
    if closed:
        assert "密件" not in piece.title + str(piece.stand_in())
        bare: Any = judged(_contents_line(masked=True, pages=pages, page_from=pages and 1, page_to=pages), None, 0)
        assert (piece.title, piece.stand_in()) == (bare.title, bare.stand_in())
    assert (piece.reason is not None and piece.reason.value == scan) is (there and not closed and scan is not None)
    fits = (
        there
        and scan is None
        and media == "application/pdf"
        and pages is not None
        and counted in {None, pages}
        and size <= 10
    )
    assert (piece.reason is None) is (fits and not closed)


def test_stand_ins_are_counted_in_order() -> None:
    pieces = [
        Piece(_contents_line(serial=serial), None, reason)
        for serial, reason in enumerate((Reason.NO_FILE, None, Reason.CLOSED))
    ]
    assert [segment.get("stand_in") for segment in segments(pieces)] == [0, None, 1]


def test_no_span_where_lines_are_masked() -> None:
    seen, hidden = _contents_line(formed_on=date(2026, 3, 1)), _contents_line(masked=True)
    assert _span([ContentsVolume(volume=1, pages=4, items=[seen, seen])]) == (date(2026, 3, 1), date(2026, 3, 1))
    assert _span([ContentsVolume(volume=1, pages=4, items=[seen, hidden])]) is None
    assert _span([]) is None
