"""Text that people send: normalised to NFC, and free of characters that deceive the eye or break a tool.

Control characters, bidirectional overrides and marks, invisible separators and lone surrogates have no place in a
name or title of a record that is to be read the same way for decades.
"""

import unicodedata
from typing import Annotated

from pydantic import BeforeValidator, Field

from app.core.errors import Invalid

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE = frozenset("\u200b\u2060\ufeff\u00ad")
_LINES = frozenset("\n\t")
_LONGEST_FILE_NAME = 255
# What a file is called whose sender gave it no name.
UNNAMED = "unnamed"
_SEPARATORS = frozenset("\u2028\u2029")


def _forbidden(character: str, *, multiline: bool) -> bool:
    if character in _LINES:
        return not multiline
    if character in _BIDI or character in _INVISIBLE or character in _SEPARATORS:
        return True
    code = ord(character)
    return unicodedata.category(character) in {"Cc", "Cs"} or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF  # noqa: PLR2004 - Unicode's noncharacters


def clean_text(value: str, *, multiline: bool) -> str:
    """Give the text in NFC without outer blanks; line ends become newlines where several lines are allowed.

    Raises ValueError, naming the character, for one that is not allowed.
    """
    if multiline:
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    for character in value:
        if _forbidden(character, multiline=multiline):
            raise ValueError(f"character U+{ord(character):04X} is not allowed here")
    return unicodedata.normalize("NFC", value).strip()


def readable(value: str) -> str:
    """Give one line of text in NFC without the characters that are not allowed: for names that others keep."""
    kept = "".join(character for character in value if not _forbidden(character, multiline=False))
    return unicodedata.normalize("NFC", kept).strip()


def check_file_name(name: str, pointer: str = "/header/content-disposition") -> str:
    """Give the name of a file as it came, byte for byte; `pointer` says where it came.

    Raises Invalid for one that is a path, is longer than 255 characters, or hides something from the eye.
    """
    problem = None
    if not 0 < len(name) <= _LONGEST_FILE_NAME:
        problem = ("a file name has 1 to 255 characters", "文件名须为 1 至 255 个字符")
    elif name in {".", ".."} or "/" in name or "\\" in name:
        problem = ("a file name is no path: send the last part only", "文件名不得包含路径,只需最后一段")
    elif any(_forbidden(character, multiline=False) for character in name):
        problem = (
            "a file name has no control, invisible or direction characters",
            "文件名不得含控制、不可见或方向字符",
        )
    if problem is not None:
        raise Invalid.field(pointer, "file_name", *problem)
    return name


def _line(value: object) -> object:
    return clean_text(value, multiline=False) if isinstance(value, str) else value


def _lines(value: object) -> object:
    return clean_text(value, multiline=True) if isinstance(value, str) else value


_Line = BeforeValidator(_line)
_Lines = BeforeValidator(_lines)

# The checks stand before the cleaning, for pydantic applies them from the inside out: text is cleaned, then measured.
Name = Annotated[str, Field(min_length=1, max_length=200), _Line]
Title = Annotated[str, Field(min_length=1, max_length=500), _Line]
ShortText = Annotated[str, Field(min_length=1, max_length=100), _Line]
Remarks = Annotated[str, Field(max_length=4000), _Lines]
Reason = Annotated[str, Field(min_length=1, max_length=2000), _Lines]
Code = Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$"), _Line]
