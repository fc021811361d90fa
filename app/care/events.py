"""Event types of the care for stored bytes. A reader who meets damage leaves `file.damaged`; these are of checks."""

from app.events.vocabulary import EventType

ORPHANS_SWEPT = EventType(
    "storage.orphans_swept", "Objects that no record refers to were removed", "清除无记录的存储对象"
)
STORAGE_CHECKED = EventType("storage.checked", "Stored files were checked against their records", "核对存储文件完整性")
OBJECT_MISSING = EventType("storage.object_missing", "A check found a stored file missing", "检查发现存储文件缺失")
OBJECT_CORRUPT = EventType("storage.object_corrupt", "A check found a stored file damaged", "检查发现存储文件损坏")
ORPHANS_FOUND = EventType(
    "storage.orphans_found", "A check found objects that no record refers to", "检查发现无记录的存储对象"
)
FINDING_RESOLVED = EventType(
    "storage.finding_resolved", "What a check had found no longer holds", "检查发现的问题已消除"
)
INTEGRITY_VIEWED = EventType("storage.integrity_viewed", "The report on stored files was read", "查看存储完整性报告")
