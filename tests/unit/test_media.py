"""Kinds of files are told by their bytes, whatever their sender says; archives are not opened for it."""

import gzip
import io
import struct
import tracemalloc
import zipfile
from email.message import EmailMessage
from typing import Any

import pikepdf
import pytest
import xlsxwriter
from PIL import Image

from app.storage.media import HEAD_BYTES, TAIL_BYTES, UNKNOWN, Ends, sniff

OOXML = "application/vnd.openxmlformats-officedocument."
DOCX, XLSX, PPTX = (f"{OOXML}{kind}" for kind in ("wordprocessingml.document", "spreadsheetml.sheet", "presentationml.presentation"))  # fmt: skip


def zipped(*names: str, first: bytes | None = None, content: bytes = b"x" * 3000) -> bytes:
    """Make an archive of these members; `first` is the text of a leading member `mimetype`."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        if first is not None:
            archive.writestr("mimetype", first)
        for name in names:
            archive.writestr(name, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def office(folder: str, main: str, *more: str) -> bytes:
    """Make what looks like an office document."""
    return zipped("[Content_Types].xml", "_rels/.rels", f"{folder}/{main}.xml", *more)


def workbook() -> bytes:
    """Make a real workbook."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet().write(0, 0, "案卷")
    return out.getvalue()


def picture(kind: str, **options: Any) -> bytes:
    """Make a real picture."""
    out = io.BytesIO()
    Image.new("RGB", (3, 3)).save(out, kind, **options)
    return out.getvalue()


def message() -> bytes:
    """Make a real e-mail."""
    mail = EmailMessage()
    mail["Received"], mail["From"], mail["To"], mail["Subject"] = (
        "by mail.example",
        "a@b.example",
        "c@d.example",
        "开庭通知",
    )
    mail.set_content("见附件")
    return mail.as_bytes()


def media(brand: bytes, *compatible: bytes) -> bytes:
    """Make the beginning of a file of ISO base media."""
    body = b"ftyp" + brand + bytes(4) + b"".join(compatible)
    return struct.pack(">I", len(body) + 4) + body + b"\0\0\0\x08free"


def compound(stream: str) -> bytes:
    """Make the outline of an old office document, its directory far from its head."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(20_000) + stream.encode("utf-16-le") + bytes(1000)


def kind(content: bytes, declared: str = "application/x-whatever", step: int = 10_000) -> str:
    """Tell the kind of a file as an upload does."""
    ends = Ends()
    for begin in range(0, len(content), step):
        ends.see(content[begin : begin + step])
    return sniff(ends.head, declared, ends.tail)


OLD = {"WordDocument": "msword", "Workbook": "vnd.ms-excel", "PowerPoint Document": "vnd.ms-powerpoint"}
CASES: list[tuple[bytes, str]] = [
    (office("word", "document"), DOCX), (office("xl", "workbook"), XLSX), (office("ppt", "presentation"), PPTX),
    (workbook(), XLSX), (office("word", "document", "word/vbaProject.bin"), "application/vnd.ms-word.document.macroEnabled.12"),
    (zipped("OFD.xml", "Doc_0/Document.xml"), "application/ofd"), (zipped("a.docx", "word/x"), "application/zip"),
    (zipped("content.xml", first=b"application/vnd.oasis.opendocument.text"), "application/vnd.oasis.opendocument.text"),
    (zipped("a", first=b"text/html"), "application/zip"), (zipped(), "application/zip"),
    (office("word", "document", *(f"word/media/{n}.png" for n in range(3000))), DOCX),
    (picture("PNG"), "image/png"), (picture("JPEG"), "image/jpeg"), (picture("TIFF"), "image/tiff"), (picture("GIF"), "image/gif"),
    (picture("WEBP"), "image/webp"), (message(), "message/rfc822"), (gzip.compress(b"x"), "application/gzip"),
    (media(b"heic", b"mif1"), "image/heic"), (media(b"mp42", b"isom"), "video/mp4"), (media(b"qt  "), "video/quicktime"),
    (media(b"XAVC", b"abcd", b"mp42"), "video/mp4"), (media(b"3gp5"), "video/3gpp"), (media(b"M4A "), "audio/mp4"),
    (b"RIFF\x10\0\0\0WAVEfmt ", "audio/wav"), (b"Rar!\x1a\x07\x01\0", "application/vnd.rar"), (b"{\\rtf1", "application/rtf"),
    (b"7z\xbc\xaf\x27\x1c\0\x04", "application/x-7z-compressed"), (b"%PDF-1.4\n", "application/pdf"),
    *((compound(stream), f"application/{name}") for stream, name in OLD.items()),
    (b"MZ\x90\0" + bytes(100), UNKNOWN), (b"\x7fELF\x02", UNKNOWN), (b"#!/bin/sh\n", UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(("content", "media_type"), CASES, ids=range(len(CASES)))
def test_content_decides(content: bytes, media_type: str) -> None:
    for declared in ("", "application/x-whatever", "text/plain", "application/pdf", "text/html", DOCX):
        assert kind(content, declared) == media_type
        assert kind(content, declared, step=7 if len(content) < 1000 else 4001) == media_type


@pytest.mark.parametrize(
    ("content", "declared", "media_type"),
    [
        (b"MZ is how it begins", "text/plain", "text/plain"), (b"a,b\n1,2\n", "text/csv; header=present", "text/csv"),
        (b"From: a note\nTo: nobody\n", "text/plain", "text/plain"), (b"x", "message/rfc822", "message/rfc822"),
        (b"no zip", DOCX, UNKNOWN), (b"no zip", "application/zip", UNKNOWN), (b"no zip", "application/x-zip-compressed", UNKNOWN),
        (b"no ofd", "application/ofd", UNKNOWN), (b"<html>", "application/xhtml+xml", UNKNOWN), (b"<a/>", "application/xml", UNKNOWN),
        (b"alert(1)", "text/javascript", UNKNOWN), (b"x", "image/heic", UNKNOWN), (b"x", "no type", UNKNOWN), (b"", "", UNKNOWN),
        (b"\xff\xfb\x90\0", "audio/mpeg", "audio/mpeg"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/vnd.ms-excel", "application/vnd.ms-excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/pdf", "application/x-ole-storage"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-sh", "application/x-ole-storage"),
    ],
)  # fmt: skip
def test_word_of_the_sender_where_the_bytes_say_nothing(content: bytes, declared: str, media_type: str) -> None:
    assert kind(content, declared) == media_type


def test_ends_are_those_of_the_file() -> None:
    content = bytes(range(256)) * 300
    for step in (7, 777, TAIL_BYTES, len(content)):
        ends = Ends()
        for begin in range(0, len(content), step):
            ends.see(content[begin : begin + step])
        assert (ends.head, ends.tail) == (content[:HEAD_BYTES], content[-TAIL_BYTES:])


def test_archives_that_burst_do_not() -> None:
    inner = zipped("0.bin", content=bytes(20_000_000))
    for level in range(4):
        inner = zipped(*(f"{level}-{number}.zip" for number in range(8)), content=inner)
    bomb = office("word", "document") + inner
    marks = b"PK\x03\x04" * (HEAD_BYTES // 4) + b"PK\x01\x02" * (TAIL_BYTES // 4)
    tracemalloc.start()
    try:
        assert kind(bomb) in {DOCX, "application/zip"}
        assert kind(marks) == "application/zip"
        assert kind(b"From: " * 10_000 + b"\n" * 10_000) == "application/x-whatever"
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_pdf_with_a_zip_behind_it_stays_a_pdf() -> None:
    out = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(out)
    assert kind(out.getvalue() + office("word", "document"), DOCX) == "application/pdf"
