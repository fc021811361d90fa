"""Make the sample papers anew from their sources; run by hand by developers: `python -m app.sample.make_papers`.

Sets each paper with Typst; turns some into scans and photographs with Pillow, which only development has. The same
sources give the same papers. Never runs in the service.
"""

import io
import random
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typst

HERE = Path(__file__).parent
SOURCES, PAPERS = HERE / "sources", HERE / "papers"
# Midnight of 24 November 2026 in UTC: the date that stands inside all PDFs.
MADE_AT = 1_795_478_400
DOCUMENTS = {
    "intake": "01-收案审批表.pdf",
    "receipt": "02-收费凭证.pdf",
    "engagement": "03-委托代理合同.pdf",
    "power": "04-授权委托书.pdf",
    "complaint": "05-民事起诉状.pdf",
    "statement": "08-对账单及银行流水.pdf",
    "discussion": "10-集体讨论记录.pdf",
    "statement-of-case": "11-代理词.pdf",
    "summons": "12-开庭传票.pdf",
    "hearing": "13-庭审笔录.pdf",
    "judgment": "14-民事判决书.pdf",
    "closing": "15-办案小结.pdf",
}
SCANNED_CONTRACT = "06-买卖合同(扫描件).pdf"
DELIVERY_NOTE = "07-送货单.jpg"
CHAT = "09-即时通讯聊天记录截图.png"
LICENCE = "营业执照副本.jpg"
_GRAIN, _LIGHT_FALL = 9, 26


def main() -> None:
    """Write all papers and say how large they are."""
    PAPERS.mkdir(exist_ok=True)
    for source, name in DOCUMENTS.items():
        (PAPERS / name).write_bytes(_pages(source, "pdf")[0])
    chance = random.Random(20261124)
    contract = [_scanned(page, chance, tilt=0.5) for page in _pages("contract", "png", ppi=130)]
    _write_image_pdf(contract, PAPERS / SCANNED_CONTRACT)
    (delivery,) = _pages("delivery", "png", ppi=140)
    _scanned(delivery, chance, tilt=1.4).save(PAPERS / DELIVERY_NOTE, quality=72, optimize=True)
    (licence,) = _pages("licence", "png", ppi=110)
    _scanned(licence, chance, tilt=0.6).save(PAPERS / LICENCE, quality=70, optimize=True)
    (chat,) = _pages("chat", "png", ppi=200)
    _opened(chat).quantize(64).save(PAPERS / CHAT, optimize=True)
    total = sum(paper.stat().st_size for paper in PAPERS.iterdir())
    for paper in sorted(PAPERS.iterdir()):
        print(f"{paper.stat().st_size:>9,}  {paper.name}")
    print(f"{total:>9,}  in all")
    if total >= 3_000_000:  # noqa: PLR2004  # what a repository bears
        sys.exit("The papers are too large to be committed.")


def _pages(source: str, form: Any, ppi: float | None = None) -> list[bytes]:
    """Set a source; gives one PDF, or an image of each page."""
    made: Any = typst.compile(
        str(SOURCES / f"{source}.typ"),
        root=str(SOURCES),
        font_paths=typst.Fonts(include_system_fonts=False, font_paths=_font_folders()),
        ignore_system_fonts=True,
        format=form,
        ppi=ppi,
        timestamp=MADE_AT,
    )
    return made if isinstance(made, list) else [made]


def _font_folders() -> list[str]:
    specs = (find_spec(package) for package in ("cvttf_NotoSansCJK_Regular", "cvttf_NotoSansCJK_Bold"))
    return [str(Path(spec.origin).parent) for spec in specs if spec is not None and spec.origin is not None]


def _opened(png: bytes) -> Any:
    from PIL import Image  # a tool of development

    return Image.open(io.BytesIO(png)).convert("RGB")


def _scanned(png: bytes, chance: random.Random, *, tilt: float) -> Any:
    """Give the page as a desk scanner would: a little askew, on yellowish paper, darker to one side, with grain."""
    from PIL import Image, ImageChops, ImageFilter  # a tool of development

    page = _opened(png)
    angle = chance.uniform(tilt / 2, tilt) * chance.choice((-1, 1))
    page = page.rotate(angle, resample=Image.Resampling.BICUBIC, expand=False, fillcolor=(255, 255, 255))
    paper = Image.new("RGB", page.size, (247, 243, 232))
    page = ImageChops.multiply(page, paper)
    fall = Image.linear_gradient("L").rotate(90).resize(page.size).point(lambda value: 255 - value * _LIGHT_FALL // 255)
    page = ImageChops.multiply(page, Image.merge("RGB", (fall, fall, fall)))
    small = (page.width // 2, page.height // 2)
    noise = bytes(128 + chance.randint(-_GRAIN, _GRAIN) for _ in range(small[0] * small[1]))
    grain = Image.frombytes("L", small, noise).resize(page.size, Image.Resampling.BILINEAR)
    page = ImageChops.add(page, Image.merge("RGB", (grain, grain, grain)), offset=-128)
    return page.filter(ImageFilter.GaussianBlur(0.5))


def _write_image_pdf(pages: list[Any], path: Path) -> None:
    moment = time.gmtime(MADE_AT)
    first, *rest = pages
    first.save(
        path, "PDF", save_all=True, append_images=rest, resolution=130, quality=62, title="买卖合同(扫描件)",
        creationDate=moment, modDate=moment,
    )  # fmt: skip


if __name__ == "__main__":
    main()
