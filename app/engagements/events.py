"""Event types of engagements. Fee terms stand in none of them: events are read by people who may not see those."""

from app.events.vocabulary import EventType

ENGAGEMENT_CREATED = EventType("engagement.created", "An engagement was recorded", "登记委托手续")
ENGAGEMENT_FILLED = EventType("engagement.changed", "What is recorded of an engagement was changed", "修改委托手续信息")
ENGAGEMENT_VIEWED = EventType("engagement.viewed", "An engagement was read", "查看委托手续")
ENGAGEMENT_LISTED = EventType("engagement.listed", "The engagements of a dossier were listed", "列出案卷委托手续")
MANDATE_CHANGED = EventType("engagement.mandate_changed", "A mandate was changed or ended", "变更或终止委托")
MANDATE_CHANGES_LISTED = EventType(
    "engagement.changes_listed", "The changes of a mandate were listed", "列出委托变更记录"
)
MANDATE_CHANGE_VIEWED = EventType("engagement.change_viewed", "A change of a mandate was read", "查看委托变更记录")
GAPS_VIEWED = EventType(
    "engagement.gaps_viewed", "What the engagements of a dossier lack was read", "查看案卷委托手续缺漏"
)
GAPS_LISTED = EventType("engagement.gaps_listed", "What engagements lack was listed", "列出委托手续缺漏")
