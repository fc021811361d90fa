"""Event types of reading across domains."""

from app.events.vocabulary import EventType

EVENT_LISTED = EventType("event.listed", "Events were listed", "列出事件")
EVENT_VIEWED = EventType("event.viewed", "An event was read", "查看事件")
EVENT_EXPORTED = EventType("event.exported", "All events of a filter were read", "导出事件")
EVENT_PROVEN = EventType("event.proven", "The proof of an event was read", "查看事件证明")
PROOFS_EXPORTED = EventType("event.proofs_exported", "The proofs of a dossier's events were read", "导出案卷事件证明")
REDACTIONS_LISTED = EventType("event.redactions_listed", "Requests to erase were listed", "列出清除申请")
REDACTION_EVENTS_LISTED = EventType(
    "event.redaction_events_listed", "The events of a request to erase were listed", "列出清除申请涉及的事件"
)
DUTIES_LISTED = EventType("duty.listed", "Duties were listed", "列出待办")
COVER_VIEWED = EventType("cover.viewed", "The cover was read", "查看案卷封面")
FORM_PRINTED = EventType("form.printed", "A form of the trade was printed", "打印案卷表单")
FRAME_PRINTED = EventType("volume.frame_printed", "The frame of a volume was printed", "打印案卷册框架")
VOLUME_COPIED = EventType("volume.copied", "A reading copy of a volume was made", "制作案卷册阅卷副本")
LEDGER_READ = EventType("ledger.read", "The ledger was read", "读取事件账本")
LOCKS_VIEWED = EventType("storage.locks_viewed", "What is known of the store's locks was read", "查看存储锁定状态")
LOCK_PROVEN = EventType("storage.lock_proven", "The store kept a locked object", "存储锁定检验通过")
LOCK_UNSUPPORTED = EventType("storage.lock_unsupported", "The store was found without locks", "存储不支持锁定")
LOCK_LOST = EventType("storage.lock_lost", "The store was found to have lost its locks", "存储锁定配置丢失")
LOCK_FAILED = EventType("storage.lock_failed", "The store did not keep a locked object", "存储锁定检验未通过")
