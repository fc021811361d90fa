"""Event types of erasing personal data. Those of its lists stand in `reports/`, which knows what of them to tell."""

from app.events.vocabulary import EventType

REDACTION_REQUESTED = EventType(
    "event.redaction_requested", "Personal data in events were asked to be erased", "申请清除事件中的个人信息"
)
REDACTION_DECIDED = EventType(
    "event.redaction_decided", "The erasing of personal data in events was decided on", "审批清除事件中的个人信息"
)
REDACTION_VIEWED = EventType("event.redaction_viewed", "A request to erase was read", "查看清除申请")
REDACTED = EventType("event.redacted", "Personal data in an event were erased", "清除事件中的个人信息")
REDACTION_FINISHED = EventType("event.redaction_finished", "All events of a request were erased", "完成清除申请")
