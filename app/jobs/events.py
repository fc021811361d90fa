"""Event types of scheduled work."""

from app.events.vocabulary import EventType

ORPHANS_SWEPT = EventType(
    "storage.orphans_swept", "Objects that no record refers to were removed", "清除无记录的存储对象"
)
UPLOADS_SWEPT = EventType(
    "storage.uploads_swept", "Uploads in parts that nobody ended were removed", "清除未完成的分段上传"
)
