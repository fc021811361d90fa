"""The report of the four-property test as a paper: all items by property, what failed, and texts that would do harm."""

from dataclasses import replace
from typing import Any

import pytest

from app.filing.check_schemas import Result
from app.filing.four_properties import four_properties
from app.reports.four_properties import FourPropertyForm, four_properties_pdf
from tests.support.filing_facts import RULES, entry, facts
from tests.support.forms import HOSTILE, PRINTED_AT
from tests.unit.test_forms import _pages, _squeezed, _text

HEADING = (("案卷题名", "示例科技与示例贸易买卖合同纠纷案"), ("委托人", ""), ("承办律师", "王丽"))


def form(**changes: Any) -> FourPropertyForm:
    """Make the form of a dossier that fails one item."""
    items = tuple(four_properties(facts(entries=(entry(1, pages=None), entry(2))), RULES))
    return replace(FourPropertyForm("示例律师事务所", "2026-MS-L03-0001", PRINTED_AT, HEADING, items), **changes)


def test_every_item_is_printed_with_its_result() -> None:
    made = form()
    pages = _pages(four_properties_pdf(made))
    text = _squeezed("".join(pages))
    for word in ("四性检测报告", "示例律师事务所", "2026-MS-L03-0001", "示例科技与示例贸易", "王丽", "2026-11-2412:00"):
        assert word in text
    assert "委托人" not in text
    place = 0
    for item in made.items:
        row = _squeezed(item.name_zh + item.method_zh)
        assert item.number in text[place:]
        place = text.index(row, place)
    for word, group in zip(("真实性", "完整性", "可用性", "安全性"), "1234", strict=True):
        assert f"{word}{group}-1" in text
    assert len(made.items) == 33
    failed = [item.number for item in made.items if item.result is Result.FAILED]
    assert failed == ["2-4"]
    assert "合格26项,不合格1项,不适用6项" in text
    for number, page in enumerate(pages, start=1):
        assert f"第{number}页共{len(pages)}页" in _squeezed(page)
        assert "检测项目" in page


@pytest.mark.parametrize("title", HOSTILE)
def test_a_title_is_text(title: str) -> None:
    (first, *rest) = form().items
    made = form(
        firm_name=title,
        number=title,
        heading=(("案卷题名", title),),
        items=(first.model_copy(update={"zh": title}), *rest),
    )
    assert _text(four_properties_pdf(made)).count(_squeezed(title)) >= 4


def test_the_same_form_gives_the_same_bytes() -> None:
    assert four_properties_pdf(form()) == four_properties_pdf(form())
    assert four_properties_pdf(form()) != four_properties_pdf(form(number="2026-MS-L03-0002"))
