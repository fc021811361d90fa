"""The printed forms: what goes in is found again in PDF, XLSX and CSV, and no title does harm."""

import csv
import io
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import openpyxl
import pypdfium2
import pytest

from app.reports.csv import contents_csv, cover_csv
from app.reports.forms import CONTENTS_COLUMNS, ContentsForm, FormLine, FormVolume
from app.reports.pdf import contents_pdf, cover_pdf
from app.reports.xlsx import contents_xlsx, cover_xlsx
from tests.support.forms import CONTENTS, COVER, DIGEST, HOSTILE


def _line(serial: int, title: str | None = "委托代理合同", **more: Any) -> FormLine:
    return FormLine(serial, title, **{"page_from": serial, "page_to": serial, "pages": 1, **more})


def _form(*lines: FormLine) -> ContentsForm:
    return replace(CONTENTS, volumes=(FormVolume(1, sum(line.pages or 0 for line in lines), lines),))


def _large() -> ContentsForm:
    volumes = []
    for volume in (1, 2, 3):
        lines = tuple(
            _line(serial, f"材料{volume}之{serial:03}", formed_on=date(2026, 1, 1) + timedelta(serial))
            for serial in range(1, 101)
        )
        volumes.append(FormVolume(volume, 100, lines))
    return replace(CONTENTS, volumes=tuple(volumes))


def _pages(content: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(content)
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()


def _squeezed(text: str) -> str:
    """Leave out blanks, line ends and the width of brackets: how a line is set is the paper's affair."""
    return re.sub(r"[\s\ufffe]+", "", text).replace("（", "(").replace("）", ")")


def _text(content: bytes) -> str:
    return _squeezed("".join(_pages(content)))


def _sheet(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content)).active


def _below_head(content: bytes) -> list[tuple[Any, ...]]:
    """Give the rows of the contents table."""
    rows = list(_sheet(content).iter_rows(values_only=True))
    head = rows.index(CONTENTS_COLUMNS)
    table = []
    for row in rows[head + 1 :]:
        if not isinstance(row[0], int):
            break
        table.append(row)
    return table


def _csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("title", HOSTILE)
def test_a_title_comes_back_as_text(title: str) -> None:
    form = _form(_line(1, title, document_number=title, responsible_party=title, remarks=title))

    assert _text(contents_pdf(form)).count(_squeezed(title)) >= 4
    sheet = _sheet(contents_xlsx(form))
    found = [cell for row in sheet.iter_rows() for cell in row if cell.value == title]
    assert len(found) == 4
    assert all(cell.data_type == "s" and cell.hyperlink is None for cell in found)
    row = _csv(contents_csv(form))[1]
    assert [row[column].removeprefix("'") for column in (2, 3, 4, 9)] == [title] * 4


@pytest.mark.parametrize("title", HOSTILE)
def test_a_cover_takes_any_text(title: str) -> None:
    form = replace(
        COVER,
        firm_name=title,
        number=title,
        title=title,
        cause=title,
        court=title,
        remarks=title,
        client_names=(title,),
    )

    assert _text(cover_pdf(form)).count(_squeezed(title)) >= 7
    cells = [cell for row in _sheet(cover_xlsx(form)).iter_rows() for cell in row if cell.value == title]
    assert len(cells) >= 7
    assert all(cell.data_type == "s" and cell.hyperlink is None for cell in cells)
    assert sum(row[1].removeprefix("'") == title for row in _csv(cover_csv(form))) >= 7


def test_five_hundred_characters_come_back() -> None:
    title = "证甲" * 250
    form = _form(_line(1, title))
    assert _text(contents_pdf(form)).count("证甲") == 250
    assert _text(cover_pdf(replace(COVER, title=title))).count("证甲") == 250
    assert _below_head(contents_xlsx(form))[0][4] == title
    assert _csv(contents_csv(form))[1][4] == title


@pytest.mark.parametrize("start", [*"=+-@\t\r", "＝", "＋", "－", "＠"])
def test_csv_disarms_formulas(start: str) -> None:
    text = f"{start}1"
    assert _csv(contents_csv(_form(_line(1, text))))[1][4] == f"'{text}"
    assert ["备注", f"'{text}"] in _csv(cover_csv(replace(COVER, remarks=text)))


def test_csv_is_what_excel_reads() -> None:
    content = contents_csv(_form(_line(1, 'say "hi", 你好', formed_on=date(2026, 3, 1), remarks="一\n二")))
    assert content.startswith(b"\xef\xbb\xbf")
    head, first, end = content.decode("utf-8-sig").split("\r\n")
    assert head == "册号,顺序号,文号,责任者,材料名称,形成日期,起页,止页,页数,备注"
    assert first == '1,1,,,"say ""hi"", 你好",2026-03-01,1,1,1,"一\n二"'
    assert end == ""


def test_newlines_in_remarks_stay() -> None:
    form = _form(_line(1, remarks="第一行\n第二行\n\n第四行"))
    (page,) = _pages(contents_pdf(form))
    assert re.search(r"第一行\s*[\r\n]+\s*第二行\s*[\r\n]+\s*第四行", page)
    assert _below_head(contents_xlsx(form))[0][9] == "第一行\n第二行\n\n第四行"
    assert _csv(contents_csv(form))[1][9] == "第一行\n第二行\n\n第四行"
    assert "第一行" in _text(cover_pdf(replace(COVER, remarks="第一行\n第二行")))


def test_characters_without_a_glyph_are_written_by_their_code() -> None:
    form = _form(_line(1, "甲\U00030ede乙\U0001f600丙\u9fff丁"))
    assert "甲〔U+30EDE〕乙〔U+1F600〕丙〔U+9FFF〕丁" in _text(contents_pdf(form))
    assert _below_head(contents_xlsx(form))[0][4] == "甲\U00030ede乙\U0001f600丙\u9fff丁"
    assert _csv(contents_csv(form))[1][4] == "甲\U00030ede乙\U0001f600丙\u9fff丁"


@pytest.mark.parametrize("run", ["A" * 500, "W" * 13, "1234567890" * 5, "很长的题名" * 100, "α" * 60])
def test_long_runs_stay_in_their_column(run: str) -> None:
    texts = {"document_number": run, "responsible_party": run, "remarks": run}
    document = pypdfium2.PdfDocument(contents_pdf(_form(_line(1, run, **texts))))
    right = 0.0
    found = ""
    for page in document:
        text = page.get_textpage()
        shown = text.get_text_range()
        right = max(right, *(text.get_charbox(place)[2] for place, sign in enumerate(shown) if sign in run))
        found += shown
    assert _squeezed(found).count("\u200b") == 0
    assert right < page.get_width() - 14 * 72 / 25.4 + 0.1
    document.close()


@pytest.mark.parametrize("length", [*range(5, 20), 60])
def test_the_widest_letters_stay_in_their_column(length: int) -> None:
    run = "W" * length
    for field, neighbour in (("document_number", "责任方"), ("responsible_party", "标题词"), ("title", "2031-01-01")):
        texts: dict[str, Any] = {"document_number": "", "responsible_party": "责任方", "title": "标题词"}
        document = pypdfium2.PdfDocument(
            contents_pdf(_form(_line(1, formed_on=date(2031, 1, 1), **{**texts, field: run})))
        )
        text = document[0].get_textpage()
        found = text.get_text_range()
        edge = max(text.get_charbox(place)[2] for place, sign in enumerate(found) if sign == "W")
        assert edge < text.get_charbox(found.index(neighbour))[0]
        document.close()


def test_remarks_of_several_pages_are_printed_whole() -> None:
    remarks = "".join(f"{number:05}" for number in range(800))
    pages = _pages(contents_pdf(_form(_line(1, remarks=remarks))))
    assert len(pages) > 1
    together = re.findall(r"\d", "".join(pages))
    assert len(together) > len(remarks)


def test_three_hundred_lines_in_three_volumes() -> None:
    form = _large()
    content = contents_pdf(form)
    pages = _pages(content)
    for volume in form.volumes:
        heads = [page for page in pages if f"第{volume.volume}册(共3册)" in _squeezed(page)]
        assert len(heads) == 1
        assert f"材料{volume.volume}之001" in heads[0]
    for place, page in enumerate(pages, start=1):
        text = _squeezed(page)
        assert "顺序号" in text
        assert "形成日期" in text
        assert f"第{place}页共{len(pages)}页" in text
        assert "2026-11-2412:00" in text
        assert DIGEST in text
        assert len({name[2] for name in re.findall(r"材料\d之", text)}) == 1
    text = _squeezed("".join(pages))
    assert all(line.title in text for volume in form.volumes for line in volume.lines if line.title)

    rows = _below_head(contents_xlsx(form))
    assert [(row[0], row[1]) for row in rows] == [(volume, serial) for volume in (1, 2, 3) for serial in range(1, 101)]
    assert len(_csv(contents_csv(form))) == 301


def test_xlsx_has_real_dates_and_numbers_and_is_ready_to_print() -> None:
    line = _line(7, document_number="0012", formed_on=date(2026, 3, 1), page_from=31, page_to=36, pages=6)
    old = _line(8, formed_on=date(1898, 5, 1))
    content = contents_xlsx(_form(line, old))
    first, second = _below_head(content)
    assert first == (1, 7, "0012", None, "委托代理合同", datetime(2026, 3, 1), 31, 36, 6, None)
    assert second[5] == "1898-05-01"
    sheet = _sheet(content)
    assert sheet.page_setup.paperSize == 9
    head = next(row[0].row for row in sheet.iter_rows() if row[0].value == "册号")
    assert sheet.print_title_rows == f"${head}:${head}"
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.properties.created == datetime(2026, 11, 24, 4, 0, 30)


def test_masked_lines_print_serial_and_pages_and_nothing_else() -> None:
    secret = "不可见"
    masked = FormLine(2, secret, secret, secret, date(2020, 2, 2), 11, 14, 4, secret, masked=True)
    form = replace(_form(_line(1, "可见"), masked), digest=None)
    assert _below_head(contents_xlsx(form))[1] == (1, 2, None, None, None, None, 11, 14, 4, None)
    assert _csv(contents_csv(form))[2] == ["1", "2", "", "", "", "", "11", "14", "4", ""]
    text = _text(contents_pdf(form))
    assert "可见" in text
    for content in (contents_pdf(form), contents_xlsx(form), contents_csv(form)):
        assert secret.encode() not in content
    assert secret not in text
    assert "2020" not in text
    assert "211144" in text
    assert "sha-256" not in text


def test_an_empty_list() -> None:
    (page,) = _pages(contents_pdf(CONTENTS))
    text = _squeezed(page)
    assert "卷内目录" in text
    assert "2026-MS-L03-0001" in text
    assert "第0册" not in text
    assert "第1页共1页" in text
    assert _below_head(contents_xlsx(CONTENTS)) == []
    assert _csv(contents_csv(CONTENTS)) == [list(CONTENTS_COLUMNS)]


@pytest.mark.parametrize("sealed", [True, False])
def test_the_cover(sealed: bool) -> None:
    form = replace(COVER, confidentiality="sealed" if sealed else "restricted")
    (page,) = _pages(cover_pdf(form))
    text = _squeezed(page)
    for wanted in (
        "示例律师事务所",
        "案卷封面",
        "民事",
        "王丽",
        "北京示例科技有限公司、李四",
        "2026年3月1日",
        "(2026)京0108民初123号",
    ):
        assert wanted in text
    for label in (
        "合同号",
        "结案日期",
        "审(办)结果",
        "归档日期",
        "立卷人",
        "保管期限",
        "备注",
        "册数",
        "卷内页数",
        "档案号",
    ):
        assert label in text
    assert "None" not in text
    assert ("密卷" in text) is sealed
    values = {row[0]: row[1] for row in _sheet(cover_xlsx(form)).iter_rows(min_row=5, values_only=True)}
    assert values["收案日期"] == datetime(2026, 3, 1)
    assert (values["卷内页数"], values["册数"]) == (257, 2)
    assert values["结案日期"] is None
    assert (_sheet(cover_xlsx(form))["B1"].value == "密卷") is sealed
    rows = {row[0]: row[1] for row in _csv(cover_csv(form))}
    assert rows["收案日期"] == "2026-03-01"
    assert rows["卷内页数"] == "257"
    assert ("密卷" in rows.values()) is sealed


RENDERERS: list[tuple[Callable[[Any], bytes], Any]] = [
    (contents_pdf, _large()), (contents_xlsx, _large()), (contents_csv, _large()),
    (cover_pdf, COVER), (cover_xlsx, COVER), (cover_csv, COVER),
]  # fmt: skip


@pytest.mark.parametrize(("render", "form"), RENDERERS)
def test_the_same_form_gives_the_same_bytes(render: Callable[[Any], bytes], form: Any) -> None:
    first = render(form)
    later = replace(form, lead_lawyer="别人")
    with ThreadPoolExecutor(4) as pool:
        mixed = list(pool.map(render, [form, later] * 8))
    assert set(mixed[::2]) == {first}
    assert first not in mixed[1::2] or render is contents_csv
