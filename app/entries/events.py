"""Event types of entries, contents lists and files."""

from app.events.vocabulary import EventType

ENTRY_CREATED = EventType("entry.created", "An entry was registered", "登记材料")
ENTRY_CHANGED = EventType("entry.changed", "An entry was changed", "修改材料信息")
ENTRY_VIEWED = EventType("entry.viewed", "An entry was read", "查看材料信息")
ENTRY_LISTED = EventType("entry.listed", "The entries of a dossier were listed", "列出案卷材料")
ENTRY_REVIEWED = EventType("entry.reviewed", "An entry was reviewed", "审查材料")
ENTRY_SUPERSEDED = EventType("entry.superseded", "An entry was superseded by a newer version", "材料被新版本取代")
REVIEWS_LISTED = EventType("entry.reviews_listed", "The reviews of an entry were read", "查看材料审查记录")
DUPLICATES_LISTED = EventType("dossier.duplicates_listed", "Likely duplicates were read", "查看疑似重复材料")
DUPLICATES_DISMISSED = EventType(
    "dossier.duplicates_dismissed", "Entries were judged to be no duplicates", "认定材料不重复"
)
ENTRY_PREPARED = EventType("entry.prepared", "Physical preparation of an entry was noted", "登记材料整理情况")
PREPARATION_VIEWED = EventType("entry.preparation_viewed", "A note of preparation was read", "查看材料整理情况")
PREPARATIONS_LISTED = EventType(
    "entry.preparations_listed", "The notes of preparation of an entry were read", "列出材料整理情况"
)
ENTRIES_ARRANGED = EventType("dossier.arranged", "The entries of a dossier were arranged", "整理卷内材料")
CONTENTS_VIEWED = EventType("contents.viewed", "The contents list was read", "查看卷内目录")
COMPLETENESS_VIEWED = EventType("dossier.completeness_viewed", "What is missing in a dossier was read", "查看案卷缺项")
FILE_ADDED = EventType("file.added", "A file was stored", "保存文件")
FILE_REJECTED = EventType("file.rejected", "A file was not kept", "文件未保存")
FILE_VIEWED = EventType("file.viewed", "What is recorded of a file was read", "查看文件信息")
FILE_LISTED = EventType("file.listed", "The files of an entry were listed", "列出文件")
FILE_READ = EventType("file.read", "A file's content was read", "读取文件内容")
FILE_SCANNED = EventType("file.scanned", "The virus scanner judged a file", "病毒扫描")
FILE_RELEASED = EventType(
    "file.released", "A file that can't be scanned was released for reading", "放行无法扫描的文件"
)
QUARANTINE_LISTED = EventType("quarantine.listed", "The files in quarantine were listed", "列出隔离文件")
QUARANTINE_READ = EventType("quarantine.read", "An infected file was taken out of quarantine", "提取隔离文件")
FILE_DAMAGED = EventType("file.damaged", "A stored file was found damaged or missing", "发现文件损坏或缺失")
