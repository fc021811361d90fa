"""Event types of the checks before filing."""

from app.events.vocabulary import EventType

FILING_CHECKED = EventType("filing.checked", "The checks before filing were made and read", "执行并查看归档前检查")
