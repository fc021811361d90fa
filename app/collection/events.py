"""Event types of collection: receipts, off-volume objects, mails."""

from app.events.vocabulary import EventType

RECEIPT_CREATED = EventType("receipt.created", "A receipt was made out", "开具材料收据")
RECEIPT_CANCELLED = EventType("receipt.cancelled", "A receipt was cancelled", "作废材料收据")
RECEIPT_SIGNED = EventType("receipt.signed", "The signature of a receipt was recorded", "登记收据签收")
RECEIPT_VIEWED = EventType("receipt.viewed", "A receipt was read", "查看材料收据")
RECEIPT_LISTED = EventType("receipt.listed", "The receipts of a dossier were listed", "列出材料收据")
ORIGINAL_MOVED = EventType("entry.original_moved", "The original of an entry changed hands", "原件转移")
ORIGINAL_TRACED = EventType("entry.original_traced", "Where the original of an entry went was read", "查看原件去向")
OBJECT_CREATED = EventType("object.created", "An off-volume object was registered", "登记卷外实物")
OBJECT_CHANGED = EventType("object.changed", "An off-volume object was changed", "修改卷外实物信息")
OBJECT_MOVED = EventType("object.moved", "An off-volume object was moved", "移动卷外实物")
OBJECT_VIEWED = EventType("object.viewed", "An off-volume object was read", "查看卷外实物")
OBJECT_LISTED = EventType("object.listed", "The off-volume objects of a dossier were listed", "列出卷外实物")
MOVEMENTS_LISTED = EventType("object.movements_listed", "Movements of an object were listed", "列出实物移动记录")
MAIL_OPENED = EventType("mail.opened", "A mail was opened into entries", "邮件拆存为材料")
