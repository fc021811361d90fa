"""Pictures of forms for the documents: `python -m tests.support.pictures` writes docs/pictures; all people are invented."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pypdfium2

from app.reports.forms import FormLine, FormVolume
from app.reports.pdf import contents_pdf, cover_pdf, note_pdf
from tests.support.forms import CONTENTS, COVER, NOTE

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
LARGEST = 150_000
# Titles and pages of a civil case in the order of domain/rules.md 1.4.
_LINES = (
    ("收案审批表", 1), ("委托代理合同", 6), ("授权委托书", 1), ("收费凭证(发票复印件)", 1), ("民事起诉状", 8), ("阅卷笔录", 12),
    ("会见当事人谈话笔录", 9), ("证据目录及证据:买卖合同、送货单、对账单、催款函与回执", 64), ("财产保全申请书及裁定书", 7), ("承办律师代理意见", 11),
    ("代理词", 14), ("出庭通知书(传票)", 1), ("庭审笔录", 38), ("民事判决书", 15), ("办案小结", 1),
)  # fmt: skip


def lines() -> tuple[FormLine, ...]:
    """Give the lines of a volume, one after the other."""
    found, page = list[FormLine](), 0
    for serial, (title, pages) in enumerate(_LINES, start=1):
        party = (
            "北京示例科技有限公司"
            if serial in {2, 3, 5}
            else "北京市海淀区人民法院"
            if serial in {9, 12, 13, 14}
            else "示例律师事务所"
        )
        number = "(2026)京0108民初123号" if serial in {9, 14} else None
        formed_on = date(2026, 3, 1) + timedelta(days=16 * serial)
        found.append(FormLine(serial, title, number, party, formed_on, page + 1, page + pages, pages))
        page += pages
    return tuple(found)


def pictures() -> dict[str, bytes]:
    """Give the forms by the names of their pictures."""
    volume = FormVolume(1, 189, lines())
    cover = replace(
        COVER, title=CONTENTS.title, confidentiality="sealed", filed=True, court="北京市海淀区人民法院", instance="一审",
        result="判决支持全部诉讼请求", closed_on=date(2026, 11, 1), filed_on=date(2026, 11, 24), retention="30年", compiler="王丽",
        archive_number="2026-MS-D30-0007", volume=1, volumes=1, pages=189, span=(date(2026, 3, 17), date(2026, 10, 27)),
        contract_number="2026民代字第12号",
    )  # fmt: skip
    return {
        "cover": cover_pdf(cover),
        "contents": contents_pdf(replace(CONTENTS, volumes=(volume,))),
        "note": note_pdf(replace(NOTE, volumes=1, condition="本册共 15 件 189 页。")),
    }


def drawn(content: bytes, target: Path, scale: float = 1.1) -> None:
    """Draw the first page of a form, in few greys and colours, so that the file stays small."""
    document = pypdfium2.PdfDocument(content)
    page = document[0].render(scale=scale).to_pil().convert("RGB").quantize(colors=64)
    page.save(target, optimize=True)
    document.close()


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    for name, content in pictures().items():
        drawn(content, PICTURES / f"{name}.png")
