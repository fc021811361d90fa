"""Event types of conflict checks."""

from app.events.vocabulary import EventType

CONFLICT_CHECKED = EventType("conflict.checked", "Conflicts of interest were looked for", "进行利益冲突审查")
CONFLICT_VIEWED = EventType("conflict.viewed", "A conflict check was read", "查看利益冲突审查")
CONFLICT_LISTED = EventType("conflict.listed", "Conflict checks were listed", "列出利益冲突审查")
CONFLICT_CONCLUDED = EventType("conflict.concluded", "A conflict check was concluded", "作出利益冲突审查结论")
CONFLICT_REFERRAL_JUDGED = EventType("conflict.referral_judged", "A referred conflict was judged", "判断转交的利益冲突")
CONSENT_ADDED = EventType("conflict.consent_added", "A signed informed consent was stored", "保存知情同意书")
CONSENT_READ = EventType("conflict.consent_read", "A signed informed consent was read", "查看知情同意书")
CONSENT_REJECTED = EventType("conflict.consent_rejected", "An informed consent was not kept", "知情同意书未保存")
