"""`Content-Disposition`: the name of a file on its way in and out, character for character.

Names are people's data: never used as a path, never shortened to what looks like one, never put unescaped in a header.
"""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote_to_bytes

from app.core.errors import Malformed

# Possessive throughout: these texts are strangers', and backtracking over long blanks would take quadratic time.
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_TYPE = re.compile(rf"[ \t]*+({_WORD}(?:/{_WORD})?+)[ \t]*+", re.ASCII)
_PARAMETER = re.compile(
    rf';[ \t]*+(?:({_WORD})[ \t]*+=[ \t]*+(?:"((?:[^"\\]|\\.)*+)"[ \t]*+|([^;"]*+)))?+(?=;|\Z)', re.ASCII | re.DOTALL
)
_EXTENDED = re.compile(r"([A-Za-z0-9!#$%&+^_`{}~-]+)'([A-Za-z0-9-]*)'((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-Fa-f]{2})*)")
# RFC 8187: attr-char, what needs no percent sign.
_ATTR_CHAR = "!#$&+-.^_`|~"
_CHARSETS = {"utf-8": "utf-8", "iso-8859-1": "latin-1"}


@dataclass(frozen=True, slots=True)
class Disposition:
    """A parsed header: kind (`attachment`, `form-data` …, lower case), `name` of a form part, `filename`."""

    kind: str
    name: str | None = None
    filename: str | None = None


def parse_disposition(value: str | bytes) -> Disposition:
    """Read a `Content-Disposition`; `filename*` (RFC 8187) goes before `filename`.

    `value` holds the raw bytes, or their Latin-1 reading as frameworks give it; plain names are UTF-8, else Latin-1.
    A backslash stays where it quotes nothing, and `%22` stays as it is: browsers mean a quote by it, others might not.
    Raises Malformed (400) for a header that doesn't follow its grammar, or a parameter given twice.
    """
    kind, parameters = parse_parameters(value, "Content-Disposition")
    filename = _extended(parameters["filename*"]) if "filename*" in parameters else _plain(parameters.get("filename"))
    return Disposition(kind, _plain(parameters.get("name")), filename)


def parse_parameters(value: str | bytes, header: str) -> tuple[str, dict[str, str]]:
    """Read `kind; name=value; …` into the kind and the parameters, names in lower case, values unquoted.

    Raises Malformed (400), naming the `header`.
    """
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    kind = _TYPE.match(text)
    if kind is None:
        raise _malformed("it names no kind", header)
    parameters: dict[str, str] = {}
    at = kind.end()
    while at < len(text):
        found = _PARAMETER.match(text, at)
        if found is None:
            raise _malformed("a parameter can't be read", header)
        at = found.end()
        key, quoted, plain = found.groups()
        if key is None:
            continue
        if key.lower() in parameters:
            raise _malformed(f"{key.lower()} is given twice", header)
        parameters[key.lower()] = plain.rstrip(" \t") if quoted is None else re.sub(r'\\(["\\])', r"\1", quoted)
    return kind[1].lower(), parameters


def content_disposition(filename: str, kind: Literal["attachment", "inline"] = "attachment") -> str:
    """Give the header for a file of this name: an ASCII stand-in for old clients, and the whole name by RFC 8187.

    Nothing in `filename` can end the value or the header: all but plain characters is replaced or percent-encoded.
    """
    stand_in = re.sub(r'[^\x20-\x7e]|["\\%/]', "_", filename)
    encoded = quote(filename.encode("utf-8", "surrogatepass"), safe=_ATTR_CHAR)
    return f"{kind}; filename=\"{stand_in}\"; filename*=UTF-8''{encoded}"


def _malformed(why: str, header: str = "Content-Disposition") -> Malformed:
    return Malformed(f"{header} can't be read: {why}.", f"{header} 无法解析。")


def _plain(value: str | None) -> str | None:
    """Read a value that stands in the header as raw bytes."""
    if value is None:
        return None
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def _extended(value: str) -> str:
    """Read an RFC 8187 value: charset, language, percent-encoded text."""
    found = _EXTENDED.fullmatch(value)
    charset = _CHARSETS.get(found[1].lower()) if found else None
    if found is None or charset is None:
        raise _malformed("filename* is no UTF-8''… value")
    try:
        return unquote_to_bytes(found[3]).decode(charset)
    except UnicodeDecodeError:
        raise _malformed("filename* isn't valid UTF-8") from None
