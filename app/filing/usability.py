"""Usability and security (可用性、安全性): items 3-1 to 4-7 of the four-property test at filing (pure).

Source: domain/rules.md 3.4. What only a person can look at, the firm's machines and its carriers, is said to be so.
"""

from app.entries.events import ENTRY_CREATED, FILE_ADDED
from app.filing.authenticity import NO_PACKAGE
from app.filing.check_model import Facts
from app.filing.check_rules import FilingCheckRules
from app.filing.check_schemas import Property
from app.filing.verdicts import Item, Verdict, equal, judged, never, not_applicable, of_files, only_deep

_PDF = "application/pdf"
_LOOKED_AT = frozenset({"clean", "infected", "unscannable"})
SCANNING_OFF = ("Virus scanning is off in this installation", "本系统未启用病毒扫描")


def _accessible(facts: Facts, _: FilingCheckRules) -> Verdict:
    return equal(
        facts.counted,
        {"found": len(facts.entries)},
        "Records of the database that could be read",
        "数据库中可读取的记录",
    )


def _formats(facts: Facts, rules: FilingCheckRules) -> Verdict:
    wrong = [f"{file.media_type} {file.id}" for file in facts.files if file.media_type not in rules.formats]
    en, zh = "Files of formats that are not to be kept for the long term", "不属于长期保存格式的文件"
    return of_files(facts, lambda: judged(wrong, len(facts.files), en, zh))


def _opens(facts: Facts, _: FilingCheckRules) -> Verdict:
    if facts.files and not facts.deep:
        return not_applicable("No file was opened again: ask with deep=true", "未重新打开文件,请以 deep=true 检测")
    looked = [file for file in facts.files if facts.found(file).opens is not None]
    lost = [file.id for file in facts.files if facts.found(file).size is None]
    if facts.files and not looked and not lost:
        return not_applicable("No program here opens files of these formats", "现有文件格式无法由程序打开检测")
    wrong = [*(file.id for file in looked if not facts.found(file).opens), *lost]
    verdict = judged(wrong, len(looked) + len(lost), "Files that do not open", "无法打开的文件")
    verdict.measured["not_opened_by_program"] = len(facts.files) - len(looked) - len(lost)
    return of_files(facts, lambda: verdict)


def _not_opaque(facts: Facts, rules: FilingCheckRules) -> Verdict:
    closed = [file for file in facts.files if file.media_type in rules.opaque_formats]
    locked = [file for file in facts.files if file.media_type == _PDF and facts.found(file).opens is False]
    wrong = [file.id for file in (*closed, *locked)]
    en, zh = "Files packed, encrypted or of a private format", "压缩、加密或非公开格式的文件"
    verdict = judged(wrong, len(facts.files), en, zh)
    return of_files(facts, lambda: only_deep(facts, verdict))


def _scanner(facts: Facts, _: FilingCheckRules) -> Verdict:
    if not facts.scanning:
        return not_applicable(*SCANNING_OFF)
    wrong = [file.id for file in facts.files if file.scan == "off"]
    en = "Files that no scanner was asked about, though scanning is on"
    return of_files(facts, lambda: judged(wrong, len(facts.files), en, "已启用扫描但未送检的文件"))


def _viruses(facts: Facts, _: FilingCheckRules) -> Verdict:
    infected = [file.id for file in facts.files if file.scan == "infected"]
    if not facts.scanning and not infected:
        return not_applicable(*SCANNING_OFF)
    wrong = [file.id for file in facts.files if file.scan != "clean"] if facts.scanning else infected
    verdict = judged(
        wrong, len(facts.files), "Files with a virus, or not shown to be free of any", "感染病毒或未确认无毒的文件"
    )
    verdict.measured["scanned"] = sum(file.scan in _LOOKED_AT for file in facts.files)
    return of_files(facts, lambda: verdict)


def _controlled(facts: Facts, _: FilingCheckRules) -> Verdict:
    brought = [
        *((ENTRY_CREATED.name, entry.id, entry.created_by) for entry in facts.entries),
        *((FILE_ADDED.name, file.id, file.created_by) for file in facts.files),
    ]
    wrong = [id_ for type_, id_, by in brought if facts.traces.actors.get((type_, id_)) != by]
    en = "Entries or files whose event names nobody, or somebody else than the record"
    return judged(wrong, len(brought), en, "事件记录无经办人或与登记不符的材料")


_U, _S = Property.USABILITY, Property.SECURITY
ITEMS = (
    Item(
        "3-1", _U, ("Metadata of the package can be read", "信息包中元数据可读性"), ("Package is parsed", "解析信息包"),
        never(*NO_PACKAGE),
    ),
    Item(
        "3-2", _U, ("Metadata in the database can be reached", "目标数据库中元数据可访问性"),
        ("Records that were read against rows of the table", "读取的记录数与数据库行数核对"), _accessible,
    ),
    Item(
        "3-3", _U, ("Formats of content", "内容数据格式合规"),
        ("Recorded formats against the list of the rules", "登记格式与规则所列长期保存格式核对"), _formats,
    ),
    Item(
        "3-4", _U, ("Content opens", "内容数据可读性"),
        ("PDF in a process apart, images and office files by their head", "PDF 用独立进程打开,其他检查首部"),
        _opens,
    ),
    Item(
        "3-6", _U, ("Hardware and software", "软硬件环境合规性"), ("Machines are looked at", "检查软硬件环境"),
        never("No program can look at the firm's machines: a person does", "软硬件环境须人工检查"),
    ),
    Item(
        "3-8", _U, ("No private packing or encryption", "信息包含非公开压缩算法、加密、不合规格式"),
        ("Recorded formats against the list of the rules; PDF must open without a password",
         "登记格式与规则核对,PDF 须无密码打开"), _not_opaque,
    ),
    Item(
        "4-1", _S, ("Virus scanner", "系统环境装有杀毒软件"),
        ("Whether the scanner was asked about each file", "检查各文件是否送检"), _scanner,
    ),
    Item("4-2", _S, ("Viruses", "病毒感染"), ("Result of the scan of each file", "检查各文件扫描结果"), _viruses),
    Item(
        "4-3..4-6", _S, ("Carriers", "载体安全性"), ("Carriers are looked at", "检查载体"),
        never("Nothing is handed over on a carrier: filing is within the service", "在线归档,不使用脱机载体"),
    ),
    Item(
        "4-7", _S, ("Controlled process", "归档过程安全性"),
        ("Who brought material in by its record, and by its event", "登记经办人与事件记录核对"),
        _controlled,
    ),
)  # fmt: skip
