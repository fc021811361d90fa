"""The scheme of metadata that the four-property test holds a dossier to (pure).

Our fields under the names that DA/T 46-2009 gives such elements (domain/rules.md 3.2), with the longest text, the form
and the values that each may have. The limits are those of the API; they are looked at again here because a row may have
come into the database by another way. An element that stands here is recorded; which must be there, and which may not
be empty, is the firm's rule.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.auth.roles import Rank
from app.core.text import clean_text
from app.dossiers.schemas import MatterTypeName
from app.entries.schemas import Category, Original
from app.filing.check_model import EntryFacts, Facts, FileFacts

_DIGEST, _MEDIA_TYPE = r"[0-9a-f]{64}", r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*"
_MOST_PAGES, _TITLE, _NAME, _SHORT, _REMARKS, _FILE_NAME = 100_000, 500, 200, 100, 4000, 255


@dataclass(frozen=True, slots=True)
class Element:
    """An element of metadata: its name here and in the standard, and what its values are like.

    `longest` counts characters, `form` is a regular expression for the whole text, `values` are all that there are,
    `most` is the highest number.
    """

    name: str
    standard: str
    kind: type
    longest: int | None = None
    form: str | None = None
    values: frozenset[object] | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """A value of an element, and whose it is."""

    element: Element
    owner: UUID
    value: object

    @property
    def empty(self) -> bool:
        """Whether nothing is recorded."""
        return self.value is None or self.value in ("", ())


_LEVELS = frozenset[object](int(rank) for rank in Rank)
ELEMENTS = (
    Element("dossier.number", "档号", str, _SHORT),
    Element("dossier.title", "题名", str, _TITLE),
    Element("dossier.firm", "立档单位名称", str, _NAME),
    Element("dossier.matter_type", "类别号", str, values=frozenset(MatterTypeName)),
    Element("dossier.lead_lawyer", "责任者", str, _NAME),
    Element("dossier.clients", "人名", tuple, _NAME),
    Element("dossier.opened_on", "日期", date),
    Element("dossier.case_number", "文件编号", str, _SHORT),
    Element("dossier.level", "密级", int, values=_LEVELS),
    Element("entry.title", "题名", str, _TITLE),
    Element("entry.document_number", "文件编号", str, _SHORT),
    Element("entry.responsible_party", "责任者", str, _NAME),
    Element("entry.formed_on", "日期", date),
    Element("entry.pages", "页数", int, most=_MOST_PAGES),
    Element("entry.category", "分类号", str, values=frozenset(Category)),
    Element("entry.original", "稿本", str, values=frozenset(Original)),
    Element("entry.level", "密级", int, values=_LEVELS),
    Element("entry.remarks", "附注", str, _REMARKS),
    Element("file.original_name", "计算机文件名", str, _FILE_NAME),
    Element("file.media_type", "格式信息", str, form=_MEDIA_TYPE),
    Element("file.size", "计算机文件大小", int),
    Element("file.sha256", "固化信息", str, form=_DIGEST),
)
_BY_NAME = {element.name: element for element in ELEMENTS}


def recorded() -> frozenset[str]:
    """Name all elements that this service records."""
    return frozenset(_BY_NAME)


def values(facts: Facts) -> Iterator[Value]:
    """Give every value of a dossier, its kept entries and their files, empty ones too."""
    cover = facts.cover
    of_dossier: dict[str, object] = {
        "number": facts.number, "title": cover["title"] or cover["cause"], "firm": facts.firm_name,
        "matter_type": facts.matter_type, "lead_lawyer": cover["lead_lawyer"], "clients": _names(cover["clients"]),
        "opened_on": cover["opened_on"], "case_number": cover["court_case_number"], "level": facts.confidentiality,
    }  # fmt: skip
    yield from _named("dossier", facts.id, of_dossier)
    for entry in facts.entries:
        yield from _named("entry", entry.id, _of_entry(entry))
    for file in facts.files:
        yield from _named("file", file.id, _of_file(file))


def _named(owner: str, id_: UUID, held: dict[str, object]) -> Iterator[Value]:
    for name, value in held.items():
        yield Value(_BY_NAME[f"{owner}.{name}"], id_, value)


def _names(given: object) -> tuple[str, ...]:
    return tuple(given) if isinstance(given, list | tuple) else ()


def _of_entry(entry: EntryFacts) -> dict[str, object]:
    same = ("title", "document_number", "responsible_party", "formed_on", "pages", "category", "original", "remarks")
    return {**{name: getattr(entry, name) for name in same}, "level": entry.confidentiality}


def _of_file(file: FileFacts) -> dict[str, object]:
    return {name: getattr(file, name) for name in ("original_name", "media_type", "size", "sha256")}


def too_long(value: Value) -> bool:
    """Tell whether a text is longer than its element takes."""
    longest = value.element.longest
    return longest is not None and any(len(text) > longest for text in _texts(value))


def misformed(value: Value) -> bool:
    """Tell whether a value is of another kind than its element's, or a text not of its form."""
    element = value.element
    if value.empty:
        return False
    if not isinstance(value.value, element.kind) or isinstance(value.value, bool):
        return True
    return element.form is not None and re.fullmatch(element.form, str(value.value)) is None


def outside(value: Value) -> bool:
    """Tell whether a value is none of those that its element may have."""
    return value.element.values is not None and not value.empty and value.value not in value.element.values


def implausible(value: Value, earliest: date, latest: date) -> bool:
    """Tell whether a date lies outside these, or a number is none that can be."""
    held = value.value
    if isinstance(held, date):
        return not earliest <= held <= latest
    if isinstance(held, int) and value.element.values is None:
        return held < (0 if value.element.most is None else 1) or held > (value.element.most or held)
    return False


def deceptive(value: Value) -> bool:
    """Tell whether a text holds control, invisible or direction characters, or is not in Unicode's form C."""
    return any(_unclean(text) for text in _texts(value))


def _unclean(text: str) -> bool:
    # What is printable holds none of them; only the rest needs the long look.
    if text.isprintable() and unicodedata.is_normalized("NFC", text):
        return False
    try:
        clean_text(text, multiline=True)
    except ValueError:
        return True
    return not unicodedata.is_normalized("NFC", text)


def _texts(value: Value) -> tuple[str, ...]:
    held = value.value
    if isinstance(held, tuple):
        return held
    return (held,) if isinstance(held, str) else ()
