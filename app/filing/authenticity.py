"""Authenticity (真实性): items 1-1 to 1-14 of the four-property test at filing (pure).

Source: domain/rules.md 3.4. Numbers with their gaps as there.
"""

import re
from collections.abc import Iterator

from app.filing.check_model import EntryFacts, Facts, FileFacts
from app.filing.check_rules import FilingCheckRules
from app.filing.check_schemas import Property
from app.filing.checks import plain, repeated
from app.filing.metadata_scheme import Value, deceptive, implausible, misformed, outside, too_long, values
from app.filing.verdicts import Item, Verdict, judged, never, of_files, only_deep

_FIELD = re.compile(r"\{(year|type|lawyer|serial(?::0([1-9])d)?)\}")
_CODE = r"[A-Za-z0-9][A-Za-z0-9_-]{0,19}"
NO_PACKAGE = ("No package is made at filing; it is at transfer", "归档时不生成信息包,移交时生成")


def _of(value: Value) -> str:
    return f"{value.element.name} {value.owner}"


def _fixity(facts: Facts, _: FilingCheckRules) -> Verdict:
    arrivals = facts.traces.arrivals
    wrong = [
        file.id for file in facts.files if (arrival := arrivals.get(file.id)) is None or arrival.sha256 != file.sha256
    ]
    en = "Recorded digests that differ from the event of the file's arrival"
    return of_files(facts, lambda: judged(wrong, len(facts.files), en, "摘要与接收时事件记录不一致"))


def _lengths(facts: Facts, _: FilingCheckRules) -> Verdict:
    looked = [value for value in values(facts) if value.element.longest is not None]
    wrong = [_of(value) for value in looked if too_long(value)]
    return judged(wrong, len(looked), "Values longer than the scheme takes", "著录内容超长")


def _forms(facts: Facts, _: FilingCheckRules) -> Verdict:
    looked = [value for value in values(facts) if not value.empty]
    wrong = [_of(value) for value in looked if misformed(value)]
    return judged(wrong, len(looked), "Values of another type or form than the scheme's", "著录内容类型或格式不符")


def _domains(facts: Facts, _: FilingCheckRules) -> Verdict:
    looked = [value for value in values(facts) if value.element.values is not None and not value.empty]
    wrong = [_of(value) for value in looked if outside(value)]
    return judged(wrong, len(looked), "Values outside the set that the scheme names", "著录内容超出设定值域")


def _plausible(facts: Facts, rules: FilingCheckRules) -> Verdict:
    looked = [value for value in values(facts) if not value.empty and not isinstance(value.value, str | tuple)]
    wrong = [_of(value) for value in looked if implausible(value, rules.earliest_date, facts.today)]
    return judged(wrong, len(looked), "Dates or numbers that can't be", "日期或数值不合理")


def _characters(facts: Facts, _: FilingCheckRules) -> Verdict:
    looked = [value for value in values(facts) if not value.empty and isinstance(value.value, str | tuple)]
    wrong = [_of(value) for value in looked if deceptive(value)]
    return judged(
        wrong, len(looked), "Texts with control, invisible or direction characters", "含控制、不可见或方向字符"
    )


def _number(facts: Facts, _: FilingCheckRules) -> Verdict:
    wrong = [] if conforms(facts) else [facts.number]
    en = "Numbers (案号) that the register lacks, or that follow no rule of the firm"
    return judged(wrong, 1, en, "案号未登记或不符合编号规则(档号于接收归档时给定)")


def conforms(facts: Facts) -> bool:
    """Tell whether the dossier's number stands in the register and follows a version of the rule that gives such."""
    held = facts.registered
    if held is None or held.void or held.number != facts.number:
        return False
    rules = {sealed if held.sealed else ordinary for ordinary, sealed in facts.number_rules}
    return any(re.fullmatch(_pattern(rule, held.year, held.serial), facts.number) for rule in rules)


def _pattern(rule: str, year: int, serial: int) -> str:
    """Give the expression that all numbers of a rule match which have this year and serial."""
    parts, end = [], 0
    for found in _FIELD.finditer(rule):
        parts.append(re.escape(rule[end : found.start()]))
        end = found.end()
        if found[1] == "year":
            parts.append(f"{year:04d}")
        else:
            parts.append(_CODE if found[1] in {"type", "lawyer"} else f"{serial:0{int(found[2] or 1)}d}")
    return "".join(parts) + re.escape(rule[end:])


def _repeated(facts: Facts, rules: FilingCheckRules) -> Verdict:
    wrong = {entry.id for key in rules.duplicate_keys for entry in _sharing(facts, list(key))}
    return judged(
        sorted(map(str, wrong)), len(facts.entries), "Entries that repeat the keys of others", "关键著录项重复"
    )


def _sharing(facts: Facts, names: list[str]) -> Iterator[EntryFacts]:
    for entry, _ in repeated(facts, lambda entry: tuple(plain(str(getattr(entry, name) or "")) for name in names)):
        yield entry


def _same_properties(facts: Facts, _: FilingCheckRules) -> Verdict:
    wrong = [file.id for file in facts.files if not _as_recorded(facts, file)]
    verdict = judged(
        wrong, len(facts.files), "Files of another name, size or format than recorded", "文件名、大小或格式与登记不一致"
    )
    return of_files(facts, lambda: only_deep(facts, verdict))


def _as_recorded(facts: Facts, file: FileFacts) -> bool:
    """Tell whether a file is recorded as it came and stored as it is recorded; that an event is missing is for 2-5."""
    held, arrival = facts.found(file), facts.traces.arrivals.get(file.id)
    came = (file.original_name, file.media_type, str(file.size))
    if arrival is not None and came != (arrival.original_name, arrival.media_type, arrival.size):
        return False
    return held.size == file.size and held.media_type in {None, file.media_type}


def _linked(facts: Facts, _: FilingCheckRules) -> Verdict:
    wrong = [file.id for file in facts.files if facts.found(file).size is None]
    en = "Recorded places that lead to no stored object"
    return of_files(facts, lambda: judged(wrong, len(facts.files), en, "存储位置未指向实际文件"))


def _same_digest(facts: Facts, _: FilingCheckRules) -> Verdict:
    wrong = [
        file.id
        for file in facts.files
        if (held := facts.found(file)).size is None or held.sha256 not in {None, file.sha256}
    ]
    verdict = judged(
        wrong, len(facts.files), "Files whose SHA-256 is not that of their arrival", "SHA-256 与接收时不一致"
    )
    return of_files(facts, lambda: only_deep(facts, verdict))


_P = Property.AUTHENTICITY
ITEMS = (
    Item(
        "1-1", _P, ("Validity of fixity information", "固化信息有效性"),
        ("Recorded SHA-256 against the event of arrival; signatures, seals and timestamps are not kept apart",
         "将登记的 SHA-256 与接收事件核对;电子签名、签章、时间戳未单独保存"), _fixity,
    ),
    Item(
        "1-2", _P, ("Length of metadata", "元数据项数据长度"),
        ("Texts against the longest that the scheme takes", "按元数据方案核对长度"), _lengths,
    ),
    Item(
        "1-3", _P, ("Type and form of metadata", "元数据项数据类型、格式"),
        ("Values against type and form of the scheme", "按元数据方案核对类型与格式"), _forms,
    ),
    Item(
        "1-4", _P, ("Values within their set", "设定值域符合度"),
        ("Coded values against those of the scheme", "按元数据方案核对值域"), _domains,
    ),
    Item(
        "1-5", _P, ("Plausible values", "元数据项数据值合理性"),
        ("Dates between the earliest of the rules and today, numbers that can be", "日期不早于规则所定、不晚于今天"),
        _plausible,
    ),
    Item(
        "1-6", _P, ("Special characters in metadata", "元数据项含特殊字符"),
        ("Texts searched for what deceives the eye or breaks a tool", "检查控制、不可见、方向字符与非规范形式"),
        _characters,
    ),
    Item(
        "1-7", _P, ("Well-formed number", "档号规范性"),
        ("The dossier's number against register and rules; the archive number is given on acceptance",
         "案号与登记簿及编号规则核对"), _number,
    ),
    Item(
        "1-8", _P, ("Repeated metadata", "元数据项数据重复性"),
        ("Entries that share all fields of a key of the rules", "按规则设定的关键项查重"), _repeated,
    ),
    Item(
        "1-10", _P, ("Properties of content as recorded", "内容数据电子属性一致性"),
        ("Recorded name, size and format against the event of arrival; stored size, and format by the first bytes",
         "登记的文件名、大小、格式与接收事件及存储内容核对"),
        _same_properties,
    ),
    Item(
        "1-11", _P, ("Metadata lead to the content", "元数据与内容关联一致性"),
        ("Each recorded place is looked up in the store", "逐一按登记的存储位置查找文件"), _linked,
    ),
    Item(
        "1-12/13", _P, ("Structure of the package", "归档信息包组织结构、说明/目录文件规范"),
        ("Structure of the package", "检查信息包结构"), never(*NO_PACKAGE),
    ),
    Item(
        "1-14", _P, ("Content is the same as before", "归档信息包一致性"),
        ("SHA-256 of all stored bytes anew against that of their arrival", "重新计算存储内容的 SHA-256 并核对"),
        _same_digest,
    ),
)  # fmt: skip
