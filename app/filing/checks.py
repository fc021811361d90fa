"""The filing check (归档前检查): what an archivist would send back, found by program before he must (pure).

Source: domain/rules.md 1.4 (what belongs into a volume), 1.6 (pages), 1.7 (the archivist's check), 8 (12). Which
finding blocks is the firm's rule; that a virus does is not. What could not be looked at is named with its reason: it
never passes for good.
"""

import unicodedata
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from app.filing.check_model import EntryFacts, Facts, FindingCode
from app.filing.check_rules import FilingCheckRules
from app.filing.check_schemas import Finding, NotChecked, PropertyItem, Result, Severity
from app.filing.continuity import Break, breaks

_ALWAYS_BLOCKING = frozenset({FindingCode.FILE_INFECTED})
_ELECTRONIC = frozenset({"scan", "born_digital"})
_UNSCANNED = frozenset({"pending", "off"})
Code = FindingCode


class _Finder:
    """Makes findings, each as severe as the rules say."""

    def __init__(self, rules: FilingCheckRules) -> None:
        self.rules, self._blocking = rules, _ALWAYS_BLOCKING | set(rules.blocking)

    def __call__(self, code: FindingCode, en: str, zh: str, entry: EntryFacts | None = None, **where: Any) -> Finding:
        severity = Severity.BLOCKING if code in self._blocking else Severity.WARNING
        place = {"entry_id": entry.id if entry else None, **where}
        return Finding.model_validate({"code": code, "severity": severity, "en": en, "zh": zh, **place})


def findings(facts: Facts, rules: FilingCheckRules) -> list[Finding]:
    """Name everything that is found, in the order of the codes, and of one code in the order of registering."""
    found = _Finder(rules)
    parts = (_cover, _slots, _engagements, _reviews, _pages, _dates, _duplicates, _formats, _scans, _objects)
    every = [finding for part in parts for finding in part(facts, found)]
    order = list(FindingCode)
    return sorted(every, key=lambda finding: order.index(finding.code))


def of_items(items: list[PropertyItem], rules: FilingCheckRules) -> list[Finding]:
    """Make a finding of every failed item of the four-property test."""
    return [
        Finding(
            code=Code.FOUR_PROPERTY_FAILED, item=item.number,
            severity=Severity.BLOCKING if item.number in rules.blocking_items else Severity.WARNING,
            en=f"Item {item.number} failed: {item.en}", zh=f"检测项 {item.number} 不合格:{item.zh}",
        )
        for item in items if item.result is Result.FAILED
    ]  # fmt: skip


def not_checked(facts: Facts) -> list[NotChecked]:
    """Name the checks that could not be made."""
    told = []
    if facts.gaps is None:
        told.append(NotChecked(
            code=Code.ENGAGEMENT_GAP, en="Engagements are not recorded here", zh="本系统尚未登记委托手续",
        ))  # fmt: skip
    elif facts.gaps_untold:
        told.append(NotChecked(
            code=Code.ENGAGEMENT_GAP, en="There may be gaps of engagements that you are not told of",
            zh="委托手续可能另有您无权查看的缺项",
        ))  # fmt: skip
    if not facts.scanning:
        told.append(NotChecked(code=Code.FILE_UNSCANNED, en="Virus scanning is off", zh="未启用病毒扫描"))
    if facts.closing is None or facts.closing.closed_on is None:
        told.append(NotChecked(
            code=Code.DATED_AFTER_CLOSING, en="The date of closing is not recorded yet", zh="尚未登记结案日期",
        ))  # fmt: skip
    if facts.files and not facts.deep:
        told.append(NotChecked(
            code=Code.OBJECT_DAMAGED, en="Stored bytes were not read again, only counted: ask with deep=true",
            zh="未重新读取存储内容,仅核对大小:请以 deep=true 检测",
        ))  # fmt: skip
    return told


def _cover(facts: Facts, found: _Finder) -> Iterator[Finding]:
    if not facts.entries:
        yield found(Code.DOSSIER_EMPTY, "The dossier holds no material", "案卷内没有材料")
    closing = facts.closing
    held = {**facts.cover, "closed_on": closing and closing.closed_on, "result": closing and closing.result}
    own = {kind.value: fields for kind, fields in found.rules.cover_fields_by_matter_type.items()}
    for field in dict.fromkeys([*found.rules.cover_fields, *own.get(facts.matter_type, [])]):
        if not held[field.value]:
            yield found(Code.COVER_FIELD_MISSING, f"The cover lacks {field.value}", f"案卷封面缺少必填项 {field.value}")


def _slots(facts: Facts, found: _Finder) -> Iterator[Finding]:
    filled = {entry.slot for entry in facts.entries}
    for slot in facts.slots:
        if slot.required and slot.code not in filled:
            en, zh = f"Nothing fills the required place {slot.code} {slot.label}", f"缺少必备材料:{slot.label}"
            yield found(Code.SLOT_EMPTY, en, zh, slot=slot.code)


def _engagements(facts: Facts, found: _Finder) -> Iterator[Finding]:
    for gap in facts.gaps or ():
        yield found(Code.ENGAGEMENT_GAP, f"Engagement ({gap.code}): {gap.en}", f"委托手续({gap.code}):{gap.zh}")


def _reviews(facts: Facts, found: _Finder) -> Iterator[Finding]:
    for entry in facts.entries:
        if entry.review == "unreviewed" or entry.judged is None:
            yield found(Code.ENTRY_UNREVIEWED, "Nobody has reviewed this material", "该材料尚未审查", entry)
        elif not entry.judged.firm and entry.judged.reason is None:
            yield found(
                Code.DOUBT_UNEXPLAINED,
                "Kept in spite of a doubt, without a reason",
                "存疑材料予以保留但未说明理由",
                entry,
            )


def _pages(facts: Facts, found: _Finder) -> Iterator[Finding]:
    newest = facts.newest_files()
    for entry in facts.entries:
        if entry.pages is None:
            yield found(Code.PAGES_MISSING, "Its pages are not counted", "页数未计", entry)
            continue
        file = newest.get(entry.id)
        if file is not None and file.pages is not None and file.pages != entry.pages:
            yield found(
                Code.PAGES_DIFFER, f"{entry.pages} pages are stated, its newest file has {file.pages}",
                f"登记 {entry.pages} 页,最新文件为 {file.pages} 页", entry, file_id=file.id,
            )  # fmt: skip
    for one in breaks(facts.contents.volumes):
        en, zh = _break_words(one)
        yield found(Code.PAGE_BREAK, en, zh, entry_id=one.entry_id)


def _break_words(one: Break) -> tuple[str, str]:
    return (
        f"Volume {one.volume}: {one.what} {one.expected} was expected, {one.found} was found",
        f"第 {one.volume} 册:编号不连续,应为 {one.expected},实为 {one.found}",
    )


def _dates(facts: Facts, found: _Finder) -> Iterator[Finding]:
    closed = facts.closing.closed_on if facts.closing else None
    for entry in facts.entries:
        day = entry.formed_on
        if day is None:
            continue
        if day > facts.today:
            yield found(Code.DATED_IN_FUTURE, f"Its date {day} lies in the future", f"形成日期 {day} 晚于今天", entry)
        elif closed is not None and day > closed:
            yield found(
                Code.DATED_AFTER_CLOSING, f"Its date {day} lies after the closing on {closed}",
                f"形成日期 {day} 晚于结案日期 {closed}", entry,
            )  # fmt: skip


def _duplicates(facts: Facts, found: _Finder) -> Iterator[Finding]:
    keys: dict[FindingCode, Callable[[EntryFacts], object]] = {
        Code.DUPLICATE_TITLE: lambda entry: (plain(entry.title), entry.formed_on),
        Code.DUPLICATE_DOCUMENT_NUMBER: lambda entry: plain(entry.document_number or ""),
    }
    for code, key in keys.items():
        words = ("title and date", "题名和日期") if code is Code.DUPLICATE_TITLE else ("number", "文号")
        for entry, first in repeated(facts, key):
            en, zh = f"The same {words[0]} as {first.title!r} ({first.id})", f"{words[1]}与《{first.title}》重复"
            yield found(code, en, zh, entry)


def plain(text: str) -> str:
    """Give a text as far as two are told apart by it: width, case and blanks say nothing."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def repeated(facts: Facts, key: Callable[[EntryFacts], object]) -> Iterator[tuple[EntryFacts, EntryFacts]]:
    """Give each entry whose key an earlier one has already, and that one; an empty text is no key."""
    first: dict[object, EntryFacts] = {}
    for entry in facts.entries:
        value = key(entry)
        if value == "":
            continue
        if value in first:
            yield entry, first[value]
        else:
            first[value] = entry


def _formats(facts: Facts, found: _Finder) -> Iterator[Finding]:
    having = {file.entry_id for file in facts.files}
    for entry in facts.entries:
        if entry.original in _ELECTRONIC and entry.id not in having:
            en, zh = "Electronic material without a file", "电子材料没有对应文件"
            yield found(Code.FILE_ABSENT, en, zh, entry)
    for file in facts.files:
        if file.media_type not in found.rules.formats:
            yield found(
                Code.FORMAT_UNLISTED, f"{file.media_type} is no format to be kept for the long term",
                f"{file.media_type} 不在长期保存格式之列", **_of(file.entry_id, file.id),
            )  # fmt: skip


def _scans(facts: Facts, found: _Finder) -> Iterator[Finding]:
    for file in facts.files:
        where = _of(file.entry_id, file.id)
        if file.scan == "infected":
            yield found(Code.FILE_INFECTED, "The file holds a virus", "文件感染病毒", **where)
        elif file.scan == "unscannable":
            yield found(Code.FILE_UNSCANNABLE, "The scanner could not read the file", "文件无法扫描病毒", **where)
        elif facts.scanning and file.scan in _UNSCANNED:
            yield found(Code.FILE_UNSCANNED, "The file has not been scanned", "文件尚未扫描病毒", **where)


def _objects(facts: Facts, found: _Finder) -> Iterator[Finding]:
    for file in facts.files:
        held, where = facts.found(file), _of(file.entry_id, file.id)
        if held.size is None:
            yield found(Code.OBJECT_MISSING, "The store holds nothing of this file", "存储中缺少该文件", **where)
        elif held.size != file.size:
            en, zh = f"{held.size} bytes instead of {file.size}", f"存储 {held.size} 字节,登记 {file.size} 字节"
            yield found(Code.OBJECT_DAMAGED, en, zh, **where)
        elif held.sha256 not in {None, file.sha256}:
            yield found(Code.OBJECT_DAMAGED, "Its digest is another than was recorded", "摘要与登记不一致", **where)


def _of(entry_id: UUID, file_id: UUID) -> dict[str, Any]:
    return {"entry_id": entry_id, "file_id": file_id}
