"""Text that people send: normalised, and free of what deceives the eye or breaks a tool."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from app.core.errors import Invalid
from app.core.text import Code, Name, Reason, Remarks, ShortText, Title, check_file_name, clean_text

LONE_SURROGATE = "\ud800"
REFUSED = (
    *"\x00\x01\x07\x08\x0b\x0c\x1b\x1f\x7f\x80\x85\x9f\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2066\u2067\u2068\u2069\ufeff\ufffe\uffff\ufdd0\ufdef\U0001fffe\U0010ffff",
    LONE_SURROGATE,
    "\udfff",
)
ANY_TEXT = st.text(st.characters(), max_size=60)
TYPES = {Name: (1, 200), Title: (1, 500), ShortText: (1, 100), Remarks: (0, 4000), Reason: (1, 2000), Code: (1, 20)}


@pytest.mark.parametrize("multiline", [False, True])
@pytest.mark.parametrize("character", REFUSED)
def test_refuses_what_deceives_or_breaks(character: str, multiline: bool) -> None:
    with pytest.raises(ValueError, match=f"U\\+{ord(character):04X}"):
        clean_text(f"合同{character}书", multiline=multiline)


@pytest.mark.parametrize("character", "\n\r\t")
def test_several_lines_only_where_they_are_meant(character: str) -> None:
    with pytest.raises(ValueError, match="not allowed"):
        clean_text(f"a{character}b", multiline=False)
    assert clean_text(f"a{character}b", multiline=True) == f"a{character}b".replace("\r", "\n")


def test_line_ends_become_newlines() -> None:
    assert clean_text(" 一\r\n二\r三\n", multiline=True) == "一\n二\n三"


def test_composes_and_strips() -> None:
    assert clean_text("\u3000 Cafe\u0301 \u00a0", multiline=False) == "Café"
    assert clean_text("か\u3099", multiline=False) == "が"


def test_keeps_rare_characters_and_emoji_sequences() -> None:
    for text in ("𠮷野家", "龘", "👨\u200d👩\u200d👧", "Ａ〔2026〕第１号", "العربية", "葛\U000e0100"):
        assert clean_text(text, multiline=False) == text


@given(ANY_TEXT, st.booleans())
def test_what_passes_is_normal_and_stays_so(text: str, multiline: bool) -> None:
    try:
        cleaned = clean_text(text, multiline=multiline)
    except ValueError:
        return
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned == cleaned.strip()
    assert clean_text(cleaned, multiline=multiline) == cleaned
    assert not set(cleaned) & set(REFUSED)
    cleaned.encode("utf-8")
    assert "\x00" not in cleaned
    assert multiline or not set(cleaned) & set("\n\r\t\u2028\u2029")


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"], exclude_characters="\xad"), max_size=60))
def test_ordinary_writing_passes(text: str) -> None:
    assert clean_text(text, multiline=False) == unicodedata.normalize("NFC", text).strip()


@pytest.mark.parametrize(
    ("kind", "limits"), TYPES.items(), ids=("Name", "Title", "ShortText", "Remarks", "Reason", "Code")
)
def test_limits_hold_and_stand_in_the_schema(kind: Any, limits: tuple[int, int]) -> None:
    least, most = limits
    adapter: TypeAdapter[str] = TypeAdapter(kind)
    schema = adapter.json_schema()
    assert schema["type"] == "string"
    assert (schema.get("minLength", 0), schema["maxLength"]) == limits
    assert adapter.validate_python("a" * most) == "a" * most
    with pytest.raises(ValidationError):
        adapter.validate_python("a" * (most + 1))
    if least:
        for empty in ("", "   ", "\u3000"):
            with pytest.raises(ValidationError):
                adapter.validate_python(empty)
    else:
        assert adapter.validate_python(" \n ") == ""


def test_length_counts_after_normalising() -> None:
    adapter: TypeAdapter[str] = TypeAdapter(Name)
    assert len(adapter.validate_python("  " + "e\u0301" * 200 + "  ")) == 200


@pytest.mark.parametrize("kind", TYPES)
@given(value=st.one_of(ANY_TEXT, st.none(), st.integers(), st.binary(max_size=5), st.lists(st.integers(), max_size=2)))
def test_nothing_crashes_a_type(kind: Any, value: object) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(kind)
    for candidate in (value, f"a{LONE_SURROGATE}", f"{value}{LONE_SURROGATE}"):
        try:
            adapter.validate_python(candidate).encode("utf-8")
        except ValidationError:
            continue


def test_unpaired_surrogate_in_json_is_refused() -> None:
    class Body(BaseModel):
        name: Name

    for raw in (rb'{"name": "a\ud800"}', b'{"name": "a\xed\xa0\x80"}'):
        with pytest.raises(ValidationError):
            Body.model_validate_json(raw)


@pytest.mark.parametrize("code", ["L03", "ZXI", "a_b-c", "0"])
def test_codes(code: str) -> None:
    assert TypeAdapter(Code).validate_python(code) == code


@pytest.mark.parametrize("code", ["-a", "L 3", "律03", "a/b", "a.b", "L03\n", "٣"])
def test_no_codes(code: str) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(Code)
    with pytest.raises(ValidationError):
        adapter.validate_python(code)


@pytest.mark.parametrize("name", ["合同.pdf", "  blank .pdf", "Cafe\u0301.txt", ".hidden", "a..b", "a" * 255])
def test_file_names_survive_as_they_came(name: str) -> None:
    assert check_file_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../a",
        "/etc/passwd",
        "C:\\a",
        "a\x00.pdf",
        "a\n.pdf",
        "a\u202efdp.exe",
        LONE_SURROGATE,
        "a" * 256,
    ],
)
def test_file_names_that_are_paths_or_hide_something(name: str) -> None:
    with pytest.raises(Invalid) as raised:
        check_file_name(name)
    assert raised.value.errors[0].code == "file_name"
