"""The event type of the sample firm."""

from app.events.vocabulary import EventType

FIRM_MADE = EventType("sample.firm_made", "A made-up firm was put into the empty database", "生成示例律所数据")
