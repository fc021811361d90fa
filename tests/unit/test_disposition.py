"""Content-Disposition."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.disposition import Disposition, content_disposition, parse_disposition
from app.core.errors import Malformed

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200)


@given(NAMES)
def test_there_and_back(name: str) -> None:
    header = content_disposition(name)
    assert parse_disposition(header) == Disposition("attachment", None, name)
    assert header.isascii()
    assert header.isprintable()


@given(st.text(min_size=1))
def test_nothing_escapes_into_the_header(name: str) -> None:
    header = content_disposition(name, "inline")
    assert header.isascii()
    assert header.isprintable()
    stand_in, _, extended = header.removeprefix('inline; filename="').partition("\"; filename*=UTF-8''")
    assert not set(stand_in) & set('"\\/')
    assert not set(extended) & set(" \";,'()*")


@given(NAMES)
def test_raw_utf8_in_a_form(name: str) -> None:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    parsed = parse_disposition(f'form-data; name="file"; filename="{quoted}"'.encode())
    assert parsed == Disposition("form-data", "file", name)


@pytest.mark.parametrize(
    ("header", "filename"),
    [
        ("attachment", None),
        ("ATTACHMENT ; FileName = a.pdf", "a.pdf"),
        ("attachment; filename=a b.pdf ; x=1", "a b.pdf"),
        ('attachment;filename="a;b.pdf"', "a;b.pdf"),
        ('attachment; filename="a\\"b.pdf"', 'a"b.pdf'),
        ('attachment; filename="C:\\dir\\a.pdf"', "C:\\dir\\a.pdf"),
        ('attachment; filename=""', ""),
        ("attachment; filename*=UTF-8''%E6%A1%88%E5%8D%B7.pdf", "案卷.pdf"),
        ("attachment; filename*=utf-8'zh'a%20b.pdf", "a b.pdf"),
        ("attachment; filename*=iso-8859-1''%E9.pdf", "é.pdf"),
        ("attachment; filename=\"x\"; filename*=UTF-8''y", "y"),
        ("attachment; filename*=UTF-8''y; filename=x;", "y"),
        ("attachment; filename=a%20b.pdf", "a%20b.pdf"),
        ("attachment;; filename=x", "x"),
    ],
)
def test_names(header: str, filename: str | None) -> None:
    assert parse_disposition(header) == Disposition("attachment", None, filename)


def test_names_in_bytes() -> None:
    raw = "案卷.pdf".encode()
    assert parse_disposition(b'attachment; filename="' + raw + b'"').filename == "案卷.pdf"
    assert parse_disposition((b'attachment; filename="' + raw + b'"').decode("latin-1")).filename == "案卷.pdf"
    assert parse_disposition(b'attachment; filename="\xe9.pdf"').filename == "é.pdf"


@pytest.mark.parametrize(
    "header",
    [
        "", ";", "=x", "attachment filename=x", 'attachment; filename="x', 'attachment; filename="x"y',
        "attachment; filename=a; filename=b", "attachment; filename*=UTF-8''%", "attachment; filename*=UTF-8''%zz",
        "attachment; filename*=x", "attachment; filename*=UTF-16''x", "attachment; filename*=UTF-8''%ff",
        "attachment; filename*=UTF-8''ä", "attachment; filename", "attachment; filename*=\"UTF-8''a b\"",
    ],
)  # fmt: skip
def test_malformed(header: str) -> None:
    with pytest.raises(Malformed):
        parse_disposition(header)


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    for header in (text, f"attachment; filename{text}"):
        try:
            parse_disposition(header)
        except Malformed:
            continue


@pytest.mark.parametrize("blanks", ["; " + " " * 200_000 + '"', "; a=" + " " * 200_000 + '"', '; a="' + "\\" * 200_000])
def test_long_hostile_headers_take_no_time(blanks: str) -> None:
    begun = time.monotonic()
    with pytest.raises(Malformed):
        parse_disposition("attachment" + blanks)
    assert time.monotonic() - begun < 1
