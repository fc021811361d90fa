"""The process that opens strangers' files for a reading copy: makes clean pages and binds them; may die of any file.

Runs as a script, apart from the service: no settings, no secrets, no import but the libraries for PDFs and images,
bounded memory and processor time. Each question on stdin and each answer on stdout is one line of JSON; files are named
by their paths. Of a file nothing is taken over but what is painted on its pages: no script, action, form, attachment or
link comes into the copy. Page numbers: domain/rules.md section 1.6. It ends when stdin does.
"""

import json
import os
import resource
import sys
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import img2pdf
import pikepdf
from pikepdf import AccessMode, Dictionary, Name, OutlineItem, Pdf
from PIL import Image

A4 = (img2pdf.mm_to_pt(210), img2pdf.mm_to_pt(297))
LAYOUT = img2pdf.get_layout_fun(pagesize=A4, fit=img2pdf.FitMode.shrink, auto_orient=True)
FORMATS = ("JPEG", "PNG", "TIFF", "GIF")
# A3 at 600 dots an inch; more is a bomb.
MOST_PIXELS = 80_000_000
SMALLEST_SIDE, LARGEST_SIDE = 3.0, 14_400.0
# No page with writing has so little of it; longer contents aren't looked through.
BLANK_BYTES = 4096
PAINTS = frozenset(("f", "F", "f*", "B", "B*", "b", "b*", "s", "S", "sh", "Do", "Tj", "TJ", "'", '"', "INLINE IMAGE"))
DIGIT_WIDTH, NUMBER_SIZE, NUMBER_MARGIN, WIDTH_OF_A4 = 0.556, 11.0, 24.0, 595.0


class Unfit(Exception):
    """A file that can't be bound; its first argument is the reason."""


def limit(memory: int) -> None:
    """Let this process use at most `memory` bytes of addresses and as many open files as it may."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def allow_processor(seconds: int) -> None:
    """Let the next question use `seconds` of processor time; the limit counts from the start of the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + seconds, hard))


def clean(question: dict[str, Any]) -> dict[str, Any]:
    """Make clean pages of a file; tell which of them are blank, or why it can't be bound."""
    source, target, pages = question["source"], question["target"], question["pages"]
    try:
        if question["media_type"] == "application/pdf":
            return {"blank": clean_pdf(source, target, pages)}
        clean_image(source, target, pages)
    except Unfit as unfit:
        return {"reason": unfit.args[0]}
    except pikepdf.PasswordError:
        return {"reason": "encrypted"}
    except Exception:  # noqa: BLE001 - whatever a hostile file makes a library raise
        return {"reason": "unreadable"}
    return {"blank": []}


def clean_pdf(source: str, target: str, pages: int) -> list[int]:
    """Lay what is painted on each page on a new page; give the places of blank ones, from 0."""
    with Pdf.open(source, access_mode=AccessMode.stream) as pdf, Pdf.new() as out:
        if len(pdf.pages) != pages:
            raise Unfit("pages_differ")
        flatten(pdf)
        blank = [place for place, page in enumerate(pdf.pages) if is_blank(page)]
        for page in pdf.pages:
            lay(out, page)
        disarm(out)
        out.save(target, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return blank


def flatten(pdf: Pdf) -> None:
    """Paint form fields, seals and marks onto their pages."""
    if pdf.Root.get(Name.NeedsRendering, False):
        # Pages of such a form (dynamic XFA) say "please wait"; what it holds is no page.
        raise Unfit("unreadable")
    form = pdf.Root.get(Name.AcroForm)
    if form is not None and form.get(Name.NeedAppearances, False):
        pdf.generate_appearance_streams()
    pdf.flatten_annotations("all")


def lay(out: Pdf, page: pikepdf.Page) -> None:
    """Add a page on which only the painting of `page` stands, upright, as a reader would see it."""
    page.trimbox = page.cropbox
    painting = out.copy_foreign(page.as_form_xobject())
    left, bottom, width, height = upright(painting)
    out.add_blank_page(page_size=(width, height))
    fresh = out.pages[-1]
    name = fresh.add_resource(painting, Name.XObject)
    fresh.Contents = out.make_stream(f"q 1 0 0 1 {-left:.4f} {-bottom:.4f} cm {name} Do Q\n".encode())


def upright(painting: Any) -> tuple[float, float, float, float]:
    """Give left, bottom, width and height of a painting after its own turn and scale."""
    x1, y1, x2, y2 = (float(side) for side in painting.BBox)
    a, b, c, d, e, f = (float(part) for part in painting.get(Name.Matrix, [1, 0, 0, 1, 0, 0]))
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in (x1, x2) for y in (y1, y2)]
    left, bottom = min(x for x, _ in corners), min(y for _, y in corners)
    width, height = max(x for x, _ in corners) - left, max(y for _, y in corners) - bottom
    if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in (width, height)):
        raise Unfit("unreadable")
    return left, bottom, width, height


def disarm(out: Pdf) -> None:
    """Take away what would lead a reader out of the file."""
    for item in out.objects:
        if isinstance(item, pikepdf.Stream):
            for name in ("/F", "/FFilter", "/FDecodeParms", "/Ref", "/OPI", "/PieceInfo", "/Metadata"):
                if name in item:
                    del item[name]


def is_blank(page: pikepdf.Page) -> bool:
    """Tell whether nothing is painted on a page."""
    contents = page.obj.get(Name.Contents)
    if contents is None:
        return True
    streams = [contents] if isinstance(contents, pikepdf.Stream) else list(contents)
    if sum(len(stream.read_raw_bytes()) for stream in streams) > BLANK_BYTES:
        return False
    return not any(str(step.operator) in PAINTS for step in pikepdf.parse_content_stream(page))


def clean_image(source: str, target: str, pages: int) -> None:
    """Make a page of A4, upright or on its side, of each image in a file."""
    with Image.open(source, formats=FORMATS) as image, Pdf.new() as out, ExitStack() as held:
        frames = int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1
        if frames != pages:
            raise Unfit("pages_differ")
        for frame in range(frames):
            sheet = Path(f"{target}.{frame}")
            image.seek(frame)
            sheet.write_bytes(image_page(image, source))
            out.pages.extend(held.enter_context(Pdf.open(sheet, access_mode=AccessMode.stream)).pages)
        out.save(target)


def image_page(image: Image.Image, source: str) -> bytes:
    """Give a page with an image; a photograph goes in as it is, bit by bit."""
    if image.format == "JPEG":
        image.load()  # one that breaks off would only be found by who opens the copy
        return converted(Path(source).read_bytes())
    png = Path(f"{source}.png")
    opaque(image).save(png, dpi=image.info.get("dpi", (96, 96)))
    return converted(png.read_bytes())


def converted(data: bytes) -> bytes:
    """Put the bytes of one image on a page."""
    page: bytes = img2pdf.convert(data, layout_fun=LAYOUT, rotation=img2pdf.Rotation.ifvalid)
    return page


def opaque(image: Image.Image) -> Image.Image:
    """Give an image on white paper, in a mode that pages have."""
    if image.mode in {"1", "L", "RGB"} and "transparency" not in image.info:
        return image.copy()
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode in {"CMYK", "YCbCr", "LAB", "HSV"}:
        return image.convert("RGB")
    shown = image.convert("RGBA")
    paper = Image.new("RGB", shown.size, "white")
    paper.paste(shown, mask=shown.getchannel("A"))
    return paper


def bind(question: dict[str, Any]) -> dict[str, Any]:
    """Bind front, material and end into one file with page numbers, labels and an outline; give its pages."""
    with Pdf.new() as out, ExitStack() as held:
        book = Book(out, held)
        book.leaves(question["front"], "目录 ")
        stand_ins = book.opened(question["stand_ins"]) if question["stand_ins"] else None
        for segment in question["segments"]:
            book.mark(segment["title"])
            if stand_ins is not None and "stand_in" in segment:
                book.label({"/P": segment["range"]})
                out.pages.append(stand_ins.pages[segment["stand_in"]])
            else:
                book.numbered(segment["file"], segment["first"], frozenset(segment["blank"]))
        book.leaves(question["end"], "卷末 ")
        book.finish(question["title"])
        out.save(question["target"], object_stream_mode=pikepdf.ObjectStreamMode.generate)
        return {"pages": len(out.pages)}


class Book:
    """A reading copy that grows page by page."""

    def __init__(self, out: Pdf, held: ExitStack) -> None:
        self._out, self._held = out, held
        self._marks: list[OutlineItem] = []
        self._labels: list[Any] = []
        self._font = out.make_indirect(
            Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
        )

    def opened(self, path: str) -> Pdf:
        """Open a file until the copy is written."""
        return self._held.enter_context(Pdf.open(path, access_mode=AccessMode.stream))

    def mark(self, title: str, ahead: int = 0) -> None:
        """Let a line of the outline lead to the next page, or one further on."""
        self._marks.append(OutlineItem(title, len(self._out.pages) + ahead))

    def label(self, label: dict[str, Any]) -> None:
        """Say what pages are called from the next one on."""
        self._labels += [len(self._out.pages), Dictionary({name: pikepdf.Object.parse(value) if name == "/S"
                         else value for name, value in label.items()})]  # fmt: skip

    def leaves(self, part: dict[str, Any], label: str) -> None:
        """Add pages that bear no number; `marks` are titles and places, from the end if negative."""
        pages = self.opened(part["file"]).pages
        for title, place in part["marks"]:
            self.mark(title, place % len(pages))
        self.label({"/S": b"/D", "/P": label})
        self._out.pages.extend(pages)

    def numbered(self, path: str, first: int, blank: frozenset[int]) -> None:
        """Add clean pages and write their numbers on them, but on blank ones, which are counted all the same."""
        self.label({"/S": b"/D", "/St": first})
        for place, page in enumerate(self.opened(path).pages):
            self._out.pages.append(page)
            if place not in blank:
                self._number(self._out.pages[-1], first + place)

    def _number(self, page: pikepdf.Page, number: int) -> None:
        """Write a number at the right top of a front, at the left top of a back."""
        _, _, width, height = (float(side) for side in page.mediabox)
        scale = min(width, height) / WIDTH_OF_A4
        size, margin = NUMBER_SIZE * scale, NUMBER_MARGIN * scale
        length = len(str(number)) * DIGIT_WIDTH * size
        x, y = (width - margin - length if number % 2 else margin), height - margin - size
        name = page.add_resource(self._font, Name.Font)
        # On white, or it would not be read on a dark scan.
        ground = f"1 g {x - 2:.2f} {y - 2:.2f} {length + 4:.2f} {size + 1:.2f} re f"
        words = f"q {ground} 0 g BT {name} {size:.2f} Tf {x:.2f} {y:.2f} Td ({number}) Tj ET Q\n"
        page.contents_add(words.encode())

    def finish(self, title: str) -> None:
        """Write outline, labels and title."""
        with self._out.open_outline() as outline:
            outline.root.extend(self._marks)
        self._out.Root.PageLabels = Dictionary(Nums=pikepdf.Array(self._labels))
        self._out.Root.PageMode = Name.UseOutlines
        self._out.docinfo[Name.Title] = title


def main() -> None:
    """Answer questions until stdin ends. Arguments: bytes of memory, seconds of processor time per question."""
    limit(int(sys.argv[1]))
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    # Whatever a library prints must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin.buffer:
        allow_processor(int(sys.argv[2]))
        question = json.loads(line)
        answer = clean(question) if question["do"] == "clean" else bind(question)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
