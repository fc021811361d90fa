"""The picture of the four-property report in docs/pictures: `python -m tests.support.four_properties_picture` makes it.

Of an invented dossier that fails one item, so that the same code gives the same picture.
"""

import io
from pathlib import Path

import pypdfium2

from app.filing.four_properties import four_properties
from app.reports.four_properties import FourPropertyForm, four_properties_pdf
from tests.support.filing_facts import RULES, entry, facts, file
from tests.support.forms import PRINTED_AT

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "four-properties.png"
_DOTS_A_POINT, _GREYS = 1.5, 16


def made() -> bytes:
    """Give the first page as PNG."""
    entries = tuple(entry(number) for number in range(1, 15))
    files = tuple(file(number, scan="off") for number in range(1, 14))
    items = tuple(four_properties(facts(entries=entries, files=files, scanning=False), RULES))
    form = FourPropertyForm(
        firm_name="示例律师事务所", number="2026-MS-L03-0001", printed_at=PRINTED_AT, items=items,
        heading=(
            ("案卷题名", "示例科技与示例贸易买卖合同纠纷案"), ("委托人", "北京示例科技有限公司"), ("承办律师", "王丽"),
            ("检测环节", "归档环节(GD),参照 DA/T 70-2018"), ("检测方式", "重新读取全部存储内容"),
            ("检测时间", "2026-11-24 12:00(规则第 1 版)"),
        ),
    )  # fmt: skip
    document = pypdfium2.PdfDocument(four_properties_pdf(form))
    picture = document[0].render(scale=_DOTS_A_POINT, grayscale=True).to_pil().quantize(_GREYS)
    document.close()
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_bytes(made())
