"""Event types of rules."""

from app.events.vocabulary import EventType

RULES_VIEWED = EventType("rule.viewed", "Rules of a kind were read", "查看业务规则")
RULES_CHANGED = EventType("rule.changed", "Rules of a kind were changed", "修改业务规则")
