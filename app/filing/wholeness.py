"""Completeness (完整性): items 2-1 to 2-11 of the four-property test at filing (pure).

Source: domain/rules.md 3.4; 2-5 looks for the events of the acts that bring material in and judge it.
"""

from collections.abc import Iterator
from uuid import UUID

from app.dossiers.events import DOSSIER_OPENED
from app.entries.events import ENTRY_CREATED, ENTRY_REVIEWED, FILE_ADDED
from app.filing.authenticity import NO_PACKAGE
from app.filing.check_model import Facts
from app.filing.check_rules import FilingCheckRules
from app.filing.check_schemas import Property
from app.filing.continuity import breaks
from app.filing.metadata_scheme import recorded, values
from app.filing.verdicts import Item, Verdict, equal, judged, never, of_files

ELECTRONIC = frozenset({"scan", "born_digital"})


def steps(facts: Facts) -> Iterator[tuple[str, UUID]]:
    """Name the acts that must have left an event: type, and what it was about."""
    yield DOSSIER_OPENED.name, facts.id
    for entry in facts.entries:
        yield ENTRY_CREATED.name, entry.id
        if entry.review != "unreviewed":
            yield ENTRY_REVIEWED.name, entry.id
    for file in facts.files:
        yield FILE_ADDED.name, file.id


def _pieces(facts: Facts, _: FilingCheckRules) -> Verdict:
    lines = sum(len(volume.items) for volume in facts.contents.volumes)
    return equal(facts.declared, {"found": len(facts.entries), "listed": lines}, "Entries", "件数")


def _bytes(facts: Facts, _: FilingCheckRules) -> Verdict:
    declared = sum(file.size for file in facts.files)
    found = sum(facts.found(file).size or 0 for file in facts.files)
    return of_files(facts, lambda: equal(declared, {"found": found}, "Bytes", "字节数"))


def _scheme(_: Facts, rules: FilingCheckRules) -> Verdict:
    wrong = sorted(set(rules.metadata_items) - recorded())
    return judged(wrong, len(rules.metadata_items), "Elements that are not recorded here", "本系统未记录的元数据项")


def _filled_in(facts: Facts, rules: FilingCheckRules) -> Verdict:
    required = set(rules.required_metadata)
    looked = [value for value in values(facts) if value.element.name in required]
    wrong = [f"{value.element.name} {value.owner}" for value in looked if value.empty]
    unknown = sorted(required - recorded())
    en, zh = "Required elements that are empty", "必填著录项为空"
    return judged([*unknown, *wrong], len(looked) + len(unknown), en, zh)


def _traced(facts: Facts, _: FilingCheckRules) -> Verdict:
    needed = list(steps(facts))
    wrong = [f"{type_} {id_}" for type_, id_ in needed if (type_, id_) not in facts.traces.actors]
    return judged(wrong, len(needed), "Steps that left no event", "缺少过程记录")


def _continuous(facts: Facts, _: FilingCheckRules) -> Verdict:
    lines = sum(len(volume.items) for volume in facts.contents.volumes)
    wrong = [f"{one.what} {one.volume}: {one.expected} ≠ {one.found}" for one in breaks(facts.contents.volumes)]
    en = "Breaks of serials or pages, from 1 in each volume"
    return judged(wrong, lines, en, "顺序号或页号自 1 起不连续")


def _intact(facts: Facts, _: FilingCheckRules) -> Verdict:
    having = {file.entry_id for file in facts.files}
    electronic = [entry.id for entry in facts.entries if entry.original in ELECTRONIC]
    lost = [file.id for file in facts.files if facts.found(file).size != file.size]
    wrong = [*(id_ for id_ in electronic if id_ not in having), *lost]
    en = "Electronic entries without a file, or files that are not whole"
    return judged(wrong, len(electronic) + len(facts.files), en, "电子材料缺少文件或文件不完整")


def _in_scope(facts: Facts, _: FilingCheckRules) -> Verdict:
    filled = {entry.slot for entry in facts.entries}
    required = [slot.code for slot in facts.slots if slot.required]
    undecided = [entry.id for entry in facts.entries if entry.review == "unreviewed"]
    wrong = [*(code for code in required if code not in filled), *undecided]
    verdict = judged(
        wrong, len(required) + len(facts.entries), "Required places left empty, or material that nobody decided on",
        "必备材料缺失或材料未经审查决定",
    )  # fmt: skip
    verdict.measured["excluded"] = facts.excluded
    return verdict


def _objects(facts: Facts, _: FilingCheckRules) -> Verdict:
    found = sum(facts.found(file).size is not None for file in facts.files)
    return of_files(facts, lambda: equal(len(facts.files), {"found": found}, "Files", "文件数"))


_P = Property.COMPLETENESS
ITEMS = (
    Item(
        "2-1", _P, ("Number of items", "总件数相符"),
        ("Entries that the dossier counts against rows, and lines of the list", "登记件数与材料数、目录行数核对"),
        _pieces,
    ),
    Item(
        "2-2", _P, ("Number of bytes", "总字节数相符"),
        ("Sum of recorded sizes against that of the stored objects", "登记字节数合计与存储字节数合计核对"), _bytes,
    ),
    Item(
        "2-3", _P, ("All elements of metadata", "元数据项完整性"),
        ("Elements that the rules ask for against the scheme after DA/T 46", "规则所列元数据项与本系统方案核对"),
        _scheme,
    ),
    Item(
        "2-4", _P, ("Required metadata", "元数据必填著录项"),
        ("Required elements of each record are looked at", "逐条检查必填著录项"), _filled_in,
    ),
    Item(
        "2-5", _P, ("Record of the process", "过程信息完整性"),
        ("Opening, registering, review and arrival of files each have their event", "立卷、登记、审查、接收均有事件"),
        _traced,
    ),
    Item(
        "2-6", _P, ("Continuous elements", "连续性元数据项"),
        ("Serials and pages of each volume run on from 1", "各册顺序号、页号自 1 起连续"), _continuous,
    ),
    Item(
        "2-7", _P, ("Content is whole", "内容数据完整性"),
        ("Electronic entries have files, stored in their full size", "电子材料均有文件且存储大小相符"), _intact,
    ),
    Item(
        "2-8", _P, ("Attachments are whole", "附件数据完整性"), ("Attachments of the content", "检查附件"),
        never("Attachments are entries of their own here, looked at under 2-7", "附件作为单独材料登记,在 2-7 中检测"),
    ),
    Item(
        "2-9", _P, ("Scope of filing", "归档范围"),
        ("Required places of the template are filled, all material is kept or excluded", "必备材料齐全,材料均已定去留"),
        _in_scope,
    ),
    Item(
        "2-10", _P, ("Metadata of the package", "信息包元数据完整性"),
        ("Metadata of the package against the scheme", "信息包元数据与方案核对"), never(*NO_PACKAGE),
    ),
    Item(
        "2-11", _P, ("Number of files", "信息包内容数据完整性"),
        ("Files that the metadata name against stored objects", "元数据所列文件数与存储文件数核对"), _objects,
    ),
)  # fmt: skip
