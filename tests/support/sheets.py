"""Papers with words on every page, and hostile ones, to be bound into reading copies."""

import io
import random
from typing import Any

import pikepdf
import pypdfium2
import typst
from PIL import Image

from app.reports.pdf import font_directories

FONTS = typst.Fonts(
    include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(place) for place in font_directories()]
)


def written(title: str, pages: int) -> bytes:
    """Make a PDF whose pages say their title and place."""
    source = "#pagebreak()\n".join(f"{title} 之 {place}\n" for place in range(1, pages + 1))
    made = typst.compile(f'#set text(font: "Noto Sans CJK TC")\n{source}'.encode(), font_paths=FONTS)
    assert isinstance(made, bytes)
    return made


def changed(content: bytes, change: Any, **save: Any) -> bytes:
    """Change a PDF by a function of its document."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as document:
        change(document)
        document.save(out, **save)
    return out.getvalue()


def locked(content: bytes) -> bytes:
    """Put a password on a PDF."""
    return changed(content, lambda _: None, encryption=pikepdf.Encryption(owner="o", user="u"))


def scripted(content: bytes) -> bytes:
    """Put scripts, a link and an attachment into a PDF, and a seal that is an annotation."""

    def arm(document: pikepdf.Pdf) -> None:
        script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert('hostile')"))
        document.Root.OpenAction = script
        document.Root.AA = pikepdf.Dictionary(WC=script)
        document.Root.Names = pikepdf.Dictionary(
            JavaScript=pikepdf.Dictionary(Names=[pikepdf.String("a"), document.make_indirect(script)])
        )
        document.attachments["evil.exe"] = b"hostile attachment"
        page = document.pages[0]
        page.obj.AA = pikepdf.Dictionary(O=script)
        uri = pikepdf.Dictionary(S=pikepdf.Name.URI, URI=pikepdf.String("http://hostile.example/"))
        link = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 99, 99], A=uri)
        look = pikepdf.Stream(
            document,
            b"1 0 0 rg 0 0 80 80 re f",
            Type=pikepdf.Name.XObject,
            Subtype=pikepdf.Name.Form,
            BBox=[0, 0, 80, 80],
        )
        seal = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot,
            Subtype=pikepdf.Name.Stamp,
            Rect=[300, 300, 380, 380],
            F=4,
            AP=pikepdf.Dictionary(N=look),
        )
        page.obj.Annots = document.make_indirect(
            pikepdf.Array([document.make_indirect(link), document.make_indirect(seal)])
        )

    return changed(content, arm)


def picture(
    form: str, size: tuple[int, int] = (300, 200), mode: str = "RGB", colour: Any = "teal", **save: Any
) -> bytes:
    """Make an image."""
    out = io.BytesIO()
    Image.new(mode, size, colour).save(out, form, **save)
    return out.getvalue()


class Bound:
    """A reading copy as a reader finds it."""

    def __init__(self, content: bytes) -> None:
        self._document = pypdfium2.PdfDocument(content)
        self.content = content
        self.pages = [page.get_textpage() for page in self._document]
        self.texts = ["".join(text.get_text_range().split()) for text in self.pages]
        self.labels = [self._document.get_page_label(place) for place in range(len(self._document))]
        self.outline = [(item.get_title(), item.get_dest().get_index()) for item in self._document.get_toc()]

    def page_with(self, words: str) -> int:
        """Give the one page that has these words."""
        found = [place for place, text in enumerate(self.texts) if words in text]
        assert len(found) == 1, (words, found, self.texts)
        return found[0]

    def number(self, place: int) -> tuple[int, str] | None:
        """Give the number at the top of a page and its side; None when there is none."""
        page = self._document[place]
        width, height = page.get_size()
        for side, left, right in (("left", 0.0, width / 4), ("right", width * 3 / 4, width)):
            text = self.pages[place].get_text_bounded(left=left, bottom=height - 40, right=right, top=height).strip()
            if text.isdigit():
                return int(text), side
        return None

    def colour(self, place: int, x: float, y: float) -> tuple[int, int, int]:
        """Give the colour of a page at a point, in points from its left bottom."""
        page = self._document[place]
        found = page.render(scale=1).to_pil().convert("RGB").getpixel((int(x), int(page.get_height() - y)))
        assert isinstance(found, tuple)
        return found[0], found[1], found[2]


def noisy(pages: int, side: int, seed: int) -> bytes:
    """Make a PDF of scans that no compression makes smaller: about three bytes for each dot of `side` times `side`."""
    dots = random.Random(seed)
    out = io.BytesIO()
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page(page_size=(595, 842))
            scan = pikepdf.Stream(
                document, dots.randbytes(side * side * 3), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image,
                Width=side, Height=side, ColorSpace=pikepdf.Name.DeviceRGB, BitsPerComponent=8,
            )  # fmt: skip
            page = document.pages[-1]
            name = page.add_resource(scan, pikepdf.Name.XObject)
            page.contents_add(f"q 500 0 0 700 40 60 cm {name} Do Q".encode())
        document.save(out, compress_streams=False)
    return out.getvalue()
